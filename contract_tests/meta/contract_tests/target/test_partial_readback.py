"""A read-back may leave out the number of effects, and parts of what is stored: only what needs them is not judged."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from callback_contract.contract_tests.chapters.checks.meaning import unshown_members
from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.kill_matrix.setups import reached
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.model.observations import NOTHING_SHOWN, Stored
from callback_contract.contract_tests.model.verdicts import Means
from callback_contract.contract_tests.target.plugin_loader import load_plugin

COUNTING = ("IDM-03", "IDM-04", "IDM-05", "IDM-06", "IDM-08")


def judged(shown, *rules, fault="correct"):
    contract, catalogue, tests = tools()
    with reached(contract, fault) as (sender, read_back):
        config = (contract, catalogue, tuple(catalogue[rule] for rule in rules), contract.default_callbacks, sender)
        run = run_of(*config, DEPTHS["quick"], read_back=lambda id: shown(read_back(id)), patience_s=1.0)
        try:
            return judge_all(run, tests)
        finally:
            run.close()


def uncounted(stored):
    return stored and replace(stored, applied=None)


def without_maps(stored):
    if stored is None or stored.last is NOTHING_SHOWN:
        return stored
    return replace(stored, last={name: value for name, value in stored.last.items() if not isinstance(value, dict)})


def test_rules_that_count_effects_want_their_number():
    results = judged(uncounted, *COUNTING, "IDM-07", "STA-01", "ORD-02")
    for rule in COUNTING:
        assert (results[rule].verdict, results[rule].lacks) == ("not applicable", {Means.APPLIED})
    assert [results[rule].verdict for rule in ("IDM-07", "STA-01", "ORD-02")] == ["pass"] * 3


def test_member_that_is_not_shown_is_not_judged():
    results = judged(without_maps, "STA-02", "STA-03", "STA-05")
    assert [results[rule].verdict for rule in ("STA-02", "STA-03")] == ["pass"] * 2
    assert (results["STA-05"].verdict, results["STA-05"].lacks) == ("not applicable", {Means.SHOWN_LAST})


def test_members_that_no_last_shows_are_listed():
    (callback,) = tools()[0].default_callbacks
    sent = {"msg_id": "1", "callee": "+1", "variables": {"a": "b"}}
    pairs = [(sent, {"msg_id": "1"}), ({**sent, "status": "wait"}, {"variables": {}, "other": 1})]
    assert unshown_members(callback, pairs) == ["/status", "/callee"]
    assert unshown_members(callback, [*pairs, (sent, {**sent, "status": "wait"})]) == ["/status"]


def test_redelivery_may_change_what_a_receiver_shows_of_its_own():
    def seen_again(stored):
        is_shown = stored is not None and stored.last is not NOTHING_SHOWN
        return replace(stored, last={**stored.last, "seen_at": time.time()}) if is_shown else stored

    assert judged(seen_again, "IDM-03")["IDM-03"].verdict == "pass"


def test_redelivery_that_changes_a_member_is_found():
    def shortened(stored):
        callee = str(time.time())
        return stored and replace(stored, last={**stored.last, "callee": callee})

    assert judged(shortened, "IDM-03")["IDM-03"].broken


@pytest.mark.parametrize("rule", ["STA-02", "STA-03"])
def test_member_that_is_shown_is_judged_in_a_partial_read_back(rule):
    assert judged(without_maps, rule, fault=rule)[rule].broken


def test_plugin_may_leave_out_the_number_of_effects(tmp_path):
    (tmp_path / "mine.py").write_text("def read_back(id):\n    return {'state': 'wait'}\n")
    assert load_plugin(tmp_path / "mine.py", {})("1") == Stored("wait")


def test_what_is_stored_is_told_without_a_number_that_is_not_shown():
    assert Stored("wait").described() == "state 'wait'"
