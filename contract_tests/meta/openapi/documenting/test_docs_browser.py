"""The documentation in a real Chromium: it asks for nothing, complains of nothing, fits, is accessible and can be used.

Needs playwright (PyPI, without its browsers), chromium on the PATH, and axe-core from npm in NODE_PATH.
"""

from __future__ import annotations

import importlib.util
import re
import shutil

import pytest

from callback_contract.contract_tests.cli.docs_command import proof
from callback_contract.contract_tests.meta.support.browser import axe_violations
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.openapi import CONTRACT_FILE, load_contract
from callback_contract.openapi.documenting import address
from callback_contract.openapi.documenting.content.words import LANGUAGES
from callback_contract.openapi.documenting.site import write_site

pytestmark = pytest.mark.slow

CALLBACK = load_contract().callbacks[0]
EXAMPLES = "section[aria-labelledby=examples]"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def need(what, found):
    if not found:
        do_without(f"no {what}")
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("docs")
    written = write_site(out, CONTRACT_FILE, tuple(LANGUAGES), proof())
    return out, [name for name in written if name.endswith(".html") and name != "index.html"]


@pytest.fixture(scope="module")
def browser():
    need("playwright", importlib.util.find_spec("playwright"))
    chromium = need("chromium on the PATH", shutil.which("chromium") or shutil.which("chromium-browser"))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


def one_of_each_kind(names):
    """The pages without those that differ from another one in the contract's words alone."""
    return {re.sub(r"(?<=/)(rules|profile|callback)-.*", r"\1-", name): name for name in names}.values()


class Watched:
    """A page, and what it asked for or complained of."""

    def __init__(self, browser, **options):
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, out, name):
        self.page.goto(f"file://{out}/{name}")
        return self.page


@pytest.fixture
def watched(browser):
    opened = []

    def watch(**options):
        opened.append(Watched(browser, **options))
        return opened[-1]

    yield watch
    for each in opened:
        each.context.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_pages_fit_ask_for_nothing_and_complain_of_nothing(site, watched, size):
    out, names = site
    reader = watched(viewport=size)
    for name in names:
        page = reader.open(out, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
    assert reader.complaints == []
    assert [url for url in reader.requests if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in reader.requests if url.startswith("file:")]) == len(names)


@pytest.mark.parametrize(
    ("theme", "size", "folder"),
    [("light", DESK, "zh/"), ("dark", DESK, "en/"), ("light", PHONE, "en/")],
    ids=["light", "dark", "phone"],
)
def test_axe_finds_no_violation(site, watched, theme, size, folder):
    out, names = site
    reader = watched(viewport=size, color_scheme=theme, bypass_csp=True)
    found = {}
    for name in one_of_each_kind(name for name in names if name.startswith(folder)):
        page = reader.open(out, name)
        page.fill("#q", "ack")  # what it finds is judged, too
        page.wait_for_selector("#found a")
        found |= {f"{name}: {rule}": where for rule, where in axe_violations(page).items()}
    assert found == {}


def test_search_works_by_keyboard_in_both_languages(site, watched):
    out, _ = site
    for lang in LANGUAGES:
        page = watched(viewport=DESK).open(out, f"{lang}/index.html")
        page.keyboard.press("/")
        page.keyboard.type("ord-02")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/{lang}/rules-ORD.html#ORD-02")


def test_search_finds_chinese_words(site, watched):
    page = watched(viewport=DESK).open(site[0], "zh/index.html")
    page.fill("#q", "重复投递")
    page.wait_for_selector("#found a")
    assert page.locator("#found a").count() > 1


def test_deep_link_to_an_example_shows_it(site, watched):
    example = CALLBACK.examples[-1].name
    page = watched(viewport=DESK).open(site[0], "en/" + address("example", CALLBACK.name, example))
    assert page.locator(f"{EXAMPLES} [role=tab][aria-selected=true]").inner_text() == example
    assert page.locator(f"{EXAMPLES} .panel:visible").count() == 1


def test_language_switch_keeps_the_place(site, watched):
    page = watched(viewport=DESK).open(site[0], "en/rules-PAY.html#PAY-17")
    page.click("a.lang")
    page.wait_for_url("**/zh/rules-PAY.html#PAY-17")


def test_contents_open_on_a_phone(site, watched):
    page = watched(viewport=PHONE).open(site[0], "en/index.html")
    assert not page.locator("#nav").is_visible()
    page.click(".menu")
    page.click("#nav >> text=Delivery behaviour")
    page.wait_for_url("**/en/delivery.html")


def test_table_that_goes_on_beyond_a_phones_edge_is_shaded_there_and_not_at_its_end(site, watched):
    page = watched(viewport=PHONE).open(site[0], "en/matrix.html")
    table = page.locator(".scroll")
    assert table.evaluate("e => e.scrollWidth > e.clientWidth")
    corner = {"x": PHONE["width"] - 40, "y": table.bounding_box()["y"], "width": 22, "height": 12}
    table.evaluate("e => { e.querySelector('table').style.visibility = 'hidden'; }")
    shaded = page.screenshot(clip=corner)
    table.evaluate("e => { e.scrollLeft = e.scrollWidth; }")
    assert shaded != page.screenshot(clip=corner)


def test_copying_takes_what_is_shown(site, watched):
    reader = watched(viewport=DESK, permissions=["clipboard-read", "clipboard-write"])
    page = reader.open(site[0], "en/testing.html")
    page.click(".copy >> nth=1")
    page.wait_for_selector(f".copy:has-text('{page.locator('body').get_attribute('data-copied')}')")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(".commands code").first.inner_text()


def test_rules_are_filtered_and_a_deep_link_still_reaches_each(site, watched):
    page = watched(viewport=DESK).open(site[0], "en/rules.html")
    page.click("[data-show=should]")
    assert page.locator(".rule .level.must:visible").count() == 0
    page.evaluate("location.hash = 'ACK-01'")
    page.wait_for_url("**/en/rules-ACK.html#ACK-01")
    page.wait_for_selector("#ACK-01:visible")


def test_rules_are_folded_and_a_link_opens_its_rule_alone(site, watched):
    page = watched(viewport=DESK).open(site[0], "en/rules.html#PAY-17")
    page.wait_for_url("**/en/rules-PAY.html#PAY-17")
    assert page.evaluate("[...document.querySelectorAll('details.rule[open]')].map(e => e.id)") == ["PAY-17"]
    assert page.evaluate("document.documentElement.scrollHeight") < 15_000


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("status", "status"),
        ("certificate", "Transport"),
        ("deduplicate", "What identifies an event"),
        ("download", "The contract as a file"),
        ("spring", "Spring Boot"),
        ("load", "Load"),
        ("read-back", "Stored state"),
    ],
)
def test_search_lists_the_thing_before_what_mentions_it_and_shows_no_synonyms(site, watched, typed, first):
    page = watched(viewport=DESK).open(site[0], "en/index.html")
    page.fill("#q", typed)
    page.wait_for_selector("#found a")
    assert page.locator("#found a").first.inner_text().startswith(first)
    assert "deduplicate" not in "".join(page.locator("#found small").all_inner_texts())


def test_search_by_name_leads_to_the_search_in_all_texts(site, watched):
    page = watched(viewport=DESK).open(site[0], "en/rules.html")
    page.fill("#q", "get_json()")
    page.wait_for_selector("#hit-all")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/index.html#q=get_json()")
    page.wait_for_selector("#hit-0")


def test_examples_are_within_the_first_screens_of_a_phone(site, watched):
    page = watched(viewport=PHONE).open(site[0], "en/" + address("callback", CALLBACK.name))
    assert page.locator("#examples").bounding_box()["y"] < PHONE["height"]
    assert page.locator("pre:visible").first.bounding_box()["y"] < 2 * PHONE["height"]


def test_examples_stand_to_the_right_of_the_fields_where_there_is_room(site, watched):
    page = watched(viewport=DESK).open(site[0], "en/" + address("callback", CALLBACK.name))
    fields, examples = page.locator("#fields").bounding_box(), page.locator("#examples").bounding_box()
    assert examples["x"] > fields["x"] + fields["width"] and examples["y"] < fields["y"]


def test_samples_are_shown_one_language_at_a_time_beside_the_examples(site, watched):
    page = watched(viewport=DESK).open(site[0], "en/" + address("callback", CALLBACK.name))
    page.get_by_role("tab", name="Swift").click()
    panels = page.locator("section[aria-labelledby=send] .panel:visible")
    assert panels.count() == 1 and "URLSession" in panels.inner_text() and "Not run here" in panels.inner_text()
    assert page.locator(f"{EXAMPLES} .panel:visible").count() == 1


def test_receivers_stand_in_tabs_and_a_link_chooses_one(site, watched):
    sample = proof().receivers[-1]
    page = watched(viewport=DESK).open(site[0], "en/" + address("receiver", sample.name))
    assert page.locator(".panel:visible h2").inner_text().startswith(sample.framework)
    assert page.locator(".panel:visible").count() == 1


def test_first_page_leads_to_the_readers_language(site, watched):
    for locale, lang in (("zh-CN", "zh"), ("de-DE", ""), ("en-GB", "en")):
        page = watched(viewport=DESK, locale=locale).open(site[0], "index.html")
        page.wait_for_url(f"**/{lang}/index.html" if lang else "**/docs*/index.html")


def test_without_scripts_everything_is_there(site, watched):
    page = watched(viewport=PHONE, java_script_enabled=False).open(site[0], "en/" + address("callback", CALLBACK.name))
    assert page.locator(f"{EXAMPLES} .panel:visible").count() == len(CALLBACK.examples)
    assert page.locator("#nav").is_visible()
    assert page.locator(".copy:visible").count() == 0


def test_on_paper_there_is_no_navigation_and_every_example(site, watched):
    page = watched(viewport=DESK).open(site[0], "en/" + address("callback", CALLBACK.name))
    page.emulate_media(media="print")
    assert not page.locator("#nav").is_visible()
    assert page.locator(f"{EXAMPLES} .panel:visible").count() == len(CALLBACK.examples)
