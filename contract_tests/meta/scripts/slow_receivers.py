"""Benchmark of slow receivers: how long `check` takes at right receivers that make it wait, and at one that dies.

    python -m callback_contract.contract_tests.meta.scripts.slow_receivers [--only NAME …]

The runs mostly wait, so they go side by side. It asserts nothing: a busy machine is slower. Each bound is what a
run has to keep on a quiet one.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from rich.console import Console
from rich.table import Table

from callback_contract.contract_tests.receivers import CALLBACK_PATH, READ_BACK_PATH
from callback_contract.contract_tests.receivers.stdlib_receiver import Handler, RefusedError, Server, Store

_LONG_S = 600.0  # whoever hangs is given up by then
_LIMIT_S = 900  # a run that takes longer is ended, with what was judged


class _Slow(Handler):
    """The right receiver in Python's standard library, which makes a sender wait.

    Attributes:
        number: Counts the deliveries.
    """

    number: Iterator[int]

    def route(self, path: str, body: bytes) -> str:
        if path.startswith(f"{CALLBACK_PATH}/"):
            self.before_reading_back()
            return super().route(path, body)
        self.before_answering(next(self.number))
        return super().route(path, body)

    def before_answering(self, number: int) -> None:
        """Called for each delivery, with its number from 1."""

    def before_reading_back(self) -> None:
        """Called for each look at what is stored."""

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the sender's time was over
            super().handle()


class _Hanging(_Slow):
    def before_answering(self, number: int) -> None:
        if number % 10 == 0:
            time.sleep(_LONG_S)


class _Late(_Slow):
    def before_answering(self, number: int) -> None:
        time.sleep(5)


class _Serial(_Slow):
    turn: threading.Lock

    def before_answering(self, number: int) -> None:
        with self.turn:
            time.sleep(0.5)


class _Refusing(_Slow):
    every, wait_s = 2, 1

    def before_answering(self, number: int) -> None:
        if number > 1 and number % self.every == 0:
            raise _BusyError(HTTPStatus.TOO_MANY_REQUESTS, "later")

    def send_header(self, keyword: str, value: str) -> None:
        super().send_header(keyword, value)
        if keyword == "Content-Type" and self.is_busy:
            super().send_header("Retry-After", str(self.wait_s))

    is_busy = False

    def send_response(self, code: int, message: str | None = None) -> None:
        self.is_busy = code == HTTPStatus.TOO_MANY_REQUESTS
        super().send_response(code, message)


class _BusyError(RefusedError):
    pass


class _SeldomRefusing(_Refusing):
    every, wait_s = 20, 60


class _SlowlyRead(_Slow):
    def before_reading_back(self) -> None:
        time.sleep(4)


class _Dying(_Slow):
    def before_answering(self, number: int) -> None:
        if number > 60:
            time.sleep(_LONG_S)


class _LateStore(Store):
    """Stores two seconds after the answer, in the order of the deliveries."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._worker = ThreadPoolExecutor(max_workers=1)

    def record(self, msg_id: str, status: str, text: str) -> None:
        due_s = time.monotonic() + 2

        def work() -> None:
            time.sleep(max(0.0, due_s - time.monotonic()))
            super(_LateStore, self).record(msg_id, status, text)

        self._worker.submit(work)


@dataclass(frozen=True)
class Row:
    """One receiver, and what a run at it may take.

    Attributes:
        bound_s: Seconds that a run may take.
        reads_back: Whether read-back is offered.
        options: More options of `check`.
    """

    name: str
    handler: type[_Slow]
    bound_s: float
    reads_back: bool = False
    options: tuple[str, ...] = ()
    store: type[Store] = Store


ROWS = (
    Row("hangs on 1 of 10", _Hanging, 300),
    Row("5 s for each, side by side", _Late, 240),
    Row("0.5 s for each, one at a time, read-back", _Serial, 320, reads_back=True),
    Row("429 to every second, Retry-After: 1", _Refusing, 240),
    Row("read-back takes 4 s", _SlowlyRead, 200, reads_back=True),
    Row("stores 2 s later", _Slow, 60, reads_back=True, store=_LateStore),
    Row("dead after 60 deliveries, --timeout 3", _Dying, 40, options=("--timeout", "3")),
    Row("429 to every 20th, Retry-After: 60, --max-time 90", _SeldomRefusing, 95, options=("--max-time", "90")),
)


@contextlib.contextmanager
def serving(row: Row) -> Iterator[str]:
    """Serve the receiver of a row while the block runs; yield its address."""
    own = {"number": itertools.count(1), "store": row.store(":memory:"), "turn": threading.Lock()}
    server = Server(("127.0.0.1", 0), type("Own", (row.handler,), own))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


@dataclass(frozen=True)
class Measured:
    """What came of a run at a receiver."""

    seconds: float
    deliveries: int
    judged: int
    broken: str
    said: str


def measured(row: Row, check: Callable[[Sequence[str]], str]) -> Measured:
    """Judge the receiver of a row."""
    with serving(row) as base, tempfile.TemporaryDirectory() as folder:
        read_back = ("--state-url", base + READ_BACK_PATH) if row.reads_back else ()
        begun = time.monotonic()
        said = check([base + CALLBACK_PATH, *read_back, "--report-dir", folder, *row.options])
        seconds = time.monotonic() - begun
        report = json.loads((Path(folder) / "report.json").read_text())
    judged = [rule for rule in report["rules"] if rule["verdict"] not in {"not applicable", "blocked"}]
    broken = [rule["id"] for rule in judged if rule["verdict"] != "pass"]
    lines = [line for line in said.splitlines()[1:] if "a second" in line or "to wait" in line]
    return Measured(seconds, report["run"]["deliveries"], len(judged), ", ".join(broken), "\n".join(lines))


def _check(arguments: Sequence[str]) -> str:
    limit = () if "--max-time" in arguments else ("--max-time", str(_LIMIT_S))
    command = [sys.executable, "-m", "callback_contract.contract_tests", "check", *arguments, *limit]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * _LIMIT_S, env=env)
    return done.stdout + done.stderr


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="a receiver whose name has this in it")
    options = parser.parse_args()
    rows = [row for row in ROWS if not options.only or any(word in row.name for word in options.only)]
    console = Console()
    table = Table(title="check at receivers that make it wait")
    for heading in ("receiver", "s", "bound", "deliveries", "rules judged", "broken"):
        table.add_column(heading, justify="left" if heading in {"receiver", "broken"} else "right")
    with ThreadPoolExecutor(max_workers=len(rows) or 1) as workers:
        runs = {row: workers.submit(measured, row, _check) for row in rows}
        for row, run in runs.items():
            came = run.result()
            console.print(f"{row.name}: {came.seconds:.0f} s", style="dim", highlight=False)
            style = "red" if came.seconds > row.bound_s else ""
            took = f"{came.seconds:.0f}"
            cells = (row.name, took, f"{row.bound_s:.0f}", str(came.deliveries), str(came.judged), came.broken)
            table.add_row(*cells, style=style)
            if came.said:
                console.print(f"{row.name}:\n{came.said}", style="dim", highlight=False)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
