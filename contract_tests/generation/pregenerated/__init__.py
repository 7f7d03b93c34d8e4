"""Pregenerated bodies: the drawn bodies of the default callbacks, shipped with the kit.

They were drawn by the same generators from the same schema, once for each change of it (meta/scripts/generate.py). So
no version of a generator that happens to be installed changes a verdict, and a run does not spend half its time on
drawing the same again. A schema that has changed since, another seed, more bodies than are here: all of that is drawn
afresh.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.generation.bounds import generative
from callback_contract.openapi.contract.model import Callback

__all__ = ["FOLDER", "SEED", "DrawnFile", "drawn_bodies", "file_of", "walked_bodies"]

SEED = 0
"""The seed of the pregenerated bodies, which is the default one."""

_WALKED = {False: "boundaries", True: "broken_boundaries"}
_CHANCE = {False: "contents", True: "negations"}
_FORM = 1  # raised when the same schema is drawn from in another way
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class DrawnFile:
    """The content of a file: bodies from Schemathesis by kind, some of them raw bytes."""

    bodies: dict[str, tuple[Any, ...]]

    @classmethod
    def read(cls, text: str) -> DrawnFile:
        """Read the text that `written` returns."""
        kinds = json.loads(text)["bodies"]
        return cls({kind: tuple(map(_read, written)) for kind, written in kinds.items()})

    def written(self, about: dict[str, str]) -> str:
        """Return the file's text, a line for each body.

        It is ASCII, since drawn texts disturb editors.
        """
        head = "".join(f"  {json.dumps(name)}: {json.dumps(value)},\n" for name, value in about.items())
        kinds = ",\n".join(f"    {json.dumps(kind)}: [\n{_lines(some)}\n    ]" for kind, some in self.bodies.items())
        return f'{{\n{head}  "bodies": {{\n{kinds}\n  }}\n}}\n'


def _lines(bodies: tuple[Any, ...]) -> str:
    return ",\n".join(f"      {json.dumps(_written(body))}" for body in bodies)


def _written(body: Any) -> Any:
    """Return a body's JSON in a list, which distinguishes it from raw bytes."""
    return base64.b64encode(body).decode() if isinstance(body, bytes) else [body]


def _read(written: Any) -> Any:
    return base64.b64decode(written) if isinstance(written, str) else written[0]


def file_of(callback: Callback) -> Path:
    """Return the file for a callback's bodies, named by the digest of their source."""
    source = json.dumps([_FORM, callback.media_type, generative(callback)], default=str)
    return FOLDER / f"{hashlib.sha256(source.encode()).hexdigest()[:24]}.json"


@lru_cache(maxsize=8)
def _kept(file: Path) -> dict[str, tuple[Any, ...]]:
    return DrawnFile.read(file.read_text("utf-8")).bodies if file.exists() else {}


def drawn_bodies(callback: Callback, count: int, seed: int, *, negated: bool) -> list[Any]:
    """Return randomly drawn bodies; negated ones break the schema."""
    kept = _kept(file_of(callback)).get(_CHANCE[negated], ()) if seed == SEED else ()
    if len(kept) >= count:
        return list(kept[:count])

    from callback_contract.contract_tests.generation.strategies import draw_bodies

    return draw_bodies(callback, count, seed, negated=negated)


def walked_bodies(callback: Callback, *, negated: bool) -> list[Any]:
    """Return bodies along the boundaries of the schema, independent of the seed."""
    kept = _kept(file_of(callback)).get(_WALKED[negated])
    if kept is not None:
        return list(kept)

    from callback_contract.contract_tests.generation.strategies import boundary_bodies

    return boundary_bodies(callback, negated=negated)
