"""Schema converter: translates foreign schemas to JSON Schema 2020-12 and notes what it cannot use."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from callback_contract.openapi.contract.checking import SCHEMA_KEYWORDS
from callback_contract.openapi.contract.derivation import SUBSCHEMA_LISTS, SUBSCHEMA_MAPS, SUBSCHEMAS
from callback_contract.openapi.contract.ecma_patterns import for_engine, for_python
from callback_contract.openapi.contract.example_value import TEXTS
from callback_contract.openapi.contract.members import FORMATS
from callback_contract.openapi.contract.patterns import longest_text
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.references import Fault, Faulty, Library, Place
from callback_contract.openapi.text.message import Text

__all__ = [
    "ALTERNATIVES",
    "BEYOND",
    "NOT_DRAWN",
    "UNSAID",
    "Converter",
    "demanded",
    "known_pattern",
    "left_out",
    "mapped_place",
]

NOT_DRAWN = "x-not-drawn"
"""Marks a schema with the reason why no value is generated, but examples are."""

BEYOND = "x-beyond-reason"
"""Marks a schema for which not even a plain value can stand in."""

UNSAID = "x-unsaid"
"""Marks an object whose content the contract leaves undefined."""

ALTERNATIVES = frozenset({"oneOf", "anyOf"})

_PARENT = re.compile(r"(?:/allOf/[0-9]+)+")
_MOST_LEVELS = 100  # nested schemas in one part; a reference starts a new count
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_IGNORED = frozenset("$schema $comment $anchor $defs definitions xml externalDocs deprecated discriminator".split())
_TEXT_FORMATS = frozenset(TEXTS) | frozenset(FORMATS)
_SAYING = frozenset(
    """properties additionalProperties patternProperties unevaluatedProperties propertyNames allOf anyOf oneOf not if
    enum const minProperties required x-provenance""".split()
)  # the last one belongs to the kit: its author has thought about the object
_CHECKED = {"properties": dict, "patternProperties": dict, "enum": list, "required": list}
_ANNOTATIONS: dict[str, type] = {
    **dict.fromkeys(("title", "description", "contentEncoding", "contentMediaType"), str),
    **dict.fromkeys(("readOnly", "writeOnly"), bool),
}
_NUMBERS = float(2**53)
_REACH = {
    **dict.fromkeys(("minimum", "exclusiveMinimum"), (-math.inf, _NUMBERS)),
    **dict.fromkeys(("maximum", "exclusiveMaximum"), (-_NUMBERS, math.inf)),
    "multipleOf": (1e-9, _NUMBERS),
    "minLength": (0, 100_000),
    "minItems": (0, 1000),
    "minProperties": (0, 1000),
    "minContains": (0, 1000),
}
_OF_TYPE: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _is_odd_annotation(key: str, value: jp.Json) -> bool:
    if key == "required":  # a boolean says in OpenAPI that a parameter, and in old drafts that a member, has to stand
        return isinstance(value, bool)
    return key in _ANNOTATIONS and not isinstance(value, _ANNOTATIONS[key])


def mapped_place(library: Library, place: Place, reference: str) -> Place | None:
    """Return the schema that a discriminator's mapping names, by a reference or by its name."""
    for each in (reference, f"#/components/schemas/{reference}"):
        with contextlib.suppress(Faulty):
            return library.target(place, each)
    return None


def demanded(name: str, values: list[str]) -> dict[str, jp.Json]:
    """Return the schema that asks for a value of a discriminator."""
    return {"properties": {name: {"enum": values}}, "required": [name]}


def left_out(fault: Fault) -> Fault:
    """Return the note on an alternative that has a fault, beside others that have none."""
    return Fault(fault.file, fault.pointer, Text("fault.alternative-left-out", why=fault.what))


@lru_cache(maxsize=1024)
def known_pattern(pattern: str) -> str | None:
    """Return a regular expression (ECMA 262) as every engine in use knows it; None if one does not.

    They are the validator's and, to make texts by, Python's.
    """
    import jsonschema_rs

    for spelt in dict.fromkeys((pattern, for_engine(pattern))):
        with contextlib.suppress(re.error, ValueError, OverflowError, RecursionError, jsonschema_rs.ValidationError):
            jsonschema_rs.validator_for({"pattern": spelt})
            re.compile(for_python(spelt))
            return spelt
    return None


class Converter:
    """Converts the schemas of one part of a document.

    Args:
        named: Returns the canonical name of the component at a place, or of its children where a discriminator tells
            them apart.
        root: The schema that is converted.
        is_component: Whether it has a name: then its `allOf` names its parents, not values of them.

    Attributes:
        refs: Names of the components that were referred to.
        inside: Those of them that apply to the same value, and not to a part of it.
        faults: What makes the part unusable.
        notes: Notes on parts that were ignored or read differently.
    """

    def __init__(
        self, library: Library, named: Callable[[Place, bool], str], root: Place, *, is_component: bool = False
    ) -> None:
        self._library = library
        self._named = named
        self._root = root if is_component else None
        self.refs: dict[str, None] = {}
        self.inside: dict[str, None] = {}
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []
        self._levels = 0

    def convert(self, place: Place, *, same: bool = True) -> jp.Json:
        """Return the canonical form of the schema at a place.

        Faults and notes are collected.

        Args:
            same: Whether it applies to the same value as the part does.
        """
        schema = place.value
        if schema is None:
            self._note(place, Text("fault.null-schema"))
            return {}
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, Mapping):
            self.faults.append(place.fault(Text("error-contract.no-schema"), Text("fault.mend-schema")))
            return {}
        is_old = self._library.is_old(place.file)
        if "$ref" in schema:
            reference = self._reference(place, same)
            if is_old or reference is None:
                return reference or {}
            schema = {key: value for key, value in schema.items() if key != "$ref"}
            return {**self._converted(Place(place.file, place.pointer, schema), same), **reference}
        return self._converted(place, same)

    def _reference(self, place: Place, same: bool) -> dict[str, str] | None:
        reference = place.value["$ref"]
        if not isinstance(reference, str):
            self.faults.append(place.fault(Text("fault.ref-no-text"), Text("fault.write-reference")))
            return None
        try:
            name = self._named(self._library.target(place, reference), not self._is_parent(place))
        except Faulty as faulty:
            self.faults.append(Fault(place.file, f"{place.pointer}/$ref", faulty.fault.what, faulty.fault.remedy))
            return None
        self.refs[name] = None
        if same:
            self.inside[name] = None
        return {"$ref": f"#/components/schemas/{name}"}

    def _is_parent(self, place: Place) -> bool:
        root = self._root
        return root is not None and _PARENT.fullmatch(place.pointer.removeprefix(root.pointer)) is not None

    def _converted(self, place: Place, same: bool) -> dict[str, Any]:
        schema: Mapping[str, jp.Json] = place.value
        made: dict[str, Any] = {}
        self._levels += 1
        if self._levels > _MOST_LEVELS:
            raise RecursionError  # earlier than Python itself: later steps need more of its stack
        for key, value in schema.items():
            wanted = _CHECKED.get(key)
            if key in _IGNORED:
                continue
            if key in {"$dynamicRef", "$dynamicAnchor", "$id"}:
                self.faults.append(place.fault(Text("fault.dynamic-reference", key=key), Text("fault.write-ref")))
            elif key not in SCHEMA_KEYWORDS and not key.startswith("x-") and key != "nullable":
                self._note(place, Text("fault.unknown-keyword", key=key))
            elif _is_odd_annotation(key, value):
                self._note(place, Text("fault.annotation", key=key))
            elif wanted is not None and not isinstance(value, wanted):
                kind = "list" if wanted is list else "object"
                self.faults.append(place.fault(Text(f"fault.no-{kind}", key=key), Text(f"fault.write-{kind}")))
            elif key in SUBSCHEMA_MAPS:
                made[key] = {name: self.convert(place.child(key, name), same=False) for name in value}
            elif key in SUBSCHEMA_LISTS:
                made[key] = self._alternatives(place, key, same and key != "prefixItems")
            elif key in SUBSCHEMAS:
                made[key] = self.convert(place.child(key), same=same and key in {"not", "if", "then", "else"})
            elif key not in {"nullable", "example"}:
                made[key] = value
        self._types(place, made)
        self._bounds(made)
        self._reach(made)
        self._examples(place, made)
        self._patterns(place, made)
        self._formats(made)
        self._discriminated(place, made)
        self._usable(made)
        if "object" in (made.get("type") or ()) and not _SAYING & set(made):
            made[UNSAID] = True
        self._levels -= 1
        return made

    def _note(self, place: Place, what: str) -> None:
        self.notes.append(place.fault(what))

    def _alternatives(self, place: Place, key: str, same: bool) -> list[Any]:
        if not isinstance(place.value[key], list) or not place.value[key]:
            self.faults.append(place.fault(Text("fault.no-list-of-schemas", key=key), Text("fault.write-one-schema")))
            return [{}]
        branches = [place.child(key, index) for index in range(len(place.value[key]))]
        if key in ALTERNATIVES:
            return [self._alternative(branch, same) for branch in branches]
        return [self.convert(branch, same=same) for branch in branches]

    def _alternative(self, place: Place, same: bool) -> jp.Json | Fault:
        """Return an alternative, or why it cannot be used: the others are."""
        before, self.faults = self.faults, []
        branch = self.convert(place, same=same)
        found, self.faults = self.faults, before
        return found[0] if found else branch

    def _usable(self, made: dict[str, Any]) -> None:
        for key in ALTERNATIVES & set(made):
            unusable = [branch for branch in made[key] if isinstance(branch, Fault)]
            made[key] = [branch for branch in made[key] if not isinstance(branch, Fault)]
            if not made[key]:
                self.faults.append(unusable[0])
                made[key] = [{}]
            self.notes += [left_out(fault) for fault in unusable]

    def _types(self, place: Place, made: dict[str, Any]) -> None:
        types = made.get("type", [])
        types = [types] if isinstance(types, str) else types
        wrong = [name for name in types if name not in _TYPES] if isinstance(types, list) else [types]
        if wrong:
            self.faults.append(place.fault(Text("fault.type", type=repr(wrong[0])), Text("fault.use-one")))
            return
        if place.value.get("nullable") is True and types:
            if not self._library.is_old(place.file):
                self._note(place, Text("fault.unknown-keyword", key="nullable"))
            elif "null" not in types:
                types = [*types, "null"]
                made["type"] = types
        if isinstance(made.get("required"), list):
            made["required"] = list(dict.fromkeys(made["required"]))
        if "enum" in made:
            self._listed(place, made, types)

    def _listed(self, place: Place, made: dict[str, Any], types: list[str]) -> None:
        values = list({repr(value): value for value in made["enum"]}.values())
        fitting = [value for value in values if not types or any(_OF_TYPE[name](value) for name in types)]
        if not fitting:
            self.faults.append(place.fault(Text("fault.enum-of-other-type"), Text("fault.mend-list")))
        elif len(fitting) < len(values):
            self._note(place, Text("fault.some-of-other-type"))
        made["enum"] = fitting

    def _bounds(self, made: dict[str, Any]) -> None:
        for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(made.get(exclusive), bool) and made.pop(exclusive) and bound in made:
                made[exclusive] = made.pop(bound)

    def _reach(self, made: dict[str, Any]) -> None:
        """Mark a bound beyond every sent value, so that no value is generated for it."""
        for key, (least, most) in _REACH.items():
            value = made.get(key)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and not least <= value <= most:
                made[NOT_DRAWN] = f"its {key!r} is beyond reason"
                made[BEYOND] = True

    def _examples(self, place: Place, made: dict[str, Any]) -> None:
        if "examples" in made and not isinstance(made["examples"], list):
            self._note(place, Text("fault.examples-no-list"))
            del made["examples"]
        if "example" in place.value and not made.get("examples"):
            made["examples"] = [place.value["example"]]

    def _patterns(self, place: Place, made: dict[str, Any]) -> None:
        pattern = made.pop("pattern", None)
        spelt = known_pattern(pattern) if isinstance(pattern, str) else None
        if spelt is not None:
            made["pattern"] = spelt
        elif pattern is not None:
            made[NOT_DRAWN] = "its regular expression is not known here"
            self._note(place, Text("fault.unknown-expression"))
        if "patternProperties" in made:
            named = {known_pattern(each): child for each, child in made["patternProperties"].items()}
            if None in named:
                del named[None]
                made[NOT_DRAWN] = "a regular expression for its names is not known here"
                self._note(place, Text("fault.unknown-expression"))
            made["patternProperties"] = named
        for each in [*([spelt] if spelt else []), *made.get("patternProperties", {})]:
            if not longest_text(each):
                self._note(place, Text("fault.expression-not-held"))

    def _formats(self, made: dict[str, Any]) -> None:
        name = made.get("format")
        if "contentMediaType" in made and not {"enum", "const"} & set(made):
            made[NOT_DRAWN] = f"its content is {made['contentMediaType']}"
        if name is None:
            return
        types = made.get("type", "string")
        if not isinstance(name, str):
            del made["format"]
        elif "string" in types and name not in _TEXT_FORMATS and "enum" not in made and "const" not in made:
            made[NOT_DRAWN] = f"its format {name!r} is not known here"

    def _discriminated(self, place: Place, made: dict[str, Any]) -> None:
        """Require in each alternative its own value of the discriminator, as receivers do."""
        told = place.value.get("discriminator")
        name = told.get("propertyName") if isinstance(told, Mapping) else None
        if not isinstance(name, str):
            return
        key = next((key for key in ("oneOf", "anyOf") if key in made), None)
        if key is None:
            return  # it tells the children of a component apart: see `children`
        mapped: dict[object, list[str]] = {}
        for value, reference in (told.get("mapping") or {}).items():
            target = mapped_place(self._library, place, str(reference))
            if target is not None:
                mapped.setdefault(target.key, []).append(value)
        for index, branch in enumerate(made[key]):
            raw = place.value[key][index]
            reference = raw.get("$ref") if isinstance(raw, Mapping) else None
            if not isinstance(reference, str) or isinstance(branch, Fault):
                continue
            target = mapped_place(self._library, place, reference)
            if target is None or self._is_told(target, name):
                continue
            values = mapped.get(target.key) or [jp.tokens(target.pointer)[-1]]
            made[key][index] = {"allOf": [branch, demanded(name, values)]}

    def _is_told(self, place: Place, name: str, depth: int = 0) -> bool:
        """Return whether a schema itself fixes the value of its discriminator."""
        try:
            place = self._library.followed(place)
            member = dict(place.members("properties")).get(name)
            if member is not None:
                value = self._library.followed(member).value
                if isinstance(value, Mapping) and ("const" in value or "enum" in value):
                    return True
        except Faulty:
            return False
        parts = place.value.get("allOf") if isinstance(place.value, Mapping) else None
        if not isinstance(parts, list) or depth > 5:
            return False
        return any(self._is_told(place.child("allOf", index), name, depth + 1) for index in range(len(parts)))
