"""Cost of the proxy: added latency, CPU for each delivery, and throughput, before correct receivers under load.

    python -m callback_contract.contract_tests.meta.scripts.proxy_cost [--seconds 5] [RECEIVER…]

It needs wrk and Linux; it asserts nothing. One core fewer than senders, proxy, recorder and receiver take together
makes the throughput with the proxy look lower than it is, so the number of cores is printed.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from callback_contract.contract_tests.meta.scripts.benchmark import driven
from callback_contract.contract_tests.meta.support.processes import running
from callback_contract.contract_tests.receivers import CALLBACK_PATH, RECEIVERS
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.contract.loading import load_contract

_TICKS = os.sysconf("SC_CLK_TCK")
_TURNS = 2000
_CODE = "from callback_contract.contract_tests.cli.main import run_command as run; raise SystemExit(run())"


@contextmanager
def proxied(url: str, folder: str):
    command = [
        sys.executable,
        "-c",
        _CODE,
        "proxy",
        "--to",
        url,
        "--listen",
        "127.0.0.1:0",
        "--store",
        f"{folder}/s.db",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())[1]
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        print("     ", process.communicate(timeout=60)[0].splitlines()[-1])


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def listening(url: str) -> int:
    """The process that listens at a URL."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(handle) == f"socket:[{inode}]" for handle in (folder / "fd").iterdir()):
                return int(folder.name)
        except OSError:
            continue
    raise LookupError(url)


def latencies_ms(urls: list[str]) -> list[float]:
    """Medians of one delivery at a time; the URLs take turns, so that each sees the same machine."""
    content = load_contract().default_callbacks[0]
    composer, run = Composer(content), Run.fresh()
    value, took = content.delivered_examples[0].value, [[] for _ in urls]
    connections = [http.client.HTTPConnection(url.split("/")[2]) for url in urls]
    for turn in range(_TURNS):
        for each, connection in zip(took, connections, strict=True):
            delivery = composer.delivery(value, Identity(run, turn + 1))
            begun = time.perf_counter()
            connection.request("POST", CALLBACK_PATH, delivery.body, dict(delivery.headers))
            connection.getresponse().read()
            each.append((time.perf_counter() - begun) * 1000)
    return [statistics.median(each) for each in took]


def measure(name: str, seconds: int) -> None:
    receiver = next(each for each in RECEIVERS if each.name == name)
    with tempfile.TemporaryDirectory() as folder, running(receiver, {"STORE": ":memory:"}) as (url, _):
        base = url.removesuffix(CALLBACK_PATH)
        with proxied(base, folder) as (front, pid):
            direct_ms, through_ms = latencies_ms([base, front])
            there, processes = listening(base), [pid, *children(pid)]
            rates = []
            for target in (base, front):
                before = [cpu_s(each) for each in (there, *processes)]
                count, took_s = driven(target + CALLBACK_PATH, seconds)
                time.sleep(1)  # the recorder takes what waits
                used = [1e6 * (cpu_s(e) - b) / count for e, b in zip((there, *processes), before, strict=True)]
                rates.append((count / took_s, used))
        (direct, _), (through, used) = rates
        print(f"{name}: median {direct_ms:.2f} ms without, {through_ms:.2f} ms with: {through_ms - direct_ms:+.2f} ms")
        print(f"      CPU for a delivery in µs: receiver {used[0]:.0f}, proxy {used[1]:.0f}, recorder {used[2]:.0f}")
        print(f"      proxy and recorder / receiver: {sum(used[1:]) / used[0]:.2f}")
        print(
            f"      deliveries a second: {direct:.0f} without, {through:.0f} with: {through / direct:.2f}", flush=True
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("receivers", nargs="*", default=["fastapi", "aiohttp", "flask"])
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores")
    for name in options.receivers:
        measure(name, options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
