"""Endpoints as they are served: answers each delivery as its endpoint does, and records it."""

from __future__ import annotations

import email.utils
import hashlib
import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from callback_contract.contract_tests.model.tries import Recorded, Schedule, Seen, Try
from callback_contract.contract_tests.runner.senders.scenarios import (
    BY_MESSAGE,
    ELSEWHERE,
    ENDPOINTS,
    OK,
    Step,
    is_complete,
)
from callback_contract.mock_server.receiver.receiver import Receiver, Request, Response, Right
from callback_contract.mock_server.receiver.request import Head, reader
from callback_contract.mock_server.server.protocol import WireProtocol
from callback_contract.mock_server.server.request_framing import INCOMPLETE, TOO_SLOW
from callback_contract.mock_server.signing import Keys, Scheme, verify
from callback_contract.mock_server.signing.signatures import parts_of, received
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.mock_server.wire.delivery import Response as Answer
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["FURTHER", "Endpoints"]

FURTHER = "further"
"""The endpoint of messages that come when each other one has a message: it acknowledges."""

_METHODS = frozenset({"POST", "PUT", "PATCH", "GET", "HEAD", "DELETE", "OPTIONS"})
_FAILURES = {"hold": "timeout", "reset": "reset", "trickle": "endless"}
_MOST_TRIES = 20_000  # an end for a sender that never stops


class Endpoints:
    """The kit's endpoints, a script of the mock receiver.

    Args:
        only: The endpoints that are asked for.
        wanted: How many events are asked for, where it is not one.
        signature: The scheme and keys that deliveries have to be signed with.
        is_alone: Whether the sender is asked for one event at each endpoint.
    """

    in_place = False

    def __init__(
        self,
        contract: Contract,
        callbacks: tuple[Callback, ...],
        schedule: Schedule,
        *,
        only: tuple[str, ...] = tuple(ENDPOINTS),
        wanted: Mapping[str, int] | None = None,
        signature: tuple[Scheme, Keys] | None = None,
        is_alone: bool = False,
    ) -> None:
        self.contract, self.callbacks, self.schedule = contract, callbacks, schedule
        self.only, self.wanted, self.signature, self.is_alone = only, wanted or {}, signature, is_alone
        self.receiver = Receiver(contract, script=self, on_exchange=self._observe)
        self.receiver.methods = set(_METHODS)  # what comes by another method gets what its endpoint answers, too
        self.changed = threading.Condition()
        self._tries: dict[str, list[Try]] = {}
        self._counts: dict[tuple[str, object], int] = {}
        self._given: dict[object, str] = {}
        self._free = [name for name in BY_MESSAGE if name in only]
        self._closed: dict[int, float] = {}
        self._played: Request | None = None
        self._is_valid = {each.name: validator_of(each.strict).is_valid for each in callbacks}

    @property
    def protocol(self) -> type[WireProtocol]:
        """The protocol of the server below, which cuts deliveries off at the endpoint that does."""
        return type("CuttingProtocol", (_Cutting,), {"endpoints": self})

    # What a run asks

    def recorded(self, **facts: object) -> Recorded:
        """All that came so far."""
        with self.changed:
            tries = {name: tuple(found) for name, found in self._tries.items()}
        seen = {name: self._seen(name, found) for name, found in tries.items()}
        return Recorded(self.contract, self.schedule, seen, time.perf_counter(), **facts)  # type: ignore[arg-type]

    def open(self) -> tuple[str, ...]:
        """The endpoints that cannot be judged yet."""
        recorded, now = self.recorded(), time.perf_counter()
        nothing = Seen(())
        return tuple(
            name
            for name in self.only
            if not is_complete(name, recorded.seen.get(name, nothing), self.schedule, now, self.wanted.get(name, 1))
        )

    def count(self, *names: str) -> int:
        """The number of tries at some endpoints; at all without a name."""
        with self.changed:
            return sum(len(found) for name, found in self._tries.items() if not names or name in names)

    def closed(self, connection: int) -> None:
        """A connection ended; what was not answered by then is over."""
        with self.changed:
            self._closed.setdefault(connection, time.perf_counter())
            self.changed.notify_all()

    def _seen(self, name: str, tries: tuple[Try, ...]) -> Seen:
        tries = tuple(map(self._let_go, tries))
        endpoint = ENDPOINTS.get(name)
        is_alone = self.is_alone and endpoint is not None and not endpoint.many
        return Seen(tries, is_alone, self.callbacks)

    def _let_go(self, one: Try) -> Try:
        """A try that the sender gave up before the kit did."""
        closed_s = self._closed.get(one.connection)
        if one.failure not in {"timeout", "endless"} or closed_s is None or closed_s > one.ended_s:
            return one
        return replace(one, elapsed_s=closed_s - one.at_s)

    # What the server asks

    def has_its_way(self, request: Request) -> bool:
        """Return whether it answers a request: always."""
        return True

    def answer(self, request: Request, assessment: Assessment | None, right: Right) -> Response:
        """Respond as the endpoint does, and record the try."""
        self._played = request
        made = self._try(request, assessment)
        name = made.endpoint
        if name == ELSEWHERE:
            self._record(replace(made, answer=Answer(200, "", (), b"")))
            return Response(200)
        with self.changed:
            if len(self._tries.get(name, ())) >= _MOST_TRIES:
                return Response(200)
            number = self._counts.get((name, made.key), 0)
            self._counts[name, made.key] = number + 1
        step = ENDPOINTS[name].step(number) if name in ENDPOINTS else OK
        if step.wire == "cut":  # the one that was cut off did not come here
            step = OK
        if name in ENDPOINTS and ENDPOINTS[name].many and self.count(name) >= self.wanted.get(name, 1):
            step = OK
        reply = self._reply(step, right, request)
        elapsed_s, failure = reply.delay_s, _FAILURES.get(step.wire, "")
        answer = None if failure else Answer(reply.status, "", reply.headers, reply.body)
        self._record(replace(made, elapsed_s=elapsed_s, answer=answer, failure=failure))
        return reply

    def cuts(self, path: str) -> bool:
        """Whether a delivery is cut off when its head is there."""
        return self._name_in(path) == "cut" and not self.count("cut")

    def cut(self, request: Request) -> None:
        """Record a delivery that was cut off, whose body came with its head all the same."""
        self._record(replace(self._try(request, None), failure="reset"))

    def _observe(self, request: Request, assessment: Assessment | None, reply: Response) -> None:
        if request is self._played or reply is TOO_SLOW:
            self._played = None
            return
        if reply is INCOMPLETE:
            if self.cuts(request.path):
                made = self._bare(request.head, request.body, "cut", request.connection)
                self._record(replace(made, failure="reset", is_whole=False))
            return  # what the sender broke off by itself
        # Malformed HTTP: no endpoint answered it.
        made = self._try(request, assessment)
        flaw = str(json.loads(reply.body)["detail"])
        answer = Answer(reply.status, "", reply.headers, reply.body)
        self._record(replace(made, flaw=flaw, answer=answer, is_played=False))

    def _record(self, made: Try) -> None:
        with self.changed:
            self._tries.setdefault(made.endpoint, []).append(made)
            self.changed.notify_all()

    def _reply(self, step: Step, right: Right, request: Request) -> Response:
        schedule = self.schedule
        if step.wire == "hold":
            return Response(503, wire="reset", delay_s=schedule.hold_s)
        if step.wire == "trickle":
            return Response(200, b"", "application/json", delay_s=schedule.endless_s, wire="trickle")
        if step.wire:
            return Response(503, wire="reset")
        headers: tuple[tuple[str, str], ...] = ()
        if step.wait == "seconds":
            headers = (("Retry-After", str(schedule.retry_after_s)),)
        elif step.wait == "date":
            moment = math.ceil(time.time() + schedule.retry_after_s)
            headers = (("Retry-After", email.utils.formatdate(moment, usegmt=True)),)
        if 300 <= step.status < 400:
            headers = (("Location", f"{request.path.rstrip('/')}/{ELSEWHERE}"),)
        reply = Response(step.status, headers=headers, delay_s=step.within * schedule.deadline_s)
        if step.status != 200:
            return reply
        taken = right()
        if (
            taken.status != 200
        ):  # an invalid body is its own rule's, and the sender's schedule is looked at all the same
            taken = Response(200, b"{}", "application/json")
        return replace(taken, delay_s=reply.delay_s)

    # What a delivery is

    def _try(self, request: Request, assessment: Assessment | None) -> Try:
        assessment = assessment or self.receiver.content_of(request)
        made = self._bare(request.head, request.body, self._name_in(request.path), request.connection)
        made = self._identified(made, assessment, request.head)
        if not made.endpoint:
            made = replace(made, endpoint=self._endpoint_of(made))
        return self._signed(made, request)

    def _bare(self, head: Head, body: bytes, name: str, connection: int = 0) -> Try:
        delivery = Delivery("", head.method, head.headers, body, target=head.target)
        made = Try(name, time.perf_counter(), time.time(), delivery, head.target, 0.0, connection=connection)
        return replace(made, key=("content", hashlib.sha256(made.content).digest()))

    def _identified(self, made: Try, assessment: Assessment, head: Head) -> Try:
        callback = assessment.callback
        made = replace(
            made,
            value=assessment.value,
            is_parsable=assessment.parsable,
            callback=callback.name if callback else "",
            violations=self._violations(assessment),
            delivery=replace(made.delivery, callback=callback.name if callback else self.callbacks[0].name),
        )
        for each in (callback,) if callback else self.callbacks:
            facts = each.delivery
            try:
                found = tuple(reader(place)(assessment.value, head) for place in each.event_places)
            except LookupError:
                continue
            if not found:
                continue
            made = replace(made, key=(each.name, *map(_hashable, found)), has_id=True)
            if facts.correlation:
                made = replace(made, message=_hashable(_at(facts.correlation, assessment.value, head)))
            if facts.state:
                made = replace(made, state=str(_at(facts.state, assessment.value, head)))
            return made
        return made

    def _violations(self, assessment: Assessment) -> tuple[tuple[str, str], ...]:
        if assessment.callback is None:
            return tuple((each.pointer, each.message) for each in assessment.violations)
        if assessment.callback.is_json and not self._is_valid[assessment.callback.name](assessment.value):
            exact = (each for each in assessment.novelties if each.kind == "value")
            return tuple((each.pointer, "a value that the contract does not list") for each in exact)
        return ()

    def _signed(self, made: Try, request: Request) -> Try:
        if self.signature is None:
            return made
        scheme, keys = self.signature
        url = self.receiver.url_of(request)
        flaw = verify(
            scheme,
            keys,
            headers=request.headers,
            body=request.body,
            method=request.method,
            url=url,
            now=datetime.now(UTC),
        )
        parts = parts_of(scheme, received(scheme, request.headers, request.body))
        made = replace(made, signature_flaw=flaw, signed_at=parts.timestamp or "")
        if not made.has_id and parts.message_id:
            made = replace(made, key=("signed", parts.message_id), has_id=True)
        return made

    def _name_in(self, path: str) -> str:
        """The endpoint that a path names; empty where the message has to say it."""
        last = path.rstrip("/").rpartition("/")[2]
        return last if last in ENDPOINTS or last == ELSEWHERE else ""

    def _endpoint_of(self, made: Try) -> str:
        whose = made.message if made.message is not None else made.key
        with self.changed:
            if whose not in self._given:
                self._given[whose] = self._free.pop(0) if self._free else FURTHER
            return self._given[whose]


class _Cutting(WireProtocol):
    """A protocol that resets the connection when the head of a delivery to the endpoint `cut` is there."""

    endpoints: Endpoints
    _is_cut = False

    def shutdown(self) -> None:
        super().shutdown()
        self.transport.abort()  # what is held back is not waited for

    def eof_received(self) -> bool:  # type: ignore[override]  # as `WireProtocol` has it
        self.endpoints.closed(self.number)  # few senders close their side and go on listening
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.endpoints.closed(self.number)
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.endpoints.cuts(self._path):
            self._is_cut = True
            self.transport.abort()

    def _take(self, head: Head, body: bytes) -> None:
        if self._is_cut:
            self._deaf = True
            self.endpoints.cut(Request.with_head(head, body, self.number))
        else:
            super()._take(head, body)


def _hashable(value: jp.Json) -> object:
    return value if isinstance(value, str | int) else repr(value)


def _at(place: str, value: jp.Json, head: Head) -> jp.Json:
    try:
        return reader(place)(value, head)
    except LookupError:
        return None
