"""Schema comparison: each verdict is checked against instances that prove or refute it."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.meta.openapi.comparing.schema_pairs import POOL, SCALARS, pairs
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.cli.diff_command import diff
from callback_contract.openapi.comparing import Change, compare, worst
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.schema_nodes import reader
from callback_contract.openapi.comparing.verdicts import verdict
from callback_contract.openapi.contract.derivation import tolerant_schema
from callback_contract.openapi.contract.loading import CONTRACT_FILE, load_contract
from callback_contract.openapi.text.errors import KitError

TEXT, WHOLE, NONE = {"type": "string"}, {"type": "integer"}, {"type": "null"}


def document(
    body: Any = None, *, answers: Any = None, version: str = "1.0.0", name: str = "parcelMoved", **rest: Any
) -> Any:
    """A contract of one made-up callback; `rest` is put into the operation."""
    schema = {"$ref": "#/components/schemas/Body"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parcels", "version": version},
        "webhooks": {
            name: {
                "post": {
                    "operationId": name,
                    "summary": "A parcel moved",
                    "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
                    "responses": answers or {"200": {"description": "taken"}},
                    **rest,
                }
            }
        },
        "components": {"schemas": {"Body": body or {}}},
    }


@pytest.fixture
def changes_of(tmp_path: Path) -> Any:
    def compared(old: Any, new: Any) -> tuple[Change, ...]:
        return compare(*(saved(tmp_path, name, value, load=True) for name, value in (("old", old), ("new", new))))

    return compared


def saved(folder: Path, name: str, value: Any, *, load: bool = False) -> Any:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(value))
    return load_contract(path) if load else path


def thing(required: Any = (), /, closed: bool = False, **members: Any) -> dict[str, Any]:
    """An object schema."""
    schema: dict[str, Any] = {"type": "object", "required": list(required), "properties": members}
    return {**schema, "additionalProperties": False} if closed else schema


@dataclass(frozen=True)
class Row:
    """A change of a schema, the level expected of it, and an instance.

    Attributes:
        instance: For a safe change one that the writer may write, to be varied; for others one that the writer may
            write and that a strict reader refuses. None where no instance can tell.
        tolerated: Whether the tolerant form of the old schema takes the instance (only a risky delivery's does).
    """

    what: str
    level: str
    old: Any
    new: Any
    instance: Any = None
    answer: bool = False
    tolerated: bool | None = None

    def __str__(self) -> str:
        return f"{'answer' if self.answer else 'delivery'}: {self.what}"


def answered(what: str, level: str, old: Any, new: Any, instance: Any = None) -> Row:
    return Row(what, level, old, new, instance, answer=True)


def either(*branches: Any) -> Any:
    return {"oneOf": list(branches)}


def tagged(tag: str, **members: Any) -> Any:
    return thing(["kind", *members], kind={"const": tag}, **members)


KNOWN = {"enum": ["a", "b"]}
AT_MOST_3, AT_MOST_4 = {**TEXT, "maxLength": 3}, {**TEXT, "maxLength": 4}
LOOSE = {"type": "object", "patternProperties": {"^x-": TEXT}}
ROWS = (
    # members of a body
    Row("a new optional member", "risky", thing(a=TEXT), thing(a=TEXT, b=WHOLE), {"b": 1}, tolerated=True),
    Row("a new required member", "risky", thing(a=TEXT), thing(["b"], a=TEXT, b=WHOLE), {"b": 1}, tolerated=True),
    Row(
        "a new member of a closed object",
        "risky",
        thing(closed=True, a=TEXT),
        thing(closed=True, a=TEXT, b=WHOLE),
        {"b": 1},
        tolerated=True,
    ),
    Row("a member that a free map gets", "safe", {"type": "object"}, thing(a=TEXT), {"a": "x"}),
    Row(
        "a member against a map's type",
        "breaking",
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": TEXT, "properties": {"a": WHOLE}},
        {"a": 1},
    ),
    Row("a removed required member", "breaking", thing(["a", "b"], a=TEXT, b=TEXT), thing(["a"], a=TEXT), {"a": "x"}),
    Row("a removed optional member", "risky", thing(a=TEXT, b=TEXT), thing(a=TEXT), {"b": 1}, tolerated=False),
    Row(
        "a removed optional member of a closed object",
        "safe",
        thing(closed=True, a=TEXT, b=TEXT),
        thing(closed=True, a=TEXT),
        {"a": "x"},
    ),
    Row("a member no longer required", "breaking", thing(["a"], a=TEXT), thing(a=TEXT), {}),
    Row("a member always there", "safe", thing(a=TEXT), thing(["a"], a=TEXT), {"a": "x"}),
    Row("an opened object", "risky", thing(closed=True, a=TEXT), thing(a=TEXT), {"z": 1}, tolerated=True),
    Row("a closed object", "safe", thing(a=TEXT), thing(closed=True, a=TEXT), {"a": "x"}),
    Row(
        "a map of more types",
        "breaking",
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        {"k": 1},
    ),
    Row(
        "a map of fewer types", "safe", {"type": "object"}, {"type": "object", "additionalProperties": TEXT}, {"k": "x"}
    ),
    Row("a pattern of names dropped", "breaking", LOOSE, {"type": "object"}, {"x-a": 1}),
    Row("a pattern of names added", "safe", {"type": "object"}, LOOSE, {"x-a": "v"}),
    Row(
        "more members at most",
        "breaking",
        {"type": "object", "maxProperties": 1},
        {"type": "object", "maxProperties": 2},
        {"a": 1, "b": 1},
    ),
    Row(
        "names of any form",
        "breaking",
        {"type": "object", "propertyNames": {"maxLength": 2}},
        {"type": "object"},
        {"abc": 1},
    ),
    Row(
        "a dependent member dropped",
        "breaking",
        {"type": "object", "dependentRequired": {"a": ["b"]}},
        {"type": "object"},
        {"a": 1},
    ),
    # types
    Row("a widened type", "breaking", thing(a=WHOLE), thing(a={"type": ["integer", "string"]}), {"a": "1"}),
    Row("fractions", "breaking", thing(a=WHOLE), thing(a={"type": "number"}), {"a": 1.5}),
    Row("only whole numbers", "safe", thing(a={"type": "number"}), thing(a=WHOLE), {"a": 1}),
    Row("null allowed", "breaking", thing(a=TEXT), thing(a={"type": ["string", "null"]}), {"a": None}),
    Row("null no longer allowed", "safe", thing(a={"type": ["string", "null"]}), thing(a=TEXT), {"a": "x"}),
    Row("null allowed by anyOf", "breaking", thing(a=TEXT), thing(a={"anyOf": [TEXT, NONE]}), {"a": None}),
    Row(
        "null spelt another way",
        "safe",
        thing(a={"type": ["string", "null"]}),
        thing(a=either(TEXT, NONE)),
        {"a": None},
    ),
    Row("null spelt back", "safe", thing(a=either(TEXT, NONE)), thing(a={"type": ["string", "null"]}), {"a": None}),
    Row("no type any more", "breaking", thing(a=TEXT), thing(a={}), {"a": 1}),
    # listed values
    Row("a new value", "risky", thing(a=KNOWN), thing(a={"enum": ["a", "b", "c"]}), {"a": "c"}, tolerated=True),
    Row("a new value of another type", "breaking", thing(a=KNOWN), thing(a={"enum": ["a", "b", 3]}), {"a": 3}),
    Row("a value gone", "safe", thing(a=KNOWN), thing(a={"enum": ["a"]}), {"a": "a"}),
    Row("another constant", "risky", thing(a={"const": "a"}), thing(a={"const": "b"}), {"a": "b"}, tolerated=True),
    Row("a constant becomes a list", "risky", thing(a={"const": "a"}), thing(a=KNOWN), {"a": "b"}, tolerated=True),
    Row("a list opened", "risky", thing(a=KNOWN), thing(a=TEXT), {"a": "z"}, tolerated=True),
    Row("a list closed", "safe", thing(a=TEXT), thing(a=KNOWN), {"a": "a"}),
    Row(
        "a list that fits a pattern",
        "safe",
        thing(a={**TEXT, "pattern": "^a"}),
        thing(a={"enum": ["a", "ab"]}),
        {"a": "ab"},
    ),
    Row("a list that breaks a pattern", "breaking", thing(a={**TEXT, "pattern": "^a"}), thing(a=KNOWN), {"a": "b"}),
    # bounds
    Row("a longer text", "breaking", thing(a=AT_MOST_3), thing(a=AT_MOST_4), {"a": "abcd"}),
    Row("a shorter text", "safe", thing(a=AT_MOST_4), thing(a=AT_MOST_3), {"a": "abc"}),
    Row("an empty text", "breaking", thing(a={**TEXT, "minLength": 1}), thing(a=TEXT), {"a": ""}),
    Row("a greater number", "breaking", thing(a={**WHOLE, "maximum": 3}), thing(a={**WHOLE, "maximum": 4}), {"a": 4}),
    Row(
        "a bound spelt another way",
        "safe",
        thing(a={**WHOLE, "minimum": 1}),
        thing(a={**WHOLE, "exclusiveMinimum": 0}),
        {"a": 1},
    ),
    Row("a finer step", "breaking", thing(a={**WHOLE, "multipleOf": 6}), thing(a={**WHOLE, "multipleOf": 3}), {"a": 3}),
    Row("a coarser step", "safe", thing(a={**WHOLE, "multipleOf": 3}), thing(a={**WHOLE, "multipleOf": 6}), {"a": 6}),
    Row("a pattern dropped", "breaking", thing(a={**TEXT, "pattern": "^a"}), thing(a=TEXT), {"a": "b"}),
    Row("a pattern changed", "unclear", thing(a={**TEXT, "pattern": "^a"}), thing(a={**TEXT, "pattern": "^a+$"})),
    Row("more items", "breaking", {"type": "array", "maxItems": 1}, {"type": "array", "maxItems": 2}, [1, 2]),
    Row("items of another type", "breaking", {"type": "array", "items": TEXT}, {"type": "array", "items": WHOLE}, [1]),
    Row("items that repeat", "breaking", {"type": "array", "uniqueItems": True}, {"type": "array"}, [1, 1]),
    Row(
        "a first item of its own",
        "breaking",
        {"type": "array", "items": TEXT},
        {"type": "array", "prefixItems": [WHOLE], "items": TEXT},
        [1],
    ),
    Row("nothing that has to be contained", "breaking", {"type": "array", "contains": TEXT}, {"type": "array"}, []),
    # what only annotates
    Row(
        "another format",
        "risky",
        thing(a={**TEXT, "format": "date"}),
        thing(a={**TEXT, "format": "ipv4"}),
        {"a": "127.0.0.1"},
        tolerated=True,
    ),
    Row("a format dropped", "risky", thing(a={**TEXT, "format": "date"}), thing(a=TEXT), {"a": "soon"}, tolerated=True),
    Row("a format added", "safe", thing(a=TEXT), thing(a={**TEXT, "format": "date"}), {"a": "2026-11-22"}),
    Row("other words", "safe", thing(a={**TEXT, "description": "x"}), thing(a={**TEXT, "title": "y"}), {"a": "x"}),
    Row("a member that may only be read", "unclear", thing(a=TEXT), thing(a={**TEXT, "readOnly": True})),
    # composition
    Row(
        "allOf instead of one schema",
        "safe",
        thing(["a"], a=TEXT, b=WHOLE),
        {"allOf": [thing(["a"], a=TEXT), thing(b=WHOLE)]},
        {"a": "x", "b": 1},
    ),
    Row(
        "allOf that lost a part",
        "breaking",
        {"allOf": [thing(["a"], a=TEXT), thing(["b"], b=WHOLE)]},
        {"allOf": [thing(["a"], a=TEXT)]},
        {"a": "x"},
    ),
    Row("a new alternative", "breaking", either(TEXT, WHOLE), either(TEXT, WHOLE, NONE), None),
    Row(
        "a new alternative of its own kind",
        "breaking",
        either(tagged("a", x=TEXT), tagged("b", y=TEXT)),
        either(tagged("a", x=TEXT), tagged("b", y=TEXT), tagged("c", z=TEXT)),
        {"kind": "c", "z": "x"},
    ),
    Row(
        "an alternative gone",
        "safe",
        either(tagged("a", x=TEXT), tagged("b", y=TEXT)),
        either(tagged("b", y=TEXT)),
        {"kind": "b", "y": "x"},
    ),
    Row(
        "alternatives in another order",
        "safe",
        either(tagged("a", x=TEXT), tagged("b", y=TEXT)),
        either(tagged("b", y=TEXT), tagged("a", x=TEXT)),
        {"kind": "b", "y": "x"},
    ),
    Row(
        "an alternative that may be longer",
        "breaking",
        either(WHOLE, {**TEXT, "maxLength": 1}),
        either(WHOLE, {**TEXT, "maxLength": 2}),
        "ab",
    ),
    Row(
        "alternatives that may overlap",
        "unclear",
        either(thing(["a"], a=TEXT), thing(["b"], b=TEXT)),
        either(thing(["a"], a=TEXT)),
    ),
    Row("anyOf of a narrower one", "safe", {"anyOf": [WHOLE, TEXT]}, {"anyOf": [{**WHOLE, "minimum": 1}]}, 1),
    Row("an exclusion dropped", "breaking", {"not": {"const": 1}}, {}, 1),
    Row("an exclusion added", "safe", {}, {"not": {"const": 1}}, 2),
    Row("a condition dropped", "breaking", {"if": {"type": "string"}, "then": {"maxLength": 1}}, {}, "ab"),
    Row(
        "a closed object by unevaluatedProperties",
        "safe",
        {"allOf": [thing(a=TEXT)]},
        {"allOf": [thing(a=TEXT)], "unevaluatedProperties": False},
        {"a": "x"},
    ),
    Row(
        "a condition next to a closed object, in other words",
        "safe",
        {"oneOf": [thing(a=TEXT)], "unevaluatedProperties": False, "description": "x"},
        {"oneOf": [thing(a=TEXT)], "unevaluatedProperties": False},
        {"a": "x"},
    ),
    Row(
        "unevaluatedProperties dropped beside alternatives",
        "unclear",
        {"oneOf": [thing(a=TEXT)], "unevaluatedProperties": TEXT},
        {"oneOf": [thing(a=TEXT)]},
        {"z": 1},
    ),
    Row(
        "contained items that count as evaluated",
        "breaking",
        {"type": "array", "contains": TEXT, "items": False},
        {"type": "array", "contains": TEXT, "unevaluatedItems": False},
        ["a"],
    ),
    Row(
        "fewer contained items",
        "unclear",
        {"type": "array", "contains": TEXT, "minContains": 2},
        {"type": "array", "contains": TEXT},
        ["a"],
    ),
    Row("a weaker exclusion", "unclear", {"not": {"type": ["string", "integer"]}}, {"not": TEXT}, 1),
    Row(
        "the looser of two bounds",
        "breaking",
        {"type": "string", "allOf": [{"maxLength": 3}, {"maxLength": 5}]},
        AT_MOST_4,
        "abcd",
    ),
    Row(
        "another part's members under additionalProperties",
        "breaking",
        {"type": "object", "allOf": [{"properties": {"a": TEXT}}, {"additionalProperties": WHOLE}]},
        {"type": "object", "properties": {"a": TEXT}, "additionalProperties": WHOLE},
        {"a": "x"},
    ),
    Row(
        "another part's pattern under additionalProperties",
        "breaking",
        {"type": "object", "allOf": [LOOSE, {"properties": {"a": TEXT}, "additionalProperties": WHOLE}]},
        {**LOOSE, "properties": {"a": TEXT}, "additionalProperties": WHOLE},
        {"x-a": "v"},
    ),
    Row(
        "a part that cannot be folded in, dropped",
        "breaking",
        {"type": "object", "allOf": [{"properties": {"a": TEXT}, "additionalProperties": WHOLE}, LOOSE]},
        {"type": "object", "properties": {"a": TEXT}, "additionalProperties": WHOLE},
        {"x-a": 1},
    ),
    Row(
        "another pattern of names",
        "unclear",
        LOOSE,
        {"type": "object", "patternProperties": {"^x-a": WHOLE}, "additionalProperties": TEXT},
        {"x-a": 1},
    ),
    Row(
        "a discriminator moved",
        "breaking",
        {"discriminator": {"propertyName": "a"}},
        {"discriminator": {"propertyName": "b"}},
    ),
    Row(
        "a discriminator's new value",
        "risky",
        {"discriminator": {"propertyName": "a", "mapping": {}}},
        {"discriminator": {"propertyName": "a", "mapping": {"x": "#/components/schemas/Body"}}},
    ),
    # answers: the receiver writes
    answered("a newly required member", "breaking", thing(a=TEXT), thing(["a"], a=TEXT), {}),
    answered("a member no longer required", "safe", thing(["a"], a=TEXT), thing(a=TEXT), {"a": "x"}),
    answered("a new optional member", "risky", thing(), thing(a=TEXT), {"a": 1}),
    answered("a new optional member of a closed object", "safe", thing(closed=True), thing(closed=True, a=TEXT), {}),
    answered("a member gone from an open object", "safe", thing(a=TEXT), thing(), {"a": "x"}),
    answered(
        "a member gone from a closed object", "breaking", thing(closed=True, a=TEXT), thing(closed=True), {"a": "x"}
    ),
    answered("a closed object", "breaking", thing(a=TEXT), thing(closed=True, a=TEXT), {"z": 1}),
    answered("a new value", "safe", thing(a=KNOWN), thing(a={"enum": ["a", "b", "c"]}), {"a": "b"}),
    answered("a value gone", "breaking", thing(a=KNOWN), thing(a={"enum": ["a"]}), {"a": "b"}),
    answered("a list closed", "breaking", thing(a=TEXT), thing(a=KNOWN), {"a": "z"}),
    answered("a widened type", "safe", thing(a=WHOLE), thing(a={"type": ["integer", "string"]}), {"a": 1}),
    answered("a narrowed type", "breaking", thing(a={"type": ["integer", "string"]}), thing(a=WHOLE), {"a": "x"}),
    answered("a shorter text", "breaking", thing(a=AT_MOST_4), thing(a=AT_MOST_3), {"a": "abcd"}),
    answered("an alternative gone", "breaking", either(TEXT, WHOLE), either(TEXT), 1),
    answered("a new alternative", "safe", either(TEXT, WHOLE), either(TEXT, WHOLE, NONE), 1),
    answered("a format added", "risky", thing(a=TEXT), thing(a={**TEXT, "format": "date"}), {"a": "soon"}),
)


def answering(schema: Any) -> Any:
    return {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def accepts(schema: Any, instance: Any, *, formats: bool = False) -> bool:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=formats).is_valid(instance)


def as_a_strict_reader(schema: Any) -> Any:
    """Closes every object that names its members: how a receiver reads that refuses what it does not know."""
    if isinstance(schema, list):
        return [as_a_strict_reader(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: as_a_strict_reader(value) for key, value in schema.items()}
    return {"additionalProperties": False, **closed} if isinstance(schema.get("properties"), dict) else closed


def variations(instance: Any) -> list[Any]:
    """The instance with each of its members removed or replaced by each of many values."""
    varied = [instance, *SCALARS]
    if isinstance(instance, dict):
        for name in instance:
            rest = {key: value for key, value in instance.items() if key != name}
            varied += [rest, *({**rest, name: value} for value in (*SCALARS, [], {}))]
    return varied


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_change_of_a_schema_is_judged_as_instances_show(row: Row, changes_of) -> None:
    if row.answer:
        found = changes_of(document(answers=answering(row.old)), document(answers=answering(row.new)))
    else:
        found = changes_of(document(row.old), document(row.new))
    assert worst(change.level for change in found) == row.level, found
    assert {change.direction for change in found} <= {"answer" if row.answer else "delivery"}
    written, read = (row.old, row.new) if row.answer else (row.new, row.old)
    if row.level == "safe":
        assert accepts(written, row.instance)
        assert not [i for i in [*variations(row.instance), *POOL] if accepts(written, i) and not accepts(read, i)]
    elif row.instance is not None:
        strict = read if row.answer else as_a_strict_reader(read)
        assert accepts(written, row.instance)
        assert not accepts(strict, row.instance, formats=True)
    if row.tolerated is not None:
        assert accepts(tolerant_schema(row.old), row.instance) is row.tolerated


def test_table_has_forty_changes_and_each_once() -> None:
    assert len({str(row) for row in ROWS}) == len(ROWS) >= 40


@settings(
    max_examples=500,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(pair=pairs(), answer=st.booleans())
def test_safe_change_lets_no_reader_refuse_what_may_be_written(pair: Any, answer: bool) -> None:
    old, new = ({"allOf": [schema]} for schema in pair)
    found = compared_schemas(reader({}, *bundled(old)), reader({}, *bundled(new)), answer=answer)
    level, gone = worst(finding.level for finding in found), verdict("optional lost", answer=False).why
    if level == "safe":
        written, read = (old, new) if answer else (new, old)
    elif not answer and not any(f.level in {"breaking", "unclear"} or f.why == gone for f in found):
        written, read = new, tolerant_schema(bundled(old)[0])
    else:
        return
    assert not refused(bundled(written)[0], bundled(read)[0]), (old, new, found)


def bundled(schema: Any) -> tuple[Any, str]:
    """Puts `$defs` where references look for them."""
    inner = schema["allOf"][0]
    return ({**schema, "$defs": inner["$defs"]} if isinstance(inner, dict) and "$defs" in inner else schema), ""


def refused(written: Any, read: Any) -> list[Any]:
    writer, judge = jsonschema_rs.Draft202012Validator(written), jsonschema_rs.Draft202012Validator(read)
    return [value for value in POOL if writer.is_valid(value) and not judge.is_valid(value)]


def test_equal_contracts_have_no_changes() -> None:
    assert compare(load_contract(), load_contract()) == ()


def test_recursive_schema_is_compared_once_around(changes_of) -> None:
    old = thing(a=TEXT, next={"$ref": "#/components/schemas/Body"})
    new = thing(a=WHOLE, next={"$ref": "#/components/schemas/Body"})
    (change,) = changes_of(document(old), document(new))
    assert (change.level, change.where) == ("breaking", "/components/schemas/Body/properties/a/type")


@pytest.mark.parametrize(("leaf", "safe"), [(WHOLE, False), ({**TEXT, "maxLength": 5}, True)])
def test_alternative_that_refers_to_its_own_schema_allows_nothing_more(leaf: Any, safe: bool) -> None:
    def tree(leaf: Any) -> Any:
        return {"$ref": "#/$defs/t", "$defs": {"t": {"anyOf": [{"$ref": "#/$defs/t"}, leaf]}}}

    found = compared_schemas(reader({}, tree(TEXT), ""), reader({}, tree(leaf), ""))
    assert (worst(finding.level for finding in found) == "safe") == safe


def test_removed_member_is_named_in_the_old_document(changes_of) -> None:
    (change,) = changes_of(document(thing(["a"], a=TEXT)), document(thing()))
    assert change.where == "/components/schemas/Body/properties/a"
    assert "no longer named" in change.what


def test_schema_without_a_reference_is_named_where_it_stands(changes_of) -> None:
    inline = [document(), document()]
    for contract, schema in zip(inline, (TEXT, WHOLE), strict=True):
        contract["webhooks"]["parcelMoved"]["post"]["requestBody"]["content"]["application/json"]["schema"] = schema
    (change,) = changes_of(*inline)
    assert change.where == "/webhooks/parcelMoved/post/requestBody/content/application~1json/schema/type"


def test_nullable_of_openapi_3_0_is_null() -> None:
    old = reader({"openapi": "3.0.3"}, TEXT, "")
    new = reader({"openapi": "3.0.3"}, {**TEXT, "nullable": True}, "")
    assert [finding.level for finding in compared_schemas(old, new)] == ["breaking"]


def test_exclusive_bound_of_openapi_3_0_equals_that_of_3_1() -> None:
    old = reader({"openapi": "3.0.3"}, {**WHOLE, "minimum": 0, "exclusiveMinimum": True}, "")
    assert compared_schemas(old, reader({"openapi": "3.1.0"}, {**WHOLE, "exclusiveMinimum": 0}, "")) == []


def test_forbidden_member_that_may_come_is_breaking() -> None:
    found = compared_schemas(reader({}, thing(a=False), ""), reader({}, thing(), ""))
    assert worst(finding.level for finding in found) == "breaking"


def test_regular_expression_that_cannot_be_read_is_unclear(changes_of) -> None:
    found = changes_of(document({"patternProperties": {"(": TEXT}, "properties": {"a": TEXT}}), document(thing(a=TEXT)))
    assert "unclear" in {change.level for change in found}


def header(name: str = "X-Sign", *, required: bool = False, **schema: Any) -> Any:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string", **schema}}


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ([], [header()], "safe"),
        ([], [header(required=True)], "safe"),
        ([header(required=True)], [], "breaking"),
        ([header()], [], "safe"),
        ([header(required=True)], [header()], "breaking"),
        ([header()], [header(required=True)], "safe"),
        ([header(maxLength=8)], [header(maxLength=9)], "breaking"),
        ([header(default="A")], [header(default="B")], "risky"),
        ([header("X-Sign")], [header("x-sign")], "safe"),
    ],
)
def test_header_is_judged_for_a_receiver_that_ignores_unknown_ones(changes_of, old, new, level) -> None:
    assert worst(c.level for c in changes_of(document(parameters=old), document(parameters=new))) == level


def test_default_of_a_header_is_said_once(changes_of) -> None:
    old, new = (document(parameters=[header(default=value)]) for value in "AB")
    assert [change.what for change in changes_of(old, new)] == ['the header X-Sign is by default "B" instead of "A"']


def answers(*statuses: str, media: str = "", **rest: Any) -> Any:
    content = {"content": {media: {"schema": {}}}} if media else {}
    return {status: {"description": "x", **content, **rest} for status in statuses}


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        (answers("200", "202"), answers("200"), "breaking"),
        (answers("200"), answers("200", "202"), "safe"),
        (answers("2XX"), answers("200"), "breaking"),
        (answers("200"), answers("2XX"), "safe"),
        (answers("200"), answers("default"), "safe"),
        (answers("200"), answers("200", media="application/json"), "breaking"),
        (answers("200", media="application/json"), answers("200"), "safe"),
        (answers("200", media="text/plain"), answers("200", media="application/json"), "breaking"),
        (answers("200", media="text/plain"), answers("200", media="*/*"), "safe"),
        (answers("200"), answers("200", headers={"X-A": {"required": True, "schema": TEXT}}), "breaking"),
        (answers("200"), answers("200", headers={"X-A": {"schema": TEXT}}), "safe"),
    ],
)
def test_documented_answers_may_only_grow(changes_of, old, new, level) -> None:
    assert worst(c.level for c in changes_of(document(answers=old), document(answers=new))) == level


def fact(value: Any) -> Any:
    return {"value": value, "provenance": "doc"}


def facts(**values: Any) -> Any:
    return {"x-delivery": {name: fact(value) for name, value in values.items()}}


def size(**limits: int) -> Any:
    return {"x-delivery": {"accept_body_bytes": {level: fact(value) for level, value in limits.items()}}}


def life(*edges: str, terminal: str = "") -> Any:
    return facts(state="/s", order={"edges": [list(edge) for edge in edges], "terminal": list(terminal)})


FINAL_NONE = {"after_s": 1, "max_tries": 2}
FINAL_410 = {**FINAL_NONE, "final": [410]}


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        (facts(deadline_s=5), facts(deadline_s=3), "breaking"),
        (facts(deadline_s=3), facts(deadline_s=5), "safe"),
        ({}, facts(deadline_s=5), "risky"),
        (facts(deadline_s=5), {}, "unclear"),
        (size(must=10), size(must=20), "breaking"),
        (size(must=20), size(must=10), "safe"),
        (size(should=10), size(should=20), "risky"),
        ({}, facts(retry={"after_s": 1, "max_tries": 2}), "risky"),
        (facts(retry={"after_s": 1, "max_tries": 2}), facts(retry={"after_s": 1, "max_tries": 1}), "risky"),
        (facts(retry={"after_s": 1, "max_tries": 2}), facts(retry={"after_s": 1, "max_tries": 3}), "safe"),
        (facts(retry=FINAL_NONE), facts(retry=FINAL_410), "risky"),
        (facts(retry=FINAL_410), facts(retry=FINAL_NONE), "safe"),
        (facts(idempotency=["/a"]), facts(idempotency=["/a", "/s"]), "breaking"),
        (facts(idempotency=["/a", "/s"]), facts(idempotency=["/s", "/a"]), "safe"),
        (facts(correlation="/a"), facts(correlation="/s"), "breaking"),
        (facts(state="/a"), facts(state="/s"), "breaking"),
        (life("xy"), life("yx"), "breaking"),
        (life("xy"), life("xy", "yz"), "risky"),
        (life("xy", terminal="y"), life("xy"), "breaking"),
        (facts(groups=["/a"]), facts(groups=["/a", "/s"]), "risky"),
    ],
)
def test_delivery_facts_are_judged_for_what_is_built_upon_them(changes_of, old, new, level) -> None:
    body = thing(a=TEXT, s=TEXT)
    found = changes_of(document(body, **old), document(body, **new))
    assert worst(change.level for change in found) == level, found
    assert {change.direction for change in found} <= {"delivery facts"}


def test_provenance_alone_is_words(changes_of) -> None:
    house = {"x-delivery": {"deadline_s": {"value": 5, "provenance": "house", "why": "x"}}}
    (change,) = changes_of(document(**facts(deadline_s=5)), document(**house))
    assert (change.level, change.annotation) == ("safe", True)


def test_other_media_type_of_the_body_is_breaking(changes_of) -> None:
    new = document()
    body = new["webhooks"]["parcelMoved"]["post"]["requestBody"]
    body["content"] = {"application/xml": body["content"]["application/json"]}
    (change,) = changes_of(document(), new)
    assert change.level == "breaking"


def test_charset_in_the_media_type_is_risky(changes_of) -> None:
    new = document()
    body = new["webhooks"]["parcelMoved"]["post"]["requestBody"]
    body["content"] = {"application/json; charset=utf-8": body["content"]["application/json"]}
    (change,) = changes_of(document(), new)
    assert change.level == "risky"


def test_body_that_may_be_missing_is_breaking(changes_of) -> None:
    new = document()
    new["webhooks"]["parcelMoved"]["post"]["requestBody"]["required"] = False
    (change,) = changes_of(document(), new)
    assert (change.level, change.where) == ("breaking", "/webhooks/parcelMoved/post/requestBody")


def test_security_is_unclear(changes_of) -> None:
    (change,) = changes_of(document(), document(security=[{"key": []}]))
    assert change.level == "unclear"


def test_new_callback_is_risky_and_a_removed_one_breaking(changes_of) -> None:
    one, two = document(), document()
    two["webhooks"] |= document(name="parcelLost")["webhooks"]
    assert [(c.level, c.callback) for c in changes_of(one, two)] == [("risky", "parcelLost")]
    assert [(c.level, c.callback) for c in changes_of(two, one)] == [("breaking", "parcelLost")]


def test_renamed_callback_is_still_compared(changes_of) -> None:
    new = document(WHOLE)
    new["webhooks"]["parcelMoved"]["post"]["operationId"] = "moved"
    assert [c.level for c in changes_of(document(TEXT), new)] == ["safe", "breaking"]


def test_contracts_without_a_callback_in_common_are_refused(changes_of) -> None:
    with pytest.raises(KitError, match="no callback in common"):
        changes_of(document(), document(name="parcelLost"))


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def ran(new: Any, *options: str, old: Any = None) -> Any:
        files = [saved(tmp_path, "old", old or document(thing(a=KNOWN))), saved(tmp_path, "new", new)]
        return invoke(diff, [*map(str, files), *options])

    return ran


@pytest.mark.parametrize(("fail_on", "code"), [("breaking", 0), ("risky", 1), ("unclear", 1), ("none", 0)])
def test_diff_fails_from_the_level_that_is_named(run, fail_on: str, code: int) -> None:
    assert run(document(thing(a={"enum": ["a", "b", "c"]})), "--fail-on", fail_on).exit_code == code


def test_diff_fails_on_a_breaking_change_by_default(run) -> None:
    result = run(document(thing(a=WHOLE)))
    assert result.exit_code == 1
    assert "breaking (1)" in result.output


def test_diff_shows_safe_changes_only_when_asked(run) -> None:
    new = document(thing(a={"enum": ["a"]}))
    assert "1 safe change not shown" in run(new).output
    assert 'the value "b" is gone' in run(new, "--all").output


def test_diff_as_json_tells_files_counts_and_changes(run) -> None:
    told = json.loads(run(document(thing(a=WHOLE), version="2.0.0"), "--format", "json").output)
    assert told["counts"] == {"breaking": 1, "risky": 0, "unclear": 0, "safe": 0}
    assert (told["new"]["version"], told["fails"]) == ("2.0.0", True)
    assert set(told["changes"][0]) == set(Change.__dataclass_fields__)


def test_diff_as_markdown_is_a_table_that_no_value_breaks(run) -> None:
    output = run(document(thing(a={"enum": ["a", "b", "c|d\n<b>"]})), "--format", "markdown").output
    (row,) = [line for line in output.splitlines() if line.startswith("| risky")]
    assert row.replace("\\|", "").count("|") == 7
    assert "<b>" not in row.replace("\\<", "")


def test_diff_without_new_compares_with_the_built_in_contract() -> None:
    result = invoke(diff, [str(CONTRACT_FILE)])
    assert (result.exit_code, "nothing changed" in result.output) == (0, True)


def test_diff_leaves_both_contracts_as_they_were(tmp_path: Path) -> None:
    contract = load_contract()
    before = copy.deepcopy(contract.document)
    compare(contract, saved(tmp_path, "same", contract.document, load=True))
    assert contract.document == before
