"""Maker of recorded-runs.json: runs of the program that the documentation shows, with what they really print."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from callback_contract.contract_tests.meta.generating.made import ROOT, Made

RECORDED = ROOT / "contract_tests/cli/recorded-runs.json"
_PORT = 8097
_URL = f"http://127.0.0.1:{_PORT}/callbacks"
_PROGRAM = "callback-contract"
_WRONG = f"{_PROGRAM} mock --port {_PORT} --fault PAY-17"

RUNS = {
    # what it shows (a key of the site's words): the command line
    "mock": f"{_PROGRAM} check --rules ACK,ORD --verbose",
    "plan": f"{_PROGRAM} check {_URL} --rules FWD,WIRE --dry-run",
    "finding": f"{_PROGRAM} check {_URL} --rules PAY-17",
    "explain": f"{_PROGRAM} rules ACK-05",
}


_VARYING = (
    r"(?<=127\.0\.0\.1:)\d+",
    r"\b\d+(\.\d+)? m?s\b",
    r"(?<=\brun )[0-9a-f]{8}",
    r"(?<=\"timestamp\":)\d+",
    r"\d{4}-\d\d-\d\dT[\d:]+Z",
)


def ran(command: str) -> tuple[int, str]:
    """Runs a command line of the program with this interpreter, as wide as the documentation; exit code and output."""
    done = subprocess.run(  # the command lines above
        [sys.executable, "-m", "callback_contract.contract_tests", *command.split()[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "104", "NO_COLOR": "1"},
        timeout=300,
    )
    lines = (done.stdout + done.stderr).strip("\n").splitlines()
    return done.returncode, "\n".join(line.rstrip() for line in lines)  # columns end in spaces


def made() -> Made:
    """Records the runs anew; one that differs in what every run differs in stays as it is."""
    before = {run["what"]: run for run in kept()}
    runs = [same if (same := before.get(run["what"])) and alike(same, run) else run for run in record()]
    return Made({RECORDED: json.dumps(runs, indent=2, ensure_ascii=False) + "\n"})


def kept() -> list[dict[str, Any]]:
    """The runs as they are recorded."""
    runs: list[dict[str, Any]] = json.loads(RECORDED.read_text("utf-8"))
    return runs


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two recordings of a run say the same, up to its time, its port and its identity."""
    return {**one, "output": _masked(one["output"])} == {**other, "output": _masked(other["output"])}


def _masked(output: str) -> str:
    return re.sub("|".join(_VARYING), "…", output)


def record() -> list[dict[str, Any]]:
    """Runs everything that is shown; one receiver that is wrong on purpose is up meanwhile."""
    with _wrong_receiver():
        results = [(what, command, *ran(command)) for what, command in RUNS.items()]
    return [
        {"what": what, "command": command, "exit_code": code, "output": output}
        for what, command, code, output in results
    ]


@contextmanager
def _wrong_receiver() -> Iterator[None]:
    receiver = subprocess.Popen(
        [sys.executable, "-m", "callback_contract.contract_tests", *_WRONG.split()[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{_URL}/", timeout=1).close()  # loopback
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        receiver.terminate()
        receiver.wait(10)
