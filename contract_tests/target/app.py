"""App runner: serves the app of `--app` in a process beside the kit's, on a private loopback port.

It does not share the kit's process. A body that ends the interpreter (deep nesting may) would end the judgement, too;
the app and the suite would share one interpreter lock and slow each other; and packages of the same name would collide.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from callback_contract.contract_tests.target.process import Started, started
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, lines, text_of

__all__ = ["app_served"]

_SERVER = Path(__file__).with_name("app_server.py")


@contextlib.contextmanager
def app_served(spec: str, timeout_s: float, python: str = "") -> Iterator[tuple[str, Started]]:
    """Serve the app that `module:app` names; yield its URL without a path.

    Args:
        python: The interpreter of the app's environment; this one without it.

    Raises:
        KitError: There is no such app (exit code 2), or it did not start (3).
    """
    with tempfile.TemporaryDirectory(prefix="callback-contract-", ignore_cleanup_errors=True) as folder:
        told = Path(folder) / "told.json"
        with started([python or sys.executable, str(_SERVER), spec, str(told)], f"--app {spec}") as receiver:
            yield f"http://127.0.0.1:{_await_ready(receiver, told, timeout_s)}", receiver


def _await_ready(receiver: Started, told: Path, timeout_s: float) -> int:
    """Wait until the server says its port, or what is wrong."""
    end = time.monotonic() + timeout_s
    while True:
        ended = receiver.ended()  # before the look: it may say something and end
        if told.exists():
            break
        if ended:
            raise KitError(
                Text("error-receiver.app-ended", ended=ended),
                where=receiver.shown,
                remedy=Text("error-receiver.last-lines", last_lines=receiver.last_lines()),
                exit_code=3,
            )
        if time.monotonic() > end:
            raise KitError(
                Text("error-receiver.app-not-ready", timeout_s=timeout_s),
                where=receiver.shown,
                remedy=Text("error-receiver.app-wait-longer", last_lines=receiver.last_lines()),
                exit_code=3,
            )
        time.sleep(0.02)
    said = json.loads(told.read_bytes())
    if "port" not in said:
        remedy = lines(text_of(each) for each in said["remedy"]) if said["remedy"] else ""
        raise KitError(text_of(said["what"]), where=receiver.shown, remedy=remedy)
    return int(said["port"])
