"""`export` of a foreign document: OpenAPI and JSON Schema that other tools read."""

from __future__ import annotations

import json

import jsonschema
import openapi_spec_validator
import pytest

from callback_contract.contract_tests.cli.export_command import export
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi import KitError
from callback_contract.openapi.cli.diff_command import diff
from callback_contract.openapi.reading import read_contract

SCHEMA = {
    "type": "object",
    "nullable": True,
    "required": ["id"],
    "properties": {
        "id": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
        "x-origin": {"type": "string", "format": "unheard-of"},
    },
    "example": {"id": 1, "x-origin": "a name like one of ours"},
}
FOREIGN = {
    "openapi": "3.0.3",
    "info": {"title": "Orders", "version": "7"},
    "paths": {
        "/subscribe": {
            "post": {
                "responses": {"200": {"description": ""}},
                "callbacks": {
                    key: {"{$request.body#/url}": {"post": {"requestBody": {"content": {media: {"schema": ref}}}}}}
                    for key, media, ref in (
                        ("paid", "application/json", {"$ref": "#/components/schemas/Order"}),
                        ("sent", "application/json", {"type": "object", "required": ["id"]}),
                        ("old", "application/xml", {}),
                    )
                },
            }
        }
    },
    "components": {"schemas": {"Order": SCHEMA}},
}


@pytest.fixture
def file(tmp_path):
    return written(tmp_path, FOREIGN)


def exported(file, *arguments):
    ran = invoke(export, ["--contract", str(file), *arguments], catch_exceptions=False)
    return ran.stdout, ran.stderr


@pytest.mark.parametrize("kind", ["openapi", "paths"])
def test_foreign_document_becomes_valid_openapi_without_notes_of_this_kit(file, kind):
    text, _ = exported(file, "--as", kind)
    document = json.loads(text)
    openapi_spec_validator.validate(document)
    assert set(document.get("webhooks", document.get("paths"))) in ({"paid", "sent"}, {"/paid", "/sent"})
    assert str(file.parent) not in text and "x-not-drawn" not in text and "x-unsaid" not in text
    members = document["components"]["schemas"]["Order"]["properties"]
    assert set(members) == {"id", "x-origin"}  # a member that happens to have the name of a note


def test_what_was_exported_is_read_as_the_same_callbacks(file, tmp_path):
    again = tmp_path / "again.json"
    exported(file, "--out", str(again))
    one, other = read_contract(file), read_contract(again)
    assert [(c.name, c.strict) for c in one.callbacks] == [(c.name, c.strict) for c in other.callbacks]


def test_schema_of_each_callback_is_json_schema_of_today(file, tmp_path):
    exported(file, "--as", "schema", "--callback", "all", "--out", f"{tmp_path}/schemas/")
    schema = json.loads((tmp_path / "schemas/paid.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert [jsonschema.Draft202012Validator(schema).is_valid(v) for v in ({"id": 1}, None, {"id": 0}, {})] == [
        *(True, True),
        *(False, False),
    ]


def test_what_was_set_aside_is_said_beside_the_export(file):
    text, said = exported(file, "--as", "schema", "--callback", "sent")
    assert json.loads(text)["title"] == "sent"
    _, said = exported(file)
    assert "1 of 3 callbacks is set aside" in said and "only JSON, forms and multipart are sent" in said


def test_one_callback_of_a_large_document_can_be_exported_alone(file):
    assert list(json.loads(exported(file, "--callback", "sent")[0])["webhooks"]) == ["sent"]


@pytest.mark.parametrize("kind", ["http", "vectors"])
def test_deliveries_of_a_foreign_callback_can_be_exported(file, kind):
    text, _ = exported(file, "--as", kind)
    assert "a name like one of ours" in text


def test_paths_are_exported_as_callbacks_when_asked(tmp_path):
    post = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
    own = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/hook": {"post": post}}}
    text, _ = exported(written(tmp_path, own), "--paths")
    assert list(json.loads(text)["webhooks"]) == ["/hook"]


def test_unknown_callback_is_one_error(file):
    with pytest.raises(KitError, match="'gone'"):
        exported(file, "--callback", "gone")


def test_paths_of_two_documents_are_compared_when_asked(tmp_path):
    post = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
    own = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {"/hook": {"post": post}}}
    one = written(tmp_path, own, "one.json")
    post["requestBody"]["content"]["application/json"]["schema"] = {"type": "array"}
    ran = invoke(diff, ["-", str(written(tmp_path, own, "two.json")), "--paths"], input=one.read_text())
    assert ran.exit_code == 1 and "type changed from object to array" in ran.output


def test_standard_input_is_one_of_two_documents():
    with pytest.raises(KitError, match="read once"):
        invoke(diff, ["-", "-"], catch_exceptions=False)
