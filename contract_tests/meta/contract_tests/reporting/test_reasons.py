"""The reasons of verdicts are Chinese on the Chinese page."""

from __future__ import annotations

import re

import pytest

from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.judged import run_for, verdicts
from callback_contract.contract_tests.reporting.formats.words import reason
from callback_contract.contract_tests.stimuli.missing_facts import LINES, lacking
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served


def chinese(text):
    return re.findall('<span data-l="zh" lang="zh">(.*?)</span>', str(reason(text)))


def test_every_reason_of_an_unprepared_run_is_said_in_chinese():
    with served(Receiver(tools()[0])) as url:
        run = run_for(Access(url), "ACK-01", "SEC-04", "STA", "SIG", "TLS")  # what needs means that this run lacks
        try:
            results = judge_all(run, tools()[2])
        finally:
            run.close()
    reasons = {result.reason for result in results.values() if result.reason}
    assert "not applicable" in verdicts(results).values()
    assert [text for text in reasons if not chinese(text)] == []


@pytest.mark.parametrize("fact", LINES)
def test_fact_that_lacks_is_told_in_chinese_with_its_line(fact):
    (told,) = chinese(lacking(fact))
    assert LINES[fact].split(":")[0] in told and "overlay" in told


def test_reason_of_two_usual_ones_is_told_in_chinese():
    assert chinese("all 3 cases broke it; 2 of 3 cases broke it") == [
        "全部 3 个用例都违反了它；3 个用例中有 2 个违反了它"
    ]


def test_unusual_reason_stays_as_it_is():
    assert chinese("something of a receiver: blocked: ACK-01 is broken") == []
    assert "something" in reason("something")
