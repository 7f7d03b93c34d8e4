"""Contention: a case that breaks only next to others is a finding of the burst rule."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import (
    BURSTS,
    CATALOGUE,
    MUST,
    case,
    exchange,
    run_before,
)
from callback_contract.contract_tests.model.verdicts import Finding, RuleResult, Verdict
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.contention import (
    broke_in_contention,
    contention_breaks,
    is_burst_rule_due,
    is_selected,
    left_to_burst_rule,
    take_over,
    was_contended,
)
from callback_contract.mock_server.client.sender import Pace

LATER = CATALOGUE["ORD-01"]


def run(*beside, rules=(MUST, BURSTS), judged=(), contended=()):
    return SimpleNamespace(
        config=SimpleNamespace(rules=rules),
        dispatcher=SimpleNamespace(overlapped=lambda exchange: exchange in beside),
        state=SimpleNamespace(results=dict.fromkeys(judged), contended=list(contended)),
    )


def finding(*exchanges, repeated=False):
    return Finding("a", "a case", "this", "that", exchanges, repeated, True)


@pytest.mark.parametrize(
    ("rules", "judged", "due", "selected"),
    [
        ((MUST, BURSTS), (), True, True),
        ((MUST, BURSTS), (MUST.id,), True, True),
        ((MUST, BURSTS), (BURSTS.id,), False, True),
        ((MUST, LATER), (), False, False),
    ],
)
def test_rule_on_bursts_is_due_where_it_was_asked_for_and_not_judged_yet(rules, judged, due, selected):
    given = run(rules=rules, judged=judged)
    assert (is_burst_rule_due(given), is_selected(given.config)) == (due, selected)


@pytest.mark.parametrize(
    ("answer", "while_due", "afterwards"),
    [
        (500, True, False),
        (503, True, False),
        (499, False, False),
        (200, False, False),
        ("reset", True, True),
        ("refused", True, True),
        ("timeout", False, False),
        ("broken", False, False),
    ],
)
def test_delivery_is_crowded_out_by_an_error_beside_others(answer, while_due, afterwards):
    came, fine = exchange(answer), exchange(200)
    for judged, expected in (((), while_due), ((BURSTS.id,), afterwards)):
        assert was_contended(run(came, judged=judged), [fine, came]) is expected
        assert not was_contended(run(fine, judged=judged), [fine, came])


@pytest.mark.parametrize(
    ("answer", "is_beside", "repeated", "expected"),
    [
        (500, True, False, True),
        ("timeout", True, False, True),
        (404, True, False, False),
        (500, False, False, False),
        (500, True, True, False),
    ],
)
def test_finding_broke_in_company_by_an_error_that_did_not_repeat(answer, is_beside, repeated, expected):
    came = exchange(answer)
    given = run(*[came] * is_beside)
    assert broke_in_contention(given.dispatcher, finding(exchange(), came, repeated=repeated)) is expected


@pytest.mark.parametrize(
    ("answers", "breaks"), [((200,), False), ((404,), False), ((200, 500, 200), True), (("reset",), True)]
)
def test_crowd_is_twenty_four_messages_that_nothing_else_speaks_of(answers, breaks):
    given = run_before(*answers, pace=Pace(at_once=4))
    contact = CaseSession.of(given, case(), 7)
    try:
        assert contention_breaks(given, contact) is breaks
    finally:
        given.close()
    # After the messages of any story, before those of a second try.
    first = contact.identity.next(1024)
    assert sorted(given.state.ids_sent) == [case().message_id(first.next(number)) for number in range(24)]
    assert contact.exchanges == []


@pytest.mark.parametrize(
    ("rule", "crowded", "own", "cases", "taken"),
    [
        (BURSTS, 5, 0, 1, 3),
        (BURSTS, 2, 0, 1, 2),
        (BURSTS, 0, 0, 1, 0),
        (BURSTS, 2, 1, 1, 0),
        (BURSTS, 2, 0, 0, 0),
        (MUST, 2, 0, 1, 0),
        (LATER, 2, 0, 1, 0),
    ],
)
def test_rule_on_bursts_takes_over_what_it_did_not_see_itself(rule, crowded, own, cases, taken):
    result = RuleResult(rule, Verdict.PASS, "as before", cases=cases, findings=[finding()] * own)
    take_over(run(contended=[finding()] * crowded).state, rule, result)
    assert len(result.findings) == own + taken
    said = f"{crowded} cases of other rules broke beside others and held alone"
    assert result.reason == (said if taken else "as before")


@pytest.mark.parametrize(("answer", "actual"), [(503, "503 Service Unavailable, 0 bytes"), (404, "that")])
def test_rule_on_bursts_tells_whose_case_it_was_and_the_error_that_it_met(answer, actual):
    exchanges = (exchange(200), exchange(answer))
    told = left_to_burst_rule(finding(*exchanges), MUST)
    assert told.case == f"other deliveries under way ({MUST.id}, a case)"
    assert (told.expected, told.actual) == ("the same answer as alone", actual)
    assert (told.callback, told.exchanges) == ("a", exchanges)
    assert (told.repeated, told.curl_suffices, told.tries, told.broke) == (False, False, 2, 1)
