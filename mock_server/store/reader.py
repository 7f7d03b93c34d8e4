"""Reader of recorded deliveries: the read side of the recorder, for the inspector, the gate and tests.

Everything here may be called from any thread, and sees all deliveries with a response. Ids grow in the order of
arrival, so a page continues below the last id of the previous one, and ids above the highest seen id are new:

    page = reader.page(Filter(verdict="refused", text="李雷"), before=None, limit=50)   # newest first
    older = reader.page(Filter(verdict="refused", text="李雷"), before=page[-1].id)
    arrival = reader.one(17)                    # whole; None when it was forgotten
    life = reader.message("ca11bac4…")          # in order of arrival; `again` and `late` mark irregular ones
    reader.counts()["verdict"]["refused"]       # by verdict, callback, state, status, again, late; "all" counts all
    reader.latencies()                          # [(upper end in seconds, how many), …]
    new = reader.after(last_id)                 # oldest first
    last_id = reader.wait(last_id, timeout_s=15)              # blocks until there is something above it
    last_id = await reader.arrived(last_id, timeout_s=15)     # the same in a coroutine

Lists have the first `PREVIEW_BYTES` of each body; `one` and `message(…, whole=True)` have all of it. A forgotten
delivery leaves a gap in the ids, which does not affect pages.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from callback_contract.mock_server.store.database import Database
from callback_contract.mock_server.store.stored_delivery import Filter, StoredDelivery
from callback_contract.openapi.contract.model import Contract

__all__ = ["LATENCY_EDGES_S", "PREVIEW_BYTES", "Reader"]

PREVIEW_BYTES = 400
_MOST_ROWS = 1000
_LONGEST_TEXT = 200

LATENCY_EDGES_S = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

_COLUMNS = (
    "d.id, d.at, d.method, d.target, d.verdict, d.callback, d.message, d.state, d.again, d.late, d.status, d.wire,"
    " d.delay_s, d.elapsed_s, d.body_bytes, c.headers, {body}, c.violations, c.novelties, c.answer"
)
_FROM = " FROM deliveries d JOIN contents c ON c.id = d.id"
_BOUNDS = "SELECT (SELECT min(id) FROM deliveries), (SELECT max(id) FROM deliveries)"  # one at a time: by the index
_COUNTED = ("verdict", "callback", "state", "status", "again", "late")


class Reader:
    """The deliveries that a recorder keeps; see the module for examples.

    Attributes:
        damaged: Damaged files of the write-ahead log: file, bytes, and the greatest number of lost
            deliveries, or None.
    """

    def __init__(
        self,
        database: Database,
        flush: Callable[[], None],
        contract: Contract,
        delete: Callable[[str, Sequence[object]], int] | None = None,
    ) -> None:
        self.contract = contract
        self.damaged: list[dict[str, Any]] = []
        self._database = database
        self._flush = flush
        self._delete = delete
        self._changed = threading.Condition()
        self._last = 0
        self._closed = False
        self._listeners: set[Callable[[int], None]] = set()
        self._counts: tuple[tuple[Any, ...], dict[str, dict[str, int]]] = ((), {})

    @property
    def last_id(self) -> int:
        """The newest delivery's id; 0 before the first."""
        self._flush()
        return self._last

    def page(self, wanted: Filter = Filter(), *, before: int | None = None, limit: int = 50) -> list[StoredDelivery]:  # noqa: B008  # frozen
        """Return the deliveries of a filter with ids below `before`, newest first."""
        where, values = _where(wanted)
        if before is not None:
            where, values = [*where, "d.id < ?"], [*values, before]
        return self._listed(where, values, "DESC", limit)

    def after(
        self,
        last_id: int,
        wanted: Filter = Filter(),  # noqa: B008  # frozen
        *,
        limit: int = 200,
        whole: bool = False,
    ) -> list[StoredDelivery]:
        """Return the deliveries of a filter with ids above `last_id`, oldest first."""
        where, values = _where(wanted)
        return self._listed([*where, "d.id > ?"], [*values, last_id], "ASC", limit, whole=whole)

    def one(self, identity: int) -> StoredDelivery | None:
        """Return one whole delivery; None when it is unknown or forgotten."""
        found = self._listed(["d.id = ?"], [identity], "ASC", 1, whole=True)
        return found[0] if found else None

    def message(self, message: str, *, whole: bool = False, limit: int = _MOST_ROWS) -> list[StoredDelivery]:
        """Return all deliveries of one message in the order of arrival."""
        return self._listed(["d.message = ?"], [message], "ASC", limit, whole=whole)

    def delete(self, wanted: Filter = Filter(), *, identity: int | None = None) -> int:  # noqa: B008  # frozen
        """Delete one delivery, or those of a filter; return how many these were."""
        where, values = (["d.id = ?"], [identity]) if identity is not None else _where(wanted)
        wheres = f" WHERE {' AND '.join(where)}" if where else ""
        assert self._delete is not None
        gone = self._delete(f"SELECT d.id{_FROM}{wheres}", values)  # values are bound
        self._counts = ((), {})
        return gone

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of deliveries by some of their properties.

        Empty texts are left out.
        """
        self._flush()
        # By the content of the tables, which may be older than the last delivery; read first, so that it is never
        # newer.
        (bounds,) = self._database.read(_BOUNDS)
        counted, known = self._counts
        if counted != bounds:
            known = {"all": {"": self._database.read("SELECT count(*) FROM deliveries")[0][0]}}
            for name in _COUNTED:
                rows = self._database.read(
                    f"SELECT {name}, count(*) FROM deliveries GROUP BY 1 ORDER BY 2 DESC LIMIT 50"  # noqa: S608  # ours
                )
                known[name] = {str(value): count for value, count in rows if value not in {"", 0}}
            self._counts = (bounds, known)
        return known

    def latencies(self) -> list[tuple[float, int]]:
        """Return a histogram of response times, delay included.

        The last upper end is infinite.
        """
        self._flush()
        # Only numbers and names of this module are in the queries below; received values are bound.
        cases = " ".join(f"WHEN elapsed_s + delay_s <= {edge} THEN {i}" for i, edge in enumerate(LATENCY_EDGES_S))
        rows = dict(
            self._database.read(
                f"SELECT CASE {cases} ELSE {len(LATENCY_EDGES_S)} END, count(*) FROM deliveries GROUP BY 1"  # noqa: S608  # ours
            )
        )
        return [(edge, rows.get(i, 0)) for i, edge in enumerate((*LATENCY_EDGES_S, inf))]

    def wait(self, last_id: int, timeout_s: float) -> int:
        """Wait for an id above `last_id`; return the newest id.

        It returns early when time is up, or the recorder closes.
        """
        end = time.monotonic() + timeout_s
        with self._changed:
            while self._last <= last_id and not self._closed and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            return self._last

    async def arrived(self, last_id: int, timeout_s: float) -> int:
        """Do the same as `wait`, without blocking a thread."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def tell(_: int) -> None:
            try:
                loop.call_soon_threadsafe(changed.set)
            except RuntimeError:  # the loop has ended meanwhile
                return

        self.listen(tell)
        try:
            if self._last <= last_id and not self._closed:
                async with asyncio.timeout(timeout_s):
                    while self._last <= last_id and not self._closed:
                        await changed.wait()
                        changed.clear()
        except TimeoutError:
            pass
        finally:
            self.forget(tell)
        return self._last

    def listen(self, call: Callable[[int], None]) -> None:
        """Call `call` with the newest id after commits.

        It runs in the recorder's own thread and has to be quick.
        """
        with self._changed:
            self._listeners.add(call)

    def forget(self, call: Callable[[int], None]) -> None:
        """End what `listen` began."""
        with self._changed:
            self._listeners.discard(call)

    def wrote(self, last_id: int) -> None:
        """Set the newest visible id; called by the recorder, by any thread."""
        with self._changed:
            self._last = max(self._last, last_id)

    def tell(self) -> None:
        """Notify all waiting threads and listeners; called by the recorder's own thread."""
        with self._changed:
            self._changed.notify_all()
            listeners, last_id = list(self._listeners), self._last
        for call in listeners:
            call(last_id)

    def close(self) -> None:
        """Release all waiting threads."""
        self._closed = True
        self.tell()

    def _listed(
        self, where: list[str], values: list[Any], direction: str, limit: int, *, whole: bool = False
    ) -> list[StoredDelivery]:
        self._flush()
        columns = _COLUMNS.format(body="c.body" if whole else f"substr(c.body, 1, {PREVIEW_BYTES})")
        wheres = f" WHERE {' AND '.join(where)}" if where else ""
        query = f"SELECT {columns}{_FROM}{wheres} ORDER BY d.id {direction} LIMIT ?"  # values are bound
        rows = self._database.read(query, (*values, max(0, min(limit, _MOST_ROWS))))
        return [StoredDelivery.from_row(row) for row in rows]


def _where(wanted: Filter) -> tuple[list[str], list[Any]]:
    where, values = [], []
    for name in ("callback", "message", "state", "verdict"):
        value = getattr(wanted, name)
        if value is not None:
            where.append(f"d.{name} = ?")
            values.append(value)
    if wanted.status is not None:
        text = str(wanted.status)
        low, high = (int(text[0]) * 100, int(text[0]) * 100 + 99) if text.endswith("xx") else (int(text), int(text))
        where.append("d.status BETWEEN ? AND ?")
        values += [low, high]
    if wanted.marked is not None:
        where.append("d.late" if wanted.marked == "late" else "d.again = ?")
        values += [] if wanted.marked == "late" else [wanted.marked]
    if wanted.text:
        text = wanted.text[:_LONGEST_TEXT]
        spellings = {text, json.dumps(text)[1:-1]}  # a sender may have escaped characters outside of ASCII
        places = [f"{place} LIKE ? ESCAPE '!'" for place in ("CAST(c.body AS TEXT)", "d.target", "c.violations")]
        where.append("(" + " OR ".join(places * len(spellings)) + ")")
        values += [pattern for spelling in sorted(spellings) for pattern in [_like(spelling)] * len(places)]
    return where, values


def _like(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, "!" + special)
    return f"%{text}%"
