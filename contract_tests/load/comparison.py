"""Comparison of two campaigns: what differs by more than the noise of a measurement."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.load.words import FAULTS
from callback_contract.contract_tests.reporting.model.inert import in_markdown, one_line
from callback_contract.openapi.text.message import ENGLISH, Text, translated

__all__ = [
    "RESULT_FILE",
    "Difference",
    "compared",
    "differences_json",
    "differences_text",
    "loaded_result",
    "notes",
]

RESULT_FILE = "load.json"
_NOISE_S = 0.01  # latencies that differ by less are alike, as `compare` has it for reports
_INTERRUPTED = 130
_MATTER = (
    "messages",
    "rate",
    "speed",
    "start_rate",
    "burst",
    "failing",
    "duplicates",
    "concurrent",
    "reordered",
    "seed",
)


@dataclass(frozen=True)
class Difference:
    """One number that became better or worse."""

    what: Text
    old: str
    new: str
    worse: bool


def loaded_result(path: Path) -> dict[str, Any] | None:
    """Return the result of a campaign, given by its file or its directory; None where it is none, or not whole."""
    import jsonschema_rs

    file = path / RESULT_FILE if path.is_dir() else path
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    schema = json.loads((Path(__file__).parents[1] / "schemas/load.schema.json").read_text("utf-8"))
    return value if jsonschema_rs.validator_for(schema).is_valid(value) else None


def compared(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float) -> list[Difference]:
    """Return what differs.

    Args:
        tolerance: A rate or a latency that differs by no larger share is alike; counts of faults have none.
    """
    return [
        *_unusable(old, new),
        *_faults(old, new),
        *_shares(old, new),
        *_rates(old, new, tolerance),
        *_latencies(old, new, tolerance),
    ]


def notes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Text]:
    """Return what makes the campaigns hard to compare."""
    names = tuple(name for name in _MATTER if old["options"].get(name) != new["options"].get(name))
    names += ("contract",) if old["contract"]["digest"] != new["contract"]["digest"] else ()
    found = [Text("load.other-options", names=names)] if names else []
    found += [Text("load.old-incomplete")] if _is_incomplete(old) else []
    found += [Text("load.new-incomplete")] if _is_incomplete(new) else []
    found += [Text("load.new-unread")] if _read_back(old) and not _read_back(new) else []
    return found


def _is_incomplete(result: Mapping[str, Any]) -> bool:
    return bool(result["run"]["incomplete"]) or result["exit_code"] == _INTERRUPTED


def _read_back(result: Mapping[str, Any]) -> int:
    """Return how many messages were read back; of an audit that could not be used none was."""
    audit = result["audit"]
    return 0 if audit is None or audit["error"] else audit["read"]


def _unusable(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what the new campaign does not show, and the old one does; two that were both cut short are alike."""
    if _is_incomplete(new) and not _is_incomplete(old):
        shown = [str(each["messages"]["over"]) for each in (old, new)]
        yield Difference(Text("load.messages-over"), shown[0], shown[1], worse=True)
    if _read_back(old) and not _read_back(new):
        yield Difference(Text("load.messages-read"), str(_read_back(old)), "0", worse=True)


def _faults(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    if not _read_back(old) or not _read_back(new):
        return
    for fault in FAULTS:
        before, after = (each["audit"][fault] / each["audit"]["read"] for each in (old, new))
        if before != after:
            yield Difference(Text(f"load.fault-{fault}"), f"{before:.3%}", f"{after:.3%}", after > before)


def _shares(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = (each["events"]["given_up"] / max(1, sum(each["events"].values())) for each in (old, new))
    if before != after:
        yield Difference(Text("load.given-up-share"), f"{before:.3%}", f"{after:.3%}", after > before)


def _rates(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float) -> Iterator[Difference]:
    pairs = [(Text("load.achieved-rate"), old["deliveries"]["per_second"], new["deliveries"]["per_second"])]
    if old["capacity"] and new["capacity"]:
        rates = [each["capacity"]["per_second"] or 0.0 for each in (old, new)]
        pairs = [(Text("load.capacity-title"), rates[0], rates[1])]
    for what, before, after in pairs:
        if abs(after - before) > tolerance * before:
            yield Difference(what, f"{before:.1f}", f"{after:.1f}", after < before)


def _latencies(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float) -> Iterator[Difference]:
    states = old["latency"]["states"].keys() & new["latency"]["states"].keys()
    pairs = [(Text("load.all-states"), old["latency"]["all"], new["latency"]["all"])]
    pairs += [(state, old["latency"]["states"][state], new["latency"]["states"][state]) for state in sorted(states)]
    for name, before, after in pairs:
        difference_s = abs(after["p95_s"] - before["p95_s"])
        if difference_s > max(_NOISE_S, tolerance * before["p95_s"]):
            worse = after["p95_s"] > before["p95_s"]
            shown = [f"{each['p95_s'] * 1000:.1f} ms" for each in (before, after)]
            yield Difference(Text("load.p95-of", name=name), shown[0], shown[1], worse)


def differences_text(
    found: list[Difference], remarks: list[Text], tolerance: float, language: str = ENGLISH, *, markdown: bool = False
) -> str:
    """Return the differences as lines."""
    told: list[Text] = [*remarks]
    for each in found:
        verdict = Text("load.worse" if each.worse else "load.better")
        told.append(Text("load.compared", what=each.what, old=each.old, new=each.new, verdict=verdict))
    told += [] if found else [Text("load.alike", tolerance=tolerance * 100)]
    if markdown:
        return "\n".join(f"- {in_markdown(translated(line, language))}" for line in told)
    return "\n".join(one_line(translated(line, language)) for line in told)


def differences_json(found: list[Difference]) -> str:
    """Return the differences for a program."""
    return json.dumps({"differences": [asdict(each) for each in found]}, ensure_ascii=False, indent=2)
