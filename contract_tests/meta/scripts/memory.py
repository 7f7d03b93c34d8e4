"""Memory measurement: prints the mock's memory and disk use under very many deliveries.

    python -m callback_contract.contract_tests.meta.scripts.memory [--deliveries 1000000]

It needs wrk and Linux; it asserts nothing.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

from callback_contract.contract_tests.meta.scripts.benchmark import driven, serving

_SHARES = (0.1, 0.25, 0.5, 1.0)
_MESSAGES = 16**6  # each delivery has its own message


def watch(kind: str, deliveries: int) -> None:
    """Print a line at each share of the deliveries."""
    with tempfile.TemporaryDirectory() as folder, serving(kind, {"TMPDIR": folder}) as (url, pid):
        came = 0
        say(kind, came, pid, folder)
        for share in _SHARES:
            while came < share * deliveries:
                count, _ = driven(url, 1, came, _MESSAGES)
                came += count
            say(kind, came, pid, folder)


def say(kind: str, came: int, pid: int, folder: str) -> None:
    status = Path(f"/proc/{pid}/status").read_text()
    memory = {name: int(kilobytes) // 1024 for name, kilobytes in re.findall(r"(VmRSS|VmHWM):\s+(\d+)", status)}
    stored = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) >> 20
    print(
        f"{kind:10}{came:10}  VmRSS {memory['VmRSS']:4} MB  VmHWM {memory['VmHWM']:4} MB  store {stored:4} MB",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        print("wrk is not installed")
        return 3
    for kind in ("mock", "recording", "storing"):
        watch(kind, options.deliveries)
    return 0


if __name__ == "__main__":
    sys.exit(main())
