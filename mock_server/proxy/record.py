"""Record of one exchange that passed: its form in the pipe to the recorder, and the pipe itself, which never waits."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

__all__ = ["Passed", "RecordPipe", "records_in"]

_FIXED = struct.Struct("<ddIQIIII")
_MOST_WAITING_BYTES = 32 * 1024 * 1024
_TOGETHER_S = 0.02
_ENDS_S = 5.0


@dataclass(frozen=True, slots=True)
class Passed:
    """One exchange.

    Attributes:
        at: Seconds since 1970 at which the request was complete.
        elapsed_s: Seconds from then to the end of the answer.
        status: 0 where no complete answer came.
        body_bytes: The length of the whole request body, of which `body` may be the beginning.
        head: Of the request as it came; `answer_head` is that of the answer.
    """

    at: float
    elapsed_s: float
    status: int
    body_bytes: int
    head: bytes
    body: bytes
    answer_head: bytes = b""
    answer_body: bytes = b""

    def packed(self) -> bytes:
        """Return its form in the pipe."""
        parts = (self.head, self.body, self.answer_head, self.answer_body)
        fixed = _FIXED.pack(self.at, self.elapsed_s, self.status, self.body_bytes, *map(len, parts))
        return b"".join((fixed, *parts))


def records_in(pipe: IO[bytes] | BinaryIO) -> Iterator[Passed]:
    """Yield the exchanges of a pipe until it is closed."""
    while len(fixed := pipe.read(_FIXED.size)) == _FIXED.size:
        at, elapsed_s, status, body_bytes, *lengths = _FIXED.unpack(fixed)
        parts = [pipe.read(length) for length in lengths]
        if [len(part) for part in parts] != lengths:
            return
        yield Passed(at, elapsed_s, status, body_bytes, *parts)


class RecordPipe(asyncio.BaseProtocol):
    """The pipe to the recorder: what it cannot take is dropped and counted, and nobody waits for it.

    Args:
        lost: Called once when the recorder is gone.

    Attributes:
        recorded: Exchanges written to the pipe; `dropped` are those that were not.
    """

    def __init__(self, lost: Callable[[], None]) -> None:
        self.recorded = self.dropped = 0
        self._lost = lost
        self._transport: asyncio.WriteTransport | None = None
        self._batch: list[bytes] = []
        self._gone = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is of another class
        self._transport.set_write_buffer_limits(high=_MOST_WAITING_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()
        self.give_up()

    def give_up(self) -> None:
        """Hand over nothing more, since the recorder is gone."""
        if (transport := self._transport) is not None:
            self._transport = None
            transport.abort()
            self._lost()

    def pause_writing(self) -> None:
        """Nobody is paused: `record` looks at the size of what waits."""

    def resume_writing(self) -> None:
        """Nobody was paused."""

    def record(self, passed: Passed) -> None:
        """Hand an exchange to the recorder, if it can take it."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > _MOST_WAITING_BYTES:
            self.dropped += 1
            return
        self.recorded += 1
        if not self._batch:
            self._loop.call_later(_TOGETHER_S, self._flush)
        self._batch.append(passed.packed())

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if self._transport is not None and batch:
            self._transport.write(b"".join(batch))

    async def close(self) -> None:
        """Write what waits, and end the recorder."""
        self._flush()
        if (transport := self._transport) is not None:
            self._transport = None
            transport.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ENDS_S):
                    await self._gone.wait()
