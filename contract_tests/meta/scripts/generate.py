"""Generator of every file that follows from the rules, the contract or the folders, and is kept in the repository.

    python -m callback_contract.contract_tests.meta.scripts.generate [PART]… [--check] [--still-right NAME]…

Run it after a change of a rule, of the contract or of a folder, and look at what it wrote before you commit. It ends
with 1 when `--check` finds a stale file, and when something is left that only a person can do: a text that lacks its
Chinese, a rule that notices another rule's fault.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import click

from callback_contract.contract_tests.meta.generating import (
    action,
    bodies,
    matrix,
    output,
    pages,
    recorded_runs,
    translations,
)
from callback_contract.contract_tests.meta.generating.made import ROOT, Made


@dataclass(frozen=True)
class Part:
    """One kind of file: what its making does, and thus waits for, and what makes it."""

    does: str
    make: Callable[[], Made]


PARTS = {  # the translations' digests come after the pages, whose English and Chinese they are of
    "packages": Part("lists the folders", pages.packages),
    "action": Part("lists the options of check", action.made),
    "bodies": Part("draws from a schema that is new, some seconds", bodies.made),
    "counts": Part("plans a run, some seconds", pages.counts),
    "translations": Part("compares every text with its Chinese", translations.made),
    "runs": Part("runs the program four times, some seconds", recorded_runs.made),
    "output": Part("runs what the pages show, half a minute", output.made),
    "matrix": Part("judges the mock once with each fault, some minutes", matrix.made),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(PARTS)), metavar=f"[{'|'.join(PARTS)}]...")
@click.option("--check", is_flag=True, help="Write nothing; name the stale files.")
@click.option("--still-right", multiple=True, metavar="NAME", help="This text's Chinese is right for its new English.")
def main(names: tuple[str, ...], check: bool, still_right: tuple[str, ...]) -> None:
    """Write the files that follow from the rules, the contract and the folders: all parts, or those that are named."""
    if unknown := set(still_right) - translations.pairs().keys():
        raise click.BadParameter(f"no text is called {', '.join(sorted(unknown))}", param_hint="--still-right")
    left = 0
    for name in names or PARTS:
        begun = time.monotonic()
        print(f"{name}: {PARTS[name].does} …", flush=True)
        made = translations.made(still_right) if name == "translations" else PARTS[name].make()
        stale = made.stale()
        if not check:
            made.write()
        for file in stale:
            print(f"  {'stale' if check else 'wrote'} {file.relative_to(ROOT)}")
        for line in made.by_hand:
            print(f"  by hand: {line}")
        print(f"  {'' if stale else 'up to date, '}{time.monotonic() - begun:.0f} s", flush=True)
        left += bool(made.by_hand) + (check and bool(stale))
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
