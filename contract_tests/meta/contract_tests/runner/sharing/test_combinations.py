"""Combined deliveries: which cases go together, and which one is named where a receiver stumbles."""

from __future__ import annotations

import json
from functools import partial

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.judged import broken, run_for, verdicts
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.runner.judge import judge_rules
from callback_contract.contract_tests.runner.planning import plans_of
from callback_contract.contract_tests.runner.scheduling.worth import fitting
from callback_contract.contract_tests.runner.sharing.combinations import parts_of
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.contract_tests.stimuli.combined import combined_case, packs_of
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.wire.delivery import PLAIN
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.documents import json_pointer as jp

CONTRACT, CATALOGUE, TESTS = tools()
REFUSED = Response(422)
SOMEBODY = Identity(Run.fresh(), 1)


@pytest.fixture(scope="module")
def scope():
    return Scope(CONTRACT.callbacks[0], DEPTHS["standard"], 0)


def packs(scope, chapter):
    parts = {}
    for rule in CATALOGUE.select([chapter]):
        test = TESTS[rule.id]
        own = parts_of(test, scope, enumerate(applicable_cases(test.stimuli, scope))) if test.goes_ahead else []
        parts.update((part.place, part) for part in own)
    return packs_of(scope, parts.values())


def judged(answer, *rules):
    with served(Receiver(CONTRACT, fault=Fault(answer))) as url:
        run = run_for(Access(url), *rules, depth="standard")
        try:
            plans_of(run, TESTS)
            judge_rules(run, TESTS)
        finally:
            run.close()
        return run


def refusing(*marks):
    """A receiver that refuses a body in which all of these texts stand, in whichever spelling."""

    def answer(request, assessment, receiver, right):
        if assessment is None or not assessment.accepted:
            return right()
        text = json.dumps(assessment.value, ensure_ascii=False)
        return REFUSED if all(mark in text for mark in marks) else right()

    return answer


def refusing_any(*marks):
    def answer(request, assessment, receiver, right):
        text = "" if assessment is None else json.dumps(assessment.value, ensure_ascii=False)
        return REFUSED if any(mark in text for mark in marks) else right()

    return answer


# What goes together


def test_every_value_meets_every_member_that_it_meets_alone(scope):
    for pack in packs(scope, "DAT"):
        body = combined_case(scope, pack).edit(scope.plain)
        for part in pack:
            for pointer, value in part.case.joins.values.items():
                held = jp.get(body, pointer)
                assert value in held if part.case.joins.are_texts else held == value


@pytest.mark.parametrize("chapter", ["DAT", "FWD"])
def test_combined_body_is_one_that_every_receiver_has_to_accept(scope, chapter):
    most = scope.callback.delivery.accept_body_bytes.must
    for pack in packs(scope, chapter):
        body = combined_case(scope, pack).edit(scope.plain)
        assert scope.tolerant.is_valid(body)
        assert len(json.dumps(body)) <= most


def test_unknown_members_go_with_no_value_of_the_contracts_own_members(scope):
    known = {member.pointer for member in scope.callback.members}
    for pack in packs(scope, "FWD"):
        kinds = {part.case.joins.among for part in pack}
        pointers = {pointer for part in pack for pointer in part.case.joins.values}
        assert len(kinds) == 1
        assert kinds == {"other types"} or not pointers & known


def test_headers_go_with_plain_bodies_alone_and_none_is_lost(scope):
    for pack in packs(scope, "WIRE"):
        made = combined_case(scope, pack)
        assert made.edit(scope.plain) == scope.plain
        for part in pack:
            assert set(part.case.joins.headers) <= set(made.headers or ())
        names = [name.lower() for name, _ in made.headers or ()]
        assert len(names) == len(set(names))


def test_framing_and_spelling_in_one_delivery_are_those_of_its_cases(scope):
    for pack in packs(scope, "WIRE"):
        made = combined_case(scope, pack)
        for part in pack:
            assert part.case.framing in {made.framing, PLAIN}
            assert part.case.joins.spelling in {made.spelling, ""}


def test_chunk_that_splits_a_character_is_of_a_body_with_characters_to_split(scope):
    made = [combined_case(scope, pack) for pack in packs(scope, "WIRE")]
    split = [case for case in made if case.framing.chunks and min(case.framing.chunks) == 1]
    assert all(len(case.delivery(SOMEBODY).body.decode()) < len(case.delivery(SOMEBODY).body) for case in split)
    assert split


def test_text_that_matters_as_a_whole_is_joined_with_no_other(scope):
    whole = [
        (part, pack)
        for pack in packs(scope, "DAT")
        for part in pack
        if part.case.label.key == "case.everywhere" and not part.case.joins.are_texts
    ]
    assert whole
    for part, pack in whole:
        body = combined_case(scope, pack).edit(scope.plain)
        assert all(jp.get(body, pointer) == value for pointer, value in part.case.joins.values.items())


@pytest.mark.parametrize("text", ["0", "null", "   ", "=1+1", '{"a": [1, null]}'])
def test_text_that_is_read_as_a_whole_is_none_to_be_joined(scope, text):
    cases = [case for rule in CATALOGUE.select(["DAT"]) for case in applicable_cases(TESTS[rule.id].stimuli, scope)]
    found = [case.joins for case in cases if case.joins and set(case.joins.values.values()) == {text}]
    assert found
    assert not any(joins.are_texts for joins in found)


# Who is named


def test_two_mistakes_in_one_delivery_are_both_found_and_each_value_is_named():
    run = judged(refusing_any("עולם", "𝔘𝔫𝔦"), "ACK-01", "DAT")
    results = run.state.results
    assert broken(results) == {"DAT-01", "DAT-02"}
    assert [finding.case for finding in results["DAT-01"].findings] == ["Hebrew in every free text"]
    assert [finding.case for finding in results["DAT-02"].findings] == ["mathematical letters in every free text"]


def test_what_breaks_together_and_holds_alone_fails_nothing():
    run = judged(refusing("مرحبا", "Привет"), "ACK-01", "DAT-01", "DAT-02", "DAT-03")
    assert run.state.combinations
    assert set(verdicts(run.state.results).values()) == {"pass"}


def test_what_breaks_alone_is_found_beside_what_breaks_together():
    run = judged(refusing_any("ქართ", "გამარ"), "ACK-01", "DAT-01", "DAT-02")
    assert broken(run.state.results) == {"DAT-01"}


def test_finding_shows_the_delivery_of_its_case_alone():
    run = judged(refusing_any("עולם"), "ACK-01", "DAT-01")
    (finding,) = run.state.results["DAT-01"].findings
    assert all("Привет" not in exchange.delivery.body.decode() for exchange in finding.exchanges)


def test_refusal_of_unknown_members_that_come_together_is_left_to_their_rule():
    run = judged(FAULTS["FWD-03"].answer, "ACK-01", "FWD-01", "FWD-02", "FWD-03")
    assert broken(run.state.results) == {"FWD-03"}


@pytest.mark.slow
def test_five_mistakes_of_different_chapters_are_all_found():
    planted = ("DAT-04", "FWD-02", "PAY-03", "WIRE-12", "ORD-02")

    def answer(request, assessment, receiver, right):
        for rule_id in planted:
            right = partial(FAULTS[rule_id].answer, request, assessment, receiver, right)
        return right()

    with served(Receiver(CONTRACT, fault=Fault(answer))) as url:
        sender = Sender(Access(url), Pace())
        read_back = own_read_back(url, CONTRACT)
        run = run_of(CONTRACT, CATALOGUE, CATALOGUE.rules, CONTRACT.default_callbacks, sender, read_back=read_back)
        try:
            plans_of(run, TESTS)
            judge_rules(run, TESTS)
        finally:
            run.close()
    assert broken(run.state.results) == set(planted)


def test_value_that_is_stored_wrongly_is_named_although_others_were_in_its_delivery():
    rules = ("ACK-01", "ACK-03", "DAT-01", "DAT-02", "DAT-07", "STA-01", "STA-02", "STA-03")
    with served(Receiver(CONTRACT, fault=FAULTS["STA-02"])) as url:
        run = run_for(Access(url), *rules, depth="standard", read_back=own_read_back(url, CONTRACT), patience_s=1.0)
        try:
            plans_of(run, TESTS)
            judge_rules(run, TESTS)
        finally:
            run.close()
    assert broken(run.state.results) == {"STA-02"}
    assert run.state.results["STA-02"].findings[0].case == "an emoji in every free text"


# Which rules fit


def rules(*ids):
    return [CATALOGUE[rule_id] for rule_id in ids]


def test_all_rules_are_kept_where_they_fit():
    assert fitting(rules("ACK-01", "DAT-13"), 10, lambda some: 5 * len(some)) == rules("ACK-01", "DAT-13")


def test_what_breaks_most_receivers_is_kept_and_a_tenth_is_left_for_narrowing():
    kept = fitting(rules("ACK-01", "DAT-10", "PAY-17", "DAT-01"), 29, lambda some: 9 * len(some))
    assert {rule.id for rule in kept} == {"ACK-01", "DAT-01"}


def test_rule_is_kept_with_what_explains_its_breaking():
    kept = fitting(rules("ACK-01", "DAT-10", "ORD-02", "ORD-01", "IDM-01", "STA-01"), 4, len)
    assert {"ACK-01", "STA-01"} <= {rule.id for rule in kept}
