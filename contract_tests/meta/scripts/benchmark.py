"""Benchmark: compares the kit with Schemathesis, and the mock with a bare server.

    python -m callback_contract.contract_tests.meta.scripts.benchmark [--receiver flask] [--repeat 1]

Everything is on loopback, in
processes of its own. It asserts nothing: machines differ, so it prints ratios of one run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.meta.contract_tests.receivers.test_mistakes import (
    HANGING,
    MISTAKES,
    SUBJECTS,
    UNSEEN,
)
from callback_contract.contract_tests.meta.support.processes import missing_means, running
from callback_contract.contract_tests.receivers import CALLBACK_PATH, RECEIVERS
from callback_contract.openapi.contract.derivation import lifted
from callback_contract.openapi.contract.loading import load_contract

_HERE = Path(sys.executable).parent
_SECONDS, _CONNECTIONS, _ROUNDS = 4, 16, 3
_REST_S, _MOST_RESTS, _IDLE_TICKS = 0.3, 30, 3  # hundredths of a second of a processor
_CONTROLS, _HELD_OUT = 5, 3
_LIMIT_S = 120  # a run that takes longer is ended, and has found nothing


@dataclass(frozen=True)
class Run:
    """The cost and the findings of one run of one tool.

    Attributes:
        said: The reported failures, each under a stable name.
        ended: Whether it ended by itself.
    """

    seconds: float
    deliveries: int
    rules: int
    said: frozenset[str]
    ended: bool = True


Tool = Callable[[str, Path], Run]


def tools() -> dict[str, Tool]:
    """Return each row of the first table: its name, and a function that runs it."""
    ours: dict[str, Tool] = {
        f"callback-contract check --depth {depth}": lambda url, folder, depth=depth: _check(url, folder, depth)
        for depth in DEPTHS
    }
    # The contract documents only the response to valid deliveries. To Schemathesis each rejection is an undocumented
    # status, and it stops at the first one; the second row is its result without that.
    return ours | {
        "schemathesis run": lambda url, folder: _schemathesis(url, folder, refusals=False),
        "… refusals documented, --continue-on-failure": lambda url, folder: _schemathesis(
            url, folder, "--continue-on-failure", refusals=True
        ),
    }


def _check(url: str, folder: Path, depth: str) -> Run:
    begun = time.perf_counter()
    _run("callback-contract", "check", url, "--depth", depth, "--report-dir", str(folder))
    seconds = time.perf_counter() - begun
    report = json.loads((folder / "report.json").read_text())
    judged = [rule for rule in report["rules"] if rule["verdict"] != "not applicable"]
    said = frozenset(rule["id"] for rule in judged if rule["verdict"] != "pass")
    return Run(seconds, report["run"]["deliveries"], len(judged), said)


def _schemathesis(url: str, folder: Path, *more: str, refusals: bool) -> Run:
    report = folder / "schemathesis.json"
    document = folder / "lifted.json"
    document.write_text(json.dumps(_lifted(url, refusals=refusals)))
    begun = time.perf_counter()
    text = _run(
        "schemathesis",
        "run",
        str(document),
        "--url",
        url.removesuffix(CALLBACK_PATH),
        "--seed",
        "0",
        "--no-color",
        "--report",
        "json",
        "--report-json-path",
        str(report),
        *more,
    )
    seconds = time.perf_counter() - begun
    generated = json.loads(report.read_text())["test_cases"]["generated"]
    if not generated:  # a tool that sent nothing has not missed anything
        raise RuntimeError(f"schemathesis tested nothing: {text}")
    return Run(seconds, generated, 0, frozenset(_failures(text)))


def _lifted(url: str, *, refusals: bool) -> dict[str, object]:
    document = lifted(load_contract().document)
    item = next(iter(document["paths"].values()))  # the first callback is the one that is compared
    if refusals:
        item = {"post": {**item["post"], "responses": {**item["post"]["responses"], "4XX": {"description": "refused"}}}}
    server = url.removesuffix(CALLBACK_PATH)
    return {**document, "servers": [{"url": server}], "paths": {CALLBACK_PATH: item}}


def _failures(text: str) -> Iterator[str]:
    """Yield each failure by its code and status.

    This is finer than the codes alone, which favours Schemathesis.
    """
    for case in re.split(r"^\d+\. Test Case ID", text, flags=re.MULTILINE)[1:]:
        status = re.search(r"^\[(\d{3})\]", case, re.MULTILINE)
        for code in re.findall(r"^- (ST\d+)", case, re.MULTILINE):
            yield f"{code} {status[1] if status else 'no answer'}"


def _run(program: str, *arguments: str) -> str:
    beside = _HERE / program  # an interpreter of a virtual environment need not have it on the PATH
    command = [str(beside) if beside.exists() else program, *arguments]
    # As on a user's machine: pip compiles what it installs, and a checkout would be compiled at every start without it.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S, env=env)
    if done.returncode not in {0, 1}:  # 1 is a verdict on the receiver; the rest are failures of the run
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def compare_tools(name: str, repeat: int, console: Console) -> None:
    """Print the first table."""
    receiver = next(r for r in RECEIVERS if r.name == name)
    planted = _planted(name)
    table = Table(title=f"The correct receiver {receiver.framework}; {len(planted)} mistakes planted in another one")
    for heading in (
        "tool",
        "s",
        "deliveries",
        "deliveries/s",
        "rules/s",
        "fails the correct one",
        "found",
        "false finds",
        "found/s",
    ):
        table.add_column(heading, justify="left" if heading == "tool" else "right")
    runs: dict[str, list[Run]] = {tool: [] for tool in tools()}
    with running(receiver) as (url, _):
        for _ in range(repeat):  # in turn: a machine that is slower for a while is so for all of them
            for tool, run in tools().items():
                runs[tool].append(_afresh(run, url))
    hunts = _hunt(name, planted, console) if planted else {}
    for tool, several in runs.items():
        seconds = statistics.median(run.seconds for run in several)
        one, hunt = several[-1], hunts.get(tool, Hunt())
        found = sum(map(bool, hunt.new.values()))
        table.add_row(
            tool,
            f"{seconds:.1f}",
            str(one.deliveries),
            f"{one.deliveries / seconds:.0f}",
            f"{one.rules / seconds:.0f}" if one.rules else "–",
            ", ".join(sorted(one.said | hunt.usual)) or "no",
            f"{found} of {len(planted)}" if planted else "–",
            f"{hunt.false} of {_HELD_OUT}" if planted else "–",
            f"{found / hunt.seconds:.2f}" if planted else "–",
        )
    console.print(table)
    console.print(
        f"Found: the tool reports a failure that it reports in none of {_CONTROLS} runs without a mistake. False finds:"
        f" {_HELD_OUT} more runs without one, counted alike. Schemathesis also fails correct receivers, since it takes"
        " tolerance and refusals for mistakes. Left out, since they leave deliveries unanswered: "
        + ", ".join(sorted(HANGING))
        + "."
    )
    for tool, hunt in hunts.items():
        console.print(f"{tool}:", style="bold")
        for mistake, new in hunt.new.items():
            unfound = f"no end in {_LIMIT_S} s" if mistake in hunt.endless else "not found"
            console.print(f"  {mistake:20} {', '.join(sorted(new)) or unfound}")


def _afresh(run: Tool, url: str) -> Run:
    """Run a tool with its own folder, so that no report of an earlier run is read."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return run(url, Path(folder))
        except subprocess.TimeoutExpired as limit:
            return Run(limit.timeout, 0, 0, frozenset(), ended=False)


def _planted(name: str) -> list[str]:
    unseen = [mistake for framework, mistake in UNSEEN if framework == name]
    return [mistake for mistake in (*MISTAKES.get(name, ()), *unseen) if mistake not in HANGING]


@dataclass
class Hunt:
    """A tool's findings on the receiver with mistakes.

    Attributes:
        usual: The findings on the receiver without a mistake, in any of several runs.
        false: Further runs without a mistake that would have counted as finding one.
        new: By mistake, the findings beyond the usual ones; empty for a missed mistake.
        endless: Mistakes with which it did not end.
        seconds: The time of its runs with mistakes.
    """

    usual: frozenset[str] = frozenset()
    false: int = 0
    new: dict[str, frozenset[str]] = field(default_factory=dict)
    endless: list[str] = field(default_factory=list)
    seconds: float = 0.0


def _hunt(name: str, planted: list[str], console: Console) -> dict[str, Hunt]:
    hunts = {tool: Hunt() for tool in tools()}

    def said(tool: str, mistake: str) -> Run:
        # Each has its own process: a mistake may have killed or locked it.
        with running(SUBJECTS[name], {"MISTAKE": mistake}) as (url, _):
            return _afresh(tools()[tool], url)

    # One run is no baseline: Schemathesis' findings on one receiver differ from run to run, whatever the seed, and each
    # failure that the baseline happens to lack would count as a detected mistake.
    for tool, hunt in hunts.items():
        console.print(f"  no mistake: {tool} …", style="dim")
        hunt.usual = frozenset().union(*(said(tool, "").said for _ in range(_CONTROLS)))
        hunt.false = sum(bool(said(tool, "").said - hunt.usual) for _ in range(_HELD_OUT))
    for mistake in planted:
        console.print(f"  {mistake} …", style="dim")
        for tool, hunt in hunts.items():
            run = said(tool, mistake)
            hunt.new[mistake] = run.said - hunt.usual
            hunt.endless += [] if run.ended else [mistake]
            hunt.seconds += run.seconds
    return hunts


# --- the mock beside a bare server ---------------------------------------------------------------------------------


SERVERS = {
    "bare": "uvicorn with httptools and uvloop, reads the body and answers 200 {}",
    "wire": "the same below the mock's own protocol class",
    "asgi": "the mock, all of it through ASGI, as a delivery goes that is not plain",
    "mock": "the mock, which decodes, validates and stores",
    "recording": "the mock recording in memory",
    "storing": "the mock with --store: each answer waits until its delivery is on the disk",
}


def serve(kind: str) -> None:
    """Serve until it is killed; prints its port."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from callback_contract.mock_server.receiver.receiver import Receiver
    from callback_contract.mock_server.server import serving
    from callback_contract.mock_server.server.protocol import WireProtocol

    sock = serving.bound_socket("127.0.0.1", 0)
    print(sock.getsockname()[1], flush=True)
    if kind in {"bare", "wire"}:
        serving.asgi_app = lambda _: _bare
    if kind in {"recording", "storing"}:
        serve_recording(kind, sock)
        return
    if kind != "mock":
        serving.protocol_for = lambda _: HttpToolsProtocol if kind == "bare" else WireProtocol
    serving.serve(Receiver(load_contract()), sock)


def serve_recording(kind: str, sock: socket.socket) -> None:
    """Serve the mock with a recorder, as `mock_command.py` does."""
    from callback_contract.mock_server.receiver.receiver import Receiver
    from callback_contract.mock_server.server import serving
    from callback_contract.mock_server.store.recorder import Recorder

    contract = load_contract()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store.db" if kind == "storing" else None
        with Recorder(contract, store) as recorder:
            serving.serve(Receiver(contract, on_exchange=recorder.observe, keeper=recorder.keeper), sock)


async def _bare(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def _rest(pid: int) -> None:
    """Wait until a server is idle.

    Work that a recorder postpones must not slow the next server.
    """
    stat, before = Path(f"/proc/{pid}/stat"), -_IDLE_TICKS
    for _ in range(_MOST_RESTS):
        time.sleep(_REST_S)
        if not stat.exists():
            continue
        ticks = sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13]))
        if ticks - before < _IDLE_TICKS:
            return
        before = ticks


@contextlib.contextmanager
def serving(kind: str, environment: Mapping[str, str] | None = None) -> Iterator[tuple[str, int]]:
    """Start one of the servers; gives its URL and its process id."""
    command = [sys.executable, "-m", "callback_contract.contract_tests.meta.scripts.benchmark", "--serve", kind]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        time.sleep(1)
        yield f"http://127.0.0.1:{port}{CALLBACK_PATH}", process.pid
    finally:
        process.kill()
        process.wait()


def compare_servers(console: Console) -> None:
    """Print the second table."""
    wrk = shutil.which("wrk")
    drive = _by_wrk if wrk else _by_sender
    driver = f"wrk, {_CONNECTIONS} connections" if wrk else f"the kit's own sender, {_CONNECTIONS} threads (no wrk)"
    rates: dict[str, list[float]] = {kind: [] for kind in SERVERS}
    with contextlib.ExitStack() as stack:
        urls = {kind: stack.enter_context(serving(kind)) for kind in SERVERS}
        for url, _ in urls.values():
            drive(url, 1)  # warms up: compiles validators, fills caches
        for _ in range(_ROUNDS):
            for kind, (url, pid) in urls.items():
                rates[kind].append(drive(url, _SECONDS))
                _rest(pid)
    medians = {kind: statistics.median(several) for kind, several in rates.items()}
    table = Table(title=f"Valid deliveries a second, by {driver}, {_SECONDS} s; median of {_ROUNDS} alternating runs")
    for heading in ("server", "requests/s", "of bare", "runs"):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    for kind, what in SERVERS.items():
        table.add_row(
            what,
            f"{medians[kind]:.0f}",
            f"{medians[kind] / medians['bare']:.2f}",
            " ".join(f"{rate:.0f}" for rate in rates[kind]),
        )
    console.print(table)


def _delivery():
    from callback_contract.contract_tests.generation.corpus import Scope
    from callback_contract.contract_tests.model.cases import Case
    from callback_contract.mock_server.wire.identity import Identity, Run

    callback = load_contract().callbacks[0]
    scope = Scope(callback, DEPTHS["quick"], 0)
    return Case(callback, "plain", scope.plain).delivery(Identity(Run.fresh(), 1))


_LUA = """
local body = {body}
local id = {id}
local from, to = string.find(body, id, 1, true)
local head, tail, n = string.sub(body, 1, from - 1), string.sub(body, to + 1), {first}
request = function()
  n = (n + 1) % {messages}
  local fresh = string.sub(id, 1, #id - 6) .. string.format("%06x", n)
  return wrk.format("POST", nil, {headers}, head .. fresh .. tail)
end
done = function(summary)
  io.write(string.format("counted %d %d %d\\n", summary.requests, summary.duration, summary.errors.status))
end
"""


def _by_wrk(url: str, seconds: int) -> float:
    count, took_s = driven(url, seconds)
    return count / took_s


def driven(url: str, seconds: int, first: int = 0, messages: int = 5000) -> tuple[int, float]:
    """Send with wrk; return the number of acknowledged deliveries and the seconds.

    Args:
        first: The number of the first message.
        messages: The number of messages, sent in turn.
    """
    delivery = _delivery()
    body = delivery.body.decode()
    identity = next(name for name in delivery.ids if name in body)
    pairs = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in delivery.headers)
    script = _LUA.replace("{body}", f"[==[{body}]==]").replace("{id}", json.dumps(identity))
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        script = script.replace("{first}", str(first)).replace("{messages}", str(messages))
        file.write(script.replace("{headers}", "{" + pairs + "}"))
        file.flush()
        text = _run("wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "-s", file.name, url)
    counted = re.search(r"counted (\d+) (\d+) (\d+)", text)
    if counted is None or int(counted[3]):
        raise RuntimeError(f"wrk was not answered as it should be: {text}")
    return int(counted[1]), int(counted[2]) / 1e6


def _by_sender(url: str, seconds: int) -> float:
    from callback_contract.mock_server.client.sender import Access, Pace, Sender

    sender, end, sent = Sender(Access(url), Pace()), time.monotonic() + seconds, []
    delivery = replace(_delivery())

    def work() -> None:
        while time.monotonic() < end:
            sent.append(sender.send(delivery).status)

    begun = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sender.close()
    if set(sent) != {200}:
        raise RuntimeError(f"statuses other than 200: {set(sent)}")
    return len(sent) / (time.monotonic() - begun)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receiver", default="flask", choices=[r.name for r in RECEIVERS])
    parser.add_argument("--repeat", type=int, default=1, help="runs of each tool against the correct receiver")
    parser.add_argument("--only", choices=["tools", "servers"], help="one of the two tables")
    parser.add_argument("--serve", choices=[*SERVERS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return 0
    console = Console()
    lacking = missing_means(next(r for r in RECEIVERS if r.name == options.receiver))
    if lacking:
        console.print(f"{options.receiver} cannot be started: {lacking}")
        return 3
    try:
        if options.only != "tools":
            compare_servers(console)
        if options.only != "servers":
            compare_tools(options.receiver, options.repeat, console)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
