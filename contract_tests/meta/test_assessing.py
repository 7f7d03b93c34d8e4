"""A refused body is explained by the callback that it was meant to be."""

from __future__ import annotations

import pytest

from contract_tests.meta.inspecting import GOOD, body, contract
from mock_server.assessing import Assessor


@pytest.fixture(scope="module")
def assessor():
    return Assessor(contract())


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
