"""OpenAPI Overlay 1.0: selects places of a document and changes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.text.errors import OverlayError
from callback_contract.openapi.text.message import Text

__all__ = ["Action", "Overlay", "apply_overlay", "load_overlay", "overlay_from"]

_Parts: TypeAlias = tuple[str | int, ...]


_NOTHING = object()


@dataclass(frozen=True)
class Action:
    """One change: removes its targets (JSONPath, RFC 9535) or merges `update`."""

    target: str
    update: jp.Json
    remove: bool


@dataclass(frozen=True)
class Overlay:
    """A checked overlay.

    Attributes:
        name: Its file, or another name for messages.
        text: Its content as text, for digests.
        place: Returns the place of a JSON pointer of the overlay: file and line, when it is a file.
    """

    name: str
    title: str
    actions: tuple[Action, ...]
    text: str = field(repr=False)
    place: Callable[[str], str] = field(repr=False)


def load_overlay(path: Path | str) -> Overlay:
    """Read an overlay in YAML or JSON.

    Raises:
        OverlayError: The file cannot be read or is no Overlay 1.0; names the line and the remedy.
    """
    file = read_yaml(Path(path), error=OverlayError)
    return overlay_from(file.value, name=str(file.path), text=file.text, place=file.place)


def overlay_from(
    value: jp.Json, *, name: str = "overlay", text: str | None = None, place: Callable[[str], str] | None = None
) -> Overlay:
    """Check plain data and return it as an overlay.

    Raises:
        OverlayError: It is no Overlay 1.0.
    """
    where = place or (lambda pointer: f"{name} ({pointer or '/'})")
    version = value.get("overlay") if isinstance(value, Mapping) else None
    if isinstance(version, str) and not version.startswith("1.0."):
        raise OverlayError(
            Text("error-contract.overlay-version", version=version),
            where=where("/overlay"),
            remedy=Text("error-contract.write-overlay"),
        )
    for error in _validator().iter_errors(value):
        raise OverlayError(
            Text("error-contract.no-overlay", flaw=error.message),
            where=where(jp.join(error.instance_path)),
            remedy=Text("error-document.overlay-schema"),
        )
    actions = tuple(
        Action(action["target"], action.get("update", _NOTHING), action.get("remove", False))
        for action in value["actions"]
    )
    return Overlay(name, value["info"]["title"], actions, text or json.dumps(value, sort_keys=True), where)


def apply_overlay(document: jp.Json, overlay: Overlay) -> jp.Json:
    """Return the document with every action applied in order; the original stays.

    Objects are merged recursively, a selected array gets the update as a new item, arrays inside an update are
    appended, and everything else is replaced (Overlay 1.0.0 section 4.4.3, with what 1.1.0 clarified for arrays).

    Raises:
        OverlayError: A target is not JSONPath, selects nothing, or selects a place that cannot be changed so. The
            specification lets a target that selects nothing pass; here it is a mistake, since a misspelt or
            outdated target would otherwise go unnoticed.
    """
    changed = _unshared(document)
    for index, action in enumerate(overlay.actions):
        try:
            changed = _applied(changed, action)
        except _Mistake as mistake:
            raise OverlayError(
                Text(
                    "error-contract.overlay-action", number=index + 1, actions=len(overlay.actions), what=mistake.what
                ),
                where=overlay.place(f"/actions/{index}/{mistake.member}"),
                remedy=mistake.remedy,
            ) from None
    return changed


class _Mistake(Exception):
    def __init__(self, what: str, remedy: str, member: str = "target") -> None:
        self.what, self.remedy, self.member = what, remedy, member


def _applied(document: jp.Json, action: Action) -> jp.Json:
    # Deepest first, and the later of two items first: no change moves a place that is still to come.
    places = sorted(_selected(document, action.target), key=_depth_and_index, reverse=True)
    if not places:
        raise _Mistake(
            Text("error-document.selects-nothing", target=action.target),
            Text("error-document.mend-path"),
        )
    for parts in places:
        if action.remove:
            if not parts:
                raise _Mistake(Text("error-document.removes-all"), Text("error-document.select-inside"))
            del _at(document, parts[:-1])[parts[-1]]
        elif action.update is not _NOTHING:
            _update(_at(document, parts), action, parts)
    return document


def _depth_and_index(parts: _Parts) -> tuple[int, int]:
    last = parts[-1] if parts else 0
    return len(parts), last if isinstance(last, int) else 0


def _selected(document: jp.Json, target: str) -> set[_Parts]:
    from jsonpath import JSONPathError

    try:
        return {match.parts for match in _environment().finditer(target, document)}
    except (JSONPathError, RecursionError) as error:
        # Only the first argument: the library fails to render its own message for some errors (an empty path).
        reason = error.args[0] if error.args else type(error).__name__
        raise _Mistake(
            Text("error-document.not-jsonpath", target=target, why=str(reason)),
            Text("error-document.write-jsonpath"),
        ) from None


@cache
def _environment() -> Any:
    from jsonpath import JSONPathEnvironment

    return JSONPathEnvironment(strict=True)


@cache
def _validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(
        json.loads(files("callback_contract.openapi").joinpath("schemas/overlay.schema.json").read_text("utf-8"))
    )


def _update(node: jp.Json, action: Action, parts: _Parts) -> None:
    where = jp.join(parts) or "/"
    if isinstance(node, list):
        node.append(_unshared(action.update))
    elif not isinstance(node, dict):
        raise _Mistake(
            Text("error-document.cannot-update", target=action.target, kind=_kind(node), place=where),
            Text("error-document.select-around"),
        )
    elif not isinstance(action.update, dict):
        raise _Mistake(
            Text("error-document.updates-with", place=where, kind=_kind(action.update)),
            Text("error-document.give-object"),
            "update",
        )
    else:
        _merge(node, action.update)


def _merge(node: dict[str, jp.Json], update: Mapping[str, jp.Json]) -> None:
    for key, value in update.items():
        present = node.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(_unshared(value))
        else:
            node[key] = _unshared(value)


def _at(document: jp.Json, parts: _Parts) -> jp.Json:
    for part in parts:
        document = document[part]
    return document


def _unshared(value: jp.Json) -> jp.Json:
    # A YAML alias is one object at two places; a change at one place must not show at the other.
    if isinstance(value, Mapping):
        return {key: _unshared(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unshared(item) for item in value]
    return value


def _kind(value: jp.Json) -> str:
    kinds = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}
    return Text(f"error-document.{kinds.get(type(value), 'number')}")
