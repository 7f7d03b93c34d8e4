"""Engine of a worker: its users take turns at the schedule, and each sends one delivery at a time.

Imported in processes of Locust alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import Semaphore

from callback_contract.mock_server.load.connection import Answer, Connection
from callback_contract.mock_server.load.requests import PreparedRequests
from callback_contract.mock_server.load.schedule import Answered, Job, Schedule
from callback_contract.mock_server.load.shares import Share

__all__ = ["Engine"]

_LONGEST_IDLE_S = 0.25

Noted = Callable[[str, str, Answer, int], None]
"""Told of each exchange: the callback, the state, the answer, and the bytes that were sent."""


class Engine:
    """What the users of one process have in common, in one campaign.

    Args:
        started_at: When the run started, in seconds of the epoch, by the master's clock.

    Attributes:
        wanting: Set when more messages are wanted.
    """

    def __init__(self, schedule: Schedule, requests: PreparedRequests, started_at: float, noted: Noted) -> None:
        self._schedule, self._requests, self._noted = schedule, requests, noted
        self._began = time.monotonic() - (time.time() - started_at)
        self._door = Semaphore()  # one user at a time waits for what is due; else each would wake for each delivery
        self._news = Event()
        self._low = 1
        self._ended = False
        self._cpu = (time.process_time(), time.monotonic())
        self.wanting = Event()

    def serve(self, connection: Connection) -> None:
        """Send what is due until the campaign ends."""
        while not self._ended:
            with self._door:
                job = self._awaited()
            if job is not None:
                self._send(job, connection)

    def take(self, share: Share, size: int) -> None:
        """Take a share; the next one is wanted while as many messages are left."""
        self._low = size
        self._schedule.add(share)
        self._news.set()

    def allow(self, deliveries: int) -> None:
        """Send so many deliveries more."""
        self._schedule.left = (self._schedule.left or 0) + deliveries
        self._news.set()

    def keep_to(self, rate: float | None) -> None:
        """Send so many deliveries a second from now on."""
        self._schedule.rate = rate
        self._news.set()

    def report(self) -> dict[str, Any]:
        """Return what happened since the last report."""
        used, at = time.process_time(), time.monotonic()
        cpu = (used - self._cpu[0]) / max(at - self._cpu[1], 1e-6)
        self._cpu = used, at
        schedule = self._schedule
        return {
            **schedule.report(),
            "wants": schedule.unbegun < self._low,
            "in_flight": schedule.in_flight,
            "cpu": cpu,
        }

    def end(self) -> None:
        """End the campaign for all users."""
        self._ended = True
        self._news.set()

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _awaited(self) -> Job | None:
        while not self._ended:
            due = self._schedule.next(self._now())
            if isinstance(due, Job):
                return due
            if self._schedule.unbegun < self._low or self._schedule.left == 0:
                self.wanting.set()
            if due <= 0:
                gevent.sleep(0)
                continue
            self._news.clear()
            self._news.wait(min(due, _LONGEST_IDLE_S))
        return None

    def _send(self, job: Job, connection: Connection) -> None:
        delivery = self._schedule.delivery(job)
        request = self._requests.of(delivery)
        try:
            answer = connection.send(request, delivery.method)
        except gevent.GreenletExit:
            self._schedule.interrupted(job)  # Locust moves users when workers come and go
            raise
        except Exception:
            self._schedule.done(job, Answered("broken", 0, False, None), self._now())
            raise  # Locust shows it
        acknowledged = 200 <= answer.status <= 299 or answer.status in delivery.redirects
        kind = str(answer.status) if answer.status else answer.failure
        elapsed_s = answer.elapsed_s if answer.status else None
        self._noted(delivery.callback, job.step.state, answer, len(request))
        answered = Answered(kind, answer.status, acknowledged, elapsed_s, answer.wait_s)
        self._schedule.done(job, answered, self._now())
        self._news.set()  # the one that waits may have to look again
        if self._schedule.unbegun < self._low:
            self.wanting.set()
