"""Forms and multipart: the mock made from them is judged clean, a wrong receiver is found, and texts mean values."""

from __future__ import annotations

import contextlib
import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.cli.check_command import check
from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.fielded import (
    ACTION,
    EVENT,
    FACTS,
    MAIL_LIKE,
    MESSAGE,
    SLACK_LIKE,
    TEXT,
    TWILIO_LIKE,
    fielded,
    parts_of,
    receiver,
    right_about_actions,
    right_about_events,
    right_about_messages,
)
from callback_contract.contract_tests.meta.support.foreign import refused_by_its_mock, scope_of, written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.reporting.model.redaction import Redaction
from callback_contract.contract_tests.stimuli import texts
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.receiver.receiver import Receiver, Request
from callback_contract.mock_server.wire.bodies import content_type, decode_body, encode_body
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable
from callback_contract.openapi.bodies import (
    FORM,
    MULTIPART,
    Undecodable,
    Unencodable,
    content_type_of,
    fields_of,
    from_texts,
    read_fields,
    write_fields,
)
from callback_contract.openapi.documenting.content.wire_example import as_curl, request_text
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import KitError

PIECES = [
    b"--x",
    b"--",
    b"\r\n",
    b"\n",
    b'Content-Disposition: form-data; name="a"',
    b"; filename=f",
    b"\xff",
    b"%zz",
    b"&=",
]
DOCUMENTS = {"twilio-like": TWILIO_LIKE, "slack-like": SLACK_LIKE, "mail-like": MAIL_LIKE}


@pytest.fixture
def read(tmp_path):
    def read(document, **options):
        return read_contract(written(tmp_path, document), **options)

    return read


@pytest.fixture
def callback(read):
    def callback(schema, media_type=FORM, **entry):
        return read(fielded(schema, media_type, **entry)).callbacks[0]

    return callback


def an_object(**properties):
    return {"type": "object", "properties": properties}


def judged(file, *options):
    return invoke(check, ["--contract", str(file), "--depth", "quick", *options])


# Judged


@pytest.mark.parametrize("name", DOCUMENTS)
def test_mock_made_from_it_is_judged_clean(tmp_path, name):
    ran = judged(written(tmp_path, DOCUMENTS[name]), "--strict", "--verbose")
    assert ran.exit_code == 0, ran.output
    assert "is about JSON, and message is" in ran.output


@pytest.mark.parametrize("name", DOCUMENTS)
def test_everything_sent_as_valid_is_acknowledged_by_its_mock(read, name):
    assert refused_by_its_mock(read(DOCUMENTS[name])) == []


@pytest.mark.parametrize("told", [{}, {"explode": False}, {"contentType": "application/json"}])
@pytest.mark.parametrize("media_type", [FORM, MULTIPART])
def test_long_array_fills_what_a_receiver_has_to_accept(callback, media_type, told):
    items = {"type": "array", "items": {**TEXT, "minLength": 200}}
    made = callback(an_object(a=items), media_type, encoding={"a": told}, example={"a": ["%" * 200]})
    (case,) = applicable_cases(texts.many_keys, scope_of(made))
    assert 19_000 < len(encode_body(made, case.content)) <= 20_480


def test_messages_are_followed_and_redelivered(tmp_path):
    properties = MESSAGE["properties"] | {"MessageSid": TEXT}
    facts = FACTS | {"stamped": {"value": {"/MessageSid": "id"}, "provenance": "inferred", "why": "w"}}
    document = fielded(MESSAGE | {"properties": properties}, operation={"x-delivery": facts})
    ran = judged(written(tmp_path, document), "--rules", "IDM,ORD,STA,LOD", "--strict", "--verbose")
    assert ran.exit_code == 0, ran.output
    assert "pass            IDM-05" in ran.output
    assert "pass            STA-02" in ran.output


@pytest.mark.parametrize(
    ("document", "right", "options"),
    [
        (TWILIO_LIKE, right_about_messages, {}),
        (SLACK_LIKE, right_about_actions, {}),
        (MAIL_LIKE, right_about_events, {"media_type": MULTIPART, "read": parts_of}),
    ],
    ids=DOCUMENTS,
)
def test_careful_receiver_of_a_frameworks_own_parser_is_clean(tmp_path, document, right, options):
    with receiver(right, **options) as url:
        ran = judged(written(tmp_path, document), "--rules", "ACK,DAT,FWD,PAY,WIRE-01,WIRE-02,WIRE-03,WIRE-10", url)
    assert ran.exit_code == 0, ran.output


EMPTY = {
    "type": "object",
    "required": ["id", "note", "tags"],
    "properties": {
        "id": TEXT,
        "note": {"type": ["string", "null"]},
        "tags": {"type": "object", "additionalProperties": TEXT},
    },
}


def test_no_body_is_sent_as_valid_that_lacks_on_the_wire_what_its_contract_requires(tmp_path):
    document = fielded(EMPTY, encoding={"tags": {"style": "deepObject"}})

    def right(fields):
        named = {name.partition("[")[0] for name in fields}
        return 200 if named >= set(EMPTY["required"]) else 400

    with receiver(right) as url:
        arguments = [url, "--contract", str(written(tmp_path, document)), "--depth", "quick", "--rules", "ACK,PAY"]
        done = invoke(check, arguments)
    assert done.exit_code == 0, done.output


def test_sender_says_that_a_form_has_no_plain_body(tmp_path):
    file = written(tmp_path, fielded(EMPTY, encoding={"tags": {"style": "deepObject"}}))
    done = invoke(cli, ["send", "http://127.0.0.1:1/", "--dry-run", "--contract", str(file)])
    assert isinstance(done.exception, KitError) and "--file" in str(done.exception)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (lambda fields: 200 if int(fields["NumMedia"]) + len(fields["To"]) >= 0 else 400, "PAY-17"),
        (lambda fields: 200 if fields.keys() <= MESSAGE["properties"].keys() else 400, "FWD-01"),
        (lambda fields: 200 if "\n" not in "".join(fields.values()) else 400, "DAT-05"),
        (lambda fields: 200 if fields["MessageStatus"] != "failed" else 400, "ACK-03"),
    ],
)
def test_wrong_receiver_of_a_form_is_found(tmp_path, wrong, rule):
    with receiver(wrong) as url:
        ran = judged(written(tmp_path, TWILIO_LIKE), "--rules", rule, url)
    assert ran.exit_code == 1, ran.output
    assert f"fail {rule} MUST" in ran.output


def test_receiver_that_crashes_on_broken_json_in_a_part_is_found(tmp_path):
    def crashing(parts):
        return 200 if json.loads(parts["event"])["user"]["id"] is not None else 400

    with receiver(crashing, MULTIPART, parts_of) as url:
        ran = judged(written(tmp_path, MAIL_LIKE), "--rules", "PAY-17", url)
    assert ran.exit_code == 1, ran.output


# Written and read


@pytest.mark.parametrize("media_type", [FORM, MULTIPART])
def test_values_come_back_as_their_types(callback, media_type):
    schema = an_object(
        text=TEXT,
        count={"type": "integer"},
        price={"type": "number"},
        flag={"type": "boolean"},
        many={"type": "array", "items": {"type": "integer"}},
        inner=an_object(a=TEXT),
        list_of_objects={"type": "array", "items": an_object(a=TEXT)},
    )
    value = {
        "text": "007 & 中 +",
        "count": 3,
        "price": 2.5,
        "flag": False,
        "many": [1, 2],
        "inner": {"a": "x", "b": [None]},
        "list_of_objects": [{"a": "x"}],
    }
    made = callback(schema, media_type)
    assert decode_body(made, encode_body(made, value)) == value


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "text": TEXTS,
        "count": st.integers(-(2**60), 2**60),
        "flag": st.booleans(),
        "many": st.lists(TEXTS, min_size=1),
        "inner": st.dictionaries(TEXTS, st.none() | st.booleans() | TEXTS | st.lists(st.integers())),
    },
)


@pytest.mark.parametrize("media_type", [FORM, MULTIPART])
@settings(max_examples=60, deadline=None)
@given(value=VALUES)
def test_any_value_comes_back(media_type, value):
    kinds = {"text": "string", "count": "integer", "flag": "boolean", "inner": "object"}
    properties = {name: {"type": kind} for name, kind in kinds.items()} | {"many": {"type": "array", "items": TEXT}}
    fields = fields_of({"properties": properties}, {}, styled=media_type == FORM)
    body = write_fields(media_type, value, fields)
    assert from_texts(read_fields(media_type, body, content_type_of(media_type)), fields, json.loads) == value


@settings(max_examples=200, deadline=None)
@given(
    st.binary() | st.lists(st.sampled_from(PIECES)).map(b"".join), st.sampled_from(["; boundary=x", '; boundary="', ""])
)
def test_any_bytes_are_read_or_named_undecodable(body, parameters):
    for media_type in (FORM, MULTIPART):
        with contextlib.suppress(Undecodable):
            read_fields(media_type, body, media_type + parameters)


def test_form_is_what_other_libraries_read(callback):
    body = encode_body(callback(MESSAGE), {"To": "+1 202", "MediaUrl": ["a", "b"], "Forwarded": True, "Price": None})
    assert parse_qsl(body.decode()) == [("To", "+1 202"), ("MediaUrl", "a"), ("MediaUrl", "b"), ("Forwarded", "true")]


def test_parts_are_what_other_libraries_read(callback):
    made = callback(EVENT, MULTIPART)
    body = encode_body(made, {"event": {"type": "é"}, "sender": "a\r\nb"})
    assert parts_of(body, content_type(made)) == {"event": '{"type":"é"}', "sender": "a\r\nb"}
    assert b"Content-Type: application/json\r\n\r\n{" in body


@pytest.mark.parametrize(
    ("told", "wire"),
    [
        ({}, "a=1&a=2"),
        ({"explode": False}, "a=1%2C2"),
        ({"style": "pipeDelimited", "explode": False}, "a=1%7C2"),
        ({"contentType": "application/json"}, "a=%5B1%2C2%5D"),
    ],
)
def test_array_travels_as_its_encoding_says(callback, told, wire):
    made = callback(an_object(a={"type": "array", "items": {"type": "integer"}}), encoding={"a": told})
    assert encode_body(made, {"a": [1, 2]}).decode() == wire
    assert decode_body(made, wire.encode()) == {"a": [1, 2]}


def test_deep_object_travels_as_fields_of_its_own(callback):
    made = callback(an_object(a=an_object(b=TEXT)), encoding={"a": {"style": "deepObject", "explode": True}})
    assert encode_body(made, {"a": {"b": "x"}}) == b"a%5Bb%5D=x"
    assert decode_body(made, b"a[b]=x") == {"a": {"b": "x"}}


def test_text_that_is_no_value_of_its_type_stays_text(callback):
    made = callback(an_object(n={"type": "integer"}, f={"type": "number"}, o=an_object()))
    assert decode_body(made, b"n=x&f=1e999&o=%7B") == {"n": "x", "f": "1e999", "o": "{"}


def test_scalar_that_comes_twice_is_refused(read):
    reply = answered(read(TWILIO_LIKE), b"MessageSid=SM" + b"0" * 32 + b"&To=a&To=b&MessageStatus=sent&NumMedia=0")
    assert reply.status == 422
    assert "/To" in reply.body.decode()


def answered(contract, body, header=FORM):
    return Receiver(contract).answer(Request("POST", "/", [(b"Content-Type", header.encode())], body))


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff", b"&".join([b"a=1"] * 10_001)])
def test_bytes_that_are_no_form_are_unparsable(callback, body):
    with pytest.raises(Unparsable):
        decode_body(callback(MESSAGE), body)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (MULTIPART, b"--x--"),
        (f"{MULTIPART}; boundary=x", b""),
        (f"{MULTIPART}; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
        (f"{MULTIPART}; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut'),
        (f"{MULTIPART}; boundary=\u00ff", b"--x--"),
        (f"{MULTIPART}; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\na\r\n' * 1001 + b"--x--"),
    ],
)
def test_bytes_that_are_no_parts_are_refused(read, header, body):
    assert answered(read(MAIL_LIKE), body, header.encode("latin-1").decode("latin-1")).status == 400


def test_deep_json_in_a_field_is_refused(callback):
    with pytest.raises(Unusable):
        decode_body(callback(ACTION), b"payload=" + b"[" * 100_000)


def test_what_has_no_form_is_not_sent(callback):
    for value in ([1], "text", {"To": "\ud800"}):
        with pytest.raises(Unencodable):
            encode_body(callback(MESSAGE), value)


def test_bodies_of_json_beside_a_form_keep_their_validator(read):
    document = fielded(MESSAGE)
    document["webhooks"]["other"] = {"post": {"requestBody": {"content": {"application/json": {"schema": ACTION}}}}}
    contract = read(document)
    good = json.dumps({"payload": {"type": "block_actions", "user": {"id": "1"}}}).encode()
    assert answered(contract, good, "application/json").status == 204
    assert answered(contract, b"payload=1", FORM).status == 422
    assert answered(contract, b"{}", "application/json").status == 422


# Read from documents


def test_example_may_be_written_out(callback):
    made = callback(an_object(a={"type": "integer"}, b=TEXT), example="a=1&b=x+y\n")
    assert made.delivered_examples[0].value == {"a": 1, "b": "x y"}


def test_example_of_texts_is_what_the_form_means(callback):
    assert callback(an_object(a={"type": "integer"}), example={"a": "1"}).delivered_examples[0].value == {"a": 1}


@pytest.mark.parametrize(
    ("schema", "encoding", "reason"),
    [
        ({"type": "array"}, {}, "a body of fields is an object"),
        (an_object(a=an_object()), {"a": {"style": "form"}}, "an object in a form by the style 'form'"),
        (an_object(a=TEXT), {"a": {"style": "matrix"}}, "none of a form's"),
        (an_object(a=an_object()), {"a": {"contentType": "application/xml"}}, "application/xml"),
    ],
)
def test_fields_that_cannot_be_made_set_the_callback_aside(read, schema, encoding, reason):
    document = fielded(schema, encoding=encoding)
    document["webhooks"]["good"] = fielded(MESSAGE)["webhooks"]["message"]
    ((name, told),) = read(document).set_aside
    assert name == "message"
    assert reason in told


def test_content_of_another_media_type_is_not_made_up(callback):
    made = callback(an_object(a={**TEXT, "contentMediaType": "application/json"}, b=TEXT))
    assert made.member("/a").schema["x-not-drawn"] == "its content is application/json"


# Shown


@pytest.mark.parametrize(
    ("media_type", "shown"), [(FORM, "a=x+y&n=1"), (MULTIPART, "bytes that no command line can carry")]
)
def test_dry_run_of_send_shows_the_fields(tmp_path, media_type, shown):
    document = fielded(an_object(a=TEXT, n={"type": "integer"}), media_type, example={"a": "x y", "n": 1})
    ran = invoke(cli, ["send", "http://127.0.0.1:9/", "--contract", str(written(tmp_path, document)), "--dry-run"])
    assert ran.exit_code == 0, ran.output
    assert shown in ran.output


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"To=%2B1202&Body=hi", b"To=***&Body=hi"),
        (b'--x\r\nContent-Disposition: form-data; name="To"\r\n\r\n+1202\r\n--x--', b'name="To"\r\n\r\n***\r\n--x--'),
    ],
)
def test_redacted_field_is_shown_nowhere(body, shown):
    redaction = Redaction((), "run-id", ("/To",))
    assert redaction.sent(body).endswith(shown)


def test_value_of_a_redacted_field_is_hidden_elsewhere():
    redaction = Redaction((), "run-id", ("/To",)).knowing([b"To=%2B12025550143"])
    assert redaction.text("the number +12025550143 is wrong") == "the number *** is wrong"


def test_documentation_shows_the_wire_form(read):
    document = fielded(an_object(a=TEXT), example={"a": "x y"})
    assert request_text(read(document).callbacks[0]).endswith("a=x+y")


def test_documentation_lets_curl_write_the_parts(callback):
    made = callback(an_object(a=TEXT, o=an_object()), MULTIPART, example={"a": "@x", "o": {"b": 1}})
    lines = as_curl(made, made.examples[0].value).splitlines()
    assert "--form-string a=@x" in lines[1]
    assert """-F 'o="{\\"b\\":1}";type=application/json'""" in lines[2]
