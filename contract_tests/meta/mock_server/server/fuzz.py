"""Fuzzer of the mock's HTTP front: the fast path against the ASGI path, and both against an independent oracle.

    python -m callback_contract.contract_tests.meta.mock_server.server.fuzz --requests 200000 --seed 1

It talks to the protocols without sockets. Answers, record and state are equal on both paths, and what RFC 9110, RFC
9112 and the contract allow. Of a difference it prints the smallest talks that show it, as a Python literal to give to
`flaws`, and ends with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from callback_contract.contract_tests.meta.mock_server.server.expecting import (
    Stored,
    decoded,
    is_own,
    may_answer,
    path_of,
    worth,
)
from callback_contract.contract_tests.meta.mock_server.server.fuzzed import CONTRACT, Drawer, Talk
from callback_contract.contract_tests.meta.mock_server.server.http_oracle import Reading, read_requests
from callback_contract.contract_tests.meta.mock_server.server.test_connection import Connection, configured
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.fast_path import FastPathProtocol, protocol_for
from callback_contract.mock_server.server.protocol import WireProtocol
from callback_contract.mock_server.validation.validator import Validator

TALKS = 12  # with one receiver, so that states grow and heads are known
_UNKEPT = 13  # each so manieth delivery cannot be kept


class Flaw(AssertionError):
    """What was heard is not allowed, or differs."""


class Record(NamedTuple):
    """What the observer was told of a request."""

    method: str
    path: str
    target: str
    headers: tuple
    body: bytes
    status: int
    reply_body: bytes
    kind: str | None
    callback: str | None
    kept: bool


@dataclass
class Heard:
    """What can be seen of one connection from outside and inside."""

    written: bytes
    closed: bool
    records: list[Record]


class _Keeper:
    """Keeps deliveries a turn of the event loop later, and fails at some."""

    def __init__(self) -> None:
        self._told, self._is_kept, self._effects = 0, True, []

    def tells(self, assessment) -> bool:
        self._told += 1
        self._is_kept = self._told % _UNKEPT > 0
        if self._is_kept and assessment is not None and assessment.effect is not None:
            self._effects.append(assessment.effect)
        return self._is_kept

    def when_kept(self, loop, call) -> None:
        loop.call_soon(self._settle, self._effects, call, self._is_kept)
        self._effects, self._is_kept = [], True

    @staticmethod
    def _settle(effects, call, kept) -> None:
        for effect in effects:
            effect()
        call(kept)


class _Line(Connection):
    """A connection that waits for all its answers."""

    async def _settle(self):
        for _ in range(500):
            await asyncio.sleep(0)
            cycle = self.protocol.cycle
            if not self.state.tasks and (cycle is None or cycle.response_complete or cycle.disconnected):
                return
        raise Flaw("an answer does not come to its end")

    async def hold(self, talk: Talk) -> None:
        for read in talk.reads:
            await self.say(read, hurried=talk.hurried)
        if talk.end != "lost":
            await self._settle()
        self.was_closed = self.transport.closed
        if talk.end == "half" and not self.transport.closed and not self.protocol.eof_received():
            self.transport.close()
        if talk.end == "half":
            await self._settle()
        await self.hang_up()


@cache
def _assessor() -> Validator:
    return Validator(CONTRACT)


def heard(talks: list[Talk], protocol: type | None, *, kept: bool) -> tuple[list[Heard], dict]:
    """What is seen of connections to one receiver, one after another, and its state in the end."""
    records: list[Record] = []
    keeper = _Keeper() if kept else None

    def tell(request, assessment, reply):
        is_kept = keeper.tells(assessment) if keeper else True
        kind, callback = (assessment.kind, assessment.callback) if assessment else (None, None)
        seen = (request.method, request.path, request.target, request.headers, request.body)
        records.append(Record(*seen, reply.status, reply.body, kind, callback and callback.name, is_kept))

    async def converse():
        receiver = Receiver(CONTRACT, on_exchange=tell, keeper=keeper)
        receiver.assessor = _assessor()
        wire, config = protocol or protocol_for(receiver), configured(receiver)
        found = []
        for talk in talks:
            begun = len(records)
            line = _Line(receiver, wire, config)
            try:
                await line.hold(talk)
            except Exception as error:
                raise Flaw(f"{talk} raises {error!r}") from error
            found.append(Heard(line.transport.written, line.was_closed, records[begun:]))
        return found, {name: stored.shown() for name, stored in receiver.states._messages.items()}

    return asyncio.run(converse())


def check(talks: list[Talk], *, kept: bool = False) -> None:
    """Raises a `Flaw` unless both paths are alike, and right."""
    fast, fast_states = heard(talks, None, kept=kept)
    plain, plain_states = heard(talks, WireProtocol, kept=kept)
    stored = Stored()
    for talk, one, other in zip(talks, fast, plain, strict=True):
        if one.records != other.records:
            raise Flaw(f"records differ:\n  in place {one.records}\n  by ASGI  {other.records}")
        answers = [one.written, other.written]
        if talk.end == "half":  # freedom: the last answer says that it is the last, or was out before that was known
            answers = [written.replace(b"connection: close\r\n", b"") for written in answers]
        if talk.hurried:  # freedom: a body is asked for only while it is still to come
            answers = [written.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"") for written in answers]
        alike = answers[0] == answers[1]
        if talk.end == "lost":  # freedom: who is gone may have been answered before or not
            alike = answers[0].startswith(answers[1]) or answers[1].startswith(answers[0])
        if not alike or (talk.end != "lost" and one.closed != other.closed):
            raise Flaw(f"answers differ:\n  in place {one.written}\n  by ASGI  {other.written}")
        _Check(talk, one, stored).run()
    if fast_states != plain_states:
        raise Flaw(f"states differ:\n  in place {fast_states}\n  by ASGI  {plain_states}")
    if fast_states != stored.shown:
        raise Flaw(f"states are wrong:\n  expected {stored.shown}\n  stored   {fast_states}")


class _Check:
    """Holds what was heard of one connection against the oracle."""

    def __init__(self, talk: Talk, seen: Heard, stored: Stored) -> None:
        self.talk, self.seen, self.stored = talk, seen, stored
        self.records, self.rest = list(seen.records), seen.written
        self.ended = False

    def run(self) -> None:
        readings = read_requests(self.talk.data)
        for number, reading in enumerate(readings):
            is_unheard = (
                self.talk.end == "lost" and not (self.records or self.rest) and number and readings[number - 1].may_end
            )
            if self.ended or is_unheard:
                self.want(any(each.may_end for each in readings[:number]), "the connection ended early")
                break
            self.look_at(reading, is_final=number == len(readings) - 1)
        self.want(not self.records, "more is recorded than was said")
        self.want(not self.rest, "more is answered than was asked")
        if self.talk.end == "quiet" and not (readings and self.is_cut(readings[-1])):
            self.want(self.seen.closed == self.ended, "the connection is open, or closed, against its last answer")

    def is_cut(self, reading: Reading) -> bool:
        """Whether more bytes could have followed, so that a refusal may wait for the end."""
        return 408 in reading.statuses or (reading.refused and b"\r\n\r\n" not in self.talk.data[reading.begun :])

    def look_at(self, reading: Reading, *, is_final: bool) -> None:
        while self.rest.startswith(b"HTTP/1.1 100 "):
            self.want(bool(reading.all(b"expect")) or reading.refused, "a body is asked for that nobody holds back")
            self.rest = self.rest.partition(b"\r\n\r\n")[2]
        record = self.records[0] if self.records else None
        may_be_refusal = (
            record is not None
            and len(self.records) == 1
            and record.kind is None
            and record.status in reading.statuses
            and (
                self.answers_with(record.status if record.kept else 507)
                or (not self.rest and (is_final or not is_own(reading)))
            )
        )
        if reading.refused or (may_be_refusal and (is_own(reading) or not self.stays(reading, record))):
            self.refused(reading, record)
        elif is_own(reading):
            self.own(reading)
        else:
            self.want(record is not None, f"not recorded: {reading}")
            self.taken(reading, self.records.pop(0))

    def answers_with(self, status: int) -> bool:
        return self.rest.startswith(b"HTTP/1.1 %d " % status)

    def stays(self, reading: Reading, record: Record) -> bool:
        """Whether what may be a refusal is the contract's answer to a request that was taken."""
        is_open = bool(self.rest) and b"\r\nconnection: close" not in self.rest.partition(b"\r\n\r\n")[0]
        return is_open and may_answer(reading, record.status)

    def refused(self, reading: Reading, record: Record | None) -> None:
        """What was refused as HTTP is the last of its connection."""
        self.ended = True
        if record is None:
            self.want(b"callback" in self.talk.data, "a refusal is not recorded")  # it may have asked for a page
            self.rest = b"" if self.rest.count(b"HTTP/1.1 ") <= 2 else self.rest
            return
        self.records.pop(0)
        self.want(record.status in reading.statuses and record.kind is None, f"{reading} is not refused but {record}")
        status, body = (record.status, record.reply_body) if record.kept else (507, None)
        self.answered(reading, status, body, True, record.method == "HEAD")

    def own(self, reading: Reading) -> None:
        status, shown = self.stored.answer(path_of(reading)) if reading.method == b"GET" else (404, None)
        for refusal in reading.statuses:
            if refusal != status and self.answers_with(refusal):  # not recorded either
                self.answered(reading, refusal, None, True)
                return
        body = self.answered(reading, status, None, reading.last)
        self.want(shown is None or not body or json.loads(body) == shown, f"read-back: {shown}")

    def taken(self, reading: Reading, record: Record) -> None:
        """A request that is right HTTP is recorded as it is, and answered and stored as the contract says."""
        expected = (reading.method.decode("latin-1"), reading.target.decode("latin-1"), path_of(reading))
        self.want((record.method, record.target, record.path) == expected, f"{expected} is recorded as {record}")
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in reading.headers)
        self.want(record.headers == headers, f"{headers} are recorded as {record.headers}")
        self.want(record.body == reading.body[: 1024 * 1024 + 1], f"{reading.body} is recorded as {record.body}")
        self.want(may_answer(reading, record.status), f"{reading} is answered {record}")
        if record.status < 300:
            fitting, _ = worth(reading.body)
            self.want(record.callback in fitting, f"{record.callback} is none of {sorted(fitting)}")
            if record.kept:
                self.stored.apply(record.callback, decoded(reading.body))
        self.answered(
            reading, record.status if record.kept else 507, record.reply_body if record.kept else None, reading.last
        )

    def answered(self, reading: Reading, status: int, body: bytes | None, last: bool, is_head=None) -> bytes:
        """Takes an answer off what was written, and returns its body."""
        if not self.rest and (self.talk.end == "lost" or (self.talk.end == "quiet" and self.is_cut(reading))):
            self.ended |= last
            return b""  # freedom: nobody was there to hear it
        is_head = reading.method == b"HEAD" if is_head is None else is_head
        head, _, rest = self.rest.partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines)
        self.want(line.startswith(b"HTTP/1.1 %d " % status), f"{status} is answered {self.rest}")
        self.want(status == 204 or b"content-length" in headers, "an answer has no length")
        size = 0 if is_head or status == 204 else int(headers[b"content-length"])
        found, self.rest = rest[:size], rest[size:]
        self.want(len(found) == size and (body is None or size == 0 or found == body), f"{body} is answered {found}")
        closes = headers.get(b"connection") == b"close"
        self.want(closes or not last, f"the last answer does not say so: {head}")
        self.want(
            last or not closes or reading.may_end or self.talk.end == "half",
            f"{head} ends a connection that should stay",
        )
        self.ended |= closes
        return found

    def want(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise Flaw(f"{otherwise}\n  talk {self.talk}\n  seen {self.seen}")


def flaws(talks: list[Talk], *, kept: bool = False) -> str:
    """What is wrong with the answers to some talks; empty for nothing."""
    try:
        check(talks, kept=kept)
    except Flaw as flaw:
        return str(flaw)
    return ""


def smallest(talks: list[Talk], *, kept: bool, seconds: float = 30.0) -> list[Talk]:
    """The fewest talks and bytes that still show a flaw."""
    until = time.monotonic() + seconds

    def fails(candidate: list[Talk]) -> bool:
        return time.monotonic() < until and bool(candidate) and bool(flaws(candidate, kept=kept))

    for number in reversed(range(len(talks))):
        if fails(fewer := talks[:number] + talks[number + 1 :]):
            talks = fewer
    for number in range(len(talks)):
        for plainer in ({"reads": (talks[number].data,)}, {"end": "quiet"}, {"hurried": False}):
            simpler = replace(talks[number], **plainer)
            if simpler != talks[number] and fails(candidate := [*talks[:number], simpler, *talks[number + 1 :]]):
                talks = candidate
        size = max(map(len, talks[number].reads), default=0)
        while size := size // 2:
            for read, data in enumerate(talks[number].reads):
                for at in reversed(range(0, len(data), size)):
                    reads = list(talks[number].reads)
                    reads[read] = reads[read][:at] + reads[read][at + size :]
                    less = replace(talks[number], reads=tuple(filter(None, reads)))
                    if all(reads) and fails(candidate := [*talks[:number], less, *talks[number + 1 :]]):
                        talks = candidate
    return talks


def fuzz(requests: int, seed: int, progress=lambda done: None) -> tuple[int, tuple[list[Talk], bool] | None]:
    """Returns how many requests were drawn, and the talks that show a flaw, with whether deliveries were kept."""
    if not issubclass(protocol_for(Receiver(CONTRACT)), FastPathProtocol):
        raise RuntimeError("there is no fast path to compare with")
    drawer, done = Drawer(seed), 0
    while done < requests:
        drawn = [drawer.talk() for _ in range(TALKS)]
        talks, kept = [talk for talk, _ in drawn], drawer.random.random() < 0.4
        done += sum(number for _, number in drawn)
        if flaws(talks, kept=kept):
            return done, (talks, kept)
        progress(done)
    return done, None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-time", type=float, default=3600.0, help="seconds")
    options = parser.parse_args()
    begun, told = time.monotonic(), 0

    def progress(done: int) -> None:
        nonlocal told
        if done - told >= 10_000:
            told = done
            print(f"{done} requests, {time.monotonic() - begun:.0f} s", flush=True)
        if time.monotonic() - begun > options.max_time:
            raise TimeoutError(done)

    try:
        done, found = fuzz(options.requests, options.seed, progress)
    except TimeoutError as end:
        done, found = end.args[0], None
    print(
        f"seed {options.seed}: {done} requests in {time.monotonic() - begun:.0f} s, {'a flaw' if found else 'no flaw'}"
    )
    if not found:
        return 0
    talks, kept = found
    talks = smallest(talks, kept=kept)
    print(f"{flaws(talks, kept=kept)}\nflaws({talks!r}, kept={kept})")
    return 1


if __name__ == "__main__":
    sys.exit(main())
