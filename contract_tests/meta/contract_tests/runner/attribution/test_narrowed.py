"""Narrowed findings before a scripted receiver: what is said of the members, and what the search may cost."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.support.scripted import FIRST, PLAIN, asked, case, exchange, run_before
from callback_contract.contract_tests.model.verdicts import Finding
from callback_contract.contract_tests.runner.attribution import narrowing
from callback_contract.contract_tests.runner.attribution.narrowing import narrowed
from callback_contract.mock_server.client.sender import Pace
from callback_contract.openapi.text.message import Text

SCOPE = Scope(FIRST, DEPTHS["quick"], 0)
(OPEN,) = (name for name, value in PLAIN[FIRST.name].items() if isinstance(value, dict))
"""The member of a callback that takes members of any name."""


def drawn(*names, value="drawn", **more):
    """A case whose open member has these members, instead of the plain ones."""
    return replace(case(), content={**SCOPE.plain, OPEN: dict.fromkeys(names, value), **more})


def told(content, breaks, **more):
    """The finding about a content that breaks where its open member does, and the contents that were sent."""
    run = run_before(
        lambda delivery: exchange(422 if breaks(json.loads(delivery.body)[OPEN]) else 200, delivery), **more
    )
    run.dispatcher.plan(0)
    asked_before = exchange(422)
    finding = Finding(
        FIRST.name, content.label, Text("expected.acknowledged"), Text("actual.not-known"), (asked_before,), True, True
    )
    found = narrowed(run, asked(content), SCOPE, content, 1, finding)
    return finding, found, [json.loads(delivery.body)[OPEN] for delivery in run.config.sender.sent]


def members(found):
    return [part.arguments["pointer"] for part in found.actual.arguments["members"].arguments["parts"]]


def test_finding_says_the_member_and_shows_the_last_delivery_that_broke():
    _, found, contents = told(drawn("a", "b", "c", "d"), lambda open_member: "c" in open_member)
    assert members(found) == [f"/{OPEN}/c"]
    assert '"drawn"' in found.actual
    (shown,) = found.exchanges
    assert (shown.status, "c" in json.loads(shown.delivery.body)[OPEN]) == (422, True)
    assert json.loads(shown.delivery.body)[OPEN] == [each for each in contents if "c" in each][-1]


def test_finding_of_which_no_part_alone_breaks_shows_what_it_showed_and_names_three_members():
    names = [f"m{number}" for number in range(5)]
    finding, found, _ = told(drawn(*names), lambda open_member: False)
    assert (found.exchanges, len(members(found))) == (finding.exchanges, 3)


def test_content_that_is_plain_is_no_further_looked_at():
    finding, found, contents = told(case(), lambda open_member: True)
    assert (found is finding, contents) == (True, [])


def test_value_is_shown_by_its_first_sixty_characters():
    _, found, _ = told(drawn("a", value="x" * 100), lambda open_member: "a" in open_member)
    (*_, part) = found.actual.arguments["members"].arguments["parts"]
    assert str(part).count("x") == 59  # after the quotation mark


def test_value_is_shown_in_its_own_script():
    _, found, _ = told(drawn("a", value="检测"), lambda open_member: "a" in open_member)
    assert "检测" in found.actual


def test_member_that_is_missing_is_said_to_be():
    _, found, _ = told(drawn(), lambda open_member: len(open_member) < len(PLAIN[FIRST.name][OPEN]))
    (part,) = found.actual.arguments["members"].arguments["parts"]
    assert part.key == "actual.member-without"


MANY = [f"m{number}" for number in range(40)]


def test_search_takes_24_deliveries_at_most():
    _, found, contents = told(drawn(*MANY), lambda open_member: False)
    assert (len(contents), len(members(found))) == (24, 3)  # what was not asked about is not narrowed


@pytest.mark.parametrize("spare", [0, 5])
def test_search_takes_no_more_than_the_spare_deliveries(spare):
    assert len(told(drawn(*MANY), lambda open_member: False, pace=Pace(at_once=1, most=spare))[2]) == spare


def test_search_takes_twenty_seconds_at_most(monkeypatch):
    moments = iter(range(100, 1000))
    monkeypatch.setattr(narrowing, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    assert len(told(drawn(*MANY), lambda open_member: False)[2]) == 20


def test_each_delivery_of_the_search_is_another_message():
    run = run_before(200)
    content = drawn(*MANY)
    finding = Finding(
        FIRST.name, content.label, Text("expected.acknowledged"), Text("actual.not-known"), (exchange(422),), True, True
    )
    narrowed(run, asked(content), SCOPE, content, 1, finding)
    assert len({delivery.ids for delivery in run.config.sender.sent}) == 24


def test_content_that_the_contract_does_not_allow_is_not_sent():
    content = drawn(*MANY, status=7)
    assert not SCOPE.strict.is_valid(content.content)
    _, _, contents = told(content, lambda open_member: False)
    assert len(contents) < 24
