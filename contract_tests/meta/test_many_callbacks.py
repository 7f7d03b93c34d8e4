"""One mock for many callbacks: each body is taken for the callback that it is, and explained by the nearest."""

from __future__ import annotations

import json

import pytest

from contract_tests.meta.foreign import written
from mock_server.assessing import Assessor
from openapi.reading import read_contract


@pytest.fixture
def assess(tmp_path):
    """Assesses a value by a document of ten callbacks, the first of which takes anything with an id."""

    def hook(number):
        members = {"id": {"type": "string"}, "kind": {"const": f"k{number}"}, f"m{number}": {"type": "integer"}}
        schema = {"type": "object", "properties": members, "required": ["id", "kind", f"m{number}"]}
        header = {"name": "X-Event", "in": "header", "required": True, "schema": {"type": "string"}}
        entry = {"application/json": {"schema": {"type": "object", "required": ["id"]} if not number else schema}}
        return {"post": {"parameters": [header], "requestBody": {"content": entry}}}

    hooks = {f"hook{number}": hook(number) for number in range(10)}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": hooks}
    assessor = Assessor(read_contract(written(tmp_path, document)))
    return lambda value: assessor.assess(json.dumps(value).encode())


def test_body_is_taken_for_the_callback_that_knows_it(assess):
    assert assess({"id": "1", "kind": "k7", "m7": 1}).callback.name == "hook7"
    assert assess({"id": "1"}).callback.name == "hook0"


def test_refusal_names_what_is_wrong_with_the_body_and_not_a_missing_header(assess):
    assessment = assess({"kind": "k3", "m3": 1})
    assert not assessment.accepted
    assert "'id' is a required property" in assessment.violations[0].message
