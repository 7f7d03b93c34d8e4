"""Mistakes that are like a rule's fault and not the same: the rule finds these, too."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.judged import broken, judged, run_for
from callback_contract.contract_tests.meta.support.scripted import FIRST
from callback_contract.contract_tests.model.cases import purpose_of
from callback_contract.contract_tests.model.observations import Stop
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.planning import plans_of
from callback_contract.contract_tests.runner.setup import excuses_of
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.contract_tests.stimuli.http import slow
from callback_contract.contract_tests.stimuli.texts import many_keys
from callback_contract.contract_tests.stimuli.valid import plain
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.framing import slowly
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.mock_server.wire.delivery import Response as Answer
from callback_contract.mock_server.wire.identity import Identity
from callback_contract.openapi.contract.model import DeliveryFacts

TAKEN = Response(200, b"{}", "application/json")
REFUSED = Response(422)


def broken_by(answer, *rules, **more):
    contract = tools()[0]
    with served(Receiver(contract, fault=Fault(answer))) as url:
        read_back = own_read_back(url, contract)
        return broken(judged(Access(f"{url}/callbacks"), *rules, read_back=read_back, patience_s=1.0, **more))


def takes_one_second_of_a_group_for_one_message(request, assessment, receiver, right):
    if assessment is None or not assessment.accepted:
        return right()
    told = assessment.value
    key = (told["workflow_id"], told["status"], told["timestamp"])
    first = receiver.memory.setdefault("first", {}).setdefault(key, told["msg_id"])
    return right() if first == told["msg_id"] else TAKEN


def test_message_of_the_same_group_state_and_second_that_is_dropped_is_found():
    assert broken_by(takes_one_second_of_a_group_for_one_message, "STA-06") == {"STA-06"}


def drops_what_is_not_later(request, assessment, receiver, right):
    if assessment is None or not assessment.accepted:
        return right()
    latest = receiver.memory.setdefault("latest", {})
    message, at = assessment.value["msg_id"], assessment.value["timestamp"]
    if latest.get(message, 0) >= at:
        return TAKEN
    latest[message] = at
    return right()


def test_newer_status_of_the_same_second_that_is_dropped_is_found():
    assert broken_by(drops_what_is_not_later, "ORD-05") == {"ORD-05"}


def refuses_blanks(request, assessment, receiver, right):
    accepted = assessment is not None and assessment.accepted
    return REFUSED if accepted and not assessment.value["workflow_name"].strip(" ") else right()


def test_text_of_blanks_that_is_refused_is_found():
    assert broken_by(refuses_blanks, "DAT-14", depth="standard") == {"DAT-14"}


def stores(change):
    """Stores each accepted delivery, and then what `change` makes of it."""

    def answer(request, assessment, receiver, right):
        reply = right()
        stored = assessment and assessment.accepted and receiver.states.get(assessment.value["msg_id"])
        if stored:
            receiver.states.put(replace(stored, last=change(stored.last, receiver.memory)))
        return reply

    return answer


def without_zone(last, _):
    return {**last, "send_time": last["send_time"].removesuffix("Z")}


def empty_map_as_list(last, _):
    return {**last, "variables": last["variables"] or []}


def number_as_text(last, _):
    return {**last, "timestamp": str(last["timestamp"])}


def time_of_another(last, memory):
    return {**last, "timestamp": memory.setdefault("first time", last["timestamp"])}


@pytest.mark.parametrize("change", [without_zone, empty_map_as_list, number_as_text, time_of_another])
def test_value_that_is_stored_with_another_meaning_is_found(change):
    assert broken_by(stores(change), "DAT-10", "STA-09") == {"STA-09"}


def as_instants(last, _):
    at = datetime.fromtimestamp(last["timestamp"], UTC)
    return {**last, "timestamp": at.isoformat(), "send_time": last["send_time"].replace("Z", ".000+00:00")}


def part_of_it(last, _):
    return {"variables": last["variables"], "waba_template_id": float(last["waba_template_id"])}


@pytest.mark.parametrize("change", [as_instants, part_of_it])
def test_value_that_means_the_same_and_member_that_is_not_shown_are_right(change):
    assert broken_by(stores(change), "DAT-10", "STA-09") == set()


def loses_long_texts(request, assessment, receiver, right):
    accepted = assessment is not None and assessment.accepted
    return TAKEN if accepted and len(assessment.value["workflow_name"]) > 255 else right()


def test_content_that_is_lost_after_the_answer_is_found_by_name():
    contract = tools()[0]
    with served(Receiver(contract, fault=Fault(loses_long_texts))) as url:
        read_back = own_read_back(url, contract)
        found = judged(Access(f"{url}/callbacks"), "DAT-06", "STA-08", read_back=read_back, patience_s=0.1)
    assert [str(finding.case) for finding in found["STA-08"].findings] == [
        "256 characters at /workflow_name",
        "4096 characters at /workflow_name",
    ]


def test_run_that_sent_the_contents_looks_them_up_without_sending_them_again():
    run = run_for(Access("http://127.0.0.1:1"), "DAT-06", "STA-08", "STA-09", read_back=lambda _: None)
    plans = plans_of(run, tools()[2])
    assert (plans["DAT-06"].deliveries > 0, plans["STA-09"].deliveries) == (True, 0)


def test_time_since_a_delivery_decides_which_rule_redelivers_it():
    run = run_for(Access("http://127.0.0.1:1"), "IDM-08")
    case = applicable_cases(plain, run.config.scopes[0])[0]
    delivery = case.delivery(Identity(run.state.run, 1))
    retry, now = case.callback.delivery.retry, time.perf_counter()
    old, young = (now - retry.after_s * retry.max_tries - 1, now - 1)
    acknowledged = Answer(200, "", (), b"")
    for index, begun_s in enumerate((old, young)):
        sent = Exchange(replace(delivery, ids=(str(index),)), acknowledged, "", "", 0.1, begun_s=begun_s)
        run.state.exchange_shared((purpose_of(plain), case.callback.name, index), sent)
    session = CaseSession.of(run, case, 1)
    assert session.earliest_delivered(distance=0).delivery.ids == ("1",)
    assert session.earliest_delivered(distance=0) is None
    assert session.earliest_delivered(distance=0, past_retries=True).delivery.ids == ("0",)
    assert session.earliest_delivered(distance=0, past_retries=True) is None


def test_redelivery_within_retries_that_are_assumed_is_a_should():
    _, catalogue, _ = tools()
    (own,) = tools()[0].default_callbacks
    told = {**own.delivery.provenance, "retry": "house"}
    assumed = replace(own, delivery=replace(own.delivery, provenance=told))
    for callback, level in ((own, "MUST"), (assumed, "SHOULD")):
        excuses = excuses_of([callback], acknowledges_unread=False)
        assert catalogue.with_declared(excuses)["IDM-08"].level == level


def fails_at_a_surrogate_in_the_last_text(request, assessment, receiver, right):
    if b"\\ud83d" not in request.body.lower():
        return right()
    told = json.loads(request.body)
    hurts = "\ud83d" in told["waba_template_name"] and "\ud83d" not in told["workflow_name"]
    return Response(500) if hurts else REFUSED


def test_surrogate_that_hurts_in_one_text_alone_is_found():
    assert broken_by(fails_at_a_surrogate_in_the_last_text, "PAY-27", depth="standard") == {"PAY-27"}


def test_body_in_pieces_splits_a_character_of_several_bytes():
    run = run_for(Access("http://127.0.0.1:1"), "WIRE-16")
    for case in applicable_cases(slow, run.config.scopes[0]):
        body = case.delivery(Identity(run.state.run, 1)).body
        pieces = list(slowly(body, case.framing.parts, 0.0))
        assert any(b"\x80" <= piece[:1] < b"\xc0" for piece in pieces[1:]), case.label


def with_items(schema_of_items, plain_items):
    schema = {"type": "object", "properties": {"items": schema_of_items}, "required": ["items"]}
    example = replace(FIRST.delivered_examples[0], value={"items": plain_items})
    given = {"schema": schema, "strict": schema, "tolerant": schema}
    return replace(FIRST, examples=(example,), delivery=DeliveryFacts(), **given)


@pytest.mark.parametrize(
    ("schema", "labels"),
    [
        ({"type": "array", "items": {"type": "string"}}, ["300 items at /items"]),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 9}, []),
    ],
)
def test_array_that_nothing_bounds_gets_hundreds_of_items(schema, labels):
    scope = Scope(with_items(schema, ["a"]), DEPTHS["quick"], 0)
    try:
        cases = applicable_cases(many_keys, scope)
    except NotApplicable:
        cases = []
    assert [str(case.label) for case in cases] == labels


def test_message_from_before_a_stop_has_not_to_be_kept():
    run = run_for(Access("http://127.0.0.1:1"), "STA-08")
    case = applicable_cases(plain, run.config.scopes[0])[0]
    session = CaseSession.of(run, case, 1)
    told = Exchange(case.delivery(session.identity), Answer(200, "", (), b""), "", "", 0.1, begun_s=5.0)
    seen = Exchange(told.delivery, None, "reset", "", 0.1, begun_s=6.0)
    assert session.has_to_be_kept(told)
    run.state.stop_seen(Stop(datetime.now(UTC), case.callback.name, seen, 1, is_long=True))
    assert not session.has_to_be_kept(told)
