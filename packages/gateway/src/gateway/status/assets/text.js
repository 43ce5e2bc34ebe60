"use strict";
// Formats numbers. An unknown value is a dash.

const UNKNOWN = "–";

/** Two or three significant digits: 0.25, 3.4, 120, 12 345. */
function number(value) {
  if (value === null || value === undefined) return UNKNOWN;
  if (value === 0) return "0";
  if (value < 0.01) return "<0.01";
  if (value < 1) return value.toFixed(2);
  if (value < 9.95 && !Number.isInteger(value)) return value.toFixed(1);
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function clock(time) {
  return time.toLocaleTimeString([], {hourCycle: "h23"});
}

function percent(share) {
  return share === null || share === undefined ? UNKNOWN : share > 0 && share < 0.0005 ? "<0.1" : number(share * 100);
}

function mebibytes(bytes) {
  return bytes === null || bytes === undefined ? UNKNOWN : number(bytes / 1048576);
}

/** A duration in seconds, in its two largest units: 3 d 4 h. */
function duration(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = Math.max(0, units.findIndex(([, length]) => seconds >= length));
  const shown = seconds < 1 ? [units[3]] : units.slice(first, first + 2);
  let left = Math.floor(seconds);
  return shown.map(([unit, length]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    return `${count} ${unit}`;
  }).join(" ");
}

// Each level has a sign, because colour alone is not accessible.
const SIGNS = {good: "✓", warn: "!", bad: "✕", unknown: "?"};

function signed(level, words) {
  return `${SIGNS[level]} ${words}`;
}

/** Changes the text of an element only if it differs, so that a selection stays. Names break at dots. */
function say(element, text, level) {
  if (element.textContent !== text) {
    const pieces = text.split(/(?<=[./:])(?=[^\s\d])/);
    element.replaceChildren(...pieces.flatMap((piece, index) => index ? [make("wbr"), piece] : [piece]));
  }
  if (level) element.dataset.level = level;
  else delete element.dataset.level;
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
