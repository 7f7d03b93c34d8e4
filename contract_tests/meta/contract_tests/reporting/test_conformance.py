"""Conformance by profile, as a run ends with it: in the last lines, on each page, and as a statement with a badge."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from callback_contract.contract_tests.meta.support.made_reports import HOSTILE, SCHEMA, profile, report, rule
from callback_contract.contract_tests.reporting.formats.conformance import badge_svg, conformance_md, in_short
from callback_contract.contract_tests.reporting.formats.html import report_html
from callback_contract.contract_tests.reporting.formats.profile_words import profiles_line
from callback_contract.contract_tests.reporting.formats.summary import summary_md
from callback_contract.contract_tests.reporting.partners.output import partners_markdown, partners_text
from callback_contract.contract_tests.reporting.partners.overview import merge_reports
from callback_contract.contract_tests.reporting.terminal.terminal import _in_a_word
from callback_contract.openapi.rules.catalogue import PROFILES, SENDER_PROFILES
from callback_contract.openapi.text.message import Text

ANSWERS, LOAD = profile("answers", judged=86), profile("load", judged=4)
STATE = profile("state", "not judged", 0, read_back=[f"STA-{number:02}" for number in range(1, 19)])
BROKEN = profile("answers", "not conformant", 86, ["ACK-01", "ACK-02"])


def ran(*profiles, name="a receiver", verdict="pass", **more):
    word = all(each["verdict"] == "conformant" for each in profiles)
    return report(rule("ACK-01", verdict), name=name, profiles=list(profiles), conformant=word, **more)


def test_profiles_are_one_line_with_what_would_judge_the_rest():
    assert profiles_line(ran(ANSWERS, STATE, LOAD)) == (
        "answers: conformant (86 rules) · load: conformant (4) · "
        "state: NOT JUDGED (18 rules: duplicates, late and lost statuses; add --state-url …)"
    )
    assert profiles_line(ran(ANSWERS, STATE), "zh") == (
        "响应：符合（86 条规则） · 状态：未检测（18 条规则：重复、迟到与丢失的状态；请加 --state-url …）"
    )


def test_broken_profile_names_its_rules_and_counts_many():
    assert profiles_line(ran(BROKEN)) == "answers: NOT CONFORMANT (ACK-01, ACK-02)"
    many = BROKEN | {"broken": ["ACK-01"] * 7}
    assert profiles_line(ran(many)) == "answers: NOT CONFORMANT (7 rules)"


def test_profile_that_an_error_breaks_says_that_it_is_none_of_the_receivers():
    told = "could not be judged, by an error of the suite or the set-up that says nothing of the receiver"
    assert profiles_line(ran(BROKEN, verdict="error")) == f"answers: NOT CONFORMANT (ACK-02; 1 rule {told})"
    alone = BROKEN | {"broken": ["ACK-01"]}
    assert profiles_line(ran(alone, verdict="error")) == f"answers: NOT CONFORMANT (1 rule {told})"


def test_blocked_rules_name_what_is_to_be_mended():
    blocked = STATE | {"judged": 1, "gaps": [{"want": "blocked", "rules": ["STA-02"], "by": ["IDM-01"]}]}
    assert profiles_line(ran(blocked)) == "state: NOT JUDGED (1 rule: mend IDM-01 first)"


def test_everything_that_a_report_may_say_of_a_profile_has_words():
    wants = SCHEMA["$defs"]["profile"]["properties"]["gaps"]["items"]["properties"]["want"]["enum"]
    assert all(Text(f"profile.wants-{want}", by="") for want in wants)
    profiles = {*PROFILES, *SENDER_PROFILES}
    assert all(Text(f"profile.about-{name}") and Text(f"profile.{name}") for name in profiles)
    assert profiles == set(SCHEMA["$defs"]["profile_name"]["enum"])


REQUIRED = {"run": {"options": {"require": "state"}}, "exit_code": 3}


@pytest.mark.parametrize(
    ("value", "word", "short"),
    [
        (ran(ANSWERS, LOAD), "conformant", "conformant"),
        (
            ran(ANSWERS, STATE, LOAD),
            "nothing failed; not conformant until state is judged",
            "conformant: answers, load; not judged: state",
        ),
        (ran(ANSWERS, STATE, **REQUIRED), "not conformant; required and not judged: state", None),
        (ran(BROKEN, STATE, verdict="fail"), "not conformant", "not conformant"),
        (ran(BROKEN, STATE, verdict="waived"), "nothing failed; not conformant", "not conformant"),
        (ran(STATE, verdict="blocked"), "nothing could be judged", "not judged"),
        (
            ran(ANSWERS, STATE, run={"incomplete": "interrupted"}),
            "incomplete: interrupted",
            "not judged",
        ),
    ],
)
def test_bare_word_is_said_when_every_profile_is_conformant_and_never_else(value, word, short):
    assert _in_a_word(value) == word
    assert short is None or in_short(value) == short


def test_pages_say_each_profile_in_their_languages():
    value = ran(ANSWERS, STATE)
    page = report_html(value)
    assert "answers: conformant (86 rules)" in page and "响应：符合（86 条规则）" in page
    for text in (summary_md(value), conformance_md(value)):
        assert "\n- answers: conformant (86 rules)\n- state: NOT JUDGED (18 rules:" in text


def test_pages_of_markdown_are_in_chinese_where_the_run_is():
    value = ran(BROKEN, STATE, name="r", verdict="fail")
    pages = summary_md(value, "zh", {"ACK-01": {"statement": "返回 2xx。"}}) + conformance_md(value, "zh")
    assert "## ❌ 不符合契约：r" in pages and "# r：不符合" in pages
    assert "| 不通过 | ACK-01 MUST | 返回 2xx。 |" in pages
    assert "\n- 响应：不符合（ACK-01、ACK-02）\n- 状态：未检测（18 条规则：" in pages
    own = re.sub(r"</?[a-z]+>|`[^`]*`|[a-z]+-[a-z]+|sha256:\w+", "", pages)
    names = {"callbacks", "Callbacks", "messageStatus", "quick", "badcafe"}
    assert set(re.findall(r"[A-Za-z]{5,}", own)) <= names


@pytest.mark.parametrize("show", [partners_text, partners_markdown])
def test_overview_of_receivers_says_their_profiles(show):
    assert "conformant: answers; not judged: state" in show(merge_reports([ran(ANSWERS, STATE)]))


def test_statement_names_contract_digest_kit_and_date():
    value = ran(ANSWERS, LOAD)
    page, badge = conformance_md(value), badge_svg(value)
    for fact in (
        "callbacks 1.0.0",
        "sha256:" + "0" * 64,
        "callback-contract 1.0.0",
        "2026-06-30 10:00:00 UTC",
        "0badcafe",
    ):
        assert fact in page.replace("\\", "")
    shown = [text.text for text in ET.fromstring(badge).iter("{http://www.w3.org/2000/svg}text")]
    assert shown == ["callbacks 1.0.0 (00000000)", "conformant · kit 1.0.0 · 2026-06-30"]


def test_statement_is_inert():
    hostile = ran(ANSWERS, name=HOSTILE, contract={"title": HOSTILE, "version": HOSTILE})
    assert "<script" not in conformance_md(hostile) and "<script" not in badge_svg(hostile)
    ET.fromstring(badge_svg(hostile))
