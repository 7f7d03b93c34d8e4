"""Drift report: what traffic shows and a contract does not say, with counts, times, and what was never seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.drift.tally import Moments, NewMember, Tally
from callback_contract.contract_tests.drift.traffic import CallbackTraffic, Key, compact
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["CallbackDrift", "Drift", "Report", "known_ids", "moment", "not_a_report", "ordered"]

_SCHEMA = 1
_MOST_NEVER = 200  # names in a list of what was never seen


@dataclass(frozen=True)
class Drift:
    """One thing that traffic shows and the contract does not say.

    Attributes:
        kind: A key of `openapi/messages/drift.yaml`.
        place: JSON pointer into the body, or the name of a header; empty for the delivery as a whole.
        detail: Tells it from others of its kind there: a value, a type, a status.
        of: How often it could have been.
        types: JSON types of a new member, with counts.
        example: A masked one; None where there is none.
        is_new: Whether the baseline has it not.
    """

    callback: str
    kind: str
    place: str
    detail: str
    count: int
    of: int
    moments: Moments
    types: Mapping[str, int]
    example: jp.Json
    is_new: bool = True

    @property
    def id(self) -> str:
        """What the same drift has in each report."""
        return " ".join(filter(None, (self.callback, self.kind, self.place, self.detail)))

    @property
    def always(self) -> bool:
        """Whether it was always so."""
        return self.count == self.of

    @property
    def text(self) -> Text:
        """The drift as a sentence."""
        if self.kind == "new-member":
            whole = sum(self.types.values()) or 1
            types = tuple(f"{name} {_percent(count, whole)}" for name, count in self.types.items())
            return Text("drift.new-member", place=self.place, types=types)
        key = f"drift.{self.kind}" if self.detail or self.kind != "value" else "drift.value-untold"
        return Text(key, place=self.place, detail=self.detail)

    @property
    def seen(self) -> Text:
        """How often it was seen."""
        key = "drift.always" if self.always else "drift.sometimes"
        return Text(key, seen=self.count, of=self.of, share=_percent(self.count, self.of))

    def to_dict(self) -> dict[str, Any]:
        """Return it as a report has it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "place": self.place,
            "detail": self.detail,
            "what": str(self.text),
            "count": self.count,
            "of": self.of,
            "always": self.always,
            "types": dict(self.types),
            "first_at": moment(self.moments.first),
            "last_at": moment(self.moments.last),
            "example": self.example,
            "new": self.is_new,
        }


def _percent(count: int, of: int) -> str:
    share = 100 * count / of if of else 100.0
    return f"{share:.0f}%" if share >= 1 or not count else f"{share:.2g}%"


def moment(at: float | None) -> str | None:
    """Return a time as RFC 3339 has it; None without one."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


@dataclass(frozen=True)
class CallbackDrift:
    """The traffic of one callback and its drifts, new ones first and then by count."""

    traffic: CallbackTraffic
    drifts: tuple[Drift, ...]

    @property
    def never(self) -> dict[str, list[str]]:
        """What the contract of this callback says and no delivery showed."""
        traffic = self.traffic
        members = [m for m in traffic.callback.members if m.pointer and not traffic.seen[m.pointer]]
        absent = {member.pointer for member in members}
        values = [
            f"{m.pointer} = {compact(value)}"
            for m in traffic.callback.members
            if m.enum and m.pointer not in absent
            for value in m.enum
            if value is not None and value not in traffic.values.get(m.pointer, set())
        ]
        headers = [h.name for h in traffic.callback.headers if not traffic.headers[h.name.lower()]]
        answered = {str(status) for status in traffic.answers}
        statuses = [each for each in sorted(traffic.statuses) if each.isdigit() and each not in answered]
        found = {
            "members": [m.pointer for m in members if m.pointer.rpartition("/")[0] not in absent],
            "values": values,
            "headers": headers if traffic.with_headers else [],
            "answers": statuses if traffic.answers else [],
        }
        return {name: listed[:_MOST_NEVER] for name, listed in found.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return it as a report has it."""
        traffic, lives = self.traffic, self.traffic.lives
        return {
            "callback": traffic.callback.name,
            "deliveries": traffic.deliveries,
            "first_at": moment(traffic.moments.first),
            "last_at": moment(traffic.moments.last),
            "drifts": [drift.to_dict() for drift in self.drifts],
            "never_seen": self.never,
            "body_bytes": traffic.sizes.to_dict(),
            "answers": {str(status): count for status, count in sorted(traffic.answers.items())},
            "answer_s": traffic.times.to_dict(),
            "events": lives.events,
            "duplicates": lives.duplicates,
            "repeats": lives.repeats,
            "retries": {
                "events": lives.retried,
                "tries": {str(tries): count for tries, count in sorted(lives.tries.items()) if count},
                "after": {str(status): count for status, count in sorted(lives.after.items())},
                "wait_s": lives.waits.to_dict(),
            },
        }


@dataclass(frozen=True)
class Report:
    """Traffic beside a contract.

    Attributes:
        unreadable: Recordings that could not be read, by reason.
        unrecognised: Deliveries of no callback of the contract.
    """

    contract: Contract
    sources: tuple[str, ...]
    read: int
    unreadable: Mapping[str, int]
    unrecognised: int
    callbacks: tuple[CallbackDrift, ...]

    @property
    def drifts(self) -> tuple[Drift, ...]:
        """All drifts."""
        return tuple(drift for callback in self.callbacks for drift in callback.drifts)

    @property
    def recognised(self) -> int:
        """The deliveries of the contract's callbacks."""
        return sum(each.traffic.deliveries for each in self.callbacks)

    @property
    def never_seen(self) -> tuple[str, ...]:
        """Callbacks of the contract that never came."""
        seen = {each.traffic.callback.name for each in self.callbacks}
        return tuple(callback.name for callback in self.contract.callbacks if callback.name not in seen)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it, see `contract_tests/schemas/drift.schema.json`."""
        contract = self.contract
        return {
            "schema": _SCHEMA,
            "contract": {"title": contract.title, "version": contract.version, "digest": contract.digest},
            "sources": list(self.sources),
            "read": self.read,
            "recognised": self.recognised,
            "unrecognised": self.unrecognised,
            "unreadable": dict(self.unreadable),
            "counts": {"drifts": len(self.drifts), "new": sum(drift.is_new for drift in self.drifts)},
            "callbacks": [each.to_dict() for each in self.callbacks],
            "callbacks_never_seen": list(self.never_seen),
        }


def drifts_of(traffic: CallbackTraffic, known: frozenset[str]) -> CallbackDrift:
    """Return the drifts of one callback."""
    found = [*_new_members(traffic, known), *(_drift(traffic, *each, known) for each in traffic.drifts.items())]
    return CallbackDrift(traffic, tuple(sorted(found, key=lambda each: (not each.is_new, -each.count, each.id))))


def _new_members(traffic: CallbackTraffic, known: frozenset[str]) -> Iterator[Drift]:
    traffic.close()
    for pointer, member in traffic.new.items():
        yield _of_member(traffic, pointer, member, known)


def _of_member(traffic: CallbackTraffic, pointer: str, member: NewMember, known: frozenset[str]) -> Drift:
    types = dict(member.types.most_common())
    made = (member.count, member.parents, member.moments, types, member.example)
    return _marked(Drift(traffic.callback.name, "new-member", pointer, "", *made), known)


def _drift(traffic: CallbackTraffic, key: Key, tally: Tally, known: frozenset[str]) -> Drift:
    of = _chances(traffic, key)
    return _marked(Drift(traffic.callback.name, *key, tally.count, of, tally.moments, {}, tally.example), known)


def _marked(drift: Drift, known: frozenset[str]) -> Drift:
    return replace(drift, is_new=False) if drift.id in known else drift


def _chances(traffic: CallbackTraffic, key: Key) -> int:
    """Return how often a drift could have been seen."""
    kind, place, _ = key
    if kind == "missing":
        return traffic.objects[place.rpartition("/")[0]]
    if kind in {"header", "header-missing", "media-type"}:
        return traffic.with_headers
    if kind in {"answer", "deadline"}:
        return sum(traffic.answers.values())
    if kind == "order":
        return traffic.lives.events
    if kind in {"retry", "tries", "retry-early", "retry-late"}:
        return sum(traffic.lives.after.values())
    return traffic.seen[place] or traffic.deliveries


def known_ids(baseline: Path) -> frozenset[str]:
    """Return the drifts of an earlier report.

    Raises:
        KitError: It is no report of this command.
    """
    try:
        value = json.loads(baseline.read_bytes())
        return frozenset(str(drift["id"]) for each in value["callbacks"] for drift in each["drifts"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise not_a_report(baseline, "--baseline", error) from None


def not_a_report(file: Path, option: str, error: Exception) -> KitError:
    """Return the error for a file that an option names and that is no report of this command."""
    what = Text("error-drift.no-report")
    if isinstance(error, OSError):
        what = Text("error-samples.unreadable", why=str(error.strerror))
    return KitError(what, where=f"{option} {file}", remedy=Text("error-drift.give-report"))


def ordered(callbacks: Iterable[CallbackTraffic], known: frozenset[str]) -> tuple[CallbackDrift, ...]:
    """Return the callbacks that came, those with most deliveries first."""
    return tuple(drifts_of(each, known) for each in sorted(callbacks, key=lambda each: -each.deliveries))
