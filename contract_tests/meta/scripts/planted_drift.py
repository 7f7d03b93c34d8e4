"""Planted drift: says which of the drifts planted in our own recorded deliveries `drift` finds.

    python -m callback_contract.contract_tests.meta.scripts.planted_drift [--deliveries 10000]

It prints seconds and memory, and fails where a planted drift is missed or another one is invented.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from callback_contract.contract_tests.drift.observing import observe
from callback_contract.contract_tests.meta.contract_tests.drift.planted import (
    CONTRACT,
    clean,
    planted,
    wanted,
    written,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = written(Path(folder, "traffic.jsonl"), planted(options.deliveries))
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        report = observe([file], CONTRACT)
        took_s = time.process_time() - began
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        none = observe([written(Path(folder, "clean.jsonl"), clean(options.deliveries))], CONTRACT).drifts
    found = {drift.id for drift in report.drifts}
    for word, ids in (("missed", wanted() - found), ("invented", found - wanted()), ("in clean traffic", none)):
        print(word, len(ids), *sorted(str(getattr(each, "id", each)) for each in ids))
    print(
        f"{report.read} deliveries: {len(found & wanted())} of {len(wanted())} planted drifts found, {took_s:.2f} CPU s"
    )
    print(f"memory at most {after // 1024} MB, {before // 1024} MB before")
    return 0 if found == wanted() and not none else 1


if __name__ == "__main__":
    sys.exit(main())
