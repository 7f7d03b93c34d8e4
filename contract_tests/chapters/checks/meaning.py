"""Meaning of stored values: what a receiver shows of a delivery is compared with what was sent, not its spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.json_pointer import Json

__all__ = ["as_bodies", "changed_members", "has_member", "means_the_same", "unshown_members"]

_TIMES = {"unix-seconds", "date-time"}
_MILLISECONDS = 10**11  # more seconds than that are after the year 5000


def as_bodies(callback: Callback, sent: Json, shown: Json) -> tuple[Json, Json]:
    """Return what was sent and what is shown of it as bodies with one event, where a body may tell of several.

    A receiver shows the event, or the body that it came in.
    """
    batch = callback.batch
    try:
        items: Any = None if batch is None else jp.get(sent, batch)
    except LookupError:
        items = None
    if batch is None or items is None:
        return sent, shown
    is_body = isinstance(shown, list) if not batch else isinstance(shown, dict) and jp.tokens(batch)[0] in shown
    shown = shown if is_body else jp.replaced(sent, batch, [shown])
    is_alone = has_member(shown, batch) and isinstance(told := jp.get(shown, batch), list) and len(told) == 1
    return jp.replaced(sent, batch, items[:1]) if is_alone else sent, shown


def changed_members(callback: Callback, sent: Json, shown: Json) -> Iterator[tuple[str, Json, Json]]:
    """Yield each place whose shown value differs from the sent one: its pointer, the sent and the shown value.

    Members that are not shown are passed over; a map with keys of the customer's own is shown whole.
    """
    members = {member.pointer: member for member in callback.members}

    def compare(pointer: str, named: str, was: Json, now: Json) -> Iterator[tuple[str, Json, Json]]:
        member = members.get(named)
        is_map = member is not None and member.is_free_map
        if isinstance(was, dict) and isinstance(now, dict) and not is_map:
            for key in (key for key in was if key in now):
                step = jp.join([key])
                yield from compare(pointer + step, named + step, was[key], now[key])
        elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
            for index, pair in enumerate(zip(was, now, strict=True)):
                yield from compare(f"{pointer}/{index}", f"{named}/0", *pair)
        elif not means_the_same(callback, member, was, now):
            yield pointer, was, now

    return compare("", "", sent, shown)


def unshown_members(callback: Callback, pairs: Iterable[tuple[Json, Json]]) -> list[str]:
    """Return the members that were sent and are shown of no delivery; of an object that is not shown, it alone.

    Args:
        pairs: What was sent of each delivery, and what is shown of it.
    """
    sent_at: set[str] = set()
    shown_at: set[str] = set()
    names = [member.pointer for member in callback.members if member.pointer]
    for pair in pairs:
        sent, shown = as_bodies(callback, *pair)
        new = [pointer for pointer in names if pointer not in shown_at and has_member(sent, pointer)]
        sent_at.update(new)
        shown_at |= {pointer for pointer in new if has_member(shown, pointer)}
    left = [pointer for pointer in names if pointer in sent_at - shown_at]
    return [pointer for pointer in left if pointer.rpartition("/")[0] not in left]


def has_member(value: Json, pointer: str) -> bool:
    """Return whether something stands at a pointer."""
    try:
        jp.get(value, pointer)
    except LookupError:
        return False
    return True


def means_the_same(callback: Callback, member: Member | None, was: Json, now: Json) -> bool:
    """Return whether a value is shown as it was sent: a time as an instant, a number as a number, a text exactly."""
    if not callback.is_json and str(was) == str(now):
        return True  # fields are texts, and may be stored as texts
    if _equal(was, now):
        return True
    if member is None or not (member.format in _TIMES or callback.delivery.stamped.get(member.pointer) == "time"):
        return False
    first, second = _instant(was), _instant(now)
    return first is not None and second is not None and abs(first - second) < 1  # many databases round fractions


def _equal(was: Json, now: Json) -> bool:
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_equal(was[key], now[key]) for key in was)
    if isinstance(was, list) and isinstance(now, list):
        return len(was) == len(now) and all(map(_equal, was, now))
    if isinstance(was, bool) or isinstance(now, bool):
        return was is now
    return bool(was == now)


def _instant(value: Json) -> float | None:
    """Seconds since 1970 of a time; None where it is none, or names no zone."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value / 1000 if abs(value) > _MILLISECONDS else float(value)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", value.replace(" ", "T", 1)))
        return None if moment.tzinfo is None else moment.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None
