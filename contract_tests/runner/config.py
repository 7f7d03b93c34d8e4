"""Configuration of a run: what the user asked for, complete before the first delivery and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from callback_contract.contract_tests.generation.corpus import DEPTHS, Depth, Scope
from callback_contract.contract_tests.generation.notes import Note
from callback_contract.contract_tests.model.observations import ReadBack
from callback_contract.contract_tests.policy.acceptance import AcceptancePolicy
from callback_contract.contract_tests.runner.scheduling.worth import in_order
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.signing import Scheme, lacking_signature
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.rules.catalogue import Catalogue, Rule
from callback_contract.openapi.text.message import Text, both_of

if TYPE_CHECKING:
    from callback_contract.contract_tests.model.cases import Sample
    from callback_contract.contract_tests.samples.selection import Samples

__all__ = ["RunConfig", "hosts", "judged_in_words", "proxy_in_words", "short_names", "urls_in_words"]


class Process(Protocol):
    """A receiver's server that can be started again."""

    def ended(self) -> str:
        """How it ended; empty while it lives."""

    def start_again(self) -> None:
        """Ends what is left of it, and starts it anew; it may be ready or not when this returns."""


@dataclass(frozen=True, eq=False, repr=False)
class RunConfig:
    """What one run judges, at one URL or several, and by which means.

    Attributes:
        rules: The rules that were asked for and count, in the catalogue's order.
        sender: Delivers to the receiver's URL.
        read_back: Shows what the receiver stored; None when nobody said how.
        patience_s: Seconds that a receiver may take to store after it answered.
        policy: What the pipeline accepts.
        elsewhere: Senders of callbacks that go to another URL than `sender`'s, by callback.
        most_at_once: Deliveries under way at a receiver that takes no longer for many; 0 for what the pace says.
        budget: Deliveries that a plan may have; of more, the worthiest rules are judged. None for no such limit.
        notes: What is said beside the verdicts.
        samples: Recorded deliveries that the user gave.
        framework: What the receiver is made with, by its starter's name; empty where nobody said so.
        process: The receiver's server, where the kit started it.
        drawn: Scopes that another run of the same callbacks drew from already; None to draw afresh.
    """

    contract: Contract
    catalogue: Catalogue
    rules: tuple[Rule, ...]
    callbacks: tuple[Callback, ...]
    sender: Sender
    depth: Depth = DEPTHS["standard"]
    seed: int = 0
    read_back: ReadBack | None = None
    patience_s: float = 5.0
    policy: AcceptancePolicy = field(default_factory=AcceptancePolicy)
    elsewhere: Mapping[str, Sender] = field(default_factory=dict)
    most_at_once: int = 0
    budget: int | None = None
    notes: tuple[Note, ...] = ()
    samples: Samples | None = None
    process: Process | None = None
    drawn: tuple[Scope, ...] | None = None
    framework: str = ""

    @cached_property
    def order(self) -> tuple[Rule, ...]:
        """The rules in the order in which they are judged."""
        return in_order(self.rules)

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """One scope per callback that can be delivered."""
        if self.drawn is not None:
            return self.drawn
        at: dict[Sender, list[Scope]] = {sender: [] for sender in self.senders}
        scopes: list[Scope] = []
        for callback in self.callbacks:
            if callback.name not in self.withheld:
                beside = at[self.sender_of(callback.name)]
                beside.append(
                    Scope(
                        callback,
                        self.depth,
                        self.seed,
                        self.scheme,
                        samples=self._samples_of(callback),
                        given=frozenset(name.lower() for name, _ in self.sender.access.headers),
                        methods=self._methods_at(callback.name),
                        beside=beside,
                    )
                )
                scopes.append(beside[-1])
        return tuple(scopes)

    def sender_of(self, callback: str) -> Sender:
        """The sender to the URL that a callback goes to."""
        return self.elsewhere.get(callback, self.sender)

    def _methods_at(self, callback: str) -> frozenset[str]:
        sender = self.sender_of(callback)
        return frozenset(each.method for each in self.contract.callbacks if self.sender_of(each.name) is sender)

    @property
    def senders(self) -> tuple[Sender, ...]:
        """One sender for each URL."""
        return (self.sender, *dict.fromkeys(self.elsewhere.values()))

    @property
    def scheme(self) -> Scheme | None:
        """How deliveries are signed, when they are."""
        return getattr(self.sender.signer, "scheme", None)

    @cached_property
    def withheld(self) -> dict[str, Text]:
        """Callbacks of which nothing is sent, since they always come signed; each with its reason."""
        given = {name.lower() for name, _ in self.sender.access.headers}
        reasons = {callback.name: lacking_signature(callback, self.scheme, given) for callback in self.callbacks}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def _samples_of(self, callback: Callback) -> tuple[Sample, ...] | None:
        return None if self.samples is None else self.samples.of(callback.name)


def hosts(config: RunConfig) -> tuple[Scope, ...]:
    """A scope for each host and port: there is one kind of connection to it, however many callbacks travel on it."""
    found: dict[tuple[str, str], Scope] = {}
    for scope in config.scopes:
        parts = urlsplit(config.sender_of(scope.callback.name).access.url)
        found.setdefault((parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()), scope)
    return tuple(found.values())


def urls_in_words(config: RunConfig) -> str:
    """The URLs without their secrets."""
    return both_of(dict.fromkeys(sender.access.shown_url for sender in config.senders))


def short_names(config: RunConfig) -> str:
    """The URLs without scheme and query, as a receiver is called that has no name."""
    shown = (sender.access.shown_url for sender in config.senders)
    return str(both_of(dict.fromkeys(url.split("://", 1)[-1].partition("?")[0] for url in shown)))


def proxy_in_words(config: RunConfig) -> str:
    """The proxies on the way, without what they are told of the user."""
    proxies = dict.fromkeys(sender.access.proxy for sender in config.senders if sender.access.proxy)
    shown = [f"{urlsplit(proxy).scheme}://{urlsplit(proxy).netloc.rpartition('@')[2]}" for proxy in proxies]
    return Text("terminal.through-proxy", url=both_of(shown)) if shown else ""


def judged_in_words(config: RunConfig) -> str:
    """Which callbacks go to which URL, where there are several URLs; else the URL alone."""
    if not config.elsewhere:
        return urls_in_words(config)
    names: dict[str, list[str]] = {}
    for callback in config.callbacks:
        names.setdefault(config.sender_of(callback.name).access.shown_url, []).append(callback.name)
    return both_of(Text("terminal.goes-to", callbacks=tuple(called), url=url) for url, called in names.items())
