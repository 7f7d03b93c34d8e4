"""More is under way where a receiver works side by side, no more where it queues, and blame stays where it belongs."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.chapters.checks import interleaving
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.contract_tests.runner.test_work import plan
from callback_contract.contract_tests.meta.support.judged import broken
from callback_contract.contract_tests.meta.support.scripted import MUST, asked
from callback_contract.contract_tests.meta.support.scripted import run_before as scripted
from callback_contract.contract_tests.meta.support.waiting import MOST, run_at, run_before, workers
from callback_contract.contract_tests.runner import attempts as trying
from callback_contract.contract_tests.runner.prefetch import prefetch
from callback_contract.contract_tests.runner.scheduling import concurrency_limit as company_module
from callback_contract.contract_tests.runner.scheduling.concurrency_limit import ConcurrencyLimit, most_at_once
from callback_contract.contract_tests.runner.scheduling.dispatcher import Dispatcher
from callback_contract.mock_server.client.sender import Pace
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Fault
from callback_contract.mock_server.receiver.receiver import Response as MockResponse
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Response

TESTS = tools()[2]


@pytest.fixture(autouse=True, scope="module")
def idle_machine():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(company_module, "slowdown_factor", lambda: 1.0)
        yield


def after(times, status=200, others=15, company=None):
    company = company or ConcurrencyLimit(16, MOST)
    for elapsed_s in times:
        answer = Response(status, "", (), b"{}")
        company.note(Exchange(Delivery("", "POST", (), b""), answer, "", "", elapsed_s), others)
    return company


def test_deliveries_that_take_no_longer_beside_others_get_more_company():
    company = after([0.3] * 16)
    assert (company.bears_more, company.limit) == (True, 32)


def test_deliveries_that_queue_get_no_more_company():
    company = after([0.1 * place for place in range(1, 17)])
    assert (company.bears_more, company.limit) == (False, 16)


def test_deliveries_that_are_hardly_waited_for_get_no_more_company():
    assert not after([0.004] * 16).bears_more


def test_a_few_slower_ones_are_no_queue():
    assert after([0.3] * 13 + [0.7] * 3).bears_more


def queued(company):
    return after([0.6] * 12 + [0.3] * 12, others=31, company=company)


def test_queue_under_more_company_takes_it_back_and_the_second_time_for_good():
    company = queued(after([0.3] * 16))
    assert company.limit == 16
    assert after([0.3] * 16, company=company).limit == 32
    assert after([0.3] * 160, company=queued(company)).limit == 16


def test_busy_machine_is_no_queue(monkeypatch):
    monkeypatch.setattr(company_module, "slowdown_factor", lambda: 2.0)
    assert queued(after([0.3] * 16)).limit == 48


def test_error_under_more_company_takes_it_back():
    assert after([0.3], status=503, others=20, company=after([0.3] * 16)).limit == 16


def test_error_beside_as_many_as_usual_takes_nothing_back():
    assert after([0.3], status=503, company=after([0.3] * 16)).limit == 32


@pytest.mark.parametrize(
    ("pace", "asked_for"), [(Pace(at_once=8), 8), (Pace(per_second=20.0, at_once=4), None), (Pace(most=900), None)]
)
def test_what_was_asked_for_is_the_limit(pace, asked_for):
    assert most_at_once(pace, asked_for) == pace.at_once


def test_receiver_on_this_machine_may_get_more():
    assert most_at_once(Pace(), None) == MOST


def test_nothing_goes_ahead_while_a_rule_sends_in_its_turn():
    concurrency = ConcurrencyLimit(16, MOST)
    with concurrency.let_in():
        with concurrency.let_in():
            assert concurrency._is_open
        assert concurrency._is_open  # the other one waits still
        with concurrency.apart():
            assert not concurrency._is_open
        assert concurrency._is_open
    assert not concurrency._is_open


@pytest.mark.parametrize(("took_s", "begins"), [(0.1, False), (0.6, True)])
def test_receiver_that_stores_late_or_shows_slowly_gets_all_chapters_at_once(took_s, begins):
    run = scripted()
    run.dispatcher.prefetches.looked_for(took_s)
    prefetch(run, MUST, {MUST.id: asked()})
    assert run.dispatcher.prefetches.has_begun_all is begins
    run.close()


@pytest.fixture(scope="module")
def right():
    with run_before() as run:
        judge_all(run, TESTS)
        yield run


def test_right_receiver_breaks_nothing(right):
    assert broken(right.state.results) <= {"LOD-04"}


def test_each_rule_sends_what_was_planned_when_it_is_sent_ahead(right):
    sent = {rule_id: result.deliveries for rule_id, result in right.state.results.items() if rule_id != "LOD-04"}
    assert sent == {rule_id: count for rule_id, count in plan(right).items() if rule_id != "LOD-04"}


def test_no_delivery_tells_the_same_event_for_two_rules(right):
    numbers = sorted(right.state._numbers.items(), key=lambda item: item[1])
    assert len({number for _, number in numbers}) == len(numbers)


@pytest.fixture
def met(monkeypatch):
    """For which rules deliveries were sent ahead while others were under way; "" for what a rule sent in its turn."""
    under_way, found, lock = [], set(), threading.Lock()
    original = Dispatcher.send

    def send(dispatcher, delivery, *, ahead_of="", **more):
        with lock:
            found.update({(ahead_of, other) for other in under_way if other != ahead_of})
            under_way.append(ahead_of)
        try:
            return original(dispatcher, delivery, ahead_of=ahead_of, **more)
        finally:
            with lock:
                under_way.remove(ahead_of)

    monkeypatch.setattr(Dispatcher, "send", send)
    return found


def judged(fault, *rules, depth="quick"):
    with run_before(fault, *rules, depth=depth) as run:
        judge_all(run, TESTS)
    return run


def test_cases_of_several_rules_and_chapters_are_under_way_together(met):
    judged(None, "ACK", "DAT-01", "FWD-01", "IDM-07", "ORD-01", "STA-01")
    rules = {rule_id for pair in met for rule_id in pair}
    assert {"FWD-01", "IDM-07", "ORD-01", "STA-01"} <= rules  # the first chapters may have shown that it is slow


def test_interleaved_messages_are_told_side_by_side_ahead_of_their_turn(monkeypatch):
    both, told = threading.Barrier(2), interleaving._told
    monkeypatch.setattr(interleaving, "_told", lambda *run: both.wait(20) + 1 and told(*run))
    run = judged(None, "ACK", "DAT", "STA-01", "ORD-04")
    assert run.state.results["ORD-04"].verdict == "pass"


def test_what_harms_or_measures_is_sent_in_its_turn():
    run = judged(None, "ACK", "DAT-01", "PAY-17", "PAY-32", "WIRE-14", "STA-07", "IDM-02", "LOD-01")
    begun = {purpose.rpartition(".")[2] for purpose, _ in run.dispatcher.prefetches._begun}
    assert begun == {"scripts"}


def test_what_was_sent_ahead_of_a_blocked_rule_is_not_judged():
    run = judged(FAULTS["IDM-01"], "ACK", "DAT-01", "IDM-01", "ORD-01")
    assert any(purpose.endswith("test_any_order_is_acknowledged") for purpose, _ in run.dispatcher.prefetches._begun)
    assert broken(run.state.results) == {"IDM-01"}
    assert run.state.results["ORD-01"].blocked


@pytest.mark.parametrize(
    "rule",
    [
        "PAY-17",
        "WIRE-14",
        *(pytest.param(rule, marks=pytest.mark.slow) for rule in "DAT-08 PAY-32 STA-06 IDM-03 IDM-08 ORD-04".split()),
    ],
)
def test_fault_of_a_slow_receiver_breaks_exactly_its_rule(rule):
    required = [each.id for each in tools()[1].with_required(rule)]
    rules = {*required, "ACK-03", "DAT-01", "PAY-01", "PAY-03", "WIRE-12", "SEC-01", "IDM-01", "ORD-01", "LOD-01"}
    depth = "standard" if rule == "PAY-32" else "quick"  # where the valid delivery is left to others, too few cases ask
    assert broken(judged(FAULTS[rule], *rules, depth=depth).state.results) == {rule}


def dies_of(sign):
    """Fails on all that comes after one kind of body."""
    dead = []

    def answer(request, assessment, receiver, right):
        if dead:
            return MockResponse(500)
        if sign in request.body:
            dead.append(True)
        return right()

    return Fault(answer)


def test_rule_that_killed_a_slow_receiver_is_named():
    run = judged(dies_of(b"[[[["), "ACK", "DAT-01", "FWD-01", "PAY-23", "PAY-24", "PAY-25", "IDM-01", "ORD-01")
    assert list(run.state.stopped_by.values()) == ["PAY-24"]
    assert broken(run.state.results) == {"PAY-24"}


def test_second_look_after_hostile_deliveries_takes_nobody_along(monkeypatch):
    times, original = [], ConcurrencyLimit.let_along
    monkeypatch.setattr(ConcurrencyLimit, "let_along", lambda company: times.append(1) or original(company))
    run = judged(dies_of(b"[[[["), "ACK-01", "PAY-24")
    assert (len(times), run.state.plain_sent) == (1, 2)


@pytest.mark.parametrize(("status", "strained", "told"), [(409, False, 1), (500, False, 0), (500, True, 1)])
def test_story_that_broke_ahead_is_told_again_in_its_turn(monkeypatch, status, strained, told):
    again = []
    monkeypatch.setattr(trying, "run_case", lambda *given: again.append(given))
    exchange = Exchange(Delivery("", "POST", (), b""), Response(status, "", (), b""), "", "", 0.1)
    run = SimpleNamespace(dispatcher=SimpleNamespace(overloaded=lambda exchanges: strained))
    ahead = trying.Outcome(SimpleNamespace(exchanges=[exchange]), AssertionError())
    trying.first_try(run, None, None, 1, 0, ahead)
    assert len(again) == told


def test_killed_receiver_gets_nothing_more():
    run = judged(dies_of(b"[[[["), "ACK", "DAT-01", "PAY-24", "WIRE-03", "WIRE-14", "LOD-01")
    assert all(run.state.results[rule].blocked for rule in ("WIRE-03", "WIRE-14", "LOD-01"))


@pytest.mark.parametrize("count", [1, 4])
def test_receiver_with_few_workers_gets_no_more_company(count):
    with workers(count) as url, run_at(url, "ACK-01", "ACK-02", "ACK-03", "DAT-08", "FWD-01") as run:
        judge_all(run, TESTS)
    assert (run.dispatcher.prefetches._begun, broken(run.state.results)) == ({}, set())
    assert run.dispatcher.concurrency.limit == 16


def test_receiver_with_as_many_workers_as_usual_breaks_nothing_while_more_company_is_tried():
    with workers(16) as url, run_at(url, "ACK-01", "ACK-02", "ACK-03", "DAT", "WIRE-01", "WIRE-12") as run:
        judge_all(run, TESTS)
    assert broken(run.state.results) == set()


# Hostile deliveries of several rules


@pytest.fixture
def felt(monkeypatch):
    """A receiver that is waited for as in these tests is slow enough for hostile deliveries in company."""
    monkeypatch.setattr(company_module, "_FELT_S", 0.0)


def test_one_valid_delivery_follows_the_hostile_ones_of_several_rules(felt):
    run = judged(None, "ACK-01", "PAY-17", "PAY-19", "PAY-03")
    assert broken(run.state.results) == set()
    assert run.state.plain_sent == 1


@pytest.mark.parametrize("rule", ["PAY-19", "PAY-24"])
def test_rule_is_found_among_the_hostile_deliveries_of_others(felt, rule):
    rules = {each.id for each in tools()[1].with_required(rule)}
    run = judged(FAULTS[rule], *rules, "ACK-01", "PAY-17", "PAY-03", "PAY-15", "PAY-23")
    assert broken(run.state.results) == {rule}


def test_receiver_that_died_among_the_deliveries_of_several_rules_is_blamed_on_none_of_them(felt):
    run = judged(dies_of(b"[[[["), "ACK", "PAY-23", "PAY-24", "PAY-25", "LIVE-01", "LOD-01")
    assert broken(run.state.results) == {"LIVE-01"}
    (finding,) = run.state.results["LIVE-01"].findings
    assert "PAY-24" in finding.case and "500" in finding.actual and "--rules" in finding.actual


def test_hostile_delivery_without_an_answer_is_sent_again_in_its_rules_turn(felt):
    sent = []

    def answer(request, assessment, receiver, right):
        if b"[[[[" in request.body:
            sent.append(request)
            return replace(right(), wire="reset") if len(sent) == 1 else right()
        return right()

    run = judged(Fault(answer), "ACK-01", "PAY-23", "PAY-24", "PAY-25")
    assert broken(run.state.results) == set()
