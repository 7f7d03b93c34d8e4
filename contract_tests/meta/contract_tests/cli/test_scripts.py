"""Scripted responses: the language of scripts, `Prefer`, delays and drops; and the gate for a sender."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.support.processes import mock_running
from callback_contract.contract_tests.model.cases import Case
from callback_contract.mock_server.cli import mock_command
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver, Request
from callback_contract.mock_server.receiver.scripted_responses import Scripted, Step, parsed
from callback_contract.mock_server.server.fast_path import FastPathProtocol, protocol_for
from callback_contract.mock_server.server.protocol import WireProtocol
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi import load_contract
from callback_contract.openapi.text.errors import KitError

CONTRACT = load_contract()
CALLBACK = CONTRACT.callbacks[0]
RUN = Run.fresh()
CASE = Case(CALLBACK, "plain", Scope(CALLBACK, DEPTHS["quick"], 0).plain)


def delivery(message=1):
    return CASE.delivery(Identity(RUN, message))


def post(receiver, body=None, *headers, method=CALLBACK.method):
    media_type = (b"Content-Type", CALLBACK.media_type.encode())
    return receiver.answer(Request(method, "/", [media_type, *headers], delivery().body if body is None else body))


def scripted(script="", fault=None, **more):
    return Receiver(CONTRACT, script=Scripted(CONTRACT, script, **more), fault=fault)


def statuses(receiver, count, **more):
    return [post(receiver, **more).status for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("200", [Step(200)]),
        ("503x3,200", [Step(503, 3), Step(200)]),
        (" 503 , 200x* ", [Step(503), Step(200, None)]),
        ("429;retry-after=2", [Step(429, retry_after_s=2.0)]),
        ("200x2;delay=0.5;drop", [Step(200, 2, delay_s=0.5, drop=True)]),
    ],
)
def test_script_is_read(text, steps):
    assert parsed(text) == (False, tuple(steps))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("2000", 1),
        ("503,", 5),
        ("503x3, 20x", 8),
        ("503x0", 1),
        ("503;delay=x,200", 5),
        ("503;drop;delay=99999", 10),
        ("each:503,101", 10),
        ("٥٠٣", 1),
    ],
)
def test_script_that_does_not_parse_names_the_position(text, position):
    with pytest.raises(KitError, match=f"does not parse at character {position}:"):
        parsed(text)


def test_script_answers_in_turn_and_then_the_contract_does():
    assert statuses(scripted("503x2,429,202"), 5) == [503, 503, 429, 202, 200]


def test_star_answers_all_that_follow():
    assert statuses(scripted("200,500x*"), 4) == [200, 500, 500, 500]


def test_each_message_has_a_script_for_itself():
    receiver = scripted("each:503,200")
    assert [post(receiver, delivery(n).body).status for n in (1, 2, 1, 2)] == [503, 503, 200, 200]


def test_what_is_answered_503_is_not_stored_and_what_is_answered_2xx_is():
    receiver = scripted("503,201")
    known = delivery().ids[0]
    post(receiver)
    assert receiver.states.get(known) is None
    post(receiver)
    assert receiver.states.get(known) is not None


def test_scripted_2xx_refuses_what_the_contract_refuses():
    assert post(scripted("200"), b"{}").status == 422


def test_other_methods_do_not_use_a_script_up():
    receiver = scripted("503")
    assert post(receiver, method="GET").status == 405
    assert post(receiver).status == 503


def test_retry_after_delay_and_drop_are_in_the_answer():
    receiver = scripted("429;retry-after=3;delay=0.5,200;drop", delay_s=0.25)
    first, second = post(receiver), post(receiver)
    assert ("Retry-After", "3") in first.headers
    assert (first.delay_s, first.wire) == (0.75, "")
    assert (second.status, second.wire) == (200, "reset")


def test_share_of_deliveries_is_dropped_and_the_same_ones_each_run():
    runs = [[post(receiver).wire for _ in range(40)] for receiver in (scripted(drop=0.3), scripted(drop=0.3))]
    assert runs[0] == runs[1]
    assert 0 < runs[0].count("reset") < 40


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (b"code=503", 503),
        (b'respond-async, Code = "429"', 429),
        (b"code=202", 202),
        (b"code=99", 200),
        (b"barcode=503", 200),
        (b"code=5030", 200),
    ],
)
def test_request_may_prefer_its_answer(value, status):
    reply = post(scripted(), None, (b"prefer", value))
    assert reply.status == status
    applied = dict(reply.headers).get("Preference-Applied")
    assert applied == (None if value in {b"code=99", b"barcode=503", b"code=5030"} else f"code={status}")


def test_preferred_200_does_not_accept_what_is_wrong():
    reply = post(scripted(), b"{}", (b"Prefer", b"code=200"))
    assert reply.status == 422
    assert reply.headers == ()


def test_fault_shows_where_the_script_leaves_the_answer_to_it():
    assert statuses(scripted("503", FAULTS["ACK-06"]), 2) == [503, 202]


def test_only_answers_that_never_wait_are_given_in_place():
    assert issubclass(protocol_for(scripted()), FastPathProtocol)
    assert protocol_for(scripted("503")) is WireProtocol
    assert protocol_for(scripted(delay_s=0.1)) is WireProtocol


# --- the gate: the command as a pipeline runs it -------------------------------------------------------------------


def put(url, *bodies):
    sender = Sender(Access(url), Pace())
    for number, body in enumerate(bodies):
        made = delivery(number)
        sender.send(made if body is None else replace(made, body=body))
    sender.close()


def ended(process):
    output, _ = process.communicate(timeout=30)
    return process.returncode, output.removeprefix("Ctrl-C stops it.\n")  # whoever read the first line may have it


def test_gate_opens_when_all_came_and_were_right(tmp_path):
    with mock_running("--expect", "2", "--report-dir", str(tmp_path / "new")) as (process, url):
        put(url, None, None)
        code, output = ended(process)
    assert (code, output) == (0, "2 of 2 expected deliveries came, 0 violate the contract.\n")
    report = json.loads((tmp_path / "new" / "deliveries.json").read_text())
    assert (report["passed"], [one["verdict"] for one in report["deliveries"]]) == (True, ["accepted"] * 2)
    assert json.loads(report["deliveries"][0]["body"])
    assert ET.parse(tmp_path / "new" / "junit.xml").find("testsuite").get("failures") == "0"


def test_gate_closes_at_the_first_violation_and_says_what_it_is(tmp_path):
    with mock_running("--expect", "9", "--exit-on-violation", "--report-dir", str(tmp_path)) as (process, url):
        put(url, None, b'{"\x1b[31m\x01')
        code, output = ended(process)
    assert code == 1
    assert "2 of 9 expected deliveries came, 1 violates the contract." in output
    assert "#2 POST / 8 bytes: refused, 400; the body: " in output
    assert "\x1b" not in output
    assert ET.parse(tmp_path / "junit.xml").find("testsuite").get("failures") == "2"


def test_gate_closes_when_too_few_came_in_time():
    with mock_running("--expect", "2", "--timeout", "1.5") as (process, url):
        put(url, None)
        code, output = ended(process)
    assert (code, "1 of 2 expected deliveries came" in output) == (1, True)


def test_what_is_new_is_told_and_only_a_strict_gate_closes():
    new = json.dumps({**json.loads(delivery().body), "tomorrow": 1}).encode()
    for options, expected in (((), 0), (("--strict",), 1)):
        with mock_running("--expect", "1", *options) as (process, url):
            put(url, new)
            code, output = ended(process)
        assert code == expected
        assert "new, tolerated: member at /tomorrow" in output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--script", "503x3,20x"], "--script: '503x3,20x' does not parse at character 7"),
        (["--strict"], "--strict: nothing ends this run"),
        (["--expect", "1", "--report-dir", "/dev/null/x"], "--report-dir: cannot write into /dev/null/x"),
        (["--store", "/nowhere/store.db"], "--store: /nowhere/store.db has no directory to be in"),
    ],
)
def test_wrong_use_is_one_error(options, said):
    with pytest.raises(KitError) as told:
        mock_command.mock.main(["--port", "0", *options], standalone_mode=False)
    assert (told.value.exit_code, str(told.value).startswith(said)) == (2, True)
