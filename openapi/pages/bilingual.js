// English and Chinese in one page: a [data-speak] changes the language; it is remembered.
const root = document.documentElement;
const all = (selector) => [...document.querySelectorAll(selector)];
// A page opened from a file may have no storage; then nothing is remembered.
const remember = (key, value) => { try { localStorage.setItem("callback-contract-" + key, value); } catch { } };
const remembered = (key) => { try { return localStorage.getItem("callback-contract-" + key); } catch { return null; } };

const filter = document.getElementById("filter");
const speak = (language) => {
  root.lang = language;
  for (const button of all("[data-speak]")) button.setAttribute("aria-pressed", String(button.dataset.speak === language));
  for (const named of all("[aria-label][data-en]")) named.ariaLabel = named.dataset[language];
  for (const option of all("option[data-en]")) option.textContent = option.dataset[language];
  if (filter) filter.placeholder = filter.ariaLabel;
  document.title = root.dataset["title" + (language === "zh" ? "Zh" : "En")];
};
for (const button of all("[data-speak]")) {
  button.addEventListener("click", () => { speak(button.dataset.speak); remember("language", button.dataset.speak); });
}
const asked = /[#&]lang=(en|zh)\b/.exec(location.hash)?.[1];
speak(asked || remembered("language") || (navigator.language.startsWith("zh") ? "zh" : "en"));
