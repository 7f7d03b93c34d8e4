"""Second try of a case: separates verdicts, errors of the kit, and effects of contention."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.chapters.checks.stored_state import shown_last
from callback_contract.contract_tests.meta.support.foreign import contract_of, with_members
from callback_contract.contract_tests.meta.support.scripted import (
    ACKNOWLEDGES,
    ACKNOWLEDGES_TWO,
    BURSTS,
    CATALOGUE,
    LOOKS_AT_CALLBACK,
    MUST,
    asked,
    case,
    exchange,
    run_before,
)
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import RuleBroken, RuleResult, Verdict
from callback_contract.contract_tests.runner import attempts as trying
from callback_contract.contract_tests.runner.attempts import Outcome, confirmed, first_try, run_case, tried
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.mock_server.client.sender import Pace
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.text.message import Text

IDENTITY = Identity(Run("0badcafe", datetime(2026, 1, 1, tzinfo=UTC)), 1)

# What is a verdict


def assumes(exchange):
    assert exchange.status == 299, "a check that no rule has"


def assumes_in_an_edit(value):
    raise AssertionError("an edit that no case has")


@pytest.mark.parametrize(
    ("check", "edit", "said"),
    [(assumes, None, "a check that no rule has"), (ACKNOWLEDGES, assumes_in_an_edit, "an edit that no case has")],
)
def test_assertion_that_is_no_rules_check_is_an_error_of_the_kit(check, edit, said):
    with pytest.raises(RuntimeError, match=said):
        run_case(run_before(200), asked(check=check), case(edit=edit), 1, None)


@pytest.mark.parametrize("place", ["contract_tests/run.py", "contract_tests/trying.py", "apps/zoo.py", "zoo/apps.py"])
def test_assertion_of_any_other_file_is_an_error_of_the_kit(place):
    made = {}
    exec(compile("def check(exchange):\n    assert False, 'no rule'", place, "exec"), made)
    with pytest.raises(RuntimeError, match="no rule"):
        run_case(run_before(200), asked(check=made["check"]), case(), 1, None)


def test_other_exception_is_no_verdict():
    def raises(exchange):
        raise ValueError

    with pytest.raises(ValueError):
        run_case(run_before(200), asked(check=raises), case(), 1, None)


@pytest.mark.parametrize(("answer", "broken"), [(200, False), (500, True), ("reset", True)])
def test_rules_own_check_is_a_verdict(answer, broken):
    outcome = run_case(run_before(answer), asked(), case(), 1, None)
    assert (outcome.broken is not None, len(outcome.contact.exchanges)) == (broken, 1)


def test_check_that_compares_a_stored_message_is_a_verdict():
    test = asked(check=shown_last, sends=1)
    assert run_case(run_before(500), test, case(), 1, None).broken is not None


def test_check_gets_the_callback_that_it_asks_for():
    assert run_case(run_before(299), asked(check=LOOKS_AT_CALLBACK), case(), 1, None).broken is not None


def test_check_that_delivers_by_itself_gets_the_contact():
    run = run_before(200, 500)
    test = asked(check=ACKNOWLEDGES_TWO, sends=2)
    state = case().callback.delivery.order.states[0]
    outcome = run_case(run, test, case(states=(state,)), 1, None)
    assert (outcome.broken is not None, len(run.state.exchanges)) == (True, 2)


# Identities and shared exchanges


def test_shared_exchange_is_delivered_once_and_remembered_by_both():
    run, test = run_before(200), asked()
    first, second = (run_case(run, test, case(), 1, 0) for _ in range(2))
    assert len(run.state.exchanges) == 1
    assert first.contact.exchanges == second.contact.exchanges == run.state.exchanges
    assert first.contact.identity == CaseSession.of(run, case(), 1).identity


def test_other_places_among_the_stimuli_are_delivered_apart():
    run, test = run_before(200), asked()
    run_case(run, test, case(), 1, 0)
    run_case(run, test, case(), 1, 1)
    assert len(run.state.exchanges) == 2


def test_further_try_is_delivered_afresh_under_another_identity():
    run, test = run_before(200), asked()
    outcomes = [run_case(run, test, case(), 1, 0)]
    outcomes += [run_case(run, test, case(), 1, None, attempt) for attempt in (1, 2)]
    assert len(run.state.ids_sent) == len(run.state.exchanges) == 3
    assert [outcome.contact.watches for outcome in outcomes] == [False, True, True]
    assert run_case(run, test, case(), 1, None).contact.identity == outcomes[1].contact.identity


def test_case_that_is_tried_alone_is_told_with_its_one_try():
    contact, finding = tried(run_before(500), asked(), case(), 7)
    assert (finding.case_number, finding.tries, finding.broke, finding.repeated) == (7, 1, 1, True)
    assert finding.exchanges == tuple(contact.exchanges)
    assert tried(run_before(200), asked(), case(), 7)[1] is None


# The finding


def test_finding_says_what_was_expected_and_what_came():
    _, finding = tried(run_before(500), asked(), case("a hard case"), 1)
    assert (finding.case, finding.expected) == ("a hard case", "an acknowledgement (2xx)")
    assert (finding.actual, finding.case_index) == ("500 Internal Server Error, 0 bytes", None)


@pytest.mark.parametrize(
    ("instead", "exchanges", "actual"),
    [
        (Text("actual.not-known"), [exchange(500)], "not known"),
        (None, [exchange(404), exchange(500)], "500 Internal Server Error, 0 bytes"),
        (None, [], "nothing was sent"),
        (Text("actual.in-own-words", words=""), [], "nothing was sent"),
    ],
)
def test_finding_tells_the_last_answer_where_its_check_tells_nothing_else(instead, exchanges, actual):
    contact = SimpleNamespace(case=case(), exchanges=exchanges, identity=SimpleNamespace(case=1), looks=[])
    broken = RuleBroken(Text("expected.rejected"), instead)
    finding = trying._finding(Outcome(contact, broken), broken, asked(), trying.Attempts(2, 2))
    assert (finding.expected, finding.actual) == ("a rejection (4xx)", actual)
    assert isinstance(finding.expected, Text) and isinstance(finding.actual, Text)


@pytest.mark.parametrize(
    ("sends", "connects", "suffices"), [(0, False, True), (1, False, True), (2, False, False), (1, True, False)]
)
def test_one_delivery_shows_what_one_delivery_broke(sends, connects, suffices):
    contact = SimpleNamespace(case=case(), exchanges=[], identity=SimpleNamespace(case=1), looks=[])
    test = asked(sends=sends, connects=connects)
    broken = RuleBroken(Text("expected.rejected"))
    finding = trying._finding(Outcome(contact, broken), broken, test, trying.Attempts(2, 2))
    assert finding.curl_suffices is suffices


# The second try


def settled(*answers, beside=False, strained=False, bursts="due", rule=MUST, **more):
    """What comes of a case that broke at its first try, and the run; the first answer is that of the first try."""
    rules = (rule,) if bursts == "not selected" else (rule, BURSTS)
    run = run_before(*answers, rules=rules, pace=Pace(at_once=4))
    if bursts == "judged":
        run.state.rule_judged(RuleResult(BURSTS, Verdict.PASS))
    test = asked(**more)
    outcome = run_case(run, test, case(), 1, 0)
    assert outcome.broken is not None
    if beside:
        run.dispatcher._overlapped.add(id(run.state.exchanges[0]))
    if strained:
        run.dispatcher._overloaded.add(id(run.state.exchanges[0]))
    return confirmed(run, rule, test, outcome, 1), run


@pytest.mark.parametrize(
    ("answers", "tries", "broke"),
    [((500, 500), 2, 2), ((500, 200), 5, 1), ((500, 200, 500, 200, 500), 5, 3), ((404, 200), 5, 1)],
)
def test_case_that_broke_alone_is_a_finding_with_its_tally(answers, tries, broke):
    finding, run = settled(*answers)
    assert (finding.tries, finding.broke, finding.repeated) == (tries, broke, tries == broke)
    assert len(run.state.exchanges) == tries


@pytest.mark.parametrize(
    ("answers", "is_told"),
    [((500, 200), False), ((500, 200, 500, 500, 200), False), ((500, 200, 500), True), ((500,), True)],
)
def test_rule_on_time_that_held_more_than_once_met_a_pause_of_the_machine(answers, is_told):
    finding, run = settled(*answers, timed=True)
    assert (finding is not None) is is_told
    assert len(run.state.exchanges) in {2, 5}


def test_finding_shows_the_second_try_where_that_broke_and_the_first_where_it_held():
    broke, _ = settled(500, 503)
    assert [e.status for e in broke.exchanges] == [503]
    held, _ = settled(500, 200)
    assert [e.status for e in held.exchanges] == [500]


@pytest.mark.parametrize(
    ("answers", "how", "told"),
    [
        ((500, 200), {"beside": True}, "by the rule on bursts"),
        ((503, 200), {"beside": True}, "by the rule on bursts"),
        (("reset", 200), {"beside": True}, "by nobody"),
        (("refused", 200), {"beside": True, "bursts": "judged"}, "by nobody"),
        (("timeout", 200), {"beside": True}, "by its rule"),
        ((404, 200), {"beside": True}, "by its rule"),
        ((500, 500), {"beside": True}, "by its rule"),
        (("reset", "reset"), {"beside": True}, "by its rule"),
        ((500, 200), {"beside": True, "bursts": "judged"}, "by its rule"),
        ((500, 200), {"beside": True, "bursts": "not selected"}, "by its rule"),
        ((404, 200), {"strained": True}, "by nobody"),
        ((500, 200), {"strained": True, "beside": True}, "by nobody"),
        ((404, 404), {"strained": True}, "by its rule"),
        ((404, 200, 404), {"strained": True}, "by its rule"),
        ((500, 200), {}, "by its rule"),
    ],
)
def test_company_excuses_only_what_breaks_no_more_alone(answers, how, told):
    finding, run = settled(*answers, **how)
    assert told == ("by its rule" if finding else "by the rule on bursts" if run.state.contended else "by nobody")
    # Once company is known to be too much, the rest is asked alone.
    assert (run.dispatcher.is_serial, run.dispatcher.concurrency.limit) == (
        (True, 1) if run.state.contended else (False, 4)
    )


def test_excused_case_is_not_tried_a_third_time_where_it_was_crowded_out():
    assert len(settled(500, 200, beside=True)[1].state.exchanges) == 2
    assert len(settled(404, 200, strained=True)[1].state.exchanges) == 5


def together(*answers, **more):
    finding, run = settled(*answers, beside=True, together=True, **more)
    run.close()
    return finding, run


@pytest.mark.parametrize("rule", [MUST, CATALOGUE["ORD-01"]])
def test_rule_on_deliveries_together_is_excused_where_others_break_together_too(rule):
    finding, run = together(500, rule=rule)
    assert (finding, len(run.state.contended), len(run.state.exchanges)) == (None, 1, 1 + 24)


def test_rule_on_deliveries_together_is_asked_again_where_others_hold_together():
    finding, run = together(500, *[200] * 24, 500)
    assert (finding.repeated, len(run.state.contended), len(run.state.exchanges)) == (True, 0, 1 + 24 + 1)


@pytest.mark.parametrize("how", [{"rule": BURSTS}, {"bursts": "judged"}, {"bursts": "not selected"}])
def test_rule_on_bursts_is_no_excuse_for_itself_nor_where_it_is_not_to_come(how):
    finding, run = together("reset", 200, **how)
    assert (finding.broke, len(run.state.contended), len(run.state.exchanges)) == (1, 0, 5)


# The first try


@pytest.mark.parametrize(
    ("ahead", "strained", "deliveries"),
    [(None, False, 1), (200, False, 0), (404, False, 1), (500, False, 0), ("reset", False, 0), (500, True, 1)],
)
def test_outcome_from_far_ahead_counts_if_it_held_or_got_no_answer(ahead, strained, deliveries):
    run, prefetched = run_before(200), None
    if ahead is not None:
        came = exchange(ahead)
        prefetched = Outcome(SimpleNamespace(exchanges=[came]), AssertionError() if ahead != 200 else None)
        run.dispatcher._overloaded = {id(came)} if strained else set()
    outcome = first_try(run, asked(), case(), 1, 0, prefetched)
    assert len(run.state.exchanges) == deliveries
    assert (outcome is prefetched) == (deliveries == 0)


def test_case_that_is_told_again_has_an_identity_that_no_other_try_has():
    run = run_before(200)
    prefetched = Outcome(SimpleNamespace(exchanges=[exchange(404)]), AssertionError())
    again = first_try(run, asked(), case(), 1, 0, prefetched).contact.identity
    tries = [CaseSession.of(run, case(), 1, attempt).identity for attempt in range(8)]
    assert again not in tries and again == CaseSession.of(run, case(), 1, 9).identity


def test_first_try_is_shared_and_counted_by_its_place():
    run, test = run_before(200), asked()
    first_try(run, test, case(), 1, 5, None)
    assert list(run.state.shared) == [(test.purpose, case().callback.name, 5)]


def test_test_without_a_word_on_how_it_is_sent_looks_at_one_shared_exchange():
    test = RuleTest(lambda scope: (), ACKNOWLEDGES)
    assert (test.shares, test.deliveries(case())) == (True, 1)
    assert replace(test, connects=True).deliveries(case()) == 0


# What a second try sends


def bodies(*attempts):
    run = run_before(200)
    return [CaseSession.of(run, case(), 1, attempt).deliver().delivery.body for attempt in attempts]


def of_constants(tmp_path, **more):
    (callback,) = contract_of(tmp_path, with_members(text={"type": "string"}, more={"type": "string"})).callbacks
    content = {"text": "a", "more": "b"}
    return [Case(callback, "a case", content, again=again, **more).delivery(IDENTITY).body for again in (0, 1, 2)]


def test_body_with_an_id_is_fresh_by_that_and_has_no_other_byte():
    first, second, third = bodies(0, 1, 2)
    assert first != second != third
    assert len(first) == len(second) == len(third)


def test_body_without_an_id_differs_in_white_space(tmp_path):
    first, second, third = of_constants(tmp_path)
    assert (second, third) == (first + b" ", first + b"  ")


def test_mangled_body_without_an_id_differs_in_white_space(tmp_path):
    assert of_constants(tmp_path, mangle=lambda body: b"{,}") == [b"{,}", b"{,} ", b"{,}  "]


def test_body_whose_length_is_the_case_keeps_it(tmp_path):
    first, second, _ = of_constants(tmp_path, keeps_length=True)
    assert first != second and json.loads(first) == json.loads(second) and len(first) == len(second)


def test_empty_body_is_asked_again_as_it_is_after_a_plain_delivery():
    run = run_before(500)
    empty = case(mangle=lambda body: b"")
    outcome = run_case(run, asked(empty), empty, 1, None)
    assert [len(delivery.body) > 0 for delivery in run.config.sender.sent] == [True, False]
    assert outcome.broken
    assert [exchange.delivery.body for exchange in outcome.contact.exchanges] == [b""]


def test_receiver_that_drops_bytes_it_saw_is_broken_twice(tmp_path):
    seen = set()

    def once(delivery):
        known = delivery.body in seen
        seen.add(delivery.body)
        return exchange(200 if known else 500, delivery)

    run = run_before(once)
    broken = case(mangle=lambda body: b"{,}")
    first = run_case(run, asked(broken), broken, 1, 0)
    finding = confirmed(run, MUST, asked(broken), first, 1)
    assert (finding.tries, finding.broke, finding.repeated) == (2, 2, True)
