// SPDX-License-Identifier: BSD-3-Clause
// The matrix of groups and ports. Only the rows in sight exist, and only these are asked for: the
// table is as long as it is by an empty row above and one below.
import { ask, countText, h, rateText, replaceChildren, setText, shortRate } from "./format.js";

const kSpare = 6;            // rows above and below what is in sight
const kMostRows = 200;       // the server gives no more at once
const kMostHeight = 8e6;     // pixels; browsers cut off elements that are taller
const kMostWidePorts = 10;   // with more ports cells show a mark and no figure
const kSorts = { group: "ascending", vlan: "ascending", rate: "descending", members: "descending" };

export class Matrix {
  constructor(state, openPort, openGroup) {
    this.state = state;
    this.openPort = openPort;
    this.openGroup = openGroup;
    this.table = document.getElementById("matrix");
    this.scroller = document.getElementById("matrix-scroll");
    this.note = document.getElementById("matrix-note");
    this.count = document.getElementById("matrix-count");
    this.search = document.getElementById("matrix-search");
    this.vlan = document.getElementById("matrix-vlan");
    this.port = document.getElementById("matrix-port");
    this.ports = [];
    this.routers = new Map();  // VLAN -> Set of port places
    this.sort = "group";
    this.order = "ascending";
    this.total = 0;
    this.base = 0;   // row of the first one that is here
    this.rows = [];
    this.peak = { bps: 0, pps: 0 };
    this.active = 0;  // the row that the keyboard is on
    this.refused = null;  // a search that means nothing
    this.pool = [];
    this.above = h("tr", { "aria-hidden": "true" }, h("td", { class: "spacer" }));
    this.below = h("tr", { "aria-hidden": "true" }, h("td", { class: "spacer" }));
    this.table.tBodies[0].append(this.above, this.below);

    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.table.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.scrolled()).observe(this.scroller);
    let typing = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.restart(), 150);
    });
    for (const select of [this.vlan, this.port]) select.addEventListener("change", () => this.restart());
    document.getElementById("filters").addEventListener("submit", (event) => {
      event.preventDefault();
      this.restart();
    });
  }

  get rowHeight() {
    return Math.round(2 * parseFloat(getComputedStyle(document.documentElement).fontSize));
  }

  // Rows lie closer than they are tall when there are more than an element can hold.
  get step() {
    return Math.min(this.rowHeight, kMostHeight / Math.max(this.total, 1));
  }

  // What is known of ports and VLANs changed, perhaps.
  setPorts(summary) {
    this.routers = new Map(summary.vlans.map((v) => [v.vlan, new Set(v["router-ports"])]));
    const names = summary.ports.map((port) => port.name);
    const vlans = summary.vlans.map((v) => String(v.vlan));
    this.fillChoice(this.vlan, vlans);
    if (names.join() === this.ports.join()) return;
    this.ports = names;
    this.fillChoice(this.port, names);
    this.table.classList.toggle("compact", names.length > kMostWidePorts);
    this.drawHead();
    this.pool.forEach((row) => row.element.remove());
    this.pool = [];
  }

  fillChoice(select, values) {
    const options = [...select.options].slice(1).map((option) => option.value);
    if (options.join() === values.join()) return;
    const chosen = select.value;
    select.replaceChildren(select.options[0], ...values.map((v) => h("option", { value: v }, v)));
    select.value = values.includes(chosen) ? chosen : "";
  }

  drawHead() {
    const sortable = (key, label, attributes = {}) => {
      const mark = this.sort !== key ? "" : this.order === "ascending" ? " ▲" : " ▼";
      return h("th", { scope: "col", "aria-sort": this.sort === key ? this.order : "none", ...attributes },
        h("button", { type: "button", "data-key": key, onclick: () => this.sortBy(key) }, label,
          h("span", { "aria-hidden": "true" }, mark)));
    };
    const cells = [
      sortable("group", "Group", { class: "group" }), sortable("vlan", "VLAN"),
      sortable("rate", "Rate", { class: "number rate" }),
      sortable("members", "Members", { class: "number members" }),
      ...this.ports.map((name) => h("th", { scope: "col", class: "port" },
        h("button", { type: "button", "data-key": `port ${name}`, title: `Port ${name}`,
          onclick: () => this.openPort(name) }, h("span", {}, name)))),
    ];
    replaceChildren(this.table.tHead, [h("tr", { "aria-rowindex": 1 }, cells)]);
    this.table.setAttribute("aria-colcount", cells.length);
    for (const spacer of [this.above, this.below]) spacer.firstChild.colSpan = cells.length;
  }

  sortBy(key) {
    const other = { ascending: "descending", descending: "ascending" };
    this.order = this.sort === key ? other[this.order] : kSorts[key];
    this.sort = key;
    this.drawHead();
    this.restart();
  }

  unitChanged() {
    if (this.sort === "rate") this.restart();
    else this.draw();
  }

  restart() {
    this.active = 0;
    this.scroller.scrollTop = 0;
    this.refresh().catch(() => { /* the next look tells */ });
  }

  // The first row in sight, and how many are.
  window() {
    const head = this.table.tHead.offsetHeight;
    const inSight = Math.max(1, Math.ceil((this.scroller.clientHeight - head) / this.rowHeight));
    const first = Math.min(Math.floor(this.scroller.scrollTop / this.step),
      Math.max(0, this.total - inSight + 1));
    return { first, inSight };
  }

  scrolled() {
    this.draw();
    const { first, inSight } = this.window();
    const last = Math.min(first + inSight, this.total);
    if (first >= this.base && last <= this.base + this.rows.length) return;
    clearTimeout(this.later);
    this.later = setTimeout(() => this.refresh().catch(() => { /* the next look tells */ }), 40);
  }

  // Asks for what is in sight. Of several askers the last one counts.
  async refresh() {
    if (this.refused !== null && this.refused === this.search.value) return;
    this.refused = null;
    const { first, inSight } = this.window();
    const offset = Math.max(0, first - kSpare);
    const sort = this.sort === "rate" ? (this.state.unit === "bps" ? "bytes" : "packets") : this.sort;
    this.asked?.abort();
    const asked = this.asked = new AbortController();
    let answer;
    try {
      answer = await ask("/api/groups", {
        search: this.search.value.trim(), vlan: this.vlan.value, port: this.port.value, sort,
        order: this.order, offset, limit: Math.min(inSight + 2 * kSpare, kMostRows),
      }, { signal: asked.signal });
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (problem.status !== 400) throw problem;
      this.refused = this.search.value;  // not to be asked again
      this.search.setAttribute("aria-invalid", "true");
      setText(this.note, problem.message);
      return;
    }
    this.search.removeAttribute("aria-invalid");
    this.total = answer.total;
    this.base = answer.offset;
    this.rows = answer.rows;
    this.peak = { bps: answer["peak-bps"], pps: answer["peak-pps"] };
    this.active = Math.min(this.active, Math.max(0, this.total - 1));
    this.tell(answer.search);
    this.draw();
  }

  tell(search) {
    const all = this.state.summary?.groups ?? this.total;
    setText(this.count, this.total === all ? countText(all) : `${countText(this.total)} of ${countText(all)}`);
    if (this.total === 0) {
      setText(this.note, all === 0 ? "No group has a member yet."
        : search === "hosts" ? "No such host has joined anything." : "No group matches.");
    } else {
      setText(this.note, search === "hosts" ? "Groups that these hosts asked for." : "");
    }
  }

  draw() {
    if (this.ports.length === 0 && !this.table.tHead.rows.length) return;
    const { first, inSight } = this.window();
    const begin = Math.max(0, first - kSpare);
    const end = Math.min(this.total, first + inSight + kSpare);
    const focused = this.pool.find((row) => row.button === document.activeElement);
    while (this.pool.length < end - begin) this.addRow();
    while (this.pool.length > end - begin) this.pool.pop().element.remove();
    const height = this.rowHeight;
    const top = Math.min(begin * this.step, Math.max(0, this.total * this.step - (end - begin) * height));
    this.above.firstChild.style.height = `${top}px`;
    this.below.firstChild.style.height =
      `${Math.max(0, this.total * this.step - top - (end - begin) * height)}px`;
    this.table.setAttribute("aria-rowcount", this.total + 1);
    this.pool.forEach((row, i) => this.drawRow(row, begin + i));
    // The keyboard stays on its row, not on the place where that row was.
    if (focused) {
      const now = this.pool.find((row) => row.index === this.active);
      if (now && now !== focused) now.button.focus({ preventScroll: true });
    }
  }

  addRow() {
    const row = { index: -1, drawn: "" };
    row.button = h("button", { type: "button", onclick: () => {
      this.active = row.index;
      if (row.data) this.openGroup(row.data.vlan, row.data.group);
    }, onfocus: () => { this.active = row.index; } });
    row.vlan = h("td", {});
    row.bar = h("i", { "aria-hidden": "true" });
    row.rate = h("span", {});
    row.members = h("td", { class: "number members" });
    row.cells = this.ports.map(() => h("td", { class: "port" }));
    row.element = h("tr", {}, h("th", { scope: "row", class: "group" }, row.button), row.vlan,
      h("td", { class: "number rate" }, row.bar, row.rate), row.members, row.cells);
    this.below.before(row.element);
    this.pool.push(row);
  }

  drawRow(row, index) {
    const data = this.rows[index - this.base];
    row.button.tabIndex = index === this.active ? 0 : -1;
    // Nothing is written that is there already.
    const drawn = JSON.stringify([index, data, this.state.unit, this.peak[this.state.unit]]);
    if (row.drawn === drawn) return;
    row.drawn = drawn;
    row.index = index;
    row.data = data;
    row.element.setAttribute("aria-rowindex", index + 2);
    setText(row.button, data ? data.group : "…");
    setText(row.vlan, data ? String(data.vlan) : "");
    setText(row.rate, data ? rateText(data, this.state.unit) : "");
    row.bar.style.width = `${data ? 100 * this.share(data) : 0}%`;
    setText(row.members, data ? String(data.members.length) : "");
    const members = new Set(data?.members);
    const fixed = new Set(data?.static);
    const routers = this.routers.get(data?.vlan) ?? new Set();
    row.cells.forEach((cell, port) => {
      const rate = data?.rates[port] ?? data;
      const kind = !data ? "" : fixed.has(port) ? "fixed" : members.has(port) ? "member"
        : routers.has(port) ? "router" : "";
      this.drawCell(cell, kind, rate, port);
    });
  }

  drawCell(cell, kind, rate, port) {
    const flows = kind && rate[this.state.unit] > 0;
    const member = kind === "member" || kind === "fixed";
    const level = member && flows ? Math.ceil(4 * this.share(rate)) : 0;
    const words = { member: "member", fixed: "static member", router: "router port", "": "" }[kind];
    const text = kind && (member ? shortRate(rate, this.state.unit) : "");
    const key = `${kind} ${flows} ${level} ${text}`;
    if (cell.dataset.drawn === key) return;
    cell.dataset.drawn = key;
    cell.className = `port ${kind && `heat${level}`}`;
    cell.title = kind ? `${this.ports[port]}: ${words}, ${rateText(rate, this.state.unit)}` : "";
    if (!kind) {
      cell.replaceChildren();
      return;
    }
    const mark = kind === "member" ? (flows ? "full" : "hollow") : kind;
    cell.replaceChildren(h("b", { class: `mark ${mark}`, "aria-hidden": "true" }),
      h("span", { class: "sr" }, words), h("span", { class: "figure" }, text));
  }

  // Of the busiest group, 0..1. By the root, so that a hundredth of it is still a tenth as wide.
  share(rate) {
    const value = rate[this.state.unit];
    const peak = this.peak[this.state.unit];
    if (!value || !peak) return 0;
    return Math.min(1, Math.max(0.03, Math.sqrt(value / peak)));
  }

  key(event) {
    if (!event.target.closest("tbody")) return;
    const { inSight } = this.window();
    const page = Math.max(1, inSight - 2);
    const to = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page,
      PageUp: this.active - page, Home: 0, End: this.total - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.active = Math.min(Math.max(to, 0), this.total - 1);
    this.reveal(this.active);
    this.draw();
    const button = this.pool.find((row) => row.index === this.active)?.button;
    button?.focus({ preventScroll: true });
    button?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  reveal(index) {
    const top = index * this.step;
    const height = this.scroller.clientHeight - this.table.tHead.offsetHeight - this.rowHeight;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top > this.scroller.scrollTop + height) this.scroller.scrollTop = top - height;
  }
}
