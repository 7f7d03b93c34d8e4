"""Flow control: learns, from the answers that ask to come later, the pace at which a receiver takes deliveries."""

from __future__ import annotations

__all__ = ["REFUSALS", "FlowControl"]

REFUSALS = frozenset({429, 503})
"""Statuses by which a receiver says that it is too much (RFC 6585 section 4, RFC 9110 section 15.6.4)."""

_WINDOW = 8  # answers, and
_WINDOW_S = 1.0  # seconds that are looked at together
_FEW = 0.1  # share of refusals that a sender lives with
_SLOWER = 1.25
_MOST_PATIENCE = 16  # windows without a refusal before a pace is raised at which some were refused
_HALF = 2.0
_HELPS = 0.8  # half the pace that leaves more of the refusals than this has nothing to do with them


class FlowControl:
    """Goes slower while that makes refusals fewer, and faster while there are none.

    A receiver that refuses at any pace is not waited for.

    Attributes:
        interval_s: Seconds between two deliveries; 0 while nothing was learned.
        taken: How many deliveries were answered otherwise than by a refusal.
    """

    def __init__(self) -> None:
        self.interval_s = 0.0
        self.taken = 0
        self._refused = self._answers = 0
        self._begun_s = 0.0
        self._slowing: tuple[float, float] | None = None  # what deliveries were apart before, and the refusals then
        self._is_useless = False
        self._calm, self._patience = 0, 1

    def note(self, status: int, now_s: float) -> None:
        """Learn from one answer; its moment is on any clock that goes on evenly."""
        is_refusal = status in REFUSALS
        self.taken += not is_refusal
        if self._is_useless:
            return
        if not self._answers:
            self._begun_s = now_s
        self._answers += 1
        self._refused += is_refusal
        if self._answers >= _WINDOW and now_s - self._begun_s >= _WINDOW_S:
            self._weigh(now_s - self._begun_s)
            self._refused = self._answers = 0

    def _weigh(self, took_s: float) -> None:
        share, taken = self._refused / self._answers, self._answers - self._refused
        if not taken:
            return
        if share > _FEW:
            self._go_slower(share, took_s / self._answers, took_s / taken)
        elif self.interval_s:
            self._go_faster()

    def _go_slower(self, share: float, were_apart_s: float, taken_apart_s: float) -> None:
        if not self._slowing:
            self._slowing = (were_apart_s, share)
        first_s, first_share = self._slowing
        if self.interval_s >= _HALF * first_s and share > _HELPS * first_share:
            self.interval_s, self._is_useless = 0.0, True
            return
        self._patience = min(2 * self._patience, _MOST_PATIENCE) if self.interval_s else 1
        self.interval_s = self.interval_s * _SLOWER or taken_apart_s
        self._calm = 0

    def _go_faster(self) -> None:
        self._slowing = None
        self._calm += not self._refused
        if self._calm >= self._patience:
            self._calm = 0
            self.interval_s /= _SLOWER
