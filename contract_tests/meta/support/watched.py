"""Watched runs: deliveries by which a watch finds out whose doing a missing answer is, before scripted receivers."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import BURSTS, MUST, asked, case, exchange, run_before
from callback_contract.contract_tests.runner.attribution import suspects
from callback_contract.contract_tests.runner.attribution import watch as watching
from callback_contract.contract_tests.runner.attribution.watch import watch_over
from callback_contract.contract_tests.runner.case_session import CaseSession


def watched(clock, *answers, rules=(MUST, BURSTS), **more):
    """A run that is watched, before a receiver that answers so, one answer or a function for each delivery."""

    def at(answer):
        def came(delivery):
            clock.now += 1e-3
            given = answer(delivery) if callable(answer) else answer
            return replace(exchange(given, delivery), begun_s=clock.now)

        return came

    run = run_before(*map(at, answers), rules=rules, **more)
    watch_over(run)
    return run


def sent(run, test=None, label="a case", *, number=1, overlapped=False):
    """What counts of one delivery."""
    contact = CaseSession.of(run, case(label), number, test=test)
    if overlapped:
        run.dispatcher.overlapped = lambda exchange: True
    return contact.deliver()


class Mortal:
    """A receiver that stops after some bodies, and answers again after some deliveries; None for never."""

    def __init__(self, deadly, *, away=3, at_once=False):
        self.deadly, self.away, self.at_once, self.missed = deadly, away, at_once, None

    def __call__(self, delivery):
        if self.missed is not None:
            self.missed += 1
            if self.away is None or self.missed <= self.away:
                return "refused"
            self.missed = None
        if self.deadly(delivery):
            self.missed = 0
            return "reset" if self.at_once else 200
        return 200


HOSTILE = replace(asked(), rule_id="FWD-04")


def deadly(delivery):
    return b"deadly" in delivery.body


def lethal(**more):
    """A case of a body that stops a receiver, and one that does not."""
    return replace(case("a deadly body", **more), mangle=lambda body: body + b" deadly")


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only while the watch waits."""
    clock = SimpleNamespace(now=time.perf_counter(), slept=[])

    def sleep(seconds):
        assert seconds >= 0
        clock.slept.append(seconds)
        clock.now += max(seconds, 1e-6)

    passing = SimpleNamespace(sleep=sleep, monotonic=lambda: clock.now, perf_counter=lambda: clock.now)
    for module in (watching, suspects):
        monkeypatch.setattr(module, "time", passing)
    return clock
