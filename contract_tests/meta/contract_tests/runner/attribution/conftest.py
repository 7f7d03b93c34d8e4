"""Clock of the tests of the watch: time passes only while something waits."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.runner.attribution import suspects
from callback_contract.contract_tests.runner.attribution import watch as watching


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
