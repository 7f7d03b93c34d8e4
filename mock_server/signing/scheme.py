"""Signature scheme: reads and checks the declaration of how deliveries are signed."""

from __future__ import annotations

import itertools
import json
import os.path
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["Scheme", "load_scheme", "preset_text", "presets", "split"]

PRESETS_FOLDER = Path(__file__).with_name("schemes")

_SCHEMA = "schemas/signature.schema.json"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SIGNED = ("body", "timestamp", "id", "method", "path")


@dataclass(frozen=True)
class Scheme:
    """A signature scheme; the fields are those of its file.

    Attributes:
        name: The preset, or the file without its suffix.
        header: The header that holds the signature.
        algorithm: hmac-sha1, hmac-sha256, hmac-sha512 or ed25519.
        encoding: hex or base64, of the signature.
        signed: Template of what is signed, with {body}, {timestamp}, {id}, {method} and {path}.
        key_env: Environment variables that hold the keys, the current one first.
        key_encoding: raw, hex, base64 or whsec.
        prefix: Text before each signature.
        separator: Text between several signatures, and between the parts of `layout`; empty for one signature.
        layout: Template of the signature header; every part ends in {signature} or {timestamp}.
        id_header: Empty when the scheme has no id.
        timestamp_header: Empty when the time is in the layout, or absent.
        timestamp_unit: s or ms since 1970.
        tolerance_s: Seconds between signing and now, past and future, that are still fresh.
    """

    name: str
    header: str
    algorithm: str
    encoding: str
    signed: str
    key_env: tuple[str, ...]
    key_encoding: str = "raw"
    prefix: str = ""
    separator: str = ""
    layout: str = "{signature}"
    id_header: str = ""
    timestamp_header: str = ""
    timestamp_unit: str = "s"
    tolerance_s: float = 300.0

    @property
    def timed(self) -> bool:
        """Whether the time is signed.

        A time that is not signed proves nothing; it is sent and never judged.
        """
        return "{timestamp}" in self.signed

    @property
    def identified(self) -> bool:
        """Whether the id of the delivery is signed."""
        return "{id}" in self.signed

    @property
    def headers(self) -> tuple[str, ...]:
        """All headers of the scheme, in the order in which they are sent."""
        return tuple(name for name in (self.id_header, self.timestamp_header, self.header) if name)

    @property
    def pieces(self) -> tuple[tuple[str, str], ...]:
        """The parts of the signature header: the text before a value, and its name."""
        return tuple(
            (before + (self.prefix if name == "signature" else ""), name)
            for before, name, *_ in map(split, self.layout.split(self.separator) if self.separator else [self.layout])
        )

    @property
    def mark(self) -> str:
        """The text before each signature, as in `sha256=` or `v1,`."""
        return next(before for before, name in self.pieces if name == "signature")


def split(template: str) -> list[str]:
    """Split a template: literals at even places, names of placeholders at odd ones."""
    return _PLACEHOLDER.split(template)


def presets() -> tuple[str, ...]:
    """Return the names of the schemes that come with the kit."""
    return tuple(sorted(path.stem for path in PRESETS_FOLDER.glob("*.yaml")))


def preset_text(name: str) -> str:
    """Return the YAML of a preset.

    Raises:
        KitError: There is no such preset.
    """
    if name not in presets():
        raise KitError(
            Text("error-signing.no-scheme"),
            where=f"--preset {name!r}",
            remedy=did_you_mean(nearest(name, presets()), Text("error-signing.give-one", names=tuple(presets()))),
        )
    return (PRESETS_FOLDER / f"{name}.yaml").read_text("utf-8")


def load_scheme(name_or_path: str) -> Scheme:
    """Read a preset by its name, or a scheme's YAML file.

    Raises:
        KitError: There is no such preset or file, or the file breaks `schemas/signature.schema.json`, or its parts
            contradict one another. No message repeats a value, since it may be a key.
    """
    path = PRESETS_FOLDER / f"{name_or_path}.yaml" if name_or_path in presets() else Path(name_or_path)
    looks_like_path = path.suffix in {".yaml", ".yml"} or "/" in name_or_path
    if not looks_like_path and not os.path.isfile(path):  # unlike `Path.is_file`, accepts names too long
        raise KitError(
            Text("error-signing.no-scheme-or-file"),
            where=Text("error-signing.scheme", name=name_or_path),
            remedy=did_you_mean(
                nearest(name_or_path, presets()), Text("error-signing.give-file-or-one", names=tuple(presets()))
            ),
        )
    file = read_yaml(path, error=KitError)
    for pointer, what, remedy in _breaches(file):
        raise KitError(what, where=file.place(pointer), remedy=remedy)
    fields = {key: value for key, value in file.value.items() if key not in {"description", "source"}}
    scheme = Scheme(**{**fields, "name": path.stem, "key_env": tuple(fields["key_env"])})
    for key, what, remedy in _contradictions(scheme, frozenset(fields)):
        raise KitError(what, where=file.place(f"/{key}"), remedy=remedy)
    return scheme


def _breaches(file: YamlFile) -> Iterator[tuple[str, str, str]]:
    import jsonschema_rs

    schema = json.loads(files("callback_contract.mock_server").joinpath(_SCHEMA).read_text("utf-8"))
    # Masked: a key that a user puts into the file must not appear in a log, too.
    for error in jsonschema_rs.validator_for(schema, mask="the value").iter_errors(file.value):
        pointer = jp.join(error.instance_path)
        if pointer.startswith("/key_env/"):
            remedy = "Write the name of the variable, in capitals; the key itself never stands in a file."
            yield pointer, "this is no name of an environment variable", remedy
        yield pointer, error.message, f"See mock_server/{_SCHEMA}."


def _contradictions(scheme: Scheme, given: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    yield from _unsignable(scheme)
    yield from _unreadable(scheme)
    names = [name.lower() for name in scheme.headers]
    if len(set(names)) < len(names):
        yield "header", "two values stand in one header", "Give each its own header; a time may stand in `layout`."
    has_time = scheme.timestamp_header or "{timestamp}" in scheme.layout
    if has_time and scheme.timestamp_header and "{timestamp}" in scheme.layout:
        yield "timestamp_header", "the time stands in two places", "Keep `timestamp_header` or {timestamp} in `layout`."
    if scheme.timed and not has_time:
        yield "signed", "a time is signed that no header tells", "Add `timestamp_header`, or {timestamp} to `layout`."
    if scheme.identified and not scheme.id_header:
        yield "signed", "an id is signed that no header tells", "Add `id_header`."
    for key in sorted(given & {"timestamp_unit", "tolerance_s"}):
        if not has_time:
            yield key, "there is no time that this could be about", f"Remove `{key}`, or add `timestamp_header`."


def _unsignable(scheme: Scheme) -> Iterator[tuple[str, str, str]]:
    names = split(scheme.signed)[1::2]
    known = ", ".join(f"{{{name}}}" for name in _SIGNED)
    if any(brace in literal for literal in split(scheme.signed)[::2] for brace in "{}"):
        yield "signed", "a brace is not closed or not opened", f"Write placeholders as {known}."
    for name in names:
        if name not in _SIGNED:
            yield "signed", f"nothing is called {{{name}}}", f"Use {known}."
    if names.count("body") != 1:
        yield "signed", "the body is not signed exactly once", "Let {body} stand in the template once."


def _unreadable(scheme: Scheme) -> Iterator[tuple[str, str, str]]:
    remedy = "Write it like t={timestamp},v1={signature}, with `separator` between the parts."
    parts = [split(part) for part in (scheme.layout.split(scheme.separator) if scheme.separator else [scheme.layout])]
    names = sorted(name for part in parts for name in part[1::2])
    # A part that does not end in its value could not be separated from it when it is read.
    if any(len(part) != 3 or part[2] or "{" in part[0] or "}" in part[0] for part in parts):
        yield "layout", "a part does not end in exactly one of {signature} and {timestamp}", remedy
    if names not in (["signature"], ["signature", "timestamp"]):
        yield "layout", "there is not one {signature} and at most one {timestamp}", remedy
    elif any(one[0].startswith(other[0]) for one, other in itertools.permutations(scheme.pieces, 2)):
        yield "layout", "its parts start alike, so that no reader tells them apart", remedy
    if scheme.separator and scheme.separator in scheme.prefix:
        yield "separator", "the separator stands in the prefix", "A reader could not tell them apart; change one."
