(function () {
  "use strict";
  var root = document.documentElement, body = document.body;
  function all(selector, from) { return Array.prototype.slice.call((from || document).querySelectorAll(selector)); }
  function one(selector, from) { return (from || document).querySelector(selector); }
  all(("DecompressionStream" in window ? ".search, " : "") + ".menu, .theme, .copy, .tabs, .filter").forEach(function (part) { part.hidden = false; });

  // Beside a mock, an example leads to where it is sent
  if (/\/callback-contract\/docs\/[a-z]+\/[^/]*$/.test(location.pathname) && location.protocol !== "file:") all(".panel[data-send]").forEach(function (panel) {
    var link = document.createElement("a"), line = document.createElement("p");
    link.href = "../../#compose&" + panel.dataset.send; link.textContent = body.dataset.send;
    line.appendChild(link); panel.insertBefore(line, one(".code-box", panel));
  });

  // The other language at the same place
  all("a.lang").forEach(function (link) {
    var plain = link.getAttribute("href");
    link.addEventListener("click", function () { link.href = plain + location.hash; });
  });

  // Contents on a phone
  var menu = one(".menu"), nav = one("#nav");
  function openMenu(open) { menu.setAttribute("aria-expanded", String(open)); nav.classList.toggle("open", open); }
  menu.addEventListener("click", function () { openMenu(menu.getAttribute("aria-expanded") !== "true"); });
  nav.addEventListener("click", function (event) { if (event.target.closest("a")) openMenu(false); });

  // A rule's command gets its button here: a hundred of them in the page would be a tenth of it
  all(".rule .meta code").forEach(function (code) {
    var button = document.createElement("button");
    button.type = "button"; button.className = "copy small"; button.textContent = body.dataset.copy;
    button.setAttribute("aria-label", body.dataset.copy + ": " + code.closest(".rule").id);
    code.after(" ", button);
  });

  // Copying: the text as it is shown, without the page's marks
  function copied(button, text) {
    function done() {
      var before = button.textContent;
      if (before === body.dataset.copied) return;
      button.textContent = body.dataset.copied;
      setTimeout(function () { button.textContent = before; }, 1400);
    }
    function byHand() {
      var area = document.createElement("textarea");
      area.value = text; area.className = "sr"; body.appendChild(area); area.select();
      if (document.execCommand("copy")) done();
      area.remove(); button.focus();
    }
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(text).then(done, byHand); else byHand();
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest(".copy");
    if (!button) return;
    var box = button.closest(".code-box"), code = box ? one("pre code", box) : one("code", button.parentNode);
    copied(button, code.textContent);
  });

  // Tabs: one panel of each list at a time
  function tabsOf(list) { return all("[role=tab]", list); }
  function panelOf(tab) { return document.getElementById(tab.getAttribute("aria-controls")); }
  function choose(tab, focus) {
    tabsOf(tab.parentNode).forEach(function (each) {
      var on = each === tab;
      each.setAttribute("aria-selected", String(on)); each.tabIndex = on ? 0 : -1;
      panelOf(each).hidden = !on;
    });
    if (focus) tab.focus();
  }
  all(".tabs").forEach(function (list) {
    var tabs = tabsOf(list);
    tabs.forEach(function (tab, index) {
      panelOf(tab).setAttribute("role", "tabpanel"); panelOf(tab).setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", function () { choose(tab); });
      tab.addEventListener("keydown", function (event) {
        var to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault(); choose(tabs[(to + tabs.length) % tabs.length], true);
      });
    });
    if (tabs.length) choose(one("[aria-selected=true]", list));
  });

  // A deep link shows what it leads to, whatever hides it
  function reveal() {
    var name; try { name = decodeURIComponent(location.hash.slice(1)); } catch (_) { return; }
    var place = name && document.getElementById(name);
    if (!place) return;
    if (place.classList.contains("panel")) choose(document.getElementById("tab-" + place.id));
    // A row of the index of rules leads to the page where its rule is told
    if (place.tagName === "LI" && place.classList.contains("rule")) { location.replace(one("a", place).href); return; }
    if (place.tagName === "DETAILS") place.open = true;
    place.scrollIntoView();
  }
  addEventListener("hashchange", reveal);

  // Rules by level or evidence
  var buttons = all(".filter button");
  function filter(kind) {
    var shown = 0;
    buttons.forEach(function (each) { each.setAttribute("aria-pressed", String(each.dataset.show === kind)); });
    all(".rule").forEach(function (rule) {
      rule.hidden = Boolean(kind) && rule.dataset.kinds.split(" ").indexOf(kind) < 0;
      if (!rule.hidden) shown += 1;
    });
    all(".chapter").forEach(function (chapter) { chapter.hidden = !one(".rule:not([hidden])", chapter); });
    var status = one(".filter [role=status]");
    status.textContent = shown + " " + status.dataset.shown;
  }
  buttons.forEach(function (button) { button.addEventListener("click", function () { filter(button.dataset.show); }); });
  if (location.hash) reveal();

  // Where the reader is, in the contents
  var inner = all("nav .inner a").filter(function (a) { return a.checkVisibility ? a.checkVisibility() : true; }), places = inner.map(function (a) { return document.getElementById(decodeURIComponent(a.hash.slice(1))); });
  if (inner.length && "IntersectionObserver" in window) {
    var stuck = function (place) { var box = place.closest(".right"); return box && getComputedStyle(box).position === "sticky"; };
    var mark = function () {
      var current = -1;
      places.forEach(function (place, i) { if (place && !stuck(place) && place.getBoundingClientRect().top < 140) current = i; });
      inner.forEach(function (a, i) { if (i === current) a.setAttribute("aria-current", "location"); else a.removeAttribute("aria-current"); });
    };
    var waiting = false;
    addEventListener("scroll", function () {
      if (waiting) return;
      waiting = true; requestAnimationFrame(function () { waiting = false; mark(); });
    }, { passive: true });
    mark();
  }

  // Search: every word has to occur; a name counts more than a text, a text more than a body, a beginning more than a middle
  var input = one("#q"), list = one("#found"), status = one(".search [role=status]"), rows, at = -1;
  function unpacked(text) {
    var digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;.=>?@^_`{|}~", bytes = [];
    for (var i = 0; i < text.length; i += 5) {
      var part = text.slice(i, i + 5), number = 0, j;
      for (j = 0; j < 5; j++) number = number * 85 + (j < part.length ? digits.indexOf(part[j]) : 84);
      for (j = 0; j < part.length - 1; j++) bytes.push(Math.floor(number / Math.pow(2, 24 - 8 * j)) & 255);
    }
    return new Uint8Array(bytes);
  }
  function load() {
    if (!rows) {
      var plain = new Blob([unpacked(one("#search-index").textContent)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
      rows = new Response(plain).json().then(function (columns) {
        return columns[0].map(function (name, i) {
          var url = columns[1][i], low = [name, columns[2][i], columns[4][i]].map(function (part) { return part.toLowerCase(); });
          return { name: name, others: columns[4][i].indexOf("\n") + 1, url: /#$/.test(url) ? url + name : url, text: columns[2][i], context: columns[3][i], words: columns[4][i], low: low, bare: bare(low[0]) };
        });
      });
    }
    return rows;
  }
  function bare(name) { return name.replace(/[-_.\s]/g, ""); }
  function whole(text, at, word) { return !/[a-z0-9]/.test(text.charAt(at - 1) + text.charAt(at + word.length)); }
  function find(text, rows) {
    var words = text.toLowerCase().split(/\s+/).filter(Boolean), hits = [];
    if (!words.length) return hits;
    rows.forEach(function (row, order) {
      var score = 0, small = [row.text, row.context];
      for (var i = 0; i < words.length; i++) {
        var word = words[i], name = row.low[0].indexOf(word), more = row.low[1].indexOf(word), body = row.low[2].indexOf(word);
        // msgid and msg-id find msg_id
        if (name < 0 && bare(word)) name = row.bare.indexOf(bare(word));
        if (name < 0 && more < 0 && body < 0) return;
        // Another name of the thing counts as the thing, and is not shown
        var other = name < 0 && body >= 0 && body < row.others;
        score += row.low[0] === word ? 100 : name === 0 ? 40 : name > 0 ? 20 : other ? 12 : more >= 0 && whole(row.low[1], more, word) ? 8 : more === 0 ? 6 : more > 0 ? 4 : 1;
        if (name < 0 && more < 0 && !other) {
          var from = Math.max(row.others, body - 24);
          small = [(from > row.others ? "…" : "") + row.words.slice(from, body + 90), row.context];
        }
      }
      hits.push([score, order, row, small.filter(Boolean).join(" · ")]);
    });
    return hits.sort(function (a, b) { return b[0] - a[0] || a[1] - b[1]; }).slice(0, 12);
  }
  function show() { return load().then(listHits); }
  function listHits(rows) {
    var hits = find(input.value, rows), asked = input.value.trim() !== "";
    list.textContent = ""; at = -1; input.removeAttribute("aria-activedescendant");
    hits.forEach(function (hit, i) {
      var link = document.createElement("a"), small = document.createElement("small");
      link.id = "hit-" + i; link.setAttribute("role", "option"); link.setAttribute("aria-selected", "false");
      link.href = hit[2].url; link.tabIndex = -1; link.textContent = hit[2].name; small.textContent = hit[3];
      link.appendChild(small); list.appendChild(link);
      link.addEventListener("click", close);
    });
    if (asked && body.dataset.texts) {
      var texts = document.createElement("a");
      texts.id = "hit-all"; texts.setAttribute("role", "option"); texts.setAttribute("aria-selected", "false"); texts.tabIndex = -1;
      texts.href = "index.html" + "#q=" + encodeURIComponent(input.value); texts.textContent = body.dataset.texts.replace("{typed}", input.value);
      list.appendChild(texts);
    }
    list.hidden = !list.children.length; input.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = !asked ? "" : hits.length ? hits.length + " " + status.dataset.found : status.dataset.none;
    status.classList.toggle("empty", asked && list.hidden);
    if (!list.hidden) move(0);
  }
  function move(to) {
    var items = list.children;
    if (!items.length) return;
    if (at >= 0) items[at].setAttribute("aria-selected", "false");
    at = (to + items.length) % items.length;
    items[at].setAttribute("aria-selected", "true"); items[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[at].id);
  }
  function close() { list.hidden = true; input.setAttribute("aria-expanded", "false"); status.classList.remove("empty"); }
  // What another page did not find by name is looked for in all texts here
  function search() {
    var asked = /^#q=(.*)/.exec(location.hash);
    if (asked && !body.dataset.texts) { try { input.value = decodeURIComponent(asked[1]); } catch (_) { return; } input.focus(); show(); }
  }
  addEventListener("hashchange", search);
  search();
  input.addEventListener("input", show);
  input.addEventListener("focus", function () { if (input.value) show(); });
  input.addEventListener("keydown", function (event) {
    if (event.key === "ArrowDown") { event.preventDefault(); move(at + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); move(at - 1); }
    else if (event.key === "Enter") {
      event.preventDefault();
      var go = function () { if (at >= 0) { var link = list.children[at]; close(); location.href = link.href; } };
      if (list.hidden) show().then(go); else go();
    }
    else if (event.key === "Escape") { input.value = ""; show().then(close); input.blur(); }
  });
  document.addEventListener("click", function (event) { if (!event.target.closest(".search")) close(); });
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); input.focus(); input.select(); }
    else if (event.key === "Escape" && menu.getAttribute("aria-expanded") === "true") { openMenu(false); menu.focus(); }
  });

  // On paper everything is open
  addEventListener("beforeprint", function () { all("main details").forEach(function (d) { d.dataset.was = d.open ? "1" : ""; d.open = true; }); });
  addEventListener("afterprint", function () { all("main details").forEach(function (d) { d.open = Boolean(d.dataset.was); }); });
})();
