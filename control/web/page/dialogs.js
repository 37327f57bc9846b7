// SPDX-License-Identifier: BSD-3-Clause
// One port, or one group, looked at closely: a dialog that is kept up to date while it is open.
import { ask, bytesText, countText, durationText, h, rateText, replaceChildren, setText, speedText }
  from "./format.js";

const kPage = 25;

function facts(rows) {
  return h("dl", { class: "facts" }, rows.map(([name, value]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function table(caption, heads, rows, empty) {
  if (rows.length === 0) return h("div", {}, h("h3", {}, caption), h("p", { class: "note" }, empty));
  return h("div", {}, h("h3", {}, caption),
    h("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0", "data-key": caption },
      h("table", {}, h("thead", {}, h("tr", {}, heads.map(([name, number]) =>
        h("th", { scope: "col", class: number && "number" }, name)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) => (i === 0
        ? h("th", { scope: "row" }, cell) : h("td", { class: heads[i][1] && "number" }, cell)))))))));
}

// "10.77.0.1, 10.77.0.2 and 40 more"
function some(list, count) {
  const text = list.slice(0, 8).join(", ");
  return count > Math.min(list.length, 8) ? `${text} and ${countText(count - Math.min(list.length, 8))} more` : text || "–";
}

function sourcesText(member) {
  const mark = member["filter-mode"] === "exclude" ? "−" : "";
  const list = member.sources.map((source) => (source.forwarding ? "" : mark) + source.address);
  return list.length ? some(list, member["source-count"]) : "any";
}

export class Details {
  constructor(state, openPort, openGroup) {
    this.state = state;
    this.toPort = openPort;
    this.toGroup = openGroup;
    this.dialog = document.getElementById("detail");
    this.title = document.getElementById("detail-title");
    this.body = document.getElementById("detail-body");
    this.what = null;  // { kind: "port", name, offset } or { kind: "group", vlan, group }
    document.getElementById("detail-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => {
      this.what = null;
      this.body.replaceChildren();
      this.onClosed?.();
    });
    // A click beside the dialog closes it.
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  portButton(name) {
    return h("button", { type: "button", class: "plain", "data-key": name, onclick: () => this.toPort(name) }, name);
  }

  groupButton(vlan, group) {
    return h("button", { type: "button", class: "plain", "data-key": `${vlan} ${group}`,
      onclick: () => this.toGroup(vlan, group) }, group);
  }

  openPort(name) {
    this.open({ kind: "port", name, offset: 0 }, `Port ${name}`);
  }

  openGroup(vlan, group) {
    this.open({ kind: "group", vlan, group }, `${group} in VLAN ${vlan}`);
  }

  open(what, title) {
    this.what = what;
    setText(this.title, title);
    this.body.replaceChildren(h("p", { class: "note" }, "…"));
    if (!this.dialog.open) this.dialog.showModal();
    this.refresh();
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  async refresh() {
    const what = this.what;
    if (!what) return;
    let parts;
    try {
      parts = what.kind === "port"
        ? this.portParts(await ask("/api/port", { name: what.name, offset: what.offset, limit: kPage }))
        : this.groupParts(await ask("/api/group", { vlan: what.vlan, group: what.group }));
    } catch (problem) {
      if (!problem.status) throw problem;
      parts = [h("p", { class: "note" }, problem.message)];
    }
    if (this.what === what) replaceChildren(this.body, parts);
  }

  portParts(port) {
    const { unit } = this.state;
    const traffic = (way) => `${rateText(way, unit)} · ${countText(way.packets)} packets, ${bytesText(way.bytes)}`;
    const vlans = port.vlans.map((v) => `${v.vlan}${v.tagged ? " tagged" : ""}`);
    const drops = [...Object.entries(port.rx.drops).map(([reason, n]) => [reason, "in", countText(n)]),
      ...Object.entries(port.tx.drops).map(([reason, n]) => [reason, "out", countText(n)])];
    const routers = port.routers.map((r) => [r.address ?? "static", String(r.vlan),
      r.querier ? "querier" : r["learned-from"], r.expire == null ? "never" : durationText(r.expire)]);
    const members = port.members.map((m) => [this.groupButton(m.vlan, m.group), String(m.vlan), rateText(m, unit), sourcesText(m),
      m.type === "static" ? "static" : some(m.hosts.map((host) => host.address), m["host-count"]),
      m.expire == null ? "never" : durationText(Math.ceil(m.expire))]);
    return [
      facts([
        ["Link", h("span", { class: `chip ${port.link === "up" ? "good" : "bad"}` }, port.link)],
        ["Speed", speedText(port["speed-mbps"])], ["MAC address", h("code", {}, port.mac)],
        ["VLANs", some(vlans, vlans.length)], ["Received", traffic(port.rx)], ["Sent", traffic(port.tx)],
      ]),
      table("Routers and queriers", [["Address"], ["VLAN"], ["Known by"], ["Expires in"]], routers,
        "None is known on this port."),
      table("Drops", [["Reason"], ["Direction"], ["Frames", true]], drops, "Nothing was dropped."),
      table("Groups and hosts", [["Group"], ["VLAN"], ["Rate", true], ["Sources"], ["Hosts"],
        ["Expires in", true]], members, "Nothing is wanted on this port."),
      this.pager(port),
    ];
  }

  pager(port) {
    if (port.groups <= kPage) return null;
    const { offset } = port;
    const go = (to) => () => {
      this.what.offset = to;
      this.refresh();
    };
    return h("p", { class: "pager" },
      h("button", { type: "button", "data-key": "back", disabled: offset === 0, onclick: go(Math.max(0, offset - kPage)) }, "Previous"),
      h("span", {}, `${countText(offset + 1)}–${countText(Math.min(offset + kPage, port.groups))} of ${countText(port.groups)}`),
      h("button", { type: "button", "data-key": "on", disabled: offset + kPage >= port.groups, onclick: go(offset + kPage) }, "Next"));
  }

  groupParts(group) {
    const { unit } = this.state;
    const flows = group.flows.map((flow) => [flow.source === "*" ? "any other" : flow.source,
      some(flow.ports, flow.ports.length), rateText(flow, unit), countText(flow.packets), bytesText(flow.bytes)]);
    const members = group.members.map((m) => [this.portButton(m.port), m.type, m["filter-mode"], sourcesText(m),
      m.type === "static" ? "–" : some(m.hosts.map((host) => host.address), m["host-count"]),
      `v${m.version}`, durationText(m["up-time"]), m.expire == null ? "never" : durationText(Math.ceil(m.expire))]);
    return [
      facts([
        ["Rate", rateText(group, unit)],
        ["Forwarded", `${countText(group.packets)} packets, ${bytesText(group.bytes)}`],
        ["Router ports", some(group["router-ports"], group["router-ports"].length)],
      ]),
      table("Sources", [["Source"], ["Member ports"], ["Rate", true], ["Packets", true], ["Bytes", true]], flows, "None."),
      table("Members", [["Port"], ["Type"], ["Mode"], ["Sources"], ["Hosts"], ["Version"], ["For"],
        ["Expires in", true]], members, "No port has a member; the appliance itself wants it."),
    ].filter(Boolean);
  }
}
