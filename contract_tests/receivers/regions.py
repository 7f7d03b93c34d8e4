"""Regions of the correct receivers that mend a rule: the few lines to change, cut from what the suite judges.

A region stands between the comments ``region: NAME`` and ``endregion`` of a starter, and may have several parts.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from callback_contract.contract_tests.receivers import RECEIVERS, Receiver

__all__ = ["FRAMEWORKS", "code_for", "framework_of", "region_by_rule", "regions_of"]

FRAMEWORKS: Mapping[str, Receiver] = {receiver.name: receiver for receiver in RECEIVERS if receiver.starter}

_REGIONS = {
    # region of each starter: the rules that a receiver keeps by it
    "parse": {*(f"PAY-{number:02}" for number in (*range(1, 15), 23, 24, 26))},
    "members": {f"PAY-{number:02}" for number in (*range(15, 23), 30)},
    "status": {"ACK-03", "FWD-04", "FWD-05"},
    "store": {
        *(f"IDM-{number:02}" for number in range(1, 9)),
        *("ORD-01", "ORD-02", "ORD-03", "ORD-04", "LOD-02", "LOD-05", "STA-06"),
    },
    "media-type": {"WIRE-01", "WIRE-02", "WIRE-03", "WIRE-04"},
    "limit": {"WIRE-18", "WIRE-19"},
}
# Where a framework has lines of its own for it.
_OF_SOME = {
    "FWD-07": "map",
    "SEC-01": "errors",
    "SEC-02": "errors",
    "FWD-01": "open",
    "FWD-02": "open",
    "FWD-03": "open",
}
_REGION = re.compile(r"^[ \t]*(?:#|//) region: (\S+)\n(.*?)^[ \t]*(?:#|//) endregion$", re.DOTALL | re.MULTILINE)

# What an answer's headers say of the framework; a server that several frameworks run on says nothing.
_SIGNS = (
    ("x-powered-by", r"express", "express"),
    ("x-powered-by", r"php/", "php"),
    ("server", r"uvicorn|hypercorn", "fastapi"),
    ("server", r"werkzeug/", "flask"),
    ("server", r"wsgiserver/", "django"),
    ("server", r".*\baiohttp/", "aiohttp"),
)


def code_for(rule_id: str, framework: str) -> str:
    """The lines of a framework's starter by which it keeps a rule; empty where no few lines do."""
    regions = regions_of(framework)
    return regions.get(_OF_SOME.get(rule_id, "")) or regions.get(region_by_rule().get(rule_id, ""), "")


@cache
def region_by_rule() -> Mapping[str, str]:
    """The region that mends a rule, by the rule's id."""
    return {rule: region for region, rules in _REGIONS.items() for rule in sorted(rules)}


def framework_of(headers: Mapping[str, str]) -> str:
    """The framework that an answer's headers tell of, by lower-case name; empty where they tell of none."""
    for name, pattern, framework in _SIGNS:
        if re.match(pattern, headers.get(name, ""), re.IGNORECASE):
            return framework
    return ""


@cache
def regions_of(framework: str) -> Mapping[str, str]:
    """The regions of a framework's starter, by name."""
    text = Path(__file__).with_name(FRAMEWORKS[framework].file).read_text("utf-8")
    parts: dict[str, list[str]] = {}
    for name, code in _REGION.findall(text):
        parts.setdefault(name, []).append(code.expandtabs(4))
    return {name: textwrap.dedent("".join(codes)).rstrip("\n") for name, codes in parts.items()}
