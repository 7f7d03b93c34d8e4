"""Checks: what the assertion of a check says is a value, and any other assertion is the kit's own error."""

from __future__ import annotations

import ast

import pytest

from callback_contract.contract_tests.meta.support.scripted import asked, case, run_before
from callback_contract.contract_tests.model.verdicts import Mismatch, RuleBroken, check
from callback_contract.contract_tests.runner.attempts import run_case
from callback_contract.contract_tests.runner.collection import CHAPTERS
from callback_contract.openapi.text.message import Text

EXPECTED, ACTUAL = Text("expected.rejected"), Text("actual.not-known")


@check
def fails(*said):
    raise AssertionError(*said)


@pytest.mark.parametrize(("said", "actual"), [(EXPECTED, None), (Mismatch(EXPECTED, ACTUAL), ACTUAL)])
def test_assertion_says_what_was_expected_and_what_came(said, actual):
    with pytest.raises(RuleBroken) as caught:
        fails(said)
    assert (caught.value.expected, caught.value.actual) == (EXPECTED, actual)


@pytest.mark.parametrize("said", [(), ("a rejection (4xx) <- 200 OK",), (400,), (None,)])
def test_assertion_that_says_neither_is_an_error_of_the_kit(said):
    with pytest.raises(RuntimeError, match="an assumption of the kit does not hold"):
        run_case(run_before(200), asked(check=lambda exchange: fails(*said)), case(), 1, None)


@pytest.mark.parametrize("file", sorted((CHAPTERS / "receivers").glob("test_*.py")), ids=lambda file: file.stem)
def test_pytest_leaves_the_assertions_of_a_chapter_as_they_are(file):
    module = ast.parse(file.read_text("utf-8"))
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(module))
    assert not asserts or "PYTEST_DONT_REWRITE" in ast.get_docstring(module)
