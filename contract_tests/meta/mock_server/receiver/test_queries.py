"""Deliveries without a body: the URL has their members, when they are sent, signed, judged, kept and sent again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli import (
    forward,
    hard,
    http,
    off_schema,
    texts,
    unparsable,
    valid,
)
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.inspector.resend import curl_of
from callback_contract.mock_server.receiver.receiver import Receiver, Request
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.store.export import stored_deliveries
from callback_contract.mock_server.store.recorder import Recorder
from callback_contract.mock_server.store.restored_state import restore
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.reading import read_contract

WHO = Identity(Run("0badcafe", datetime.now(UTC)), 1)
VALID = (valid.plain, valid.listed_values, texts.scripts, texts.markup_texts, forward.unknown_members)
LATER = (forward.unknown_values, forward.structured_members)
BROKEN = (off_schema.missing_members, off_schema.mistyped_members)
OF_A_BODY = (
    *(http.media_type_parameters, http.media_type_cases, http.unknown_media_types, http.chunked, http.slow),
    *(http.expecting, off_schema.wrong_roots, unparsable.syntax_errors, unparsable.empty_bodies, hard.nesting),
)
FACT = {"provenance": "doc", "why": "w"}


def document(method="get", **more):
    """A document of one delivery receipt."""
    parameters = [
        {"name": "messageId", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "count", "in": "query", "required": True, "schema": {"type": "integer"}},
        {"name": "status", "in": "query", "required": True, "schema": {"type": "string", "enum": ["sent", "lost"]}},
    ]
    facts = {
        "correlation": {"value": "$request.query.messageId", **FACT},
        "idempotency": {"value": ["$request.query.messageId", "$request.query.status"], **FACT},
        "state": {"value": "/status", **FACT},
    }
    receipt = {"parameters": parameters, "x-delivery": facts, "responses": {"202": {"description": ""}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "webhooks": {"receipt": {method: receipt}, **more},
    }


@pytest.fixture
def contract(tmp_path):
    return read_contract(written(tmp_path, document()))


@pytest.fixture
def scope(contract):
    return Scope(contract.callbacks[0], DEPTHS["standard"], 0, methods=frozenset({"GET"}))


def request_of(delivery, method=""):
    target = delivery.target_from("/in?tenant=7").encode()
    headers = [(name.encode(), value.encode()) for name, value in delivery.headers]
    return Request(method or delivery.method, "/in", headers, delivery.content, raw_target=target)


def statuses(contract, scope, stimuli):
    receiver = Receiver(contract)
    return {receiver.answer(request_of(case.delivery(WHO))).status for case in applicable_cases(stimuli, scope)}


@pytest.mark.parametrize("stimuli", [*VALID, *LATER], ids=lambda stimuli: stimuli.__name__)
def test_mock_takes_what_is_right_or_new(contract, scope, stimuli):
    assert statuses(contract, scope, stimuli) == {202}


@pytest.mark.parametrize("stimuli", BROKEN, ids=lambda stimuli: stimuli.__name__)
def test_mock_refuses_missing_and_mistyped_parameters(contract, scope, stimuli):
    assert statuses(contract, scope, stimuli) == {422}


@pytest.mark.parametrize("stimuli", OF_A_BODY, ids=lambda stimuli: stimuli.__name__)
def test_rules_about_a_body_do_not_apply(scope, stimuli):
    with pytest.raises(NotApplicable, match="about a body"):
        applicable_cases(stimuli, scope)


def test_no_query_is_longer_than_common_servers_take(scope):
    for stimuli in (texts.lengths, hard.long_texts, forward.several_members):
        for case in _cases(stimuli, scope):
            assert len(case.delivery(WHO).body) <= 3000


def _cases(stimuli, scope):
    try:
        return applicable_cases(stimuli, scope)
    except NotApplicable:
        return []


def test_head_is_no_other_method_where_get_delivers(scope):
    assert {case.method for case in applicable_cases(http.other_methods, scope)} == {
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
    }


def test_delivery_has_neither_a_body_nor_its_label(scope):
    (case, *_) = applicable_cases(valid.plain, scope)
    delivery = case.delivery(WHO)
    assert delivery.content == b"" and not any(name.lower() == "content-type" for name, _ in delivery.headers)
    assert delivery.target_from("/in?tenant=7").startswith("/in?tenant=7&messageId=ca11bac4")
    assert delivery.ids == (case.message_id(WHO),)


def test_bytes_that_no_url_carries_are_escaped():
    delivery = Delivery("c", "GET", (), b"a=<b> \xff&c=%41#d", by_query=True)
    assert delivery.target_from("/in") == "/in?a=%3Cb%3E%20%FF&c=%41%23d"


def test_callback_with_a_body_and_one_without_are_told_apart_by_the_label(tmp_path):
    body = {"content": {"application/json": {"schema": {"type": "object", "required": ["id"]}}}}
    order = {"post": {"requestBody": body, "responses": {"200": {"description": ""}}}}
    receiver = Receiver(read_contract(written(tmp_path, document("post", order=order))))
    told, json = b"/?messageId=a&count=1&status=sent", [(b"Content-Type", b"application/json")]
    answers = [
        receiver.answer(Request("POST", "/", headers, sent, raw_target=target)).status
        for headers, sent, target in (([], b"", told), (json, b'{"id": 1}', told), (json, b"", told), ([], b"", b"/"))
    ]
    assert answers == [202, 200, 400, 422]


def test_signature_is_over_an_empty_body_and_the_whole_url(contract, scope):
    seen = []

    def signer(delivery, url):
        seen.append((delivery.content, url))
        return (("X-Signature", "s"),), b"never sent"

    (case, *_) = applicable_cases(valid.plain, scope)
    requests = []
    receiver = Receiver(contract, on_exchange=lambda request, *_: requests.append(request))
    with served(receiver) as url:
        sender = Sender(Access(url), Pace(), signer)
        assert sender.send(case.delivery(WHO)).acknowledged
        sender.close()
    ((content, signed),) = seen
    assert content == b"" and "?messageId=ca11bac4" in signed
    assert requests[0].body == b"" and signed.endswith(requests[0].target)


def test_store_restores_the_state_and_gives_the_query_back(contract, scope, tmp_path):
    file = tmp_path / "store"
    delivery = next(iter(applicable_cases(valid.plain, scope))).delivery(WHO)
    for _ in range(2):
        recorder = Recorder(contract, file)
        receiver = Receiver(contract, on_exchange=recorder.observe)
        restore(receiver, recorder.reader)
        if recorder.found == 0:
            receiver.answer(request_of(delivery))
            kept = recorder.reader.one(1)
        recorder.close()
    assert receiver.states.get(delivery.ids[0]).shown()["last"]["count"] == 1
    (stored,) = stored_deliveries(file)
    assert (stored.callback, stored.method, stored.body) == ("receipt", "GET", b"tenant=7&" + delivery.body)
    assert kept.by_query and kept.content == stored.body
    assert curl_of(kept, f"http://127.0.0.1{kept.target}").count("messageId=") == 1
