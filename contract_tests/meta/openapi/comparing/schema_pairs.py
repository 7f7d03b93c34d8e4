"""Schema pairs: drawn schemas and enumerated JSON values, as an oracle for the comparison."""

from __future__ import annotations

import itertools
from typing import Any

import hypothesis.strategies as st

NAMES = ("a", "b", "ab")
SCALARS = (None, True, False, 0, 1, -1, 2, 3, 6, 1.5, "", "a", "b", "ab", "aaa")


def _pool() -> tuple[Any, ...]:
    few = (None, True, 1, 1.5, "a", "aaa")
    arrays: list[Any] = [
        [],
        *([x] for x in SCALARS),
        *(list(p) for p in itertools.product(few, repeat=2)),
        [1, 1, 1],
        ["a", "b", "ab"],
        [1, "a", None],
        [[]],
        [[1]],
        [["a"]],
        [{}],
        [{"a": 1}],
        [{"a": "a"}],
    ]
    values = (None, 0, 3, 1.5, "a", "aaa", [], ["a"], {})
    members = (*SCALARS, [], [1], ["a"], {}, {"a": 1}, {"b": "a"})
    objects: list[Any] = [{}, *({name: x} for name in NAMES for x in members)]
    objects += [{m: x, n: y} for m, n in itertools.combinations(NAMES, 2) for x in values for y in values]
    objects += [dict(zip(NAMES, xs, strict=True)) for xs in itertools.product((0, "a", None, {}), repeat=3)]
    objects += [{"a": {"a": x}} for x in few] + [{"z": x} for x in few] + [{"a": 1, "z": x} for x in few]
    objects += [{"a": {"a": {"a": x}}} for x in few] + [{"b": [{"a": x}]} for x in few]
    return (*SCALARS, *arrays, *objects)


POOL = _pool()
"""About eight hundred values that distinguish the schemas below."""

small = st.integers(0, 3)
patterns = st.sampled_from(["^a", "b", "^$", "^a+$"])
scalars = st.sampled_from(SCALARS)


@st.composite
def _fragments(draw: Any, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    """One keyword, or two that belong together."""
    kind = draw(
        st.sampled_from(
            ["type"] * 3
            + ["enum", "number", "number", "text", "text", "array", "array"]
            + ["object"] * 4
            + ["member"] * 3
            + ["combined"] * 2
        )
    )
    if kind == "type":
        names = ["string", "integer", "number", "boolean", "null", "array", "object", "object"]
        several = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)
        return {"type": draw(st.sampled_from(names) | several)}
    if kind == "enum":
        values = draw(st.lists(scalars | st.sampled_from([[], {}, {"a": 1}]), min_size=1, max_size=4))
        return {"const": values[0]} if len(values) == 1 else {"enum": values}
    if kind == "number":
        key = draw(st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]))
        return {key: draw(st.sampled_from([1, 2, 3, 0.5, 1.5] if key == "multipleOf" else [-1, 0, 1, 1.5, 2, 3]))}
    if kind == "text":
        key = draw(st.sampled_from(["minLength", "maxLength", "pattern"]))
        return {key: draw(patterns if key == "pattern" else small)}
    if kind == "array":
        key = draw(
            st.sampled_from(
                ["items", "items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"]
            )
        )
        if key == "contains":
            return {
                "contains": draw(inner),
                **draw(st.fixed_dictionaries({}, optional={"minContains": small, "maxContains": small})),
            }
        return {
            key: draw(
                {
                    "prefixItems": st.lists(inner, min_size=1, max_size=2),
                    "uniqueItems": st.booleans(),
                    "items": inner,
                    "unevaluatedItems": inner | st.just(False),
                }.get(key, small)
            )
        }
    if kind == "object":
        key = draw(
            st.sampled_from(
                [
                    "required",
                    "required",
                    "additionalProperties",
                    "additionalProperties",
                    "patternProperties",
                    "minProperties",
                    "maxProperties",
                    "propertyNames",
                    "dependentRequired",
                    "dependentSchemas",
                    "unevaluatedProperties",
                ]
            )
        )
        names = st.sampled_from(NAMES)
        return {
            key: draw(
                {
                    "required": st.lists(names, max_size=2, unique=True),
                    "additionalProperties": st.just(False) | inner,
                    "unevaluatedProperties": st.just(False) | inner,
                    "patternProperties": st.dictionaries(patterns, inner, min_size=1, max_size=2),
                    "propertyNames": inner,
                    "dependentRequired": st.dictionaries(names, st.lists(names, max_size=1)),
                    "dependentSchemas": st.dictionaries(names, inner, max_size=1),
                }.get(key, small)
            )
        }
    if kind == "member":
        return {"properties": draw(st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3))}
    key = draw(st.sampled_from(["allOf", "anyOf", "oneOf", "anyOf", "oneOf", "not", "if"]))
    if key == "not":
        return {"not": draw(inner)}
    if key == "if":
        return {"if": draw(inner), **draw(st.fixed_dictionaries({}, optional={"then": inner, "else": inner}))}
    return {key: draw(st.lists(inner, min_size=1, max_size=3))}


def _extended(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fragments = st.lists(_fragments(inner), min_size=1, max_size=4)
    return fragments.map(lambda parts: {key: value for part in parts for key, value in part.items()})


_leaves = (
    st.booleans()
    | st.just({})
    | st.sampled_from(
        [{"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "object"}, {"type": ["string", "null"]}]
    )
)
schemas = _extended(_leaves | _extended(_leaves))
_RECURSIVE = {"$ref": "#/$defs/t"}


@st.composite
def mutated(draw: Any, schema: Any, depth: int = 0) -> Any:
    """Draw a schema close to another one: a keyword is dropped, drawn anew or changed."""
    if not isinstance(schema, dict) or not schema or depth > 3:
        return draw(_leaves)
    keys = sorted(schema)
    key = draw(st.sampled_from(keys))
    rest = {k: v for k, v in schema.items() if k != key}
    way = draw(st.sampled_from(["below", "below", "below", "drop", "add", "wrap", "more"]))
    value = schema[key]
    if (
        way == "below"
        and isinstance(value, dict)
        and key in {"items", "not", "if", "then", "else", "contains", "additionalProperties", "propertyNames"}
    ):
        return {**rest, key: draw(mutated(value, depth + 1))}
    if way == "below" and key in {"properties", "patternProperties", "dependentSchemas"} and value:
        name = draw(st.sampled_from(sorted(value)))
        if draw(st.booleans()):
            return {**rest, key: {**value, name: draw(mutated(value[name], depth + 1))}}
        return {**rest, key: {n: v for n, v in value.items() if n != name}}
    if way in {"below", "more"} and isinstance(value, list) and value:
        index = draw(st.integers(0, len(value) - 1))
        if key in {"allOf", "anyOf", "oneOf", "prefixItems"}:
            new = draw(mutated(value[index], depth + 1))
            cut = [*value[:index], *([new] if way == "below" else []), *value[index + 1 :]]
            return {**rest, key: cut} if cut else rest
        cut = [*value[:index], *value[index + 1 :]]
        return {**rest, key: cut} if cut else rest
    if way == "below" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return {**rest, key: max(value + draw(st.sampled_from([-1, 1])), 1 if key == "multipleOf" else 0)}
    if way == "drop":
        return rest
    if way == "wrap":
        return draw(
            st.sampled_from(
                [{"allOf": [schema]}, {"anyOf": [schema]}, {"oneOf": [schema, False]}, {"allOf": [rest, {key: value}]}]
            )
        )
    return {**schema, **draw(_fragments(_leaves))}


@st.composite
def pairs(draw: Any) -> tuple[Any, Any]:
    """An old and a new schema; in some of them a member refers to the whole."""
    old = draw(schemas)
    new = old
    for _ in range(draw(st.integers(1, 3))):
        new = draw(mutated(new))
    if draw(st.sampled_from([False, False, True])):
        return _recursive(old), _recursive(new)
    return old, new


def _recursive(schema: Any) -> Any:
    if isinstance(schema, dict):
        schema = {**schema, "properties": {**schema.get("properties", {}), "a": _RECURSIVE}}
    return {**_RECURSIVE, "$defs": {"t": schema}}
