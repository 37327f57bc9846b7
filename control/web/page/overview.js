// SPDX-License-Identifier: BSD-3-Clause
// Figures, ports, VLANs and alarms: what fits on the page whole.
import { countText, durationText, h, rateText, replaceChildren, setText, shortSpeed } from "./format.js";

const kHistory = 60;  // looks that the little graphs show
const kMostTall = 16;  // with more ports their tiles are flat

// A line over the recent past, as wide and tall as its box.
function sparkline(values) {
  const peak = Math.max(...values, 1);
  const points = values.map((v, i) =>
    `${((i + kHistory - values.length) * 100 / (kHistory - 1)).toFixed(1)},${(23 - 22 * v / peak).toFixed(1)}`);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 24");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

export class Overview {
  constructor(state, openPort) {
    this.state = state;
    this.openPort = openPort;
    this.history = [];  // of each port: [{ bps, pps }]
    this.tiles = [];
    this.alarmsShown = null;
  }

  show() {
    const summary = this.state.summary;
    this.figures(summary);
    this.ports(summary.ports, summary.sample);
    this.vlans(summary.vlans);
    this.alarms(summary.alarms);
  }

  figures(summary) {
    const sum = (direction) => ({
      bps: summary.ports.reduce((n, port) => n + (port[direction].bps ?? 0), 0),
      pps: summary.ports.reduce((n, port) => n + (port[direction].pps ?? 0), 0),
    });
    const figure = (name, text) => setText(document.getElementById(`figure-${name}`), text);
    figure("rx", rateText(sum("rx"), this.state.unit));
    figure("tx", rateText(sum("tx"), this.state.unit));
    figure("groups", countText(summary.groups));
    figure("table", `${(100 * summary.entries / summary.capacity).toFixed(1)} %`);
    figure("uptime", durationText(Math.floor(summary.uptime / 60) * 60 || Math.floor(summary.uptime)));
  }

  ports(ports, sample) {
    if (this.tiles.length !== ports.length) {
      this.tiles = ports.map((port) => this.makeTile(port.name));
      document.getElementById("ports").replaceChildren(...this.tiles.map((tile) => tile.item));
    }
    document.getElementById("ports").classList.toggle("dense", ports.length > kMostTall);
    ports.forEach((port, i) => this.drawTile(this.tiles[i], port, sample));
  }

  makeTile(name) {
    const tile = { history: [], sample: 0 };
    tile.link = h("span", { class: "link" });
    tile.rx = h("span", {});
    tile.tx = h("span", {});
    tile.foot = h("span", { class: "foot" });
    tile.graph = h("span", { class: "graph", "aria-hidden": "true" });
    tile.button = h("button", { type: "button", class: "tile", onclick: () => this.openPort(name) },
      h("span", { class: "head" }, h("strong", {}, name), tile.link),
      tile.graph,
      h("span", { class: "line" }, h("abbr", { title: "received" }, "rx"), tile.rx),
      h("span", { class: "line" }, h("abbr", { title: "sent" }, "tx"), tile.tx),
      tile.foot);
    tile.item = h("li", {}, tile.button);
    return tile;
  }

  drawTile(tile, port, sample) {
    const { unit } = this.state;
    tile.button.dataset.link = port.link;
    setText(tile.link, port.link === "up" ? shortSpeed(port["speed-mbps"]) : "down");
    setText(tile.rx, rateText(port.rx, unit));
    setText(tile.tx, rateText(port.tx, unit));
    const drops = port["drops-per-s"] > 0 ? `${countText(port["drops-per-s"])} drops/s` : "";
    setText(tile.foot, drops || `${countText(port.groups)} ${port.groups === 1 ? "group" : "groups"}`);
    tile.foot.classList.toggle("warn", drops !== "");
    if (tile.sample !== sample) {
      tile.sample = sample;
      tile.history.push({ bps: (port.tx.bps ?? 0) + (port.rx.bps ?? 0), pps: (port.tx.pps ?? 0) + (port.rx.pps ?? 0) });
      if (tile.history.length > kHistory) tile.history.shift();
    }
    tile.graph.replaceChildren(sparkline(tile.history.map((rate) => rate[unit])));
  }

  vlans(vlans) {
    const row = (vlan) => {
      const q = vlan.querier;
      const kind = !vlan.snooping ? ["plain", "does not snoop"]
        : !vlan.settled ? ["warn", q.state === "none" ? "floods: no querier" : "floods: settling"]
          : ["good", "settled"];
      const who = !q || q.state === "none" ? "none" : q.address;
      const how = q?.state === "querier" ? "this switch" : q?.state === "non-querier" ? "elected" : "";
      return h("tr", {}, h("th", { scope: "row" }, String(vlan.vlan)),
        h("td", {}, who, how && h("small", {}, `${how}, v${q.version}`)),
        h("td", {}, h("span", { class: `chip ${kind[0]}` }, kind[1])),
        h("td", { class: "number" }, countText(vlan.groups),
          h("small", {}, vlan.settled ? rateText(vlan, this.state.unit) : null)));
    };
    replaceChildren(document.querySelector("#vlans tbody"), vlans.map(row));
  }

  alarms(alarms) {
    const count = document.getElementById("alarm-count");
    setText(count, alarms.length ? String(alarms.length) : "");
    count.dataset.kind = alarms.some((a) => a.severity === "critical") ? "bad" : alarms.length ? "warn" : "";
    const where = (alarm) => [alarm.vlan != null && `VLAN ${alarm.vlan}`, alarm.port && `port ${alarm.port}`,
      alarm.group, alarm.source].filter(Boolean).join(" · ");
    const order = (alarm) => (alarm.severity === "critical" ? 0 : 1);
    const rows = [...alarms].sort((a, b) => order(a) - order(b) || a.since - b.since);
    const items = rows.map((alarm) => h("li", { class: alarm.severity === "critical" ? "bad" : "warn" },
      h("p", { class: "what" }, h("strong", {}, alarm.severity), " ", h("code", {}, alarm.name),
        h("span", { class: "where" }, where(alarm)), h("small", {}, `for ${durationText(Math.floor(alarm.since))}`)),
      h("p", {}, alarm.cause), h("p", { class: "remedy" }, alarm.remedy)));
    if (items.length === 0) items.push(h("li", { class: "none" }, "Nothing is wrong."));
    document.getElementById("alarms").replaceChildren(...items);
  }
}
