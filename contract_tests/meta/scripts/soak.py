"""Soak test: judges correct receivers and all faults under many seeds.

    python -m callback_contract.contract_tests.meta.scripts.soak [--seeds 10] [--depth standard] [--faults]

`--faults` or `--receivers` names what is run; it does both when neither is named, and with ``--receiver NAME`` that
one alone. ``--alone`` judges a fault by its own rule and what that requires: in a fraction of the time it shows
whether each is caught under every seed. The exit code is 1 when anything deviates, 130 when it was interrupted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, kill_matrix, tools
from callback_contract.contract_tests.kill_matrix.setups import RIGHT
from callback_contract.contract_tests.meta.support.processes import missing_means, running
from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.contract_tests.receivers import RECEIVERS, Receiver
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.contract_tests.runner.scheduling.concurrency_limit import most_at_once
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.target.read_back import HttpReadBack, known_states
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS

_SPOILED = {Verdict.FAIL, Verdict.FLAKY, Verdict.ERROR}
_MOST_S = 1800  # for one receiver under one seed: a hanging one ends, and counts as a deviation


def deviations(
    receiver: Receiver, url: str, state_url: str, depth: str, seed: int, ca: str | None = None
) -> Iterator[str]:
    """Yield the wrong verdicts on a correct receiver, and the missing ones."""
    contract, catalogue, tests = tools()
    sender = Sender(Access(url, ca=ca), Pace.towards(url, until=time.monotonic() + _MOST_S))
    config = RunConfig(
        contract,
        catalogue,
        catalogue.rules,
        contract.default_callbacks,
        sender,
        DEPTHS[depth],
        seed,
        read_back=HttpReadBack(state_url, Access(state_url, ca=ca), states=known_states(contract)),
        most_at_once=most_at_once(sender.pace, None),
    )
    run = RunContext.of(config)
    try:
        results = judge_all(run, tests).values()
    except Exception as error:  # the run stopped: it is not a verdict on the receiver, and not clean either
        yield f"{type(error).__name__}: {error}"
        return
    finally:
        run.close()
    # A burst that is too slow on one try and not on the next is a warning that is allowed.
    certain = [r for r in results if r.verdict is Verdict.FAIL or r.rule.id not in receiver.possible_warnings]
    yield from (f"{result.rule.id} {result.verdict.value}" for result in certain if result.verdict in _SPOILED)
    warned = {result.rule.id for result in certain if result.verdict is Verdict.WARN}
    expected = set(receiver.expected_warnings)
    yield from (f"{rule_id} {'warn' if rule_id in warned else 'no warning'}" for rule_id in sorted(warned ^ expected))


def soak_receivers(depth: str, seeds: int, only: list[str]) -> tuple[int, int]:
    """Print one line per receiver; gives the runs and those that deviated."""
    runs = bad = 0
    for receiver in RECEIVERS:
        if only and receiver.name not in only:
            continue
        lacking = missing_means(receiver)
        if lacking:
            say(f"{receiver.name:12} skipped: {lacking}")
            continue
        said: Counter[str] = Counter()
        clean, begun = 0, time.monotonic()
        try:
            # One process for all seeds, as with a partner: the next run meets the remains of the previous one.
            with tempfile.TemporaryDirectory() as folder, running(receiver, {"CA": f"{folder}/ca.pem"}) as place:
                ca = f"{folder}/ca.pem" if receiver.tls else None
                for seed in range(seeds):
                    found = list(deviations(receiver, *place, depth, seed, ca))
                    clean += not found
                    said.update(found)
        except RuntimeError as error:  # it did not start
            said[str(error)] += 1
        runs, bad = runs + seeds, bad + seeds - clean
        say(f"{receiver.name:12} clean {clean} of {seeds}, {time.monotonic() - begun:.0f} s{told(said)}")
    return runs, bad


def soak_faults(depth: str, seeds: int, *, alone: bool) -> tuple[int, int]:
    """Print one line per fault; gives the runs and those that deviated."""
    exact: Counter[str] = Counter()
    said: dict[str, Counter[str]] = {fault: Counter() for fault in (*RIGHT, *FAULTS)}
    for seed in range(seeds):
        for row in kill_matrix(said, depth=depth, seed=seed, alone=alone):
            exact[row.fault] += row.exact
            if not row.exact:
                others = [f"{rule_id} {verdict}" for rule_id, verdict in row.broken.items() if rule_id != row.fault]
                missed = [] if row.fault in {*RIGHT, *row.broken} else ["not caught"]
                said[row.fault].update([*missed, *others, *(f"{key} {why}" for key, why in row.other.items())])
        say(f"seed {seed}: {sum(exact.values())} of {(seed + 1) * len(said)} runs exact so far")
    for fault, counts in said.items():
        say(f"{fault or 'no fault':12} exact {exact[fault]} of {seeds}{told(counts)}")
    runs = seeds * len(said)
    return runs, runs - sum(exact.values())


def told(said: Counter[str]) -> str:
    return "".join(f"; {what} ×{count}" for what, count in said.most_common())


def say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds, from 0")
    parser.add_argument("--depth", choices=list(DEPTHS), default="standard")
    parser.add_argument("--faults", action="store_true", help="only the mock's faults")
    parser.add_argument("--receivers", action="store_true", help="only the correct receivers")
    parser.add_argument("--receiver", action="append", default=[], choices=[r.name for r in RECEIVERS], help="only it")
    parser.add_argument("--alone", action="store_true", help="a fault's own rule only, and what it requires")
    options = parser.parse_args()
    wanted = options.receivers or bool(options.receiver)
    both = options.faults == wanted
    begun, totals = time.monotonic(), []
    try:
        if both or wanted:
            totals.append(("receivers", *soak_receivers(options.depth, options.seeds, options.receiver)))
        if both or options.faults:
            totals.append(("faults", *soak_faults(options.depth, options.seeds, alone=options.alone)))
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    for what, runs, bad in totals:
        say(f"{what}: {runs} runs under {options.seeds} seeds at {options.depth} depth, {bad} deviated")
    say(f"{time.monotonic() - begun:.0f} s")
    return 1 if any(bad for _, _, bad in totals) or not any(runs for _, runs, _ in totals) else 0


if __name__ == "__main__":
    sys.exit(main())
