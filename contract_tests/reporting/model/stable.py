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
    "rules.*.texts",  # the same once more, as what it was made of
    "rules.*.findings.*.texts",
    "rules.*.findings.*.timeline",
    "rules.*.findings.*.curl",
    "rules.*.findings.*.exchanges.*.offset_s",
    "rules.*.findings.*.exchanges.*.elapsed_s",
    "rules.*.findings.*.exchanges.*.body",  # it holds the times of the messages
)
"""Keys of `report.json` that two runs against the same receiver do not share; `*` stands for every item."""

_QUOTING = ("rules.*.reason", "rules.*.findings.*.actual")
_MEASURED = re.compile(r"(?<!\d)\d++(?:\.\d++)?(?= ?(?:ms|s|%)(?![\w]))")


def stable(report: dict[str, Any]) -> dict[str, Any]:
    """A copy without times, measured values and the run's id: equal for two runs that found the same."""
    quoting = tuple(path.split(".") for path in _QUOTING)
    volatile = tuple(path.split(".") for path in VOLATILE)
    return dict(_without(report, volatile, quoting))


def _without(value: Any, volatile: tuple[list[str], ...], quoting: tuple[list[str], ...]) -> Any:
    if [] in quoting and isinstance(value, str):
        return _MEASURED.sub("#", value)
    if isinstance(value, dict):
        return {
            key: _without(member, _below(volatile, key), _below(quoting, key))
            for key, member in value.items()
            if [key] not in volatile
        }
    if isinstance(value, list):
        return [_without(item, _below(volatile, "*"), _below(quoting, "*")) for item in value]
    return value


def _below(paths: tuple[list[str], ...], key: str) -> tuple[list[str], ...]:
    return tuple(path[1:] for path in paths if path and path[0] == key)
