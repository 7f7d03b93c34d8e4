"""Stops: one that a rule's stimulus explains is that rule's, and one that nothing explains is told by itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.meta.support.scripted import CATALOGUE, FIRST, SECOND, exchange, run_before
from callback_contract.contract_tests.model.observations import Stop
from callback_contract.contract_tests.model.verdicts import Block, Verdict
from callback_contract.contract_tests.runner.attribution.stops import verdict_on_stops

LIVES = CATALOGUE["LIVE-01"]
MUST, SHOULD = "FWD-04", "ACK-06"


def stop(culprit="", *, callback=FIRST, is_long=True, came_back=True, suspects=(), hour=12):
    """One after 40 deliveries, at noon."""
    at = datetime(2026, 6, 30, hour, tzinfo=UTC)
    return Stop(at, callback.name, exchange("refused"), 40, is_long, suspects, came_back, culprit)


def judged(*stops):
    run = run_before()
    for each in stops:
        run.state.stop_seen(each)
    return verdict_on_stops(run, LIVES)


@pytest.mark.parametrize(
    ("stops", "verdict", "told"),
    [
        ([], Verdict.PASS, 0),
        ([stop()], Verdict.PASS, 0),
        ([stop(), stop()], Verdict.FAIL, 2),
        ([stop(), stop(is_long=False)], Verdict.PASS, 0),
        ([stop(came_back=False)], Verdict.FAIL, 1),
        ([stop(), stop(), stop(came_back=False)], Verdict.FAIL, 1),
        ([stop(MUST)], Verdict.BLOCKED, 0),
        ([stop(MUST), stop()], Verdict.BLOCKED, 0),
        ([stop(MUST), stop(MUST)], Verdict.BLOCKED, 0),
        ([stop(SHOULD)], Verdict.FAIL, 1),
        ([stop(MUST), stop(SHOULD)], Verdict.FAIL, 1),
        ([stop(MUST, came_back=False)], Verdict.FAIL, 1),
    ],
)
def test_rule_on_life_tells_the_end_a_second_stop_of_its_own_and_what_a_recommendation_stops(stops, verdict, told):
    result = judged(*stops)
    assert (result.verdict, len(result.findings), result.cases) == (verdict, told, int(verdict is not Verdict.BLOCKED))


def test_each_callback_is_blocked_by_the_rule_that_stopped_it():
    result = judged(stop("FWD-04"), stop("DAT-01", callback=SECOND))
    assert result.blocked_for == {FIRST.name: Block("FWD-04"), SECOND.name: Block("DAT-01")}
    assert result.reason == "blocked: FWD-04 is broken; blocked: DAT-01 is broken"


def test_one_stop_of_its_own_is_a_note_that_says_when():
    reason = judged(stop(), stop(is_long=False, hour=13)).reason
    assert "12:00:00 UTC" in reason and "40" in reason
    assert judged().reason == ""


@pytest.mark.parametrize(("came_back", "said"), [(True, "none to two of them"), (False, "none any more")])
def test_finding_says_whether_it_came_back_when_it_stopped_and_after_how_many_deliveries(came_back, said):
    (finding, *_) = judged(stop(came_back=came_back), stop(came_back=came_back)).findings
    assert finding.actual.startswith(said)
    assert "12:00:00 UTC" in finding.actual and "40" in finding.actual
    assert (finding.callback, finding.repeated, finding.curl_suffices) == (FIRST.name, True, False)
    assert finding.exchanges[0].failure == "refused"


@pytest.mark.parametrize(
    ("suspects", "named"),
    [
        ((), ["a plain valid delivery"]),
        ((("A-1", "late"),), ["A-1 (late)"]),
        ((("A-1", "late"), ("B-1", "only"), ("A-1", "early")), ["A-1 (late, and 1 more)", "B-1 (only)"]),
        (tuple((f"A-{n}", "x") for n in range(5)), [f"A-{n} (x)" for n in range(5)]),
        (tuple((f"A-{n}", "x") for n in range(6)), [f"A-{n} (x)" for n in range(6)]),
        (tuple((f"A-{n}", "x") for n in range(8)), [*(f"A-{n} (x)" for n in range(6)), "cases of 2 more rules"]),
    ],
)
def test_suspects_are_named_by_their_rules_each_with_its_latest_case(suspects, named):
    (finding,) = judged(stop(came_back=False, suspects=suspects)).findings
    assert finding.case == "what was sent before, latest first: " + ", ".join(named)
