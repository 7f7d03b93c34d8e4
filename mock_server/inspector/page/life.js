// The life of one message: a chart of its statuses by time, and each delivery with what stands out about it.

import { clock, day, duration, el, marks, seen, status, t } from "./dom.js";

/** `states` are the contract's in order; `onOpen(id)` and `onOnly(message)` hear what is clicked. */
export function lifeView(rows, states, current, { onOpen, onOnly }, room) {
  const { message } = rows[0];
  if (!message) return el("p", { class: "quiet" }, t("no_life"));
  return el("div", { class: "life" },
    el("div", { class: "life-head" },
      el("h3", {}, t("life", { id: message })),
      el("button", { type: "button", click: () => onOnly(message) }, t("only_this"))),
    chart(rows, states, current, onOpen, Math.max(300, Math.min(720, room))),
    el("ol", { class: "steps" }, rows.map((row, at) => step(row, rows[at - 1], current, onOpen))));
}

function step(row, before, current, onOpen) {
  const here = row.id === current;
  return el("li", { class: `step ${row.again ? "repeated" : ""} ${row.late ? "late" : ""} ${row.verdict === "refused" ? "bad" : ""}` },
    before ? el("div", { class: "gap quiet" }, t("gap", { gap: duration(Math.max(0, row.at - before.at)) })) : null,
    el("button", { type: "button", class: "step-row", "aria-current": here ? "true" : null, click: () => onOpen(row.id) },
      el("strong", {}, seen(row.state || row.method)), marks(row), status(row),
      row.acknowledged ? null : el("span", { class: "badge mark bad" }, t("not_acknowledged")),
      here ? el("span", { class: "quiet only-wide" }, t("this_one")) : null,
      el("span", { class: "grow" }),
      el("time", { title: day(row.at) }, clock(row.at)), el("span", { class: "number" }, `#${row.id}`)));
}

function chart(rows, states, current, onOpen, width) {
  const levels = states.filter(state => rows.some(row => row.state === state));
  const others = rows.some(row => !states.includes(row.state));
  const names = [...(others ? [t("unknown_state")] : []), ...levels];
  const level = row => states.includes(row.state) ? levels.indexOf(row.state) + (others ? 1 : 0) : 0;
  const [left, right, top, gap] = [84, 24, 16, 26];
  const high = top * 2 + (names.length - 1) * gap;
  const [first, final] = [rows[0].at, rows.at(-1).at];
  // Side by side in order, and apart by time where there is room for it.
  const inner = width - left - right;
  const room = rows.length > 1 ? Math.min(14, inner / (rows.length - 1)) : 0;
  const free = inner - room * (rows.length - 1);
  const x = (row, at) => left + at * room + (final > first ? (row.at - first) / (final - first) * free : 0);
  const y = row => high - top - level(row) * gap;
  const steps = rows.map((row, at) => ({ row, at })).filter(({ row }) => row.acknowledged && !row.again && !row.late);
  const path = steps.map(({ row, at }, n) => `${n ? `H${x(row, at)}V` : `M${x(row, at)} `}${y(row)}`).join("");
  const says = t("chart_says", {
    count: rows.length, again: rows.filter(row => row.again).length, late: rows.filter(row => row.late).length,
  });
  return el("svg", { class: "chart", viewBox: `0 0 ${width} ${high}`, width, height: high, role: "img", "aria-label": says },
    names.map((name, at) => el("g", {},
      el("line", { x1: left - 8, x2: width - 4, y1: high - top - at * gap, y2: high - top - at * gap, class: "grid" }),
      el("text", { x: left - 16, y: high - top - at * gap + 4, "text-anchor": "end" }, seen(name)))),
    path ? el("path", { d: path, class: "way" }) : null,
    rows.map((row, at) => el("g", { class: "dot", click: () => onOpen(row.id) },
      row.id === current ? el("circle", { cx: x(row, at), cy: y(row), r: 9, class: "ring" }) : null,
      row.late
        ? el("path", { d: `M${x(row, at) - 6} ${y(row) - 5}h12l-6 11z`, class: "point late" })
        : el("circle", { cx: x(row, at), cy: y(row), r: 5, class: `point ${row.again ? "again" : ""} ${row.acknowledged ? "" : "bad"}` }),
      el("title", {}, `#${row.id} ${seen(row.state)} ${clock(row.at)} ${[row.again, row.late ? "late" : ""].filter(Boolean).map(mark => t(mark)).join(" ")}`))));
}
