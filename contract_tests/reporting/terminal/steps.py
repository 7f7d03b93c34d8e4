"""Steps of a finding in a terminal: a line for each delivery, with the read-back after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callback_contract.openapi.text.message import Text

__all__ = ["story_lines"]


def story_lines(timeline: Mapping[str, Any]) -> Iterator[Text]:
    """One line for each delivery of a finding's timeline, e.g. ``2. read → 200; stored: read (applied 2)``.

    Equal ones in a row share a line: ``2–4. wait again → 200``.
    """
    events, left_out = timeline["events"], timeline["left_out"]
    last = 0 if left_out else _message_that_ends(events)
    several = len({event["message"] for event in events} - {last}) > 1
    number, first, step, of_step, sent = 0, 0, None, 0, set[tuple[int, str]]()
    before: tuple[Text | str, ...] = ()
    for event in events:
        message = event["message"]
        if event["kind"] == "sent":
            number, of_step = number + 1, message
            told = _sent(event, is_last=message == last, several=several, sent=sent)
            if told != before:
                if step is not None:
                    yield step
                first, before = number, told
            which = str(number) if first == number else f"{first}–{number}"
            step = Text("terminal.step-sent", number=which, state=told[0], answer=told[1])
            continue
        before = ()
        is_other = message != of_step if of_step else several
        step = Text(
            f"terminal.step-stored{'-of' if is_other else ''}",
            told=step or Text("terminal.step-before"),
            state=event["state"] or Text("terminal.not-known"),
            applied=Text("terminal.step-applied", times=event["applied"]) if event["applied"] is not None else "",
            backwards=Text("terminal.step-backwards") if event["backwards"] else "",
            **({"message": message} if is_other else {}),
        )
    if step is not None:
        yield step
    if left_out:
        yield Text("terminal.steps-left-out", number=left_out)


def _sent(
    event: Mapping[str, Any], *, is_last: bool, several: bool, sent: set[tuple[int, str]]
) -> tuple[Text | str, Text | str]:
    """What a step delivers, and its answer; `sent` holds what was delivered before."""
    told = (event["message"], event["state"] or "")
    state: Text | str = event["state"] or Text("terminal.a-delivery")
    what = Text("terminal.step-again", state=state) if told in sent and event["state"] else state
    sent.add(told)
    if is_last:
        what = Text("terminal.step-last", state=what)
    elif several:
        what = Text("terminal.step-of", state=what, message=event["message"])
    return what, event["status"] or Text("terminal.silence")


def _message_that_ends(events: list[dict[str, Any]]) -> int:
    """The message that was only sent so that what came before it is worked off; 0 where none was.

    It is sent once, after all others, and is the first that is looked at behind it.
    """
    sent = [(place, event["message"]) for place, event in enumerate(events) if event["kind"] == "sent"]
    place, last = sent[-1] if sent else (0, 0)
    is_new = len(sent) > 1 and all(message != last for _, message in sent[:-1])
    return last if is_new and [event["message"] for event in events[place + 1 : place + 2]] == [last] else 0
