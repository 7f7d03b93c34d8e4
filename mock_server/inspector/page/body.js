// A body as it is looked at: in lines with the violations where they are, or byte by byte.

import { el, grouped, seen, t } from "./dom.js";
import { hex, lines, place, units } from "./pretty.js";

const MOST_LINES = 1500;
const LONGEST = 4000;
const MOST_BYTES = 4096;

/** The text of bytes, or null when they are none. */
export function textOf(bytes) {
  try { return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes); } catch { return null; }
}

function isJson(text) {
  try { JSON.parse(text); return true; } catch { return false; }
}

const cut = text => text.length <= LONGEST ? [seen(text)]
  : [seen(text.slice(0, LONGEST)), el("span", { class: "quiet" }, t("cut", { count: grouped(text.length - LONGEST) }))];

/** Everything about a place that stands out: the contract's words for it. */
function notes(delivery) {
  return [
    ...delivery.violations.map(({ pointer, message }) => ({ pointer, message, kind: "bad" })),
    ...delivery.novelties.map(({ pointer, kind }) => ({ pointer, message: t(`new_${kind}`), kind: "new" })),
  ];
}

const said = note => el("span", { class: `note ${note.kind}` }, seen(note.message));

export function bodyView(delivery, bytes) {
  if (!bytes.length) return el("p", { class: "quiet" }, t("empty_body"));
  const text = textOf(bytes);
  if (text === null) return el("p", {}, t("not_text"));
  return isJson(text) ? jsonView(delivery, text) : rawView(delivery, text);
}

function jsonView(delivery, text) {
  const all = lines(text);
  const rest = new Map();
  for (const note of notes(delivery)) rest.set(note.pointer, [...(rest.get(note.pointer) ?? []), note]);
  const box = el("div", { class: "json", role: "group", "aria-label": t("tab_body") });
  const drawn = all.map((line, at) => {
    const here = line.pointer === null ? [] : rest.get(line.pointer) ?? [];
    rest.delete(line.pointer);
    return { line, at, here };
  });
  // What stands nowhere in the body is told at its top.
  const nowhere = [...rest.values()].flat();
  const drawLine = ({ line, at, here }) => {
    const worst = here.some(note => note.kind === "bad") ? "bad" : here.length ? "new" : "";
    const made = el("div", { class: `code ${worst}`, "data-pointer": here.length ? line.pointer : null },
      el("span", { class: "gutter", "aria-hidden": "true" }, String(at + 1)),
      el("span", { class: "content" },
        line.parts.map(([kind, part]) => el("span", { class: `t-${kind}` }, cut(part))),
        here.map(said)));
    made.lastChild.style.paddingInlineStart = `${Math.min(line.depth, 40) * 1.1}rem`;
    return made;
  };
  box.append(...nowhere.map(note => el("div", { class: `code ${note.kind}` }, el("span", { class: "gutter" }),
    el("span", { class: "content" }, said({ ...note, message: `${t("not_in_body", { pointer: note.pointer || t("whole_body") })}: ${note.message}` })))));
  let shown = 0;
  const button = el("button", { type: "button", click: () => show(shown + MOST_LINES) });
  function show(to) {
    button.remove();
    box.append(...drawn.slice(shown, to).map(drawLine));
    shown = Math.min(to, drawn.length);
    if (shown === drawn.length) return;
    button.textContent = t("more_lines", { count: grouped(drawn.length - shown) });
    box.append(button);
  }
  show(MOST_LINES);
  box.reveal = pointer => {
    const wanted = drawn.find(({ line, here }) => line.pointer === pointer && here.length);
    if (!wanted) return;
    if (wanted.at >= shown) show(wanted.at + 50);
    const found = [...box.children].find(child => child.dataset.pointer === pointer);
    found?.scrollIntoView({ block: "center" });
    found?.classList.add("flash");
    setTimeout(() => found?.classList.remove("flash"), 1500);
  };
  return box;
}

function rawView(delivery, text) {
  const wrong = delivery.violations.map(({ message }) => ({ message, place: place(message) })).find(one => one.place?.character !== undefined);
  const box = el("pre", { class: "raw" });
  if (!wrong) {
    box.append(...cut(text));
    for (const note of notes(delivery)) box.append("\n", said(note));
    return box;
  }
  const at = units(text, wrong.place.character);
  const from = Math.max(0, at - LONGEST);
  const here = text.slice(at, at + units(text.slice(at, at + 2), 1));
  box.append(from ? "…" : "", seen(text.slice(from, at)), el("mark", { class: "bad" }, seen(here) || "␄"),
    said({ message: wrong.message, kind: "bad" }), ...cut(text.slice(at + here.length)));
  return box;
}

export function bytesView(delivery, bytes) {
  if (!bytes.length) return el("p", { class: "quiet" }, t("empty_body"));
  const wrong = delivery.violations.map(({ message }) => place(message)).find(one => one?.byte !== undefined)?.byte ?? -1;
  const box = el("div", { class: "hex", role: "group", tabindex: 0, "aria-label": t("tab_bytes") });
  const button = el("button", { type: "button", click: () => show() });
  let shown = 0;
  function show(to = shown + MOST_BYTES) {
    button.remove();
    for (const [offset, pairs, text] of hex(bytes, shown, to)) {
      const at = parseInt(offset, 16);
      const hit = wrong >= at && wrong < at + 16;
      box.append(el("div", { class: `hexline${hit ? " bad" : ""}` },
        el("span", { class: "quiet" }, offset),
        el("span", { class: "pairs" }, hit
          ? [pairs.slice(0, wrong - at).join(" "), " ", el("mark", { class: "bad" }, pairs[wrong - at]), " ", pairs.slice(wrong - at + 1).join(" ")]
          : pairs.join(" ")),
        el("span", { class: "ascii" }, text)));
    }
    shown = Math.min(Math.ceil(to / 16) * 16, bytes.length);
    if (shown >= bytes.length) return;
    button.textContent = t("more_lines", { count: grouped(Math.ceil((bytes.length - shown) / 16)) });
    box.append(button);
  }
  show(Math.max(MOST_BYTES, wrong + 256));
  return box;
}
