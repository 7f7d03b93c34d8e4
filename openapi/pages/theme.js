// Light or dark: as the address asks, as was chosen before, else as the system says. A [data-theme-switch] changes it.
(function (root) {
  "use strict";
  var name = "callback-contract-theme", asked = /[#&]theme=(light|dark)\b/.exec(location.hash), kept = null;
  try { kept = localStorage.getItem(name); } catch (_) { /* no storage: the system decides */ }
  var wanted = asked ? asked[1] : kept;
  if (wanted === "light" || wanted === "dark") root.dataset.theme = wanted;
  document.addEventListener("click", function (event) {
    if (!event.target.closest || !event.target.closest("[data-theme-switch]")) return;
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem(name, root.dataset.theme); } catch (_) { /* holds for this page only */ }
  });
})(document.documentElement);
