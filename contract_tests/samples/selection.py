"""Selection of recordings: delivers each valid recording once, and sets the others aside with a reason.

A recording that breaks its contract shows a flaw of the contract or of the recording, and nothing about the receiver,
so it is set aside and reported. So is one that a receiver may reject (USING.md, "What is sent").
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from callback_contract.contract_tests.model.cases import Sample
from callback_contract.contract_tests.samples.bins import spread, unpacked
from callback_contract.contract_tests.samples.bodies import Body, read_body
from callback_contract.contract_tests.samples.callback_match import Belonging
from callback_contract.contract_tests.samples.delivery import delivery_of
from callback_contract.contract_tests.samples.masking import Masker, UnmaskableError
from callback_contract.contract_tests.samples.recorded_delivery import (
    MOST_BODY_BYTES,
    MOST_LIST_BYTES,
    RecordedDelivery,
    Unreadable,
)
from callback_contract.contract_tests.samples.refusable import why_not_taken
from callback_contract.mock_server.wire.delivery import header_value, printable
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, lines, reworded

if TYPE_CHECKING:
    from callback_contract.contract_tests.samples.recorded_delivery import Entries

__all__ = ["MOST_SAMPLES", "Samples", "SetAside", "choose", "without_lists"]

MOST_SAMPLES = 10_000
"""More are rejected: all are held in memory, and each is delivered alone."""

_MOST_BYTES = 64 * 1024 * 1024
_MOST_ASIDE = 1000  # further ones are only counted


@dataclass(frozen=True, slots=True)
class SetAside:
    """A recording that is not delivered.

    Attributes:
        kind: unreadable, contract (it breaks the contract), no callback, not judged, either answer, or mask.
        callback: Its callback, where that is known.
    """

    place: str
    kind: str
    reason: str
    callback: str = ""


@dataclass
class Samples:
    """The recorded deliveries of a run.

    Attributes:
        source: The value of `--samples`.
        masks: The values of `--mask`.
        read: The number of recordings read.
        same: The number left out as repetitions of the same bytes.
        left: Lower-case names of recorded headers that are not sent.
        bodiless: The number of requests without a body, where no callback comes so.
        uncounted: The number set aside in addition to the listed ones.
        short_masks_left: Whether a masked value is too short to be masked wherever else it is quoted.
    """

    source: str
    masks: tuple[str, ...] = ()
    chosen: dict[str, list[Sample]] = field(default_factory=dict)
    aside: list[SetAside] = field(default_factory=list)
    read: int = 0
    same: int = 0
    left: set[str] = field(default_factory=set)
    bodiless: int = 0
    uncounted: int = 0
    short_masks_left: bool = False

    def of(self, callback: str) -> tuple[Sample, ...]:
        """Return the delivered recordings of a callback."""
        return tuple(self.chosen.get(callback, ()))

    @property
    def delivered(self) -> int:
        """The number of delivered recordings."""
        return sum(map(len, self.chosen.values()))

    def told(self) -> dict[str, Any]:
        """Return the recordings as a report has them."""
        return {
            "source": self.source,
            "read": self.read,
            "delivered": {name: len(samples) for name, samples in self.chosen.items()},
            "same": self.same,
            "headers_left_out": sorted(self.left),
            "set_aside": [
                {"place": a.place, "kind": a.kind, "callback": a.callback or None, "reason": a.reason}
                for a in self.aside
            ],
            "set_aside_more": self.uncounted,
        }


def choose(
    entries: Entries,
    source: str,
    contract: Contract,
    judged: Iterable[Callback],
    masker: Masker,
    *,
    without: Collection[str] = (),
) -> Samples:
    """Read recordings and choose the ones to deliver.

    Args:
        judged: The callbacks of the run.
        without: Lower-case names of headers that the run sets itself.

    Raises:
        KitError: There are too many, or none can be delivered, or a mask matches nothing.
    """
    samples = Samples(source, masker.wanted.named)
    chooser = _Chooser(samples, Belonging(contract, tuple(judged)), masker, frozenset(without))
    size = 0
    for entry in unpacked(without_lists(entries, [callback.members[0] for callback in contract.callbacks])):
        if isinstance(entry, RecordedDelivery) and entry.by_query and not chooser.belonging.takes_queries:
            samples.bodiless += 1
            continue
        if samples.delivered >= MOST_SAMPLES:
            raise _too_many(Text("error-samples.more-deliveries", most=MOST_SAMPLES), source)
        samples.read += 1
        size += chooser.take(entry)
        if size > _MOST_BYTES:
            raise _too_many(Text("error-samples.more-bytes", most=_MOST_BYTES // 2**20), source)
    chooser.tell_bodiless()
    _refuse_emptiness(samples, source)
    _refuse_idle_masks(masker, contract)
    samples.short_masks_left = masker.left_short
    return samples


def without_lists(entries: Entries, roots: Sequence[Member]) -> Entries:
    """Yield each recording of the lists among them, and the others as they are."""
    lists_are_bodies = any(not root.types or "array" in root.types for root in roots)
    are_like_requests = any("headers" in root.schema.get("properties", {}) for root in roots)
    for entry in entries:
        if are_like_requests or isinstance(entry, Unreadable) or len(entry.body) > MOST_LIST_BYTES:
            yield entry
        else:
            yield from spread(entry, lists_are_bodies=lists_are_bodies)


@dataclass
class _Chooser:
    samples: Samples
    belonging: Belonging
    masker: Masker
    without: frozenset[str]
    seen: set[bytes] = field(default_factory=set)

    def take(self, entry: RecordedDelivery | Unreadable) -> int:
        """Add one recording or set it aside; return the bytes that are kept of it."""
        place = printable(self.masker.text(entry.place))
        if isinstance(entry, Unreadable):
            return self._aside(place, "unreadable", entry.reason)
        if len(entry.body) > MOST_BODY_BYTES:
            return self._aside(place, "either answer", Text("sample.body-too-long", most=MOST_BODY_BYTES))
        print_of = hashlib.sha256(repr((entry.headers, entry.method)).encode("utf-8", "replace") + entry.body).digest()
        if print_of in self.seen:
            self.samples.same += 1
            return 0
        try:
            read = read_body(entry, self.belonging.kinds_of_fields)
        except Unparsable as error:
            return self._aside(place, "unreadable", _unreadable(entry, self.belonging.kinds_of_fields, error))
        except Unusable as error:
            return self._aside(place, "either answer", error.detail)
        found = self.belonging.of(read, entry)
        if found.flaw:
            return self._aside(place, found.kind, found.flaw, found.callback.name if found.callback else "")
        assert found.callback is not None
        content, is_right = read.value(found.callback), self.belonging.strictly(found.callback)
        if reason := why_not_taken(content, entry.body, found.callback, is_right):
            return self._aside(place, "either answer", reason, found.callback.name)
        self.seen.add(print_of)  # only now: the number of broken ones is unbounded
        return self._keep(place, read, entry, found.callback)

    def _keep(self, place: str, read: Body, entry: RecordedDelivery, callback: Callback) -> int:
        try:
            content, delivery, left = delivery_of(
                entry, read, callback, self.masker, self.belonging.strictly(callback), without=self.without
            )
        except UnmaskableError as error:
            return self._aside(place, "mask", error.text.with_words(self.masker.text), callback.name)
        self.samples.left |= left
        self.samples.chosen.setdefault(callback.name, []).append(Sample(place, content, delivery))
        return len(delivery.body)

    def tell_bodiless(self) -> None:
        """Set aside in one line what no callback of the contract can be: an archive of a browser is full of it."""
        if self.samples.bodiless:
            told = Text("sample.bodiless", count=self.samples.bodiless)
            self._aside(printable(self.samples.source), "no callback", told)

    def _aside(self, place: str, kind: str, reason: str, callback: str = "") -> int:
        if len(self.samples.aside) < _MOST_ASIDE:
            self.samples.aside.append(SetAside(place, kind, reworded(reason, printable), callback))
        else:
            self.samples.uncounted += 1
        return 0


def _unreadable(entry: RecordedDelivery, kinds_of_fields: Collection[str], error: Unparsable) -> str:
    """Return why a body cannot be read, and by which media type."""
    media_type = (header_value(entry.headers or (), "content-type") or "").partition(";")[0].strip().lower()
    key = "sample.body-unreadable" if media_type in kinds_of_fields else "sample.body-not-json"
    return Text(key, why=error.detail)


def _too_many(what: str, source: str) -> KitError:
    return KitError(
        Text("error-samples.holds-too-much", source=source, what=what),
        where="--samples",
        remedy=Text("error-samples.part-of-samples"),
    )


def _refuse_emptiness(samples: Samples, source: str) -> None:
    if samples.delivered:
        return
    reasons = [Text("sample.aside", place=a.place, reason=a.reason) for a in samples.aside[:6]]
    more = len(samples.aside) + samples.uncounted - 6
    raise KitError(
        Text("error-samples.none-deliverable", read=samples.read, source=source)
        if samples.read
        else Text("error-samples.samples-empty", source=source),
        where="--samples",
        remedy=lines([*reasons, *[Text("sample.more-aside", count=more)] * (more > 0)]),
    )


def _refuse_idle_masks(masker: Masker, contract: Contract) -> None:
    """Reject a pointer of `--mask` that matches nothing: it may be mistyped."""
    for pointer in masker.wanted.pointers:
        if pointer in masker.met or {"*", "-"} & set(pointer):
            continue
        text = jp.join(pointer)
        if all(callback.member(text) is None for callback in contract.callbacks):
            raise KitError(
                Text("error-samples.mask-nowhere", text=text),
                where="--mask",
                remedy=Text("error-samples.mend-mask"),
            )
