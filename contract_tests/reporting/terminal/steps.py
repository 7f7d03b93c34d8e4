"""Steps of a finding in a terminal: a line for each delivery, with the read-back after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["story_lines"]


def story_lines(timeline: Mapping[str, Any]) -> Iterator[str]:
    """One line for each delivery of a finding's timeline, e.g. ``2. read → 200; stored: read (applied 2)``."""
    several = len({event["message"] for event in timeline["events"]}) > 1
    number, told = 0, ""
    for event in timeline["events"]:
        of_message = f" of message {event['message']}" if several else ""
        if event["kind"] == "sent":
            if told:
                yield told
            number += 1
            answer = event["status"] or "no answer"
            told = f"{number}. {event['state'] or 'a delivery'}{of_message} → {answer}"
            continue
        stored = event["state"] or "not known"
        applied = f" (applied {event['applied']})" if event["applied"] is not None else ""
        backwards = ", backwards" if event["backwards"] else ""
        told = f"{told or 'before'}; stored{of_message}: {stored}{applied}{backwards}"
    if told:
        yield told
    if timeline["left_out"]:
        yield f"{timeline['left_out']} more steps stand between, left out here"
