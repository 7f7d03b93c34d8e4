"use strict";
(() => {
  const rows = all("[data-row]").map((row) => [row, row.textContent.toLowerCase()]);
  const onlyNew = document.getElementById("only-new");
  const count = document.getElementById("count");
  const sift = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const isOn = onlyNew?.getAttribute("aria-pressed") === "true";
    for (const [row, text] of rows) {
      row.hidden = (isOn && row.dataset.new === "0") || !words.every((word) => text.includes(word));
    }
    count.textContent = rows.filter(([row]) => !row.hidden).length;
  };
  filter.addEventListener("input", sift);
  onlyNew?.addEventListener("click", () => {
    onlyNew.setAttribute("aria-pressed", String(onlyNew.getAttribute("aria-pressed") !== "true"));
    sift();
  });
  sift();
})();
