"""Pages at three widths, in both themes and languages: each kind fits, is readable, accessible, and asks for nothing.

The screenshots lie in pytest's temporary folder `screens0`, to be looked at.
"""

from __future__ import annotations

import re
from itertools import product

import pytest

from callback_contract.contract_tests.cli.docs_command import proof
from callback_contract.contract_tests.drift.observing import observe
from callback_contract.contract_tests.drift.page import drift_html
from callback_contract.contract_tests.meta.contract_tests.drift.planted import CONTRACT, planted, written
from callback_contract.contract_tests.meta.support.browser import axe_violations, chromium, poor_contrasts
from callback_contract.contract_tests.meta.support.inspecting import body, inspecting
from callback_contract.contract_tests.meta.support.sample_reports import finding, report, rule
from callback_contract.contract_tests.reporting.formats.html import report_html
from callback_contract.openapi import CONTRACT_FILE
from callback_contract.openapi.documenting.content.words import LANGUAGES
from callback_contract.openapi.documenting.site import write_site

pytestmark = pytest.mark.slow  # a browser takes its time

WIDTHS, THEMES = (390, 768, 1440), ("light", "dark")


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def screens(tmp_path_factory):
    return tmp_path_factory.mktemp("screens")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    written = [name for name in write_site(out, CONTRACT_FILE, tuple(LANGUAGES), proof()) if name.endswith(".html")]
    kinds = {re.sub(r"(?<=/)(rules|profile|callback)-.*", r"\1-", name): name for name in written}
    return {name: (out / name).as_uri() for name in kinds.values()}


def flaws(browser, screens, name, url, wait="body"):
    """What is wrong with a page at any width and in any theme."""
    found = []
    context = browser.new_context(bypass_csp=True, locale="zh-CN" if name.startswith("zh") else "en-US")
    page = context.new_page()
    page.on("console", lambda message: found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda request: found.append(request.url) if not near(request.url, url) else None)
    page.goto(url)
    page.locator(wait).first.wait_for()
    for width, theme in product(WIDTHS, THEMES):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"wider than {width}")
        found += [f"{theme} {width}: {poor}" for poor in poor_contrasts(page)]
        page.screenshot(path=screens / f"{name.replace('/', '-')}-{width}-{theme}.png")
    found += [f"axe {rule}: {where}" for rule, where in axe_violations(page).items()]
    context.close()
    return found


def near(url, of):
    """Whether a request stays where the page is from."""
    return url.startswith(("data:", "blob:")) or url.split("/")[:3] == of.split("/")[:3]


def test_documentation(browser, screens, site):
    found = {name: flaws(browser, screens, name, url) for name, url in site.items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_report(browser, screens, tmp_path, language):
    broken = rule("PAY-01", "fail", [finding("500 Internal Server Error")])
    (tmp_path / "report.html").write_text(report_html(report(broken)), "utf-8")
    assert flaws(browser, screens, f"{language}-report", (tmp_path / "report.html").as_uri()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_drift(browser, screens, tmp_path, language):
    traffic = written(tmp_path / "traffic.jsonl", planted(40))
    known = frozenset(each.id for each in observe([traffic], CONTRACT).drifts[:3])
    (tmp_path / "drift.html").write_text(drift_html(observe([traffic], CONTRACT, known)), "utf-8")
    assert flaws(browser, screens, f"{language}-drift", (tmp_path / "drift.html").as_uri()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_inspector(browser, screens, language):
    with inspecting() as mock:
        for status in ("wait", "send", "send", "archived"):
            mock.post(body(status=status))
        mock.post(b'{"a": 1}')
        assert flaws(browser, screens, f"{language}-inspector", mock.page, "#scroller [role=option]") == []
