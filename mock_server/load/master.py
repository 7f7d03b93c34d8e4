"""Master of a campaign: admits workers, deals shares to them, adds up what they report, and takes over a lost one's.

It knows how to send a message to a worker, and nothing of how that travels.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from callback_contract.mock_server.load.agreement import Agreement, disagreements
from callback_contract.mock_server.load.capacity import Pilot
from callback_contract.mock_server.load.measures import Measures
from callback_contract.mock_server.load.shares import FINISHED, Deal
from callback_contract.mock_server.wire.identity import Run

__all__ = ["LOST_S", "Master", "Settings", "WorkerRow"]

LOST_S = 10.0
"""Seconds without a report after which a worker is lost, while another one is heard; it reports twice a second."""

_ALL_LOST_S = 60.0  # when none is heard, this machine may be busy: nobody could take over, and nothing is gained

_SHARE = 500  # messages, where no rate says how many begin in a second
_SMALLEST, _LARGEST = 4, 2000
_MOST_RECENT = 500
_LEAST_ALLOWED = 20
_STAYS = frozenset({"refused", "name", "tls"})

Send = Callable[[str, Mapping[str, Any], str], None]
"""Sends a message of a kind to a worker."""


@dataclass
class WorkerRow:
    """What is known of one worker.

    Attributes:
        cpu: Its share of a core since its last report; `most_cpu` since the start, without the first second.
        used_s: Seconds of a core that it used, of `watched_s`.
        allowed: Deliveries that it may send, and has not reported: a lost one may have sent them all.
        lost: Whether it was given up.
    """

    name: str
    seen_s: float
    tries: int = 0
    cpu: float = 0.0
    most_cpu: float = 0.0
    used_s: float = 0.0
    watched_s: float = 0.0
    memory_bytes: int = 0
    in_flight: int = 0
    reports: int = 0
    allowed: int = 0
    lost: bool = False

    @property
    def mean_cpu(self) -> float:
        """Its share of a core over the run."""
        return self.used_s / self.watched_s if self.watched_s else 0.0


@dataclass(frozen=True)
class Settings:
    """What the master decides by.

    Attributes:
        rate: Deliveries a second of all workers; None for no limit.
        events_per_message: The mean, of a sample of lives.
        most: Deliveries in all, those that the receiver made wait included; None for no limit.
    """

    messages: int
    rate: float | None
    events_per_message: float
    most: int | None = None


@dataclass
class Master:
    """One campaign's master.

    Attributes:
        refused: Workers that may not take part, with the parts that differ.
        recent: Messages whose life was over lately.
        spoiled: Messages with an event that was given up, one bit each.
    """

    settings: Settings
    agreement: Agreement
    send: Send
    pilot: Pilot | None = None
    clock: Callable[[], float] = time.time
    run: Run = field(default_factory=Run.fresh)
    measures: Measures = field(default_factory=Measures)
    workers: dict[str, WorkerRow] = field(default_factory=dict)
    refused: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=_MOST_RECENT))
    is_running: bool = False
    ended_s: float = 0.0
    _dismissed: set[str] = field(default_factory=set)
    _rate: float | None = None
    _sent: int = 0

    def __post_init__(self) -> None:
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.deal = Deal(self.settings.messages, self._share_size())
        self.spoiled = bytearray(self.settings.messages // 8 + 1)
        self._rate = self.settings.rate if self.pilot is None else self.pilot.rate

    @property
    def alive(self) -> list[str]:
        """The workers that take part."""
        return [name for name, row in self.workers.items() if not row.lost]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do, or nobody to do it."""
        is_left = bool(self.workers) and not self.alive
        ended_by_pilot = self.pilot is not None and self.pilot.is_over
        over = self.deal.is_over or ended_by_pilot or is_left or self.is_spent or self.is_unreachable
        return self.is_running and over

    @property
    def is_spent(self) -> bool:
        """Whether as many deliveries went out as are allowed."""
        rows = self.workers.values()
        spent = self._sent + sum(row.allowed for row in rows if row.lost)
        return self.settings.most is not None and spent >= self.settings.most and not any(row.in_flight for row in rows)

    @property
    def is_unreachable(self) -> bool:
        """Whether nobody has answered yet, for a reason that stays."""
        return bool(self.measures.answers) and _STAYS.issuperset(self.measures.answers)

    def now(self) -> float:
        """Seconds since the start of the run."""
        return self.clock() - self.run.started_at.timestamp()

    def begin(self) -> None:
        """Start the campaign on every worker; a second time it is another run."""
        if self.deal.finished or self.measures.tries:
            self.measures, self._dismissed = Measures(), set()
            self._begin_anew()
        self.run = Run.fresh()
        self.is_running = True
        self._sent = 0
        for row in self.workers.values():
            row.allowed = row.in_flight = 0
        for name in self.alive:
            self.workers[name].seen_s = self.now()
            self._let_begin(name)

    def hello(self, worker: str, theirs: Agreement) -> None:
        """Admit a worker, or refuse it."""
        if differing := disagreements(self.agreement, theirs):
            self.refused[worker] = differing
            self.send("refused", {"differing": differing}, worker)
            return
        if worker not in self.workers:
            self.workers[worker] = WorkerRow(worker, self.now())
            if self.is_running:
                self._let_begin(worker)
                self._pace()
        self.send("welcome", {}, worker)

    def report(self, worker: str, report: Mapping[str, Any]) -> None:
        """Take what a worker did, and give it more to do."""
        row = self.workers.get(worker)
        if row is None or row.lost or report["run"] != self.run.id:
            self._dismiss(worker, report)
            return
        progress = {
            int(share): {int(n): over for n, over in each.items()} for share, each in report["progress"].items()
        }
        if not self.deal.note(worker, progress):
            self._dismiss(worker, report)
            return
        done = Measures.of(report["measures"])
        self.measures.add(done)
        self._remember(progress, report["spoiled"])
        self._seen(row, report, done)
        if done.tries:
            self.ended_s = self.now()
        share = None
        if report["wants"] and (share := self.deal.take(worker, len(self.alive), self.now())):
            self.send("share", {"run": self.run.id, "share": share.to_dict(), "size": self.deal.share_size}, worker)
        if share or not report["idle"]:
            self._allow(row)

    def look(self, gone: Callable[[str], bool] = lambda worker: False) -> list[str]:
        """Give up workers that are gone or silent; return them."""
        now, lost = self.now(), []
        quietest_s = min((now - self.workers[name].seen_s for name in self.alive), default=0.0)
        patience_s = LOST_S if quietest_s <= LOST_S else _ALL_LOST_S
        for row in self.workers.values():
            if row.lost or not (gone(row.name) or (self.is_running and now - row.seen_s > patience_s)):
                continue
            row.lost, row.in_flight = True, 0
            self.deal.lost(row.name, now)
            lost.append(row.name)
        if lost and self.is_running:
            self._pace()
        if self.is_running and self.pilot is not None:
            if self.deal.is_dealt:
                self.pilot.stop()
            rows = [self.workers[name] for name in self.alive]
            flying, cpu = sum(row.in_flight for row in rows), max((row.cpu for row in rows), default=0.0)
            rate = self.pilot.look(now, self.measures, flying, cpu, self.recent)
            if rate != self._rate:
                self._rate = rate
                self._pace()
        return lost

    def _share_size(self) -> int:
        rate = self.settings.rate if self.pilot is None else None
        if not rate:
            return max(_SMALLEST, min(_SHARE, self.settings.messages // 20))
        return round(min(max(rate / self.settings.events_per_message, _SMALLEST), _LARGEST))

    def _let_begin(self, worker: str) -> None:
        started_at = self.run.started_at.isoformat()
        told = {"run": self.run.id, "started_at": started_at, "rate": self._rate_of_one()}
        self.send("begin", {**told, "capped": self.settings.most is not None}, worker)

    def _allow(self, row: WorkerRow) -> None:
        """Let a worker that has work send some of the deliveries that are left, so that others can send, too."""
        if self.settings.most is None:
            return
        left = self.settings.most - self._sent - sum(each.allowed for each in self.workers.values())
        more = min(left, max(_LEAST_ALLOWED, left // (2 * len(self.alive))))
        if row.allowed < more:
            row.allowed += more
            self.send("allow", {"run": self.run.id, "deliveries": more}, row.name)

    def _pace(self) -> None:
        for name in self.alive:
            self.send("pace", {"rate": self._rate_of_one()}, name)

    def _rate_of_one(self) -> float | None:
        return None if self._rate is None else self._rate / max(1, len(self.alive))

    def _dismiss(self, worker: str, report: Mapping[str, Any]) -> None:
        """Tell a worker that was given up, and whose messages others have, that it has to stop."""
        if report["run"] == self.run.id and worker not in self._dismissed:
            self._dismissed.add(worker)
            self.send("dismissed", {}, worker)

    def _remember(self, progress: Mapping[int, Mapping[int, int]], spoiled: list[int]) -> None:
        for number in spoiled:
            self.spoiled[number >> 3] |= 1 << (number & 7)
        for each in progress.values():
            self.recent.extend(number for number, over in each.items() if over == FINISHED)

    def is_spoiled(self, number: int) -> bool:
        """Whether an event of a message was given up."""
        return bool(self.spoiled[number >> 3] >> (number & 7) & 1)

    def _seen(self, row: WorkerRow, report: Mapping[str, Any], done: Measures) -> None:
        since_s, row.seen_s = row.seen_s, self.now()
        row.in_flight, row.cpu = report["in_flight"], report["cpu"]
        self._sent += report["sent"]
        row.allowed = max(0, row.allowed - report["sent"] - report["returned"])
        row.tries += done.tries
        row.reports += 1
        row.memory_bytes = max(row.memory_bytes, report["memory"])
        if row.reports > 3:  # it takes in code before that
            row.most_cpu = max(row.most_cpu, row.cpu)
            row.watched_s += row.seen_s - since_s
            row.used_s += row.cpu * (row.seen_s - since_s)
