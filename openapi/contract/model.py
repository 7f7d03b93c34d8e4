"""Contract model: the frozen values of a contract on which every other part works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from callback_contract.openapi.bodies import FORM, Field, fields_of, is_fields
from callback_contract.openapi.contract.identity_places import batch_of, common_places, identifiers
from callback_contract.openapi.contract.members import Member, members_of, root_members
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import as_member, canonical, is_in_body
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text, either
from callback_contract.openapi.text.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from callback_contract.openapi.contract.id_forms import IdForm, Stamp

__all__ = [
    "CONTRACT_FILE",
    "BodyLimit",
    "Callback",
    "Contract",
    "DeliveryFacts",
    "DocumentedResponse",
    "Example",
    "HeaderParameter",
    "Retry",
    "contract_in_words",
    "means_all",
    "no_such_callback",
]

CONTRACT_FILE = Path(__file__).parents[1] / "openapi.yaml"


def contract_in_words(path: Path | str) -> str:
    """A contract's path; of the built-in one that it is that: where the kit is installed helps nobody."""
    return Text("error-contract.built-in") if str(path) == str(CONTRACT_FILE) else str(path)


_ALL = "all"
_MOST_NAMED = 12


@dataclass(frozen=True)
class Retry:
    """The sender tries again `after_s` seconds later, `max_tries` times at most.

    Attributes:
        max_tries: 0 where it never does, or where `within_s` alone is stated.
        schedule_s: Seconds before each try, where they differ; the last ones may be unknown.
        within_s: Seconds after which the sender gives up; None for those of all tries together.
        final: Statuses that end the tries, as `410` or `4XX`; None where the contract does not say.
        is_spread: Whether nobody states the time between two tries, so that they are spread evenly.
    """

    after_s: float
    max_tries: int
    schedule_s: tuple[float, ...] = ()
    within_s: float | None = None
    final: tuple[str, ...] | None = None
    is_spread: bool = False

    @property
    def horizon_s(self) -> float:
        """Seconds after a delivery within which the sender may try it again."""
        return self.after_s * self.max_tries if self.within_s is None else self.within_s

    @property
    def tries(self) -> int:
        """Retries of a sender that keeps to it: as many as fit into `within_s` where nobody states their number."""
        if self.max_tries or self.within_s is None:
            return self.max_tries
        return max(1, int(self.within_s // self.after_s)) if self.after_s else 1

    def wait_s(self, tries: int) -> float:
        """Return the seconds before the next try, after so many of them."""
        return self.schedule_s[tries] if tries < len(self.schedule_s) else self.after_s

    def ends_with(self, status: int) -> bool:
        """Return whether a status ends the tries."""
        return self.final is not None and bool({str(status), f"{status // 100}XX"} & set(self.final))


@dataclass(frozen=True)
class BodyLimit:
    """Body sizes in bytes that a receiver has to accept (`must`) or should accept."""

    must: int | None = None
    should: int | None = None


@dataclass(frozen=True)
class DeliveryFacts:
    """The facts of one callback's `x-delivery`; absent facts are None or empty.

    Every member is a number or a place: a JSON pointer into the body or a runtime expression in the spelling of
    `documents/runtime_expression`; `state` is in the body. `provenance` has the provenance of each by name.

    Attributes:
        acknowledges_unread: Whether receivers may store every body before they read it.
    """

    deadline_s: float | None = None
    retry: Retry | None = None
    accept_body_bytes: BodyLimit = BodyLimit()
    correlation: str | None = None
    idempotency: tuple[str, ...] = ()
    state: str | None = None
    order: Order | None = None
    groups: tuple[str, ...] = ()
    stamped: Mapping[str, str] = field(default_factory=dict)
    acknowledges_unread: bool = False
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """A named example of a body; an illustrative one is validated and never delivered.

    Attributes:
        flaw: How it breaks its own schema; such an example is not delivered either.
    """

    name: str
    summary: str
    value: jp.Json
    illustrative: bool
    pointer: str
    flaw: str = ""


@dataclass(frozen=True)
class HeaderParameter:
    """A header of a delivery that the contract declares, besides `Content-Type`.

    Attributes:
        signature: Whether it is a signature (`x-signature`), whose value only a signer can make.
        value: The value that its description shows; sent when the header is required.
    """

    name: str
    required: bool
    default: str | None
    schema: Mapping[str, jp.Json]
    signature: bool = False
    value: str | None = None


@dataclass(frozen=True)
class DocumentedResponse:
    """The documented response: its status, and its body when one is documented.

    Attributes:
        also: Other documented statuses that acknowledge.
        any_success: Whether the contract documents all of 2xx.
        other_bodies: Whether it documents further media types for this status.
        media_types: All documented media types of acknowledgements.
    """

    status: int
    media_type: str | None = None
    schema: Mapping[str, jp.Json] | None = None
    example: jp.Json = None
    also: tuple[int, ...] = ()
    any_success: bool = False
    other_bodies: bool = False
    media_types: tuple[str, ...] = ()

    def documents_media_type(self, media_type: str) -> bool:
        """Return whether an acknowledgement may have a media type, given in lower case and without parameters."""
        whole = {media_type, f"{media_type.partition('/')[0]}/*", "*/*"}
        return any(documented in whole for documented in self.media_types)

    def documents(self, status: int | None) -> bool:
        """Return whether a status is among the documented ones."""
        return status in (self.status, *self.also) or (self.any_success and status is not None and 200 <= status < 300)

    @property
    def statuses(self) -> Text:
        """The documented statuses as a text."""
        return Text("expected.one-of-2xx") if self.any_success else either(map(str, (self.status, *self.also)))


@dataclass(frozen=True)
class Callback:
    """One kind of message that the provider sends.

    Attributes:
        name: The operation's `operationId`.
        pointer: JSON pointer of the operation in the document.
        origin: Its place in the file that was read, when that has another form than `document`.
        strict: Self-contained JSON Schema of the body, exactly as the contract has it.
        tolerant: The same with closed lists and closed objects opened; the mock acknowledges by it.
        encoding: How members travel in a body of fields, by the media type's `encoding`.
        redirects: Documented statuses that redirect a delivery; they acknowledge it.
        identified_by: Places of ids that the user named in addition to the contract's.
        by_query: Whether its members are parameters of the URL's query, and its deliveries have no body.
    """

    name: str
    summary: str
    pointer: str
    method: str
    media_type: str
    schema: Mapping[str, jp.Json]
    strict: Mapping[str, jp.Json]
    tolerant: Mapping[str, jp.Json]
    headers: tuple[HeaderParameter, ...]
    examples: tuple[Example, ...]
    answer: DocumentedResponse | None
    delivery: DeliveryFacts
    origin: str = ""
    encoding: Mapping[str, jp.Json] = field(default_factory=dict)
    redirects: tuple[int, ...] = ()
    identified_by: tuple[str, ...] = ()
    by_query: bool = False

    @cached_property
    def batch(self) -> str | None:
        """The array whose items are events, by its pointer; None where a body tells of one message."""
        return batch_of(self.delivery.correlation, self.members)

    @cached_property
    def stamped(self) -> Mapping[str, str]:
        """The places that are filled freshly, each with its kind: the declared ones, and those of other ids.

        Where no fact names an id in the body, common names do.
        """
        facts = self.delivery
        named = tuple(filter(None, (facts.correlation, *facts.idempotency)))
        members = () if any(map(is_in_body, (*facts.stamped, *named))) else root_members(self.schema)
        common = common_places((header.name for header in self.headers), members)
        ids = dict.fromkeys(place for place in (*named, *self.identified_by, *common) if place != facts.state)
        return {**facts.stamped, **{place: "id" for place in ids if place not in facts.stamped}}

    @cached_property
    def id_forms(self) -> Mapping[str, IdForm]:
        """The form of a fresh id at each stamped place of an id; places where none is accepted are left out."""
        from callback_contract.openapi.contract.id_forms import forms_at

        headers = {header.name.lower(): (header.schema, header.value) for header in self.headers}
        example = next((example.value for example in self.delivered_examples), None)
        ids = [place for place, kind in self.stamped.items() if kind == "id"]
        return forms_at(ids, headers, self.schema, self.strict, example)

    @cached_property
    def stamps(self) -> tuple[Stamp, ...]:
        """The places of `stamped`, in their order."""
        from callback_contract.openapi.contract.id_forms import Stamp

        forms, groups = self.id_forms, self.delivery.groups
        return tuple(
            Stamp(place, kind, forms.get(place), place in groups, self.identifies_event(place))
            for place, kind in self.stamped.items()
        )

    @property
    def kept_identifiers(self) -> tuple[str, ...]:
        """The places of other ids, which keep the example's value; known by their names."""
        sent = {header.name: header.required and not header.signature for header in self.headers}
        return tuple(place for place in identifiers(sent, self.members) if place not in self.id_forms)

    @cached_property
    def event_places(self) -> tuple[str, ...]:
        """The places that tell one event from another: equal there means a redelivery."""
        return self.delivery.idempotency or tuple(place for place in self.stamped if self.identifies_event(place))

    def identifies_event(self, place: str) -> bool:
        """Return whether an id changes with every event, and not only with the message."""
        facts = self.delivery
        if place == facts.correlation or place in facts.groups or self.stamped.get(place) != "id":
            return False
        if place in facts.idempotency:
            return facts.state not in facts.idempotency
        return place not in facts.stamped or not is_in_body(place)

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Every place in a body that the schema names, parents before children."""
        return members_of(self.schema)

    @property
    def is_json(self) -> bool:
        """Whether its bodies are JSON; those of forms and multipart are fields."""
        return not is_fields(self.media_type)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """The encodings of the members in a body of fields, by name."""
        return fields_of(self.schema, self.encoding, styled=self.media_type == FORM)

    @cached_property
    def delivered_examples(self) -> tuple[Example, ...]:
        """The named examples that may be sent."""
        return tuple(example for example in self.examples if not example.illustrative and not example.flaw)

    def member(self, pointer: str) -> Member | None:
        """The member that the schema names at a pointer, if it names one."""
        return next((member for member in self.members if member.pointer == pointer), None)

    @cached_property
    def user_agent(self) -> str | None:
        """The sender's default `User-Agent`, when the contract gives one."""
        return next((h.default or h.value for h in self.headers if h.name.lower() == "user-agent"), None)


@dataclass(frozen=True)
class Contract:
    """A contract that was read, checked and derived; it is immutable.

    Attributes:
        digest: SHA-256 of the document's bytes, as hexadecimal digits.
        document: The OpenAPI document as it was read.
        tolerant_document: The same with every request schema opened, for openapi-core.
        set_aside: Callbacks that were not taken, each with its place and the reason.
        notes: Notes on parts that were ignored or read differently from the text.
    """

    path: Path
    title: str
    version: str
    digest: str
    document: Mapping[str, jp.Json] = field(repr=False)
    tolerant_document: Mapping[str, jp.Json] = field(repr=False)
    callbacks: tuple[Callback, ...]
    set_aside: tuple[tuple[str, Text], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def default_callbacks(self) -> tuple[Callback, ...]:
        """The callbacks that a run uses when no callback is named.

        For the kit's own contract, it is the first one: a receiver of one callback need not receive the others. For a
        foreign document, it is all of them: a partner gives a document that describes his receiver, and its order has
        no meaning.
        """
        return self.callbacks if self.is_foreign else self.callbacks[:1]

    @property
    def is_foreign(self) -> bool:
        """Whether it was read from a foreign document."""
        return any(callback.origin for callback in self.callbacks)

    def chosen(self, names: Sequence[str]) -> tuple[Callback, ...]:
        """Return the callbacks of these names.

        Without names they are the default ones; the name `all` stands for all of them.

        Raises:
            ContractError: A name is unknown; the message lists the known ones.
        """
        if means_all(names):
            for name in names:
                if name.lower() != _ALL:
                    self.callback(name)
            return self.callbacks
        return tuple(self.callback(name) for name in dict.fromkeys(names)) or self.default_callbacks

    def identified_by(self, places: Sequence[str]) -> Contract:
        """Return the contract whose deliveries carry fresh ids at more places.

        Raises:
            ContractError: A place is none, or the body of no callback has it.
        """
        callbacks = self.callbacks
        for given in places:
            try:
                place = canonical(given)
            except ValueError:
                what = Text("error-contract.no-place", place=given)
                raise ContractError(what, where="--identity", remedy=Text("error-contract.name-place")) from None
            places_of = [as_member(place, by_query=callback.by_query) for callback in callbacks]
            having = [
                not is_in_body(own) or callback.member(own) is not None
                for callback, own in zip(callbacks, places_of, strict=True)
            ]
            if not any(having):
                raise _no_such_place(place, callbacks)
            callbacks = tuple(
                replace(callback, identified_by=(*callback.identified_by, own)) if has else callback
                for callback, own, has in zip(callbacks, places_of, having, strict=True)
            )
        return replace(self, callbacks=callbacks) if places else self

    def callback(self, name: str) -> Callback:
        """Return the callback of a name.

        Raises:
            ContractError: The name is unknown; the message lists the known ones.
        """
        for callback in self.callbacks:
            if callback.name == name:
                return callback
        raise no_such_callback(name, [callback.name for callback in self.callbacks], str(self.path))


def _no_such_place(place: str, callbacks: Sequence[Callback]) -> ContractError:
    known = {member.pointer for callback in callbacks for member in callback.members if member.pointer}
    remedy = did_you_mean(nearest(place, sorted(known), most=3), Text("error-contract.name-place"))
    return ContractError(Text("error-contract.place-not-there", place=place), where="--identity", remedy=remedy)


def means_all(names: Sequence[str]) -> bool:
    """Return whether the names of callbacks stand for all of them."""
    return any(name.lower() == _ALL for name in names)


def no_such_callback(name: str, known: Sequence[str], where: str) -> ContractError:
    """Return the error for an unknown callback, with the known ones.

    When there are many, it names the nearest ones.
    """
    shown = list(known)
    if len(shown) > _MOST_NAMED:
        shown = nearest(name, known, most=_MOST_NAMED) or shown[:_MOST_NAMED]
    more = len(known) - len(shown)
    names = tuple(shown) or Text("error-contract.none")
    has = Text("error-contract.has-callbacks", names=names)
    return ContractError(
        Text("error-contract.no-callback", name=name),
        where=contract_in_words(where),
        remedy=Text("error-contract.has-some-callbacks", names=names, more=more) if more else has,
    )
