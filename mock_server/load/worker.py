"""Worker of a campaign: introduces itself to the master, sends its shares, and reports.

Imported in processes of Locust alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import gevent

from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.load.agreement import Agreement
from callback_contract.mock_server.load.connection import Connection
from callback_contract.mock_server.load.engine import Engine, Noted
from callback_contract.mock_server.load.requests import PreparedRequests
from callback_contract.mock_server.load.schedule import Schedule
from callback_contract.mock_server.load.shares import Share
from callback_contract.mock_server.provider.lives import Lives
from callback_contract.mock_server.wire.identity import Run

__all__ = ["Means", "Worker", "peak_memory"]

_REPORT_S = 0.5
_SOONEST_S = 0.1
_HELLO_S = 1.0


def peak_memory() -> int:
    """Return the most bytes of memory that this process has held; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@dataclass(frozen=True)
class Means:
    """What a worker sends with.

    Attributes:
        lives: The lives of a run's messages.
        speed: Times faster than life.
        per_second: Messages begun a second; None for no limit.
        burst: Messages begun at a time.
    """

    lives: Callable[[Run], Lives]
    sender: Sender
    speed: float
    per_second: float | None
    burst: int


@dataclass
class Worker:
    """One worker of a campaign.

    Attributes:
        send: Sends a message of a kind to the master.
        memory: The bytes of memory that the process holds.
        leave: Ends the process, for what the master said: `refused` or `dismissed`.
    """

    means: Means
    agreement: Agreement
    send: Callable[[str, Mapping[str, Any]], None]
    memory: Callable[[], int]
    leave: Callable[[str, Mapping[str, Any]], None]
    noted: Noted
    is_known: bool = False
    _engine: Engine | None = None
    _run: str = ""
    _tls: Any = field(default=None)

    def __post_init__(self) -> None:
        self._tls = self.means.sender.tls if self.means.sender.access.url.startswith("https") else None

    def heard(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take a message of the master."""
        match kind:
            case "welcome":
                self.is_known = True
            case "begin":
                self._begin(data)
            case "share" if self._engine is not None and data["run"] == self._run:
                self._engine.take(Share.of(data["share"]), data["size"])
            case "allow" if self._engine is not None and data["run"] == self._run:
                self._engine.allow(data["deliveries"])
            case "pace" if self._engine is not None:
                self._engine.keep_to(data["rate"])
            case "refused" | "dismissed":
                self.end()
                self.leave(kind, data)

    def serve(self) -> None:
        """Be one user: send what is due over one connection, campaign after campaign."""
        connection = Connection(self.means.sender.access, self._tls)
        try:
            while True:
                if self._engine is not None:
                    self._engine.serve(connection)
                gevent.sleep(0.05)
        finally:
            connection.close()

    def report_on(self) -> None:
        """Introduce itself until the master answers, then report for ever."""
        while not self.is_known:
            self.send("hello", {"agreement": dict(self.agreement)})
            gevent.sleep(_HELLO_S if not self.is_known else 0)
        while True:
            engine = self._engine
            if engine is None:
                gevent.sleep(_SOONEST_S)
                continue
            engine.wanting.wait(_REPORT_S)
            engine.wanting.clear()
            self.report()
            gevent.sleep(_SOONEST_S)

    def report(self) -> None:
        """Report what happened since the last report."""
        if self._engine is not None:
            self.send("report", {**self._engine.report(), "run": self._run, "memory": self.memory()})

    def end(self) -> None:
        """End the campaign."""
        if self._engine is not None:
            self._engine.end()
            self._engine = None

    def _begin(self, data: Mapping[str, Any]) -> None:
        self.end()
        means, run = self.means, Run(data["run"], datetime.fromisoformat(data["started_at"]))
        schedule = Schedule(means.lives(run), speed=means.speed, per_second=means.per_second, burst=means.burst)
        schedule.rate = data["rate"]
        schedule.left = 0 if data["capped"] else None
        requests = PreparedRequests(means.sender.access, means.sender.signer)
        self._run = run.id
        self._engine = Engine(schedule, requests, run.started_at.timestamp(), self.noted)
        self._engine.wanting.set()
