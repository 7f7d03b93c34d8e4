"""Structural equality: two schemas are equal only with equal words and equal references."""

from __future__ import annotations

import pytest

from callback_contract.openapi.comparing.operations.contracts import compare
from callback_contract.openapi.comparing.schemas import schema_nodes as places
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.schema_nodes import Located, reader
from callback_contract.openapi.comparing.schemas.structural_equality import StructuralEquality
from callback_contract.openapi.reading import read_contract

REF = {"$ref": "#/$defs/A"}


def node(schema, **defs):
    made = reader({}, {**schema, **({"$defs": defs} if defs else {})}, "")
    return (Located(made, {key: value for key, value in made.root.items() if key != "$defs"}, ""),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"minimum": 1}, {"minimum": True}),
        ({"minimum": 1}, {"minimum": 1.0}),
        ({"enum": ["1"]}, {"enum": [1]}),
        ({"enum": [1, 2]}, {"enum": [2, 1]}),
        ({"description": "a"}, {"description": "b"}),
        ({"properties": {"a": {}}}, {"properties": {"b": {}}}),
        ({"enum": [{}]}, {"enum": [[]]}),
        ({"items": True}, {"items": {}}),
    ],
)
def test_what_differs_anywhere_is_not_alike(one, other):
    assert StructuralEquality().are(node(one), node(one)) and not StructuralEquality().are(node(one), node(other))


def test_order_of_keys_says_nothing():
    assert StructuralEquality().are(node({"type": "object", "title": "x"}), node({"title": "x", "type": "object"}))


def test_difference_behind_a_reference_is_seen_also_by_whoever_asks_later():
    alike = StructuralEquality()
    same = {"A": {"items": {"$ref": "#/$defs/B"}}, "B": {"type": "string"}}
    other = {**same, "B": {"type": "integer"}}
    one, two = node(REF, **same), node(REF, **other)
    assert alike.are(one, one) and not alike.are(one, two) and not alike.are(one, two)
    inside = [Located(each[0].reader, each[0].reader.root["$defs"]["B"], "/$defs/B") for each in (one, two)]
    assert not alike.are((inside[0],), (inside[1],)) and alike.are((inside[0],), (inside[0],))


def test_ring_of_references_is_alike_to_itself():
    defs = {"A": {"properties": {"next": REF, "other": {"$ref": "#/$defs/B"}}}, "B": {"items": REF}}
    assert StructuralEquality().are(node(REF, **defs), node(REF, **defs))
    changed = {**defs, "B": {"items": REF, "maxItems": 3}}
    assert not StructuralEquality().are(node(REF, **defs), node(REF, **changed))


def test_reference_that_leads_nowhere_known_is_left_to_the_walk():
    assert not StructuralEquality().are(node(REF), node(REF))


def test_parts_alike_are_not_walked(monkeypatch):
    deep = {"type": "string"}
    for _ in range(60):  # deeper than a walk goes
        deep = {"type": "object", "properties": {"a": deep}}
    assert compared_schemas(reader({}, deep, ""), reader({}, {**deep, "title": "x"}, "")) != []
    found = compared_schemas(reader({}, deep, ""), reader({}, {**deep, "title": "x"}, ""))
    assert [finding.what.said() for finding in found] == ["title added"]


def test_a_document_is_looked_through_once_for_all_its_callbacks(tmp_path, monkeypatch):
    from callback_contract.contract_tests.meta.support.foreign import with_schema, written

    document = with_schema({"$ref": "#/components/schemas/A"}, schemas={"A": {"type": "object"}})
    hook = document["webhooks"]["thing"]
    document["webhooks"] = {f"h{number}": hook for number in range(20)}
    contract = read_contract(written(tmp_path, document))
    looked = []
    references = places._references
    monkeypatch.setattr(places, "_references", lambda value: looked.append(value) or references(value))
    changed = read_contract(written(tmp_path, {**document, "info": {"title": "t", "version": "2"}}))
    assert compare(contract, changed) == () and len(looked) <= 2
