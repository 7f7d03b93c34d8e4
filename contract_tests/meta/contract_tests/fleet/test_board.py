"""The board: dates, changes and expiries of each partner, by the reports in its history."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.meta.support.browser import axe_violations, chromium, poor_contrasts
from callback_contract.contract_tests.meta.support.made_reports import (
    HOSTILE,
    finding,
    profile,
    report,
    rule,
    write_partners,
    written,
)
from callback_contract.contract_tests.reporting.partners.course import Change, Expiry, expiries, since_of
from callback_contract.contract_tests.reporting.partners.overview import merge_reports
from callback_contract.contract_tests.reporting.partners.page import partners_html
from callback_contract.contract_tests.reporting.partners.reading import partners_below


def run(day, *rules, **more):
    return report(*rules, run={"started_at": f"2026-06-{day:02}T10:00:00+00:00", "id": f"{day:08x}"}, **more)


def test_verdict_holds_since_the_first_run_of_an_unbroken_series():
    assert since_of([("1", "a"), ("2", "b"), ("3", "b")]) == "2"
    assert since_of([("1", "a"), ("2", "b")]) == "2"
    assert since_of([("1", "a")]) == ""


def test_partner_is_told_with_its_earlier_runs():
    earlier = [run(1, rule("A-1"), rule("A-2", "fail")), run(2, rule("A-1"), rule("A-2", "fail"))]
    (partner,) = merge_reports([run(3, rule("A-1", "fail"), rule("A-2"))], earlier=earlier).receivers
    assert (partner.outcome, partner.since) == ("fails", "2026-06-01")
    assert partner.change == Change(worse=("A-1",), better=("A-2",))
    assert [(each.day, each.broken) for each in partner.runs] == [
        ("2026-06-01", 1),
        ("2026-06-02", 1),
        ("2026-06-03", 1),
    ]


def test_run_that_ended_early_is_not_what_a_later_one_is_compared_with():
    cut = report(rule("A-1", "not applicable"), exit_code=130, conformant=False, run={"incomplete": "interrupted"})
    cut["run"]["started_at"] = "2026-06-02T10:00:00+00:00"
    earlier = [run(1, rule("A-1")), cut]
    (partner,) = merge_reports([run(3, rule("A-1", "fail"))], earlier=earlier).receivers
    assert partner.change.worse == ("A-1",)


def test_profile_that_is_not_conformant_tells_since_when():
    bad = profile("state", "not conformant")
    reports = [run(1, rule("A-1"), profiles=[profile("state")]), run(2, rule("A-1"), profiles=[bad])]
    (partner,) = merge_reports([run(3, rule("A-1"), profiles=[bad])], earlier=reports).receivers
    assert partner.profile_since == {"state": "2026-06-02"}


def test_waivers_and_certificates_expire():
    waived = rule("A-1", "waived") | {"waiver": {"reason": "r", "owner": "o", "until": "2026-07-02"}}
    days = finding("T-1") | {"texts": {"actual": {"key": "actual.days-left", "arguments": {"days": 1.5}}}}
    value = run(30, waived, rule("T-1", "warn") | {"findings": [days]})
    assert expiries(value) == (Expiry("2026-07-01", "certificate"), Expiry("2026-07-02", "waiver of A-1"))


def test_history_and_page_of_each_partner_are_found(tmp_path):
    base = report(rule("A-1"), rule("A-2"), rule("A-3"), rule("A-4"), rule("A-5"), *(rule(f"B-{n}") for n in range(9)))
    base["profiles"] = [profile("answers"), profile("state")]
    assert list(write_partners(tmp_path, base, partners=2, runs=3)) == ["acme-asia", "globex-asia"]
    (tmp_path / "gone/history").mkdir(parents=True)
    merged = partners_below((tmp_path,), links_from=tmp_path)
    assert {partner.link for partner in merged.receivers} == {"acme-asia/report.html", "globex-asia/report.html"}
    assert [len(partner.runs) for partner in merged.receivers] == [3, 3]
    assert merged.unreported == ("gone",)


def test_link_to_a_report_cannot_leave_its_attribute(tmp_path):
    folder = written(tmp_path / 'a"><script>', report(rule("A-1")))
    (folder / "report.html").write_text("x")
    page = partners_html(partners_below((tmp_path,), links_from=tmp_path))
    assert 'href="a%22%3E%3Cscript%3E/report.html"' in page


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def show(browser, tmp_path):
    base = report(*(rule(f"ACK-{n:02}", level="MUST" if n % 3 else "SHOULD") for n in range(1, 30)))
    base["profiles"] = [profile("answers"), profile("state"), profile("load")]
    list(write_partners(tmp_path, base))
    written(tmp_path / "hostile", report(rule("ACK-01", "fail"), name=HOSTILE))
    file = tmp_path / "index.html"
    file.write_text(partners_html(partners_below((tmp_path,), links_from=tmp_path)), encoding="utf-8")
    contexts = []

    def opened(width=1280, place="", **more):
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, offline=True, **more))
        page = contexts[-1].new_page()
        page.said, page.asked_for = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked_for.append(request.url))
        page.goto(file.as_uri() + place)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_board_fits_reads_and_asks_for_nothing(show, width, scheme, language):
    page = show(width, f"#lang={language}", color_scheme=scheme, bypass_csp=True)
    assert (page.said, len(page.asked_for)) == ([], 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert poor_contrasts(page) == []
    assert axe_violations(page) == {}


@pytest.mark.slow
def test_rows_are_filtered_and_sorted(show):
    page = show()
    rows = page.locator("#partners tbody tr:visible")
    assert rows.count() == 41
    page.locator("[data-only=fails]").click()
    assert 0 < rows.count() < 41 and page.locator("[data-count]:visible").inner_text() == str(rows.count())
    page.locator("[data-only=fails]").click()
    page.locator("#filter").fill("globex")
    assert rows.count() == 4
    page.locator("#filter").fill("")
    page.locator("th[data-sort=name] button").click()
    names = page.locator("#partners tbody tr").evaluate_all("rows => rows.map(row => row.dataset.name)")
    assert names == sorted(names) and page.locator("th[data-sort=name]").get_attribute("aria-sort") == "ascending"
    page.locator("#profile").select_option("state")
    assert 0 < rows.count() < 41
    page.locator("[data-rule=ACK-01]").click()
    assert page.locator("#filter").input_value() == "ACK-01"
