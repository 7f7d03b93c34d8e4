"""Exit codes: what results come to with --strict and with waivers, and what blocks the gate."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.model.verdicts import (
    Block,
    Finding,
    Mismatch,
    RuleBroken,
    RuleResult,
    Verdict,
    check,
    exit_code,
)
from callback_contract.contract_tests.policy.acceptance import AcceptancePolicy
from callback_contract.contract_tests.policy.waivers import Waiver
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.text.message import Text

CATALOGUE = load_catalogue()
TODAY = date(2026, 6, 30)
RULE = {"MUST": CATALOGUE["PAY-17"], "SHOULD": CATALOGUE["ACK-06"]}
BROKEN = {Verdict.FAIL, Verdict.FLAKY, Verdict.WARN, Verdict.WAIVED}


def result(text, **more):
    """A result as in "fail" and "flaky SHOULD"."""
    words, level = (text.removesuffix(" SHOULD"), "SHOULD") if text.endswith("SHOULD") else (text, "MUST")
    verdict = Verdict(words)
    findings = [Finding("a", "case", "this", "that", (), True, False)] if verdict in BROKEN else []
    return RuleResult(RULE[level], verdict, findings=findings, **more)


@pytest.mark.parametrize(
    ("results", "code", "strict"),
    [
        ("pass", 0, 0),
        ("pass, not applicable", 0, 0),
        ("pass, waived", 0, 0),
        ("waived", 0, 0),
        ("warn SHOULD, pass", 0, 1),
        ("pass, warn", 0, 1),
        ("pass, flaky SHOULD", 0, 1),
        ("flaky, pass", 1, 1),
        ("pass, fail", 1, 1),
        ("fail SHOULD", 1, 1),
        ("", 3, 3),
        ("not applicable", 3, 3),
        ("blocked", 3, 3),
        ("pass, blocked", 0, 0),
        ("not applicable, not applicable SHOULD", 3, 3),
        ("pass, error", 3, 3),
        ("error SHOULD", 3, 3),
        ("fail, error", 3, 3),
        ("flaky SHOULD, error", 3, 3),
    ],
)
def test_results_come_to_one_exit_code(results, code, strict):
    given = [result(text) for text in results.split(", ") if text]
    assert (exit_code(iter(given), strict=False), exit_code(iter(given), strict=True)) == (code, strict)


@pytest.mark.parametrize(
    ("waiver", "code", "strict_waivers", "then"),
    [
        ("applied", 0, True, 0),
        ("not needed", 0, True, 1),
        ("not needed", 0, False, 0),
        ("not needed", 1, True, 1),
        ("not needed", 3, True, 3),
        ("expired", 0, True, 1),
        ("expired", 3, True, 3),
        ("unknown rule", 0, True, 1),
        ("unknown callback", 0, True, 1),
        ("not judged", 0, True, 0),
        ("of no rule", 3, True, 3),
    ],
)
def test_stale_waiver_makes_a_good_run_fail_and_no_other(waiver, code, strict_waivers, then):
    rule, until = RULE["MUST"].id, TODAY - timedelta(days=waiver == "expired")
    given = Waiver(
        "NIX-01" if waiver == "unknown rule" else rule, "r", "o", until, "b" if waiver == "unknown callback" else ""
    )
    of = {"applied": "waived", "expired": "waived", "not judged": "not applicable"}.get(waiver, "pass")
    config = SimpleNamespace(catalogue=CATALOGUE, callbacks=[SimpleNamespace(name="a")])
    gate = AcceptancePolicy(
        waivers=() if waiver == "of no rule" else (given,),
        today=TODAY,
        strict_waivers=strict_waivers,
        unknown=frozenset({"b"}),
    )
    assert gate.exit_code(code, config, {rule: result(of)}) == then


@pytest.mark.parametrize(
    ("verdict", "broken", "blocks"),
    [
        ("pass", False, False),
        ("warn", True, False),
        ("fail", True, True),
        ("fail SHOULD", True, True),
        ("flaky", True, True),
        ("flaky SHOULD", True, False),
        ("waived", True, False),
        ("not applicable", False, False),
        ("blocked", False, False),
        ("error", False, False),
    ],
)
def test_verdict_says_whether_a_rule_is_broken_and_blocks_the_gate(verdict, broken, blocks):
    given = result(verdict)
    assert (given.broken, given.blocks_the_gate) == (broken, blocks)
    assert given.broken_for == ({"a"} if broken else set())


def test_finding_is_by_default_of_no_case_and_broke_each_of_two_tries():
    finding = Finding("a", "case", "this", "that", (), True, False)
    assert (finding.case_index, finding.case_number, finding.tries, finding.broke) == (None, 0, 2, 2)


def test_result_is_by_default_of_nothing():
    given = RuleResult(RULE["MUST"], Verdict.PASS)
    assert (given.deliveries, given.cases, given.duration_s, given.blocked, given.reason) == (0, 0, 0.0, False, "")


@pytest.mark.parametrize(
    ("block", "cause"),
    [
        (Block("DAT-01"), "DAT-01 is broken"),
        (Block("DAT-01", "DAT-02"), "DAT-01 is broken (through DAT-02)"),
        (Block(why=Text("expected.acknowledged")), "an acknowledgement (2xx)"),
    ],
)
def test_block_says_what_was_found_and_what_lies_between(block, cause):
    assert (block.cause, block.text) == (cause, f"blocked: {cause}")


def test_mismatch_of_a_check_says_what_came_instead():
    @check
    def compares():
        raise AssertionError(Mismatch(Text("expected.acknowledged"), Text("actual.not-known")))

    with pytest.raises(RuleBroken) as broken:
        compares()
    assert (broken.value.expected, broken.value.actual) == ("an acknowledgement (2xx)", "not known")
