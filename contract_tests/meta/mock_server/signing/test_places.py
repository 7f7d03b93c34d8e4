"""Signatures beyond one header: over a URL and form fields, inside the body, as a JWT, as a token, by a plugin."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.meta.mock_server.signing.test_signing import written
from callback_contract.contract_tests.meta.support.providers import KEY, signature_of
from callback_contract.mock_server.provider.in_process import Provider
from callback_contract.mock_server.signing import DeliverySigner, load_keys, load_scheme, sign, signatures, verify
from callback_contract.mock_server.signing.members import member_text, with_member
from callback_contract.mock_server.wire.json_spelling import SPELLINGS, encode
from callback_contract.openapi import KitError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
URL = "https://h.example/hook?a=1"


def sent(name, body, *, url=URL, at=NOW, message_id="msg_1"):
    """Headers and body as a preset signs them."""
    scheme, keys = signature_of(name)
    made = sign(scheme, keys, body=body, method="POST", url=url, message_id=message_id, at=at)
    return signatures.written(scheme, made, body)


def flaw(name, headers, body, url=URL):
    scheme, keys = signature_of(name)
    return verify(scheme, keys, headers=headers, body=body, method="POST", url=url, now=NOW)


# Members of a body

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@settings(derandomize=True, database=None, max_examples=150, deadline=None)
@given(value=st.dictionaries(st.text(max_size=4), values, max_size=3), spelling=st.sampled_from([*SPELLINGS]))
def test_written_member_is_read_again_and_all_else_is_kept(value, spelling):
    body = with_member(encode({**value, "s": {"t": "old"}}, spelling), "/s/t", "new")
    assert json.loads(body) == {**value, "s": {"t": "new"}}
    assert member_text(body, "/s/t") == "new"


@pytest.mark.parametrize(
    ("before", "pointer", "text", "after"),
    [
        (b'{ "a" : "x" , "n":1.0}', "/a", "y", b'{ "a" : "y" , "n":1.0}'),
        (b'{"a":1}', "/a", "2", b'{"a":2}'),
        (b'{"a":1}', "/a", "b", b'{"a":"b"}'),
        (b'{"a":"x","a":"y"}', "/a", "z", b'{"a":"x","a":"z"}'),
        (b'[{"a":0},{"a":"x"}]', "/1/a", "y", b'[{"a":0},{"a":"y"}]'),
        (b'{"n":1}', "/s/t", "y", b'{"s":{"t":"y"},"n":1}'),
        (b"{}", "/s", "y", b'{"s":"y"}'),
        (b'{"a":"x","n":1}', "/a", None, b'{"n":1}'),
        (b'{"n":1, "a":"x" }', "/a", None, b'{"n":1 }'),
        (b'{"a":"x"}', "/a", None, b"{}"),
        (b'{"n":1}', "/a", None, b'{"n":1}'),
    ],
)
def test_member_is_written_in_place_or_added_or_left_out(before, pointer, text, after):
    assert with_member(before, pointer, text) == after


@pytest.mark.parametrize("body", [b"", b"{", b'"s"', b"[]", b'{"s":1}', b"\xff", b"[" * 100_000, b'{"items":[]}'])
def test_body_without_room_for_a_member_is_sent_as_it_is(body):
    assert with_member(body, "/s/t" if b"items" not in body else "/items/0/s", "x") == body


@pytest.mark.parametrize(
    ("body", "text"),
    [(b'{"a":"x"}', "x"), (b'{"a":1.50}', "1.50"), (b'{"a":null}', ""), (b'{"a":true}', "true"), (b"{}", None)],
)
def test_member_is_signed_as_its_text(body, text):
    assert member_text(body, "/a") == text


# URL and form


def test_form_is_signed_as_its_sorted_names_and_values():
    headers, _ = sent("twilio-like", b"To=%2B18&Body=a+b&Media=2&Media=1&Media=2&None=")
    text = f"{URL}Bodya bMedia1Media2NoneTo+18"
    assert headers[0][1] == base64.b64encode(hmac.digest(KEY.encode(), text.encode(), "sha1")).decode()


def test_fields_in_another_order_keep_their_signature_and_another_url_does_not():
    headers, _ = sent("twilio-like", b"a=1&b=2")
    assert flaw("twilio-like", headers, b"b=2&a=1") == ""
    assert flaw("twilio-like", headers, b"b=1&a=2") == "X-Twilio-Signature is wrong"
    assert flaw("twilio-like", headers, b"a=1&b=2", "https://h.example/hook") == "X-Twilio-Signature is wrong"


# In the body


def test_signature_time_and_id_stand_in_the_body():
    headers, body = sent("mailgun-like", b'{"signature":{"timestamp":1},"event-data":{}}')
    block = json.loads(body)["signature"]
    digest = hmac.new(KEY.encode(), b"1772600767msg_1", hashlib.sha256).hexdigest()
    assert (headers, block) == ((), {"signature": digest, "token": "msg_1", "timestamp": 1772600767})
    assert flaw("mailgun-like", headers, body) == ""
    assert flaw("mailgun-like", (), b"{}") == "/signature/token is missing"


def test_application_in_process_gets_the_body_that_holds_its_signature():
    came = []

    def app(environ, start_response):
        came.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return []

    with Provider(signer=DeliverySigner(*signature_of("mailgun-like"))) as provider:
        provider(app)
    assert {"signature", "token", "timestamp"} == json.loads(came[0])["signature"].keys()


# JWT


def test_jwt_is_spelt_in_other_ways_and_has_more_claims():
    head, claims, _ = (sent("vonage-like", b"{}")[0][0][1].removeprefix("Bearer ")).split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert told.keys() == {"iss", "iat", "jti", "payload_hash"} and isinstance(told["iat"], int)
    payload = f"{head}.{_segment({'api_key': 'a1b2', **dict(reversed(told.items()))})}"
    assert flaw("vonage-like", (("authorization", f"Bearer {_signed(payload)}"),), b"{}") == ""


@pytest.mark.parametrize(
    ("head", "changed", "reason"),
    [
        ({"alg": "HS256"}, {"iss": "Somebody"}, "wrong"),
        ({"alg": "HS256"}, {"payload_hash": "00"}, "wrong"),
        ({"alg": "HS384"}, {}, "wrong"),
        ({"alg": "HS256"}, {"iat": "soon"}, "malformed"),
        ({"alg": "HS256"}, [], "malformed"),
    ],
)
def test_jwt_with_other_claims_is_refused_though_it_is_signed(head, changed, reason):
    hashed = hashlib.sha256(b"{}").hexdigest()
    claims = {"iss": "Vonage", "iat": 1, "jti": "1", "payload_hash": hashed, **changed} if changed != [] else []
    token = _signed(f"{_segment(head)}.{_segment(claims)}")
    assert flaw("vonage-like", (("Authorization", f"Bearer {token}"),), b"{}") == f"Authorization is {reason}"


def test_expiry_of_a_jwt_is_its_time_and_the_tolerance(tmp_path):
    scheme = load_scheme(
        written(tmp_path, encoding=None, signed=None, claims={"iat": "{timestamp}", "exp": "{expires}"})
    )
    made = sign(scheme, load_keys(scheme, {"KEY": KEY}), body=b"", method="POST", url=URL, message_id="1", at=NOW)
    claims = json.loads(base64.urlsafe_b64decode(made[0][1].split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 300


def _segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _signed(payload):
    digest = hmac.digest(KEY.encode(), payload.encode(), "sha256")
    return f"{payload}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


# Token


@pytest.mark.parametrize(("token", "reason"), [(KEY, ""), (KEY[:-1], "wrong"), ("é", "wrong"), ("", "malformed")])
def test_token_is_the_key_itself(token, reason):
    assert sent("gitlab-like", b"{}")[0] == (("X-Gitlab-Token", KEY),)
    said = flaw("gitlab-like", (("x-gitlab-token", token),), b"anything")
    assert said == (f"X-Gitlab-Token is {reason}" if reason else "")


def test_token_that_no_header_can_hold_is_refused():
    with pytest.raises(KitError, match="a token in a header is printable ASCII"):
        load_keys(load_scheme("gitlab-like"), {"CALLBACK_SIGNING_KEY": "a b"})


# Plugin


def plugged(tmp_path, code):
    (tmp_path / "ours.py").write_text(code)
    return written(tmp_path, algorithm=None, encoding=None, signed=None, plugin="ours.py", timestamp_header="T")


def test_plugin_makes_a_signature_that_is_forged_like_any_other(tmp_path):
    code = (
        "def signature(key, request):\n    return f'{len(key)}-{request.timestamp}-{request.path}-{len(request.body)}'"
    )
    scheme = load_scheme(plugged(tmp_path, code))
    keys = load_keys(scheme, {"KEY": KEY})
    made = sign(scheme, keys, body=b"{}", method="POST", url=URL, message_id="1", at=NOW)
    assert dict(made)["X"] == f"{len(KEY)}-1772600767-/hook?a=1-2"
    told = {"body": b"{}", "method": "POST", "url": URL, "now": NOW}
    assert verify(scheme, keys, headers=made, **told) == ""
    assert verify(scheme, keys, headers=made, **{**told, "body": b"{ }"}) == "X is wrong"
    assert verify(scheme, keys, headers=made, **{**told, "now": NOW + timedelta(hours=1)}) == "T is stale"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1/0", "ours.py does not run at line 1: ZeroDivisionError"),
        ("x = 1", "defines no function signature"),
        ("def signature(key, request):\n    return key", "returned bytes, and no text"),
        ("def signature(key, request):\n    raise ValueError(key)", "failed at line 2: ValueError"),
    ],
)
def test_broken_plugin_is_named_with_its_line_and_shows_no_key(tmp_path, code, said):
    def signed(file):
        scheme = load_scheme(file)
        sign(scheme, load_keys(scheme, {"KEY": KEY}), body=b"", method="POST", url=URL, message_id="1", at=NOW)

    with pytest.raises(KitError) as caught:
        signed(plugged(tmp_path, code))
    assert said in caught.value.reported and KEY not in caught.value.reported


# What contradicts itself


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"header": None}, "the signature stands nowhere"),
        ({"member": "/s", "signed": "{/a}"}, "one value stands in two places"),
        ({"header": None, "member": "/s"}, "the body holds the signature, and its bytes are signed"),
        ({"header": None, "member": "s"}, "does not match"),
        ({"encoding": None}, "a signature needs `encoding`"),
        ({"algorithm": "token"}, "a fixed token has no `encoding`"),
        ({"claims": {"iat": "{timestamp}"}}, "a JWT has no `encoding`"),
        ({"claims": {"iat": "{time}"}, "encoding": None, "signed": None}, "nothing is called {time}"),
        ({"claims": {"a": "b"}, "algorithm": "hmac-sha1", "encoding": None, "signed": None}, "no JWT is signed by"),
        ({"plugin": "ours.py"}, "a plugin's signature has no `algorithm`"),
        ({"signed": "{expires}{body}"}, "nothing is called {expires}"),
        ({"tolerance_towards": ["past"]}, "there is no time"),
    ],
)
def test_scheme_that_contradicts_itself_is_refused_with_its_place(tmp_path, changed, said):
    with pytest.raises(KitError) as caught:
        load_scheme(written(tmp_path, **changed))
    assert said in caught.value.what and "ours.yaml" in caught.value.where and caught.value.remedy
