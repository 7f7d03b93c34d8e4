"""Stable form of a report: removes the parts that depend on the clock, the network or chance."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["VOLATILE", "stable"]

VOLATILE = (
    "run.id",
    "run.started_at",
    "run.duration_s",
    "run.round_trip_s",
    "run.latency",
    "run.burst",
    "rules.*.duration_s",
    "rules.*.findings.*.timeline",
    "rules.*.findings.*.curl",
    "rules.*.findings.*.exchanges.*.offset_s",
    "rules.*.findings.*.exchanges.*.elapsed_s",
    "rules.*.findings.*.exchanges.*.body",  # it holds the times of the messages
)
"""Keys of `report.json` that two runs against the same receiver do not share; `*` stands for every item."""

_QUOTING = ("rules.*.reason", "rules.*.texts", "rules.*.findings.*.actual", "rules.*.findings.*.texts")
_MEASURED = re.compile(r"(?<!\d)\d++(?:\.\d++)?(?= ?(?:ms|s|%)(?![\w]))")


def stable(report: dict[str, Any]) -> dict[str, Any]:
    """A copy without times, measured values and the run's id: equal for two runs that found the same.

    A sentence stands there as the text that it was made of, where it was made of one.
    """
    quoting = tuple(path.split(".") for path in _QUOTING)
    volatile = tuple(path.split(".") for path in VOLATILE)
    return dict(_without(report, volatile, quoting))


def _without(value: Any, volatile: tuple[list[str], ...], quoting: tuple[list[str], ...]) -> Any:
    if [] in quoting:
        return _unmeasured(value)
    if isinstance(value, dict):
        return {
            key: _without(member, _below(volatile, key), _below(quoting, key))
            for key, member in value.items()
            if [key] not in volatile and key not in value.get("texts", ())
        }
    if isinstance(value, list):
        return [_without(item, _below(volatile, "*"), _below(quoting, "*")) for item in value]
    return value


def _unmeasured(value: Any) -> Any:
    """Without what was measured: fractions of a text's arguments, numbers with a unit in other people's words."""
    if isinstance(value, dict):
        return {key: _unmeasured(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_unmeasured(item) for item in value]
    if isinstance(value, float):
        return "#"
    return _MEASURED.sub("#", value) if isinstance(value, str) else value


def _below(paths: tuple[list[str], ...], key: str) -> tuple[list[str], ...]:
    return tuple(path[1:] for path in paths if path and path[0] == key)
