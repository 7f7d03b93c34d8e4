"""Hurry: how long an answer is waited for at a receiver that gives none now and then, and answers soon otherwise."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.wire.delivery import Exchange

__all__ = ["Hurry"]

_SIGNS = 2
_LEAST_S = 2.0
_TIMES = 10  # what an answer takes, but for the slowest tenth of them
_MOST = 0.9


class Hurry:
    """Shortens the wait for answers once deliveries without one, sent afresh, were answered: such a receiver hangs.

    Args:
        senders: Wait for answers.

    Attributes:
        most_s: Seconds that an answer is waited for; None for the whole time-out.
    """

    def __init__(self, senders: Sequence[Sender]) -> None:
        self.most_s: float | None = None
        self._senders = senders
        self._signs = 0
        self._took: list[float] = []

    def note(self, exchange: Exchange) -> None:
        """Learns how long answers take."""
        if exchange.answer is not None:
            self._took.append(exchange.elapsed_s)

    def answered_afresh(self) -> None:
        """What got no answer got one when it was sent afresh."""
        self._signs += 1
        if self._signs >= _SIGNS:
            took = sorted(self._took)
            self.most_s = max(_LEAST_S, _TIMES * took[int(_MOST * len(took))])
            self._let_wait(self.most_s)

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Lets answers take the whole time-out while the block runs."""
        self._let_wait(None)
        try:
            yield
        finally:
            self._let_wait(self.most_s)

    def _let_wait(self, most_s: float | None) -> None:
        for sender in self._senders:
            sender.most_s = most_s
