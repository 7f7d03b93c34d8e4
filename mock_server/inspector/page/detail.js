// One delivery: what the contract says about it, its body, headers and answer, and the life of its message.

import { bytes as fetchBytes, get, post } from "./api.js";
import { bodyView, bytesView, textOf } from "./body.js";
import { byId, clock, copy, day, duration, el, grouped, marks, seen, status, t, tone } from "./dom.js";
import { compareView } from "./compare.js";
import { lifeView } from "./life.js";

const TABS = ["body", "life", "headers", "answer", "bytes", "compare"];

/** `does` has onClose(), onOpen(id), onOnly(message), onEdit(letter) and onDelete(id). */
export function makeDetail(does) {
  const box = byId("detail");
  let about = { contract: { callbacks: [] }, forward_to: null };
  let shown = null; // {delivery, bytes, life}
  let tab = "body";
  let turn = 0;
  let beside = 0; // the delivery with which others are compared
  const answers = new Map(); // of what was sent again, by delivery

  async function open(id, { focus = false } = {}) {
    const mine = ++turn;
    const same = shown?.delivery.id === id;
    try {
      const [delivery, body, life] = await Promise.all([
        get(`deliveries/${id}`), same ? shown.bytes : fetchBytes(`deliveries/${id}/body`), get(`deliveries/${id}/life`)]);
      if (mine !== turn) return;
      shown = { delivery, bytes: body, life };
    } catch (error) {
      if (mine !== turn) return;
      shown = null;
      box.replaceChildren(closing(), el("p", { class: "quiet" }, error.status === 404 ? t("forgotten") : seen(error.message)));
      return;
    }
    draw();
    if (focus) box.focus({ preventScroll: true });
  }

  /** Looks whether the message that is shown lived on. */
  async function refresh() {
    if (!shown?.delivery.message) return;
    const mine = turn;
    const life = await get(`deliveries/${shown.delivery.id}/life`);
    if (mine !== turn || life.length === shown.life.length) return;
    shown.life = life;
    drawTabs();
  }

  function close() {
    turn += 1;
    shown = null;
    draw();
  }

  const closing = () => el("button", { type: "button", class: "closing", click: does.onClose, title: t("back"), "aria-label": t("back") },
    el("span", { class: "only-wide" }, "✕"), el("span", { class: "only-narrow" }, "←"));

  function draw() {
    document.body.classList.toggle("detail-open", Boolean(shown));
    if (!shown) { box.replaceChildren(el("p", { class: "nothing quiet" }, t("nothing_chosen"))); return; }
    const { delivery } = shown;
    box.setAttribute("aria-label", t("delivery", { id: delivery.id }));
    box.replaceChildren(
      el("div", { class: "detail-head" }, closing(),
        el("h2", {}, `#${delivery.id} `, seen(delivery.state || delivery.method)),
        status(delivery), el("span", { class: `badge verdict ${tone(delivery)}` }, t(delivery.verdict)), marks(delivery)),
      facts(delivery), ...found(delivery), actions(delivery),
      el("div", { class: "answers", id: "answers", "aria-live": "polite" }),
      el("div", { class: "tabs", role: "tablist", id: "tabs" }),
      el("div", { class: "panel", role: "tabpanel", id: "panel", tabindex: "0", "aria-labelledby": `tab-${tab}` }));
    drawAnswers();
    drawTabs();
  }

  function facts(delivery) {
    const rows = [
      ["callback", delivery.callback],
      ["message", delivery.message],
      ["request", `${delivery.method} ${delivery.target}`],
      ["arrived", `${day(delivery.at)} ${clock(delivery.at)}`],
      ["answered_after", delivery.delay_ms
        ? t("held_back", { ms: duration(delivery.ms), delay: duration(delivery.delay_ms) }) : duration(delivery.elapsed_ms)],
      ["size", `${grouped(delivery.bytes)} B`],
    ];
    return el("dl", { class: "facts" }, rows.filter(([, value]) => value)
      .map(([name, value]) => el("div", {}, el("dt", {}, t(name)), el("dd", {}, seen(value)))));
  }

  function found(delivery) {
    const lists = [["violations", "bad", delivery.violations.map(v => [v.pointer, v.message])],
      ["novelties", "new", delivery.novelties.map(n => [n.pointer, t(`new_${n.kind}`)])]];
    return lists.filter(([, , items]) => items.length).map(([name, kind, items]) => el("div", { class: `found ${kind}` },
      el("h3", {}, t(name)),
      el("ul", {}, items.slice(0, 50).map(([pointer, message]) => el("li", {},
        el("button", { type: "button", class: "pointer", click: () => reveal(pointer) }, seen(pointer || t("whole_body"))), " ", seen(message))))));
  }

  function reveal(pointer) {
    show("body");
    byId("panel").firstElementChild?.reveal?.(pointer);
  }

  function actions(delivery) {
    const text = textOf(shown.bytes);
    const says = (button, word) => { button.textContent = t("copied"); setTimeout(() => { button.textContent = t(word); }, 1200); };
    const copying = (word, what, more = {}) => {
      const button = el("button", { type: "button", ...more, click: async () => { await copy(what); says(button, word); } }, t(word));
      return button;
    };
    const sends = about.forward_to && delivery.whole;
    return el("div", { class: "actions" },
      el("button", {
        type: "button", class: "primary", id: "send", disabled: !sends,
        title: about.forward_to ? t("send_again_to", { url: about.forward_to }) : t("no_forward"), click: sendAgain,
      }, t("send_again")),
      text !== null && delivery.whole ? el("button", { type: "button", id: "edit", click: () => does.onEdit(letter(delivery, text)) }, t("edit")) : null,
      copying("copy_curl", delivery.curl ?? "", { id: "curl", disabled: !delivery.curl, title: delivery.curl ? null : t("no_curl") }),
      text ? copying("copy_body", text) : null,
      el("button", { type: "button", click: save }, t("download")),
      el("button", { type: "button", id: "delete", click: () => does.onDelete(delivery.id) }, t("delete")),
      about.forward_to ? null : el("span", { class: "quiet hint" }, t("no_forward")));
  }

  // What a sender writes anew, and what was not kept, is not handed back.
  const letter = (delivery, text) => ({
    callback: delivery.callback, method: delivery.method, body: text, headers: delivery.sent_headers,
  });

  function save() {
    const link = el("a", { download: `delivery-${shown.delivery.id}.bin` });
    link.href = URL.createObjectURL(new Blob([shown.bytes]));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async function sendAgain() {
    const { id } = shown.delivery;
    const button = byId("send");
    button.disabled = true;
    button.textContent = t("sending");
    const answer = await post(`deliveries/${id}/send`).catch(error => ({ at: Date.now(), why: error.message }));
    answers.set(id, [answer, ...(answers.get(id) ?? [])].slice(0, 5));
    if (shown?.delivery.id !== id) return;
    const now = byId("send");
    now.disabled = false;
    now.textContent = t("send_again");
    drawAnswers();
    now.focus();
  }

  function drawAnswers() {
    byId("answers").replaceChildren(...(answers.get(shown.delivery.id) ?? []).map(answer => answer.why !== undefined
      ? el("div", { class: "answer bad" }, t("not_sent", { why: answer.why }))
      : el("div", { class: `answer ${answer.status >= 200 && answer.status < 300 ? "good" : "bad"}` },
        el("div", {}, el("b", {}, seen(answer.told)), ` · ${duration(answer.ms)} · ${clock(answer.at)}`),
        el("div", { class: "quiet" }, t("sent", { url: about.forward_to })),
        answer.left_out.length ? el("div", { class: "quiet" }, t("left_out", { names: answer.left_out.join(", ") })) : null,
        answer.body ? el("details", {}, el("summary", {}, t("tab_answer")), el("pre", { class: "raw" }, seen(answer.body))) : null)));
  }

  function show(name) {
    tab = name;
    drawTabs();
  }

  function drawTabs() {
    const { delivery, bytes, life } = shown;
    const focused = byId("tabs").contains(document.activeElement);
    const label = name => name === "life" && delivery.message ? `${t("tab_life")} (${life.length})` : t(`tab_${name}`);
    byId("tabs").replaceChildren(...TABS.map(name => el("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(name === tab), "aria-controls": "panel",
      tabindex: name === tab ? "0" : "-1", click: () => show(name), keydown: turnTab,
    }, label(name))));
    if (focused) byId(`tab-${tab}`).focus();
    const panel = byId("panel");
    panel.setAttribute("aria-labelledby", `tab-${tab}`);
    const cut = delivery.whole ? null : el("p", { class: "note bad" }, t("not_whole", { count: bytes.length }));
    panel.replaceChildren(...[
      tab === "body" ? bodyView(delivery, bytes) : tab === "bytes" ? bytesView(delivery, bytes)
        : tab === "compare" ? compareView(delivery, bytes, beside || before(), id => { beside = id; drawTabs(); byId("compare-with").focus(); })
        : tab === "headers" ? headersView(delivery) : tab === "answer" ? answerView(delivery)
          : lifeView(life, states(life), delivery.id, does, box.clientWidth - 32),
      tab === "body" || tab === "bytes" ? cut : null].filter(Boolean));
  }

  function turnTab(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]);
  }

  /** The delivery of the same message before this one, else the one that came before. */
  const before = () => shown.life[shown.life.findIndex(row => row.id === shown.delivery.id) - 1]?.id ?? Math.max(0, shown.delivery.id - 1);

  const states = life => about.contract.callbacks.find(callback => life.some(row => row.callback === callback.name))?.states
    ?? about.contract.callbacks[0]?.states ?? [];

  const headersView = delivery => el("table", { class: "headers" }, el("tbody", {},
    delivery.headers.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, seen(name)), el("td", {}, seen(value))))));

  const answerView = delivery => el("div", {},
    delivery.wire ? el("p", { class: "note bad" }, t(`wire_${delivery.wire}`)) : null,
    el("p", {}, status(delivery), " ", duration(delivery.ms)),
    el("pre", { class: "raw" }, seen(delivery.answer.replaceAll("\r\n", "\n"))));

  return {
    open, close, refresh, draw: () => { draw(); },
    about: value => { about = value; if (shown) draw(); },
    isOpen: () => Boolean(shown),
    step: () => byId(`tab-${tab}`)?.focus(),
  };
}
