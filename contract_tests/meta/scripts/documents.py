"""Table of foreign documents: reads each document and judges the mock made from it.

    python -m callback_contract.contract_tests.meta.scripts.documents [FOLDER] [--real] [--small]

It fetches the real ones from their registries into the
folder, writes the small ones of the tests, and prints the cost of each and the verdict on its mock. It asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.meta.openapi.reading.test_foreign_schemas import QUIRKS, SCHEMAS
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.real_documents import (
    DOCUMENTS,
    FOLDER,
    Unavailable,
    fetched,
    judged,
    measured,
)

_COLUMNS = (
    *("document", "version", "callbacks", "set aside", "flawed examples", "load s", "load MiB", "mock MiB"),
    "mock judged clean",
)


def _real(folder: Path) -> Iterator[tuple[str, Path | str, tuple[str, ...]]]:
    for document in DOCUMENTS:
        try:
            yield f"{document.label}, {document.package}", fetched(document, folder), document.judged
        except Unavailable as reason:
            yield document.label, str(reason), ()


def _small(folder: Path) -> Iterator[tuple[str, Path | str, tuple[str, ...]]]:
    for number, (label, schema) in enumerate(QUIRKS.items()):
        yield label, written(folder, with_schema(schema, schemas=SCHEMAS), f"{number}.json"), ()


def _row(label: str, file: Path, names: tuple[str, ...]) -> list[str]:
    told: dict[str, Any] = measured(file)
    code, text = judged(file, names)
    summary = next((line.partition(": ")[2] for line in text.splitlines() if line.startswith("http")), text[-200:])
    is_clean = code == 0 and not re.search(r"\d (?:fail|flaky|error)", summary)
    reasons = "; ".join(f"{name}: {reason.partition('): ')[2]}" for name, reason in told["aside"])
    flawed = sum("breaks its own schema" in note for note in told["notes"])
    verdict = "yes" if is_clean else f"**NO** (exit code {code})"
    of = f"{len(names)} callbacks, " if names else ""
    counted = f"{told['callbacks']} of {told['callbacks'] + len(told['aside'])}"
    measures = [f"{told['seconds']:.1f}", str(told["mib"]), str(told["mock_mib"])]
    return [label, told["version"], counted, reasons or "–", str(flawed), *measures, f"{verdict}: {of}{summary}"]


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def main() -> None:
    """Print the table, a row as soon as it is known."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", nargs="?", default=os.environ.get(FOLDER, "documents"))
    options.add_argument("--real", action="store_true", help="only the providers' own")
    options.add_argument("--small", action="store_true", help="only the small ones of the tests")
    asked = options.parse_args()
    both = asked.real == asked.small
    print(_line(_COLUMNS) + "\n" + "|---" * len(_COLUMNS) + "|")
    with tempfile.TemporaryDirectory() as small:
        documents = [*(_real(Path(asked.folder).absolute()) if asked.real or both else ())]
        documents += [*(_small(Path(small)) if asked.small or both else ())]
        for label, file, names in documents:
            row = [label, "", "", file] if isinstance(file, str) else _row(label, file, names)
            print(_line(row), flush=True)


if __name__ == "__main__":
    main()
