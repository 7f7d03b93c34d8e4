"""Inspector's actions: deliveries are composed, edited, exported and deleted, and sent to declared targets alone."""

from __future__ import annotations

import json
import shutil

import jsonschema_rs
import pytest

from callback_contract import contract_tests
from callback_contract.contract_tests.meta.support.inspecting import GOOD, asked, body, inspecting
from callback_contract.contract_tests.samples.reading import read_recordings
from callback_contract.contract_tests.samples.recorded_delivery import RecordedDelivery
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import DeliverySigner, signature_from
from callback_contract.mock_server.store.recorder import Recorder
from callback_contract.openapi import load_contract

CALLBACK = load_contract().callbacks[0]
PREFIX = "/callback-contract/api/"


@pytest.fixture
def mock():
    with inspecting() as started:
        yield started


def posted(mock, path, value=None, **headers):
    """POST as the inspector's own page does, unless `Origin` is said otherwise."""
    headers = {"Origin": mock.url, **headers}
    content = b"" if value is None else json.dumps(value).encode()
    return asked(mock.url, PREFIX + path, "POST", content, headers.items())


def letter(mock, **changes):
    return {**mock.get(f"compose?callback={CALLBACK.name}"), "to": "mock", **changes}


@pytest.mark.parametrize("state", CALLBACK.delivery.order.states)
def test_any_state_is_composed_and_the_mock_takes_it_as_the_contracts_own(mock, state):
    made = mock.get(f"compose?callback={CALLBACK.name}&state={state}")
    answer = json.loads(posted(mock, "send", {**made, "to": "mock"}).body)
    (row,) = mock.get("deliveries")["rows"]
    assert (answer["status"], row["verdict"], row["state"]) == (200, "accepted", state)


def test_two_compositions_are_two_messages(mock):
    one, other = (json.loads(letter(mock)["body"]) for _ in range(2))
    assert one != other


def test_edited_delivery_is_sent_as_it_was_edited(mock):
    headers = [["Content-Type", "application/json"], ["X-Mine", "中文"], ["Host", "elsewhere.example"]]
    posted(mock, "send", letter(mock, body='{"a": 1}', headers=headers))
    told = mock.get("deliveries/1")
    assert mock.ask("deliveries/1/body").body == b'{"a": 1}' and told["verdict"] == "refused"
    assert ["X-Mine", "中文"] in told["headers"] and "elsewhere.example" not in str(told["headers"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "http://127.0.0.1:9/"},
        {"to": "forward"},
        {"method": "DELETE"},
        {"headers": [["X-A", "1\r\nX-B: 2"]]},
        {"headers": [["X A", "1"]]},
        {"body": 7},
        {"headers": 7},
    ],
)
def test_what_is_no_delivery_to_a_declared_target_is_sent_nowhere(mock, wrong):
    assert posted(mock, "send", letter(mock, **wrong)).status == 400
    assert mock.get("deliveries")["rows"] == []


@pytest.mark.parametrize("path", ["send", "delete", "deliveries/1/delete", "deliveries/1/send"])
@pytest.mark.parametrize("origin", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_page_elsewhere_can_neither_send_nor_delete(mock, path, origin):
    mock.post(body())
    assert posted(mock, path, letter(mock), **origin).status == 403
    assert len(mock.get("deliveries")["rows"]) == 1


def test_what_changes_something_is_not_done_by_looking(mock):
    mock.post(body())
    assert [mock.ask(path).status for path in ("send", "delete", "deliveries/1/delete")] == [405, 405, 405]
    assert len(mock.get("deliveries")["rows"]) == 1


def test_edited_delivery_is_signed_anew_for_the_receiver():
    key = "whsec_Y2FsbGJhY2stY29udHJhY3Qtc2lnbmluZy1rZXk="
    signature = signature_from("standard-webhooks", {"CALLBACK_SIGNING_KEY": key})
    with Recorder(load_contract()) as recorder:
        behind = Receiver(load_contract(), on_exchange=recorder.observe, signature=signature)
        with served(behind) as url, inspecting(forward_to=url, signer=DeliverySigner(*signature)) as mock:
            value = letter(mock, to="forward")
            value["headers"].append(["webhook-signature", "v1,stale"])
            assert json.loads(posted(mock, "send", value).body)["status"] == 200
        (came,) = recorder.reader.page()
    assert len([name for name, _ in came.headers if name.lower() == "webhook-signature"]) == 1


@pytest.fixture(scope="module")
def five():
    with inspecting() as started:
        started.post(body(variables={"name": "李雷"}), ("Authorization", "Bearer secret-of-the-sender"))
        started.post(body(status="archived", msg_id="ca11bac402"))
        started.post(b'{"a": "{{host}}"}')
        started.post(b"\xff\xfe")
        started.post(body(msg_id="ca11bac403"))
        yield started


def exported(mock, kind, query=""):
    answer = mock.ask(f"export/{kind}?{query}")
    assert answer.status == 200 and b"secret-of-the-sender" not in answer.body
    return answer.body.decode()


@pytest.mark.parametrize(("kind", "bodies"), [("har", 5), ("jsonl", 4)])
def test_export_is_a_recording_that_check_reads(five, kind, bodies, tmp_path):
    (tmp_path / f"out.{kind}").write_text(exported(five, kind), "utf-8")
    read = list(read_recordings(tmp_path / f"out.{kind}"))
    assert all(isinstance(each, RecordedDelivery) for each in read)
    want = [five.ask(f"deliveries/{number}/body").body for number in range(1, 6)]
    assert [each.body for each in read] == (want if bodies == 5 else [w for w in want if w != b"\xff\xfe"])


def test_exported_vectors_are_vectors_of_what_satisfies_the_contract(five):
    document = json.loads(exported(five, "vectors"))
    schema = contract_tests.__path__[0] + "/schemas/vectors.schema.json"
    with open(schema, encoding="utf-8") as file:
        jsonschema_rs.validator_for(json.load(file)).validate(document)
    assert [vector["class"] for vector in document["vectors"]] == ["valid", "forward-compatible", "valid"]


def test_exported_http_file_has_no_text_that_an_editor_obeys(five):
    text = exported(five, "http")
    assert "{{host}}" not in text and text.count("# Left out") == 2 and text.count("POST {{url}}/") == 3


def test_export_holds_what_is_filtered(five):
    assert len(exported(five, "jsonl", "state=archived").splitlines()) == 1
    assert five.ask("export/har?nothing=1").status == 400
    assert five.ask("export/exe").status == 404


def test_export_has_no_hole_where_there_are_more_than_it_reads_at_once(mock):
    for number in range(205):
        mock.post(body(msg_id=f"ca11bac4{number}"))
    lines = [json.loads(json.loads(line)["body"])["msg_id"] for line in exported(mock, "jsonl").splitlines()]
    assert lines == [f"ca11bac4{number}" for number in range(205)]


def test_deleted_delivery_is_gone_and_counted_no_more(mock):
    mock.post(body())
    mock.post(b"{")
    mock.post(body(msg_id="ca11bac402"))
    assert mock.get("summary")["counts"]["all"] == {"": 3}
    assert json.loads(posted(mock, "deliveries/2/delete").body) == {"deleted": 1}
    assert [row["id"] for row in mock.get("deliveries")["rows"]] == [3, 1]
    assert mock.get("summary")["counts"]["all"] == {"": 2} and mock.ask("deliveries/2").status == 404


def test_what_is_filtered_is_deleted_and_nothing_else(mock):
    mock.post(body())
    mock.post(b"{")
    assert json.loads(posted(mock, "delete?verdict=refused").body) == {"deleted": 1}
    assert posted(mock, "delete?nothing=1").status == 400
    assert [row["id"] for row in mock.get("deliveries")["rows"]] == [1]
    assert json.loads(posted(mock, "delete").body) == {"deleted": 1}
    mock.post(body(msg_id="ca11bac402"))
    assert [row["id"] for row in mock.get("deliveries")["rows"]] == [3]


def test_deleting_changes_nothing_of_what_the_mock_knows(mock):
    mock.post(body())
    posted(mock, "delete")
    mock.post(body())
    (row,) = mock.get("deliveries")["rows"]
    assert row["again"] == "duplicate"
    assert asked(mock.url, f"/callback-contract/state/{GOOD['msg_id']}").status == 200


def test_deleted_delivery_does_not_come_back_after_a_crash(tmp_path):
    store, crashed = tmp_path / "there" / "deliveries.db", tmp_path / "crashed"
    store.parent.mkdir()
    with Recorder(load_contract(), store) as recorder:
        receiver = Receiver(load_contract(), on_exchange=recorder.observe)
        with served(receiver) as url:
            for number in range(2):
                content = body(msg_id=f"ca11bac4{number}")
                asked(url, "/", "POST", content, [("Content-Type", "application/json")])
        assert recorder.reader.delete() == 2
        shutil.copytree(store.parent, crashed)
    with Recorder(load_contract(), crashed / "deliveries.db") as recorder:
        assert recorder.found == 0
