// Elements are made here, and received text becomes text only: nothing on this page parses markup.

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "g", "line", "circle", "path", "text", "rect", "title"]);

/** An element; a function in `attributes` listens, null and false leave an attribute out. */
export function el(tag, attributes = {}, ...children) {
  const made = DRAWN.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== false && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return made;
}

export const byId = id => document.getElementById(id);

// Characters that show nothing, move what stands beside them or end a line, but for tab, line feed and emoji's joiners.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A text in which nothing hides: what cannot be seen stands as its code point. */
export const seen = text => String(text).replace(UNSEEN, c => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

let words = {};
let language = "en";

export async function loadWords() {
  words = await (await fetch("page/words.json")).json();
  const stored = recall("language");
  speak(stored ?? (navigator.languages.some(tag => /^zh/i.test(tag)) && !/^en/i.test(navigator.language) ? "zh" : "en"));
}

export function speak(chosen) {
  language = chosen === "zh" ? "zh" : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const marked of document.querySelectorAll("[data-word]")) marked.textContent = t(marked.dataset.word);
  document.title = t("title");
}

export const spoken = () => language;

/** The words of a key in the language chosen, with values put in. */
export function t(key, values = {}) {
  const [english = key, chinese] = words[key] ?? [];
  const text = (language === "zh" && chinese) || english;
  return text.replace(/\{(\w+)\}/g, (whole, name) => name in values ? seen(values[name]) : whole);
}

// A browser may forbid storage; then a choice lasts as long as the page.
export function recall(name, store = "localStorage") {
  try { return window[store].getItem("callback-contract." + name); } catch { return null; }
}
export function remember(name, value, store = "localStorage") {
  try { window[store].setItem("callback-contract." + name, value); } catch { /* see above */ }
}

const pad = (number, size = 2) => String(number).padStart(size, "0");

export function clock(at) {
  const date = new Date(at);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

export function day(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

export function duration(ms) {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${+(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round(ms % 60_000 / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round(ms % 3_600_000 / 60_000)} min`;
}

export const grouped = number => number.toLocaleString("en").replaceAll(",", "\u2009");

export function tone(row) {
  return row.verdict === "refused" ? "bad" : row.verdict === "forward-compatible" ? "new" : "good";
}

const answered = row => row.wire ? row.wire : String(row.status);

/** Badges of what stands out about a delivery. */
export function marks(row) {
  return [row.again, row.late ? "late" : ""].filter(Boolean)
    .map(mark => el("span", { class: `badge mark ${mark}`, title: t(mark + "_says") }, t(mark)));
}

export function status(row) {
  const kind = row.wire ? "bad" : row.status < 300 ? "good" : row.status < 500 ? "warn" : "bad";
  return el("span", { class: `badge status ${kind}` }, answered(row));
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // only pages of https and of this machine may
    const area = el("textarea", { class: "offscreen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
