// SPDX-License-Identifier: BSD-3-Clause
// What happens, newest first. Drawn at most once a frame and bounded; screen readers are told a
// summary now and then and not every join.
import { countText, h, setText } from "./format.js";

const kMostShown = 150;
const kSummaryPause = 10000;  // ms

const by = (event) => (event.address ? `${event.address}: ` : "");

// event name -> [kind, label, what to say]
const kKinds = {
  "group-joined": ["member", "join", by],
  "group-left": ["member", "leave", by],
  "group-expired": ["member", "expired", by],
  "source-added": ["member", "source +", (e) => `${e.source} wanted of`],
  "source-removed": ["member", "source −", (e) => `${e.source} no longer wanted of`],
  "mrouter-up": ["router", "router up", (e) => `router ${e.address ?? ""}`],
  "mrouter-down": ["router", "router down", (e) => `router ${e.address ?? ""} is gone`],
  "querier-changed": ["router", "querier", (e) => `querier is now ${e.address ?? "nobody"}`],
  "upstream-changed": ["router", "upstream", (e) => `upstream changed ${e.address ?? ""}`],
  "older-querier": ["router", "old querier", (e) => `older querier ${e.address ?? ""}`],
  "limit-reached": ["alarm", "limit", (e) => (e.address ? `${e.address} is over a limit` : "a limit is reached")],
  "alarm-raised": ["alarm", "alarm", (e) => e.cause ?? e.alarm ?? e.name ?? "raised"],
  "alarm-cleared": ["alarm", "cleared", (e) => e.alarm ?? e.name ?? "cleared"],
};

export class Events {
  constructor(openPort, openGroup) {
    this.openPort = openPort;
    this.openGroup = openGroup;
    this.list = document.getElementById("events");
    this.filter = document.getElementById("event-filter");
    this.pause = document.getElementById("event-pause");
    this.summary = document.getElementById("event-summary");
    this.all = [];  // newest first
    this.heard = new Map();
    this.drawing = false;
    this.paused = false;
    this.filter.addEventListener("change", () => this.draw());
    this.pause.addEventListener("click", () => {
      this.paused = !this.paused;
      this.pause.setAttribute("aria-pressed", String(this.paused));
      setText(this.pause, this.paused ? "Resume" : "Pause");
      if (!this.paused) this.draw();
    });
    setInterval(() => this.tell(), kSummaryPause);
    this.draw();
  }

  clear() {
    this.all = [];
    this.heard.clear();
    this.draw();
  }

  add(event) {
    this.push(event);
    const label = (kKinds[event.event] ?? ["", event.event])[1];
    this.heard.set(label, (this.heard.get(label) ?? 0) + 1);
  }

  addSkipped(count) {
    this.push({ event: "skipped", count });
    this.heard.set("not shown", (this.heard.get("not shown") ?? 0) + count);
  }

  push(event) {
    this.all.unshift(event);
    if (this.all.length > kMostShown) this.all.pop();
    if (this.paused || this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      if (!this.paused) this.draw();
    });
  }

  draw() {
    const shown = this.all.filter((event) =>
      this.filter.value === "all" || (kKinds[event.event] ?? ["alarm"])[0] === this.filter.value);
    const items = shown.map((event) => (event.item ??= this.item(event)));
    if (items.length === 0) items.push(h("li", { class: "none" }, "Nothing has happened yet."));
    this.list.replaceChildren(...items);
  }

  item(event) {
    if (event.event === "skipped") {
      return h("li", { class: "none" }, `${countText(event.count)} more, too many to show`);
    }
    const [kind, label, say] = kKinds[event.event] ?? ["alarm", event.event, (e) => e.cause ?? ""];
    const time = new Date(event.time);
    const group = event.group && h("button", { type: "button", class: "plain",
      onclick: () => this.openGroup(event.vlan, event.group) }, event.group);
    const port = event.port && h("button", { type: "button", class: "plain",
      onclick: () => this.openPort(event.port) }, event.port);
    return h("li", { "data-event": event.event },
      h("time", { datetime: event.time }, time.toLocaleTimeString("en-GB")),
      h("span", { class: `chip ${kind}` }, label),
      h("span", { class: "what" }, say(event) && `${say(event)} `, group || null, port ? " on " : null, port || null,
        event.vlan ? h("small", {}, `VLAN ${event.vlan}`) : null));
  }

  tell() {
    if (this.heard.size === 0) return;
    const text = [...this.heard].map(([label, count]) => `${label}: ${count}`).join(", ");
    setText(this.summary, `Events since the last summary. ${text}.`);
    this.heard.clear();
  }
}
