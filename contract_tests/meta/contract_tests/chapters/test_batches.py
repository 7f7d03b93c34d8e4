"""A body whose items are events: each is an event of its own, and one that is not stored is found."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.chapters.checks.meaning import as_bodies
from callback_contract.contract_tests.chapters.checks.stored_state import is_as_before
from callback_contract.contract_tests.meta.support.foreign import scope_of, with_schema, written
from callback_contract.contract_tests.meta.support.judged import broken, judged
from callback_contract.contract_tests.model.observations import Stored
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.contract_tests.stimuli.texts import many_keys
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.receiver.receiver import Fault, Receiver
from callback_contract.mock_server.receiver.state import States
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.wire.identity import Identity, Run, stamp
from callback_contract.openapi.reading import read_contract

ITEM = {
    "type": "object",
    "required": ["key", "event", "at"],
    "properties": {
        "key": {"type": "string"},
        "event": {"type": "string", "enum": ["sent", "read"]},
        "at": {"type": "integer"},
    },
}
LIST = {"type": "array", "minItems": 1, "items": ITEM}
EXAMPLE = [{"key": "f4d594881ab0f00d0c0ffee29e63f055", "event": "sent", "at": 1744687206}]


def contract_of(tmp_path, *, inside="", array=LIST):
    """A contract whose body is an array of events, or has one at a member."""
    schema = {"type": "object", "required": [inside], "properties": {inside: array}} if inside else array
    place = f"/{inside}/0" if inside else "/0"
    facts = {
        "correlation": f"{place}/key",
        "idempotency": [f"{place}/key", f"{place}/event"],
        "state": f"{place}/event",
        "order": {"edges": [["sent", "read"]]},
        "stamped": {f"{place}/key": "id", f"{place}/at": "time"},
    }
    document = with_schema(schema, example={inside: EXAMPLE} if inside else EXAMPLE)
    told = {name: {"value": value, "provenance": "house", "why": "a test"} for name, value in facts.items()}
    document["webhooks"]["thing"]["post"]["x-delivery"] = told
    return read_contract(written(tmp_path, document))


def stores_the_first_event_alone(request, assessment, receiver, right):
    reply = right()
    if assessment is not None and assessment.accepted:
        told = assessment.value
        for item in (told if isinstance(told, list) else told["entry"])[1:]:
            receiver.states.drop(item["key"])
    return reply


@pytest.mark.slow  # each draws contents of a contract of its own
@pytest.mark.parametrize("inside", ["", "entry"])
@pytest.mark.parametrize(("fault", "found"), [(None, set()), (stores_the_first_event_alone, {"STA-08"})])
def test_event_of_a_batch_that_is_not_stored_is_found(tmp_path, inside, fault, found):
    contract = contract_of(tmp_path, inside=inside)
    with served(Receiver(contract, fault=fault and Fault(fault))) as url:
        read_back = own_read_back(url, contract)
        rules = ("DAT-11", "STA-08", "STA-09")
        results = judged(Access(f"{url}/"), *rules, contract=contract, read_back=read_back, patience_s=0.2)
    assert broken(results) == found
    assert all(str(each.actual).startswith("event 2 of ") for each in results["STA-08"].findings)


def test_each_event_of_a_batch_has_an_id_of_its_own(tmp_path):
    (callback,) = contract_of(tmp_path, array={**LIST, "maxItems": 3}).callbacks
    case = applicable_cases(many_keys, scope_of(callback))[-1]
    delivery = case.delivery(Identity(Run.fresh(), 7))
    told = [item["key"] for item in json.loads(delivery.body)]
    assert (len(set(told)), delivery.ids) == (3, tuple(told))


@pytest.mark.parametrize(
    ("shown", "compared"),
    [({"key": "b"}, ([{"key": "a"}], [{"key": "b"}])), ([{"key": "b"}] * 2, ([{"key": "a"}] * 2, [{"key": "b"}] * 2))],
)
def test_event_that_is_shown_alone_is_compared_with_the_one_that_was_sent(tmp_path, shown, compared):
    (callback,) = contract_of(tmp_path).callbacks
    assert as_bodies(callback, [{"key": "a"}] * 2, shown) == compared


@pytest.mark.parametrize("shown", [{"entry": None}, {"entry": []}, {"entry": {"0": {}}}])
def test_body_that_is_shown_without_its_events_is_compared_with_what_was_sent(tmp_path, shown):
    (callback,) = contract_of(tmp_path, inside="entry").callbacks
    sent = {"entry": EXAMPLE}
    assert as_bodies(callback, sent, shown) == (sent, shown)
    deep = SimpleNamespace(batch="/entry/0/changes")
    assert as_bodies(deep, {"entry": [{"changes": EXAMPLE}]}, shown)[1] == shown


def test_mock_stores_nothing_of_a_batch_that_is_null(tmp_path):
    (callback,) = contract_of(tmp_path, inside="entry", array={**LIST, "type": ["array", "null"]}).callbacks
    states = States()
    states.apply(callback, {"entry": None})
    states.apply(callback, {"entry": EXAMPLE})
    assert states.get(EXAMPLE[0]["key"]) is not None


@pytest.mark.parametrize(("changed", "is_kept"), [({}, True), ({"shown": 2}, True), ({"at": 2}, False)])
def test_redelivery_that_changes_an_event_shown_alone_leaves_a_trace(tmp_path, changed, is_kept):
    (callback,) = contract_of(tmp_path, inside="entry").callbacks
    delivery = SimpleNamespace(body=json.dumps({"entry": EXAMPLE}).encode())
    receiver = SimpleNamespace(case=SimpleNamespace(callback=callback), exchanges=[SimpleNamespace(delivery=delivery)])
    before = Stored("sent", 1, EXAMPLE[0] | {"shown": 1})
    assert is_as_before(receiver, before, replace(before, last=before.last | changed)) == is_kept


@pytest.mark.parametrize(("example", "digits"), [(1744687206, 10), (1744687206000, 13)])
def test_time_without_a_format_is_a_number_where_the_member_is_one(tmp_path, example, digits):
    (callback,) = contract_of(tmp_path).callbacks
    (item,) = stamp(callback, [{**EXAMPLE[0], "at": example}], Identity(Run.fresh(), 1))
    assert len(str(item["at"])) == digits
