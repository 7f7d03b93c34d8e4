// Before the first paint, at the root of the site: the reader's language.
(function (root) {
  if (root.dataset.languages) {
    var own = root.dataset.languages.split(" ");
    var wanted = navigator.languages || [];
    for (var i = 0; i < wanted.length; i++) {
      var code = wanted[i].slice(0, 2).toLowerCase();
      if (own.indexOf(code) >= 0) { location.replace(code + "/index.html" + location.hash); return; }
    }
  }
  root.classList.add("js");
})(document.documentElement);
