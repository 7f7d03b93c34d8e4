"""Hurry: a receiver that hangs now and then is waited for shorter, and no rule is blamed for that."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import MUST, asked, case, exchange, run_before
from callback_contract.contract_tests.runner.attempts import confirmed, is_hurried, run_case
from callback_contract.contract_tests.runner.liveness import look_after
from callback_contract.contract_tests.runner.scheduling.hurry import Hurry


def hurried(*took_s, signs=2):
    sender = SimpleNamespace(most_s=None)
    hurry = Hurry((sender,))
    for elapsed_s in took_s:
        hurry.note(replace(exchange(), elapsed_s=elapsed_s))
    hurry.note(replace(exchange("timeout"), elapsed_s=30.0))
    for _ in range(signs):
        hurry.answered_afresh()
    return hurry, sender


@pytest.mark.parametrize(("signs", "most_s"), [(0, None), (1, None), (2, 2.0), (3, 2.0)])
def test_one_delivery_that_was_answered_afresh_is_no_sign(signs, most_s):
    hurry, sender = hurried(0.01, signs=signs)
    assert (hurry.most_s, sender.most_s) == (most_s, most_s)


def test_answers_get_ten_times_what_most_of_them_take():
    assert hurried(*[0.5] * 19, 9.0)[1].most_s == 5.0
    assert hurried(*[0.5] * 8, *[0.9] * 2)[1].most_s == 9.0


def test_whole_time_out_is_given_while_hurry_is_suspended():
    hurry, sender = hurried(0.01)
    with hurry.suspended():
        assert sender.most_s is None
    assert sender.most_s == 2.0


# Blame


def tried(*answers, signs=2):
    """What comes of a case that got no answer, the run, and how long each delivery might have taken."""
    most_s = []

    def answering(answer):
        def answered(delivery):
            most_s.append(run.config.sender.most_s)
            took_s = 5.0 if answer == "slow" else 0.01
            return replace(exchange(200 if answer == "slow" else answer, delivery), elapsed_s=took_s)

        return answered

    run = run_before(*map(answering, answers))
    for _ in range(signs):
        run.dispatcher.hurry.note(exchange())
        run.dispatcher.hurry.answered_afresh()
    test = asked()
    outcome = run_case(run, test, case(), 1, 0)
    return confirmed(run, MUST, test, outcome, 1), run, most_s, outcome


def test_what_got_no_answer_twice_gets_the_whole_time_out_before_it_is_blamed():
    finding, _, most_s, _ = tried("timeout")
    assert finding.repeated
    assert most_s == [2.0, 2.0, None]


def test_what_takes_longer_than_a_hurried_wait_is_no_finding():
    finding, run, most_s, outcome = tried("timeout", "timeout", "slow")
    assert finding is None
    assert most_s == [2.0, 2.0, None]
    assert is_hurried(run, outcome)


def test_what_hung_twice_in_a_hurry_and_answers_then_is_no_finding():
    finding, *_ = tried("timeout", "timeout", 200)
    assert finding is None


@pytest.mark.parametrize(("answers", "signs"), [(("timeout", 200), 1), (("timeout", "timeout"), 0), ((500, 200), 0)])
def test_only_a_delivery_without_an_answer_that_got_one_afresh_is_a_sign(answers, signs):
    _, run, most_s, outcome = tried(*answers, signs=0)
    assert run.dispatcher.hurry._signs == signs
    assert set(most_s) == {None} and not is_hurried(run, outcome)


def test_what_is_answered_afresh_after_a_hurried_wait_is_no_finding():
    finding, run, most_s, outcome = tried("timeout", 200)
    assert (finding, most_s, is_hurried(run, outcome)) == (None, [2.0, 2.0], True)


def test_receiver_is_asked_whether_it_lives_for_the_whole_time_out():
    run, most_s = run_before(), []
    run.dispatcher.hurry.most_s = run.config.sender.most_s = 1.0

    def send(delivery, **_):
        most_s.append(run.config.sender.most_s)
        return exchange("timeout", delivery)

    run.config.sender.send = send
    look_after(run, run.config.scopes[0], MUST)
    assert most_s == [1.0, None]
