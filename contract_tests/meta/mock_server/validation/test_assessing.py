"""A refused body is explained by the callback that it was meant to be."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.support.inspecting import GOOD, body, contract
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.validation.validator import Validator
from callback_contract.openapi.contract.loading import load_contract


@pytest.fixture(scope="module")
def assessor():
    return Validator(contract())


def test_body_that_is_wrong_twice_is_explained_by_its_own_callback(assessor):
    violations = assessor.assess(body(timestamp="x", callee=3)).violations
    assert {violation.pointer for violation in violations} == {"/timestamp", "/callee"}


def test_header_that_another_callback_requires_explains_nothing(assessor):
    messages = [violation.message for violation in assessor.assess(b"{}").violations]
    assert messages and all("is a required property" in message for message in messages)


@pytest.mark.parametrize("missing", ["callee", "msg_id", "workflow_id"])
def test_what_is_missing_is_told_by_its_name(assessor, missing):
    content = body(**{missing: None}).replace(f'"{missing}": null'.encode(), b'"more": 1')
    assert missing in GOOD
    assert [violation.message for violation in assessor.assess(content).violations] == [
        f"'{missing}' is a required property"
    ]


@pytest.mark.parametrize(
    "rest",
    [b"", b"]" * 950, b"]" * 950 + b"x", b'"\\', b'"\\"' * 100_000],
    ids=["cut off", "whole", "more", "text", "texts"],
)
def test_depth_is_found_before_decoding_whatever_the_rest_is(assessor, rest):
    assert assessor.assess(b"[" * 950 + rest).kind == "depth"


@pytest.mark.parametrize(
    "body", [b'"' + b"[" * 999 + b'"', b'["a\\"' + b"[" * 999 + b'"]', b"[" + b"[]," * 999 + b"[]]"]
)
def test_brackets_within_texts_and_side_by_side_are_no_depth(assessor, body):
    assert assessor.assess(body).kind == "schema"


def all_asked(assessor, value):
    """The nearest of all callbacks that a body may be, none left out."""
    fitting = [callback for callback, _, is_valid in assessor._tolerant if is_valid(value)]
    return assessor._nearest(fitting, value) if fitting else None


@pytest.mark.parametrize("reverse", [False, True], ids=["as written", "the other way round"])
def test_body_is_taken_for_the_nearest_of_all_callbacks_whatever_their_order(reverse):
    callbacks = load_contract().callbacks
    anything = {"type": "object"}
    its_own = {"name": "loose", "pointer": "/webhooks/loose/post"}
    loose = replace(callbacks[0], **its_own, schema=anything, strict=anything, tolerant=anything)
    callbacks = (loose, *callbacks)
    assessor = Validator(replace(load_contract(), callbacks=callbacks[::-1] if reverse else callbacks))
    cases = 0
    for callback in callbacks[1:]:
        composer = Composer(callback)
        for number in range(5):
            value = composer.content(random.Random(number))
            assert assessor.assess(json.dumps(value).encode()).callback is callback
            less = [{key: one for key, one in value.items() if key != gone} for gone in value]
            for one in [value, value | {"more": 1}, *less]:
                if expected := all_asked(assessor, one):
                    assert assessor.assess(json.dumps(one).encode()).callback is expected
                    cases += 1
    assert cases > 50
