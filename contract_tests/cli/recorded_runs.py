"""Decides which runs of the program the documentation shows, and records what they really print.

    python -m callback_contract.contract_tests.cli.recorded_runs

writes recorded-runs.json. Run it again when what the program prints has changed; a test tells when it has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["RECORDED", "ran", "record"]

RECORDED = Path(__file__).with_name("recorded-runs.json")
_PORT = 8097
_URL = f"http://127.0.0.1:{_PORT}/callbacks"
_PROGRAM = "callback-contract"
_WRONG = f"{_PROGRAM} mock --port {_PORT} --fault PAY-17"

_RUNS = {
    # what it shows (a key of the site's words): the command line
    "mock": f"{_PROGRAM} check --rules ACK,ORD",
    "plan": f"{_PROGRAM} check {_URL} --rules FWD,WIRE --dry-run",
    "finding": f"{_PROGRAM} check {_URL} --rules PAY-17",
    "explain": f"{_PROGRAM} rules ACK-05",
}


def ran(command: str) -> tuple[int, str]:
    """Runs a command line of the program with this interpreter, as wide as the documentation; exit code and output."""
    done = subprocess.run(  # noqa: S603  # the command lines above
        [sys.executable, "-m", "callback_contract.contract_tests", *command.split()[1:]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "104", "NO_COLOR": "1"},
        timeout=300,
    )
    lines = (done.stdout + done.stderr).strip("\n").splitlines()
    return done.returncode, "\n".join(line.rstrip() for line in lines)  # columns end in spaces


def record() -> list[dict[str, object]]:
    """Runs everything that is shown; one receiver that is wrong on purpose is up meanwhile."""
    with _wrong_receiver():
        results = [(what, command, *ran(command)) for what, command in _RUNS.items()]
    return [
        {"what": what, "command": command, "exit_code": code, "output": output}
        for what, command, code, output in results
    ]


@contextmanager
def _wrong_receiver() -> Iterator[None]:
    receiver = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "callback_contract.contract_tests", *_WRONG.split()[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{_URL}/", timeout=1).close()  # noqa: S310  # loopback
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        receiver.terminate()
        receiver.wait(10)


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(record(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
