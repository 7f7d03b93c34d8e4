"""Steps of a finding in a terminal: a line for each delivery, with the read-back after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from callback_contract.openapi.text.message import Text, listed

__all__ = ["story_lines"]

_Event: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class _Step:
    """One delivery or several alike, and what read-back showed after it.

    Attributes:
        first: Its number, and `last` that of the last one; 0 where nothing is sent.
        message: The message that is delivered; 0 where nothing is.
        states: What is delivered, in words.
    """

    first: int
    last: int
    message: int
    states: tuple[Text | str, ...]
    answer: Text | str
    shown: tuple[_Event, ...] = ()

    @property
    def goes_back(self) -> bool:
        """Whether the message's state moved backwards by it, and nothing else was seen."""
        return [event["backwards"] for event in self.shown] == [True]


def story_lines(timeline: Mapping[str, Any]) -> Iterator[Text]:
    """One line for each delivery of a finding's timeline, e.g. ``2. read → 200; stored: read (applied 2)``.

    Equal ones in a row share a line, ``2–4. wait again → 200``, and so do all that move a state further back.
    """
    events, left_out = timeline["events"], timeline["left_out"]
    last = 0 if left_out else _message_that_ends(events)
    several = len({event["message"] for event in events} - {last}) > 1
    for step in _further_back_as_one(list(_steps(events, last, several=several))):
        yield _said(step, several=several)
    if left_out:
        yield Text("terminal.steps-left-out", number=left_out)


def _steps(events: Sequence[_Event], last: int, *, several: bool) -> Iterator[_Step]:
    step: _Step | None = None
    sent: set[tuple[int, str]] = set()
    number = 0
    for event in events:
        if event["kind"] != "sent":
            if event["message"] != last:
                before = _Step(0, 0, 0, (Text("terminal.step-before"),), "")
                step = replace(step or before, shown=(*(step or before).shown, event))
            continue
        number += 1
        if event["message"] == last and event["status"] in range(200, 300):
            if step is not None and step.shown:  # else what is looked at now is what it left
                yield step
                step = _Step(0, 0, 0, (Text("terminal.step-later"),), "")
            continue
        state, answer = _sent(event, is_last=event["message"] == last, several=several, sent=sent)
        if step is not None and not step.shown and (step.states, step.answer) == ((state,), answer):
            step = replace(step, last=number)
            continue
        if step is not None:
            yield step
        step = _Step(number, number, event["message"], (state,), answer)
    if step is not None and (step.first or step.shown):
        yield step


def _further_back_as_one(steps: Sequence[_Step]) -> list[_Step]:
    """The steps, of which those that move a state back once more, after the first that does, are one."""
    found: list[_Step] = []
    for step in steps:
        if len(found) > 1 and all(_goes_back_alike(step, other) for other in found[-2:]):
            states = (*found[-1].states, *step.states)
            found[-1] = replace(step, first=found[-1].first, states=states)
        else:
            found.append(step)
    return found


def _goes_back_alike(step: _Step, other: _Step) -> bool:
    return step.goes_back and other.goes_back and (step.message, step.answer) == (other.message, other.answer)


def _said(step: _Step, *, several: bool) -> Text:
    which = str(step.first) if step.first == step.last else f"{step.first}–{step.last}"
    told: Text | str = step.states[0]
    if step.first:
        told = Text("terminal.step-sent", number=which, state=listed(step.states), answer=step.answer)
    for event in step.shown:
        message = event["message"]
        is_other = message != step.message if step.message else several
        told = Text(
            f"terminal.step-stored{'-of' if is_other else ''}",
            told=told,
            state=event["state"] or Text("terminal.not-known"),
            applied=Text("terminal.step-applied", times=event["applied"]) if event["applied"] is not None else "",
            backwards=Text("terminal.step-backwards") if event["backwards"] else "",
            **({"message": message} if is_other else {}),
        )
    assert isinstance(told, Text)
    return told


def _sent(event: _Event, *, is_last: bool, several: bool, sent: set[tuple[int, str]]) -> tuple[Text | str, Text | str]:
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


def _message_that_ends(events: Sequence[_Event]) -> int:
    """The message that was only sent so that what came before it is worked off; 0 where none was.

    It is sent once, after all others, and is the first that is looked at behind it.
    """
    sent = [(place, event["message"]) for place, event in enumerate(events) if event["kind"] == "sent"]
    place, last = sent[-1] if sent else (0, 0)
    is_new = len(sent) > 1 and all(message != last for _, message in sent[:-1])
    return last if is_new and [event["message"] for event in events[place + 1 : place + 2]] == [last] else 0
