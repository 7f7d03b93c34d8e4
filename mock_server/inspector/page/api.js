// What is asked of the mock: with the token where there is one, and a stream that comes back when it breaks.

import { recall, remember } from "./dom.js";

let token = recall("token", "sessionStorage");

/** Takes the token out of the address, so that it is neither seen, bookmarked nor shared by chance. */
export function takeToken() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return;
  setToken(decodeURIComponent(found[1]));
  history.replaceState(null, "", location.pathname);
}

export function setToken(value) {
  token = value;
  remember("token", value, "sessionStorage");
}

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// A header takes bytes only; whatever else was typed is no token.
const headers = () => token && /^[\x21-\x7e]+$/.test(token) ? { authorization: `Bearer ${token}` } : {};

async function ask(path, options = {}) {
  const response = await fetch(`api/${path}`, { ...options, headers: headers(), cache: "no-store" });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Refused(response.status, problem.detail ?? "");
}

export const get = async (path, parameters = {}, signal = undefined) => {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== "" && value != null));
  return (await ask(query.size ? `${path}?${query}` : path, { signal })).json();
};
export const bytes = async path => new Uint8Array(await (await ask(path)).arrayBuffer());
export const post = async (path, value = undefined) =>
  (await ask(path, { method: "POST", body: value === undefined ? undefined : JSON.stringify(value) })).json();
export const blob = async path => (await ask(path)).blob();

/** Calls `onLast` with the newest id now and whenever there is a newer one; tells its state by `onState`. */
export function listen(onLast, onState) {
  let controller = null;
  let wait = 500;
  let timer = 0;

  async function read() {
    controller = new AbortController();
    const mine = controller;
    onState("connecting");
    let dead = 0;
    try {
      const reader = (await ask("stream", { signal: mine.signal })).body.getReader();
      const decoder = new TextDecoder();
      let rest = "";
      // The mock gives a sign of life every ten seconds; without one the connection is dead, whatever TCP believes.
      const alive = () => { clearTimeout(dead); dead = setTimeout(() => mine.abort(), 30_000); };
      alive();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        alive();
        onState("live");
        wait = 500;
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = lines.pop();
        const last = Number(lines.at(-1)?.slice(6));
        if (lines.length) onLast(last);
      }
    } catch (error) {
      if (error instanceof Refused && [401, 403].includes(error.status)) { onState("refused", error); controller = null; return; }
    } finally {
      clearTimeout(dead);
    }
    if (controller !== mine) return; // hidden meanwhile
    controller = null;
    onState("lost");
    timer = setTimeout(start, wait);
    wait = Math.min(wait * 2, 8000);
  }

  function start() {
    clearTimeout(timer);
    if (controller || document.hidden) return;
    read();
  }

  // A browser opens six connections to a host, so a tab that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return start();
    clearTimeout(timer);
    const open = controller;
    controller = null;
    open?.abort();
    onState("asleep");
  });
  start();
  return start;
}
