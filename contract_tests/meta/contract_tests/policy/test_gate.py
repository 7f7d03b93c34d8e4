"""Acceptance policy of a pipeline: its options, and the report of waivers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import click
import pytest

from callback_contract.contract_tests.meta.contract_tests.model.test_exit_codes import (
    CATALOGUE,
    RULE,
    TODAY,
    result,
)
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.contract_tests.policy.acceptance import (
    AcceptancePolicy,
    acceptance_options,
    acceptance_policy_of,
    waivers_to_dict,
)
from callback_contract.contract_tests.policy.rule_versions import RuleVersions, rule_versions_at, since_of
from callback_contract.contract_tests.policy.waivers import Waiver
from callback_contract.openapi.text.errors import KitError

MUST = RULE["MUST"]
WAIVER = Waiver(MUST.id, "the reason", "the owner", TODAY)
OPTIONS = {"waivers": None, "write_waivers": None, "strict": False, "strict_waivers": False}
OPTIONS |= {"require": "", "rules_as_of": None}


CONFIG = SimpleNamespace(catalogue=CATALOGUE, callbacks=[SimpleNamespace(name="a")])


def policy_of(**options):
    """The policy of these options for a contract with one callback."""
    make = acceptance_policy_of({**OPTIONS, **options}, "1.0.0")
    return make(SimpleNamespace(callbacks=CONFIG.callbacks), CATALOGUE.rules)[0]


def waivers_file(tmp_path, callback="a"):
    file = tmp_path / "waivers.yaml"
    file.write_text(
        f"- {{rule: {MUST.id}, reason: r, owner: o, until: '{datetime.now(UTC).date()}', callback: {callback}}}\n"
    )
    return file


def test_options_of_the_gate_are_off_by_default_and_read_as_they_are_given():
    seen = []
    command = click.command()(acceptance_options(lambda **options: seen.append(options)))
    files = ["--waivers", "w", "--write-waivers", "d", "--strict-waivers", "--rules-as-of", "1.0", "--require", "load"]
    for arguments in ([], files):
        assert invoke(command, arguments).exit_code == 0
    off, on = ({name: str(value) for name, value in options.items()} for options in seen)
    assert off == {name: str(value) for name, value in OPTIONS.items() if name != "strict"}
    given = {"waivers": "w", "write_waivers": "d", "strict_waivers": "True"}
    assert on == given | {"rules_as_of": "1.0", "require": "load"}


def test_gate_accepts_nothing_by_default():
    gate = AcceptancePolicy()
    assert (gate.waivers, gate.strict, gate.strict_waivers, gate.left_out) == ((), False, False, ())
    assert abs(gate.today - datetime.now(UTC).date()) <= timedelta(days=1)
    given = result("fail")
    gate.apply(given)
    assert given.verdict is Verdict.FAIL


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("strict_waivers", [True, False])
def test_gate_is_as_strict_as_its_options(strict, strict_waivers):
    gate = policy_of(strict=strict, strict_waivers=strict_waivers)
    assert (gate.strict, gate.strict_waivers, gate.waivers, gate.left_out) == (strict, strict_waivers, (), ())


def test_policy_has_the_waivers_of_the_file_and_the_callbacks_that_the_contract_lacks(tmp_path):
    gate = policy_of(waivers=waivers_file(tmp_path, callback="elsewhere"))
    assert [(waiver.rule, waiver.callback) for waiver in gate.waivers] == [(MUST.id, "elsewhere")]
    assert gate.unknown == {"elsewhere"}


def test_draft_that_is_there_already_is_refused_before_anything_else(tmp_path):
    with pytest.raises(KitError):
        acceptance_policy_of({**OPTIONS, "write_waivers": waivers_file(tmp_path)}, "1.0.0")


def test_state_of_each_waiver_is_told_in_the_order_of_the_file():
    others = (
        Waiver("NIX-01", "r", "o", TODAY),
        Waiver(MUST.id, "r", "o", TODAY, "b"),
        Waiver("ACK-06", "r", "o", TODAY),
    )
    gate = AcceptancePolicy(waivers=(WAIVER, *others), today=TODAY, unknown=frozenset({"b"}))
    assert [state for _, state in gate.states(CONFIG, {MUST.id: result("fail")})] == [
        "applied",
        "unknown",
        "unknown",
        "not judged",
    ]


def test_waiver_of_a_rule_that_is_not_waived_is_not_told():
    gate = AcceptancePolicy(waivers=(WAIVER,), today=TODAY)
    assert [gate.waiver_of(result(verdict)) for verdict in ("fail", "warn", "pass")] == [None] * 3
    assert gate.waiver_of(result("waived"))["until"] == "2026-06-30"


def test_waiver_is_told_whole_and_without_secrets():
    secret = Waiver(MUST.id, "reason S3CRET", "owner S3CRET", date(2026, 1, 2), "a")
    (told, plain) = waivers_to_dict(
        [(secret, "expired"), (WAIVER, "applied")], lambda text: text.replace("S3CRET", "***")
    )
    assert told == {
        "rule": MUST.id,
        "callback": "a",
        "reason": "reason ***",
        "owner": "owner ***",
        "until": "2026-01-02",
        "state": "expired",
    }
    assert (plain["callback"], plain["state"]) == (None, "applied")


# Frozen and new rules


def rule(since, level="MUST"):
    return replace(RULE[level], since=since)


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.2", (1, 2)), ("v1.2", (1, 2)), ("1.2.3", (1, 2)), ("1.2-rc", (1, 2)), ("", (0, 0)), ("x1.2", (0, 0))],
)
def test_version_is_read_from_the_start_of_a_text(text, version):
    assert since_of(text) == version


def test_nothing_is_frozen_or_new_by_default():
    freezing = RuleVersions()
    assert (freezing.words, freezing.left_out([rule("9.9")]), freezing.is_new(rule("1.1"))) == (None, (), False)


def test_frozen_version_keeps_the_rules_that_it_had():
    freezing = rule_versions_at(" 1.1 ", "1.2.0", [rule("1.0")])
    assert freezing.words == "1.1"
    assert [rule.since for rule in freezing.left_out([rule("0.9"), rule("1.1"), rule("1.2"), rule("2.0")])] == [
        "1.2",
        "2.0",
    ]


@pytest.mark.parametrize(
    ("since", "is_new"), [("2.0", False), ("2.1", True), ("2.2", True), ("1.1", False), ("3.1", False)]
)
def test_rule_is_new_until_the_next_major(since, is_new):
    assert RuleVersions(kit=(2, 2)).is_new(rule(since)) is is_new


@pytest.mark.parametrize(
    ("kit_version", "since", "kit"),
    [("1.2.0", "1.0", (1, 2)), ("1.2.0", "1.3", (1, 3)), ("0+source", "1.3", (1, 3)), ("2.0", "1.9", (2, 0))],
)
def test_kit_is_as_new_as_its_version_and_its_newest_rule(kit_version, since, kit):
    assert rule_versions_at(None, kit_version, [rule("1.0"), rule(since)]) == RuleVersions(kit)


def test_kit_without_rules_is_the_first():
    assert rule_versions_at(None, "0+source", []) == RuleVersions((1, 0))


@pytest.mark.parametrize("asked", ["1.2", "1.0", "1.0.0", "v1.0"])
def test_version_that_the_kit_knows_is_taken(asked):
    assert rule_versions_at(asked, "1.2.0", [rule("1.0")]).as_of == since_of(asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("1.2x", "'1.2x' is not a version.*as in 1.0"),
        ("1.3", "this kit is 1.2 and does not know the rules of 1.3.*name an older one"),
        ("1.0", "came after 1.0.*came with 1.1"),
    ],
)
def test_version_that_cannot_be_judged_by_is_refused_with_a_remedy(asked, said):
    with pytest.raises(KitError, match=f"(?s)--rules-as-of.*{said}") as caught:
        rule_versions_at(asked, "1.2.0", [rule("1.1"), rule("1.2")])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("verdict", "since", "then"),
    [
        ("fail", "1.2", "warn"),
        ("flaky", "1.2", "warn"),
        ("fail", "1.0", "fail"),
        ("pass", "1.2", "pass"),
        ("error", "1.2", "error"),
        ("fail SHOULD", "1.2", "fail"),
        ("flaky SHOULD", "1.2", "flaky"),
    ],
)
def test_broken_must_is_softened_while_it_is_new(verdict, since, then):
    given = result(verdict)
    given.rule, given.reason = rule(since, given.rule.level), "as before"
    RuleVersions(kit=(1, 2)).apply_grace_period(given)
    assert given.verdict == then
    said = f"counts as a {verdict} from 2.0 on: the rule is new in 1.2; --strict counts it now"
    assert given.reason == ("as before" if then == verdict.split()[0] else f"as before; {said}")


@pytest.mark.parametrize(("strict", "then"), [(False, "warn"), (True, "fail")])
def test_new_must_fails_at_once_where_the_gate_is_strict(strict, then):
    given = result("fail")
    given.rule = rule("1.2")
    AcceptancePolicy(RuleVersions(kit=(1, 2)), strict=strict).apply(given)
    assert given.verdict == then
