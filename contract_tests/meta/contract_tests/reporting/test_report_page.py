"""`report.html`, opened in a browser as the vendor to whom it was forwarded opens it."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.meta.support.browser import axe_violations, chromium, poor_contrasts
from callback_contract.contract_tests.meta.support.sample_reports import (
    HOSTILE,
    exchange,
    finding,
    hostile,
    report,
    rule,
)
from callback_contract.contract_tests.reporting.formats.highlighting import highlighted
from callback_contract.contract_tests.reporting.formats.html import Texts, report_html
from callback_contract.contract_tests.reporting.formats.words import LANGUAGES
from callback_contract.openapi.text.message import words_of

pytestmark = pytest.mark.slow  # a browser takes its time

TEXTS = Texts({"PAY": "请求体"}, {"PAY-01": {"statement": "接收方照做。", "why": "因为。"}})


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def show(browser, tmp_path):
    contexts = []

    def opened(value, *, width=1280, place="", **more):
        file = tmp_path / "report.html"
        file.write_text(report_html(value, TEXTS), encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, offline=True, **more))
        page = contexts[-1].new_page()
        page.said, page.asked_for = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: page.said.append(dialog.message))
        page.on("request", lambda request: page.asked_for.append(request.url))
        page.goto(file.as_uri() + place)
        return page

    yield opened
    for context in contexts:
        context.close()


def test_hostile_report_opens_without_errors_requests_or_foreign_elements(show):
    page = show(hostile())
    page.locator("#expand").click()
    assert page.said == []
    assert len(page.asked_for) == 1
    assert page.title().startswith("Staging</script>")
    foreign = "img, iframe, object, embed, form, base, script:not(body > script:last-child)"
    assert page.locator(foreign).count() == 0
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every(e => !e.getAttributeNames().some(n => /^on/.test(n)))"
    )
    assert page.locator("#finding-PAY-01 pre", has_text="document.title='owned'").count() > 0


def test_policy_forbids_scripts_that_are_not_the_pages_own(show):
    page = show(report(rule("ACK-01", "pass")))
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s)"
    )
    assert page.title() != "1"
    assert "Content Security Policy" in page.said[0]


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_page_fits_its_window(show, width):
    page = show(hostile(), width=width)
    page.locator("#expand").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_language_is_switched_within_the_page_and_what_has_no_translation_stays(show):
    page = show(hostile())
    shown = page.locator("#finding-PAY-01")
    assert "What to change" in shown.inner_text() and "如何修改" not in shown.inner_text()
    page.get_by_role("button", name="中文").click()
    text = shown.inner_text()
    assert "如何修改" in text and "What to change" not in text
    assert "接收方照做。" in text and "Do it." in text
    assert page.locator("html").get_attribute("lang") == "zh"
    assert page.locator("#filter").get_attribute("placeholder") == words_of("page")["filter"][1]


def test_language_comes_from_the_address_or_the_browser(show):
    assert show(hostile(), place="#lang=zh").locator("h1").inner_text().strip() == words_of("page")["broken"][1]
    assert show(hostile(), locale="zh-CN").locator("h1").inner_text().strip() == words_of("page")["broken"][1]


def test_page_reads_without_scripts(show):
    page = show(hostile(), java_script_enabled=False)
    assert page.locator("h1").inner_text().strip() == words_of("page")["broken"][0]


def test_rules_are_filtered_by_text_and_verdict(show):
    page = show(hostile())
    visible = page.locator(".rules tr[data-verdict]:visible")
    page.locator("#filter").fill("pay-0")
    assert visible.count() == 3
    page.locator("[data-only=flaky]").click()
    assert visible.count() == 1 and page.locator("#count").inner_text() == "1"
    page.locator("#filter").fill("no such rule")
    assert visible.count() == 0


def test_rules_are_filtered_by_level_and_chapter(show):
    page = show(hostile())
    visible = page.locator(".rules tr[data-verdict]:visible")
    page.locator("[data-level=SHOULD]").first.click()
    assert [row.get_attribute("id") for row in visible.all()] == ["rule-ACK-02"]
    page.locator("#chapter").select_option("PAY")
    assert visible.count() == 0
    page.locator("button[data-level=SHOULD]").click()  # pressed again, it filters no more
    assert visible.count() == 3


@pytest.mark.parametrize("width", [1440, 390])
def test_first_screen_leads_to_the_gravest_failure_and_plays_it_again(show, width):
    page = show(same_answer(), width=width)
    first, command = page.locator(".failures a").first, page.locator(".verdict .command")
    assert max(first.bounding_box()["y"], command.bounding_box()["y"]) < 800
    assert command.locator("code").inner_text() == "callback-contract check http://127.0.0.1:1/x --rules PAY-01"
    first.click()
    assert page.url.endswith("#finding-PAY-01")


def test_one_exchange_is_open_and_the_others_are_folded(show):
    several = [finding("x", number, exchanges=[exchange("x", number)] * 3) for number in (1, 2)]
    page = show(report(rule("PAY-01", "fail", several), rule("PAY-02", "fail", several)))
    assert page.locator("details.exchange[open]").count() == 1
    assert page.locator(".finding").first.locator(".exchange").nth(2).get_attribute("open") is not None
    assert page.locator("details.instance[open]").count() == 0


def test_index_of_rules_is_folded_on_a_phone_and_a_link_to_a_rule_opens_it(show):
    page = show(hostile(), width=390)
    assert not page.locator("#rule-ACK-01").is_visible()
    page.locator("#not-judged ~ div a").first.click()
    page.locator("#rule-ACK-03").wait_for()


def test_what_was_not_judged_is_told_once_with_what_would_judge_it(show):
    unjudged = rule("STA-01", "not applicable", reason="needs read-back") | {"lacks": ["read-back"]}
    blocked = rule("PAY-02", "blocked", reason="blocked: PAY-01 is broken") | {"blocked_by": ["PAY-01"]}
    page = show(report(unjudged, blocked, rule("PAY-01", "fail"), not_reached=["LOD-01"]))
    rows = page.locator(".unjudged tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows] == [
        ["needs read-back", "add --state-url …", "STA-01"],
        ["blocked: PAY-01 is broken", "mend PAY-01 first", "PAY-02"],
        ["The run ended before these rules", "a run that comes to its end", "LOD-01"],
    ]


def test_one_key_leads_to_the_first_finding_and_to_the_next(show):
    page = show(hostile())
    for wanted in ("PAY-01", "PAY-02"):
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.id") == f"finding-{wanted}"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter"


def test_keys_are_told_where_there_is_a_keyboard(show):
    assert show(hostile()).locator(".keys").is_visible()
    assert not show(hostile(), width=390).locator(".keys").is_visible()


def test_page_is_worked_by_keyboard(show):
    page = show(hostile())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.locator("#finding-PAY-02 summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#finding-PAY-02 details.exchange").first.get_attribute("open") is not None


def same_answer():
    return report(*(rule(each, "fail", [finding("oops", 1, each)]) for each in ("PAY-01", "PAY-02", "PAY-03")))


def test_rules_of_one_cause_are_opened_by_keyboard_and_by_a_link(show):
    page = show(same_answer())
    assert not page.locator("#finding-PAY-03").is_visible()
    page.locator("details.same > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#finding-PAY-03").is_visible()
    assert show(same_answer(), place="#finding-PAY-03").locator("#finding-PAY-03").is_visible()


def test_printed_page_shows_every_rule_of_a_cause(show):
    page = show(same_answer())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#finding-PAY-03").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.locator("#finding-PAY-03").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_rules_of_one_cause_have_enough_contrast_and_no_violation(show, scheme):
    page = show(same_answer(), color_scheme=scheme, width=390, bypass_csp=True)
    for summary in page.locator("summary:visible").all():
        summary.evaluate("e => { e.parentElement.open = true }")
    assert poor_contrasts(page) == [] and axe_violations(page) == {}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_command_is_copied_as_it_is(show):
    page = show(hostile(), permissions=["clipboard-read", "clipboard-write"])
    button = page.locator("#finding-PAY-02 .command button").last
    button.click()
    page.locator("[data-done]").wait_for(state="attached")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "callback-contract check http://127.0.0.1:1/x --rules PAY-02"


def test_printed_page_shows_exchanges_and_no_buttons(show):
    page = show(hostile())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.exchange:not([open])").count() == 0
    assert page.locator("button:visible").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_enough_contrast(show, scheme):
    page = show(hostile(), color_scheme=scheme)
    page.locator("#expand").click()
    assert poor_contrasts(page) == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "light"), (1280, "dark")])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_no_violation_and_nothing_leaves_the_page(show, width, scheme, lang):
    page = show(hostile(), width=width, color_scheme=scheme, bypass_csp=True, place=f"#lang={lang}")
    page.locator("#expand").click()
    for summary in page.locator("summary:visible").all():
        summary.evaluate("e => { e.parentElement.open = true }")
    assert axe_violations(page) == {}
    assert page.said == [] and len(page.asked_for) == 1


def test_status_that_went_backwards_is_drawn_and_told(show):
    page = show(hostile())
    assert page.locator("#finding-PAY-01 circle.shown.down").count() == 2  # the point and its key
    page.locator("#finding-PAY-01 summary", has_text=words_of("page")["events"][0]).click()
    assert page.locator("#finding-PAY-01 td", has_text=words_of("page")["backwards"][0]).count() == 1


def test_big_report_stays_small_enough_to_work_with():
    rules = [rule(f"PAY-{n:02}", "fail", [finding("x" * 1990, n, f"PAY-{n:02}")]) for n in range(1, 101)]
    page = report_html(report(*rules))
    assert len(page) < 4_000_000
    assert page.count("<") < 60_000


@pytest.mark.parametrize("text", ['{"a":[1,"x",{}]}', '{"a" : 1}', "[" * 2000, '{"a":"\\u0000', "<b>", "", HOSTILE])
def test_highlighted_text_changes_nothing_but_line_breaks_and_what_cannot_be_seen(text):
    shown = highlighted(text).striptags() if "<" not in text else str(highlighted(text))
    if "<" in text:
        assert "<b>" not in shown and "<script" not in shown
    else:
        assert "".join(shown.split()) == "".join(text.split())
