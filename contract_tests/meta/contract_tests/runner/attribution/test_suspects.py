"""Suspects of a stop: what was sent lately, latest first, each kind before any twice, rejected ones last."""

from __future__ import annotations

from dataclasses import replace

from callback_contract.contract_tests.meta.support.scripted import asked, case, exchange, run_before
from callback_contract.contract_tests.runner.attribution.suspects import suspects_of
from callback_contract.contract_tests.runner.rule_tests import Stimulus


def suspects(*sent, plain_answered_s=100.0):
    """The labels of the suspects after deliveries, each its kind, its label, its status and when it was sent."""
    run = run_before(200)
    tests = {}
    for number, (kind, label, status, begun_s) in enumerate(sent):
        test = tests.setdefault(kind, asked())
        test.stimuli.__qualname__ = kind
        came = replace(exchange(status), begun_s=begun_s)
        run.state.delivery_sent(came, stimulus=Stimulus(test, case(label), number))
    run.state.plain_answered(replace(exchange(200), begun_s=plain_answered_s))
    run.state.delivery_sent(exchange(200))
    return [each.case.label for each in suspects_of(run)]


def test_suspects_are_what_was_sent_in_the_ten_seconds_before_the_last_sign_of_life_and_after_it():
    assert suspects(("a", "old", 200, 89.9), ("a", "late", 200, 90.1), ("b", "later", 200, 105)) == ["later", "late"]


def test_of_too_many_each_kind_has_its_latest_case():
    many = [("many", f"{number}", 200, 100 + number) for number in range(60)]
    found = suspects(("one", "the only one", 200, 99), *many)
    assert (len(found), found[0], found[-1]) == (50, "59", "the only one")


def test_what_was_rejected_gives_way():
    rejected = [(f"rejected {number}", f"{number}", 400, 101) for number in range(50)]
    assert "taken" in suspects(("taken", "taken", 200, 99), *rejected)
