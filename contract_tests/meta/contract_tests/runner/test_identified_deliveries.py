"""A receiver that takes each delivery id once is judged by what it does with fresh ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.generation.notes import identity_notes
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.foreign import contract_of, with_members
from callback_contract.contract_tests.meta.support.scripted import ScriptedSender, exchange, run_of
from callback_contract.mock_server.receiver.receiver import Receiver, Request
from callback_contract.mock_server.wire.delivery import Response, header_value, in_query
from callback_contract.openapi.contract.loading import load_contract

ISSUE = with_members(title={"type": "string"}, action={"enum": ["opened", "labeled"]})
WITH_TENANT = with_members(
    title={"type": "string"}, action={"enum": ["opened", "labeled"]}, tenant_id={"type": "string"}
)


class TakesOnce:
    """A right receiver that drops every delivery whose id it saw before; `broken` bodies make it fail."""

    def __init__(self, contract, id_of, broken=lambda body: False):
        self.mock, self.id_of, self.broken, self.ids = Receiver(contract), id_of, broken, set()

    def __call__(self, delivery):
        event = self.id_of(delivery)
        if event is not None and event in self.ids:
            return replace(exchange(202, delivery), answer=Response(202, "", (), b""))
        if self.broken(delivery.body):
            return exchange(500, delivery)
        headers = [(name.encode(), value.encode()) for name, value in delivery.headers]
        reply = self.mock.answer(Request(delivery.method, "/", headers, delivery.body))
        if 200 <= reply.status < 300 and event is not None:
            self.ids.add(event)
        told = (*reply.headers, *((("Content-Type", reply.media_type),) if reply.media_type else ()))
        return replace(exchange(200, delivery), answer=Response(reply.status, "", told, reply.body))


def by_header(delivery):
    return header_value(delivery.headers, "x-hub-delivery")


def by_query(delivery):
    return in_query("/", delivery.query)


def by_member(delivery):
    try:
        return json.loads(delivery.body)["id"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None


def in_header(tmp_path):
    return contract_of(tmp_path, ISSUE, headers=[{"name": "X-Hub-Delivery", "required": True, "example": "1"}])


def in_body(tmp_path):
    return contract_of(tmp_path, with_members(**ISSUE["properties"], id={"type": "string"}))


def in_url(tmp_path):
    return contract_of(tmp_path, ISSUE).identified_by(["$request.query.id"])


def judged(contract, receiver, chapters=("ACK", "DAT", "FWD", "PAY")):
    _, catalogue, tests = tools()
    rules = tuple(rule for rule in catalogue.rules if rule.chapter in chapters and not tests[rule.id].connects)
    sender = ScriptedSender(receiver)
    run = run_of(contract, catalogue, rules, contract.callbacks, sender, DEPTHS["quick"])
    results = judge_all(run, tests)
    return {rule_id for rule_id, result in results.items() if result.broken and result.rule.level == "MUST"}


PLACES = [(in_header, by_header), (in_body, by_member), (in_url, by_query)]


@pytest.mark.parametrize(("made", "id_of"), PLACES)
def test_right_receiver_that_takes_each_id_once_is_clean(tmp_path, made, id_of):
    contract = made(tmp_path)
    assert judged(contract, TakesOnce(contract, id_of)) == set()


@pytest.mark.parametrize(("made", "id_of"), PLACES)
def test_mistake_behind_the_look_up_of_ids_is_found(tmp_path, made, id_of):
    contract = made(tmp_path)
    assert judged(contract, TakesOnce(contract, id_of, lambda body: b"labeled" in body)) >= {"ACK-03"}


def test_run_lists_the_places_of_fresh_ids_and_of_those_that_stay(tmp_path):
    contract = contract_of(tmp_path, WITH_TENANT, headers=[{"name": "X-Hub-Delivery"}])
    (note,) = identity_notes(contract.callbacks)
    assert note.about == "identity"
    assert note.text == (
        "thing: a fresh id in each message at $request.header.x-hub-delivery; as in the contract's example: /tenant_id"
    )


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"id": {"type": "string"}}, "thing: a fresh id in each message at /id"),
        ({"tenant_id": {"type": "string"}}, "no place of a fresh id is known (--identity PLACE names one)"),
    ],
)
def test_run_says_where_there_are_ids_of_one_kind_alone(tmp_path, properties, said):
    (note,) = identity_notes(contract_of(tmp_path, with_members(**properties)).callbacks)
    assert said in note.text


def test_contract_that_says_where_its_ids_are_gets_no_note():
    assert identity_notes(load_contract().callbacks) == ()
