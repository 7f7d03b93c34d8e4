"""Profiles: what verdicts, levels and lacks of rules come to, and the exit code of a run that requires one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.model.profiles import (
    Conformance,
    Want,
    applicable,
    judged_profiles,
    standing_of,
)
from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.contract_tests.policy.acceptance import AcceptancePolicy, required_profiles
from callback_contract.openapi.rules.catalogue import PROFILES, load_catalogue
from callback_contract.openapi.text.errors import KitError

CATALOGUE = load_catalogue()
RULES = {
    (profile, level): [rule for rule in CATALOGUE.rules if (rule.profile, rule.level) == (profile, level)]
    for profile in PROFILES
    for level in ("MUST", "SHOULD")
}
YES, NO, OPEN = Conformance.CONFORMANT, Conformance.BROKEN, Conformance.UNJUDGED


def standings(text, profile="answers"):
    """Rules of a profile as in "pass, fail SHOULD, not applicable for read-back, blocked, - for selection"."""
    left = {level: iter(RULES[profile, level]) for level in ("MUST", "SHOULD")}
    for part in filter(None, text.split(", ")):
        said, _, want = part.partition(" for ")
        verdict, level = (said.removesuffix(" SHOULD"), "SHOULD") if said.endswith(" SHOULD") else (said, "MUST")
        rule = next(left[level])
        if verdict == "-":
            yield standing_of(rule, None, left=want)
        else:
            yield standing_of(rule, Verdict(verdict), lacks={want} - {""}, blocked=verdict == "blocked")


def profile_of(text, profile="answers", **more):
    (found,) = judged_profiles(standings(text, profile), [profile], **{"quick": False, **more})
    return found


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ("pass", YES),
        ("pass, pass", YES),
        ("pass, not applicable", YES),
        ("pass, warn SHOULD", YES),
        ("pass, flaky SHOULD", YES),
        ("pass, waived SHOULD", YES),
        ("pass, blocked SHOULD", YES),
        ("pass, not applicable SHOULD for secret", YES),
        ("pass, - SHOULD for selection", YES),
        ("pass, fail", NO),
        ("pass, flaky", NO),
        ("pass, error", NO),
        ("pass, waived", NO),
        ("pass, warn", NO),  # a MUST that is too new to fail
        ("fail, blocked", NO),
        ("fail, - for ended", NO),
        ("pass, blocked", OPEN),
        ("pass, not applicable for at-once", OPEN),
        ("pass, pass for signature", OPEN),  # of a callback that cannot be delivered unsigned
        ("pass, - for selection", OPEN),
        ("pass, - for frozen", OPEN),
        ("pass, - for ended", OPEN),
        ("not applicable", OPEN),
        ("pass SHOULD", OPEN),
        ("", OPEN),
    ],
)
def test_results_come_to_the_verdict_of_their_profile(results, verdict):
    assert profile_of(results).verdict is verdict


def test_quick_run_leaves_a_profile_unjudged_and_a_broken_one_broken():
    assert (profile_of("pass", quick=True).verdict, profile_of("fail", quick=True).verdict) == (OPEN, NO)


def test_profile_tells_how_many_rules_were_judged_what_broke_and_what_would_judge_the_rest():
    found = profile_of("pass, fail, not applicable, not applicable for read-back", "state")
    broken, lacking = RULES["state", "MUST"][1].id, RULES["state", "MUST"][3].id
    assert (found.judged, found.broken) == (2, (broken,))
    assert [(gap.want, gap.rules) for gap in found.gaps] == [("read-back", (lacking,))]


def test_profile_of_which_the_contract_asks_nothing_says_so():
    assert [gap.want for gap in profile_of("not applicable").gaps] == [Want.CONTRACT]


def test_what_a_forgery_leaves_does_not_count_without_read_back():
    forgery = CATALOGUE["SIG-16"]
    assert (forgery.profile, forgery.evidence) == ("signatures", "read-back")
    assert not standing_of(forgery, Verdict.NOT_APPLICABLE, lacks={"read-back"}).wants
    assert standing_of(forgery, Verdict.NOT_APPLICABLE, lacks={"signature"}).wants == {"signature"}


def test_rules_are_of_the_profiles_that_judgement_names():
    of = {name: {rule.id for rule in CATALOGUE.rules if rule.profile == name} for name in PROFILES}
    assert of["load"] == {"LOD-01", "LOD-02", "LOD-04", "IDM-02"}
    assert of["state"] == {rule.id for rule in CATALOGUE.rules if rule.evidence == "read-back"} - {"SIG-16"}
    assert [{id_.partition("-")[0] for id_ in of[name]} for name in PROFILES[3:]] == [{"SIG"}, {"TLS"}, {"SMP"}]


def test_answers_state_and_load_always_apply():
    assert applicable(signed=False, by_tls=False, recorded=False) == ("answers", "state", "load")
    assert applicable(signed=True, by_tls=True, recorded=True) == PROFILES


@pytest.mark.parametrize(
    ("results", "required", "code", "then"),
    [
        ("pass", "answers", 0, 0),
        ("pass", "state", 0, 3),  # it does not even apply to this run
        ("fail", "answers", 1, 1),
        ("fail", "answers,state", 1, 3),
        ("pass, blocked", "answers", 1, 3),
        ("pass, blocked", "", 1, 1),
        ("pass", "state", 130, 130),
        ("pass", "state", 3, 3),
    ],
)
def test_required_profile_that_was_not_judged_is_exit_3(results, required, code, then):
    gate = AcceptancePolicy(require=required_profiles(required))
    config = SimpleNamespace(catalogue=CATALOGUE, callbacks=())
    assert gate.exit_code(code, config, {}, [profile_of(results)]) == then


def test_profile_that_is_none_is_wrong_use():
    with pytest.raises(KitError, match="'stat'") as refused:
        required_profiles("load, stat")
    assert (refused.value.exit_code, "'state'" in refused.value.remedy) == (2, True)
