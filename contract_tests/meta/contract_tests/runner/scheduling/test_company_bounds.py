"""Concurrency limit: stays within the pace, does not block itself, and hides no flaky receiver."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace

import pytest

from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.waiting import run_at, run_before
from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.contract_tests.runner import attempts as trying
from callback_contract.contract_tests.runner.scheduling import concurrency_limit as company_module
from callback_contract.contract_tests.runner.scheduling.concurrency_limit import ConcurrencyLimit
from callback_contract.contract_tests.runner.scheduling.dispatcher import Dispatcher
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served

CONTRACT, _, TESTS = tools()
_MARK = "in_one_case"
SOME = ("ACK-01", "ACK-03", "DAT-08", "PAY-03", "IDM-01")


@pytest.fixture(autouse=True, scope="module")
def idle_machine():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(company_module, "slowdown_factor", lambda: 1.0)
        yield


@pytest.fixture
def peak(monkeypatch):
    """The most deliveries that were under way together, once some were sent."""
    under_way, most, lock, send = [0], [0], threading.Lock(), Sender.send

    def counted(self, delivery, **more):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        try:
            return send(self, delivery, **more)
        finally:
            with lock:
                under_way[0] -= 1

    monkeypatch.setattr(Sender, "send", counted)
    return lambda: most[0]


@pytest.mark.parametrize("at_once", [1, 4])
def test_no_more_is_under_way_than_was_asked_for(peak, at_once):
    with run_before(None, *SOME, at_once=at_once) as run:
        judge_all(run, TESTS)
    assert (peak(), run.dispatcher.prefetches.has_begun_all) == (at_once, False)


def test_whoever_goes_along_leaves_room_for_the_delivery_it_goes_along_with():
    company = ConcurrencyLimit(4, 8)
    company.bears_more, company.limit, company._along = True, 4, True
    assert company._most_now == 3


def test_burst_that_was_begun_ahead_keeps_no_other_burst_waiting():
    with run_before(None, "ACK-01", "ACK-02", "ACK-03", "DAT-01", "IDM-02", "IDM-08") as run:
        judging = threading.Thread(target=judge_all, args=(run, TESTS), daemon=True)
        judging.start()
        judging.join(60)
        assert not judging.is_alive()
    assert run.dispatcher.prefetches.has_begun_all
    assert {result.verdict for result in run.state.results.values()} == {Verdict.PASS}


@pytest.mark.parametrize(("broken_tries", "verdicts"), [({1}, {"pass"}), ({1, 3}, {"pass", "flaky"})])
def test_more_company_than_usual_excuses_only_what_breaks_no_more(monkeypatch, broken_tries, verdicts):
    monkeypatch.setattr(Dispatcher, "overloaded", lambda dispatcher, exchanges: True)
    tries = itertools.count(1)

    def answer(request, assessment, receiver, right):
        if _MARK.encode() in request.body:
            return Response(404) if next(tries) in broken_tries else right()
        return right()

    monkeypatch.setattr(trying, "was_contended", lambda run, exchanges: False)
    assert {verdict.value for verdict in _verdicts(answer)} == verdicts


def _verdicts(answer):
    """What comes of two rules at a receiver that answers so; of one rule, a single case carries a mark."""
    with served(Receiver(CONTRACT, fault=Fault(answer))) as url, run_at(url, "ACK-01", "FWD-01") as run:
        _mark(run)
        judge_all(run, TESTS)
        return [result.verdict for result in run.state.results.values()]


def _mark(run):
    """Puts a member that the receiver looks for into the first case of a rule on unknown members."""
    (scope,), stimuli = run.config.scopes, TESTS["FWD-01"].stimuli
    first, *others = applicable_cases(stimuli, scope)
    edit = first.edit
    scope.made[stimuli] = [replace(first, edit=lambda body: {**edit(body), _MARK: 1}, joins=None), *others]
