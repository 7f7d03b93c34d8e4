"""A run publishes what happens to whoever listens, and its parts are written by nobody but themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.support.scripted import FIRST, MUST, SHOULD, asked, case, run_before
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.runner.events import (
    CaseFinished,
    DeliverySent,
    PaceLearned,
    ReceiverStopped,
    RuleJudged,
    RuleStarted,
    RunFinished,
    RunStarted,
)
from callback_contract.contract_tests.runner.judge import judge_rules
from callback_contract.mock_server.client.sender import OutOfBudget, Pace
from callback_contract.openapi.text.errors import KitError

PRODUCT = Path(__file__).parents[3]
PARTS = {"config", "dispatcher", "state"}
CHANGES = {"append", "add", "update", "extend", "clear", "pop", "remove", "setdefault", "insert", "discard"}


def heard(*answers, tests, **more):
    """The events of a run whose rules have these tests."""
    run, events = run_before(*answers, **more), []
    run.state.subscribe(events.append)
    run.state.run_started(run.config, 2)
    judge_rules(run, tests)
    run.state.run_finished("")
    return events, run


def kinds(events):
    return [type(event) for event in events]


def test_events_come_in_the_order_of_what_happens():
    events, run = heard(200, tests={MUST.id: asked(), SHOULD.id: asked()}, rules=(MUST, SHOULD))
    started, *between, finished = events
    assert (started.run_id, started.rules, started.deliveries) == (run.state.run.id, (MUST, SHOULD), 2)
    assert (started.urls, started.callbacks) == ((run.config.sender.access.shown_url,), (FIRST.name,))
    # Both rules look at the same exchange.
    assert kinds(between) == [
        RuleStarted,
        DeliverySent,
        CaseFinished,
        RuleJudged,
        RuleStarted,
        CaseFinished,
        RuleJudged,
    ]
    assert isinstance(started, RunStarted)
    assert finished == RunFinished("")


def test_each_delivery_is_published_once_and_with_its_response():
    events, run = heard(500, 200, tests={MUST.id: asked()})
    sent = [event.exchange for event in events if isinstance(event, DeliverySent)]
    assert sent == run.state.exchanges
    assert sent[0].status == 500


def test_case_is_broken_where_its_rule_counts_it():
    cases = [case(f"case {number}") for number in range(5)]
    events, _ = heard(500, tests={MUST.id: asked(*cases)})
    finished = [(event.case.label, event.is_broken) for event in events if isinstance(event, CaseFinished)]
    assert finished == [(each.label, True) for each in cases[:3]]
    events, _ = heard(200, tests={MUST.id: asked(*cases)})
    assert [event.is_broken for event in events if isinstance(event, CaseFinished)] == [False] * 5


def test_case_that_is_only_counted_is_broken_too():
    cases = [case(f"case {number}") for number in range(5)]
    events, _ = heard(500, tests={MUST.id: asked(*cases, named=True)})
    assert [event.is_broken for event in events if isinstance(event, CaseFinished)] == [True] * 5


def test_pace_of_a_receiver_is_published_when_it_is_known_and_when_it_is_half_of_that():
    run, events = run_before(200), []
    run.state.run_started(run.config, 100)
    run.state.subscribe(events.append)
    for per_second in (8.0, 6.0, 9.0, 4.0, 2.5):
        run.state.pace_seen(per_second)
    assert events == [PaceLearned(8.0, 100), PaceLearned(4.0, 100)]
    assert events[1].left_s == 25.0


def test_verdict_that_may_change_is_published_when_it_is_final():
    run, events = run_before(200), []
    run.state.subscribe(events.append)
    for rule, is_final in ((MUST, False), (SHOULD, True)):
        run.state.rule_judged(RuleResult(rule, Verdict.FLAKY), is_final=is_final)
    assert [event.result.rule for event in events] == [SHOULD]
    run.state.results[MUST.id].verdict = Verdict.BLOCKED
    run.state.run_finished("")
    assert [event.result.verdict for event in events if isinstance(event, RuleJudged)] == ["flaky", "blocked"]


def test_verdict_is_known_before_it_is_published():
    run, known = run_before(200), []
    run.state.subscribe(lambda event: known.append(MUST.id in run.state.results))
    judge_rules(run, {MUST.id: asked()})
    assert known == [False, False, False, True]


def test_receiver_that_stops_is_published_with_the_rule_that_stopped_it():
    events, run = heard(200, 500, tests={MUST.id: asked(is_hostile=True)})
    assert [event for event in events if isinstance(event, ReceiverStopped)] == [
        ReceiverStopped(MUST, run.config.sender.access.shown_url)
    ]


def test_rule_without_a_test_is_not_judged():
    events, run = heard(200, tests={SHOULD.id: asked()}, rules=(MUST, SHOULD))
    assert list(run.state.results) == [SHOULD.id]
    assert [event.rule for event in events if isinstance(event, RuleStarted)] == [SHOULD]


def test_what_a_check_raises_is_an_error_of_its_rule_and_the_others_go_on():
    def check(receiver):
        raise ZeroDivisionError("of our own")

    tests = {SHOULD.id: asked(check=check, sends=1), MUST.id: asked()}
    events, _ = heard(200, tests=tests, rules=(MUST, SHOULD))
    results = [event.result for event in events if isinstance(event, RuleJudged)]
    assert [result.verdict for result in results] == [Verdict.ERROR, Verdict.PASS]
    assert results[0].reason == "ZeroDivisionError: of our own"


@pytest.mark.parametrize(
    ("answers", "pace", "stop"), [((200,), Pace(at_once=1, most=0), OutOfBudget), ((401,), None, KitError)]
)
def test_what_stops_a_run_leaves_the_rule_in_hand_without_a_verdict(answers, pace, stop):
    run, events = run_before(*answers, pace=pace), []
    run.state.subscribe(events.append)
    with pytest.raises(stop):
        judge_rules(run, {MUST.id: asked()})
    assert (run.state.results, RuleJudged in kinds(events)) == ({}, False)


def test_run_without_a_consumer_is_judged_all_the_same():
    run = run_before(200)
    judge_rules(run, {MUST.id: asked()})
    assert run.state.results[MUST.id].verdict is Verdict.PASS


def test_try_as_in_a_new_run_speaks_of_other_messages_and_knows_nothing_of_the_one_before():
    _, run = heard(200, 500, tests={MUST.id: asked(is_hostile=True)})
    before, sent = run.state.run.id, len(run.state.exchanges)
    assert run.state.shared and run.state.stopped_by
    again = run.state.started_again()
    assert (again is run.state.run, again.id != before) == (True, True)
    assert (run.state.shared, run.state.stopped_by, len(run.state.exchanges)) == ({}, {}, sent)


def part_of(node):
    """The part of a run below which an attribute or an item stands, as `state` in `run.state.results["X"]`."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
        if isinstance(node, ast.Attribute) and node.attr in PARTS:
            return node.attr
    return ""


def written(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)):
            given = getattr(node, "targets", None) or [node.target]
            targets = [each for target in given for each in getattr(target, "elts", [target])]
            yield from (ast.unparse(target) for target in targets if part_of(target))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            yield from [ast.unparse(node)] * bool(part_of(node.func.value))


def test_nobody_writes_into_a_part_of_a_run():
    modules = [path for path in PRODUCT.rglob("*.py") if "meta" not in path.parts and "receivers" not in path.parts]
    assert len(modules) > 100
    assert {path.name: found for path in modules if (found := list(written(ast.parse(path.read_text("utf-8")))))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "run.state.bursts.append(1)",
        "self.run.state.shared[key] = 1",
        "run.config.rules = ()",
        "run.dispatcher.spare -= 1",
        "a, run.state.run = 1, 2",
        "del run.state.results['X']",
    ],
)
def test_write_into_a_part_of_a_run_is_seen(line):
    assert list(written(ast.parse(line)))
