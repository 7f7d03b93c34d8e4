"""The contract is true, and a broken one is refused with the place and the remedy."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from callback_contract.openapi import CONTRACT_FILE, ContractError, load_contract
from callback_contract.openapi.contract.derivation import lifted

SMALL = {
    "openapi": "3.1.0",
    "info": {"title": "small", "version": "1"},
    "webhooks": {
        "thing": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}
                    }
                }
            }
        }
    },
}


@pytest.fixture
def broken(tmp_path):
    """Loads a contract with one change and gives the message."""

    def load(change) -> str:
        document = json.loads(json.dumps(SMALL))
        change(document)
        file = tmp_path / "contract.yaml"
        file.write_text(yaml.safe_dump(document))
        with pytest.raises(ContractError) as caught:
            load_contract(file)
        return str(caught.value)

    return load


def schema_of(document):
    return document["webhooks"]["thing"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def test_contract_is_valid_openapi():
    OpenAPIV31SpecValidator(load_contract().document).validate()


def test_lifted_form_is_valid_openapi():
    OpenAPIV31SpecValidator(lifted(load_contract().document)).validate()


@pytest.mark.parametrize("example", load_contract().callbacks[0].examples, ids=lambda e: e.name)
def test_example_satisfies_the_strict_schema(example):
    assert jsonschema_rs.is_valid(dict(load_contract().callbacks[0].strict), example.value)


def test_every_field_has_a_meaning_and_says_how_it_is_known():
    for member in load_contract().callbacks[0].members[1:]:
        assert member.schema["description"].endswith(".")
        assert member.schema["x-provenance"]["description"] == "inferred"


def test_every_header_has_a_meaning_and_says_how_it_is_known():
    operations = [item["post"] for item in load_contract().document["webhooks"].values()]
    for header in [header for operation in operations for header in operation["parameters"]]:
        assert header["description"].endswith(".")
        assert header["x-provenance"]["description"] == "inferred"


def test_every_inferred_format_says_so():
    for member in load_contract().callbacks[0].members:
        if member.format:
            assert member.schema["x-provenance"]["format"] == "inferred"


def test_nothing_inferred_constrains():
    callback = load_contract().callbacks[0]
    value = {**callback.delivered_examples[0].value}
    for member in callback.members[1:]:
        if member.types == ("string",) and not member.enum:
            value[member.pointer[1:]] = ""
    assert jsonschema_rs.is_valid(dict(callback.strict), value)


def test_tolerant_schema_accepts_an_unknown_value_and_an_unknown_member():
    callback = load_contract().callbacks[0]
    value = {**callback.delivered_examples[0].value, "new": 1}
    value[callback.delivery.state[1:]] = "brand new"
    assert jsonschema_rs.is_valid(dict(callback.tolerant), value)
    assert not jsonschema_rs.is_valid(dict(callback.strict), value)


def test_yaml_error_names_the_line(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("openapi: 3.1.0\ninfo: {title: x\n")
    with pytest.raises(ContractError, match=r"c\.yaml:\d"):
        load_contract(file)


def test_duplicate_key_is_refused(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("openapi: 3.1.0\nopenapi: 3.1.0\n")
    with pytest.raises(ContractError, match="twice"):
        load_contract(file)


def test_missing_file_says_so(tmp_path):
    with pytest.raises(ContractError, match="no such file"):
        load_contract(tmp_path / "nowhere.yaml")


def test_misspelt_keyword_is_found_with_a_suggestion(broken):
    message = broken(lambda d: schema_of(d).update(requierd=["id"]))
    assert "'requierd'" in message and "'required'" in message and "contract.yaml:" in message


def test_dead_reference_is_found(broken):
    assert "points at nothing" in broken(lambda d: schema_of(d).update({"$ref": "#/components/schemas/Nope"}))


def test_reference_that_leaves_the_document_is_refused(broken):
    assert "leaves the document" in broken(lambda d: schema_of(d).update({"$ref": "other.yaml#/x"}))


def test_contract_without_callbacks_says_what_was_found(broken):
    message = broken(lambda d: (d.pop("webhooks"), d.update(paths={"/": {}})))
    assert "without callbacks" in message and "paths" in message


def test_swagger_2_is_refused_by_name(broken):
    assert "Swagger 2" in broken(lambda d: (d.pop("openapi"), d.update(swagger="2.0")))


def test_delivery_fact_without_provenance_is_refused(broken):
    def change(document):
        document["webhooks"]["thing"]["post"]["x-delivery"] = {"deadline_s": {"value": 5}}

    assert "provenance" in broken(change)


def test_delivery_fact_that_points_nowhere_is_refused(broken):
    def change(document):
        document["webhooks"]["thing"]["post"]["x-delivery"] = {
            "correlation": {"value": "/nope", "provenance": "house", "why": "because"}
        }

    assert "names nothing at '/nope'" in broken(change)


def test_contract_file_is_the_only_place_that_names_a_field():
    names = {member.pointer[1:] for member in load_contract().callbacks[0].members if "_" in member.pointer}
    root = CONTRACT_FILE.parent.parent
    own = [f for part in ("openapi", "mock_server", "contract_tests") for f in (root / part).rglob("*.py")]
    sources = [f for f in own if not {"meta", "receivers"} & set(f.relative_to(root).parts)]
    assert len(sources) > 30
    assert [(f.name, n) for f in sources for n in names if n in f.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("value", [[1], {"thing": 7}, {"thing": {"post": 7}}, {"thing": {"post": {"requestBody": []}}}])
def test_part_of_another_shape_is_one_message(broken, value):
    assert "Traceback" not in broken(lambda d: d.update(webhooks=value))
