"""Draws the bodies that come with the kit, for the callbacks judged by default.

    python -m callback_contract.contract_tests.meta.scripts.draw

Run it when a test says that they are not of today's schema, and look at what changed before it is committed.
"""

from __future__ import annotations

import importlib.metadata
import sys

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.generation.pregenerated import SEED, DrawnFile, file_of
from callback_contract.contract_tests.generation.strategies import boundary_bodies, draw_bodies
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.model import Callback

KEPT_DEPTH = DEPTHS["standard"]  # all bodies of the thorough one would be ten times as many bytes


def drawn_file(callback: Callback) -> DrawnFile:
    """Draws all that comes with the kit of one callback."""
    return DrawnFile(
        {
            "contents": tuple(draw_bodies(callback, KEPT_DEPTH.contents, SEED, negated=False)),
            "boundaries": tuple(boundary_bodies(callback, negated=False)),
            "negations": tuple(draw_bodies(callback, KEPT_DEPTH.negations, SEED, negated=True)),
            "broken_boundaries": tuple(boundary_bodies(callback, negated=True)),
        }
    )


def main() -> int:
    generators = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("schemathesis", "hypothesis"))
    written = set()
    for callback in load_contract().default_callbacks:
        file, drawn = file_of(callback), drawn_file(callback)
        text = drawn.written({"callback": callback.name, "drawn_by": generators})
        if repr(DrawnFile.read(text)) != repr(drawn):
            raise RuntimeError(f"what was drawn for {callback.name} does not come back as it was")
        file.write_text(text, "utf-8")
        written.add(file)
        print(f"{file.name}: {callback.name}, {', '.join(f'{len(b)} {kind}' for kind, b in drawn.bodies.items())}")
    for file in next(iter(written)).parent.glob("*.json"):
        if file not in written:
            file.unlink()
            print(f"{file.name}: removed, nothing is drawn from such a schema any more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
