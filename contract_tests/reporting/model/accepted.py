"""Accepted deviations: lines on waivers, frozen rules and recordings that need a person's attention."""

from __future__ import annotations

from typing import Any

from callback_contract.mock_server.wire.delivery import printable

__all__ = ["accepted_lines"]

_MOST_SHOWN = 6
_WHAT_TO_DO = {
    "expired": "expired on {until}, and waives nothing any more; mend the receiver, or decide anew",
    "unknown": "unknown: this kit has no such rule, or the contract no such callback; update the one or the other",
    "not needed": "not needed any more: the rule holds; delete it",
}


def accepted_lines(report: dict[str, Any]) -> list[str]:
    """A line for each stale waiver, for rules after the frozen version, for recordings that broke the contract."""
    lines = []
    for waiver in report.get("waivers", ()):
        if waiver["state"] in _WHAT_TO_DO:
            where = f" for {waiver['callback']}" if waiver["callback"] else ""
            told = _WHAT_TO_DO[waiver["state"]].format(until=waiver["until"])
            lines.append(printable(f"waiver of {waiver['rule']}{where} ({waiver['owner']}): {told}"))
    if lines and report["run"]["options"].get("strict_waivers"):
        lines.append("--strict-waivers: such a waiver fails the run")
    frozen = report.get("frozen", {"left_out": ()})
    if frozen["left_out"]:
        ids = ", ".join(rule["id"] for rule in frozen["left_out"])
        lines.append(f"not judged, newer than {frozen['rules_as_of']}: {ids}")
    breaches = [told["place"] for told in report.get("samples", {}).get("set_aside", ()) if told["kind"] == "contract"]
    if breaches:
        places = ", ".join(breaches[:_MOST_SHOWN]) + (", …" if len(breaches) > _MOST_SHOWN else "")
        lines.append(printable(f"recordings that broke the contract, not held against the receiver: {places}"))
    return lines
