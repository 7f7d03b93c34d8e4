"""Browser of the tests: a Chromium on this machine, without a network."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from callback_contract.contract_tests.meta.support.means import do_without


@contextlib.contextmanager
def chromium():
    """Open the browser; without one, skip the test, or fail it where CI=true."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        do_without("needs Chromium and Playwright: apt install chromium, pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def poor_contrasts(page, besides=":not(*)"):
    """Return elements with a text contrast below 4.5 to 1 (WCAG 2.2, 1.4.3).

    Elements of the selector are left out.
    """
    return page.evaluate(_CONTRAST, besides)


def axe_violations(page):
    """Return axe-core's violations by rule, for a page opened with `bypass_csp`."""
    folders = [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder]
    axe = next(filter(Path.is_file, (folder / "axe-core/axe.min.js" for folder in folders)), None)
    if axe is None:
        do_without("no axe-core in NODE_PATH: npm install axe-core@4")
    page.add_script_tag(content=axe.read_text("utf-8"))
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return {each["id"]: [node["html"][:160] for node in each["nodes"][:3]] for each in result["violations"]}


_CONTRAST = """besides => {
  const numbers = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => numbers(c).slice(0, 3).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const b = getComputedStyle(e).backgroundColor;
    if (numbers(b)[3] !== 0) return b; } return "rgb(255, 255, 255)"; };
  const poor = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (e.matches(besides)) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) poor.add(e.tagName + "." + e.className + " " + ((a + .05) / (b + .05)).toFixed(2));
  }
  return [...poor];
}"""
