"""Chance: what fails whatever is sent is told once, and a kind that fails for what it is keeps its rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.support.scripted import CATALOGUE, asked, case, exchange, run_before
from callback_contract.contract_tests.model.verdicts import Block, Finding, RuleBroken, RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution.chance import _Kind, verdict_on_chance
from callback_contract.contract_tests.runner.attribution.likelihood import rejected, tail, tail_after
from callback_contract.contract_tests.runner.judge import judge_rules
from callback_contract.mock_server.client.sender import Pace
from callback_contract.openapi.text.message import Text

RULES = CATALOGUE.select(("DAT-01", "DAT-02", "DAT-03", "DAT-12", "LIVE-02"))
CHANCE = RULES[-1]


def every(count, status=500):
    """Fails at each delivery with such a number, whatever it is."""
    seen = iter(range(1, 10**9))
    return lambda delivery: status if next(seen) % count == 0 else 200


def judged(answer, *, cases=12, rules=RULES):
    """What is said of a receiver by rules whose stimuli have their number in the body."""

    def scripted(delivery):
        return exchange(answer(delivery), delivery)

    def rule_test(rule):
        marked = [
            replace(case(f"{rule.id} {number}"), mangle=lambda body: body + f" {rule.id}".encode())
            for number in range(cases)
        ]
        test = asked(*marked)
        test.stimuli.__qualname__ = rule.id  # each rule has a kind of its own
        return replace(test, rule_id=rule.id)

    tests = {rule.id: rule_test(rule) for rule in rules}
    tests[CHANCE.id] = replace(asked(), check=verdict_on_chance, over_the_run=True)
    run = run_before(scripted, rules=rules)
    judge_rules(run, tests)
    return run


def verdicts(run):
    return {rule_id: result.verdict.value for rule_id, result in run.state.results.items() if result.verdict != "pass"}


def test_failures_at_any_kind_are_told_once_with_their_share():
    run = judged(every(17))
    found = verdicts(run)
    assert found.pop("LIVE-02") == "fail"
    assert set(found.values()) == {"blocked"}
    (finding,) = run.state.results["LIVE-02"].findings
    assert finding.actual.endswith("as 500 Internal Server Error, 0 bytes")
    touched = [result for result in run.state.results.values() if result.blocked]
    assert {block.by for result in touched for block in result.blocked_for.values()} == {"LIVE-02"}


def always(delivery):
    return 500 if delivery.body.endswith(b"DAT-02") else 200


def test_kind_that_always_fails_keeps_its_rule_and_nothing_more_is_asked():
    run = judged(always)
    assert verdicts(run) == {"DAT-02": "fail"}
    assert run.state.results["LIVE-02"].deliveries == 0


def test_kind_that_always_fails_keeps_its_rule_beside_failures_by_chance():
    chance = every(23)
    run = judged(lambda delivery: max(chance(delivery), always(delivery)))
    assert (verdicts(run)["DAT-02"], verdicts(run)["LIVE-02"]) == ("fail", "fail")


def test_kind_that_fails_more_often_than_the_share_explains_keeps_its_rule():
    at_times, chance = every(4), every(19)

    def answer(delivery):
        return 700 - at_times(delivery) if delivery.body.endswith(b"DAT-02") else chance(delivery)

    run = judged(answer)
    assert (verdicts(run)["DAT-02"] in {"flaky", "fail"}, verdicts(run)["LIVE-02"]) == (True, "fail")


def test_kind_that_alone_fails_at_times_is_no_chance():
    half = every(2)
    run = judged(lambda delivery: half(delivery) if delivery.body.endswith(b"DAT-02") else 200)
    assert list(verdicts(run)) == ["DAT-02"]
    assert not run.state.results["DAT-02"].blocked


def test_few_deliveries_are_made_sixty_by_plain_ones():
    run = judged(every(29), cases=30, rules=(RULES[0], CHANCE))
    (finding,) = run.state.results["LIVE-02"].findings
    assert finding.case == "60 deliveries of any kind, one at a time"
    assert finding.actual.startswith("2 failed (3.3%)")


def test_adding_of_plain_ones_stops_at_the_third_failure():
    run = run_before(502, rules=(CHANCE,))
    run.state.delivery_sent(exchange(502))
    assert verdict_on_chance(run, CHANCE).deliveries == 3


@pytest.mark.parametrize(("count", "verdict"), [(30, Verdict.FAIL), (100, Verdict.PASS)])
def test_plain_delivery_that_failed_once_is_enough_to_ask_sixty_more(count, verdict):
    fails = every(count)
    run = run_before(lambda delivery: exchange(fails(delivery), delivery), rules=(CHANCE,))
    run.state.delivery_sent(exchange(502))
    result = verdict_on_chance(run, CHANCE)
    assert (result.verdict, result.deliveries) == (verdict, 60)


def test_bursts_of_which_some_deliveries_fail_each_time_may_fail_by_chance():
    def all_acknowledged(receiver):
        told = [receiver.another(number) for number in range(24)]
        if not all(exchange.acknowledged for exchange in receiver.deliver_at_once(told)):
            raise RuleBroken(Text("expected.acknowledged"))

    rules = CATALOGUE.select(("LOD-01", "LIVE-02"))
    bursts = replace(asked(check=all_acknowledged, sends=24, together=True), rule_id="LOD-01")
    by_chance = replace(asked(), check=verdict_on_chance, over_the_run=True)
    fails = every(17)
    run = run_before(lambda delivery: exchange(fails(delivery), delivery), rules=rules, pace=Pace(at_once=4))
    judge_rules(run, {"LOD-01": bursts, "LIVE-02": by_chance})
    assert verdicts(run) == {"LOD-01": "blocked", "LIVE-02": "fail"}


def test_receiver_that_never_fails_costs_nothing():
    run = run_before(200, rules=(CHANCE,))
    assert (verdict_on_chance(run, CHANCE).verdict, run.state.exchanges) == (Verdict.PASS, [])


def test_rule_that_a_touched_one_blocks_is_blocked_by_chance_through_it():
    requiring = replace(CATALOGUE["DAT-02"], requires=("DAT-01",))
    run = judged(every(10), rules=(RULES[0], requiring, CHANCE))
    result = run.state.results["DAT-02"]
    assert result.blocked_for == {case().callback.name: Block("LIVE-02", "DAT-01")}
    assert result.reason == "blocked: LIVE-02 is broken (through DAT-01)"


def test_501_is_no_failure_and_not_asked_about():
    at_times = every(2, 501)
    run = judged(lambda delivery: at_times(delivery) if delivery.body.endswith(b"DAT-02") else 200)
    assert (list(verdicts(run)), run.state.results["LIVE-02"].deliveries) == (["DAT-02"], 0)


def test_kinds_that_always_fail_are_no_share_that_explains_one_another():
    chance = every(7)
    run = judged(lambda delivery: chance(delivery) if delivery.body.endswith(b"DAT-12") else 500)
    assert verdicts(run) == {
        "DAT-01": "fail",
        "DAT-02": "fail",
        "DAT-03": "fail",
        "DAT-12": "blocked",
        "LIVE-02": "fail",
    }


@pytest.mark.parametrize(("sent", "always"), [(5, True), (120, False)])
def test_burst_in_which_chance_hits_each_time_does_not_always_fail(sent, always):
    assert _Kind(asked=5, failed=5, sent=sent).always_fails is always


@pytest.mark.parametrize(
    ("failed", "others", "kept"),
    [(1, [200] * 60, False), (2, [200] * 60, True), (2, [502, *[200] * 59], False), (3, [502, *[200] * 49] * 9, True)],
)
def test_few_others_that_held_are_no_proof_that_nothing_fails_by_chance(failed, others, kept):
    assert (_Kind(asked=5, failed=failed, sent=5).likelihood([exchange(each) for each in others]) < 0.01) is kept


def told(*tallies):
    """The findings of a kind whose cases were tried and broke so often."""
    finding = Finding("a", "case", "this", "that", (exchange(502),), False, False)
    findings = [replace(finding, tries=tries, broke=broke) for tries, broke in tallies]
    return [(RuleResult(CHANCE, Verdict.FLAKY), each) for each in findings]


@pytest.mark.parametrize(
    ("failed", "tallies", "as_asked"), [(2, [(5, 3), (2, 2)], (5, 10)), (2, [(5, 1)], (2, 9)), (1, [(1, 1)], (1, 5))]
)
def test_each_try_but_a_cases_first_weighs_as_one_that_is_asked_afresh(failed, tallies, as_asked):
    others = [exchange(502), *[exchange()] * 59]
    weighed = _Kind(findings=told(*tallies), asked=5, failed=failed, sent=5)
    broke, tries = as_asked
    assert weighed.likelihood(others) == _Kind(asked=tries, failed=broke, sent=tries).likelihood(others) < 1


def test_each_try_is_as_long_as_the_story_that_it_tells():
    findings = [(result, replace(each, exchanges=each.exchanges * 3)) for result, each in told((5, 2))]
    others = [exchange(502), *[exchange()] * 59]
    weighed = _Kind(findings=findings, asked=5, failed=2, sent=15).likelihood(others)
    assert weighed == _Kind(asked=9, failed=3, sent=27).likelihood(others)


def test_kind_that_held_each_time_afresh_does_not_keep_its_rule_for_what_was_before():
    assert _Kind(findings=told((2, 2), (2, 2), (2, 2)), asked=5, sent=5).likelihood([exchange()] * 500) == 1


# Likelihood


@pytest.mark.parametrize(
    ("failures", "tries", "share", "probability"),
    [(0, 5, 0.1, 1.0), (1, 1, 0.25, 0.25), (2, 2, 0.1, 0.01), (1, 2, 0.5, 0.75), (5, 5, 1.0, 1.0), (1, 5, 0.0, 0.0)],
)
def test_tail_is_the_binomial_one(failures, tries, share, probability):
    assert tail(failures, tries, share) == pytest.approx(probability)


@pytest.mark.parametrize(
    ("failures", "tries", "sent", "seen", "of", "probability"),
    [
        (1, 5, 1, 0, 60, 5 / 66),
        (5, 5, 1, 0, 0, 1 / 6),
        (1, 1, 2, 0, 60, 2 / 63),
        (2, 5, 1, 2000, 20_000, tail(2, 5, 0.1)),
        (0, 5, 1, 3, 60, 1.0),
    ],
)
def test_tail_is_the_mean_over_the_shares_that_explain_what_was_seen(failures, tries, sent, seen, of, probability):
    assert tail_after(failures, tries, sent, seen=seen, of=of) == pytest.approx(probability, rel=1e-3)


@pytest.mark.parametrize(
    ("probabilities", "places"),
    [
        ([], set()),
        ([0.009], {0}),
        ([0.01], set()),
        ([0.009, 0.009], set()),
        ([0.5, 0.003, 0.006], {1}),
        ([0.003, 0.004, 0.009], {0, 1, 2}),
    ],
)
def test_each_further_kind_makes_the_first_rejection_harder(probabilities, places):
    assert rejected(probabilities, 0.01) == places
