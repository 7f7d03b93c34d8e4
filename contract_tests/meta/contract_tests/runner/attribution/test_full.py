"""Full: a delivery that is refused beside others goes out alone, and the rule on bursts tells of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.support import watched as watches
from callback_contract.contract_tests.meta.support.scripted import BURSTS, MUST, exchange
from callback_contract.contract_tests.meta.support.watched import HOSTILE, sent, watched
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict

clock = watches.clock  # the fixture


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_delivery_that_is_refused_beside_others_counts_as_alone_and_is_left_to_the_burst_rule(clock, status):
    run = watched(clock, status, 200)
    assert sent(run, HOSTILE, overlapped=True).acknowledged
    (finding,) = run.state.contended
    assert (finding.case, clock.slept) == ("other deliveries under way (FWD-04, a case)", [1.0])
    assert (finding.repeated, finding.broke, finding.curl_suffices) == (False, 1, False)
    assert run.dispatcher.is_serial


@pytest.mark.parametrize("status", [503, 429])
def test_refusal_that_stays_is_the_deliverys_own_and_its_kind_is_not_asked_alone_again(clock, status):
    run = watched(clock, status)
    assert sent(run, HOSTILE, overlapped=True).status == status
    assert sent(run, HOSTILE, number=2).status == status
    assert (run.state.contended, clock.slept) == ([], [1.0, 1.0])


def test_refusal_alone_is_asked_again_at_once(clock):
    run, asked_again = watched(clock, 200), []

    def again(**how):
        asked_again.append(how)
        return exchange(200)

    run.dispatcher._watch.settled(exchange(503), again, overlapped=False, stimulus=None)
    assert asked_again == [{"at_once": True}]


def test_connection_that_is_lost_beside_others_is_made_alone(clock):
    run = watched(clock, "reset", 200, 200, "reset", 200, 200)
    assert sent(run, HOSTILE, overlapped=True).acknowledged  # the first one was the network's doing
    assert sent(run, HOSTILE, number=2, overlapped=True).acknowledged
    assert (len(run.state.contended), clock.slept.count(1.0)) == (1, 1)


def test_connection_that_is_lost_alone_is_no_acknowledgement_of_what_was_refused_beside_others(clock):
    run = watched(clock, 503, "reset")
    assert sent(run, HOSTILE, overlapped=True).failure == "reset"
    assert run.state.contended == []


def test_plain_delivery_that_is_refused_beside_others_is_named_so(clock):
    run = watched(clock, 503, 200)
    assert sent(run, overlapped=True).acknowledged
    (finding,) = run.state.contended
    assert finding.case == "a plain valid delivery"


@pytest.mark.parametrize("status", [502, 503, 429])
def test_refusal_alone_that_is_none_at_once_is_no_limit(clock, status):
    run = watched(clock, status, 200)
    assert (sent(run, HOSTILE).status, run.state.contended, clock.slept) == (status, [], [])


def test_error_alone_that_is_no_refusal_is_no_limit_though_one_is_known(clock):
    run = watched(clock, 503, 503, 200, 502, 200)
    assert sent(run, HOSTILE).acknowledged
    assert sent(run, HOSTILE, number=2).status == 502


def test_refusal_alone_is_the_limit_where_one_is_known(clock):
    run = watched(clock, 503, 503, 200, 503, 200)
    assert sent(run, HOSTILE).acknowledged
    assert sent(run, HOSTILE, number=2).acknowledged


def test_limit_is_told_though_deliveries_come_one_by_one(clock):
    run = watched(clock, 503, 503, 200)
    assert sent(run, HOSTILE).acknowledged
    assert len(run.state.contended) == 1


def test_rule_that_comes_after_the_one_on_bursts_is_asked_alone_too(clock):
    run = watched(clock, 503, 200)
    assert sent(run, replace(HOSTILE, rule_id="ORD-01"), overlapped=True).acknowledged


@pytest.mark.parametrize(("rules", "rule_id"), [((MUST, BURSTS), "LOD-01"), ((MUST,), "FWD-04")])
def test_burst_itself_is_not_excused_nor_anything_where_nobody_judges_bursts(clock, rules, rule_id):
    run = watched(clock, 503, 200, rules=rules)
    assert sent(run, replace(HOSTILE, rule_id=rule_id), overlapped=True).status == 503


def test_refusal_after_the_burst_rule_was_judged_breaks_it_still(clock):
    run = watched(clock, 503, 200)
    run.state.rule_judged(RuleResult(BURSTS, Verdict.PASS, cases=1))
    sent(run, HOSTILE, overlapped=True)
    assert run.state.results["LOD-01"].verdict is Verdict.FAIL
