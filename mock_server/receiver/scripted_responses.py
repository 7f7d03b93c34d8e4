"""Scripted responses: let the user choose the mock's responses by script or `Prefer`, to test a sender."""

from __future__ import annotations

import itertools
import random
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from callback_contract.mock_server.receiver.receiver import Response, Right, problem
from callback_contract.mock_server.receiver.request import Head, Request, reader
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Scripted", "Step", "parsed"]


_LONGEST_S = 3600.0
_MOST_MESSAGES = 100_000
_STEP = re.compile(r"(?P<status>[2-5]\d\d)(?:x(?P<times>\d{1,9}|\*))?(?P<options>(?:;.*)?)", re.ASCII)
_OPTION = re.compile(r"(?P<name>retry-after|delay)=(?P<seconds>\d{1,4}(?:\.\d{1,3})?)|(?P<drop>drop)", re.ASCII)
# RFC 7240 section 2: preferences are separated by commas, a value is a token or quoted, names ignore letter case.
_PREFERRED = re.compile(rb'(?:^|,)\s*code\s*=\s*"?([2-5]\d\d)"?\s*(?=[,;]|$)', re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """The response of a script to a number of deliveries.

    Attributes:
        times: The number of deliveries; None for all that follow.
        retry_after_s: Value of `Retry-After`; None leaves it out.
        drop: Whether the connection is closed instead of a response.
    """

    status: int
    times: int | None = 1
    retry_after_s: float | None = None
    delay_s: float = 0.0
    drop: bool = False


def parsed(text: str, where: str = "--script") -> tuple[bool, tuple[Step, ...]]:
    """Parse a script; return whether it counts by message, and its steps.

    Raises:
        KitError: It is invalid; the message names the position.
    """
    each = text.startswith("each:")
    at = len("each:") if each else 0
    steps = []
    for part in text[at:].split(","):
        steps.append(_step(part, at, text, where))
        at += len(part) + 1
    return each, tuple(steps)


def _step(part: str, at: int, text: str, where: str) -> Step:
    stripped = part.strip()
    at += len(part) - len(part.lstrip())
    match = _STEP.fullmatch(stripped)
    if match is None:
        raise _unreadable(text, at, stripped, Text("error-mock.no-status"), where)
    if match["times"] == "0":
        raise _unreadable(text, at, stripped, Text("error-mock.for-none"), where)
    step = Step(int(match["status"]), None if match["times"] == "*" else int(match["times"] or 1))
    at += match.start("options") + 1
    for option in match["options"][1:].split(";") if match["options"] else ():
        found = _OPTION.fullmatch(option.strip())
        if found is None or float(found["seconds"] or 0) > _LONGEST_S:
            raise _unreadable(text, at, option, Text("error-mock.no-step-option", most=_LONGEST_S), where)
        if found["drop"]:
            step = replace(step, drop=True)
        elif found["name"] == "delay":
            step = replace(step, delay_s=float(found["seconds"]))
        else:
            step = replace(step, retry_after_s=float(found["seconds"]))
        at += len(option) + 1
    return step


def _unreadable(text: str, at: int, part: str, why: str, where: str) -> KitError:
    return KitError(
        Text("error-mock.script-unparsed", text=text, at=at + 1, part=part, why=why),
        where=where,
        remedy=Text("error-mock.write-script"),
    )


class Scripted:
    """Responder by a script, and by the contract after its end.

    The script may be changed while the receiver serves.

    A 2xx step applies the contract: a valid delivery is stored and gets this status, an invalid one is rejected. Any
    other step responds at once and stores nothing, as a receiver does that is down.

    Args:
        script: Steps, separated by commas; after `each:` the script runs for each message.
        delay_s: Delay of every response in seconds.
        drop: Share of deliveries whose connection is closed without a response or effect; the same in each run.
        prefers: Whether a request chooses its response by `Prefer: code=503` (RFC 7240).

    Raises:
        KitError: The script is invalid.
    """

    def __init__(
        self, contract: Contract, script: str = "", *, delay_s: float = 0.0, drop: float = 0.0, prefers: bool = True
    ) -> None:
        self._places = [reader(c.delivery.correlation) for c in contract.callbacks if c.delivery.correlation]
        self._delay_s, self._drop, self._prefers = delay_s, drop, prefers
        self._chance = random.Random(0)
        self._lock = threading.Lock()
        self.in_place = not (script or delay_s or drop)
        self.play(script)

    def play(self, script: str) -> None:
        """Start another script; an empty one applies the contract."""
        each, steps = parsed(script) if script else (False, ())
        with self._lock:
            self._each, self._steps = each, steps
            self._playing: OrderedDict[str, Iterator[Step]] = OrderedDict()

    def has_its_way(self, request: Request) -> bool:
        """Return whether it may deviate from the contract, see `Receiver`."""
        return not self.in_place or (self._prefers and request.head.noted(_preferred) is not None)

    def answer(self, request: Request, assessment: Assessment | None, right: Right) -> Response:
        """Respond to a delivery, see `Receiver`."""
        preferred = request.head.noted(_preferred) if self._prefers else None
        if preferred is not None:
            reply = _with_status(preferred, right)
            applied = (("Preference-Applied", f"code={preferred}"),) if reply.status == preferred else ()
            return replace(reply, headers=(*reply.headers, *applied))
        if self.in_place:
            return right()
        with self._lock:
            step = self._next(request, assessment) if self._steps else None
            dropped = step is None and self._drop > 0 and self._chance.random() < self._drop
        by_step = _by(step, right) if step else None
        reply = by_step or (Response(503, wire="reset") if dropped else right())
        return replace(reply, delay_s=reply.delay_s + self._delay_s) if self._delay_s else reply

    def _next(self, request: Request, assessment: Assessment | None) -> Step | None:
        key = self._message(request, assessment) if self._each else ""
        playing = self._playing.get(key)
        if playing is None:
            playing = self._playing[key] = _played(self._steps)
            if len(self._playing) > _MOST_MESSAGES:
                self._playing.popitem(last=False)
        return next(playing, None)

    def _message(self, request: Request, assessment: Assessment | None) -> str:
        for place in self._places:
            try:
                return repr(place(assessment.value if assessment else None, request.head))[:300]
            except LookupError:
                continue
        return f"body {hash(request.body)}"


def _played(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield from itertools.repeat(step) if step.times is None else itertools.repeat(step, step.times)


def _by(step: Step, right: Right) -> Response:
    reply = _with_status(step.status, right)
    if step.retry_after_s is not None:
        # RFC 9110 section 10.2.3: whole seconds
        reply = replace(reply, headers=(*reply.headers, ("Retry-After", str(max(0, round(step.retry_after_s))))))
    return replace(reply, delay_s=reply.delay_s + step.delay_s, wire="reset" if step.drop else reply.wire)


def _with_status(status: int, right: Right) -> Response:
    if 200 <= status <= 299:
        reply = right()
        if not 200 <= reply.status <= 299:
            return reply
        return replace(reply, status=status) if status != 204 else Response(204, headers=reply.headers)
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "As scripted"
    return problem(status, title, "This answer was asked for; it says nothing about the delivery.")


def _preferred(head: Head) -> int | None:
    for name, value in head.raw_headers:
        if len(name) == len(b"prefer") and name.lower() == b"prefer":
            found = _PREFERRED.search(value)
            if found:
                return int(found[1])
    return None
