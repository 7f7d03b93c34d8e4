"""Masks of the proxy: what `--mask` names is in no record, and the record says of the delivery what it said before."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.contract_tests.drift.planted import CALLBACK, CONTRACT
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.samples.reading import read_recordings
from callback_contract.mock_server.cli.proxy_command import proxy
from callback_contract.mock_server.proxy import masking
from callback_contract.mock_server.proxy.masking import PassedMasker
from callback_contract.mock_server.proxy.record import Passed
from callback_contract.mock_server.proxy.recorder_process import _started
from callback_contract.mock_server.wire.masks import Masked
from callback_contract.openapi.contract.patterns import validator_of

VALUE = CALLBACK.delivered_examples[0].value
SECRET = "+4915112345678"
PLACE = next(each.pointer for each in CALLBACK.members if each.format == "e164")
PERSONAL = VALUE | {PLACE[1:]: SECRET}


def passed(value=PERSONAL, *, target="/cb", answer=b"{}", kind="application/json"):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    head = f"POST {target} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\nX-To: {SECRET}\r\n\r\n".encode()
    return Passed(1.0, 0.01, 200, len(body), head, body, b"HTTP/1.1 200 OK\r\nX-To: " + SECRET.encode(), answer)


def masker(*wanted):
    return PassedMasker(Masked.of(wanted, CONTRACT), CONTRACT)


def masked(exchange, *wanted, kind="application/json"):
    return masker(*wanted).masked(exchange, kind, exchange.body)


@pytest.mark.parametrize("mask", [PLACE, "format:e164", "format:phone"])
def test_what_is_named_is_nowhere_in_the_exchange(mask):
    made = masked(passed(target=f"/cb?to={SECRET[1:]}", answer=SECRET.encode()), mask)
    assert SECRET[1:].encode() not in b"".join((made.head, made.body, made.answer_head, made.answer_body))
    assert made.head.startswith(b"POST /cb?to=") and validator_of(CALLBACK.strict).is_valid(json.loads(made.body))


def test_what_is_not_named_stays_to_the_byte():
    assert masked(passed(), "/nothing").body == passed().body


def test_value_has_one_mask_in_all_deliveries():
    one = masker(PLACE)
    first, other, again = (
        json.loads(one.masked(passed(each), "", passed(each).body).body)[PLACE[1:]]
        for each in (PERSONAL, VALUE | {PLACE[1:]: "+4915100000000"}, PERSONAL)
    )
    assert first == again != other


def test_value_that_breaks_the_contract_has_a_mask_that_breaks_it():
    made = json.loads(masked(passed(VALUE | {"status": "some state"}), "/status").body)
    assert made["status"] not in VALUE["status"] and not validator_of(CALLBACK.strict).is_valid(made)


def test_members_of_a_masked_object_are_masked_and_keep_their_types():
    value = VALUE | {"more": {"name": "Ada Lovelace", "age": 36, "tags": ["tall", None, True]}}
    made = json.loads(masked(passed(value), "/more").body)["more"]
    assert set(made) == {"name", "age", "tags"} and made != value["more"]
    assert [type(each) for each in (made["name"], made["age"], *made["tags"])] == [str, int, str, type(None), bool]


def test_field_of_a_form_is_masked():
    form = passed(b"From=Ada+Lovelace&n=1", kind="application/x-www-form-urlencoded")
    made = masked(form, "/From", kind="application/x-www-form-urlencoded").body
    assert made.startswith(b"From=") and made.endswith(b"&n=1") and b"Ada" not in made


@pytest.mark.parametrize("body", [b'{"callee": "', b"\xff", b'{"a": 1, "a": 2}', b"--x\r\n"])
def test_body_in_which_no_place_is_found_is_left_out(body):
    assert masked(passed(body), PLACE) is None


def test_masks_are_kept_for_a_bounded_number_of_values(monkeypatch):
    monkeypatch.setattr(masking, "_MOST_KEPT", 3)
    one, made = masker("/msg_id"), set()
    for number in range(9):
        exchange = passed(VALUE | {"msg_id": f"{number:032x}"})
        made.add(json.loads(one.masked(exchange, "", exchange.body).body)["msg_id"])
        assert one._masks.kept <= 4
    assert len(made) == 9


def test_nothing_that_is_written_holds_what_is_named(tmp_path):
    names = {"store": "s.db", "har": "t.har", "jsonl": "t.jsonl"}
    options = {
        "contract": None,
        "overlay": (),
        "paths": False,
        "mask": [PLACE],
        "keep": 10,
        "keep_bytes": 10**6,
        "inspect": False,
        "to": "http://h",
    }
    with contextlib.ExitStack() as stack:
        files = {option: str(tmp_path / name) for option, name in names.items()}
        keeping, _ = _started(options | files, stack)
        keeping.add(passed())
        keeping.add(
            replace(passed(b'{"callee": "' + SECRET.encode()), head=b"POST / HTTP/1.1\r\n\r\n", answer_head=b"")
        )
    assert [file.name for file in tmp_path.iterdir() if SECRET[1:].encode() in file.read_bytes()] == []
    assert [len(list(read_recordings(tmp_path / name))) for name in names.values()] == [2, 2, 1]


def test_mask_that_names_nothing_is_wrong_use():
    error = invoke(proxy, ["--to", "http://127.0.0.1:9", "--mask", "callee"]).exception
    assert (error.exit_code, error.where) == (2, "--mask")
