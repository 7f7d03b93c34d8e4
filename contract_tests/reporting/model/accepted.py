"""Accepted deviations: lines on waivers, frozen rules and recordings that need a person's attention."""

from __future__ import annotations

from typing import Any

from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.message import Text

__all__ = ["accepted_lines"]

_MOST_SHOWN = 6
_TO_LOOK_AT = {"expired", "unknown", "not needed"}


def accepted_lines(report: dict[str, Any]) -> list[Text]:
    """A line for each stale waiver, for rules after the frozen version, for recordings that broke the contract."""
    lines = []
    for waiver in report.get("waivers", ()):
        if waiver["state"] in _TO_LOOK_AT:
            rule, callback = waiver["rule"], waiver["callback"]
            waived = Text("terminal.of-callback", rule=rule, callback=callback) if callback else rule
            key = f"terminal.waiver-{waiver['state'].replace(' ', '-')}"
            lines.append(Text(key, rule=waived, owner=waiver["owner"], until=waiver["until"]))
    if lines and report["run"]["options"].get("strict_waivers"):
        lines.append(Text("terminal.strict-waivers"))
    frozen = report.get("frozen", {"left_out": ()})
    if frozen["left_out"]:
        ids = tuple(rule["id"] for rule in frozen["left_out"])
        lines.append(Text("terminal.frozen", version=frozen["rules_as_of"], ids=ids))
    breaches = [told["place"] for told in report.get("samples", {}).get("set_aside", ()) if told["kind"] == "contract"]
    if breaches:
        places = (*breaches[:_MOST_SHOWN], *(["…"] if len(breaches) > _MOST_SHOWN else []))
        lines.append(Text("terminal.recordings-broke", places=places))
    return [line.with_words(printable) for line in lines]
