"""Noise test: judges receivers live under conditions that are not the receiver's mistake, or whose cause is known.

    python -m callback_contract.contract_tests.meta.scripts.noise [CONDITION ...] [--runs 10] [--depth standard]

Each run is a `check` of its own against a receiver of its own. One line of each run says what deviates from what the
condition has to come to: clean, or one rule that is broken and no other. The reports of the runs that deviate are kept
in ``--keep``. The exit code is 1 when any deviates.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from callback_contract.contract_tests.meta.scripts import noisy_receivers as noise
from callback_contract.contract_tests.meta.scripts.noisy_receivers import Kept
from callback_contract.contract_tests.receivers import CALLBACK_PATH, READ_BACK_PATH

_ROOT = Path(__file__).parents[2]
_LONGEST_S = 900
_SPOILED = ("fail", "flaky", "error")

Around = Callable[[Kept], AbstractContextManager[object]]


@contextlib.contextmanager
def quiet(_: Kept) -> Iterator[None]:
    """Nothing else happens."""
    yield


@dataclass(frozen=True)
class Condition:
    """What a receiver is judged under, and what has to come of it.

    Attributes:
        around: What happens beside the run; where it yields a port, deliveries go there.
        is_behind: Whether deliveries go to the port that `around` yields.
        receiver: The condition of the receiver's own server; the correct FastAPI receiver where there is none.
        broken: Rules of which one has to be broken, alone, a SHOULD by a warning; none where it has to be clean.
        said: What the output has to say.
        options: Further options of `check`.
    """

    around: Around = quiet
    is_behind: bool = False
    receiver: str = ""
    broken: frozenset[str] = frozenset()
    said: str = ""
    options: tuple[str, ...] = ()


def relayed(**given: float) -> Around:
    return lambda receiver: noise.relay(receiver.port, **given)


_FEW = ("--depth", "quick", "--rules", "ACK,FWD-01,PAY-01,STA-01,LIVE")
_WITHOUT_STORIES = ("--rules", "ACK,DAT,FWD,LIVE")
_AT_ITS_PACE = "takes .* a second"

CONDITIONS = {
    "none": Condition(),
    "stops": Condition(noise.stops),
    "restart": Condition(noise.restart),
    "resets": Condition(relayed(resets=0.01), is_behind=True),
    "jitter": Condition(relayed(jitter_s=0.05), is_behind=True),
    "load": Condition(lambda _: noise.load()),
    "chance": Condition(receiver="chance:0.02", broken=frozenset({"LIVE-02"})),
    "limited-1": Condition(receiver="limited:1", options=_FEW, said=_AT_ITS_PACE),
    "limited-3": Condition(receiver="limited:3", options=_FEW, said=_AT_ITS_PACE),
    "limited-5": Condition(receiver="limited:5", options=_FEW, said=_AT_ITS_PACE),
    "late": Condition(receiver="late:6", broken=frozenset({"ACK-05"}), options=_WITHOUT_STORIES),
    "slow": Condition(receiver="late:4", options=_WITHOUT_STORIES),
    "nginx": Condition(noise.limiting_nginx, is_behind=True, broken=frozenset({"LOD-01"})),
    "hangs": Condition(receiver="hangs:200", broken=frozenset({"LIVE-01"}), options=("--timeout", "5")),
    # Where the machine is too busy for its return within five seconds, it is LIVE-01 that names the suspects.
    "dies": Condition(noise.supervised, receiver="dies:2", broken=frozenset({"FWD-04", "LIVE-01"})),
    "restart-behind": Condition(noise.restart_behind_nginx, is_behind=True),
    "dies-once": Condition(noise.supervised, receiver="dies-once:200", said="it answered nothing for a while, once"),
}


def run(condition: Condition, depth: str, folder: Path, seed: int) -> list[str]:
    """Run a check; return what deviates from what the condition has to come to."""
    file = "meta/mistakes/conditioned_receiver.py" if condition.receiver else "receivers/fastapi_receiver.py"
    command = [sys.executable, str(_ROOT / file)]
    receiver = Kept(command, folder, {"CONDITION": condition.receiver})
    try:
        with condition.around(receiver) as place:
            port = place if condition.is_behind else receiver.port
            base = f"http://127.0.0.1:{port}"
            options = ["--state-url", base + READ_BACK_PATH, "--depth", depth, "--seed", str(seed)]
            kit = [sys.executable, "-m", "callback_contract.contract_tests", "check", base + CALLBACK_PATH, *options]
            with (folder / "output").open("wb") as output:
                done = subprocess.run(
                    [*kit, "--report-dir", str(folder / "report"), *condition.options],
                    stdout=output,
                    stderr=output,
                    timeout=_LONGEST_S,
                    check=False,
                )
    except subprocess.TimeoutExpired:
        return [f"no end in {_LONGEST_S} s"]
    finally:
        receiver.kill()
    found = deviations(condition, done.returncode, folder / "report" / "report.json")
    output = " ".join((folder / "output").read_text("utf-8").split())
    return found + [f"does not say {condition.said!r}"] * (re.search(condition.said, output) is None)


def deviations(condition: Condition, code: int, report: Path) -> list[str]:
    """Return what is wrong with the exit code and the verdicts of a run."""
    if not report.exists():
        return [f"exit code {code}", "no report"]
    rules = json.loads(report.read_text("utf-8"))["rules"]
    verdicts = {rule["id"]: rule["verdict"] for rule in rules if rule["verdict"] in {*_SPOILED, "warn"}}
    broken = condition.broken & set(verdicts)
    expected = int(any(verdicts[rule_id] in _SPOILED for rule_id in broken))
    found = [f"exit code {code}"] * (code != expected)
    spoiled = {rule_id: verdict for rule_id, verdict in verdicts.items() if verdict in _SPOILED}
    found += [f"{rule_id} {verdict}" for rule_id, verdict in spoiled.items() if rule_id not in broken]
    if condition.broken and not broken:
        found.append(f"{' or '.join(sorted(condition.broken))} not broken")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conditions", nargs="*", metavar="CONDITION", help=f"of {', '.join(CONDITIONS)}; all without")
    parser.add_argument("--runs", type=int, default=10, help="of each")
    parser.add_argument("--depth", choices=["quick", "standard", "thorough"], default="standard")
    parser.add_argument("--seed", type=int, default=0, help="of the first run; the next one has the next")
    parser.add_argument("--keep", type=Path, help="folder for what deviates [a new one]")
    options = parser.parse_args()
    if unknown := set(options.conditions) - set(CONDITIONS):
        parser.error(f"no condition is called {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that every process is ended
    bad = 0
    keep = options.keep or Path(tempfile.mkdtemp(prefix="noise-"))
    for name in options.conditions or CONDITIONS:
        clean = 0
        for number in range(options.runs):
            seed = options.seed + number
            random.seed(f"{name} {seed}")
            begun = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="noise-") as folder:
                found = run(CONDITIONS[name], options.depth, Path(folder), seed)
                if found:
                    shutil.copytree(folder, keep / f"{name}-{seed}", dirs_exist_ok=True)
            clean += not found
            print(f"{name} {seed}: {', '.join(found) or 'as expected'}, {time.monotonic() - begun:.0f} s", flush=True)
        bad += options.runs - clean
        print(f"{name}: {clean} of {options.runs} as expected", flush=True)
    print(f"{bad} deviated; their reports are in {keep}" if bad else "none deviated", flush=True)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
