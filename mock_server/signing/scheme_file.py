"""Scheme file: reads the YAML of a signature scheme, and refuses what nobody could sign or read."""

from __future__ import annotations

import itertools
import json
import os.path
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from callback_contract.mock_server.signing.plugin import signature_function
from callback_contract.mock_server.signing.scheme import OF_THE_BODY, Scheme, split
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["PRESETS_FOLDER", "load_scheme", "plugin_of", "preset_text", "presets"]

PRESETS_FOLDER = Path(__file__).with_name("schemes")

_SCHEMA = "schemas/signature.schema.json"
_SIGNED = (*OF_THE_BODY, "timestamp", "id", "method", "path", "url")
_CLAIMED = (*_SIGNED, "expires")
_MADE_BY = {
    "a signature": frozenset({"algorithm", "encoding", "signed"}),
    "a JWT": frozenset({"algorithm", "claims"}),
    "a fixed token": frozenset({"algorithm"}),
    "a plugin's signature": frozenset({"plugin"}),
}
"""The keys that each kind of signature needs; it has no others of them."""


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
            contradict one another, or its plugin does not run. No message repeats a value, since it may be a key.
    """
    path, file = _read(name_or_path)
    for pointer, what, remedy in _breaches(file):
        raise KitError(what, where=file.place(pointer), remedy=remedy)
    fields = {key: value for key, value in file.value.items() if key not in {"description", "source"}}
    lists = {key: tuple(fields[key]) for key in ("key_env", "tolerance_towards") if key in fields}
    claims = tuple(fields.get("claims", {}).items())
    scheme = Scheme(**{**fields, **lists, "name": path.stem, "claims": claims})
    for key, what, remedy in _contradictions(scheme, frozenset(fields)):
        raise KitError(what, where=file.place(f"/{key}"), remedy=remedy)
    if scheme.plugin:
        scheme = replace(scheme, plugin=str((path.parent / scheme.plugin).resolve()))
        signature_function(scheme.plugin)
    return scheme


def plugin_of(name_or_path: str) -> str:
    """Return the plugin that a scheme's file names, which is not run; empty for none."""
    value = _read(name_or_path)[1].value
    return str(value.get("plugin", "")) if isinstance(value, dict) else ""


def _read(name_or_path: str) -> tuple[Path, YamlFile]:
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
    return path, read_yaml(path, error=KitError)


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
    yield from _unmade(scheme, given)
    yield from _unsignable(scheme)
    yield from _unreadable(scheme)
    for name in ("", "id_", "timestamp_"):
        if {f"{name}header", f"{name}member"} <= given:
            yield f"{name}member", "one value stands in two places", f"Keep `{name}header` or `{name}member`."
    places = [name.lower() for name in (*scheme.headers, *scheme.members)]
    if len(set(places)) < len(places):
        what = "two values stand in one header" if scheme.headers else "two values stand in one member"
        yield "header", what, "Give each its own place; a time may stand in `layout`."
    has_time = scheme.timestamp_place or "{timestamp}" in scheme.layout or scheme.claim_of("timestamp")
    if scheme.timestamp_place and "{timestamp}" in scheme.layout:
        yield "timestamp_header", "the time stands in two places", "Keep `timestamp_header` or {timestamp} in `layout`."
    if scheme.timed and not has_time:
        yield "signed", "a time is signed that no header tells", "Add `timestamp_header`, or {timestamp} to `layout`."
    if scheme.identified and not (scheme.id_place or scheme.claim_of("id")):
        yield "signed", "an id is signed that no header tells", "Add `id_header`."
    for key in sorted(given & {"timestamp_unit", "tolerance_s", "tolerance_towards"}):
        if not has_time:
            yield key, "there is no time that this could be about", f"Remove `{key}`, or add `timestamp_header`."


def _unmade(scheme: Scheme, given: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    if not scheme.place:
        yield "header", "the signature stands nowhere", "Add `header`, or `member` where it stands in the body."
    made = _kind(scheme)
    needed = _MADE_BY[made]
    for key in sorted(needed - given):
        yield key, f"{made} needs `{key}`", f"Add `{key}`; see mock_server/{_SCHEMA}."
    for key in sorted((frozenset().union(*_MADE_BY.values()) - needed) & given):
        yield key, f"{made} has no `{key}`", f"Remove `{key}`."
    if made == "a JWT" and scheme.algorithm == "hmac-sha1":
        yield "algorithm", "no JWT is signed by hmac-sha1 (RFC 7518 section 3.1)", "Use hmac-sha256."


def _kind(scheme: Scheme) -> str:
    if scheme.plugin:
        return "a plugin's signature"
    if scheme.claims:
        return "a JWT"
    return "a fixed token" if scheme.algorithm == "token" else "a signature"


def _unsignable(scheme: Scheme) -> Iterator[tuple[str, str, str]]:
    templates = [("signed", scheme.signed, _SIGNED), *(("claims", text, _CLAIMED) for _, text in scheme.claims)]
    for key, template, allowed in templates:
        known = ", ".join(f"{{{name}}}" for name in allowed)
        if any(brace in literal for literal in split(template)[::2] for brace in "{}"):
            yield key, "a brace is not closed or not opened", f"Write placeholders as {known} or {{/a/member}}."
        for name in split(template)[1::2]:
            if name not in allowed and not name.startswith("/"):
                yield key, f"nothing is called {{{name}}}", f"Use {known} or {{/a/member}}."
    whole = [name for name in scheme.placeholders if name in OF_THE_BODY]
    if scheme.members and set(whole) & {"body", "body_sha256"}:
        yield "signed", "the body holds the signature, and its bytes are signed", "Sign members, as {/a/member}."
    of_members = bool(scheme.members) or any(name.startswith("/") for name in scheme.placeholders)
    if scheme.signed and len(whole) != 1 and not (of_members and not whole):
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
