"use strict";
(() => {
  const day = (date) => date.toISOString().slice(0, 10);
  const today = day(new Date()), soon = day(new Date(Date.now() + 30 * 86400e3));
  for (const time of all("[data-until]")) {
    if (time.dataset.until <= soon) time.classList.add("ends", time.dataset.until < today ? "bad" : "warn");
  }

  const body = document.querySelector("#partners tbody");
  const rows = [...body.rows].map((row) => [row, row.textContent.toLowerCase()]);
  const profile = document.getElementById("profile");
  const toggles = all("[data-toggle]");
  const outcomes = all("[data-only]");
  let only = "";
  const on = { worse: false, expiring: false };
  const sift = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !((!only || row.dataset.outcome === only)
        && (!profile.value || row.dataset.lacks.split(" ").includes(profile.value))
        && (!on.worse || row.dataset.worse !== "0")
        && (!on.expiring || row.dataset.expires <= soon)
        && words.every((word) => text.includes(word)));
      count += !row.hidden;
    }
    for (const shown of all("[data-count]")) shown.textContent = count;
  };
  filter.addEventListener("input", sift);
  profile.addEventListener("change", sift);
  for (const button of outcomes) {
    button.addEventListener("click", () => {
      only = only === button.dataset.only ? "" : button.dataset.only;
      for (const other of outcomes) other.setAttribute("aria-pressed", String(other.dataset.only === only));
      sift();
    });
  }
  for (const button of toggles) {
    button.addEventListener("click", () => {
      const name = button.dataset.toggle;
      on[name] = !on[name];
      button.setAttribute("aria-pressed", String(on[name]));
      sift();
    });
  }

  // Each way to sort has a sign: 1 the smallest first, -1 the largest first; equal rows stay the worst first.
  const ways = { outcome: 1, name: 1, since: -1, changed: -1, breaks: -1, expires: 1, when: -1 };
  const sort = document.getElementById("sort");
  const order = rows.map(([row]) => row);
  const compare = (a, b) => {
    const key = sort.value === "outcome" ? "rank" : sort.value;
    const [x, y] = [a, b].map((row) => row.dataset[key]);
    return isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
  };
  const arrange = () => {
    body.append(...[...order].sort((a, b) => ways[sort.value] * compare(a, b)));
    for (const head of all("#partners [data-sort]")) {
      if (head.dataset.sort === sort.value) head.setAttribute("aria-sort", ways[sort.value] > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
  };
  sort.addEventListener("change", arrange);
  for (const button of all("#partners [data-sort] button")) {
    button.addEventListener("click", () => { sort.value = button.parentElement.dataset.sort; arrange(); });
  }
  for (const button of all("[data-rule]")) {
    button.addEventListener("click", () => {
      filter.value = button.dataset.rule;
      sift();
      filter.scrollIntoView();
    });
  }
})();
