"""Shares of a campaign: deals its messages to workers, and takes over what a lost worker left."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FINISHED", "Deal", "Progress", "Share"]

FINISHED = -1
"""Stands for the steps of a message whose life is over."""

Progress = Mapping[int, Mapping[int, int]]
"""Which steps are over of each message, as bits, by the number of its share; `FINISHED` for all."""


@dataclass(frozen=True)
class Share:
    """Some messages of a campaign, which one worker begins in their order.

    Attributes:
        number: No two shares of a campaign have the same.
        messages: Their numbers.
        begins_s: Seconds from the start of the run when it was dealt first; the times of its events count from then.
        over: Which steps are over of messages that a lost worker had begun, as bits.
        doubt_s: Events up to this moment may have been delivered by a lost worker; None where there was none.
    """

    number: int
    messages: range
    begins_s: float
    over: Mapping[int, int] = field(default_factory=dict)
    doubt_s: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The form in which it travels."""
        return {
            "number": self.number,
            "messages": [self.messages.start, self.messages.stop, self.messages.step],
            "begins_s": self.begins_s,
            "over": dict(self.over),
            "doubt_s": self.doubt_s,
        }

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Share:
        """Return the share that travelled."""
        over = {int(number): steps for number, steps in value["over"].items()}
        return cls(value["number"], range(*value["messages"]), value["begins_s"], over, value["doubt_s"])

    def left(self) -> Iterator[tuple[int, int]]:
        """Yield each message whose life is not over, and which of its steps are."""
        for number in self.messages:
            if (steps := self.over.get(number, 0)) != FINISHED:
                yield number, steps


@dataclass
class _Open:
    """A share that a worker has, and what it reported of it."""

    share: Share
    worker: str
    over: dict[int, int]
    finished: int


@dataclass
class Deal:
    """The master's account of a campaign; what it holds does not grow with the number of messages.

    Attributes:
        messages: All messages of the campaign.
        share_size: Messages of a share.
        finished: Messages whose life is over.
        moved: Messages that were taken over from a lost worker.
    """

    messages: int
    share_size: int
    finished: int = 0
    moved: int = 0
    _next: int = 0
    _numbers: int = 0
    _cut: deque[range] = field(default_factory=deque)
    _left: deque[tuple[Share, int]] = field(default_factory=deque)
    _open: dict[int, _Open] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether every life is."""
        return self.finished == self.messages

    @property
    def is_dealt(self) -> bool:
        """Whether no message is left to begin."""
        return self._next == self.messages and not self._cut and not self._left

    def take(self, worker: str, workers: int, now_s: float) -> Share | None:
        """Deal the next share to a worker; what a lost one left goes first.

        Args:
            workers: How many there are: so many shares are cut from one block, each with every so-manieth message,
                and a rate spreads evenly.

        Returns:
            None where every message is dealt.
        """
        if self._left:
            share, finished = self._left.popleft()
        else:
            if not self._cut:
                self._cut_block(max(1, workers))
            if not self._cut:
                return None
            share, finished = Share(self._number(), self._cut.popleft(), now_s), 0
        self._open[share.number] = _Open(share, worker, dict(share.over), finished)
        return share

    def note(self, worker: str, progress: Progress) -> bool:
        """Take the progress of a worker; of one that has lost its share nothing counts, and it has to stop.

        Returns:
            Whether it counts.
        """
        if any((held := self._open.get(number)) is None or held.worker != worker for number in progress):
            return False
        for number, changed in progress.items():
            held = self._open[number]
            finished = sum(steps == FINISHED for steps in changed.values())
            held.over.update(changed)
            held.finished += finished
            self.finished += finished
            if held.finished == len(held.share.messages):
                del self._open[number]
        return True

    def lost(self, worker: str, now_s: float) -> int:
        """Take back the shares of a worker; return how many messages another one has to go on with."""
        moved = 0
        for number in [number for number, held in self._open.items() if held.worker == worker]:
            held = self._open.pop(number)
            share = Share(self._number(), held.share.messages, held.share.begins_s, held.over, now_s)
            self._left.append((share, held.finished))
            moved += len(share.messages) - held.finished
        self.moved += moved
        return moved

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _cut_block(self, workers: int) -> None:
        stop = min(self.messages, self._next + workers * self.share_size)
        cuts = (range(self._next + worker, stop, workers) for worker in range(workers))
        self._cut.extend(cut for cut in cuts if cut)
        self._next = stop
