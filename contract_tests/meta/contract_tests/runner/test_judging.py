"""Verdict of one rule: from its cases, tries and preconditions, with the counts in its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.support.scripted import (
    ACKNOWLEDGES_TWO,
    BURSTS,
    FIRST,
    MUST,
    PLAIN,
    SECOND,
    SHOULD,
    asked,
    case,
    exchange,
    run_before,
)
from callback_contract.contract_tests.model.verdicts import (
    Block,
    Finding,
    LacksMeans,
    Means,
    NotApplicable,
    RuleResult,
    Verdict,
)
from callback_contract.contract_tests.runner import judge as judging
from callback_contract.contract_tests.runner.attempts import Outcome
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.judge import judge
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.client.sender import Pace
from callback_contract.openapi.text.errors import KitError

BOTH = (FIRST, SECOND)
BESIDE = Pace(at_once=5)
READ_BACK = replace(MUST, evidence="read-back")
ODD = ReadBackError("the state was odd", where="--state-url", remedy="Mend it.")


def cases(count, callback=FIRST):
    return [case(f"case {number}", callback) for number in range(count)]


def bad(*numbers, of, again=True):
    """Answers to so many cases; each of these numbers breaks, and is asked again at once."""
    answers = []
    for number in range(of):
        answers += [500, 500 if again else 200] if number in numbers else [200]
        answers += [200, 200, 200] if number in numbers and not again else []
    return answers


def finding(callback=FIRST, **more):
    return Finding(callback.name, "case", "this", "that", (), True, False, **more)


def raising(error):
    def check(receiver):
        raise error

    return check


# The verdict


@pytest.mark.parametrize(
    ("rule", "answers", "verdict", "reason", "deliveries"),
    [
        (MUST, (200,), "pass", "", 1),
        (MUST, (500,), "fail", "1 of 1 cases broke it", 2),
        (SHOULD, (500,), "warn", "1 of 1 cases broke it", 2),
        (MUST, (500, 200), "flaky", "1 of 1 cases broke it; failed 1 of 5 tries", 5),
        (SHOULD, (500, 200), "flaky", "1 of 1 cases broke it; failed 1 of 5 tries", 5),
    ],
)
def test_rule_is_broken_as_its_level_says_and_flaky_where_it_held_again(rule, answers, verdict, reason, deliveries):
    result = judge(run_before(*answers), rule, asked())
    assert (result.verdict, result.reason, result.cases) == (verdict, reason, 1)
    assert (result.deliveries, result.blocked, len(result.findings)) == (deliveries, False, verdict != "pass")


def test_one_case_that_repeats_makes_a_rule_fail_that_is_flaky_otherwise():
    answers = [500, 200, 200, 200, 200, 500, 500]
    result = judge(run_before(*answers), MUST, asked(*cases(2)))
    assert result.verdict is Verdict.FAIL
    assert result.reason == "all 2 cases broke it; flaky ones failed 1 of 5 tries"


@pytest.mark.parametrize(
    ("broken", "count", "deliveries", "reason"),
    [
        ((0,), 4, 5, "1 of 4 cases broke it"),
        ((1, 3), 4, 6, "2 of 4 cases broke it"),
        ((0, 1), 2, 4, "all 2 cases broke it"),
        ((0, 1, 2), 3, 6, "all 3 cases broke it"),
        ((0, 1, 3), 5, 7, "at least 3 of 5 cases broke it"),
    ],
)
def test_three_broken_cases_are_enough(broken, count, deliveries, reason):
    result = judge(run_before(*bad(*broken, of=count), 500), MUST, asked(*cases(count)))
    assert (result.deliveries, result.reason, result.cases) == (deliveries, reason, count)
    assert [finding.case_index for finding in result.findings] == list(broken)
    assert [finding.case for finding in result.findings] == [f"case {number}" for number in broken]


@pytest.mark.parametrize(
    ("count", "deliveries", "reason"),
    [
        (5, 8, "all 5 cases broke it; once each, also case 3, case 4"),
        (20, 23, f"all 20 cases broke it; once each, also {', '.join(f'case {n}' for n in range(3, 20))}"),
        (21, 23, f"at least 20 of 21 cases broke it; once each, also {', '.join(f'case {n}' for n in range(3, 20))}"),
    ],
)
def test_rule_that_names_each_case_names_twenty_and_tries_three_again(count, deliveries, reason):
    result = judge(run_before(500), MUST, asked(*cases(count), named=True))
    assert (result.deliveries, result.reason, len(result.findings)) == (deliveries, reason, 3)


def test_rule_that_names_no_case_tells_no_further_ones():
    result = judge(run_before(500, pace=Pace(at_once=1)), MUST, asked(*cases(2)))
    assert "also" not in result.reason


def test_first_cases_of_a_batch_are_confirmed_and_the_others_counted():
    run = run_before(404, pace=BESIDE)
    try:
        result = judge(run, MUST, asked(*cases(6)))
    finally:
        run.close()
    assert (result.reason, len(result.findings), result.deliveries) == ("at least 5 of 6 cases broke it", 3, 5 + 3)


def test_case_that_held_beside_others_hides_none_of_them():
    run = run_before(lambda delivery: exchange(200 if b"held" in delivery.body else 404, delivery), pace=BESIDE)
    held = case("the case that held", edit=lambda value: {**value, "held": True})
    try:
        result = judge(run, MUST, asked(held, *cases(2)))
    finally:
        run.close()
    assert [finding.case_index for finding in result.findings] == [1, 2]


def test_each_case_is_numbered_by_its_place():
    run = run_before(200)
    judge(run, MUST, asked(*cases(4)))
    assert [*run.state.ids_sent] == [CaseSession.of(run, case(), number).message_id() for number in range(1, 5)]


def test_lost_credentials_end_the_run():
    run = run_before(401)
    with pytest.raises(KitError, match="credentials"):
        judge(run, MUST, asked())
    assert run.state.plain_sent == 1


# Several callbacks


def test_reason_names_the_callback_where_there_are_several():
    result = judge(run_before(500, callbacks=BOTH), MUST, asked())
    assert result.reason == f"{FIRST.name}: 1 of 1 cases broke it; {SECOND.name}: 1 of 1 cases broke it"
    assert (result.cases, result.broken_for) == (2, {FIRST.name, SECOND.name})


REQUIRING = replace(MUST, requires=("ACK-01",))


def run_with_broken(*callbacks, verdict=Verdict.FAIL, answers=(200,)):
    run = run_before(*answers, callbacks=BOTH)
    broken = [finding(callback) for callback in callbacks]
    run.state.rule_judged(RuleResult(run.config.catalogue["ACK-01"], verdict, findings=broken))
    return run


def test_rule_is_blocked_where_all_its_callbacks_are():
    run = run_with_broken(*BOTH)
    result = judge(run, REQUIRING, asked())
    assert (result.verdict, result.blocked, result.cases) == (Verdict.BLOCKED, True, 0)
    assert result.reason == "blocked: ACK-01 is broken"
    assert set(result.blocked_for) == {FIRST.name, SECOND.name}
    assert run.state.exchanges == []


def test_rule_that_is_blocked_is_told_so_whatever_else_it_lacks():
    result = judge(run_with_broken(*BOTH), replace(REQUIRING, evidence="read-back"), asked())
    assert (result.blocked, result.reason) == (True, "blocked: ACK-01 is broken")


def test_rule_is_judged_by_the_callbacks_that_are_not_blocked():
    result = judge(run_with_broken(FIRST), REQUIRING, asked())
    assert (result.verdict, result.blocked, result.cases, result.deliveries) == (Verdict.PASS, False, 1, 1)
    assert result.reason == f"not judged of {FIRST.name}: ACK-01 is broken"
    assert result.blocked_for == {FIRST.name: Block("ACK-01")}


def test_rule_is_blocked_where_no_callback_is_left_that_has_a_case():
    result = judge(run_with_broken(FIRST), REQUIRING, asked(case()))
    assert (result.verdict, result.blocked) == (Verdict.BLOCKED, True)
    assert result.reason == "the contract leaves no such case; blocked: ACK-01 is broken"


def test_refused_value_blocks_the_callback_that_cannot_do_without_it():
    run = run_before(200, callbacks=BOTH)
    state = FIRST.delivery.state
    refused = (FIRST.name, (state, PLAIN[FIRST.name][state.removeprefix("/")]))
    run.state.values_refused(run.config.catalogue["ACK-03"], [refused])
    result = judge(run, MUST, asked())
    assert (result.verdict, result.cases, result.blocked) == (Verdict.PASS, 1, False)
    assert result.blocked_for == {FIRST.name: Block("ACK-03")}


# Means


def test_rule_without_its_means_is_not_applicable_and_sends_nothing():
    run = run_before(200)
    result = judge(run, READ_BACK, asked())
    assert (result.verdict, result.blocked, run.state.exchanges) == (Verdict.NOT_APPLICABLE, False, [])
    assert "needs read-back" in result.reason
    assert result.lacks == {Means.READ_BACK}


def test_rule_of_which_the_contract_asks_nothing_lacks_no_means():
    result = judge(run_before(200), READ_BACK, asked(case(callback=SECOND)))
    assert (result.verdict, result.lacks) == (Verdict.NOT_APPLICABLE, set())
    assert result.reason == "the contract leaves no such case"


@pytest.mark.parametrize("others", [(), (SECOND,)])
def test_means_that_one_callback_lacks_are_named(others):
    def check(receiver):
        if receiver.case.callback is FIRST:
            raise LacksMeans(Means.SHOWN_LAST, "needs more")
        receiver.deliver()

    result = judge(run_before(200, callbacks=(FIRST, *others)), MUST, asked(check=check, sends=1))
    assert result.lacks == {Means.SHOWN_LAST}


def test_case_that_lacks_its_means_does_not_count():
    check = raising(NotApplicable("needs more"))
    result = judge(run_before(200), MUST, asked(*cases(3), check=check, sends=1))
    assert (result.verdict, result.reason, result.cases) == (Verdict.NOT_APPLICABLE, "needs more", 0)
    assert not result.blocked


def test_callback_that_lacks_its_means_leaves_the_others():
    def check(receiver):
        if receiver.case.callback is FIRST:
            raise NotApplicable("needs more")
        receiver.deliver()

    result = judge(run_before(200, callbacks=BOTH), MUST, asked(check=check, sends=1))
    assert (result.verdict, result.cases, result.deliveries) == (Verdict.PASS, 1, 1)


def test_same_reason_of_two_callbacks_is_said_once():
    test = asked(check=raising(NotApplicable("needs more")), sends=1)
    assert judge(run_before(200, callbacks=BOTH), MUST, test).reason == "needs more"


def test_withheld_callback_says_why_nothing_of_it_was_judged():
    run = run_before(200)
    run.config.__dict__.update(withheld={SECOND.name: "it always comes signed"}, scopes=())
    result = judge(run, MUST, asked())
    assert (result.verdict, result.reason) == (Verdict.NOT_APPLICABLE, "it always comes signed")
    assert result.lacks == {Means.SCHEME}


def test_rule_on_time_says_that_it_broke_at_first():
    result = judge(run_before(500, 200), MUST, asked(timed=True))
    assert (result.verdict, result.reason) == (
        Verdict.PASS,
        "it took too long at first, and not when it was asked again: a pause of the machine",
    )


# Read-back that breaks


def test_read_back_that_breaks_is_an_error_and_keeps_what_was_found():
    def check(receiver):
        if receiver.case.label == "case 1":
            raise ODD
        ACKNOWLEDGES_TWO(receiver)

    run = run_before(500, callbacks=BOTH, read_back=lambda message_id: None)
    (state, *_) = FIRST.delivery.order.states
    told = [replace(each, states=(state,)) for each in cases(2)]
    result = judge(run, READ_BACK, asked(*told, case(callback=SECOND), check=check, sends=2))
    assert (result.verdict, result.reason) == (Verdict.ERROR, str(ODD))
    assert run.state.read_back_error is ODD
    assert (len(result.findings), result.deliveries, len(run.state.exchanges)) == (1, 5, 5)


def test_rule_on_read_back_that_broke_before_is_an_error_and_the_others_go_on():
    run = run_before(200, read_back=lambda message_id: None)
    run.state.read_back_broke(ODD)
    result = judge(run, READ_BACK, asked())
    assert (result.verdict, run.state.exchanges) == (Verdict.ERROR, [])
    assert result.reason == "read-back broke down before: the state was odd"
    assert judge(run, MUST, asked()).verdict is Verdict.PASS


# Hostile cases


def test_receiver_is_looked_after_once_for_each_callback_that_got_something_hostile():
    result = judge(run_before(200, callbacks=BOTH), MUST, asked(is_hostile=True))
    assert (result.deliveries, result.verdict) == (2 + 2, Verdict.PASS)
    assert judge(run_before(200), MUST, asked()).deliveries == 1


def test_death_after_something_hostile_is_a_finding_of_its_rule():
    run = run_before(200, 500)
    result = judge(run, MUST, asked(is_hostile=True))
    assert (result.verdict, result.deliveries) == (Verdict.FAIL, 3)
    assert run.state.stopped_by == {run.config.sender: MUST.id}


def test_nobody_is_looked_after_where_nothing_was_sent():
    run = run_before(200)
    test = asked(check=lambda receiver: None, sends=1, is_hostile=True)
    result = judge(run, MUST, test)
    assert (result.deliveries, run.state.exchanges) == (0, [])


def test_hostile_case_that_held_again_is_not_tried_a_third_time():
    assert judge(run_before(500, 200), MUST, asked(is_hostile=True)).deliveries == 2 + 1


# What was sent ahead


def test_deliveries_that_were_sent_ahead_count_for_their_rule():
    run = run_before(200)
    run.state.deliveries_prefetched(MUST, 4)
    run.state.deliveries_prefetched(SHOULD, 2)
    assert judge(run, MUST, asked()).deliveries == 5
    assert (run.state.take_prefetched(MUST), run.state.take_prefetched(SHOULD)) == (0, 2)


def test_what_was_delivered_before_the_turn_does_not_count():
    run, test = run_before(200), asked()
    run.dispatcher.send(case().delivery(CaseSession.of(run, case(), 99).identity))
    assert judge(run, MUST, test).deliveries == 1


# Company


@pytest.fixture
def all_beside(monkeypatch):
    """Takes each delivery but those that are asked again for one beside others."""

    def mark(run, strained=False):
        send, first = run.dispatcher.send, iter([True])

        def sent(delivery, **more):
            came = send(delivery, **more)
            if next(first, False):
                (run.dispatcher._overloaded if strained else run.dispatcher._overlapped).add(id(came))
            return came

        monkeypatch.setattr(run.dispatcher, "send", sent)
        return run

    return mark


def test_reason_counts_what_is_left_to_the_rule_on_bursts(all_beside):
    run = all_beside(run_before(500, 200, rules=(MUST, BURSTS)))
    result = judge(run, MUST, asked(*cases(2)))
    assert (result.verdict, len(run.state.contended)) == (Verdict.PASS, 1)
    assert result.reason == "1 of 2 cases broke among others and held alone; LOD-01 judges that"


def test_reason_counts_what_broke_in_more_company_than_usual(all_beside):
    run = all_beside(run_before(404, 200), strained=True)
    result = judge(run, MUST, asked(*cases(2)))
    assert result.verdict is Verdict.PASS
    assert result.reason == "1 of 2 cases broke in more company than usual, and never again alone"


def test_reason_names_the_rule_on_bursts_where_it_was_not_asked_for(all_beside):
    result = judge(all_beside(run_before(500, 200)), MUST, asked())
    assert result.verdict is Verdict.FLAKY
    assert "; beside other deliveries, and not alone: LOD-01, which was not asked for, judges that" in result.reason
    asked_for = judge(run_before(500, 200, rules=(MUST, BURSTS)), MUST, asked())
    assert "LOD-01" not in asked_for.reason


def test_rule_on_bursts_is_flaky_by_what_other_rules_left_to_it():
    run = run_before(200, rules=(MUST, BURSTS))
    run.state.broke_in_contention(replace(finding(tries=2, broke=1), repeated=False))
    result = judge(run, BURSTS, asked())
    assert (result.verdict, len(result.findings)) == (Verdict.FLAKY, 1)
    assert result.reason.startswith("1 cases of other rules broke beside others and held alone")


@pytest.mark.parametrize(("at_once", "ahead", "limit"), [(2, {}, 2), (None, {}, None), (2, {0: 1}, 4)])
def test_cases_have_the_company_that_their_test_allows_or_would_have_had(monkeypatch, at_once, ahead, limit):
    run, limits = run_before(200, pace=Pace(at_once=4)), []
    monkeypatch.setattr(judging, "prefetched", lambda run, test, scope: ahead)
    monkeypatch.setattr(judging, "first_try", lambda *given: Outcome(CaseSession.of(run, case(), 1), None))
    monkeypatch.setattr(
        run.dispatcher, "in_batches", lambda jobs, most: limits.append(most) or [[job() for job in jobs]]
    )
    judge(run, MUST, asked(at_once=at_once))
    assert limits == [limit]


def test_case_that_held_far_ahead_is_not_sent_again(monkeypatch):
    run = run_before(500)
    held = Outcome(CaseSession.of(run, case(), 1), None)
    monkeypatch.setattr(judging, "prefetched", lambda run, test, scope: {0: held, 2: held})
    result = judge(run, MUST, asked(*cases(3)))
    assert [finding.case_index for finding in result.findings] == [1]


# Narrowing


@pytest.mark.parametrize(("narrows", "answer", "refused"), [(True, 500, True), (False, 500, False), (True, 200, False)])
def test_values_that_a_narrowing_rule_found_refused_are_remembered(narrows, answer, refused):
    run, listed = run_before(answer), (FIRST.delivery.state, FIRST.delivery.order.states[0])
    judge(run, MUST, asked(case(listed=listed), narrows=narrows))
    assert run.state.refused == ({FIRST.name: [listed]} if refused else {})
    assert run.state.narrowed_by == (MUST.id if refused else "")
