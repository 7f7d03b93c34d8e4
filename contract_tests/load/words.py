"""Words of a campaign's result: the sentences that the terminal, the Markdown and the page have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callback_contract.mock_server.wire.delivery import WHY_NO_ANSWER
from callback_contract.openapi.text.message import Text, joined

__all__ = [
    "FAULTS",
    "answer_in_words",
    "audit_in_words",
    "capacity_in_words",
    "latency_rows",
    "step_in_words",
    "summary",
]

FAULTS = ("lost", "doubled", "backwards", "otherwise")
_PERCENTILES = (("median_s", Text("send.median")), ("p95_s", "p95"), ("p99_s", "p99"), ("max_s", Text("send.max")))


def summary(result: Mapping[str, Any]) -> list[Text]:
    """Return what came of a campaign, in some sentences."""
    return [_totals(result), _rate(result), *_limit(result), *audit_in_words(result), *capacity_in_words(result)]


def _totals(result: Mapping[str, Any]) -> Text:
    events, deliveries, messages = result["events"], result["deliveries"], result["messages"]
    total = events["acknowledged"] + events["given_up"]
    parts = [Text("send.acknowledged", delivered=events["acknowledged"], events=Text("send.events", count=total))]
    counts = (
        ("retried", deliveries["retried"]),
        ("repeated", deliveries["repeated"]),
        ("given-up", events["given_up"]),
    )
    parts += [Text(f"send.{name}", number=number) for name, number in counts if number]
    parts += [Text("send.waited", count=deliveries["waits"])] if deliveries["waits"] else []
    if messages["taken_over"]:
        again = Text("load.deliveries", count=deliveries["taken_over"])
        parts.append(Text("load.taken-over", messages=Text("send.messages", count=messages["taken_over"]), again=again))
    if result["run"]["incomplete"]:
        left = messages["planned"] - messages["over"]
        parts.append(Text("load.not-over", messages=Text("send.messages", count=left)))
    return Text("send.summary", parts=tuple(parts))


def _rate(result: Mapping[str, Any]) -> Text:
    deliveries = Text("load.deliveries", count=result["deliveries"]["tries"])
    seconds, rate = result["run"]["seconds"], result["deliveries"]["per_second"]
    return Text("load.rate", deliveries=deliveries, seconds=seconds, rate=rate)


def _limit(result: Mapping[str, Any]) -> list[Text]:
    if not result["limit"] or result["capacity"]:
        return []
    at_once = result["options"].get("at_once") or 0
    return [Text(f"load.limit-{result['limit']}", at_once=at_once)]


def latency_rows(result: Mapping[str, Any]) -> list[tuple[Text | str, Mapping[str, Any]]]:
    """Return the latencies in all and by state, each with its name."""
    latency = result["latency"]
    states: list[tuple[Text | str, Mapping[str, Any]]] = [*latency["states"].items()]
    return [(Text("load.all-states"), latency["all"]), *states]


def latency_in_words(name: str, latency: Mapping[str, Any]) -> Text:
    """Return one row of latencies as a line."""
    times = tuple(Text("send.time", name=each, ms=latency[key] * 1000) for key, each in _PERCENTILES)
    return Text("load.latency-of", name=name, times=times)


def answer_in_words(kind: str) -> Text | str:
    """Return a kind of answer: a status as it is, and why there was none as a text."""
    return Text(f"no-answer.{kind}") if kind in WHY_NO_ANSWER else kind


def audit_in_words(result: Mapping[str, Any]) -> list[Text]:
    """Return what the audit found."""
    audit = result["audit"]
    if audit is None:
        return []
    if audit["error"]:
        return [Text("load.audit-error", why=audit["error"])]
    read = Text("send.messages", count=audit["read"])
    found = [Text(f"load.{fault}", count=audit[fault]) for fault in FAULTS if audit[fault]]
    found += [Text("load.left-out", count=audit["left_out"])] if audit["left_out"] else []
    clean = not any(audit[fault] for fault in FAULTS)
    return [Text("load.audit", read=read, found=joined([*([Text("load.kept")] if clean else []), *found]))]


def capacity_in_words(result: Mapping[str, Any]) -> list[Text]:
    """Return the capacity that a search found, and what ended it."""
    capacity = result["capacity"]
    if capacity is None:
        return []
    rate = capacity["per_second"]
    if rate is None:
        return [Text("load.no-capacity", why=_broke(capacity["limit"], capacity))]
    if not capacity["limit"]:
        return [Text("load.capacity-above", rate=rate)]
    return [Text("load.capacity", rate=rate, why=_broke(capacity["limit"], capacity))]


def step_in_words(step: Mapping[str, Any], capacity: Mapping[str, Any]) -> Text:
    """Return one step of a search as a line."""
    end = _broke(step["broke"], capacity) if step["broke"] else Text("load.held")
    return Text(
        "load.step",
        rate=step["rate"],
        achieved=step["achieved"],
        ms=step["p95_s"] * 1000,
        cpu=step["cpu"] * 100,
        end=end,
    )


def _broke(why: str, capacity: Mapping[str, Any]) -> Text:
    return Text(f"load.broke-{why or 'nothing'}", deadline=capacity["deadline_s"])
