"""Identity of deliveries: ids in headers, query and body are fresh for each event and equal for a redelivery."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.meta.support.foreign import contract_of, scope_of, with_members
from callback_contract.contract_tests.model.cases import Case
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.mock_server.wire.delivery import header_value, in_query
from callback_contract.mock_server.wire.identity import MARK, Identity, Run
from callback_contract.openapi.contract.id_forms import IdForm
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.text.errors import ContractError

RUN = Run("0badcafe", datetime(2026, 1, 1, tzinfo=UTC))


def delivery_of(contract, message=1, *, content=None, **more):
    (callback,) = contract.callbacks
    case = Case(callback, "a case", scope_of(callback).plain if content is None else content, **more)
    return case.delivery(Identity(RUN, 1, message))


def id_in(contract, message=1, name="X-Hub-Delivery"):
    return header_value(delivery_of(contract, message).headers, name)


def body_of(contract, message=1):
    return decode_body(contract.callbacks[0], delivery_of(contract, message).body)


@pytest.mark.parametrize("name", ["webhook-id", "X-Hub-Delivery", "x-request-id", "X-Shop-Event-Id", "A-Message-ID"])
def test_id_in_a_header_is_fresh_for_each_message_and_equal_for_a_redelivery(tmp_path, name):
    contract = contract_of(tmp_path, headers=[{"name": name, "required": True, "example": "1"}])
    assert id_in(contract, 1, name) == id_in(contract, 1, name) != id_in(contract, 2, name)


@pytest.mark.parametrize("name", ["id", "event_id", "message_id", "delivery_id"])
def test_id_at_the_root_of_a_body_is_fresh_for_each_message(tmp_path, name):
    contract = contract_of(tmp_path, with_members(**{name: {"type": "string"}}))
    first, again, second = (body_of(contract, message)[name] for message in (1, 1, 2))
    assert first == again != second
    assert first.startswith(MARK + RUN.id)


def test_other_identifiers_keep_the_value_of_the_example(tmp_path):
    schema = with_members(id={"type": "string"}, tenant_id={"type": "string"}, data=with_members(id={"type": "string"}))
    example = {"id": "a", "tenant_id": "t-1", "data": {"id": "d-1"}}
    header = {"name": "X-Account-Id", "required": True, "example": "acc-1"}
    contract = contract_of(tmp_path, schema, headers=[header], example=example)
    body = body_of(contract)
    assert (body["tenant_id"], body["data"]) == ("t-1", {"id": "d-1"})
    assert id_in(contract, name="X-Account-Id") == "acc-1"
    assert contract.callbacks[0].kept_identifiers == ("$request.header.x-account-id", "/tenant_id", "/data/id")


def test_header_of_an_id_is_sent_where_the_contract_does_not_require_it(tmp_path):
    assert id_in(contract_of(tmp_path, headers=[{"name": "X-Hub-Delivery"}]))


def test_header_that_a_case_leaves_out_stays_out(tmp_path):
    contract = contract_of(tmp_path, headers=[{"name": "X-Hub-Delivery"}])
    assert delivery_of(contract, headers=(("A", "b"),)).headers == (("A", "b"),)


@pytest.mark.parametrize(
    ("schema", "example", "form"),
    [
        ({"format": "uuid"}, None, r"ca11bac4-\w{4}-4\w{3}-8\w{3}-0badcafe\w{4}"),
        ({}, "0b989ba4-242f-11e5-81e1-c7b6966d2516", r"ca11bac4-\w{4}-4\w{3}-8\w{3}-0badcafe\w{4}"),
        ({}, "evt_1MqqbK", r"evt_ca11bac40badcafe\w{16}"),
        ({"pattern": "^SM[0-9a-f]{32}$"}, None, r"SMca11bac40badcafe\w{16}"),
        ({"maxLength": 24}, None, r"0badcafe\w{16}"),
        ({"maxLength": 16}, None, r"[0-9a-f]{16}"),
        ({"pattern": "^[0-9]+$"}, None, "[0-9]{16}"),
    ],
)
def test_id_has_the_form_of_its_schema_and_example(tmp_path, schema, example, form):
    schema = {"type": "string", **schema}
    entry = {} if example is None else {"example": {"id": example}}
    contract = contract_of(tmp_path, with_members(id=schema), **entry)
    assert re.fullmatch(form, body_of(contract)["id"])
    header = {"name": "X-Hub-Delivery", "schema": schema, **({} if example is None else {"example": example})}
    assert re.fullmatch(form, id_in(contract_of(tmp_path, headers=[header])))


@pytest.mark.parametrize(("form", "most"), [({}, 2**53), ({"maximum": 2**31 - 1}, 2**31 - 1)])
def test_id_that_is_a_number_is_fresh_and_within_its_bounds(tmp_path, form, most):
    contract = contract_of(tmp_path, with_members(id={"type": "integer", **form}))
    ids = {body_of(contract, message)["id"] for message in range(100)}
    assert len(ids) == 100
    assert all(0 < found <= most for found in ids)


def test_two_runs_differ_in_their_run_alone():
    one, other = (Identity(replace(RUN, id=run), 1) for run in ("0badcafe", "5e0d11c2"))
    for form in map(IdForm, ("hex32", "uuid", "hex24")):
        ids = [each.written(form, 1, shared=False, event="a") for each in (one, other)]
        assert ids[0].replace("0badcafe", "5e0d11c2") == ids[1]
    for form in map(IdForm, ("hex16", "integer", "digits", "small integer")):
        assert one.written(form, 1, shared=False, event="a") != other.written(form, 1, shared=False, event="a")


def test_id_for_which_no_fresh_value_is_valid_keeps_the_example(tmp_path):
    contract = contract_of(
        tmp_path, with_members(id={"type": "string", "pattern": "^[xyz]{3}$"}), example={"id": "xyz"}
    )
    assert body_of(contract) == {"id": "xyz"}
    assert contract.callbacks[0].kept_identifiers == ("/id",)


def test_drawn_contents_are_valid_with_a_fresh_id(tmp_path):
    contract = contract_of(tmp_path, with_members(id={"type": "string", "pattern": "^evt_[0-9a-f]{32}$"}))
    assert scope_of(contract.callbacks[0]).contents


STATES = with_members(key={"type": "string"}, state={"enum": ["a", "b"]})
FACTS = {"correlation": "/key", "state": "/state", "idempotency": ["$request.header.X-Event"]}


def test_id_of_an_event_differs_for_each_status_of_a_message(tmp_path):
    contract = contract_of(tmp_path, STATES, facts=FACTS)
    told = [delivery_of(contract, content={"key": "k", "state": state}) for state in "aab"]
    first, again, other = (header_value(each.headers, "x-event") for each in told)
    assert first == again != other
    assert len({decode_body(contract.callbacks[0], each.body)["key"] for each in told}) == 1
    assert told[0].event_id == told[1].event_id != told[2].event_id


def test_fact_names_a_parameter_of_the_url(tmp_path):
    contract = contract_of(tmp_path, facts={"correlation": "$request.query.id"})
    first, second = delivery_of(contract, 1), delivery_of(contract, 2)
    assert first.query[0][0] == "id" and first.query != second.query
    assert first.ids == (first.query[0][1],)


def test_parameter_replaces_the_one_of_the_url():
    assert in_query("/cb?id=1&x=%20&id=2", [("id", "a b")]) == "/cb?x=%20&id=a%20b"
    assert in_query("/cb", [("id", "1")]) == "/cb?id=1"
    assert in_query("/cb?", []) == "/cb?"


def test_option_names_places_in_addition_to_the_contracts(tmp_path):
    schema = with_members(data=with_members(key={"type": "string"}))
    contract = contract_of(tmp_path, schema).identified_by(["/data/key", "$request.header.X-Own"])
    assert body_of(contract, 1) != body_of(contract, 2)
    assert id_in(contract, 1, "x-own") != id_in(contract, 2, "x-own")


@pytest.mark.parametrize(
    ("place", "said"), [("/data/kee", "Did you mean '/data/key'"), ("data", "is no place of a delivery")]
)
def test_option_that_names_no_place_is_refused(tmp_path, place, said):
    contract = contract_of(tmp_path, with_members(data=with_members(key={"type": "string"})))
    with pytest.raises(ContractError, match=said):
        contract.identified_by([place])


def test_contract_that_names_its_ids_gets_no_others_in_the_body(tmp_path):
    schema = with_members(id={"type": "string"}, key={"type": "string"})
    contract = contract_of(tmp_path, schema, facts={"stamped": {"/key": "id"}}, example={"id": "kept", "key": "k"})
    assert body_of(contract)["id"] == "kept"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"correlation": "/none"}, "names nothing at '/none'"),
        ({"correlation": "$request.body#/none"}, "names nothing at '/none'"),
        ({"state": "$request.header.x-state"}, "is not valid under|does not match"),
        ({"stamped": {"$request.header.x-at": "time"}}, "a time is stamped outside the body"),
    ],
)
def test_fact_at_an_impossible_place_is_refused(tmp_path, facts, said):
    with pytest.raises(ContractError, match=said):
        contract_of(tmp_path, facts=facts)


def test_ids_of_the_own_contract_stay_where_it_says():
    for callback in load_contract().callbacks:
        assert dict(callback.stamped) == dict(callback.delivery.stamped)
