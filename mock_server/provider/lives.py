"""Lives of a campaign: each message's content, steps and deliveries, as a function of the seed and its number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lifecycles import Mix, Step, life
from callback_contract.mock_server.provider.prepared import Own
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.documents.json_pointer import Json
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Life", "Lives"]

_MESSAGES_A_GROUP = 4  # messages that share a task or a recipient, as in a real campaign
_CASE_BITS = 19  # of a number; the items of a batch use the bits above


@dataclass(frozen=True, slots=True)
class Life:
    """One message of a campaign, and the steps of its life.

    Attributes:
        own: What all of its events have alike, once the first one is made.
    """

    number: int
    content: Json
    steps: list[Step]
    own: Own = field(default_factory=Own)


@dataclass(frozen=True)
class Lives:
    """The lives of all messages of one run; any process that has the same ones makes equal bytes of them.

    Attributes:
        seed: Decides contents and lives.
        run: Decides the identities, and the moment from which the times of the events count.
    """

    composer: Composer
    run: Run
    seed: int
    mix: Mix = field(default_factory=Mix)

    def __post_init__(self) -> None:
        if self.composer.callback.delivery.order is None:
            raise KitError(
                Text("error-send.no-life-cycle", name=self.composer.callback.name),
                where=self.composer.callback.pointer,
                remedy=Text("error-send.one-at-a-time"),
            )

    def of(self, number: int) -> Life:
        """Return the life of a message."""
        order = self.composer.callback.delivery.order
        assert order is not None
        chance = random.Random(f"{self.seed}/{number}")
        return Life(number, self.composer.content(chance), life(order, chance, self.mix))

    def identity(self, number: int) -> Identity:
        """Return the identity of a message; no two of a run have the same."""
        item = number + 1
        return Identity(
            self.run, item & ((1 << _CASE_BITS) - 1), message=item >> _CASE_BITS, group=number // _MESSAGES_A_GROUP
        )

    def delivery(self, message: Life, state: str, after_start_s: float) -> Delivery:
        """Return the delivery of an event, which tells that it happened so many seconds after the run's start."""
        identity = self.identity(message.number)
        return self.composer.event(message.content, state, identity, message.own, after_start_s=after_start_s)

    def planned(self, numbers: Iterator[int] | range) -> int:
        """Return the number of deliveries of some messages to a receiver that acknowledges each at once."""
        return sum(step.times for number in numbers for step in self.of(number).steps)
