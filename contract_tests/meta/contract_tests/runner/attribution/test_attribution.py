"""Attribution: contention, a rejected value and a broken read-back explain only their own consequences."""

from __future__ import annotations

import threading
import time

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, judge_mock, tools
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli import stories
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi.contract.order import Order

CONTRACT, CATALOGUE, TESTS = tools()
CRASH = Response(500, b'{"error":"locked"}', "application/json")


def judged(fault, *rules, at_once=16):
    results = results_of(fault, *rules, at_once=at_once)
    return {rule_id: result.verdict.value for rule_id, result in results.items() if result.broken}


def results_of(fault, *rules, at_once=16):
    with served(Receiver(CONTRACT, fault=fault)) as url:
        sender = Sender(Access(url), Pace(at_once=at_once))
        run = run_of(CONTRACT, CATALOGUE, CATALOGUE.select(rules), CONTRACT.default_callbacks, sender, DEPTHS["quick"])
        try:
            return judge_all(run, TESTS)
        finally:
            run.close()


def bears_no_company():
    """Crashes on whatever comes while another delivery is in hand."""
    until = [0.0]

    def answer(request, assessment, receiver, right):
        now = time.monotonic()
        if now < until[0]:
            return CRASH
        until[0] = now + 0.02
        reply = right()
        return Response(reply.status, reply.body, reply.media_type, reply.headers, 0.02)

    return Fault(answer)


def crashes_once_at(*numbers):
    """Crashes on some deliveries whatever they are, company or not."""
    seen, lock = [0], threading.Lock()

    def answer(request, assessment, receiver, right):
        with lock:
            seen[0] += 1
            return CRASH if seen[0] in numbers else right()

    return Fault(answer)


def test_receiver_that_bears_no_company_breaks_the_rule_on_bursts_and_no_other():
    assert judged(bears_no_company(), "ACK", "DAT-01", "DAT-08", "IDM-02", "LOD-01") == {"LOD-01": "fail"}


def test_without_the_rule_on_bursts_company_excuses_nothing():
    assert "flaky" in judged(bears_no_company(), "ACK-01", "ACK-02", "ACK-03").values()


def test_without_the_rule_on_bursts_its_name_stands_beside_what_company_broke():
    results = results_of(bears_no_company(), "ACK-01", "ACK-02", "ACK-03")
    flaky = [result.reason for result in results.values() if result.broken]
    assert flaky and all("beside other deliveries, and not alone: LOD-01" in reason for reason in flaky)


def test_intermittent_error_is_flaky_where_nothing_else_is_under_way():
    found = judged(crashes_once_at(4), "ACK", "LOD-01", at_once=1)
    assert (list(found.values()), "LOD-01" in found) == (["flaky"], False)


def test_intermittent_error_beside_others_is_told_by_the_rule_on_bursts():
    assert judged(crashes_once_at(6), "ACK", "LOD-01") == {"LOD-01": "flaky"}


def test_refused_state_is_left_out_of_every_story():
    scope = Scope(CONTRACT.callbacks[0], DEPTHS["quick"], 0)
    refused = scope.callback.delivery.order.states[2]
    told = {state for case in stories.orders(scope.without(frozenset({refused}))) for state in case.states}
    assert told == set(scope.callback.delivery.order.states) - {refused}


def test_single_state_that_is_left_makes_no_story():
    scope = Scope(CONTRACT.callbacks[0], DEPTHS["quick"], 0)
    with pytest.raises(NotApplicable):
        list(stories.orders(scope.without(frozenset(scope.callback.delivery.order.states[1:]))))


def test_order_without_a_state_keeps_what_came_before_and_after_it_apart():
    order = Order((("a", "b"), ("b", "c"), ("a", "x")), ("x",)).without({"b"})
    assert (set(order.edges), order.terminal) == ({("a", "c"), ("a", "x")}, ("x",))


def test_refused_value_blocks_only_the_rule_that_cannot_do_without_it():
    results = judge_mock("ACK-03", "quick", 0)
    assert [rule_id for rule_id, result in results.items() if result.blocked] == ["ORD-03"]


@pytest.fixture
def breaking_plugin(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from itertools import count\n"
        "calls = count()\n"
        "def read_back(message_id):\n"
        "    if next(calls) > 1:\n"
        "        raise RuntimeError('the database is gone')\n"
        "    return None\n"
    )
    return str(file)


def test_read_back_that_breaks_is_an_error_and_hides_no_verdict(breaking_plugin):
    rules = "PAY-17,STA-01,IDM-01,IDM-03,ORD-01"
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-17"])) as url:
        done = quick(url, "--rules", rules, "--plugin", breaking_plugin, "--state-patience", "0.1", "--verbose")
    verdicts = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines() if " MUST  " in line}
    assert verdicts == {"PAY-17": "fail", "STA-01": "error", "IDM-01": "pass", "IDM-03": "error", "ORD-01": "pass"}
    assert (done.returncode, "the database is gone" in done.stderr) == (3, True)
