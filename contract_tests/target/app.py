"""App runner: serves the app of `--app` in a process beside the kit's, on a private loopback port.

It does not share the kit's process. A body that ends the interpreter (deep nesting may) would end the judgement, too;
the app and the suite would share one interpreter lock and slow each other; and packages of the same name would collide.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from callback_contract.contract_tests.target.process import Started, started
from callback_contract.mock_server.server.serving import bound_socket
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
    shown = f"--app {spec}"
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(bound_socket("127.0.0.1", 0))
        heard, told = os.pipe()
        reader = stack.enter_context(os.fdopen(heard, "rb"))
        words = [python or sys.executable, str(_SERVER), spec, str(sock.fileno()), str(told)]
        try:
            receiver = stack.enter_context(started(words, shown, pass_fds=(sock.fileno(), told)))
        finally:
            os.close(told)
        _await_ready(receiver, reader.fileno(), timeout_s)
        port = sock.getsockname()[1]
        sock.close()  # from here on, an app that died refuses connections
        yield f"http://127.0.0.1:{port}", receiver


def _await_ready(receiver: Started, pipe: int, timeout_s: float) -> None:
    text = b""
    end = time.monotonic() + timeout_s
    while (left_s := end - time.monotonic()) > 0 and select.select([pipe], [], [], left_s)[0]:
        part = os.read(pipe, 65536)
        text += part
        if not part:
            break
    else:
        raise KitError(
            Text("error-receiver.app-not-ready", timeout_s=timeout_s),
            where=receiver.shown,
            remedy=Text("error-receiver.app-wait-longer", last_lines=receiver.last_lines()),
            exit_code=3,
        )
    try:
        said = json.loads(text)
    except ValueError:
        patience = time.monotonic() + 2  # it has closed the pipe and is about to exit
        while not receiver.ended() and time.monotonic() < patience:
            time.sleep(0.02)
        raise KitError(
            Text("error-receiver.app-ended", ended=receiver.ended() or Text("error-receiver.went-away")),
            where=receiver.shown,
            remedy=Text("error-receiver.last-lines", last_lines=receiver.last_lines()),
            exit_code=3,
        ) from None
    if "ready" not in said:
        remedy = lines(text_of(each) for each in said["remedy"]) if said["remedy"] else ""
        raise KitError(text_of(said["what"]), where=receiver.shown, remedy=remedy)
