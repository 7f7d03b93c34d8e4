"""Setup of a campaign: what master and workers make of the options of `load`, each for itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from callback_contract.mock_server.cli.send_command import refuse_unsigned, say_what_lacks
from callback_contract.mock_server.cli.target_options import pace_in_words, sender_to, with_providers_signature
from callback_contract.mock_server.client.pacing import is_loopback
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.load.agreement import agreement_of
from callback_contract.mock_server.load.capacity import Search
from callback_contract.mock_server.load.master import Settings
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lifecycles import Mix
from callback_contract.mock_server.provider.lives import Lives
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.cli.contract_options import contract_of
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from callback_contract.mock_server.client.sender import Pace

__all__ = ["Setup", "setup_of"]

_AT_ONCE_HERE = 64
_FIRST_RATE = 20.0
_MESSAGES, _MOST_MESSAGES = 1000, 100_000_000
_SAMPLE = 2000  # lives that say how many events a message has
_AGREED = (
    *("callback", "example", "assignments", "identity", "seed", "messages", "failing", "duplicates", "concurrent"),
    *("reordered", "speed", "start_rate", "burst"),
)


@dataclass(frozen=True)
class Setup:
    """A campaign before it begins.

    Attributes:
        options: As the command line, the environment and a file have them.
    """

    options: Mapping[str, Any]
    contract: Contract
    composer: Composer
    sender: Sender
    kit: str

    @property
    def callback(self) -> Callback:
        """The callback that is sent."""
        return self.composer.callback

    @property
    def pace(self) -> Pace:
        """The limits of all workers together."""
        return self.sender.pace

    @property
    def mix(self) -> Mix:
        """The shares of irregularities."""
        o = self.options
        return Mix(o["failing"], o["duplicates"], o["concurrent"], o["reordered"])

    @property
    def messages(self) -> int:
        """How many messages the campaign has; as many as it takes where a capacity is searched."""
        return self.options["messages"] or (_MOST_MESSAGES if self.options["find_capacity"] else _MESSAGES)

    def lives(self, run: Run) -> Lives:
        """Return the lives of a run's messages."""
        return Lives(self.composer, run, self.options["seed"], self.mix)

    @cached_property
    def settings(self) -> Settings:
        """What the master decides by."""
        messages = self.messages
        sample = min(messages, _SAMPLE)
        mean = self.lives(Run.fresh()).planned(range(sample)) / sample
        return Settings(messages, self.pace.per_second, mean, self.pace.most)

    @property
    def events(self) -> Text:
        """How many events there are, about where only a sample was counted."""
        events = round(self.settings.events_per_message * self.settings.messages)
        counted = Text("send.events", count=events)
        return counted if self.settings.messages <= _SAMPLE else Text("load.about", events=counted)

    @property
    def agreement(self) -> dict[str, str]:
        """What every process of the campaign has to have alike."""
        options = {name: self.options[name] for name in _AGREED} | {
            "url": self.sender.access.url,
            "messages": self.messages,
        }
        return agreement_of(self.kit, self.contract.digest, options)

    def search(self, lost: Callable[[Collection[int]], int]) -> Search | None:
        """Return the search for the capacity, where it is asked for.

        Args:
            lost: How many of some messages the receiver did not keep.
        """
        o = self.options
        if o["find_capacity"] is None:
            return None
        deadline_s = o["deadline"] or self.callback.delivery.deadline_s or self.sender.access.timeout_s
        first = min(o["rate"] or _FIRST_RATE, o["find_capacity"])
        return Search(first, deadline_s, o["step_time"], o["find_capacity"], self.pace.at_once, lost=lost)

    def plan(self) -> Text:
        """Return what is said before the first delivery."""
        search = self.search(lambda numbers: 0)
        if search is None:
            return self._announced
        return Text(
            "load.in-steps",
            url=self.sender.access.shown_url,
            seconds=search.step_s,
            rate=search.rate or 0.0,
            most=search.most,
            at_once=self.pace.at_once,
            deadline=search.deadline_s,
        )

    @property
    def _announced(self) -> Text:
        return Text(
            "send.announced",
            events=self.events,
            messages=Text("send.messages", count=self.settings.messages),
            url=self.sender.access.shown_url,
            speed=self.options["speed"],
            pace=pace_in_words(self.pace),
        )

    def refuse_too_many(self) -> None:
        """Reject a campaign that has more deliveries than are allowed.

        Raises:
            KitError: It has.
        """
        planned, most = round(self.settings.events_per_message * self.settings.messages), self.pace.most
        if most is not None and planned > most and self.options["find_capacity"] is None:
            raise KitError(
                Text("error-send.too-many-deliveries", planned=planned, most=most),
                where="--max-deliveries",
                remedy=Text("error-send.allow-deliveries", enough=2 * planned),
            )


def setup_of(options: Mapping[str, Any], kit: str, *, quietly: bool = False) -> Setup:
    """Return the setup of the options.

    Args:
        kit: Version of the kit.
        quietly: Whether notes on the contract are left out, since they were printed before.

    Raises:
        KitError: An option's value is invalid, or nothing can be sent so.
    """
    options = with_providers_signature(options) if not quietly else options
    contract = contract_of(options, [options["callback"]] if options["callback"] else (), quietly=quietly)
    callback = contract.callback(options["callback"]) if options["callback"] else contract.default_callbacks[0]
    composer = Composer(callback, example=options["example"], assignments=options["assignments"])
    here = is_loopback(options["url"])
    sender = sender_to(options["url"], {**options, "at_once": options["at_once"] or (_AT_ONCE_HERE if here else None)})
    if sender.access.proxy is not None:
        raise KitError(Text("error-load.by-proxy"), where="--proxy", remedy=Text("error-load.no-proxy"))
    if not quietly:
        say_what_lacks(callback, sender, options)
    refuse_unsigned(callback, sender, options)
    setup = Setup(options, contract, composer, sender, kit)
    setup.lives(Run.fresh())  # a callback without a life cycle is refused before anything is said
    setup.refuse_too_many()
    return setup
