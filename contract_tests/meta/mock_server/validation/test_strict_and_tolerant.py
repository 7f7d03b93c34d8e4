"""Verdicts of the mock: what the exact schema refuses is told, and what the tolerant one accepts is acknowledged."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.support.documents.json_schema_suite import archive_in, groups_of, is_readable
from callback_contract.contract_tests.meta.support.documents.real_documents import FOLDER, Unavailable
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.mock_server.validation.validator import Validator
from callback_contract.openapi.reading import read_contract


def named(name):
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.fixture
def assess(tmp_path):
    """Whether a body is acknowledged, and the kinds of what is new in it."""

    def judge(schema, value, *, formats=False, **document):
        document = with_schema(schema, **document)
        content = document["webhooks"]["thing"]["post"]["requestBody"]["content"]
        document["webhooks"]["thing"]["post"]["requestBody"]["content"] = {
            "application/cloudevents+json": content["application/json"]
        }
        validator = Validator(read_contract(written(tmp_path, document)), formats=formats)
        assessment = validator.assess(json.dumps(value).encode())
        return assessment.accepted, [novelty.kind for novelty in assessment.novelties]

    return judge


def test_schema_without_a_type_is_held_whatever_the_media_type(assess):
    schema = {"required": ["id"], "properties": {"id": {"type": "string"}}}
    assert assess(schema, {"id": "a"}) == (True, []) and assess(schema, {}) == (False, [])


@pytest.mark.parametrize("key", ["not", "if"])
def test_what_not_and_if_refer_to_stays_as_it_is_written(assess, key):
    schemas = {"Gone": named("Inner"), "Inner": {"const": "gone"}}
    without = {"not": named("Gone")} if key == "not" else {"if": named("Gone"), "then": False}
    schema = {"type": "object", "properties": {"status": {"type": "string", **without}}}
    assert assess(schema, {"status": "new"}, schemas=schemas) == (True, [])
    assert assess(schema, {"status": "gone"}, schemas=schemas)[0] is False


def test_items_that_an_open_contains_would_match_are_not_counted(assess):
    schema = {"type": "array", "contains": {"const": "a"}, "maxContains": 1}
    assert assess(schema, ["a", "b", "c"]) == (True, [])
    assert assess(schema, ["a", "a"]) == (True, ["value"])


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object", "unevaluatedProperties": False}, {"a": 1}),
        ({"type": "array", "items": {"enum": [1, 2]}}, [1, 3]),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1, "b": 1}),
        ({"properties": {"$ref": {"const": "a"}}}, {"$ref": "b"}),
    ],
)
def test_what_the_exact_schema_refuses_is_acknowledged_and_told(assess, schema, value):
    accepted, new = assess(schema, value)
    assert accepted and new


def test_text_of_another_form_than_its_format_is_told_on_request(assess):
    schema = {"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}}
    assert assess(schema, {"at": "yesterday"}) == (True, [])
    assert assess(schema, {"at": "yesterday"}, formats=True) == (True, ["format"])
    inferred = {**schema["properties"]["at"], "x-provenance": {"format": "inferred"}}
    assert assess({"type": "object", "properties": {"at": inferred}}, {"at": "yesterday"}, formats=True) == (True, [])


@pytest.mark.slow
def test_json_schema_test_suite_is_kept(tmp_path):
    try:
        archive = archive_in(Path(os.environ.get(FOLDER) or tmp_path))
    except Unavailable as reason:
        pytest.skip(str(reason))
    wrong, held = [], 0
    for name, group in filter(lambda each: is_readable(each[1]), groups_of(archive)):
        contract = read_contract(written(tmp_path, with_schema(group["schema"])))
        if any("overlap" in note for note in contract.notes):
            continue  # a oneOf that no value meets is read as anyOf, and said
        validator = Validator(contract)
        for case in group["tests"]:
            assessment = validator.assess(json.dumps(case["data"]).encode())
            is_exact = assessment.accepted and "value" not in {novelty.kind for novelty in assessment.novelties}
            is_told = not assessment.accepted or bool(assessment.novelties)
            held += 1
            if not (is_exact if case["valid"] else is_told):
                wrong.append((name, group["description"], case["description"]))
    assert (wrong, held > 1000) == ([], True)
