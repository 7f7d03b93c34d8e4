"""A receiver that stores wrongly is found by the rule on just that, and by no other; without a mistake it is clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.processes import running
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.receivers import Receiver
from callback_contract.contract_tests.target.read_back import HttpReadBack, known_states
from callback_contract.mock_server.client.sender import Access, Pace, Sender

pytestmark = pytest.mark.slow  # whole runs against programs of their own

_FILE = str(Path(__file__).parents[2] / "mistakes" / "stored_mistakes.py")
SUBJECT = Receiver("stored", _FILE, "Python", "http.server", (), ("{python}", "{file}"))


def judged(mistake, depth="quick", seed=0, rules=()):
    contract, catalogue, tests = tools()
    with running(SUBJECT, {"MISTAKE": mistake}) as (url, state_url):
        sender = Sender(Access(url), Pace.towards(url))
        chosen = (contract, catalogue, catalogue.select(rules), contract.default_callbacks)
        read_back = HttpReadBack(state_url, Access(state_url), states=known_states(contract))
        # It stores before it answers.
        run = run_of(*chosen, sender, DEPTHS[depth], seed, read_back=read_back, patience_s=1.0)
        try:
            return judge_all(run, tests)
        finally:
            run.close()


def broken(results):
    return {rule_id for rule_id, result in results.items() if result.broken or result.verdict == "error"}


def test_check_then_insert_that_races_is_found_by_equal_deliveries_at_once():
    results = judged("check_then_insert")
    assert broken(results) == {"IDM-04"}
    assert "applied" in results["IDM-04"].findings[0].actual


def test_late_state_that_overwrites_a_newer_one_is_found_by_states_that_meet():
    assert broken(judged("late_overwrite", "standard", rules=("LOD-05",))) == {"LOD-05"}


def test_one_row_per_task_is_found_by_messages_of_one_group():
    results = judged("last_of_task")
    assert broken(results) == {"STA-06"}
    assert all(result.reason.startswith("blocked: STA-06") for result in results.values() if result.blocked)


def test_locked_database_is_found_by_bursts_alone():
    results = judged("locked_database")
    assert broken(results) == {"LOD-01"}
    assert all(rule_id.startswith("LOD") for rule_id, result in results.items() if result.blocked)


@pytest.mark.slow
def test_without_a_mistake_it_is_clean():
    assert broken(judged("")) == set()
