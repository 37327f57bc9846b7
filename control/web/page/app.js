// SPDX-License-Identifier: BSD-3-Clause
// Ties the parts of the page together: one stream of events says when there is something new, and
// each part then asks for what it shows and no more.
import { ask, setText } from "./format.js";
import { Details } from "./dialogs.js";
import { Events } from "./events.js";
import { Matrix } from "./matrix.js";
import { Overview } from "./overview.js";

const state = { unit: "bps", summary: null };
const connection = document.getElementById("connection");

function connected(text, kind) {
  setText(connection, text);
  connection.dataset.kind = kind;
}

const open = (hash) => { location.hash = hash; };
const openPort = (name) => open(`port=${encodeURIComponent(name)}`);
const openGroup = (vlan, group) => open(`group=${vlan}/${group}`);
const details = new Details(state, openPort, openGroup);
const overview = new Overview(state, openPort);
const matrix = new Matrix(state, openPort, openGroup);
const events = new Events(openPort, openGroup);

let hearing = false;  // the stream of events is open
let version = null;   // of the daemon
let asking = false;
let again = false;

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    state.summary = await ask("/api/summary");
    overview.show();
    matrix.setPorts(state.summary);
    await Promise.all([matrix.refresh(), details.refresh()]);
    if (hearing) connected("live", "good");
  } catch {
    connected("no connection", "bad");
  }
  asking = false;
  if (again) {
    again = false;
    refresh();
  }
}

function followHash() {
  const [kind, value] = decodeURIComponent(location.hash.slice(1)).split("=");
  if (kind === "port" && value) details.openPort(value);
  else if (kind === "group" && value) details.openGroup(...value.split("/"));
  else details.close();
}

function setUnit(unit) {
  state.unit = unit;
  try {
    localStorage.setItem("unit", unit);
  } catch { /* it lasts as long as the page */ }
  if (state.summary) overview.show();
  matrix.unitChanged();
  details.refresh();
}

for (const input of document.querySelectorAll("#unit input")) {
  let saved = null;
  try {
    saved = localStorage.getItem("unit");
  } catch { /* no storage */ }
  if (input.value === saved) {
    input.checked = true;
    state.unit = saved;
  }
  input.addEventListener("change", () => setUnit(input.value));
}

details.onClosed = () => history.replaceState(null, "", location.pathname);
window.addEventListener("hashchange", followHash);

function listen() {
  const stream = new EventSource("/api/events");
  stream.addEventListener("error", () => {
    hearing = false;
    connected("reconnecting", "bad");
    if (stream.readyState !== EventSource.CLOSED) return;
    // Refused, for too many are listening: figures now and then, and another try.
    setTimeout(listen, 5000);
    refresh();
  });
  stream.addEventListener("hello", (message) => {
    const daemon = JSON.parse(message.data);
    if (version !== null && version !== daemon.version) location.reload();  // its page may be another
    version = daemon.version;
    hearing = true;
    connected("live", "good");
    events.clear();
  });
  stream.addEventListener("change", (message) => events.add(JSON.parse(message.data)));
  stream.addEventListener("skipped", (message) => events.addSkipped(JSON.parse(message.data).count));
  stream.addEventListener("sample", () => {
    // A page that nobody sees asks for nothing.
    if (!document.hidden) refresh();
  });
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});

listen();
refresh().then(followHash);
