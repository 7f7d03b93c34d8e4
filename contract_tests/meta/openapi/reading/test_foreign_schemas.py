"""Foreign schemas: the mock of a schema acknowledges every valid case of the suite."""

from __future__ import annotations

import json

import pytest

from callback_contract.contract_tests.generation.notes import contract_notes
from callback_contract.contract_tests.generation.strategies import boundary_bodies, operation_of
from callback_contract.contract_tests.meta.support.foreign import (
    read_schema,
    refused_by_its_mock,
    scope_of,
    with_schema,
    written,
)
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.runner.callback_selection import chosen_callbacks
from callback_contract.contract_tests.stimuli import forward, off_schema, texts, unparsable, valid
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import KitError

TEXT = {"type": "string"}


def an_object(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


CAT = an_object(["kind", "lives"], kind=TEXT, lives={"type": "integer"})
DOG = an_object(["kind", "barks"], kind=TEXT, barks={"type": "boolean"})
EITHER = [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]
TREE = an_object(["name"], name=TEXT, next={"$ref": "#/components/schemas/Tree"}, all={"type": "array"})
SCHEMAS = {"Cat": CAT, "Dog": DOG, "Tree": TREE}

QUIRKS = {
    "any value": True,
    "no constraint": {},
    "boolean members": an_object(a=True, b=False, c=TEXT),
    "recursive": {"$ref": "#/components/schemas/Tree"},
    "allOf": {"allOf": [an_object(["a"], a=TEXT), an_object(["b"], b={"type": "integer"})]},
    "allOf of names": {"allOf": [{"$ref": "#/components/schemas/Cat"}, an_object(["more"], more=TEXT)]},
    "allOf beside members": {**an_object(["a"], a=TEXT), "allOf": [an_object(["b"], b=TEXT)]},
    "allOf three levels deep": {"allOf": [{"allOf": [{"allOf": [an_object(["a"], a=TEXT)]}]}]},
    "oneOf": {"oneOf": EITHER},
    "oneOf with a discriminator": {"oneOf": EITHER, "discriminator": {"propertyName": "kind"}},
    "discriminator with a mapping": {
        "oneOf": EITHER,
        "discriminator": {"propertyName": "kind", "mapping": {"c": "#/components/schemas/Cat", "d": "Dog"}},
    },
    "oneOf beside members": {**an_object(["a"], a=TEXT), "oneOf": [an_object(["b"], b=TEXT), an_object(["c"], c=TEXT)]},
    "anyOf with null": an_object(["a"], a={"anyOf": [TEXT, {"type": "null"}]}),
    "a list of types": an_object(["a"], a={"type": ["string", "integer", "null"]}),
    "enum with null": an_object(["a"], a={"enum": ["x", "y", None]}),
    "enum of numbers": an_object(["a"], a={"enum": [1, 2.5]}),
    "const": an_object(["a", "b"], a={"const": "event"}, b={"const": 7}),
    "patternProperties": {"type": "object", "patternProperties": {"^x-[a-z]+$": TEXT}, "additionalProperties": False},
    "propertyNames": {"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}, "additionalProperties": TEXT},
    "a closed object": {**an_object(["a"], a=TEXT), "additionalProperties": False},
    "unevaluatedProperties": {"allOf": [an_object(["a"], a=TEXT)], "unevaluatedProperties": False},
    "a map of numbers": an_object(["m"], m={"type": "object", "additionalProperties": {"type": "integer"}}),
    "a map of at least two": an_object(["m"], m={"type": "object", "minProperties": 2, "additionalProperties": TEXT}),
    "an object of which nothing is said": an_object(["m"], m={"type": "object"}),
    "lengths": an_object(["a", "b"], a={**TEXT, "maxLength": 5}, b={**TEXT, "minLength": 300}),
    "a pattern": an_object(["a"], a={**TEXT, "pattern": "^[A-Z]{3}-[0-9]{4}$"}),
    "bounds": an_object(["a"], a={"type": "integer", "minimum": 10, "exclusiveMaximum": 13}),
    "multiples": an_object(
        ["a", "b"], a={"type": "integer", "multipleOf": 5}, b={"type": "number", "multipleOf": 0.01}
    ),
    "int32": an_object(["a"], a={"type": "integer", "format": "int32"}),
    "formats": an_object(
        "abcdefgh",
        **{
            key: {**TEXT, "format": name}
            for key, name in zip(
                "abcdefgh",
                ("date-time", "uuid", "uri", "email", "byte", "ipv4", "uri-template", "duration"),
                strict=True,
            )
        },
    ),
    "an array at the root": {"type": "array", "minItems": 1, "items": an_object(["a"], a=TEXT)},
    "a text at the root": TEXT,
    "a tuple": an_object(["a"], a={"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "items": False}),
    "uniqueItems": an_object(["a"], a={"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True}),
    "contains": an_object(["a"], a={"type": "array", "contains": {"const": 5}}),
    "not": an_object(["a"], a={**TEXT, "not": {"const": ""}}),
    "if and then": {
        **an_object(["a"], a={"enum": ["x", "y"]}, b=TEXT),
        "if": {"properties": {"a": {"const": "x"}}},
        "then": {"required": ["b"]},
    },
    "dependentRequired": {**an_object(["a"], a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}},
    "$ref with siblings": an_object(["a"], a={"$ref": "#/components/schemas/Cat", "required": ["tail"]}),
    "readOnly": an_object(["id"], id={**TEXT, "readOnly": True}, secret={**TEXT, "writeOnly": True}),
    "a reference into a schema": an_object(["a"], a={"$ref": "#/components/schemas/Cat/properties/lives"}),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_everything_sent_as_valid_is_acknowledged(tmp_path, quirk):
    contract = read_contract(written(tmp_path, with_schema(QUIRKS[quirk], schemas=SCHEMAS)))
    assert refused_by_its_mock(contract) == []


@pytest.mark.parametrize("quirk", QUIRKS)
def test_contents_are_drawn_from_it(tmp_path, quirk):
    (callback,) = read_contract(written(tmp_path, with_schema(QUIRKS[quirk], schemas=SCHEMAS))).callbacks
    assert scope_of(callback).contents


@pytest.mark.parametrize("quirk", ["allOf", "oneOf with a discriminator", "recursive", "closed", "formats"])
def test_walk_along_the_boundaries_is_acknowledged(tmp_path, quirk):
    schema = QUIRKS["a closed object" if quirk == "closed" else quirk]
    contract = read_contract(written(tmp_path, with_schema(schema, schemas=SCHEMAS)))
    assert refused_by_its_mock(contract, depth="standard") == []


def test_alternatives_keep_the_discriminator(tmp_path):
    callback = read_schema(tmp_path, QUIRKS["discriminator with a mapping"], schemas=SCHEMAS)
    contents = scope_of(callback).contents
    assert contents
    assert {"lives" if content["kind"] == "c" else "barks" for content in contents} <= set().union(*contents)
    assert all(("lives" in content) == (content["kind"] == "c") for content in contents)


# OpenAPI 3.0


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "nullable": True}, [None, "a"], [1]),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, [2], [1]),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": False}, [9], [10]),
        ({"$ref": "#/components/schemas/Cat", "type": "string"}, [{"kind": "", "lives": 1}], ["a"]),
        ({"type": "string", "enum": ["a", None], "nullable": True}, ["a", None], ["b"]),
    ],
)
def test_schema_of_3_0_means_what_it_meant_there(tmp_path, schema, right, wrong):
    scope = scope_of(read_schema(tmp_path, an_object(["a"], a=schema), version="3.0.3", schemas=SCHEMAS))
    assert all(scope.strict.is_valid({"a": value}) for value in right)
    assert not any(scope.strict.is_valid({"a": value}) for value in wrong)


def test_example_of_a_member_is_used(tmp_path):
    callback = read_schema(tmp_path, an_object(["a"], a={**TEXT, "example": "shown"}), version="3.0.3")
    assert scope_of(callback).plain == {"a": "shown"}


# What cannot be made up


@pytest.mark.parametrize("hard", [{"format": "swift-bic"}, {"pattern": "\\p{Nobody}+"}])
def test_what_nobody_can_make_up_is_sent_by_its_example_only(tmp_path, hard):
    member = {**TEXT, **hard, "example": "ABCDEF"}
    scope = scope_of(read_schema(tmp_path, an_object(["a", "b"], a=member, b=TEXT)))
    assert {content["a"] for content in scope.contents} == {"ABCDEF"}
    assert {case.content["a"] for case in applicable_cases(texts.lengths, scope)} == {"ABCDEF"}


@pytest.mark.parametrize("hard", [{"format": "swift-bic"}, {"pattern": "\\p{Nobody}+"}])
def test_what_nobody_can_make_up_is_left_out_where_it_may_be_missing(tmp_path, hard):
    scope = scope_of(read_schema(tmp_path, an_object(["b"], a={**TEXT, **hard}, b=TEXT)))
    assert scope.contents
    assert all("a" not in content for content in [scope.plain, *scope.contents])


def test_required_member_that_nobody_can_make_up_is_a_plain_value_and_said(tmp_path):
    items = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Bic"}}
    schemas = {"Bic": {**TEXT, "format": "swift-bic"}}
    schema = an_object(["a", "b", "c"], a=schemas["Bic"], b=items, c=TEXT)
    contract = read_contract(written(tmp_path, with_schema(schema, schemas=schemas)))
    scope = scope_of(contract.callbacks[0])
    assert len(scope.contents) > 1
    assert {content["a"] for content in [scope.plain, *scope.contents]} == {"text"}
    assert any(
        "its format 'swift-bic' is not known here; where /a has" in note.text for note in contract_notes(contract)
    )


def test_callback_whose_body_cannot_be_made_says_which_member_stands_in_the_way(tmp_path):
    contract = read_contract(written(tmp_path, with_schema(an_object(["a"], a={**TEXT, "not": {}}))))
    options = {"callback": (), "header": (), "auth": None, "signature": None, "depth": "quick", "seed": 0}
    with pytest.raises(KitError, match=r"at /a its parts seem to contradict each other; give it an example"):
        chosen_callbacks(contract, options, own_mock=True)


def test_identifier_in_the_form_of_a_format_is_made(tmp_path):
    assert scope_of(read_schema(tmp_path, an_object(["a"], a={**TEXT, "format": "uuid4"}))).plain["a"][14] == "4"


# Regular expressions of ECMA 262


@pytest.mark.parametrize(
    ("pattern", "right", "wrong"),
    [
        (r"^[\p{L} .-]{1,35}$", "Zoë", "1"),
        (r"^\p{Lu}[^]+$", "Éa", "éa"),
        (r"^(?<y>[0-9]{2})-(?<m>[0-9])$", "12-1", "12-x"),
        (r"^[\w-.]+$", "a-b.c", "a b"),
        (r"^{[a-z]}$", "{a}", "a"),
        (r"^\u{1F600}\ud83d\ude00$", "😀😀", "😀"),
    ],
)
def test_regular_expression_of_ecma_262_is_held_and_met(tmp_path, pattern, right, wrong):
    contract = read_contract(written(tmp_path, with_schema(an_object(["a"], a={**TEXT, "pattern": pattern}))))
    scope = scope_of(contract.callbacks[0])
    assert scope.strict.is_valid({"a": right}) and not scope.strict.is_valid({"a": wrong})
    assert scope.contents and contract.notes == () and refused_by_its_mock(contract) == []


def test_object_that_is_null_in_the_example_gets_no_member(tmp_path):
    schema = an_object(["o"], o={**an_object(a=TEXT), "type": ["object", "null"]})
    scope = scope_of(read_schema(tmp_path, schema, examples={"e": {"value": {"o": None}}}))
    assert {case.content["o"] for case in applicable_cases(forward.unknown_members, scope)} == {None}


# Alternatives


@pytest.mark.parametrize(
    "branch",
    [
        an_object(["b"], b={"type": "strin"}),
        an_object(["b"], b={"type": "integer", "minimum": "one"}),
        {"$ref": "#/components/schemas/Wrong"},
        {"$ref": "#/components/schemas/OfWrong"},
        {"$ref": "#/components/schemas/Nowhere"},
    ],
)
def test_alternative_that_cannot_be_used_is_left_out(tmp_path, branch):
    schemas = {"Wrong": {"type": "strin"}, "OfWrong": an_object(["w"], w={"$ref": "#/components/schemas/Wrong"})}
    schema = {"oneOf": [branch, an_object(["a"], a=TEXT)]}
    contract = read_contract(written(tmp_path, with_schema(schema, schemas=schemas)))
    assert "a" in scope_of(contract.callbacks[0]).plain and "alternative" in contract.notes[0]


@pytest.mark.parametrize("other", [an_object(["a"], a=TEXT), an_object(["a"], a=TEXT, b=TEXT)])
def test_alternatives_that_overlap_are_judged_as_any_of_them(tmp_path, other):
    contract = read_contract(written(tmp_path, with_schema({"oneOf": [an_object(["a"], a=TEXT), other]})))
    assert scope_of(contract.callbacks[0]).contents and refused_by_its_mock(contract) == []
    assert "overlap" in str(contract.notes[0])


def test_alternatives_that_a_body_tells_apart_stay_exclusive(tmp_path):
    scope = scope_of(read_schema(tmp_path, {"oneOf": [an_object(["a"], a=TEXT), an_object(["b"], b=TEXT)]}))
    assert not scope.strict.is_valid({"a": "", "b": ""})


# Annotations


@pytest.mark.parametrize(
    "annotation",
    [{"description": {"$ref": "./a.md"}}, {"title": 3}, {"readOnly": "yes"}, {"required": True}, {"nullable": True}],
)
def test_annotation_of_another_form_is_a_note(tmp_path, annotation):
    contract = read_contract(written(tmp_path, with_schema(an_object(["a"], a={**TEXT, **annotation}))))
    assert scope_of(contract.callbacks[0]).contents and next(iter(annotation)) in contract.notes[0]


def test_example_of_another_file_is_read(tmp_path):
    (tmp_path / "shown.json").write_text('{"a": "shown"}')
    examples = {"e": {"externalValue": "./shown.json"}}
    assert scope_of(read_schema(tmp_path, an_object(["a"], a=TEXT), examples=examples)).plain == {"a": "shown"}


# Stimuli that a contract does not allow


def test_lengths_beyond_the_contract_are_not_sent(tmp_path):
    scope = scope_of(read_schema(tmp_path, an_object(["a"], a={**TEXT, "maxLength": 300})))
    assert {len(case.content["a"]) for case in applicable_cases(texts.lengths, scope)} == {0, 256}


def test_rule_without_a_sound_case_is_not_applicable(tmp_path):
    closed = {"type": "object", "properties": {"a": {"const": 1}}, "propertyNames": {"maxLength": 1}}
    with pytest.raises(NotApplicable, match="leaves no such case"):
        applicable_cases(forward.unknown_members, scope_of(read_schema(tmp_path, closed)))


def test_missing_member_that_another_alternative_allows_is_not_called_a_mistake(tmp_path):
    schema = {**an_object(["a"], a=TEXT), "allOf": [{"anyOf": [{"required": ["a"]}, {}]}]}
    scope = scope_of(read_schema(tmp_path, {"anyOf": [schema, {"type": "object"}], **an_object(["b"], b=TEXT)}))
    assert {case.label for case in applicable_cases(off_schema.missing_members, scope)} == {
        "/b missing",
        "every member missing",
    }


def test_body_without_a_brace_is_not_called_a_syntax_error(tmp_path):
    scope = scope_of(read_schema(tmp_path, {"type": "integer"}), "standard")
    labels = {case.label for case in applicable_cases(unparsable.syntax_errors, scope)}
    assert "a comment" not in labels and "words" in labels


def test_free_object_of_which_nothing_is_said_gets_no_keys(tmp_path):
    scope = scope_of(read_schema(tmp_path, an_object(["m"], m={"type": "object"})))
    with pytest.raises(NotApplicable):
        applicable_cases(texts.awkward_keys, scope)


# Headers


def headed(**header):
    document = with_schema(an_object(["a"], a=TEXT))
    document["webhooks"]["thing"]["post"]["parameters"] = [
        {"name": "X-Sig", "in": "header", "required": True, **header}
    ]
    return document


@pytest.mark.parametrize(
    "shown",
    [{"example": 7}, {"schema": {"default": 7}}, {"schema": {"enum": ["7"]}}, {"examples": {"e": {"value": "7"}}}],
)
def test_required_header_is_sent_as_the_contract_shows_it(tmp_path, shown):
    (callback,) = read_contract(written(tmp_path, headed(**shown))).callbacks
    (case, *_) = valid.plain(scope_of(callback))
    from callback_contract.contract_tests.model.cases import default_headers

    assert ("X-Sig", "7") in default_headers(case.callback)


@pytest.mark.parametrize(("given", "judged"), [((), False), (("X-Sig: a",), True), (("x-sig:a",), True)])
def test_required_header_without_a_value_has_to_be_given(tmp_path, given, judged):
    contract = read_contract(written(tmp_path, headed()))
    options = {"callback": (), "header": given, "auth": None, "signature": None, "depth": "quick", "seed": 0}
    if judged:
        assert len(chosen_callbacks(contract, options, own_mock=False)[0]) == 1
    else:
        with pytest.raises(KitError, match="--header 'X-Sig: …'"):
            chosen_callbacks(contract, options, own_mock=False)


def test_required_header_is_given_by_the_scheme_that_signs_in_it(tmp_path):
    document = headed()
    document["webhooks"]["thing"]["post"]["parameters"][0]["name"] = "X-Hub-Signature-256"
    contract = read_contract(written(tmp_path, document))
    options = {"callback": (), "header": (), "auth": None, "signature": "sha256-hex-body", "depth": "quick", "seed": 0}
    assert len(chosen_callbacks(contract, options, own_mock=False)[0]) == 1


def test_given_header_replaces_the_one_that_the_contract_shows(tmp_path):
    contract = read_contract(written(tmp_path, headed(example="shown")))
    options = {"callback": (), "header": ("X-Sig: mine",), "auth": None, "signature": None, "depth": "quick", "seed": 0}
    (callback,), _ = chosen_callbacks(contract, options, own_mock=False)
    assert callback.headers[0].value is None


def test_drawing_leaves_a_callbacks_schema_as_it_is(tmp_path):
    part = {"$ref": "#/components/schemas/Whole"}
    whole = {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/Part"}}}
    document = with_schema(part, schemas={"Whole": whole, "Part": {"type": "string"}})
    operation = document["webhooks"]["thing"]["post"]
    operation["responses"]["200"] = {"description": "", "content": {"application/json": {"schema": part}}}
    (callback,) = read_contract(written(tmp_path, document)).callbacks
    before = json.dumps(callback.schema)
    assert operation_of(callback) is not None and json.dumps(callback.schema) == before


def test_boundaries_are_not_walked_through_many_patterns_and_that_is_said(tmp_path):
    made = {
        "type": "object",
        "properties": {f"m{n}": {"type": "string", "pattern": f"^[a-z]{{{n}}}$"} for n in range(1, 10)},
    }
    callback = read_schema(tmp_path, made)
    assert boundary_bodies(callback, negated=False) == boundary_bodies(callback, negated=True) == []
    contract = read_contract(tmp_path / "contract.json")
    assert any("boundaries of its schema are not walked" in note.text for note in contract_notes(contract))
