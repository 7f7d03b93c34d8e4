"""YAML reader: reads documents with JSON's value types, rejects duplicate keys, and finds the line of each part."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.parse_cache import kept_or_made
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["MAX_BYTES", "YamlFile", "parsed", "read_yaml"]

MAX_BYTES = 32 * 1024 * 1024
"""The largest document that is read: about six times the largest published one."""

_MAX_PARTS = 5_000_000  # values after all aliases are expanded
_MAX_TEXT_FOR_LINES = 1_000_000  # composing a larger text again takes seconds and hundreds of megabytes

# YAML's C loader reads a large document about ten times faster; the Python loader accepts the same language.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _JsonLikeLoader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """Loader of YAML 1.2's JSON schema: no dates, no octal, no `yes` as boolean."""


_JsonLikeLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in {"tag:yaml.org,2002:null"}]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def _resolver(tag: str, pattern: str, first: str) -> None:
    import re

    _JsonLikeLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolver("bool", r"^(?:true|false)$", "tf")
_resolver("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789")
_resolver("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789")


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        # Status codes are often written without quotes; all other keys are texts already.
        name = str(key) if isinstance(key, int) and not isinstance(key, bool) else key
        if not isinstance(name, str):
            raise yaml.constructor.ConstructorError(None, None, Text("error-document.key-no-text"), key_node.start_mark)
        if name in members:
            raise yaml.constructor.ConstructorError(
                None, None, Text("error-document.key-twice", key=name), key_node.start_mark
            )
        members[name] = loader.construct_object(value_node, deep=True)
    return members


def _float(loader: Any, node: yaml.ScalarNode) -> float:
    try:
        return _finite(loader.construct_scalar(node))
    except ValueError as error:
        raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None


_JsonLikeLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_JsonLikeLoader.add_constructor("tag:yaml.org,2002:float", _float)


@dataclass(frozen=True)
class YamlFile:
    """A YAML document with the place of each of its parts."""

    path: Path
    text: str
    value: jp.Json

    def place(self, pointer: str) -> str:
        """Return file, line and JSON pointer of a part, or of its nearest existing parent."""
        line = self._line(pointer)
        return f"{self.path}:{line} ({pointer or '/'})" if line else f"{self.path} ({pointer or '/'})"

    def _line(self, pointer: str) -> int:
        if len(self.text) > _MAX_TEXT_FOR_LINES:
            return 0
        node, line = self._composed, 1
        for token in jp.tokens(pointer):
            children = self._children.get(id(node))
            if children is None:
                children = self._children[id(node)] = _children_of(node)
            if token not in children:
                break
            line, node = children[token]
        return line

    @cached_property
    def _composed(self) -> yaml.Node | None:
        # Composed only for an error message, so that a valid document costs nothing for line numbers.
        composed: yaml.Node | None = _loaded(self.text, yaml.compose)
        return composed

    @cached_property
    def _children(self) -> dict[int, dict[str, tuple[int, yaml.Node]]]:
        return {}


def _children_of(node: yaml.Node | None) -> dict[str, tuple[int, yaml.Node]]:
    """Return the children of a node by token, each with its first line."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: (key.start_mark.line + 1, value) for key, value in node.value if isinstance(key.value, str)}
    if isinstance(node, yaml.SequenceNode):
        return {str(index): (item.start_mark.line + 1, item) for index, item in enumerate(node.value)}
    return {}


def read_yaml(path: Path, *, error: type[KitError]) -> YamlFile:
    """Read one document, YAML or JSON.

    Raises:
        KitError: Of the type `error`: no such file, too large, not text, or not YAML; names the line.
    """
    try:
        with path.open("rb") as file:
            # One byte more than the limit: neither a huge file nor an endless device is read to its end.
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise error(Text("error-document.no-file"), where=str(path), remedy=Text("error-document.check-path")) from None
    except OSError as cause:
        raise error(Text("error-document.unreadable", why=str(cause.strerror)), where=str(path)) from None
    return parsed(raw, path, error=error)


def parsed(raw: bytes, path: Path, *, error: type[KitError]) -> YamlFile:
    """Return the values of a document's bytes.

    Args:
        path: Its name in messages.

    Raises:
        KitError: Of the type `error`, as `read_yaml`.
    """
    if len(raw) > MAX_BYTES:
        raise error(
            Text("error-document.too-large", most=MAX_BYTES // 2**20),
            where=str(path),
            remedy=Text("error-document.give-part"),
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as cause:
        raise error(
            Text("error-document.not-utf-8", byte=cause.start),
            where=str(path),
            remedy=Text("error-document.save-utf-8"),
        ) from None
    return YamlFile(path, text, kept_or_made(raw, lambda: _value_of(text, path, error)))


def _value_of(text: str, path: Path, error: type[KitError]) -> jp.Json:
    try:
        if text.lstrip("\ufeff \t\r\n").startswith("{"):
            try:
                return _json(text)
            except ValueError:
                pass  # YAML's flow style, or a mistake for which the YAML reader names the line
        value = _loaded(text, yaml.load)
    except yaml.MarkedYAMLError as cause:
        if cause.problem and "nesting depth" in cause.problem:  # PyYAML 6.0.4 has its own limit
            raise _too_deep(path, error) from None
        line = cause.problem_mark.line + 1 if cause.problem_mark else 1
        raise error(
            Text("error-document.not-yaml", why=cause.problem or ""),
            where=f"{path}:{line}",
            remedy=Text("error-document.mend-line"),
        ) from None
    except (yaml.YAMLError, ValueError) as cause:
        raise error(Text("error-document.not-yaml", why=str(cause)), where=str(path)) from None
    except RecursionError:
        raise _too_deep(path, error) from None
    if "&" in text and "*" in text and _written_out(value) > _MAX_PARTS:
        raise error(
            Text("error-document.aliases", most=_MAX_PARTS),
            where=str(path),
            remedy=Text("error-document.fewer-aliases"),
        )
    return value


def _without_tabs(blanks: re.Match[str]) -> str:
    return " " if "\t" in blanks[0] else blanks[0]


def _loaded(text: str, read: Callable[..., Any]) -> Any:
    """Read a text with the kit's loader, which is a safe one.

    YAML allows tabs before a comment and on an empty line, and libyaml refuses some of them.
    """
    try:
        return read(text, Loader=_JsonLikeLoader)
    except yaml.MarkedYAMLError:
        spaced = re.sub(r"^[ \t]++(?=#|\r?$)", _without_tabs, text, flags=re.MULTILINE)
        if spaced == text:
            raise
        return read(spaced, Loader=_JsonLikeLoader)


def _too_deep(path: Path, error: type[KitError]) -> KitError:
    return error(Text("error-contract.too-deep"), where=str(path), remedy=Text("error-document.fewer-levels"))


def _json(text: str) -> jp.Json:
    def unique(pairs: list[tuple[str, jp.Json]]) -> dict[str, jp.Json]:
        members = dict(pairs)
        if len(members) < len(pairs):
            raise ValueError("a name twice")
        return members

    def refused(name: str) -> jp.Json:
        raise ValueError(f"{name} is no number")

    # The JSON parser reads a large JSON document about twenty times faster than the YAML parser.
    return json.loads(
        text.removeprefix("\ufeff"), object_pairs_hook=unique, parse_constant=refused, parse_float=_finite
    )


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is no number that can be worked with")
    return number


def _written_out(value: jp.Json) -> float:
    """Return the number of values once every alias is expanded; infinite for a circle."""
    sizes: dict[int, float] = {}
    waiting: list[tuple[jp.Json, bool]] = [(value, False)]
    while waiting:
        part, is_counted = waiting.pop()
        if not isinstance(part, (dict, list)):
            continue
        inside = list(part.values() if isinstance(part, dict) else part)
        if is_counted:
            sizes[id(part)] = 1 + sum(sizes[id(item)] if isinstance(item, (dict, list)) else 1 for item in inside)
        elif id(part) not in sizes:
            sizes[id(part)] = float("inf")  # until it is counted: a part that meets it before that is inside of it
            waiting.append((part, True))
            waiting += [(item, False) for item in inside]
    return sizes.get(id(value), 1)
