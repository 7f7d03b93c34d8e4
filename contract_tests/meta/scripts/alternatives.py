"""Check of `diff` on generated pairs of schemas with alternatives.

    python -m callback_contract.contract_tests.meta.scripts.alternatives [PAIRS]

Two validators look for an instance that refutes the level of a comparison, and the words of each finding are held
against both schemas. It prints how many pairs were compared and each pair with an untrue finding, and fails on one.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from callback_contract.contract_tests.meta.openapi.comparing.alternative_pairs import (
    alternative_pairs,
    compared,
    untruths,
)


def main() -> None:
    """Compare as many pairs as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="?", type=int, default=2000)
    levels: Counter[str] = Counter()
    untrue = 0

    @settings(
        max_examples=parser.parse_args().pairs,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pair=alternative_pairs())
    def compare_all(pair: Any) -> None:
        nonlocal untrue
        levels[compared(*pair)] += 1
        if told := untruths(*pair):
            untrue += 1
            print(*map(json.dumps, pair), *told[:5], "", sep="\n")

    compare_all()
    print(f"{levels.total()} pairs ({dict(levels)}), {untrue} with an untrue finding")
    raise SystemExit(bool(untrue))


if __name__ == "__main__":
    main()
