"""Observer of traffic: reads recordings one by one, finds the callback of each, and counts beside its contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from callback_contract.contract_tests.drift.report import Report, ordered
from callback_contract.contract_tests.drift.traffic import CallbackTraffic
from callback_contract.contract_tests.samples.bins import unpacked
from callback_contract.contract_tests.samples.bodies import read_body
from callback_contract.contract_tests.samples.callback_match import Belonging
from callback_contract.contract_tests.samples.reading import read_recordings
from callback_contract.contract_tests.samples.recorded_delivery import (
    MOST_BODY_BYTES,
    RecordedDelivery,
    Unreadable,
)
from callback_contract.contract_tests.samples.selection import without_lists
from callback_contract.mock_server.wire.masks import Masks
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["observe"]

_MOST_REASONS = 50


def observe(sources: Sequence[Path], contract: Contract, known: frozenset[str] = frozenset()) -> Report:
    """Read traffic and return it beside the contract, in memory that does not grow with the traffic.

    Args:
        known: Ids of the drifts that are not new.

    Raises:
        KitError: A source cannot be read, or none of its deliveries is of a callback of the contract.
    """
    observer = _Observer(contract)
    for source in sources:
        for entry in _entries(source, contract):
            observer.met(entry)
    if not observer.read:
        remedy = Text("error-samples.give-recordings")
        raise KitError(Text("error-drift.empty"), where=_named(sources), remedy=remedy, exit_code=3)
    if not observer.recognised:
        what = Text("error-drift.none-of-contract", read=observer.read, title=contract.title)
        remedy = Text("error-drift.name-contract")
        raise KitError(what, where=_named(sources), remedy=remedy, exit_code=3)
    return Report(
        contract,
        tuple(map(str, sources)),
        observer.read,
        dict(observer.unreadable),
        observer.unrecognised,
        ordered(observer.traffic.values(), known),
    )


def _named(sources: Sequence[Path]) -> str:
    return ", ".join(map(str, sources[:3]))


def _entries(source: Path, contract: Contract) -> Iterator[RecordedDelivery | Unreadable]:
    roots = [callback.members[0] for callback in contract.callbacks]
    try:
        yield from unpacked(without_lists(read_recordings(source), roots))
    except KitError as error:  # it speaks of `--samples`
        raise KitError(error.what, where=str(source), remedy=error.remedy, exit_code=error.exit_code) from None


class _Observer:
    def __init__(self, contract: Contract) -> None:
        self.read = self.recognised = self.unrecognised = 0
        self.unreadable: Counter[str] = Counter()
        self.traffic: dict[str, CallbackTraffic] = {}
        self._contract, self._masks = contract, Masks()
        self._belonging = Belonging(contract, contract.callbacks)

    def met(self, entry: RecordedDelivery | Unreadable) -> None:
        self.read += 1
        if isinstance(entry, Unreadable):
            self._unreadable(entry.reason)
        elif entry.by_query and not self._belonging.takes_queries:
            self._unreadable(Text("sample.no-callback-by-query"))
        elif len(entry.body) > MOST_BODY_BYTES:
            self._unreadable(Text("sample.body-too-long", most=MOST_BODY_BYTES))
        else:
            self._met(entry)

    def _met(self, entry: RecordedDelivery) -> None:
        try:
            body = read_body(entry, self._belonging.kinds_of_fields)
            callback = self._belonging.callback_of(body, entry)
            value = body.value(callback) if callback is not None else None
        except (Unparsable, Unusable) as error:
            self._unreadable(Text("sample.body-unreadable", why=error.detail))
            return
        if callback is None:
            self.unrecognised += 1
            return
        self.recognised += 1
        if callback.name not in self.traffic:  # of a contract with hundreds, a few come
            self.traffic[callback.name] = CallbackTraffic(self._contract, callback, self._masks)
        self.traffic[callback.name].met(entry, value)

    def _unreadable(self, reason: str) -> None:
        if reason in self.unreadable or len(self.unreadable) < _MOST_REASONS:
            self.unreadable[reason] += 1
