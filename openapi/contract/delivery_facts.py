"""Delivery facts: validates `x-delivery` and converts it into typed values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from callback_contract.openapi.contract.checking import Flaw
from callback_contract.openapi.contract.members import STAMPS, Member
from callback_contract.openapi.contract.model import BodyLimit, DeliveryFacts, Retry
from callback_contract.openapi.contract.order import Circle, Order
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import canonical, is_in_body
from callback_contract.openapi.text.message import Text

__all__ = ["fact_flaws", "facts_from"]


@cache
def _validator() -> Any:
    import jsonschema_rs

    file = files("callback_contract.openapi") / "schemas/x-delivery.schema.json"
    schema = json.loads(file.read_text("utf-8"))
    return jsonschema_rs.validator_for(schema)


def fact_flaws(
    raw: jp.Json, members: tuple[Member, ...], where: str, *, place_of: Callable[[str], str] = canonical
) -> Iterator[Flaw]:
    """Yield the flaws of one `x-delivery`.

    They are violations of its schema, and places in the body that its schema does not name.

    Args:
        place_of: Returns a place in the spelling of its callback.
    """
    shape_is_right = True
    for error in _validator().iter_errors(raw):
        shape_is_right = False
        place = where + jp.join(error.instance_path)
        yield Flaw(place, error.message, Text("error-contract.see-x-delivery-schema"))
    if not shape_is_right:
        return
    by_pointer = {member.pointer: member for member in members}
    for key in ("correlation", "state"):
        if key in raw and _is_unnamed(place := place_of(raw[key]["value"]), by_pointer):
            yield _unnamed(place, f"{where}/{key}/value")
    for key in ("idempotency", "groups"):
        for index, given in enumerate(raw.get(key, {"value": ()})["value"]):
            if _is_unnamed(place := place_of(given), by_pointer):
                yield _unnamed(place, f"{where}/{key}/value/{index}")
    for given, kind in raw.get("stamped", {"value": {}})["value"].items():
        yield from _stamp_flaws(place_of(given), kind, by_pointer, where + jp.join(["stamped", "value", given]))
    if "order" in raw:
        yield from _order_flaws(raw, by_pointer, f"{where}/order", place_of)


def _is_unnamed(place: str, by_pointer: Mapping[str, Member]) -> bool:
    return is_in_body(place) and place not in by_pointer


def _stamp_flaws(place: str, kind: str, by_pointer: Mapping[str, Member], where: str) -> Iterator[Flaw]:
    if not is_in_body(place):
        if kind != "id":
            yield Flaw(where, Text("error-contract.stamped-outside", kind=kind), Text("error-contract.only-ids"))
    elif place not in by_pointer:
        yield _unnamed(place, where)
    elif by_pointer[place].format not in STAMPS[kind] | {"" if kind == "id" else by_pointer[place].format}:
        yield Flaw(
            where,
            Text("error-contract.stamped-otherwise", kind=kind, format=by_pointer[place].format),
            Text("error-contract.give-format", formats=tuple(sorted(filter(None, STAMPS[kind])))),
        )


def _order_flaws(
    raw: Mapping[str, jp.Json], by_pointer: Mapping[str, Member], where: str, place_of: Callable[[str], str]
) -> Iterator[Flaw]:
    if "state" not in raw:
        yield Flaw(where, Text("error-contract.order-without-state"), Text("error-contract.say-state"))
        return
    member = by_pointer.get(place_of(raw["state"]["value"]))
    known = set(member.enum) if member else set()
    edges = raw["order"]["value"]["edges"]
    for index, edge in enumerate(edges):
        for state in edge:
            if known and state not in known:
                yield Flaw(
                    f"{where}/value/edges/{index}",
                    Text("error-contract.state-not-listed", state=state),
                    Text("error-contract.use-listed"),
                )
    try:
        _ = Order(tuple((a, b) for a, b in edges)).states
    except Circle as circle:
        what = Text("error-contract.order-in-circle", states=circle.states)
        yield Flaw(where, what, Text("error-contract.remove-edge"))


def _unnamed(pointer: str, where: str) -> Flaw:
    what = Text("error-contract.names-nothing", pointer=pointer)
    return Flaw(where, what, Text("error-contract.mend-pointer-or-schema"))


def facts_from(raw: Mapping[str, jp.Json], *, place_of: Callable[[str], str] = canonical) -> DeliveryFacts:
    """Return the typed facts of one `x-delivery` that has no flaws."""

    def value(key: str, default: Any = None) -> Any:
        return raw[key]["value"] if key in raw else default

    def place(key: str) -> str | None:
        return place_of(raw[key]["value"]) if key in raw else None

    limits = raw.get("accept_body_bytes", {})
    retry, order = value("retry"), value("order")
    provenance = {key: entry["provenance"] for key, entry in raw.items() if "provenance" in entry}
    provenance |= {f"accept_body_bytes.{level}": entry["provenance"] for level, entry in limits.items()}
    return DeliveryFacts(
        deadline_s=value("deadline_s"),
        retry=_retry(retry) if retry else None,
        accept_body_bytes=BodyLimit(**{level: entry["value"] for level, entry in limits.items()}),
        correlation=place("correlation"),
        idempotency=tuple(map(place_of, value("idempotency", ()))),
        state=place("state"),
        order=Order(tuple((a, b) for a, b in order["edges"]), tuple(order.get("terminal", ()))) if order else None,
        groups=tuple(map(place_of, value("groups", ()))),
        stamped=MappingProxyType({place_of(given): kind for given, kind in value("stamped", {}).items()}),
        acknowledges_unread=bool(value("acknowledges_unread", False)),
        provenance=MappingProxyType(provenance),
    )


def _retry(value: Mapping[str, jp.Json]) -> Retry:
    final = tuple(map(str, value["final"])) if "final" in value else None
    schedule_s = tuple(value.get("schedule_s", ()))
    max_tries, within_s = value.get("max_tries", len(schedule_s)), value.get("within_s")
    if schedule_s:  # the last wait is that of all further tries
        all_s = sum(schedule_s[:max_tries]) + schedule_s[-1] * max(0, max_tries - len(schedule_s))
        return Retry(schedule_s[-1], max_tries, schedule_s, all_s if within_s is None else within_s, final)
    if "after_s" in value:
        return Retry(value["after_s"], max_tries, (), within_s, final)
    after_s = within_s / max_tries if within_s and max_tries else 0.0
    return Retry(after_s, max_tries, (), within_s, final, is_spread=True)
