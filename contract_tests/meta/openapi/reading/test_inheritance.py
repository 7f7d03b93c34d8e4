"""Inheritance by discriminator: a schema with a mapping stands for its children, each by its value."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.generation.strategies import operation_of
from callback_contract.contract_tests.meta.support.foreign import (
    read_schema,
    refused_by_its_mock,
    scope_of,
    with_schema,
    written,
)
from callback_contract.openapi.reading import read_contract

TEXT = {"type": "string"}


def an_object(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


def named(name):
    return {"$ref": f"#/components/schemas/{name}"}


def child(required, **properties):
    return {"allOf": [named("Base"), an_object(required, **properties)]}


MAPPING = {"a": "#/components/schemas/A", "b": "B", "c": "#/components/schemas/A"}
CHILDREN = {"A": child(["amount"], amount={"type": "integer"}), "B": child(["reason"], reason=TEXT)}
BASE = an_object(["id", "type"], id=TEXT, type=TEXT)


def schemas(**discriminator):
    return {"Base": {**BASE, "discriminator": {"propertyName": "type", **discriminator}}, **CHILDREN}


MAPPED = schemas(mapping=MAPPING)


def test_plain_delivery_is_a_child_with_its_members(tmp_path):
    assert scope_of(read_schema(tmp_path, named("Base"), schemas=MAPPED)).plain == {
        "id": "text",
        "type": "a",
        "amount": 1,
    }


@pytest.mark.parametrize("where", [{"allOf": [named("Base")]}, an_object(["e"], e=named("Base"))])
def test_child_stands_wherever_its_parent_is_named(tmp_path, where):
    plain = scope_of(read_schema(tmp_path, where, schemas=MAPPED)).plain
    assert plain.get("e", plain)["amount"] == 1


def test_children_without_a_mapping_go_by_their_names(tmp_path):
    assert scope_of(read_schema(tmp_path, named("Base"), schemas=schemas())).plain["type"] == "A"


def test_every_value_of_the_mapping_is_drawn_with_its_members(tmp_path):
    contract = read_contract(written(tmp_path, with_schema(named("Base"), schemas=MAPPED)))
    contents = scope_of(contract.callbacks[0]).contents
    assert {content["type"] for content in contents} == set(MAPPING)
    assert all(("reason" in content) == (content["type"] == "b") for content in contents)
    assert refused_by_its_mock(contract) == []


@pytest.mark.parametrize(
    ("body", "violates", "acknowledged"),
    [
        ({"id": "", "type": "a", "amount": 1}, False, True),
        ({"id": "", "type": "a", "reason": ""}, True, True),
        ({"id": "", "type": "later"}, True, True),
        ({"type": "later"}, True, False),
    ],
)
def test_known_value_wants_its_members_and_an_unknown_one_those_of_the_parent(tmp_path, body, violates, acknowledged):
    scope = scope_of(read_schema(tmp_path, named("Base"), schemas=MAPPED))
    assert (scope.strict.is_valid(body), scope.tolerant.is_valid(body)) == (not violates, acknowledged)


def test_grandchildren_are_read(tmp_path):
    third = {"C": {"allOf": [named("A"), an_object(["more"], more=TEXT)]}}
    found = schemas(mapping={"c": "#/components/schemas/C"}) | third
    assert set(scope_of(read_schema(tmp_path, named("Base"), schemas=found)).plain) == {"id", "type", "amount", "more"}


def test_child_that_cannot_be_used_leaves_the_others(tmp_path):
    found = MAPPED | {"A": child([], amount={"type": "numbr"})}
    assert scope_of(read_schema(tmp_path, named("Base"), schemas=found)).plain["type"] == "b"


def test_schema_without_values_is_no_crash_of_the_generator(tmp_path):
    assert operation_of(read_schema(tmp_path, {**TEXT, "format": "swift-bic"}))
