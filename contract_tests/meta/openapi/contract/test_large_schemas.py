"""Large schemas: a plain body is made of a share of each member, and what breaks the schema is taken out of it."""

from __future__ import annotations

from callback_contract.openapi.contract.example_value import sample_of

TEXT = {"type": "string"}


def an_object(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


def branching(width):
    """A schema whose members all lead to all others: written out it has no end."""
    part = an_object(**{f"m{n}": {"$ref": f"#/$defs/S{n}"} for n in range(width)}, text=TEXT)
    return {**part, "$defs": {f"S{n}": part for n in range(width)}}


def test_every_member_of_a_large_body_has_its_share():
    made = sample_of({**branching(20), "required": ["text"]}).value
    assert len(made) == 21 and len(str(made)) < 20_480


def test_member_that_contradicts_itself_leaves_the_others():
    hard = {**an_object(a=TEXT, b=TEXT), "not": {"required": ["a"]}}
    made = sample_of(an_object(["id"], id=TEXT, hard=hard, name=TEXT)).value
    assert made == {"id": "text", "name": "text"}


def test_example_in_a_schema_is_not_changed_by_what_is_made_of_it():
    shown = {"type": "object", "examples": [{"a": 1}], "properties": {"a": TEXT}}
    schema = an_object(["id"], id=TEXT, shown=shown)
    assert sample_of(schema).value["shown"] == {} and shown["examples"] == [{"a": 1}]
