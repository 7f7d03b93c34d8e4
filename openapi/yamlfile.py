"""Decides how YAML is read: as JSON would be, with duplicate keys refused and every place known by its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from openapi import pointer as jp
from openapi.errors import KitError

__all__ = ["YamlFile", "read_yaml"]

# YAML's C loader reads a large document some ten times faster; pure Python reads the same language.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _JsonLikeLoader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """YAML 1.2's JSON reading: no dates, no octal, no `yes` and `on` as booleans."""


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
        # Status codes are often written without quotes; everywhere else a key is text already.
        name = str(key) if isinstance(key, int) and not isinstance(key, bool) else key
        if not isinstance(name, str):
            raise yaml.constructor.ConstructorError(None, None, "a key that is not text", key_node.start_mark)
        if name in members:
            raise yaml.constructor.ConstructorError(None, None, f"the key {name!r} twice", key_node.start_mark)
        members[name] = loader.construct_object(value_node, deep=True)
    return members


_JsonLikeLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


@dataclass(frozen=True)
class YamlFile:
    """A YAML document and where each of its parts stands."""

    path: Path
    text: str
    value: jp.Json

    def place(self, pointer: str) -> str:
        """Says file, line and JSON pointer of a part, or of its nearest parent that exists."""
        line = self._line(pointer)
        return f"{self.path}:{line} ({pointer or '/'})"

    def _line(self, pointer: str) -> int:
        # Composed again only when something is wrong: the happy path pays nothing for line numbers.
        node = yaml.compose(self.text, Loader=_JsonLikeLoader)
        line = 1
        for token in jp.tokens(pointer):
            child: yaml.Node | None = None
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == token:
                        line, child = key.start_mark.line + 1, value
            elif isinstance(node, yaml.SequenceNode) and token.isdigit() and int(token) < len(node.value):
                child = node.value[int(token)]
                line = child.start_mark.line + 1
            if child is None:
                break
            node = child
        return line


def read_yaml(path: Path, *, error: type[KitError]) -> YamlFile:
    """Reads one YAML document.

    Raises:
        KitError: Of the type `error`: no such file, not text, or not YAML; says the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise error("there is no such file", where=str(path), remedy="Check the path.") from None
    except UnicodeDecodeError as cause:
        raise error(
            f"not UTF-8 text at byte {cause.start}", where=str(path), remedy="Save the file as UTF-8."
        ) from None
    except OSError as cause:
        raise error(f"cannot be read: {cause.strerror}", where=str(path)) from None
    try:
        value = yaml.load(text, Loader=_JsonLikeLoader)  # noqa: S506  # a safe loader by its base
    except yaml.MarkedYAMLError as cause:
        line = cause.problem_mark.line + 1 if cause.problem_mark else 1
        raise error(
            f"not readable as YAML: {cause.problem}",
            where=f"{path}:{line}",
            remedy="Mend the line; indentation, a missing colon or a missing quote are the usual reasons.",
        ) from None
    except yaml.YAMLError as cause:
        raise error(f"not readable as YAML: {cause}", where=str(path)) from None
    except RecursionError:
        raise error("nested too deeply", where=str(path), remedy="Give a document of fewer levels.") from None
    return YamlFile(path, text, value)
