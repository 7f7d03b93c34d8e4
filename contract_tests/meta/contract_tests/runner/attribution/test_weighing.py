"""Chance over given events: the deliveries that tell of it, the cases sent afresh, and the findings it explains."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import CATALOGUE, FIRST, asked, case, exchange, run_before
from callback_contract.contract_tests.model.observations import Stop
from callback_contract.contract_tests.model.verdicts import Block, Finding, NotApplicable, RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution import chance
from callback_contract.contract_tests.runner.attribution.chance import _Kind, may_be_chance, verdict_on_chance
from callback_contract.contract_tests.runner.rule_tests import Stimulus
from callback_contract.openapi.text.message import Text

CHANCE, LIVES, BURSTS = CATALOGUE["LIVE-02"], CATALOGUE["LIVE-01"], CATALOGUE["LOD-01"]
RULES = CATALOGUE.select(("DAT-01", "DAT-02", "DAT-03", "LIVE-01", "LIVE-02"))


class Lived:
    """A run in which deliveries of some kinds were sent, before a receiver that answers so from now on."""

    def __init__(self, *answers, rules=RULES):
        self.run = run_before(*answers, rules=rules)
        self.tests = {}

    def sent(self, kind, *statuses, how="alone", label="a case", **more):
        """The exchanges of one kind, none for a plain one, which came alone, beside others or were excused."""
        came = [exchange(status) for status in statuses]
        test = self.tests.setdefault(kind, asked(**more))
        test.stimuli.__qualname__ = kind
        for each in came:
            self.run.state.delivery_sent(each, stimulus=Stimulus(test, case(label), 1) if kind else None)
            if how == "excused":
                self.run.state.excuse(each)
            if how == "beside":
                self.run.dispatcher._overlapped.add(id(each))
        return came

    def finding(self, exchanges, *, repeated=False, callback=FIRST.name):
        return Finding(callback, "case", "this", "that", tuple(exchanges), repeated, True, tries=2, broke=1 + repeated)

    def told(self, rule_id, *findings, verdict=Verdict.FLAKY):
        result = RuleResult(CATALOGUE[rule_id], verdict, findings=list(findings), cases=1)
        self.run.state.rule_judged(result, is_final=False)
        return result

    def weighed(self):
        result = verdict_on_chance(self.run, CHANCE)
        self.run.state.rule_judged(result)
        return result


# What may change


@pytest.mark.parametrize(
    ("statuses", "more", "may_be"),
    [
        ((500,), {}, True),
        (("reset",), {}, True),
        ((404,), {}, False),
        ((501,), {}, False),
        ((500,), {"repeated": True}, False),
        ((500,), {"repeated": True, "before": "held"}, True),
        ((500,), {"repeated": True, "before": "contended"}, True),
        ((404,), {"before": "held"}, False),
        ((500, 200), {"repeated": True, "together": True}, True),
        ((500, 500), {"repeated": True, "together": True}, False),
        ((500, 200), {"repeated": True}, False),
        ((500,), {"before": "judged"}, False),
        ((500,), {"rules": (*RULES[:-1], BURSTS)}, False),
    ],
)
def test_verdict_may_change_where_an_error_did_not_repeat_or_others_may_change(statuses, more, may_be):
    lived = Lived(rules=more.get("rules", RULES))
    came = lived.sent("a", *statuses, together=more.get("together", False))
    finding = lived.finding(came, repeated=more.get("repeated", False))
    if more.get("before") == "held":
        lived.told("DAT-02", finding)
    if more.get("before") == "contended":
        lived.run.state.broke_in_contention(finding)
    if more.get("before") == "judged":
        lived.run.state.rule_judged(RuleResult(CHANCE, Verdict.PASS))
    assert may_be_chance(lived.run, RuleResult(RULES[0], Verdict.FLAKY, findings=[finding])) is may_be


@pytest.mark.parametrize(
    ("kind", "status", "how", "deliveries"),
    [
        ("", 500, "alone", 60),
        ("", 500, "beside", 0),
        ("", 500, "excused", 0),
        ("", 501, "alone", 0),
        ("", 404, "alone", 0),
        ("a", 500, "alone", 0),
    ],
)
def test_nothing_is_asked_for_an_error_beside_others_or_of_which_its_rule_says_nothing(kind, status, how, deliveries):
    lived = Lived(200)
    lived.sent(kind, status, how=how)
    result = lived.weighed()
    assert (result.deliveries, result.cases) == (deliveries, 1)


# The material


def flaky(*answers, **more):
    """A run in which the one finding of a kind held at its second try."""
    lived = Lived(*answers, **more)
    lived.result = lived.told("DAT-01", lived.finding(lived.sent("a", 502)))
    return lived


def test_material_is_what_was_sent_alone_but_for_plain_ones_and_kinds_that_failed_untold():
    lived = flaky(200)
    lived.sent("b", *[200] * 69)
    lived.sent("b", *[502] * 5, how="beside")
    lived.sent("b", *[502] * 5, how="excused")
    lived.sent("c", *[200] * 5, 502)
    lived.sent("", *[200] * 5, 502)
    (finding,) = lived.weighed().findings
    assert finding.case == "70 deliveries of any kind, one at a time"
    assert finding.actual.startswith("1 failed (1.4%)")


def test_finding_shows_the_first_three_failures():
    lived = flaky(200)
    came = lived.sent("a", 503, 504, 500, 500)
    lived.sent("b", *[200] * 60)
    (finding,) = lived.weighed().findings
    assert [each.status for each in finding.exchanges] == [502, 503, 504]
    assert finding.exchanges[1] is came[0] and "502" in finding.actual
    assert (finding.repeated, finding.curl_suffices) == (True, False)


@pytest.mark.parametrize("other", ["0", "b"])
def test_kind_that_keeps_its_rule_is_no_material(other):
    lived = flaky(502, 502, 502, 200, 200)
    lived.sent(other, *[200] * 100)
    assert (lived.weighed().verdict, lived.result.verdict) == (Verdict.PASS, Verdict.FLAKY)


def test_no_plain_ones_are_added_where_more_failures_are_known_than_end_the_adding():
    lived = flaky(200)
    lived.sent("a", *[502] * 4)
    assert lived.weighed().deliveries == 5


def test_kind_that_failed_once_afresh_is_explained_by_chance_though_sixty_others_held():
    lived = flaky(502, 200)
    lived.sent("b", *[200] * 60)
    assert (lived.weighed().verdict, lived.result.verdict) == (Verdict.FAIL, Verdict.BLOCKED)


# What is asked afresh


def test_kind_is_asked_five_times_by_its_cases_in_turn():
    lived = flaky(200)
    lived.told("DAT-02", lived.finding(lived.sent("a", 502, label="another")))
    lived.sent("b", *[200] * 60)
    assert lived.weighed().deliveries == 5
    labels = [lived.run.state.sent_for[id(each)].case.label for each in lived.run.state.exchanges[-5:]]
    assert labels == ["a case", "another", "a case", "another", "a case"]


def test_what_is_asked_afresh_is_another_message_each_time():
    lived = flaky(200)
    lived.sent("b", *[200] * 60)
    lived.weighed()
    assert len({delivery.ids for delivery in lived.run.config.sender.sent}) == 5


def test_kind_that_takes_long_is_asked_less_often(monkeypatch):
    lived = flaky(200)
    lived.sent("b", *[200] * 60)
    moments = itertools.chain([0.0, 9.9], itertools.repeat(10.5))
    monkeypatch.setattr(chance, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    assert lived.weighed().deliveries == 1


def test_case_of_which_nothing_can_be_asked_any_more_is_no_failure():
    def asks_nothing(exchange):
        raise NotApplicable(Text("expected.acknowledged"))

    lived = Lived(200)
    result = lived.told("DAT-01", lived.finding(lived.sent("a", 502, check=asks_nothing)))
    lived.sent("b", *[200] * 60)
    assert (lived.weighed().verdict, result.verdict) == (Verdict.FAIL, Verdict.BLOCKED)


@pytest.mark.parametrize(
    ("asked_for", "failed", "sent", "always"),
    [
        (0, 0, 0, False),
        (2, 2, 2, False),
        (3, 3, 3, True),
        (5, 4, 5, False),
        (5, 5, 10, True),
        (5, 5, 15, False),
    ],
)
def test_kind_always_fails_where_one_delivery_in_five_by_chance_would_not_do_that(asked_for, failed, sent, always):
    assert _Kind(asked=asked_for, failed=failed, sent=sent).always_fails is always


def test_kind_that_was_not_asked_yet_is_asked_and_sent_nothing():
    assert (_Kind().asked, _Kind().failed, _Kind().sent) == (0, 0, 0)


# What chance explains


def test_rule_of_which_chance_explains_one_finding_keeps_the_other():
    lived = flaky(200)
    other = lived.finding(lived.sent("a", 404), repeated=True)
    lived.result.findings.append(other)
    later, held = lived.told("ORD-01", other), lived.told("ORD-02", verdict=Verdict.PASS)
    lived.sent("b", *[200] * 60)
    result = lived.weighed()
    assert (result.verdict, lived.result.findings, lived.result.verdict) == (Verdict.FAIL, [other], Verdict.FLAKY)
    assert (lived.result.blocked_for, later.findings, result.reason) == ({}, [other], "")
    assert held.verdict is Verdict.PASS


def test_rule_that_is_blocked_names_chance_for_the_callbacks_of_its_findings():
    lived = flaky(200)
    lived.result.blocked_for = {"other": Block("ACK-01")}
    lived.sent("b", *[200] * 60)
    result = lived.weighed()
    assert lived.result.blocked_for == {"other": Block("ACK-01"), FIRST.name: Block("LIVE-02")}
    assert lived.result.reason == "blocked: ACK-01 is broken; blocked: LIVE-02 is broken"
    assert "DAT-01" in result.reason


@pytest.mark.parametrize(("came_back", "verdict"), [(True, Verdict.BLOCKED), (False, Verdict.FAIL)])
def test_stops_from_which_it_came_back_are_by_chance_too_and_its_end_is_not(came_back, verdict):
    lived = flaky(200)
    lived.run.state.stop_seen(Stop(datetime.now(UTC), FIRST.name, exchange("refused"), 1, True, (), came_back))
    life = lived.told("LIVE-01", lived.finding([exchange("refused")], repeated=True), verdict=Verdict.FAIL)
    lived.sent("b", *[200] * 60)
    lived.weighed()
    assert life.verdict is verdict


def test_verdicts_that_might_change_are_published_in_the_end():
    lived = flaky(200)
    lived.sent("b", *[200] * 60)
    assert lived.run.state.holds_verdicts
    lived.weighed()
    assert not lived.run.state.holds_verdicts
