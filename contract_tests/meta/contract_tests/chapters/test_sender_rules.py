"""The rules on senders, judged on recordings made by hand: no server, no waiting."""

from dataclasses import replace

import pytest

from callback_contract.contract_tests.chapters.senders import CHECKS, endpoints_of, judge_sender
from callback_contract.contract_tests.kill_matrix.senders import quick_contract
from callback_contract.contract_tests.meta.contract_tests.runner.senders.recorded import (
    RULES,
    SCHEDULE,
    judged,
    recorded,
    tried,
)
from callback_contract.contract_tests.model.tries import Handshakes, Schedule
from callback_contract.contract_tests.model.verdicts import Means, Verdict
from callback_contract.contract_tests.runner.senders.scenarios import ENDPOINTS, FLAWS
from callback_contract.mock_server.provider.sender_faults import SENDER_FAULTS
from callback_contract.openapi.contract.model import DeliveryFacts, Retry

SECONDS = {"answered": (("Retry-After", "3"),)}
DATE = {"answered": (("Retry-After", "Thu, 01 Jan 1970 00:16:44 GMT"),)}  # 1004 s, the fourth second


def told(*states):
    """One message's statuses in the order in which they came."""
    return [tried("ok", n, state=each, value=each, event=each, message="m") for n, each in enumerate(states)]


ERROR, LATER = tried("error", 0, 500), tried("error", 1)

HOLDS = {
    "OUT-01": [tried("ok", 0)],
    "OUT-02": [tried("ok", 0)],
    "OUT-03": [tried("ok", 0)],
    "OUT-04": [tried("ok", 0)],
    "OUT-05": [tried("ok", 0)],
    "OUT-06": [tried("ok", 0)],
    "OUT-07": [tried("ok", 0, target="/ok?page=1")],
    "EVT-01": [tried("ok", 0), tried("error", 0, event="e2")],
    "EVT-02": [ERROR, LATER],
    "EVT-03": [ERROR, LATER],
    "EVT-04": told("wait", "send"),
    "EVT-05": [tried("burst", n / 100, event=f"e{n}") for n in range(40)],
    "EVT-06": [tried("stream", n / 10, event=f"e{n}") for n in range(40)],
    "EVT-07": [tried("dead", 0, 0, elapsed_s=3.0), tried("ok", 1)],
    "RET-01": [ERROR, LATER],
    "RET-02": [tried("silent", 0, 0, failure="timeout", elapsed_s=1.0), tried("silent", 2)],
    "RET-03": [tried("reset", 0, 0), tried("reset", 1)],
    "RET-04": [ERROR, LATER],
    "RET-05": [tried("down", n, 500) for n in range(3)],
    "RET-06": [tried("no-content", 0, 204)],
    "RET-07": [tried("busy", 0, 503, **SECONDS), tried("busy", 3)],
    "RET-08": [tried("busy-date", 0, 503, **DATE), tried("busy-date", 4)],
    "RET-09": [tried("limited", 0, 429, **SECONDS), tried("limited", 3)],
    "RET-10": [tried("gone", 0, 410)],
    "RET-11": [tried("missing", 0, 404), tried("missing", 1, 404)],
    "RET-12": [tried("redirect", 0, 302), tried("redirect", 1)],
    "RET-13": [tried("slow", 0, elapsed_s=0.7)],
    "RET-14": [tried("endless", 0, 0, failure="endless", elapsed_s=5.0)],
    "SGN-01": [tried("ok", 0)],
    "SGN-02": [tried("error", 0, 500, signed_at="1000"), tried("error", 3, signed_at="1003")],
}

BREAKS = {
    "OUT-01": [tried("ok", 0, is_parsable=False, violations=(("", "no JSON"),))],
    "OUT-02": [tried("ok", 0, violations=(("/a", "is missing"),))],
    "OUT-03": [replace(tried("ok", 0), delivery=replace(tried("ok", 0).delivery, headers=()))],
    "OUT-04": [replace(tried("ok", 0), delivery=replace(tried("ok", 0).delivery, method="PUT"))],
    "OUT-05": [replace(tried("ok", 0), delivery=replace(tried("ok", 0).delivery, headers=(("Content-Type", "x"),)))],
    "OUT-06": [tried("ok", 0, 400, flaw="A request has one Host header.", is_played=False)],
    "OUT-07": [tried("ok", 0, target="/ok?access_token=1")],
    "EVT-01": [tried("ok", 0), tried("error", 0, body=b"[]")],
    "EVT-02": [ERROR, tried("error", 1, event="e2")],
    "EVT-03": [ERROR, tried("error", 1, body=b"{ }")],
    "EVT-04": told("send", "wait"),
    "EVT-05": [tried("burst", n / 100, event=f"e{n}", elapsed_s=1.0) for n in range(40)],
    "EVT-06": [tried("stream", n / 100, event=f"e{n}") for n in range(40)],
    "EVT-07": [tried("dead", 0, 0, elapsed_s=3.0), tried("ok", 4)],
    "RET-01": [ERROR],
    "RET-02": [tried("silent", 0, 0, failure="timeout", elapsed_s=1.0)],
    "RET-03": [tried("cut", 0, 0)],
    "RET-04": [ERROR, tried("error", 0.1)],
    "RET-05": [tried("down", n, 500) for n in range(5)],
    "RET-06": [tried("no-content", 0, 204), tried("no-content", 1, 204)],
    "RET-07": [tried("busy", 0, 503, **SECONDS), tried("busy", 1)],
    "RET-08": [tried("busy-date", 0, 503, **DATE), tried("busy-date", 1)],
    "RET-09": [tried("limited", 0, 429, **SECONDS)],
    "RET-10": [tried("gone", 0, 410), tried("gone", 1, 410)],
    "RET-11": [tried("missing", 0, 404)],
    "RET-12": [tried("redirect", 0, 302), tried("elsewhere", 0.1, event="e2")],
    "RET-13": [tried("slow", 0, elapsed_s=0.7), tried("slow", 0.5)],
    "RET-14": [tried("endless", 0, 0, failure="endless", elapsed_s=35.0)],
    "SGN-01": [tried("ok", 0, signature_flaw="webhook-signature is wrong")],
    "SGN-02": [tried("error", 0, 500, signed_at="1000"), tried("error", 3, signed_at="1000")],
}
MEANS = {"per_second": 20.0, "is_signed": True, "is_timed": True, "by_tls": True}


@pytest.mark.parametrize("rule", HOLDS)
def test_what_a_right_sender_does_passes(rule):
    result = judged(rule, recorded(*HOLDS[rule], **MEANS))
    assert result.verdict is Verdict.PASS, result.reason


@pytest.mark.parametrize("rule", BREAKS)
def test_what_a_wrong_sender_does_breaks_the_rule(rule):
    result = judged(rule, recorded(*BREAKS[rule], **MEANS))
    assert result.verdict is (Verdict.FAIL if RULES[rule].level == "MUST" else Verdict.WARN), result.reason
    assert result.findings[0].exchanges


@pytest.mark.parametrize("endpoint", FLAWS)
def test_a_request_over_flawed_tls_breaks_its_rule(endpoint):
    rule = next(rule.id for rule in RULES.rules if endpoint in endpoints_of(rule.id))
    refused, sent = Handshakes(1), Handshakes(1, (tried(endpoint, 0),))
    others = dict.fromkeys(set(FLAWS) - {endpoint}, Handshakes())
    assert judged(rule, recorded(tried("ok", 0), handshakes={endpoint: refused, **others}, **MEANS)).verdict == "pass"
    assert judged(rule, recorded(tried("ok", 0), handshakes={endpoint: sent, **others}, **MEANS)).verdict == "fail"


def test_a_sender_that_trusts_nothing_at_all_is_not_judged_on_trust():
    result = judged("CRT-01", recorded(handshakes={"untrusted": Handshakes(1)}, **MEANS))
    assert result.verdict == "not applicable" and result.lacks == {Means.EVENT}


@pytest.mark.parametrize("rule", sorted(set(HOLDS) - {"OUT-05", "SGN-02"}))
def test_what_never_came_is_not_judged(rule):
    result = judged(rule, recorded(**MEANS))
    assert result.verdict == "not applicable"


def test_what_was_not_seen_says_which_event_would_show_it():
    assert "busy-date: let the sender deliver one there" in judged("RET-08", recorded()).reason


def test_each_rule_has_a_check_a_fault_and_endpoints():
    ids = [rule.id for rule in RULES.rules]
    assert list(CHECKS) == list(SENDER_FAULTS) == ids
    assert {name for rule in ids for name in endpoints_of(rule)} == set(ENDPOINTS) | set(FLAWS)


def test_a_run_that_ended_early_says_nothing_of_a_retry_that_is_due():
    assert judged("RET-01", recorded(ERROR, until_s=1.0)).verdict == "not applicable"


def test_a_rule_is_blocked_by_one_that_explains_it():
    results = {each.rule.id: each for each in judge_sender(RULES.rules, CHECKS, recorded(*BREAKS["EVT-02"]))}
    assert results["EVT-03"].verdict == "blocked"


def test_one_event_at_many_receivers_is_no_id_given_twice():
    fanned = [tried("ok", 0), tried("error", 0)]
    assert judged("EVT-01", recorded(*fanned, alone=False)).verdict == "pass"


@pytest.mark.parametrize(("at_s", "verdict"), [((0, 1, 11), Verdict.PASS), ((0, 10, 20), Verdict.WARN)])
def test_each_retry_has_its_own_pause_where_the_contract_has_a_schedule(at_s, verdict):
    facts = DeliveryFacts(retry=Retry(100.0, 2, (10.0, 100.0)))
    schedule = Schedule.of(replace(quick_contract().callbacks[0], delivery=facts), speed=10.0)
    assert schedule.patience_s == 22.0
    tries = [tried("down", moment, 500) for moment in at_s]
    assert judged("RET-04", recorded(*tries, schedule=schedule)).verdict is verdict


def test_an_event_that_was_retried_by_its_id_did_not_lose_it_to_a_later_one():
    tries = [ERROR, LATER, tried("error", 2, event="e2")]
    assert judged("EVT-02", recorded(*tries)).verdict == "pass"


def test_a_delivery_that_was_cut_off_belongs_to_the_event_of_its_length():
    cut = tried("cut", 0, 0, event="?", is_whole=False, has_id=False)
    cut = replace(cut, delivery=replace(cut.delivery, headers=(("Content-Length", "3"),)))
    tries = [cut, tried("cut", 0.1, event="e2", body=b"{}"), tried("cut", 1, event="e1", body=b"[0]")]
    (first, second) = sorted(recorded(*tries).at("cut"), key=lambda event: event.first.at_s)
    assert [len(first.tries), len(second.tries)] == [2, 1]


def test_pause_that_nobody_states_is_not_asked_for():
    assert SCHEDULE.retry is not None
    spread = replace(SCHEDULE, retry=replace(SCHEDULE.retry, is_spread=True))
    assert judged("RET-04", recorded(*BREAKS["RET-04"], schedule=spread)).verdict == "not applicable"


def test_a_retry_that_is_stated_without_pause_or_number_may_come_at_any_time():
    open_ = replace(SCHEDULE, retry=Retry(0.0, 0, within_s=900.0, is_spread=True), after_s=0.0)
    assert judged("RET-01", recorded(*HOLDS["RET-01"], schedule=open_)).verdict == "pass"
    for rule in ("RET-01", "RET-04", "RET-05"):
        assert judged(rule, recorded(*BREAKS[rule], schedule=open_)).verdict == "not applicable"


@pytest.mark.parametrize("rule", ["RET-01", "RET-04", "RET-05", "RET-10"])
def test_a_contract_without_retries_leaves_nothing_to_ask(rule):
    quiet = replace(SCHEDULE, retry=None, after_s=0.0)
    result = judged(rule, recorded(*BREAKS[rule], schedule=quiet))
    assert result.verdict == "not applicable" and not result.lacks
