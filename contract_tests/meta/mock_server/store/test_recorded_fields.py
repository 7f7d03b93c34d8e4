"""Recordings of forms and multipart bodies: delivered exactly, or masked without a leak."""

from __future__ import annotations

import json

import pytest

from callback_contract.contract_tests.cli.check_command import check
from callback_contract.contract_tests.meta.contract_tests.samples.test_samples import (
    archive,
    aside,
    chosen,
    delivered,
    lines,
)
from callback_contract.contract_tests.meta.support.fielded import (
    MAIL_LIKE,
    SLACK_LIKE,
    TWILIO_LIKE,
    receiver,
    right_about_messages,
)
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.openapi.bodies import FORM, MULTIPART
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import KitError

SID = "SM" + "0123456789abcdef" * 2
MESSAGE = f"MessageSid={SID}&MessageStatus=sent&To=%2B8613912345678&Body=Dear+Ada+Lovelace&NumMedia=2"
PAYLOAD = {"type": "block_actions", "user": {"id": "ada@lovelace.org"}, "actions": [{"value": "Ada Lovelace"}]}
EVENT = (
    '--b0\r\nContent-Disposition: form-data; name="event"\r\nContent-Type: application/json\r\n\r\n'
    + json.dumps(PAYLOAD)
    + '\r\n--b0\r\nContent-Disposition: form-data; name="sender"\r\n\r\nAda Lovelace\r\n--b0--\r\n'
)


def contract_of(tmp_path, document):
    folder = tmp_path / "contract"
    folder.mkdir()
    return read_contract(written(folder, document))


def entry(body, label=FORM):
    return {"headers": {"Content-Type": label} if label else {}, "body": body}


def samples_of(tmp_path, document, *entries, masks=()):
    contract = contract_of(tmp_path, document)
    return contract, chosen(lines(tmp_path, *entries), *masks, contract=contract)


@pytest.mark.parametrize(
    ("document", "body", "label"),
    [(TWILIO_LIKE, MESSAGE, FORM), (TWILIO_LIKE, MESSAGE, ""), (MAIL_LIKE, EVENT, f"{MULTIPART}; boundary=b0")],
    ids=["form", "form without a label", "parts"],
)
def test_recorded_fields_are_delivered_to_the_byte(tmp_path, document, body, label):
    _, samples = samples_of(tmp_path, document, entry(body, label))
    (delivery,) = delivered(samples)
    assert delivery.body == body.encode() and dict(delivery.headers)["Content-Type"] == (label or FORM)


def test_form_in_an_archive_is_delivered(tmp_path):
    request = {"method": "POST", "headers": [], "postData": {"mimeType": FORM, "text": MESSAGE, "params": []}}
    samples = chosen(archive(tmp_path, request), contract=contract_of(tmp_path, TWILIO_LIKE))
    assert [delivery.body for delivery in delivered(samples)] == [MESSAGE.encode()]


BROKEN = {
    MESSAGE.replace("MessageStatus=sent&", ""): "contract",
    MESSAGE.replace("NumMedia=2", "NumMedia=two"): "contract",
    MESSAGE + "&Price=9007199254740993": "either answer",
    "%ff=1": "unreadable",
}


@pytest.mark.parametrize("body", BROKEN)
def test_form_that_no_receiver_is_held_to_is_set_aside(tmp_path, body):
    _, samples = samples_of(tmp_path, TWILIO_LIKE, entry(MESSAGE), entry(body))
    assert aside(samples) == {"s.jsonl line 2": BROKEN[body]}


def test_parts_without_their_boundary_are_set_aside(tmp_path):
    _, samples = samples_of(tmp_path, MAIL_LIKE, entry(EVENT, f"{MULTIPART}; boundary=b0"), entry(EVENT, MULTIPART))
    (told,) = samples.aside
    assert told.kind == "unreadable" and "names no boundary" in told.reason


def test_field_of_a_form_is_masked_wherever_the_form_holds_it(tmp_path):
    twice = MESSAGE + "&From=%2B8613912345678"
    contract, samples = samples_of(tmp_path, TWILIO_LIKE, entry(twice), masks=["/To"])
    (delivery,) = delivered(samples)
    value = decode_body(contract.callbacks[0], delivery.body)
    assert b"13912345678" not in delivery.body and value["To"] == value["From"] and value["NumMedia"] == 2


def test_pointer_reaches_into_json_that_a_form_carries(tmp_path):
    body = "payload=" + json.dumps(PAYLOAD).replace("@", "%40").replace(" ", "+")
    contract, samples = samples_of(
        tmp_path, SLACK_LIKE, entry(body), masks=["/payload/user/id", "/payload/actions/-/value"]
    )
    (delivery,) = delivered(samples)
    value = decode_body(contract.callbacks[0], delivery.body)["payload"]
    assert value["type"] == "block_actions" and value["user"]["id"].startswith("masked")
    assert b"ovelace" not in delivery.body


def test_masked_parts_are_written_anew_with_the_boundary_that_the_label_names(tmp_path):
    contract, samples = samples_of(tmp_path, MAIL_LIKE, entry(EVENT, f"{MULTIPART}; boundary=b0"), masks=["/sender"])
    (delivery,) = delivered(samples)
    value = decode_body(contract.callbacks[0], delivery.body, dict(delivery.headers)["Content-Type"])
    assert value["event"]["type"] == "block_actions" and b"Lovelace" not in delivery.body


FILE = EVENT.replace(
    "--b0--", '--b0\r\nContent-Disposition: form-data; name="attachment"; filename="a.png"\r\n\r\nAda\r\n--b0--'
)
ENCODED = EVENT.replace('name="sender"\r\n', 'name="sender"\r\nContent-Transfer-Encoding: base64\r\n')


@pytest.mark.parametrize(("body", "reason"), [(FILE, "holds a file"), (ENCODED, "a part is encoded")])
def test_parts_that_no_mask_reaches_are_set_aside_when_something_is_masked(tmp_path, body, reason):
    label = f"{MULTIPART}; boundary=b0"
    contract = contract_of(tmp_path, MAIL_LIKE)
    file = lines(tmp_path, entry(EVENT, label), entry(body, label))
    assert chosen(file, contract=contract).delivered == 2
    masked = chosen(file, "/sender", contract=contract)
    assert aside(masked) == {"s.jsonl line 2": "mask"} and reason in masked.aside[0].reason


def test_part_that_says_it_is_not_encoded_is_masked(tmp_path):
    body = EVENT.replace('name="sender"\r\n', 'name="sender"\r\nContent-Transfer-Encoding: 8bit\r\n')
    _, samples = samples_of(tmp_path, MAIL_LIKE, entry(body, f"{MULTIPART}; boundary=b0"), masks=["/sender"])
    assert [b"Lovelace" in delivery.body for delivery in delivered(samples)] == [False]


def test_fields_that_cannot_be_written_anew_are_set_aside_when_something_is_masked(tmp_path):
    body = EVENT.replace("--b0--", '--b0\r\nContent-Disposition: form-data; name="a\\"b"\r\n\r\nx\r\n--b0--')
    with pytest.raises(KitError, match="would mean something else"):
        samples_of(tmp_path, MAIL_LIKE, entry(body, f"{MULTIPART}; boundary=b0"), masks=["/sender"])


def test_receiver_of_forms_is_judged_by_recordings(tmp_path):
    contract = written(tmp_path, TWILIO_LIKE)
    with receiver(right_about_messages) as url:
        words = [url, "--contract", str(contract), "--rules", "SMP", "--samples", str(lines(tmp_path, entry(MESSAGE)))]
        done = invoke(check, [*words, "--mask", "/To"])
    assert (done.exit_code, "1 pass" in done.output) == (0, True), done.output
