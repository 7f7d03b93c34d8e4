"use strict";
(() => {
  document.getElementById("print").addEventListener("click", () => print());
  const exchanges = all("details.exchange, details.instance");
  const set = (open) => { for (const details of exchanges) details.open = open; };
  document.getElementById("expand")?.addEventListener("click", () => set(true));
  document.getElementById("collapse")?.addEventListener("click", () => set(false));
  const folded = all("details.same, details.paper");
  let before = [];
  addEventListener("beforeprint", () => {
    before = [...exchanges, ...folded].map((details) => [details, details.open]);
    for (const details of folded) details.open = true; // paper cannot be opened
    if (exchanges.length <= 60) set(true);
  });
  addEventListener("afterprint", () => { for (const [details, open] of before) details.open = open; });
  const narrow = matchMedia("(max-width: 64rem)");
  if (narrow.matches) document.getElementById("rules").open = false; // else a hundred rules stand before the findings
  const reveal = () => { // newer browsers open what a link leads into, older ones do not
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    let opened = false;
    for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) {
      opened ||= !around.open;
      around.open = true;
    }
    if (opened) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  for (const button of all(".command button")) {
    button.addEventListener("click", async () => {
      const shown = button.parentElement.firstElementChild;
      try {
        await navigator.clipboard.writeText(shown.textContent);
      } catch {
        getSelection().selectAllChildren(shown); // selected, it is one key away
        if (!document.execCommand("copy")) return;
      }
      button.dataset.done = "yes";
      setTimeout(() => { delete button.dataset.done; }, 1500);
    });
  }

  const rows = all(".rules tr[data-verdict]").map((row) => [row, row.textContent.toLowerCase()]);
  const chapter = document.getElementById("chapter");
  const pressed = { only: "", level: "" };
  const sift = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !((!pressed.only || row.dataset.verdict === pressed.only)
        && (!pressed.level || row.dataset.level === pressed.level)
        && (!chapter.value || row.parentElement.dataset.chapter === chapter.value)
        && words.every((word) => text.includes(word)));
      count += !row.hidden;
    }
    for (const body of all(".rules tbody")) body.hidden = !body.querySelector("tr[data-verdict]:not([hidden])");
    document.getElementById("count").textContent = count;
  };
  filter.addEventListener("input", sift);
  chapter.addEventListener("change", sift);
  for (const kind of ["only", "level"]) {
    const buttons = all(`button[data-${kind}]`);
    for (const button of buttons) {
      button.addEventListener("click", () => {
        const value = button.dataset[kind];
        pressed[kind] = pressed[kind] === value ? "" : value;
        for (const other of buttons) other.setAttribute("aria-pressed", String(other.dataset[kind] === pressed[kind]));
        sift();
      });
    }
  }

  // j and k go from finding to finding, / to the filter
  const findings = all("article.finding");
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    const step = { j: 1, k: -1 }[event.key];
    if (event.key === "/") {
      document.getElementById("rules").open = true;
      filter.focus();
    } else if (step && findings.length) {
      const at = findings.indexOf(document.getElementById(location.hash.slice(1)));
      const next = findings[Math.min(findings.length - 1, Math.max(0, at + step))];
      location.hash = next.id;
      next.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
  });
})();
