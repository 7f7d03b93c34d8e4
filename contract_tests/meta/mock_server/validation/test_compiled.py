"""Compiled validators of a document with hundreds of callbacks: few stay compiled, all are recognised."""

from __future__ import annotations

import gc
import json
import weakref

import jsonschema_rs
import pytest

from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.mock_server.validation.validator import Validator
from callback_contract.mock_server.validation.validators import FEW
from callback_contract.openapi.reading import read_contract


@pytest.fixture
def large(tmp_path):
    """Assesses values by a document of more callbacks than are kept compiled."""

    def hook(number):
        reference = {"$ref": f"#/components/schemas/Hook{number}"}
        return {"post": {"requestBody": {"content": {"application/json": {"schema": reference}}}}}

    def schema(number):
        own = {"properties": {f"m{number}": {"type": "integer"}}, "required": [f"m{number}"]}
        return {"allOf": [{"$ref": "#/components/schemas/Any"}, own]}

    schemas = {f"Hook{number}": schema(number) for number in range(3 * FEW)}
    schemas["Any"] = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "components": {"schemas": schemas}}
    document["webhooks"] = {f"hook{number}": hook(number) for number in range(3 * FEW)}
    assessor = Validator(read_contract(written(tmp_path, document)))
    return assessor


def test_each_of_very_many_callbacks_is_known_by_what_it_requires(large):
    for number in range(3 * FEW):
        assert large.assess(json.dumps({"id": "1", f"m{number}": 1}).encode()).callback.name == f"hook{number}"


def test_refusal_by_very_many_callbacks_is_explained_by_the_one_that_knows_the_body(large):
    violations = large.assess(b'{"id": "1", "m77": "x"}').violations
    assert [violation.pointer for violation in violations] == ["/m77"]


def test_only_a_few_of_very_many_callbacks_stay_compiled(large, monkeypatch):
    alive = weakref.WeakSet()
    compile_one = jsonschema_rs.validator_for

    class Kept:
        def __init__(self, *args, **options):
            self.validator = compile_one(*args, **options)
            self.is_valid = self.validator.is_valid
            self.iter_errors = self.validator.iter_errors
            alive.add(self)

    monkeypatch.setattr(jsonschema_rs, "validator_for", Kept)
    for number in range(3 * FEW):
        assert large.assess(json.dumps({"id": "1", f"m{number}": 1}).encode()).accepted
    gc.collect()
    assert len(alive) <= FEW
