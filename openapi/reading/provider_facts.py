"""Provider facts: what well-known providers say of their deliveries, each fact with its public source and its date.

One YAML file a provider, in openapi/providers; no provider's document is among them. A contract is read with the facts
of its provider where it states none of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import canonical, is_in_body
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["FACTS", "OF_DELIVERY", "PROVIDERS_FOLDER", "Provider", "ProviderFact", "load_provider", "providers"]

PROVIDERS_FOLDER = Path(__file__).parents[1] / "providers"

OF_DELIVERY = (
    "deadline_s",
    "retry",
    "accept_body_bytes.must",
    "idempotency",
    "correlation",
    "state",
    "stamped",
)
"""Facts that complete `x-delivery`."""

FACTS = (*OF_DELIVERY, "acknowledged", "signature", "duplicates", "in_order")
"""All facts that a file may state, in the order in which they are shown."""


@dataclass(frozen=True)
class ProviderFact:
    """One fact.

    Attributes:
        source: The provider's own page.
        read: The day on which it was read.
        quoted: Whether it was read in what several others quote of that page, and not in the page.
        inferred: Whether it is reasoned from what the page shows.
    """

    name: str
    value: jp.Json
    source: str
    read: str
    quoted: bool = False
    inferred: bool = False

    @property
    def as_delivery(self) -> dict[str, jp.Json]:
        """The fact as one of `x-delivery`."""
        told = {"value": self.value, "provenance": "inferred" if self.inferred else "doc"}
        return {**told, "why": f"{self.source} ({self.read})"}

    def about(self, pointers: frozenset[str]) -> ProviderFact | None:
        """Return the fact as far as a body has the places that it names; None where nothing is left."""
        if isinstance(self.value, Mapping) and self.name == "stamped":
            kept = {place: kind for place, kind in self.value.items() if _is_there(place, pointers)}
            return ProviderFact(**{**vars(self), "value": kept}) if kept else None
        return self if all(_is_there(place, pointers) for place in self._places) else None

    @property
    def _places(self) -> Sequence[str]:
        if self.name in {"correlation", "state"}:
            return (str(self.value),)
        return list(self.value) if self.name == "idempotency" else ()


def _is_there(place: str, pointers: frozenset[str]) -> bool:
    return not is_in_body(place := canonical(place)) or place in pointers


@dataclass(frozen=True)
class Provider:
    """A provider and what is known of its deliveries.

    Attributes:
        text: The file, for digests.
    """

    name: str
    title: str
    facts: tuple[ProviderFact, ...]
    text: str = field(repr=False)

    def fact(self, name: str) -> jp.Json:
        """Return the value of a fact; None where it is not known."""
        return next((fact.value for fact in self.facts if fact.name == name), None)

    @property
    def signature(self) -> str | None:
        """The preset of the signature scheme."""
        value = self.fact("signature")
        return None if value is None else str(value)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The facts that could not be confirmed, without those that are about one provider's members."""
        asked = ("deadline_s", "retry", "idempotency", "acknowledged", "signature", "duplicates", "in_order")
        return tuple(name for name in asked if self.fact(name) is None)

    def acknowledges(self, operation: dict[str, Any]) -> None:
        """Add the responses that acknowledge, where an operation documents none."""
        statuses = self.fact("acknowledged")
        if statuses and not operation.get("responses"):
            operation["responses"] = {status: {"description": ""} for status in statuses}

    def completed(self, own: Mapping[str, jp.Json], members: Sequence[Member]) -> dict[str, jp.Json]:
        """Return an `x-delivery` with the provider's facts beside its own, which win one by one.

        A fact that names a place which the body does not have is left out.
        """
        pointers = frozenset(member.pointer for member in members)
        made = dict(own)
        for fact in self._of_delivery(pointers):
            key, _, level = fact.name.partition(".")
            if not level:
                made.setdefault(key, fact.as_delivery)
            else:
                made[key] = {level: fact.as_delivery, **made.get(key, {})}
        return made

    def used(self, facts: Iterable[Mapping[str, Any]]) -> tuple[Text, ...]:
        """Return the labels of the facts that stand in some `x-delivery`."""
        entries = [entry for each in facts for fact in each.values() for entry in (fact, *fact.values())]
        reasons = {entry.get("why") for entry in entries if isinstance(entry, Mapping)}
        return tuple(
            Text(f"provider.{fact.name}")
            for fact in self.facts
            if fact.name in OF_DELIVERY and fact.as_delivery["why"] in reasons
        )

    def _of_delivery(self, pointers: frozenset[str]) -> Iterator[ProviderFact]:
        for fact in self.facts:
            if fact.name in OF_DELIVERY and (there := fact.about(pointers)):
                yield there


def providers() -> tuple[str, ...]:
    """Return the names of the providers whose facts come with the kit."""
    return tuple(sorted(path.stem for path in PROVIDERS_FOLDER.glob("*.yaml")))


def load_provider(name: str) -> Provider:
    """Read the facts of a provider.

    Raises:
        KitError: Nothing is known of one of that name; names the nearest ones.
    """
    known = providers()
    if name not in known:
        raise KitError(
            Text("provider.not-known", name=name),
            where="--provider",
            remedy=did_you_mean(nearest(name, known), Text("provider.known", names=known)),
        )
    file = read_yaml(PROVIDERS_FOLDER / f"{name}.yaml", error=KitError)
    facts = tuple(ProviderFact(fact, **stated) for fact, stated in file.value["facts"].items())
    return Provider(name, file.value["title"], tuple(sorted(facts, key=lambda fact: FACTS.index(fact.name))), file.text)
