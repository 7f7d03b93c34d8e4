// Starts the page and wires its parts: the address's fragment says which delivery is shown, keys move through the list.

import { Refused, blob, get, listen, post, setToken, takeToken } from "./api.js";
import { makeComposer } from "./composer.js";
import { makeDetail } from "./detail.js";
import { byId, el, loadWords, remember, speak, spoken, t } from "./dom.js";
import { makeFilters } from "./filters.js";
import { makeList } from "./list.js";

const KEYS = [["↓ ↑ / j k", "key_move"], ["Home End", "key_ends"], ["Enter", "key_open"], ["Esc", "key_close"],
  ["/", "key_search"], ["← →", "key_tabs"], ["c", "compose"], ["p", "key_pause"], ["f", "key_follow"], ["?", "key_help"]];

takeToken();
await loadWords();

const filters = makeFilters(() => safely(list.reload()));
const list = makeList(filters.parameters, (id, opens) => {
  if (following) follow(false);
  clearTimeout(opening); // what a key was about to show, without the focus
  if (!opens && !detail.isOpen()) return;
  if (location.hash === `#${id}`) safely(detail.open(id, { focus: opens }));
  else if (detail.isOpen() && !opens) { history.replaceState(null, "", `#${id}`); later(() => detail.open(id)); }
  else { wantsFocus = opens; location.hash = id; }
});
const detail = makeDetail({
  onClose: shut,
  onOpen: id => { location.hash = id; },
  onEdit: letter => safely(composer.open(letter)),
  onDelete: id => question(t("delete_one", { id }), () => post(`deliveries/${id}/delete`)),
  onOnly: message => { filters.clear(); filters.set("message", message); },
});

let about = { contract: { callbacks: [] } };
const composer = makeComposer(() => about, safely);

let wantsFocus = false;
let paused = false;
let following = false;
let newest = 0;
let connection = "connecting";
let summarised = 0;
let waiting = 0;
let opening = 0;
let again = () => {};
let greeted = false; // whether the first delivery was shown, or something else before it

function later(call) { // a key that is held down chooses faster than deliveries are fetched
  clearTimeout(opening);
  opening = setTimeout(() => safely(call()), 60);
}

async function safely(promise) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) askForToken();
    else if (error instanceof Refused && error.status === 403) told(t("refused_page"));
    else if (error instanceof Refused) told(t("failed", { status: error.status }));
    // without a connection the stream says so
  }
}

function told(text) {
  const box = byId("ask");
  box.replaceChildren(el("p", {}, text), el("button", { type: "button", click: () => box.close() }, t("close")));
  if (!box.open) box.showModal();
}

/** Asks before something is gone for good. */
function question(text, act) {
  const box = byId("ask");
  const no = el("button", { type: "button", click: () => box.close() }, t("keep"));
  box.replaceChildren(el("p", {}, text), el("p", { class: "quiet" }, t("delete_says")), el("div", { class: "tools" }, no,
    el("button", { type: "button", id: "sure", class: "danger", click: () => { box.close(); safely(act().then(gone)); } }, t("delete"))));
  if (!box.open) box.showModal();
  no.focus();
}

async function gone() {
  if (detail.isOpen()) shut();
  summarised = 0;
  await list.reload();
  await summarise();
}

const wantedNow = () => new URLSearchParams(Object.entries(filters.parameters()).filter(([, value]) => value));

async function save(kind) {
  const file = await blob(`export/${kind}?${wantedNow()}`);
  const link = el("a", { download: `deliveries.${kind === "vectors" ? "vectors.json" : kind}` });
  link.href = URL.createObjectURL(file);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function drawListing() {
  const exports = byId("export");
  exports.setAttribute("aria-label", t("export"));
  exports.title = t("export_says");
  exports.replaceChildren(el("option", { value: "" }, t("export")),
    ...[["har", "HAR"], ["jsonl", "JSON lines"], ["vectors", t("vectors")], ["http", ".http"]].map(([kind, label]) => el("option", { value: kind }, label)));
  byId("delete-all").textContent = t("delete");
  byId("delete-all").title = t("delete_filtered");
}

function askForToken(wrong = false) {
  const box = byId("ask");
  if (box.open && !wrong) return;
  const field = el("input", { type: "password", id: "token", autocomplete: "off", required: true });
  box.replaceChildren(el("form", {
    submit: async event => {
      event.preventDefault();
      setToken(field.value.trim());
      try {
        await get("about");
      } catch { askForToken(true); return; }
      box.close();
      start();
    },
  },
    el("h2", {}, t("token")), el("p", { class: "quiet" }, t("token_says")),
    el("label", { for: "token" }, t("token_label")), field,
    wrong ? el("p", { class: "note bad", role: "alert" }, t("token_wrong")) : null,
    el("button", { type: "submit", class: "primary" }, t("token_enter"))));
  if (!box.open) box.showModal();
  field.focus();
}

// --- arrivals

async function summarise() {
  clearTimeout(waiting);
  const wait = summarised + 1000 - Date.now();
  if (wait > 0) { waiting = setTimeout(() => safely(summarise()), wait); return; }
  summarised = Infinity; // one at a time
  const begun = Date.now();
  try {
    filters.drawSummary(await get("summary"));
    drawEmpty();
  } finally {
    summarised = Date.now() + 3 * (Date.now() - begun); // counting many takes a while: a quarter of the time at most
  }
}

function onLast(last) {
  newest = last;
  if (paused) return;
  safely(list.arrived(last).then(showNewest));
  safely(summarise());
  safely(detail.refresh());
}

function onState(state, error) {
  if (state === "refused") { safely(Promise.reject(error)); state = "no_access"; }
  if (state === "connecting" && connection === "lost") return;
  connection = state;
  drawConnection();
}

function drawConnection() {
  const state = paused && connection === "live" ? "paused" : connection;
  const box = byId("connection");
  if (box.dataset.state === state && box.dataset.language === spoken()) return;
  Object.assign(box.dataset, { state, language: spoken() });
  box.replaceChildren(el("i", { "aria-hidden": "true" }), el("span", {}, t(state)));
}

/** Shows each delivery as it arrives, until another one is chosen. */
function follow(wanted) {
  following = wanted;
  drawTop();
  showNewest();
}

function showNewest() {
  const id = following && list.newest();
  if (!id || location.hash === `#${id}`) return;
  history.replaceState(null, "", `#${id}`);
  list.mark(id);
  safely(detail.open(id));
}

function pause() {
  paused = !paused;
  drawTop();
  if (!paused) onLast(newest);
}

// --- the page

function drawTop() {
  const [pauses, theme, help, follows] = [byId("pause"), byId("theme"), byId("help"), byId("follow")];
  byId("compose").replaceChildren(el("span", { class: "only-wide" }, t("compose")), el("span", { class: "only-narrow", "aria-hidden": "true" }, "+"));
  byId("compose").setAttribute("aria-label", t("compose"));
  byId("docs").textContent = t("docs");
  drawListing();
  follows.textContent = t("follow");
  follows.setAttribute("aria-pressed", String(following));
  pauses.textContent = t(paused ? "resume" : "pause");
  pauses.setAttribute("aria-pressed", String(paused));
  theme.title = t("theme_says");
  theme.setAttribute("aria-label", theme.title);
  byId("language").setAttribute("aria-label", t("language_says"));
  byId("summary").setAttribute("aria-label", t("summary"));
  help.title = t("help");
  help.setAttribute("aria-label", t("help"));
  drawConnection();
}

function drawEmpty() {
  const box = byId("empty");
  const none = byId("sizer").childElementCount === 0;
  box.hidden = !none;
  byId("scroller").classList.toggle("none", none);
  if (!none) return;
  const command = `callback-contract send ${location.origin}/`;
  box.replaceChildren(...filters.active() ? [el("p", {}, t("empty_filtered"))]
    : [el("p", {}, t("empty")), el("p", { class: "quiet" }, t("empty_says")), el("pre", { class: "raw" }, command)]);
}
list.drawn(count => { drawEmpty(); greet(count); });

/** Where there is room beside the list, the newest delivery is shown before anybody chose one. */
function greet(count) {
  if (greeted || !count) return;
  greeted = true;
  if (!location.hash && matchMedia("(min-width: 821px)").matches) safely(detail.open(list.preview()));
}

function drawAll() {
  drawTop();
  filters.draw();
  list.draw();
  detail.draw();
  summarised = 0;
  safely(summarise());
}

function showKeys() {
  const box = byId("keys");
  box.replaceChildren(el("h2", {}, t("help")),
    el("dl", { class: "keys" }, KEYS.map(([key, word]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, t(word))])),
    el("button", { type: "button", click: () => box.close() }, t("close")));
  box.showModal();
}

/** The documentation beside the mock leads to one of its examples. */
function composeAsked() {
  const asked = /^#compose&(.*)$/.exec(location.hash)?.[1];
  if (asked === undefined) return;
  history.replaceState(null, "", location.pathname);
  safely(composer.open(null, Object.fromEntries(new URLSearchParams(asked))));
}

function route() {
  composeAsked();
  const id = Number(/^#(\d{1,18})$/.exec(location.hash)?.[1] ?? 0);
  if (!id) { if (!greeted) detail.close(); return; }
  safely(detail.open(id, { focus: wantsFocus }));
  wantsFocus = false;
  list.mark(id);
}

function shut() {
  history.pushState(null, "", location.pathname);
  detail.close();
  byId("scroller").focus();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const { target, key } = event;
  const typing = target.matches("input, textarea, select");
  if (key === "Escape") {
    if (typing && target.value) { if (target.matches("input")) filters.set(target.name, ""); }
    else if (typing) byId("scroller").focus();
    else if (detail.isOpen()) shut();
    else filters.clear();
    event.preventDefault();
    return;
  }
  if (typing) {
    if (target.matches("input") && ["Enter", "ArrowDown"].includes(key)) { byId("scroller").focus(); event.preventDefault(); }
    return;
  }
  const inDetail = byId("detail").contains(target);
  const page = list.inSight();
  const moves = { j: 1, k: -1, ...(inDetail ? {} : { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: "first", End: "last" }) };
  if (key in moves) {
    if (!inDetail) byId("scroller").focus();
    list.move(moves[key]);
  }
  else if (key === "Enter" && (target === byId("scroller") || target === document.body) && list.chosen()) list.choose(list.chosen(), true);
  else if (key === "ArrowRight" && target === byId("detail")) detail.step();
  else if (key === "/") byId("filter-text").focus();
  else if (key === "?") showKeys();
  else if (key === "c") safely(composer.open());
  else if (key === "p") pause();
  else if (key === "f") follow(!following);
  else return;
  event.preventDefault();
}

async function start() {
  about = await get("about");
  filters.about(about);
  detail.about(about);
  await list.reload();
  await summarise();
  route();
  again();
  byId("docs").hidden = !about.docs;
}

byId("compose").addEventListener("click", () => safely(composer.open()));
byId("export").addEventListener("change", event => {
  const { value } = event.target;
  event.target.value = "";
  if (value) safely(save(value));
});
byId("delete-all").addEventListener("click", () => question(
  t(filters.active() ? "delete_filtered" : "delete_all"), () => post(`delete?${wantedNow()}`)));
byId("pause").addEventListener("click", pause);
byId("follow").addEventListener("click", () => follow(!following));
byId("help").addEventListener("click", showKeys);
byId("language").addEventListener("click", () => {
  speak(spoken() === "en" ? "zh" : "en");
  remember("language", spoken());
  drawAll();
});
byId("skip").addEventListener("click", event => { event.preventDefault(); byId("scroller").focus(); });
byId("filters").addEventListener("submit", event => event.preventDefault());
addEventListener("keydown", onKey);
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) { takeToken(); safely(start()); } else route();
});
addEventListener("popstate", () => { if (!location.hash) detail.close(); });

drawTop();
filters.draw();
detail.draw();
again = listen(onLast, onState);
safely(start());
