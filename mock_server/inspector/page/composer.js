// A delivery to write: of any callback, example and state, or one that came; sent to the mock or to --forward-to.

import { get, post } from "./api.js";
import { byId, duration, el, seen, t } from "./dom.js";

/** `about` tells the callbacks and the targets; `safely` hears what a question was refused for. */
export function makeComposer(about, safely) {
  const box = byId("composer");
  let letter = { callback: "", method: "POST", headers: [], body: "" };
  let target = "";
  let turn = 0;

  const fields = () => byId("composer-form").elements;
  const named = name => about().contract.callbacks.find(callback => callback.name === name) ?? about().contract.callbacks[0];
  const targets = () => {
    const { forward_to: forward, own_url: own } = about();
    return [...forward ? [["forward", t("to_forward", { url: forward })]] : [], ["mock", t("to_mock", { url: own })]];
  };

  /** Opens it with a fresh delivery, or with one that came. */
  async function open(given = null, wanted = {}) {
    target = targets().some(([name]) => name === target) ? target : targets()[0][0];
    const { callback = about().contract.callbacks[0].name, example = "" } = wanted;
    if (given) letter = given; else await fresh(callback, { example });
    draw(Boolean(given), example);
    if (!box.open) box.showModal();
    fields().body.focus();
  }

  async function fresh(callback, more = {}) {
    const mine = ++turn;
    const made = await get("compose", { callback, ...more });
    if (mine === turn) letter = made;
  }

  function chosen(event) {
    const { callback, example, state } = fields();
    const same = event.target !== callback;
    safely(fresh(callback.value, same ? { example: example.value, state: state.value } : {}).then(() => {
      if (!same) draw(false);
      write();
    }));
  }

  function write() {
    fields().headers.value = letter.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
    fields().body.value = letter.body;
  }

  const select = (name, word, values, value, change) => el("label", {}, el("span", {}, t(word)),
    Object.assign(el("select", { name, change }, values.map(([key, label]) => el("option", { value: key, selected: key === value }, label)))));

  function draw(edits, example = "") {
    const callback = named(letter.callback);
    const anyOr = values => [["", t("any")], ...values.map(value => [value, value])];
    box.setAttribute("aria-label", t(edits ? "edit" : "compose"));
    box.replaceChildren(el("form", { id: "composer-form", submit: event => { event.preventDefault(); safely(send()); } },
      el("h2", {}, t(edits ? "edit" : "compose")),
      edits ? null : el("div", { class: "choices" },
        select("callback", "callback", about().contract.callbacks.map(({ name }) => [name, name]), callback.name, chosen),
        select("example", "example", anyOr(callback.examples), example, chosen),
        select("state", "state", anyOr(callback.states), "", chosen)),
      select("to", "send_to", targets(), target, event => { target = event.target.value; }),
      el("label", {}, el("span", {}, t("tab_headers")), el("textarea", { name: "headers", rows: 4, spellcheck: "false" })),
      el("label", {}, el("span", {}, t("tab_body")), el("textarea", { name: "body", rows: 12, spellcheck: "false" })),
      el("p", { class: "quiet" }, t("signed_anew")),
      el("div", { class: "tools" },
        el("button", { type: "submit", class: "primary", id: "composer-send" }, t("send_now")),
        el("button", { type: "button", click: () => box.close() }, t("close"))),
      el("div", { id: "composer-answer", "aria-live": "polite" })));
    write();
  }

  async function send() {
    const { headers, body, to } = fields();
    const pairs = headers.value.split("\n").filter(line => line.trim()).map(line => {
      const at = line.indexOf(":");
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    });
    const button = byId("composer-send");
    button.disabled = true;
    const given = { callback: letter.callback, method: letter.method, to: to.value, headers: pairs, body: body.value };
    const answer = await post("send", given).catch(error => ({ why: error.message }));
    button.disabled = false;
    byId("composer-answer").replaceChildren(answer.why !== undefined
      ? el("div", { class: "answer bad" }, t("not_sent", { why: answer.why }))
      : el("div", { class: `answer ${answer.status >= 200 && answer.status < 300 ? "good" : "bad"}` },
        el("b", {}, seen(answer.told)), ` · ${duration(answer.ms)}`,
        answer.body ? el("pre", { class: "raw" }, seen(answer.body)) : null));
  }

  return { open };
}
