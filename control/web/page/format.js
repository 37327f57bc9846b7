// SPDX-License-Identifier: BSD-3-Clause
// Figures as text, and elements without a framework.

const kPrefixes = ["", "k", "M", "G", "T"];

// Three digits: 4.21 M, 42.1 M, 421 M.
function scaled(value) {
  let step = 0;
  while (value >= 999.5 && step < kPrefixes.length - 1) {
    value /= 1000;
    ++step;
  }
  const digits = step === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return [value.toFixed(digits), kPrefixes[step]];
}

const kUnits = { bps: "bit/s", pps: "packets/s" };

// `rate`: { bps, pps }, each a number, or null when not measured yet.
export function rateText(rate, unit) {
  const value = rate?.[unit];
  if (value == null) return "–";
  const [number, prefix] = scaled(value);
  return unit === "pps" ? `${number}${prefix && " " + prefix} p/s` : `${number} ${prefix}bit/s`;
}

// For a cell of the matrix: 4.21M.
export function shortRate(rate, unit) {
  const value = rate?.[unit];
  return value == null ? "–" : scaled(value).join("");
}

export function unitName(unit) {
  return kUnits[unit];
}

export function countText(value) {
  return value.toLocaleString("en");
}

export function bytesText(value) {
  const [number, prefix] = scaled(value);
  return `${number} ${prefix}B`;
}

export function durationText(seconds) {
  if (seconds == null) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

export function speedText(mbps) {
  if (!mbps || mbps === 0xffffffff) return "speed unknown";
  return mbps >= 1000 ? `${mbps / 1000} Gbit/s` : `${mbps} Mbit/s`;
}

export function shortSpeed(mbps) {
  if (!mbps || mbps === 0xffffffff) return "up";
  return mbps >= 1000 ? `${mbps / 1000}G` : `${mbps}M`;
}

// h("td", { class: "number", title: "…" }, "text", element)
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

// Writes only what changed, so that a screen reader and a selection are left alone.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Puts new children into `container`; who had the focus keeps it, found again by data-key.
export function replaceChildren(container, children) {
  const focused = container.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.dataset.key;
  container.replaceChildren(...children.filter((child) => child != null));
  if (key) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

export async function ask(path, parameters = {}, options = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value != null);
  const query = new URLSearchParams(given).toString();
  const response = await fetch(query ? `${path}?${query}` : path, options);
  const answer = await response.json();
  if (!response.ok) {
    throw Object.assign(new Error(answer.error ?? response.statusText), { status: response.status });
  }
  return answer;
}
