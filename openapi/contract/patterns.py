"""Validators of a contract's schemas, whose regular expressions cannot run away.

Python's `re` tries every way to match: a pattern such as `^(a+)+$` keeps it busy for hours with forty letters, and
nothing stops it. The engine of jsonschema-rs takes a time that grows with the text and no faster. Look-around and
back-references need another one there, which tries every way, too: a pattern with them is held against a text where
it takes no longer all the same. Elsewhere it is an annotation, as `format` is: no validator enforces it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from callback_contract.openapi.contract.derivation import SUBSCHEMA_LISTS, SUBSCHEMA_MAPS, SUBSCHEMAS
from callback_contract.openapi.contract.determinism import longest_text_of
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["enforcer", "longest_text", "matches", "unenforced", "validator_of"]

_IRREGULAR = re.compile(r"\(\?(?!:)|\\[1-9k]")  # or else a name, a flag: an engine is asked
_MOST_STEPS = 10**9  # more than a pattern that is held against a text takes for any text that it is held against
_FEW_STEPS = 10_000  # a millisecond
_VALUES = frozenset("const default enum example examples value".split())
_NAMED = frozenset([*SUBSCHEMA_MAPS, "schemas", "webhooks"])  # keys of what stands there are anybody's names


def validator_of(schema: Any, *, validate_formats: bool = False, **options: Any) -> Any:
    """The validator of a self-contained schema of a contract; the only way to make one.

    Raises:
        ValueError: The schema is none, or refers to nothing.
    """
    import jsonschema_rs

    held = jsonschema_rs.FancyRegexOptions(backtrack_limit=_MOST_STEPS)
    enforced = enforcer(schema)(schema)
    return jsonschema_rs.validator_for(enforced, validate_formats=validate_formats, pattern_options=held, **options)


def matches(pattern: str, text: str) -> bool:
    """Whether an ECMA 262 pattern matches somewhere in a text; not, where an annotation takes long to say so.

    Raises:
        ValueError: The pattern is not a regular expression.
    """
    return _matcher(pattern)(text)


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], bool]:
    import jsonschema_rs

    steps = _MOST_STEPS if longest_text(pattern) else _FEW_STEPS
    is_valid: Callable[[str], bool] = jsonschema_rs.Draft202012Validator(
        {"pattern": pattern}, pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=steps)
    ).is_valid
    return is_valid


@lru_cache(maxsize=1024)
def longest_text(pattern: str) -> float:
    """Up to how many characters a pattern is held against a text; none, where it is an annotation."""
    import jsonschema_rs

    if not _IRREGULAR.search(pattern) or _is_read(pattern, jsonschema_rs.RegexOptions()):
        return math.inf
    if not _is_read(pattern, jsonschema_rs.FancyRegexOptions()):
        return math.inf  # no engine knows it, which whoever compiles it says
    return longest_text_of(pattern)


def _is_read(pattern: str, engine: Any) -> bool:
    import jsonschema_rs

    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=engine)
    except ValueError:
        return False
    return True


def unenforced(value: jp.Json, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """The pointers of a document's patterns that are annotations."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from unenforced(item, (*path, index))
    elif isinstance(value, Mapping):
        is_names = bool(path) and path[-1] in _NAMED
        yield from (jp.join([*path, *keys]) for keys, pattern in _patterns(value) if not longest_text(pattern))
        for key, item in value.items():
            if is_names or key not in _VALUES:
                yield from unenforced(item, (*path, key))


def _patterns(schema: Mapping[str, jp.Json]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The regular expressions of one schema, and where they stand in it."""
    if isinstance(pattern := schema.get("pattern"), str):
        yield ("pattern",), pattern
    named = schema.get("patternProperties")
    yield from ((("patternProperties", name), name) for name in (named if isinstance(named, Mapping) else ()))


def enforcer(root: jp.Json) -> Callable[[jp.Json], jp.Json]:
    """What takes annotations out of the schemas of a document, so that none refuses what the contract accepts.

    Args:
        root: What the references in them point into; it may be a schema itself.
    """
    having = _having_patterns(root)
    limited = any(longest_text(pattern) < math.inf for each in having for _, pattern in _patterns(each))
    return _Enforcer(root).enforced if limited else lambda schema: schema


def _having_patterns(root: jp.Json) -> list[Mapping[str, jp.Json]]:
    """Return the schemas with regular expressions; every validator of a contract asks, so that it is a tight loop."""
    waiting: list[jp.Json] = [root]
    having: list[Mapping[str, jp.Json]] = []
    for part in waiting:  # grows during the loop
        if isinstance(part, dict):
            if "pattern" in part or "patternProperties" in part:
                having.append(part)
            waiting += [each for each in part.values() if isinstance(each, (dict, list))]
        elif isinstance(part, list):
            waiting += [each for each in part if isinstance(each, (dict, list))]
    return having


def _objects(value: jp.Json) -> Iterator[Mapping[str, jp.Json]]:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
        inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        waiting += [each for each in inside if isinstance(each, (dict, list))]


class _Enforcer:
    """Loosens schemas: a value that an annotation may or may not refuse is accepted wherever it stands."""

    def __init__(self, root: jp.Json) -> None:
        parts: dict[str, jp.Json] = {}
        for each in _objects(root):
            reference = each.get("$ref")
            if isinstance(reference, str) and reference not in parts:
                try:
                    parts[reference] = jp.get(root, reference.removeprefix("#"))
                except (LookupError, ValueError):
                    parts[reference] = True  # a reference to nothing is others' to find fault with
        self._doubtful: set[str] = set()
        while found := {name for name in parts if name not in self._doubtful and self._is_doubtful(parts[name])}:
            self._doubtful |= found

    def _is_doubtful(self, schema: jp.Json) -> bool:
        """Whether a schema has an annotation, or refers to one that has: what it refuses is not known."""
        return any(
            each.get("$ref") in self._doubtful or any(not longest_text(pattern) for _, pattern in _patterns(each))
            for each in _objects(schema)
        )

    def enforced(self, schema: jp.Json) -> jp.Json:
        if not isinstance(schema, Mapping):
            return schema
        made: dict[str, Any] = {}
        for key, value in schema.items():
            if key in SUBSCHEMA_MAPS and isinstance(value, Mapping):
                made[key] = {name: self.enforced(child) for name, child in value.items()}
            elif key in SUBSCHEMA_LISTS and isinstance(value, list):
                made[key] = [self.enforced(child) for child in value]
            else:
                # What is doubtful below `not` and `if` is left out with them; the rest keeps its meaning.
                made[key] = self.enforced(value) if key in SUBSCHEMAS and key not in {"not", "if"} else value
        also = [*self._held(made), *self._chosen(made, schema)]
        return {**made, "allOf": [*made.get("allOf", ()), *also]} if also else made

    def _held(self, made: dict[str, Any]) -> Iterator[jp.Json]:
        """The patterns as they are held against texts and names."""
        pattern, most = made.get("pattern"), made.get("maxLength")
        longest = longest_text(pattern) if isinstance(pattern, str) else math.inf
        if longest < (most if longest and isinstance(most, (int, float)) else math.inf):
            del made["pattern"]
            if longest:
                yield {"if": {"maxLength": longest}, "then": {"pattern": pattern}}
        if wild := [name for name in made.get("patternProperties", ()) if not longest_text(name)]:
            kept = {name: child for name, child in made["patternProperties"].items() if name not in wild}
            made["patternProperties"] = {**kept, "": {}}  # any name may be one of those: it is no other name

    def _chosen(self, made: dict[str, Any], schema: Mapping[str, jp.Json]) -> Iterator[jp.Json]:
        """Where a keyword accepts less when what stands below it accepts more, another that does not."""
        doubtful = {key for key in ("not", "if", "oneOf", "contains") if self._is_doubtful(schema.get(key))}
        if "not" in doubtful:
            del made["not"]
        if "if" in doubtful:
            then = {"allOf": [self.enforced(made.pop("if")), made.pop("then", {})]}
            yield {"anyOf": [then, made.pop("else", {})]}
        if "oneOf" in doubtful:
            yield {"anyOf": made.pop("oneOf")}
        if "contains" in doubtful:
            made.pop("maxContains", None)
