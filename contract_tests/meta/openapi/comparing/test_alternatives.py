"""Alternatives: each is compared with what it became, and the words of every finding hold for both schemas."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from callback_contract.contract_tests.meta.openapi.comparing.alternative_pairs import alternative_pairs, untruths
from callback_contract.openapi.comparing.change import worst
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.schema_nodes import reader

TEXT, WHOLE, NONE = {"type": "string"}, {"type": "integer"}, {"type": "null"}
KNOWN = {"enum": ["a", "b"]}


@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(pair=alternative_pairs())
def test_no_finding_is_refuted_by_an_instance_or_by_the_two_schemas(pair: Any) -> None:
    assert untruths(*pair) == []


def said(old: Any, new: Any, *, answer: bool = False) -> list[tuple[str, str]]:
    found = compared_schemas(reader({}, old, ""), reader({}, new, ""), answer=answer)
    return [(each.level, str(each.what.said())) for each in found if not each.words]


def form(required: list[str], **members: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": members}


CREATED = {"type": {"const": "created"}, "amount": WHOLE}
CHANGES: dict[str, tuple[Any, Any, tuple[str, str]]] = {
    "a member that may be missing": (
        form(["type", "amount"], **CREATED),
        form(["type"], **CREATED),
        ("breaking", "the member 'amount' is no longer required"),
    ),
    "a member of another type": (
        form(["type"], **CREATED),
        form(["type"], **{**CREATED, "amount": TEXT}),
        ("breaking", "type changed from integer to string"),
    ),
    "a member that is gone": (
        form(["type", "amount"], **CREATED),
        form(["type"], type=CREATED["type"]),
        ("breaking", "the member 'amount' is no longer named"),
    ),
    "a new member": (
        form(["type"], type=CREATED["type"]),
        form(["type"], **CREATED),
        ("risky", "the member 'amount' is new"),
    ),
}


def referred(body: Any) -> Any:
    return {"oneOf": [{"$ref": "#/$defs/Created"}, {"$ref": "#/$defs/Deleted"}], "$defs": {"Created": body, **DELETED}}


DELETED = {"Deleted": form(["type"], type={"const": "deleted"})}
SPELLINGS: dict[str, Any] = {
    "oneOf": lambda body: {"oneOf": [body, DELETED["Deleted"]]},
    "anyOf": lambda body: {"anyOf": [body, DELETED["Deleted"]]},
    "by reference": referred,
    "in another place": lambda body: {"oneOf": [DELETED["Deleted"], body]},
    "beside members of all": lambda body: {**form(["id"], id=TEXT), "oneOf": [body, DELETED["Deleted"]]},
    "inside a member": lambda body: form(["event"], event={"oneOf": [body, DELETED["Deleted"]]}),
    "in allOf": lambda body: {"allOf": [form([], id=TEXT), {"oneOf": [body, DELETED["Deleted"]]}]},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("change", CHANGES)
def test_alternative_is_compared_with_what_it_was_and_not_with_the_others(change: str, spelling: str) -> None:
    old, new, expected = CHANGES[change]
    assert said(SPELLINGS[spelling](old), SPELLINGS[spelling](new)) == [expected]


def test_alternative_of_a_name_is_compared_with_the_one_of_that_name_and_not_with_what_fits_best() -> None:
    other = {**form(["id"], id=TEXT), "title": "Other"}
    old, new = ({**form(need, id=TEXT, amount=WHOLE), "title": "Created"} for need in (["id", "amount"], ["id"]))
    assert said({"oneOf": [old, other]}, {"oneOf": [new, other]}) == [
        ("breaking", "the member 'amount' is no longer required")
    ]


def test_form_with_the_constant_of_before_is_that_form_whatever_else_it_has() -> None:
    old, new = form(["type", "x"], type=CREATED["type"], x=TEXT), form(["type"], **CREATED, p=TEXT, q=TEXT)
    found = said({"oneOf": [DELETED["Deleted"], old]}, {"oneOf": [new, DELETED["Deleted"]]})
    assert ("breaking", "the member 'x' is no longer named") in found


def test_one_form_that_changed_and_kept_its_name_is_not_new() -> None:
    old = {**form([], a=TEXT), "title": "Parcel"}
    new = {"oneOf": [{**old, "title": "Other"}, {**form([], a=WHOLE), "title": "Parcel"}]}
    assert said(old, new) == [("breaking", "type changed from string to integer")]


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_one_form_that_becomes_the_first_of_several_is_still_that_form(keyword: str) -> None:
    old, new = form(["foo"], foo=TEXT), {**form(["baz"], baz=TEXT), "title": "New"}
    assert said(old, {keyword: [old, new]}) == [("breaking", "the alternative New is new")]
    assert ("safe", "the alternative New is gone") in said({keyword: [old, new]}, old)
    changed = form([], foo=TEXT)
    assert said(old, {keyword: [changed, NONE]}) == [
        ("breaking", "the member 'foo' is no longer required"),
        ("breaking", "null is allowed now"),
    ]


def test_list_written_as_alternatives_of_constants_is_the_same_list() -> None:
    spelt = {"oneOf": [{"const": "a"}, {"const": "b", "title": "B"}]}
    assert said(KNOWN, spelt) == said(spelt, KNOWN) == []
    assert said(KNOWN, {"oneOf": [*spelt["oneOf"], {"const": "c"}]}) == [("risky", 'the value "c" is new')]
    assert said(spelt, {"enum": ["a"]}) == [("safe", 'the value "b" is gone')]
    assert said(spelt, TEXT) == [("risky", "a closed list of values removed")]
    assert said(spelt, {"type": ["string", "integer"]})[0][0] == "breaking"


def test_null_by_anyof_is_said_as_null() -> None:
    nullable = {"anyOf": [TEXT, NONE]}
    assert said(TEXT, nullable) == [("breaking", "null is allowed now")]
    assert said(nullable, TEXT) == [("safe", "null is no longer allowed")]
    assert said(nullable, {"type": ["string", "null"]}) == []


def test_forms_that_a_constant_tells_apart_are_not_taken_for_each_other() -> None:
    other = form(["type"], type={"const": "archived"}, amount=WHOLE)
    old, new = ({"oneOf": [each, DELETED["Deleted"]]} for each in (form(["type"], **CREATED), other))
    assert [what for _, what in said(old, new)] == [
        'the alternative {"type": "archived"} is new',
        'the alternative {"type": "created"} is gone',
    ]


@pytest.mark.parametrize(
    ("required", "level"), [([], "risky"), (["a"], "safe")], ids=["of an optional member", "of a required one"]
)
def test_changed_default_is_said(required: list[str], level: str) -> None:
    old, new = (form(required, a={**WHOLE, "default": value}) for value in (1, 2))
    (found,) = compared_schemas(reader({}, old, ""), reader({}, new, ""))
    assert (found.level, found.what.said()) == (level, "default changed from 1 to 2")
    assert worst([found.level]) == level
