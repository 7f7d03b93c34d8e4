"""Message states: bounds of a receiver's memory, and the effect of a delivery that could not be kept."""

from __future__ import annotations

import errno
import json

import pytest

from callback_contract.contract_tests.meta.mock_server.store.test_recording import CALLBACK, ID, STATES, Kept, body
from callback_contract.contract_tests.meta.support.foreign import contract_of
from callback_contract.contract_tests.meta.support.inspecting import asked
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver import state as state_module
from callback_contract.mock_server.receiver.request import Head
from callback_contract.mock_server.receiver.state import States, newest
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.store import history as lives
from callback_contract.mock_server.store import recorder as recorder_module
from callback_contract.mock_server.store import write_ahead_log as journal
from callback_contract.mock_server.store.history import DUPLICATE, Lives
from callback_contract.openapi.contract.loading import load_contract

UNORDERED = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "webhooks": {
        "event": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["id", "status"],
                                "properties": {"id": {"type": "string"}, "status": {"type": "string"}},
                            }
                        }
                    }
                },
                "responses": {"200": {"description": "ok"}},
                "x-delivery": {
                    "correlation": {"value": "/id", "provenance": "doc"},
                    "state": {"value": "/status", "provenance": "doc"},
                    "idempotency": {"value": ["/id", "/status"], "provenance": "doc"},
                },
            }
        }
    },
}


@pytest.fixture(scope="module")
def unordered(tmp_path_factory):
    """A callback whose states have no order, so that each is a further one."""
    file = tmp_path_factory.mktemp("unordered") / "contract.json"
    file.write_text(json.dumps(UNORDERED))
    return load_contract(file).callbacks[0]


def test_message_and_event_may_stand_in_the_head(tmp_path):
    places = {"correlation": "$request.query.id", "idempotency": ["$request.header.X-Event"], "state": "/state"}
    schema = {"type": "object", "properties": {"state": {"type": "string"}}}
    callback = contract_of(tmp_path, schema, facts=places).callbacks[0]
    states = States()
    for event in (b"1", b"1", b"2"):
        states.apply(callback, {"state": "a"}, 0, Head("POST", "/", [(b"x-event", event)], b"/?a=1&id=m"))
    assert states.get("m").applied == 2


def told(states, callback, status, message="m"):
    states.apply(callback, {"id": message, "status": status}, len(status))


def test_events_of_one_message_are_bounded(unordered):
    states = States()
    for number in range(3000):
        told(states, unordered, f"s{number}")
    stored = states.get("m")
    assert (stored.applied, stored.state) == (3000, "s2999")
    assert len(stored.events) <= 1000
    told(states, unordered, "s2999")
    assert states.get("m").applied == 3000


def test_long_event_is_known_by_its_digest(unordered):
    states = States()
    for _ in range(2):
        told(states, unordered, "x" * 100_000)
    assert states.get("m").applied == 1
    assert sum(map(len, states.get("m").events)) < 100


def test_events_count_among_the_bytes_of_all_messages(unordered, monkeypatch):
    monkeypatch.setattr(state_module, "_MOST_BYTES", 100_000)
    states = States()
    for number in range(500):
        told(states, unordered, f"s{number}", "first")
    told(states, unordered, "s", "second")
    assert states.get("first") is not None
    for number in range(500):
        told(states, unordered, f"s{number}", "second")
    assert (states.get("first"), states.get("second").applied) == (None, 501)


def test_message_that_is_told_of_outlives_one_that_is_not(unordered, monkeypatch):
    monkeypatch.setattr(state_module, "_MOST_MESSAGES", 2)
    states = States()
    for number, message in enumerate("abac"):
        told(states, unordered, f"s{number}", message)
    assert [states.get(message) is None for message in "abc"] == [False, True, False]


def test_newest_events_stay():
    events = dict.fromkeys(map(str, range(11)))
    assert list(newest(events, 10)) == [*list("6789"), "10"]
    assert newest(events, 11) is events


def test_lives_of_messages_are_bounded(monkeypatch):
    monkeypatch.setattr(lives, "_MOST_EVENTS", 100)
    monkeypatch.setattr(lives, "_MOST_BYTES", 20_000)
    known = Lives(revocable=True)
    for message in ("first", "second", "third"):
        for number in range(500):
            known.met(("callback", message), f"s{number}", "", None, acknowledged=True)
    known.undo()
    assert [key for _, key in known._messages] == ["second", "third"]
    assert all(len(life.events) <= 100 for life in known._messages.values())
    assert known._bytes == sum(life.size for life in known._messages.values()) <= 20_000
    assert known.met(("callback", "third"), "s499", "", None, acknowledged=True)[0] == DUPLICATE


@pytest.fixture
def full_disk(monkeypatch):
    """Lets the journal take nothing while the list holds anything."""
    full, write = [], journal._write

    def written(handle, start, data):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(handle, start, data)

    monkeypatch.setattr(journal, "_write", written)
    return full


@pytest.fixture
def storing(tmp_path, full_disk):
    with Kept(tmp_path / "store.db") as kept, served(kept.receiver) as url:
        kept.receiver.keeper = kept.recorder.keeper

        def post(content, *headers):
            return asked(url, "/", "POST", content, [("Content-Type", CALLBACK.media_type), *headers]).status

        def stored():
            answer = asked(url, f"/callback-contract/state/{ID}")
            return (answer.status, *(json.loads(answer.body).get(name) for name in ("state", "applied")))

        yield kept, post, stored


@pytest.mark.parametrize("headers", [(), [("Connection", "close")]], ids=["in place", "ASGI"])
def test_delivery_that_is_answered_507_changes_nothing(storing, full_disk, headers):
    kept, post, stored = storing
    assert post(body(state=STATES[0]), *headers) == 200
    full_disk.append(True)
    assert [post(body(state=STATES[1]), *headers) for _ in range(2)] == [507, 507]
    assert stored() == (200, STATES[0], 1)
    full_disk.clear()
    assert post(body(state=STATES[1]), *headers) == 200
    assert stored() == (200, STATES[1], 2)
    assert [one.state for one in kept.reader.after(0)] == [STATES[0], STATES[1]]


def test_message_whose_only_delivery_is_answered_507_stays_unknown(storing, full_disk):
    _, post, stored = storing
    full_disk.append(True)
    assert post(body()) == 507
    assert stored()[0] == 404


def test_deliveries_of_one_turn_take_effect_in_their_order(storing, monkeypatch):
    kept, post, stored = storing
    monkeypatch.setattr(recorder_module, "_LOOKS_S", 1000.0)
    assert post(body(2)) == 200  # from then on the recorder's thread sleeps
    kept.put(*[body(state=state) for state in (*STATES[:3], STATES[0])])
    assert stored()[0] == 404  # nothing of them is in the journal
    kept.recorder._write()
    assert stored() == (200, STATES[2], 3)


def test_fault_sees_what_it_stores(tmp_path):
    with Kept(tmp_path / "store.db") as kept:
        kept.receiver.keeper, kept.receiver.fault = kept.recorder.keeper, FAULTS["IDM-03"]
        kept.put(body(), body())
        assert kept.receiver.states.get(ID).applied == 2
