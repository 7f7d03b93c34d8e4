"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];
  // A page opened from a file may have no storage; then nothing is remembered.
  const remember = (key, value) => { try { localStorage.setItem("callback-contract-" + key, value); } catch { } };
  const remembered = (key) => { try { return localStorage.getItem("callback-contract-" + key); } catch { return null; } };

  const filter = document.getElementById("filter");
  const speak = (language) => {
    root.lang = language;
    for (const button of all("[data-speak]")) button.setAttribute("aria-pressed", String(button.dataset.speak === language));
    filter.placeholder = filter.ariaLabel = filter.dataset[language];
    for (const button of all("button[data-en]")) button.ariaLabel = button.dataset[language];
    document.title = root.dataset["title" + (language === "zh" ? "Zh" : "En")];
  };
  for (const button of all("[data-speak]")) {
    button.addEventListener("click", () => { speak(button.dataset.speak); remember("language", button.dataset.speak); });
  }
  const asked = /[#&]lang=(en|zh)\b/.exec(location.hash)?.[1];
  speak(asked || remembered("language") || (navigator.language.startsWith("zh") ? "zh" : "en"));

  const theme = document.getElementById("theme");
  const askedTheme = /[#&]theme=(light|dark)\b/.exec(location.hash)?.[1] || remembered("theme");
  if (askedTheme === "light" || askedTheme === "dark") root.dataset.theme = askedTheme;
  theme.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remember("theme", root.dataset.theme);
  });

  document.getElementById("print").addEventListener("click", () => print());
  const exchanges = all("details.exchange");
  const set = (open) => { for (const details of exchanges) details.open = open; };
  document.getElementById("expand")?.addEventListener("click", () => set(true));
  document.getElementById("collapse")?.addEventListener("click", () => set(false));
  const folded = all("details.same");
  let before = [];
  addEventListener("beforeprint", () => {
    before = [...exchanges, ...folded].map((details) => [details, details.open]);
    for (const details of folded) details.open = true; // paper cannot be opened
    if (exchanges.length <= 60) set(true);
  });
  addEventListener("afterprint", () => { for (const [details, open] of before) details.open = open; });
  const reveal = () => { // newer browsers open what a link leads into, older ones do not
    const target = location.hash.startsWith("#finding-") && document.getElementById(location.hash.slice(1));
    const around = target && target.parentElement.closest("details.same");
    if (around && !around.open) { around.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();

  for (const button of all(".command button")) {
    button.addEventListener("click", async () => {
      const pre = button.parentElement.querySelector("pre");
      try {
        await navigator.clipboard.writeText(pre.textContent);
      } catch {
        getSelection().selectAllChildren(pre); // selected, it is one key away
        if (!document.execCommand("copy")) return;
      }
      button.dataset.done = "yes";
      button.querySelector(".todo").hidden = true;
      button.querySelector(".done").hidden = false;
      setTimeout(() => {
        button.querySelector(".todo").hidden = false;
        button.querySelector(".done").hidden = true;
      }, 1500);
    });
  }

  const rows = all(".rules tr[data-verdict]").map((row) => [row, row.textContent.toLowerCase()]);
  let verdict = "";
  const sift = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !((!verdict || row.dataset.verdict === verdict) && words.every((word) => text.includes(word)));
      count += !row.hidden;
    }
    for (const body of all(".rules tbody")) body.hidden = !body.querySelector("tr[data-verdict]:not([hidden])");
    document.getElementById("count").textContent = count;
  };
  filter.addEventListener("input", sift);
  for (const button of all("[data-only]")) {
    button.addEventListener("click", () => {
      verdict = button.dataset.only;
      for (const other of all("[data-only]")) other.setAttribute("aria-pressed", String(other === button));
      sift();
    });
  }
})();
