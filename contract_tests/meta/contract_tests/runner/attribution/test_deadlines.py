"""Deadline over the run: a receiver that gets slow after a while breaks the rule on the contract's deadline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.support.scripted import (
    CATALOGUE,
    FIRST,
    SECOND,
    asked,
    case,
    exchange,
    run_before,
)
from callback_contract.contract_tests.model.cases import KINDS, stimuli
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution.deadlines import judge_deadlines
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.mock_server.wire.delivery import Framing

DEADLINE = CATALOGUE["ACK-05"]
LATE_S = FIRST.delivery.deadline_s + 1


def judged(*took_s, again_s=LATE_S, verdict=Verdict.PASS, overlapped=False, status=200, **more):
    """The verdict after deliveries that took so long, and one more."""
    times = iter((*took_s, again_s))
    run = run_before(lambda delivery: replace(exchange(status, delivery), elapsed_s=next(times)), rules=(DEADLINE,))
    run.state.rule_judged(RuleResult(DEADLINE, verdict, cases=1))
    if overlapped:
        run.dispatcher.overlapped = lambda exchange: True
    test = replace(asked(), **more)
    for number, _ in enumerate(took_s):
        CaseSession.of(run, case(), number, test=test).deliver()
    judge_deadlines(run)
    return run


def test_receiver_that_gets_slow_breaks_the_rule_on_the_deadline():
    run = judged(0.1, 0.1, LATE_S, LATE_S)
    result = run.state.results["ACK-05"]
    (finding,) = result.findings
    assert result.verdict in {Verdict.FAIL, Verdict.WARN}
    assert finding.actual == f"2 took longer, the first after 2 others, up to {LATE_S:.1f} s"
    assert finding.exchanges[0] is run.state.exchanges[2] and finding.exchanges[1] is run.state.exchanges[-1]
    assert (finding.repeated, finding.curl_suffices) == (True, False)


def test_moment_in_which_it_was_slow_is_no_finding():
    assert judged(0.1, LATE_S, again_s=0.1).state.results["ACK-05"].verdict is Verdict.PASS


@pytest.mark.parametrize("more", [{"overlapped": True}, {"status": 500}, {"verdict": Verdict.FLAKY}])
def test_only_acknowledged_deliveries_count_that_were_alone_and_only_where_nothing_was_found_before(more):
    assert judged(LATE_S, LATE_S, **more).state.results["ACK-05"].findings == []


def test_receiver_that_is_in_time_gets_no_further_delivery():
    assert len(judged(0.1, 0.1).state.exchanges) == 2


def test_company_that_a_receiver_was_seen_to_take_excuses_nothing():
    run = judged(LATE_S, overlapped=True)
    run.dispatcher.concurrency.bears_more = True
    run.config.sender._answers = iter([lambda delivery: replace(exchange(200, delivery), elapsed_s=LATE_S)])
    judge_deadlines(run)
    assert len(run.state.results["ACK-05"].findings) == 1


def in_company(*took_s):
    """The verdict after a delivery that was late beside others, and plain ones alone that took so long."""
    times = iter((LATE_S, *took_s))
    run = run_before(lambda delivery: replace(exchange(200, delivery), elapsed_s=next(times)), rules=(DEADLINE,))
    run.state.rule_judged(RuleResult(DEADLINE, Verdict.PASS, cases=1))
    CaseSession.of(run, case(), 0, test=asked()).deliver()
    beside_others = run.state.exchanges[0]
    run.dispatcher.overlapped = lambda exchange: exchange is beside_others
    judge_deadlines(run)
    assert next(times, None) is None
    return run.state.results["ACK-05"].findings


def test_receiver_that_was_late_beside_others_is_judged_by_deliveries_that_are_alone():
    (finding,) = in_company(LATE_S, LATE_S)
    assert finding.actual == f"1 took longer, the first after 0 others, up to {LATE_S:.1f} s"


def test_receiver_that_was_late_beside_others_only_is_in_time():
    assert in_company(0.1) == []


AT_ONCE_S = FIRST.delivery.deadline_s


@pytest.mark.parametrize("took_s", [(AT_ONCE_S, LATE_S), (LATE_S, AT_ONCE_S)])
def test_answer_at_the_deadline_is_in_time(took_s):
    assert judged(took_s[0], again_s=took_s[1]).state.results["ACK-05"].findings == []


def late(*deliveries, round_trip_s=0.0, callbacks=(FIRST,), stopped=()):
    """The callbacks that are told after deliveries that were all late, each its case, its framing and its test."""
    slow = replace(exchange(), elapsed_s=LATE_S)
    run = run_before(lambda delivery: replace(slow, delivery=delivery), rules=(DEADLINE,), callbacks=callbacks)
    run.state.rule_judged(RuleResult(DEADLINE, Verdict.PASS, cases=1))
    run.state.round_trips_measured(dict.fromkeys(run.config.senders, round_trip_s))
    for number, (told, framing, test) in enumerate(deliveries):
        contact = CaseSession.of(run, told, number, test=test)
        contact.deliver(replace(told.delivery(contact.identity), framing=framing))
    for callback in stopped:
        run.state.stopped_by[run.config.sender_of(callback.name)] = "LIVE-01"
    judge_deadlines(run)
    return [finding.callback for finding in run.state.results["ACK-05"].findings]


def kind_of(kind):
    """A test whose stimuli are of such a kind."""

    @stimuli(kind)
    def told(scope):
        return [case()]

    return replace(asked(), stimuli=told)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_only_valid_deliveries_count(kind):
    assert (late((case(), Framing(), kind_of(kind))) == [FIRST.name]) is (kind == "valid")


@pytest.mark.parametrize(
    ("framing", "counts"),
    [
        (Framing(), True),
        (Framing(fresh_connection=True), True),
        (Framing(pause_s=0.1, parts=5), False),
        (Framing(chunks=(7,)), False),
    ],
)
def test_only_what_is_sent_at_once_counts(framing, counts):
    assert (late((case(), framing, asked())) == [FIRST.name]) is counts


def test_time_is_net_of_the_round_trip():
    assert late((case(), Framing(), asked()), round_trip_s=LATE_S - AT_ONCE_S) == []


def test_receiver_that_stopped_is_not_asked():
    assert late((case(), Framing(), asked()), stopped=(FIRST,)) == []


@pytest.mark.parametrize(("first", "second"), [(FIRST, SECOND), (SECOND, FIRST)])
def test_each_callback_is_judged_by_its_own_deliveries(first, second):
    assert late((case(callback=second), Framing(), asked()), callbacks=(first, second)) == [second.name]


def test_callback_without_a_deadline_leaves_that_of_the_next_one():
    without = replace(FIRST, delivery=replace(FIRST.delivery, deadline_s=None))
    sent = [(case(callback=each), Framing(), asked()) for each in (FIRST, SECOND)]
    assert late(*sent, callbacks=(without, SECOND)) == [SECOND.name]
