"""Roles in Locust: its users send for a worker, its shape ends the campaign, and its messages carry ours.

Imported in processes of Locust alone. Nothing of a campaign is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gevent
from locust import LoadTestShape, User, constant, events, runners, task
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from callback_contract.mock_server.load.connection import Answer
from callback_contract.mock_server.load.master import LOST_S, Master
from callback_contract.mock_server.load.worker import Worker

__all__ = ["user_and_shape", "wire_master", "wire_worker"]

_PREFIX = "callback-contract "
_TO_WORKERS = ("welcome", "begin", "share", "allow", "pace", "refused", "dismissed")
_TO_MASTER = ("hello", "report")
_LOOK_S = 0.5
_SPAWNED_A_SECOND = 100  # more is too fast for Locust


class _NoAnswerError(Exception):
    """There was no answer; the text says why."""


def user_and_shape(
    url: str, at_once: int, worker: Callable[[], Worker], is_running: Callable[[], bool], is_over: Callable[[], bool]
) -> tuple[type[User], type[LoadTestShape]]:
    """Return Locust's user and shape: so many users, until the campaign is over."""
    runners.HEARTBEAT_LIVENESS = round(LOST_S)  # Locust would give up a worker after three seconds on a busy machine

    class Provider(User):
        host = url
        wait_time = constant(0)

        @task
        def deliver(self) -> None:
            worker().serve()

    class Campaign(LoadTestShape):
        looks = 0

        def tick(self) -> tuple[int, float] | None:
            # Locust starts again when this changes: a start without a ready worker does nothing.
            self.looks += not is_running()
            return None if is_over() else (at_once, min(at_once, _SPAWNED_A_SECOND) + self.looks / 1000)

    return Provider, Campaign


def noted_by(environment: Environment) -> Callable[[str, str, Answer, int], None]:
    """Return what shows each exchange in Locust's own statistics, by callback and state."""

    def noted(callback: str, state: str, answer: Answer, sent: int) -> None:
        error = None if 200 <= answer.status <= 299 else _NoAnswerError(answer.failure or str(answer.status))
        environment.events.request.fire(
            request_type=callback,
            name=state,
            response_time=answer.elapsed_s * 1000,
            response_length=sent,
            exception=error,
            context={},
        )

    return noted


def wire_worker(environment: Environment, worker: Worker) -> None:
    """Connect a worker with Locust's messages."""
    runner = environment.runner
    assert isinstance(runner, LocalRunner | WorkerRunner)
    for kind in _TO_WORKERS:
        runner.register_message(_PREFIX + kind, _listener(kind, lambda kind, data, node: worker.heard(kind, data)))
    runner.greenlet.spawn(worker.report_on)
    events.test_stopping.add_listener(lambda **_: worker.report())


def wire_master(environment: Environment, master: Master, lost: Callable[[str], None]) -> None:
    """Connect a master with Locust's messages.

    Args:
        lost: Told of each worker that is given up.
    """
    runner = environment.runner
    assert isinstance(runner, LocalRunner | MasterRunner)
    takes: dict[str, Callable[[str, Mapping[str, Any]], None]] = {
        "hello": lambda node, data: master.hello(node, data["agreement"]),
        "report": master.report,
    }
    for kind in _TO_MASTER:
        listener = _listener(kind, lambda kind, data, node: takes[kind](node, data))
        runner.register_message(_PREFIX + kind, listener)

    def gone(worker: str) -> bool:
        return isinstance(runner, MasterRunner) and worker not in runner.clients

    def look() -> None:
        while True:
            gevent.sleep(_LOOK_S)
            for worker in master.look(gone):
                lost(worker)

    runner.greenlet.spawn(look)
    events.test_start.add_listener(lambda **_: master.begin())


def sender_of(environment: Environment) -> Callable[[str, Mapping[str, Any], str], None]:
    """Return what sends a message of a kind over Locust, to the other role, or to one worker."""

    def send(kind: str, data: Mapping[str, Any], worker: str = "") -> None:
        runner = environment.runner
        if runner is None or (worker and isinstance(runner, MasterRunner) and worker not in runner.clients):
            return
        runner.send_message(_PREFIX + kind, dict(data), worker or None)

    return send


def _listener(kind: str, heard: Callable[[str, Any, str], None]) -> Callable[..., None]:
    def listener(environment: Environment, msg: Any, **_: Any) -> None:
        heard(kind, msg.data, msg.node_id)

    return listener
