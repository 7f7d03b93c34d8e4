// The filters, and what there is in numbers; every number is a button that filters by it.

import { byId, duration, el, grouped, t } from "./dom.js";

const NAMES = ["text", "message", "callback", "state", "verdict", "status", "marked"];
const VERDICTS = ["accepted", "forward-compatible", "refused"];
const MARKS = ["retry", "duplicate", "late"];

/** `onChange` hears that something else is wanted. */
export function makeFilters(onChange) {
  const form = byId("filters");
  const wanted = Object.fromEntries(NAMES.map(name => [name, ""]));
  let about = { contract: { callbacks: [] } };
  let counts = {};
  let timer = 0;

  function set(name, value) {
    if (wanted[name] === value) return;
    wanted[name] = value;
    draw();
    onChange();
  }

  function clear() {
    const any = NAMES.some(name => wanted[name]);
    for (const name of NAMES) wanted[name] = "";
    draw();
    if (any) onChange();
    return any;
  }

  function input(name, kind) {
    const made = el("input", {
      type: kind, name, id: `filter-${name}`, placeholder: t(name === "text" ? "text_short" : name), "aria-label": t(name), title: t(name), maxlength: 200, spellcheck: "false",
      enterkeyhint: "search",
      input: () => {
        wanted[name] = made.value.trim();
        mark();
        clearTimeout(timer);
        timer = setTimeout(onChange, 200);
      },
    });
    made.value = wanted[name];
    return made;
  }

  function select(name, values) {
    const options = values.includes(wanted[name]) || !wanted[name] ? values : [wanted[name], ...values];
    const label = value => VERDICTS.includes(value) || MARKS.includes(value) ? t(value) : value;
    const made = el("select", { name, id: `filter-${name}`, "aria-label": t(name), change: () => set(name, made.value) },
      el("option", { value: "" }, t(name)),
      options.map(value => el("option", { value }, label(value))));
    made.value = wanted[name];
    return made;
  }

  function values(name) { // what the contract names comes first, then what else came
    const { callbacks } = about.contract;
    const known = name === "callback" ? callbacks.map(callback => callback.name) : callbacks.flatMap(callback => callback.states);
    return [...new Set([...known, ...Object.keys(counts[name] ?? {})])].filter(Boolean);
  }

  function statuses() {
    const came = Object.keys(counts.status ?? {}).sort();
    return [...new Set(came.map(code => `${code[0]}xx`)), ...came].sort();
  }

  function draw() {
    const focused = form.contains(document.activeElement) ? document.activeElement : null;
    const [id, at] = [focused?.id, focused?.selectionStart];
    form.replaceChildren(
      input("text", "search"), input("message", "search"),
      select("callback", values("callback")), select("state", values("state")),
      select("verdict", VERDICTS), select("status", statuses()), select("marked", MARKS),
      el("button", { type: "button", id: "clear", click: clear }, t("clear")));
    form.setAttribute("aria-label", t("filters"));
    mark();
    if (!id) return;
    byId(id)?.focus();
    if (at !== null && at !== undefined) byId(id)?.setSelectionRange?.(at, at);
  }

  function mark() {
    for (const field of form.elements) if (field.name) field.classList.toggle("set", Boolean(wanted[field.name]));
    const button = byId("clear");
    if (button) button.hidden = !NAMES.some(name => wanted[name]);
    drawCounts();
  }

  function chip(name, value, label, count, kind) {
    const on = wanted[name] === value;
    return el("button", {
      type: "button", class: `chip ${kind}`, "aria-pressed": String(on), "data-filter": `${name}=${value}`,
      click: () => set(name, on ? "" : value),
    }, el("b", {}, grouped(count)), ` ${label}`);
  }

  function drawCounts() {
    const box = byId("counts");
    if (!box) return;
    const focused = document.activeElement?.dataset?.filter;
    const scrolled = box.scrollLeft;
    const all = counts.all?.[""] ?? 0;
    const statusKind = code => code < 300 ? "good" : code < 500 ? "warn" : "bad";
    box.replaceChildren(
      el("button", { type: "button", class: "chip", "data-filter": "", click: clear }, el("b", {}, grouped(all)), ` ${t("all")}`),
      ...VERDICTS.map((verdict, at) => chip("verdict", verdict, t(verdict), counts.verdict?.[verdict] ?? 0, ["good", "new", "bad"][at])),
      ...["retry", "duplicate"].filter(mark => counts.again?.[mark]).map(mark => chip("marked", mark, t(mark), counts.again[mark], mark)),
      ...(counts.late?.["1"] ? [chip("marked", "late", t("late"), counts.late["1"], "late")] : []),
      ...Object.entries(counts.status ?? {}).sort().map(([code, count]) => chip("status", code, code, count, statusKind(code))));
    if (focused !== undefined) [...box.children].find(button => button.dataset.filter === focused)?.focus();
    box.scrollLeft = scrolled;
  }

  function drawSummary(summary) {
    const before = JSON.stringify([values("callback"), values("state"), statuses()]);
    counts = summary.counts;
    if (JSON.stringify([values("callback"), values("state"), statuses()]) !== before) draw();
    if (!byId("counts")) byId("summary").append(el("div", { class: "counts", id: "counts", role: "group" }), el("figure"));
    byId("counts").setAttribute("aria-label", t("counts"));
    byId("summary").lastChild.replaceWith(latency(summary.latencies));
    byId("damaged")?.remove();
    if (summary.damaged.length) byId("summary").prepend(el("p", { class: "note bad", id: "damaged", role: "status" },
      summary.damaged.map(({ file, bytes, deliveries }) => el("span", {},
        deliveries === null ? t("damaged", { file, bytes }) : t("damaged_count", { file, bytes, deliveries }), " "))));
    drawCounts();
  }

  return {
    set, clear, draw, drawSummary,
    active: () => NAMES.some(name => wanted[name]),
    parameters: () => ({ ...wanted }),
    about: value => { about = value; draw(); },
  };
}

/** A small histogram: a bar for each span of time. */
function latency(bars) {
  const all = bars.reduce((sum, bar) => sum + bar.count, 0);
  const first = bars.findIndex(bar => bar.count);
  const final = bars.findLastIndex(bar => bar.count);
  const shown = bars.slice(Math.max(0, first - 1), Math.max(first + 5, final + 2));
  const most = Math.max(1, ...shown.map(bar => bar.count));
  const [wide, high] = [14, 34];
  const to = bar => bar.to_ms === null ? t("over", { to: duration(bars.at(-2).to_ms) }) : t("within", { to: duration(bar.to_ms) });
  const below = share => { // the span in which that share of the deliveries is reached
    let sum = 0;
    return to(bars.find(bar => (sum += bar.count) >= all * share) ?? bars.at(-1));
  };
  const says = all ? t("latency_says", { half: below(0.5), most: below(0.95) }) : t("latency_none");
  return el("figure", { class: "latency" },
    el("figcaption", {}, el("span", { class: "quiet" }, t("latency")), all ? el("b", {}, `50% ${below(0.5)} · 95% ${below(0.95)}`) : "—"),
    el("svg", { viewBox: `0 0 ${shown.length * wide} ${high}`, width: shown.length * wide, height: high, role: "img", "aria-label": says },
      shown.map((bar, at) => {
        const tall = bar.count ? Math.max(2, bar.count / most * (high - 2)) : 1;
        return el("rect", { x: at * wide + 1, y: high - tall, width: wide - 2, height: tall, class: bar.count ? "bar" : "bar none" },
          el("title", {}, bar.to_ms === null ? t("bar_last", { count: bar.count }) : t("bar", { to: duration(bar.to_ms), count: bar.count })));
      })));
}
