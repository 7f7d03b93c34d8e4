// Two deliveries beside each other, member by member: what only one has, and what differs.

import { bytes, get } from "./api.js";
import { textOf } from "./body.js";
import { el, seen, t } from "./dom.js";
import { lines } from "./pretty.js";

const MOST = 500;

/** What a delivery says, by place: members of the body by pointer as they are spelt, and headers by name. */
function told(delivery, body) {
  const found = new Map(delivery.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const text = textOf(body);
  try {
    JSON.parse(text ?? "");
  } catch {
    return found.set("", text ?? [...body].map(byte => byte.toString(16).padStart(2, "0")).join(" "));
  }
  for (const line of lines(text)) {
    const value = line.parts.filter(([kind]) => kind !== "key").map(([, part]) => part).join("").replace(/^: /, "").replace(/,$/, "");
    if (line.pointer !== null && value !== "{" && value !== "[") found.set(line.pointer || "/", value);
  }
  return found;
}

/** The view of one delivery compared with another, whose number may be changed. */
export function compareView(delivery, body, other, onOther) {
  const number = el("input", { type: "number", min: 1, value: other || "", id: "compare-with", change: () => onOther(Number(number.value)) });
  const result = el("div", { "aria-live": "polite" }, el("p", { class: "quiet" }, t("compare_says")));
  if (other) compared(delivery, body, other).then(made => result.replaceChildren(made), error => result.replaceChildren(
    el("p", { class: "note bad" }, error.status === 404 ? t("forgotten") : seen(error.message))));
  return el("div", {}, el("label", { for: "compare-with" }, t("compare_with"), " "), number, result);
}

async function compared(delivery, body, other) {
  const [theirs, bytesOfIt] = await Promise.all([get(`deliveries/${other}`), bytes(`deliveries/${other}/body`)]);
  const [here, there] = [told(delivery, body), told(theirs, bytesOfIt)];
  const places = [...new Set([...here.keys(), ...there.keys()])].filter(place => here.get(place) !== there.get(place));
  if (!places.length) return el("p", { class: "note good" }, t("compare_same"));
  const cell = value => el("td", {}, value === undefined ? el("span", { class: "quiet" }, t("absent")) : seen(value.slice(0, 2000)));
  return el("div", { class: "scroll" }, el("table", { class: "compared" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("compare_place")), el("th", { scope: "col" }, `#${delivery.id}`), el("th", { scope: "col" }, `#${other}`))),
    el("tbody", {}, places.slice(0, MOST).map(place => el("tr", { class: !here.has(place) ? "less" : !there.has(place) ? "more" : "other" },
      el("th", { scope: "row" }, seen(place || t("whole_body"))), cell(here.get(place)), cell(there.get(place)))))));
}
