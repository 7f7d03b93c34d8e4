// The list of deliveries, newest first: thousands are listed, and only those in sight are elements.

import { get } from "./api.js";
import { byId, clock, duration, el, grouped, marks, seen, status, t, tone } from "./dom.js";

const HEIGHT = 56; // of a row; page.css has the same
const ASIDE = 8; // rows drawn beyond what is in sight
const PAGE = 100;
const MOST_LIVE = 5000; // a page that stays open for days forgets what was pushed down

/** `parameters` tells the filters; `onChosen(id, opens)` hears what is chosen. */
export function makeList(parameters, onChosen) {
  const scroller = byId("scroller");
  const sizer = byId("sizer");
  let rows = [];
  let last = 0;
  let more = false;
  let chosen = 0;
  let previewed = 0; // shown before anything was chosen: the keys still begin at the first row
  let fresh = 0; // arrived above what is in sight
  let behind = false; // so many arrived that they are not fetched until somebody looks there
  let turn = 0; // counts the filters' changes: answers to older questions are dropped
  let busy = null;

  async function once(work) { // one question at a time, so that answers cannot overtake each other
    while (busy) await busy;
    busy = work().finally(() => { busy = null; });
    return busy;
  }

  async function reload() {
    const mine = ++turn;
    return once(async () => {
      if (mine !== turn) return;
      const found = await get("deliveries", { ...parameters(), limit: PAGE });
      if (mine !== turn) return;
      rows = found.rows;
      [last, more, fresh, behind] = [found.last, found.more, 0, false];
      scroller.scrollTop = 0;
      draw();
    });
  }

  async function older() {
    if (!more || busy) return;
    const mine = turn;
    await once(async () => {
      const found = await get("deliveries", { ...parameters(), before: rows.at(-1).id, limit: PAGE });
      if (mine !== turn) return;
      rows.push(...found.rows);
      more = found.more;
      draw();
    });
  }

  async function arrived(newest) {
    if (newest < last) return begunAnew();
    if (newest === last) return;
    if (behind) { drawNew(); return; }
    const mine = turn;
    return once(async () => {
      if (mine !== turn || newest <= last) return;
      const found = await get("deliveries", { ...parameters(), after: last });
      if (mine !== turn) return;
      if (found.more) { // more than a page came: begin anew with the newest
        behind = true;
        draw();
        return;
      }
      last = found.last;
      const newer = found.rows.filter(row => row.id > (rows[0]?.id ?? 0)).reverse();
      if (!newer.length) return;
      rows.unshift(...newer);
      if (scroller.scrollTop < HEIGHT) {
        if (rows.length > MOST_LIVE) { rows.length = MOST_LIVE / 2; more = true; }
        draw(new Set(newer.map(row => row.id)));
      } else {
        fresh += newer.length;
        draw();
        scroller.scrollTop += newer.length * HEIGHT;
      }
    });
  }

  /** Begins again when the mock was started anew; the stream may also be behind an answer that overtook it. */
  async function begunAnew() {
    const mine = turn;
    const found = await get("deliveries", { ...parameters(), limit: 1 });
    if (mine === turn && found.last < last) return reload();
  }

  function toNewest() {
    scroller.scrollTop = 0;
    draw();
  }

  function drawNew() {
    const pill = byId("new");
    pill.hidden = !fresh && !behind;
    pill.textContent = behind ? t("new_many") : t("new", { count: grouped(fresh) });
  }

  function draw(flashing = new Set()) {
    sizer.style.height = `${rows.length * HEIGHT}px`;
    if (scroller.scrollTop < HEIGHT) {
      fresh = 0;
      if (behind) setTimeout(() => onBehind());
    }
    drawNew();
    byId("listed").textContent = t(more ? "listed_more" : "listed", { count: grouped(rows.length) });
    const from = Math.max(0, Math.floor(scroller.scrollTop / HEIGHT) - ASIDE);
    const to = Math.min(rows.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / HEIGHT) + ASIDE);
    sizer.replaceChildren(...rows.slice(from, to).map((row, at) => drawn(row, from + at, flashing.has(row.id))));
    scroller.setAttribute("aria-label", t("deliveries"));
    if (chosen && rows.slice(from, to).some(row => row.id === chosen)) scroller.setAttribute("aria-activedescendant", `row-${chosen}`);
    else scroller.removeAttribute("aria-activedescendant");
    if (more && to > rows.length - PAGE / 2) older().catch(() => {});
    onDrawn(rows.length);
  }
  let onDrawn = () => {};
  const onBehind = () => { if (behind) reload().catch(() => {}); };

  function drawn(row, at, flashes) {
    const made = el("div", {
      class: `row ${tone(row)}${flashes ? " flash" : ""}`, role: "option", id: `row-${row.id}`,
      "aria-selected": String(row.id === (chosen || previewed)), "aria-posinset": at + 1, "aria-setsize": more ? -1 : rows.length,
      click: () => { choose(row.id, true); },
    },
      el("div", { class: "line" },
        status(row),
        el("strong", { class: "what" }, seen(row.state || `${row.method} ${row.target}`)),
        marks(row),
        row.verdict === "accepted" ? null : el("span", { class: `badge verdict ${tone(row)}` }, t(row.verdict)),
        el("span", { class: "grow" }),
        el("time", {}, clock(row.at))),
      el("div", { class: "line second" },
        el("span", { class: row.why ? "why" : "id" }, seen(row.why || row.message || row.target)),
        el("span", { class: "grow" }),
        el("span", { class: "quiet" }, `${grouped(row.bytes)} B · ${duration(row.ms)}`),
        el("span", { class: "number" }, `#${row.id}`)));
    made.style.top = `${at * HEIGHT}px`;
    return made;
  }

  function choose(id, opens) {
    mark(id);
    onChosen(id, opens);
  }

  /** Shows which one is chosen, and brings it into sight. */
  function mark(id) {
    [chosen, previewed] = [id, 0];
    const at = rows.findIndex(row => row.id === id);
    if (at >= 0) {
      const top = at * HEIGHT;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + HEIGHT > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + HEIGHT - scroller.clientHeight;
    }
    draw();
  }

  /** Chooses by keyboard: a number of rows further, or "first" or "last". */
  function move(step) {
    if (!rows.length) return;
    const at = rows.findIndex(row => row.id === chosen);
    const to = step === "first" ? 0 : step === "last" ? rows.length - 1 : at < 0 ? 0 : at + step;
    choose(rows[Math.max(0, Math.min(rows.length - 1, to))].id, false);
  }

  scroller.addEventListener("scroll", () => draw(), { passive: true });
  new ResizeObserver(() => draw()).observe(scroller);
  byId("new").addEventListener("click", toNewest);
  return {
    reload, arrived, choose, mark, move, draw,
    /** Shows the newest delivery as the one beside the list; returns its id. */
    preview: () => { previewed = rows[0]?.id ?? 0; draw(); return previewed; },
    inSight: () => Math.max(1, Math.floor(scroller.clientHeight / HEIGHT) - 1),
    chosen: () => chosen,
    newest: () => rows[0]?.id ?? 0,
    drawn: call => { onDrawn = call; },
  };
}
