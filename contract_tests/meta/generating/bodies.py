"""Maker of the bodies that come with the kit, for the callbacks judged by default."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.generation.pregenerated import FOLDER, SEED, DrawnFile, file_of
from callback_contract.contract_tests.generation.strategies import boundary_bodies, draw_bodies
from callback_contract.contract_tests.meta.generating.made import Made
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.model import Callback

KEPT_DEPTH = DEPTHS["standard"]  # the bodies of the thorough depth would be ten times as many bytes


def drawn_file(callback: Callback) -> DrawnFile:
    """Draw all pregenerated bodies of one callback."""
    return DrawnFile(
        {
            "contents": tuple(draw_bodies(callback, KEPT_DEPTH.contents, SEED, negated=False)),
            "boundaries": tuple(boundary_bodies(callback, negated=False)),
            "negations": tuple(draw_bodies(callback, KEPT_DEPTH.negations, SEED, negated=True)),
            "broken_boundaries": tuple(boundary_bodies(callback, negated=True)),
        }
    )


def made() -> Made:
    """Draws for each schema that has no file yet; bodies of a schema that no callback has any more go.

    A file that is there stays: what is drawn depends on the version of the generators, and on constants that they find
    in the source of the kit.

    Raises:
        RuntimeError: What was drawn cannot be read back as it was.
    """
    files: dict[Path, str | None] = dict.fromkeys(FOLDER.glob("*.json"))
    for callback in load_contract().default_callbacks:
        file = file_of(callback)
        files[file] = file.read_text("utf-8") if file.exists() else _drawn_text(callback)
    return Made(files)


def _drawn_text(callback: Callback) -> str:
    generators = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("schemathesis", "hypothesis"))
    drawn = drawn_file(callback)
    text = drawn.written({"callback": callback.name, "drawn_by": generators})
    if repr(DrawnFile.read(text)) != repr(drawn):
        raise RuntimeError(f"what was drawn for {callback.name} does not come back as it was")
    return text
