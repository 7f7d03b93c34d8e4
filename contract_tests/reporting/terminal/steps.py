"""Steps of a finding in a terminal: a line for each delivery, with the read-back after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callback_contract.openapi.text.message import Text

__all__ = ["story_lines"]


def story_lines(timeline: Mapping[str, Any]) -> Iterator[Text]:
    """One line for each delivery of a finding's timeline, e.g. ``2. read → 200; stored: read (applied 2)``.

    Equal ones in a row share a line: ``1–4. wait → 200``.
    """
    several = len({event["message"] for event in timeline["events"]}) > 1
    number, first, told = 0, 0, None
    same: tuple[Any, ...] = ()
    for event in timeline["events"]:
        of_message, message = ("-of", {"message": event["message"]}) if several else ("", {})
        if event["kind"] == "sent":
            number += 1
            key = (event["state"], event["status"], event["message"])
            if told is not None and key != same:
                yield told
            if key != same:
                first, same = number, key
            state, answer = event["state"] or Text("terminal.a-delivery"), event["status"] or Text("terminal.silence")
            which = str(number) if first == number else f"{first}–{number}"
            told = Text(f"terminal.step-sent{of_message}", number=which, state=state, answer=answer, **message)
            continue
        same = ()
        told = Text(
            f"terminal.step-stored{of_message}",
            told=told or Text("terminal.step-before"),
            state=event["state"] or Text("terminal.not-known"),
            applied=Text("terminal.step-applied", times=event["applied"]) if event["applied"] is not None else "",
            backwards=Text("terminal.step-backwards") if event["backwards"] else "",
            **message,
        )
    if told is not None:
        yield told
    sent = [event["message"] for event in timeline["events"] if event["kind"] == "sent"]
    if several and not timeline["left_out"] and sent.count(sent[-1]) == 1:
        yield Text("terminal.step-after", message=sent[-1])
    if timeline["left_out"]:
        yield Text("terminal.steps-left-out", number=timeline["left_out"])
