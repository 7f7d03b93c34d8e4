"""Table of foreign documents: reads each document and judges the mock made from it.

    python -m callback_contract.contract_tests.meta.scripts.documents [FOLDER] [--clones FOLDER] [--only WORD]

It fetches those of packages from their registries into the first folder, takes the published ones out of clones of
their repositories (OWNER/NAME below the folder of the option), writes the small ones of the tests, and prints the cost
of each and the verdict on its mock. Seconds are the processor's, with all imports. It asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.meta.openapi.reading.test_foreign_schemas import QUIRKS, SCHEMAS
from callback_contract.contract_tests.meta.support.documents.published_documents import PUBLISHED, taken_out
from callback_contract.contract_tests.meta.support.documents.real_documents import (
    DOCUMENTS,
    FOLDER,
    Unavailable,
    fetched,
    judged,
    measured,
)
from callback_contract.contract_tests.meta.support.foreign import with_schema, written

_COLUMNS = (
    *("document", "from", "version", "callbacks", "set aside", "flawed examples", "load s", "load MiB", "mock MiB"),
    *("check s", "check MiB"),
    "mock judged clean",
)
_MOST_JUDGED = 3
_MOST_REASONS = 3


@dataclass(frozen=True)
class _Row:
    """A document to try, or the reason why it is not to be had.

    Attributes:
        judged: Callbacks that are judged; empty for the first ones.
        below: The folder below which its references lead; empty for its own.
    """

    label: str
    origin: str
    file: Path | str
    judged: tuple[str, ...] = ()
    below: str = ""
    paths: bool = False


def _of_packages(folder: Path, word: str) -> Iterator[_Row]:
    for document in DOCUMENTS:
        origin = f"{document.package} {document.version}"
        if word not in f"{document.label} {origin}".lower():
            continue
        try:
            yield _Row(document.label, origin, fetched(document, folder), document.judged)
        except Unavailable as reason:
            yield _Row(document.label, origin, str(reason))


def _published(clones: Path, target: Path, word: str) -> Iterator[_Row]:
    for document in PUBLISHED:
        origin = f"{document.repository} {document.commit[:12]}"
        if word not in f"{document.label} {origin}".lower():
            continue
        try:
            file = taken_out(document, clones, target)
        except Unavailable as reason:
            yield _Row(document.label, origin, str(reason))
            continue
        root = file.parents[len(Path(document.path).parts) - 1]
        below = str(root / document.below) if document.below else ""
        yield _Row(document.label, origin, file, document.judged, below, document.paths)


def _small(folder: Path, word: str) -> Iterator[_Row]:
    for number, (label, schema) in enumerate(QUIRKS.items()):
        if word in label.lower():
            yield _Row(label, "here", written(folder, with_schema(schema, schemas=SCHEMAS), f"{number}.json"))


def _cells(row: _Row, rules: str, depth: str) -> list[str]:
    if isinstance(row.file, str):
        return [row.label, row.origin, "", "", row.file]
    told: dict[str, Any] = measured(row.file, below=row.below or None, paths=row.paths)
    names = row.judged or (tuple(told["names"][:_MOST_JUDGED]) if len(told["names"]) > _MOST_JUDGED else ())
    options = (*(("--refs-below", row.below) if row.below else ()), *(("--paths",) if row.paths else ()))
    came = judged(row.file, names, (*options, *(("--rules", rules) if rules else ())), depth=depth)
    told_last = (line.partition(": ")[2] for line in came.text.splitlines() if line.startswith("http"))
    summary = next(told_last, came.text[-200:])
    is_clean = came.exit_code == 0 and not re.search(r"\d (?:fail|flaky|error)", summary)
    reasons = [f"{name}: {reason.partition('): ')[2]}" for name, reason in told["aside"][:_MOST_REASONS]]
    reasons += [f"and {more} more"] if (more := len(told["aside"]) - _MOST_REASONS) > 0 else []
    flawed = sum("breaks its own schema" in note for note in told["notes"])
    verdict = f"yes (exit code {came.exit_code})" if is_clean else f"**NO** (exit code {came.exit_code})"
    of = f"{len(names)} callbacks, " if names else ""
    counted = f"{told['callbacks']} of {told['callbacks'] + len(told['aside'])}"
    measures = [f"{told['seconds']:.1f}", str(told["mib"]), str(told["mock_mib"])]
    read = [row.label, row.origin, told["version"], counted, "; ".join(reasons) or "–", str(flawed)]
    measures += [f"{came.seconds:.0f}", str(came.mib)]
    return [*read, *measures, f"{verdict}: {of}{summary}"]


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def main() -> None:
    """Print the table, a row as soon as it is known."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", nargs="?", default=os.environ.get(FOLDER, "documents"))
    options.add_argument("--clones", metavar="FOLDER", help="also those of repositories, from clones below it")
    options.add_argument("--real", action="store_true", help="only the providers' own")
    options.add_argument("--small", action="store_true", help="only the small ones of the tests")
    options.add_argument("--only", default="", metavar="WORD", help="only those with it in their label or origin")
    options.add_argument(
        "--rules", default="", metavar="IDS", help="judge by these rules alone, as `check --rules` does"
    )
    options.add_argument("--depth", default="quick", help="as `check --depth` takes it")
    asked = options.parse_args()
    both = asked.real == asked.small
    print(_line(_COLUMNS) + "\n" + "|---" * len(_COLUMNS) + "|")
    with tempfile.TemporaryDirectory() as temporary:
        word = asked.only.lower()
        rows = [*(_of_packages(Path(asked.folder).absolute(), word) if asked.real or both else ())]
        rows += [*(_published(Path(asked.clones).absolute(), Path(temporary), word) if asked.clones else ())]
        rows += [*(_small(Path(temporary), word) if asked.small or both else ())]
        for row in rows:
            print(_line(_cells(row, asked.rules, asked.depth)), flush=True)


if __name__ == "__main__":
    main()
