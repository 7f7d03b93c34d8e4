"""Flow control: a right receiver that takes few deliveries a second is judged at its pace."""

from __future__ import annotations

import threading
import time

import pytest

from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.judged import judged, verdicts
from callback_contract.contract_tests.reporting.terminal.progress import pace_in_words
from callback_contract.contract_tests.runner.events import PaceLearned
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served


def limited(per_second, *headers):
    """Takes so many deliveries a second, and refuses the others."""
    taken, lock = [], threading.Lock()

    def answer(request, assessment, receiver, right):
        now = time.monotonic()
        with lock:
            taken[:] = [moment for moment in taken if now - moment < 1]
            if len(taken) >= per_second:
                return Response(429, headers=headers)
            taken.append(now)
        return right()

    return Fault(answer)


def test_receiver_that_asks_to_come_later_is_judged_at_its_pace():
    with served(Receiver(tools()[0], fault=limited(5, ("Retry-After", "1")))) as url:
        results = judged(Access(url), "ACK-01", "ACK-03", "PAY-17", "LIVE")
    assert set(verdicts(results).values()) == {"pass"}


@pytest.mark.slow
def test_receiver_that_refuses_without_a_word_breaks_the_rule_on_bursts_alone():
    with served(Receiver(tools()[0], fault=limited(4))) as url:
        results = judged(Access(url), "ACK-01", "ACK-03", "LOD-01")
    found = verdicts(results)
    assert (found.pop("LOD-01"), set(found.values())) == ("fail", {"pass"})


@pytest.mark.parametrize(("left", "said"), [(50, "the 50 that are left take about 50 s"), (300, "about 5 minutes")])
def test_time_that_a_slow_pace_takes_is_said(left, said):
    assert said in pace_in_words(PaceLearned(1.0, left))
