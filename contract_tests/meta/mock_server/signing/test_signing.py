"""Signatures agree with independent implementations, forgeries are refused, and no key is ever shown."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import sys
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from callback_contract.mock_server.signing import (
    KINDS,
    Keys,
    Scheme,
    forged,
    has_meaning,
    load_keys,
    load_scheme,
    presets,
    sign,
    signatures,
    verify,
)
from callback_contract.mock_server.signing.scheme_file import PRESETS_FOLDER
from callback_contract.mock_server.signing.seals import sealed
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.openapi import KitError

NOW = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)
BODY = '{"text":"é \U0001f600","n":1.0,"notificationItems":[{"NotificationRequestItem":{}}]}\r\n'.encode()
WHERE = {"body": BODY, "method": "POST", "url": "https://h.example/hook?a=1"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"  # RFC 8032 §7.1, test 1
BY_BODY = Scheme("plain", "X-Signature", "hmac-sha256", "hex", "{body}", ("KEY",))
ED25519 = dataclasses.replace(BY_BODY, name="ed", algorithm="ed25519", key_encoding="hex")
PLAIN_FILE = {"header": "X", "algorithm": "hmac-sha256", "encoding": "hex", "signed": "{body}", "key_env": ["KEY"]}


def keys_of(scheme: Scheme) -> Keys:
    key = {"ed25519": base64.b64encode(bytes.fromhex(SEED)).decode()}.get(scheme.algorithm, SECRET)
    return load_keys(scheme, dict.fromkeys(scheme.key_env, SEED if scheme.key_encoding == "hex" else key))


def signed(scheme: Scheme, keys: Keys, at: datetime = NOW, **changed):
    return sign(scheme, keys, **{**WHERE, "message_id": "msg_1", "at": at, **changed})


def written(tmp_path, **changed):
    file = tmp_path / "ours.yaml"
    file.write_text(yaml.safe_dump({k: v for k, v in {**PLAIN_FILE, **changed}.items() if v is not None}))
    return str(file)


# Held against others


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("hmac-sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("hmac-sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "hmac-sha512",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ],
)
def test_hmac_equals_test_case_2_of_rfc_2202_and_rfc_4231(algorithm, expected):
    scheme = dataclasses.replace(BY_BODY, algorithm=algorithm)
    headers = signed(scheme, load_keys(scheme, {"KEY": "Jefe"}), body=b"what do ya want for nothing?")
    assert headers == (("X-Signature", expected),)


def test_ed25519_equals_test_1_of_rfc_8032():
    headers = signed(ED25519, load_keys(ED25519, {"KEY": SEED}), body=b"")
    assert headers[0][1].startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88215")


def test_sha256_of_the_body_equals_the_vector_that_github_documents():
    scheme = load_scheme("sha256-hex-body")
    keys = load_keys(scheme, {"CALLBACK_SIGNING_KEY": "It's a Secret to Everybody"})
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signed(scheme, keys, body=b"Hello, World!") == (("X-Hub-Signature-256", f"sha256={digest}"),)


def test_standard_webhooks_equals_the_vector_of_its_reference_libraries():
    scheme = load_scheme("standard-webhooks")
    at, message_id = datetime.fromtimestamp(1614265330, UTC), "msg_p5jXN8AQM9LWM0D4loKWxJek"
    headers = signed(scheme, keys_of(scheme), at, body=b'{"test": 2432232314}', message_id=message_id)
    assert dict(headers)["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_sha1_of_the_body_equals_the_standard_library():
    scheme = load_scheme("sha1-hex-body")
    expected = hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()
    assert signed(scheme, keys_of(scheme)) == (("X-Hub-Signature", f"sha1={expected}"),)


def test_stripe_like_equals_the_standard_library():
    scheme = load_scheme("stripe-like")
    at = int(NOW.timestamp())
    expected = hmac.new(SECRET.encode(), f"{at}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert signed(scheme, keys_of(scheme)) == (("Stripe-Signature", f"t={at},v1={expected}"),)


def test_independent_implementation_accepts_our_standard_webhooks():
    scheme = load_scheme("standard-webhooks")
    headers = signed(scheme, keys_of(scheme), datetime.now(UTC))
    Webhook(SECRET).verify(BODY, dict(headers))


def test_we_accept_standard_webhooks_of_an_independent_implementation():
    scheme = load_scheme("standard-webhooks")
    signature = Webhook(SECRET).sign("msg_1", NOW, BODY.decode())
    stamps = (("Webhook-Id", "msg_1"), ("Webhook-Timestamp", str(int(NOW.timestamp()))))
    headers = (*stamps, ("Webhook-Signature", signature))
    assert verify(scheme, keys_of(scheme), headers=headers, now=NOW, **WHERE) == ""


@pytest.mark.parametrize("kind", ["wrong", "truncated", "other-prefix", "stale", "future", "other-id", "redated"])
def test_independent_implementation_refuses_our_forgeries(kind):
    scheme, now = load_scheme("standard-webhooks"), datetime.now(UTC)
    keys = keys_of(scheme)
    headers = forged(scheme, keys, signed(scheme, keys, now), kind, at=now, **WHERE)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, dict(headers))


def test_public_key_alone_verifies_ed25519():
    scheme = load_scheme("standard-webhooks-ed25519")
    headers = dict(signed(scheme, keys_of(scheme)))
    public = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SEED)).public_key()
    content = f"msg_1.{headers['webhook-timestamp']}.".encode() + BODY
    public.verify(base64.b64decode(headers["webhook-signature"].removeprefix("v1a,")), content)


# Signing and verifying

texts = st.text("abc019./:-", max_size=4)
templates = st.permutations(["{body}", "{id}", "{timestamp}", "{method}", "{path}"]).flatmap(
    lambda names: texts.map(lambda between: between.join(names))
)
schemes = st.builds(
    Scheme,
    name=st.just("drawn"),
    header=st.just("X-Signature"),
    algorithm=st.sampled_from(["hmac-sha1", "hmac-sha256", "hmac-sha512", "ed25519"]),
    encoding=st.sampled_from(["hex", "base64"]),
    signed=templates,
    key_env=st.just(("A", "B")),
    key_encoding=st.just("base64"),
    prefix=st.sampled_from(["", "v1=", "HMAC "]),
    separator=st.just(","),
    layout=st.sampled_from(["t={timestamp},s={signature}", "s={signature},t={timestamp}"]),
    id_header=st.just("X-Id"),
    timestamp_unit=st.sampled_from(["s", "ms"]),
)


@settings(derandomize=True, database=None, max_examples=150, deadline=None)
@given(
    scheme=schemes,
    keys=st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=2),
    body=st.binary(max_size=200),
    key=st.sampled_from([0, 1, (0, 1), (1, 0)]),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
)
def test_what_is_signed_verifies_and_what_is_tampered_with_does_not(scheme, keys, body, key, at):
    loaded = load_keys(scheme, {name: base64.b64encode(k).decode() for name, k in zip("AB", keys, strict=True)})
    headers = signed(scheme, loaded, at, body=body, key=key)
    received = tuple((name.upper(), f" {value}\t") for name, value in headers)
    assert verify(scheme, loaded, headers=received, now=at, **{**WHERE, "body": body}) == ""
    assert verify(scheme, loaded, headers=received, now=at, **{**WHERE, "body": body + b" "}) == "X-Signature is wrong"


@pytest.mark.parametrize("changed", [{"method": "PUT"}, {"url": "https://h.example/hook?a=2"}])
def test_method_and_path_are_protected_where_they_are_signed(changed):
    scheme = dataclasses.replace(BY_BODY, signed="{method} {path}\n{body}")
    keys = load_keys(scheme, {"KEY": SECRET})
    assert verify(scheme, keys, headers=signed(scheme, keys), now=NOW, **{**WHERE, **changed}) == "X-Signature is wrong"


@pytest.mark.parametrize(("away_s", "reason"), [(300, ""), (301, "stale"), (-299, ""), (-302, "from the future")])
def test_time_of_signing_is_fresh_within_the_tolerance_on_both_sides(away_s, reason):
    scheme = load_scheme("standard-webhooks")
    at = NOW.replace(microsecond=0)
    headers = signed(scheme, keys_of(scheme), at)
    found = verify(scheme, keys_of(scheme), headers=headers, now=at + timedelta(seconds=away_s), **WHERE)
    assert found == (f"webhook-timestamp is {reason}" if reason else "")


@pytest.mark.parametrize(
    ("towards", "away_s", "reason"),
    [(("past",), 301, "stale"), (("past",), -9000, ""), (("future",), 9000, ""), ((), 9000, ""), ((), -9000, "")],
)
def test_time_of_signing_is_judged_on_the_declared_sides_alone(towards, away_s, reason):
    scheme = dataclasses.replace(load_scheme("standard-webhooks"), tolerance_towards=towards)
    at = NOW.replace(microsecond=0)
    headers = signed(scheme, keys_of(scheme), at)
    found = verify(scheme, keys_of(scheme), headers=headers, now=at + timedelta(seconds=away_s), **WHERE)
    assert found == (f"webhook-timestamp is {reason}" if reason else "")


def test_milliseconds_are_written_and_judged_as_such():
    scheme = dataclasses.replace(
        BY_BODY, signed="{timestamp}.{body}", timestamp_header="X-Time", timestamp_unit="ms", tolerance_s=1
    )
    keys = load_keys(scheme, {"KEY": SECRET})
    headers = signed(scheme, keys)
    assert dict(headers)["X-Time"] == "1772600767890"
    assert verify(scheme, keys, headers=headers, now=NOW + timedelta(milliseconds=1001), **WHERE) == "X-Time is stale"


def test_time_without_a_zone_is_refused():
    with pytest.raises(TypeError):
        signed(load_scheme("stripe-like"), keys_of(load_scheme("stripe-like")), NOW.replace(tzinfo=None))


def test_id_that_would_break_the_headers_is_refused():
    scheme = load_scheme("standard-webhooks")
    with pytest.raises(ValueError, match="printable ASCII"):
        signed(scheme, keys_of(scheme), message_id="a\r\nX: y")


@pytest.mark.parametrize("place", [0, -1])
def test_signature_with_one_other_digit_is_wrong(place):
    keys = load_keys(BY_BODY, {"KEY": SECRET})
    digits = list(signed(BY_BODY, keys)[0][1])
    digits[place] = "1" if digits[place] == "0" else "0"
    assert "wrong" in verify(BY_BODY, keys, headers=(("X-Signature", "".join(digits)),), now=NOW, **WHERE)


@pytest.mark.parametrize("timestamp", ["9" * 5000, "\u0661\u0662", "-1", "1e9", "1 2", ""])
def test_time_that_is_not_plain_digits_is_malformed(timestamp):
    scheme = load_scheme("standard-webhooks")
    signature = dict(signed(scheme, keys_of(scheme)))["webhook-signature"]
    headers = (("webhook-id", "1"), ("webhook-timestamp", timestamp), ("webhook-signature", signature))
    assert verify(scheme, keys_of(scheme), headers=headers, now=NOW, **WHERE) == "webhook-timestamp is malformed"


def test_signature_header_that_stands_twice_is_malformed():
    scheme = load_scheme("sha256-hex-body")
    headers = signed(scheme, keys_of(scheme)) * 2
    assert "malformed" in verify(scheme, keys_of(scheme), headers=headers, now=NOW, **WHERE)


@settings(derandomize=True, database=None, max_examples=150, deadline=None)
@given(name=st.sampled_from(presets()), values=st.lists(st.text(), min_size=3, max_size=3))
def test_no_header_value_makes_verifying_raise(name, values):
    scheme = load_scheme(name)
    headers = tuple(zip(scheme.headers, values, strict=False))
    assert verify(scheme, keys_of(scheme), headers=headers, now=NOW, **WHERE)


# Rotation


def test_either_key_of_a_rotation_is_accepted_and_a_retired_one_is_not():
    both = dataclasses.replace(BY_BODY, key_env=("NEW", "OLD"))
    keys = load_keys(both, {"NEW": "new key", "OLD": "old key"})
    new, old = (signed(both, keys, key=index) for index in (0, 1))
    assert [verify(both, keys, headers=headers, now=NOW, **WHERE) for headers in (new, old)] == ["", ""]
    alone = dataclasses.replace(BY_BODY, key_env=("NEW",))
    assert "wrong" in verify(alone, load_keys(alone, {"NEW": "new key"}), headers=old, now=NOW, **WHERE)


@pytest.mark.parametrize("name", ["standard-webhooks", "stripe-like"])
def test_one_right_signature_among_several_suffices(name):
    both = dataclasses.replace(load_scheme(name), key_env=("NEW", "OLD"), key_encoding="raw")
    keys = load_keys(both, {"NEW": "new key", "OLD": "old key"})
    headers = signed(both, keys, key=(0, 1))
    one = dataclasses.replace(both, key_env=("OLD",))
    assert verify(one, load_keys(one, {"OLD": "old key"}), headers=headers, now=NOW, **WHERE) == ""


def test_several_signatures_without_a_separator_are_refused():
    scheme = load_scheme("sha256-hex-body")
    with pytest.raises(ValueError, match="no separator"):
        signed(scheme, keys_of(scheme), key=(0, 0))


# Forgeries

REASONS = {
    "missing": "missing",
    "unsecured": "wrong",
    "missing-timestamp": "m",  # missing, or malformed where the time stands with the signature
    "missing-id": "missing",
    "empty": "malformed",
    "truncated": "malformed",
    "non-ascii": "malformed",
    "wrong": "wrong",
    "other-prefix": "malformed",
    "other-algorithm": "",
    "other-id": "wrong",
    "redated": "wrong",
    "unreadable-timestamp": "malformed",
    "stale": "stale",
    "future": "from the future",
}


OF_TIME = {"missing-timestamp", "redated", "unreadable-timestamp", "stale", "future"}
OF_ID = {"missing-id", "other-id"}
LACKING = {
    "adyen-like": OF_TIME | OF_ID | {"other-prefix", "unsecured"},
    "gitlab-like": OF_TIME | OF_ID | {"other-prefix", "unsecured", "other-algorithm"},
    "mailgun-like": {"stale", "future", "other-prefix", "unsecured"},
    "sha1-hex-body": OF_TIME | OF_ID | {"unsecured"},
    "sha256-hex-body": OF_TIME | OF_ID | {"unsecured"},
    "shopify-like": OF_TIME | OF_ID | {"other-prefix", "unsecured"},
    "slack-like": OF_ID | {"unsecured"},
    "standard-webhooks": {"unsecured"},
    "standard-webhooks-ed25519": {"unsecured"},
    "stripe-like": OF_ID | {"future", "unsecured"},
    "twilio-like": OF_TIME | OF_ID | {"other-prefix", "unsecured"},
    "vonage-like": {"stale", "future"},
}


def test_each_preset_lacks_the_forgeries_that_mean_nothing_in_it():
    assert {name: {kind for kind in KINDS if not has_meaning(load_scheme(name), kind)} for name in presets()} == LACKING


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in presets() for kind in KINDS])
def test_each_kind_of_forgery_is_refused_with_its_reason(name, kind):
    scheme = load_scheme(name)
    keys = keys_of(scheme)
    places = forged(scheme, keys, (("X-Other", "1"), *signed(scheme, keys)), kind, at=NOW, **WHERE)
    assert (places is None) == (kind in LACKING[name])
    if places is None:
        return
    assert places[0] == ("X-Other", "1")
    headers, body = signatures.written(scheme, places, BODY)
    reason = verify(scheme, keys, headers=headers, now=NOW, **{**WHERE, "body": body})
    # What is amiss inside a JWT breaks its signature; a missing claim cannot be told from a wrong one.
    inside = {"missing-id": "wrong", "missing-timestamp": "malformed"} if scheme.claims else {}
    inside |= {"truncated": "wrong", "non-ascii": "wrong"} if scheme.algorithm == "token" else {}  # it has no shape
    assert reason.partition(" is ")[2].startswith(inside.get(kind, REASONS[kind])) and reason


def test_scheme_of_the_body_alone_knows_no_forgery_of_time_or_id():
    keys = load_keys(BY_BODY, {"KEY": SECRET})
    unknown = {kind for kind in KINDS if forged(BY_BODY, keys, signed(BY_BODY, keys), kind, at=NOW, **WHERE) is None}
    assert unknown == OF_TIME | OF_ID | {"other-prefix", "unsecured"}


def test_other_algorithm_says_its_own_name_under_the_right_key():
    scheme = load_scheme("sha256-hex-body")
    keys = keys_of(scheme)
    headers = forged(scheme, keys, signed(scheme, keys), "other-algorithm", at=NOW, **WHERE)
    assert headers[0][1] == "sha1=" + hmac.new(SECRET.encode(), BODY, "sha1").hexdigest()


def test_non_ascii_forgery_has_bytes_above_0x7f_on_the_wire():
    scheme = load_scheme("standard-webhooks")
    keys = keys_of(scheme)
    headers = dict(forged(scheme, keys, signed(scheme, keys), "non-ascii", at=NOW, **WHERE))
    assert max(headers["webhook-signature"].encode()) > 0x7F


# Reading a scheme


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_read_and_says_where_it_is_documented(name):
    assert load_scheme(name).name == name
    assert "source: https://" in (PRESETS_FOLDER / f"{name}.yaml").read_text()


def test_file_is_read_with_its_defaults(tmp_path):
    expected = dataclasses.replace(BY_BODY, name="ours", header="X")
    assert load_scheme(written(tmp_path)) == expected


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tolerence_s": 5}, "'tolerence_s' was unexpected"),
        ({"algorithm": "md5"}, "is not one of"),
        ({"signed": "{timestamp}.{body}"}, "a time is signed that no header tells"),
        ({"signed": "{id}.{body}"}, "an id is signed that no header tells"),
        ({"signed": "{payload}"}, "nothing is called {payload}"),
        ({"signed": "{path}"}, "the body is not signed exactly once"),
        ({"signed": "{body"}, "a brace is not closed"),
        ({"layout": "v1={signature};"}, "a part does not end in exactly one"),
        ({"layout": "t={timestamp}", "signed": "{timestamp}{body}"}, "there is not one {signature}"),
        ({"layout": "{timestamp},{signature}", "separator": ","}, "its parts start alike"),
        ({"layout": "t={timestamp},s={signature}", "separator": ",", "timestamp_header": "T"}, "in two places"),
        ({"prefix": "v1,", "separator": ","}, "the separator stands in the prefix"),
        ({"id_header": "x"}, "two values stand in one header"),
        ({"tolerance_s": 10}, "there is no time"),
        ({"header": "X: y"}, "does not match"),
        ({"key_env": None}, '"key_env" is a required property'),
    ],
)
def test_unsound_scheme_is_refused_with_place_and_remedy(tmp_path, changed, said):
    with pytest.raises(KitError) as caught:
        load_scheme(written(tmp_path, **changed))
    assert said in caught.value.what
    assert "ours.yaml:" in caught.value.where and caught.value.remedy and caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("standard-webhook", "Did you mean 'standard-webhooks'?"),
        ("no/such.yaml", "Check the path."),
        ("x" * 5000, "Give a YAML file, or one of"),
        ("/", "cannot be read"),
    ],
)
def test_unknown_scheme_is_refused_with_what_there_is(name, said):
    with pytest.raises(KitError) as caught:
        load_scheme(name)
    assert said in str(caught.value)


# Keys


@pytest.mark.parametrize(
    ("key_encoding", "text"),
    [
        ("raw", "a key"),
        ("hex", "61206b6579\n"),
        ("base64", "YSBrZXk="),
        ("base64", "YSBrZXk"),
        ("whsec", "whsec_YSBrZXk="),
    ],
)
def test_key_is_decoded_as_the_scheme_says(key_encoding, text):
    assert load_keys(dataclasses.replace(BY_BODY, key_encoding=key_encoding), {"KEY": text}).values == (b"a key",)


@pytest.mark.parametrize(
    ("scheme", "text", "said"),
    [
        (BY_BODY, None, "it holds no key"),
        (BY_BODY, " ", "it holds no key"),
        (BY_BODY, "s3cr3tish\n", "white space"),
        (dataclasses.replace(BY_BODY, key_encoding="hex"), "s3cr3tish", "not written in hex"),
        (dataclasses.replace(BY_BODY, key_encoding="base64"), "s3cr3tish!é", "not written in base64"),
        (dataclasses.replace(BY_BODY, key_encoding="whsec"), "whsec_", "not written in base64"),
        (ED25519, "aabbcc", "has 32 bytes"),
        (ED25519, "5a" * 64, "not the public key"),
    ],
)
def test_unusable_key_is_refused_by_the_name_of_its_variable_and_never_shown(scheme, text, said):
    with pytest.raises(KitError) as caught:
        load_keys(scheme, {} if text is None else {"KEY": text})
    message = str(caught.value)
    assert said in message and "environment variable KEY" in message and caught.value.exit_code == 2
    assert not text or not text.strip() or text == "whsec_" or text.strip() not in message


def test_second_key_of_a_rotation_has_to_be_there_as_well():
    scheme = dataclasses.replace(BY_BODY, key_env=("NEW", "OLD"))
    with pytest.raises(KitError, match="environment variable OLD"):
        load_keys(scheme, {"NEW": "a key"})


def test_keys_show_no_secret_and_list_every_spelling_to_redact():
    scheme = load_scheme("standard-webhooks")
    keys = keys_of(scheme)
    assert str(keys) == repr(keys) == "Keys(names=('CALLBACK_SIGNING_KEY',))"
    assert not [secret for secret in keys.secrets if secret in repr((scheme, keys))]
    assert {SECRET, SECRET.removeprefix("whsec_"), keys.values[0].hex()} <= set(keys.secrets)
    assert list(map(len, keys.secrets)) == sorted(map(len, keys.secrets), reverse=True) and all(keys.secrets)


def test_nothing_empty_is_redacted():
    assert all(load_keys(BY_BODY, {"KEY": "="}).secrets)


def test_raw_key_is_the_very_bytes_of_the_environment():
    assert load_keys(BY_BODY, {"KEY": b"\xff\xe9".decode("utf-8", "surrogateescape")}).values == (b"\xff\xe9",)


@pytest.mark.parametrize(
    "changed", [{"key_env": [SECRET]}, {"key_env": SECRET}, {"encoding": SECRET}, {"separator": SECRET}]
)
def test_key_in_the_wrong_place_of_a_file_is_not_repeated(tmp_path, changed):
    with pytest.raises(KitError) as caught:
        load_scheme(written(tmp_path, **changed))
    assert SECRET not in str(caught.value)


def test_lacking_package_for_ed25519_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    with pytest.raises(KitError, match="pip install cryptography"):
        load_keys(ED25519, {"KEY": SEED})


def test_hmac_needs_no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert signed(BY_BODY, load_keys(BY_BODY, {"KEY": SECRET}))


# Id of the event


def sealed_id(**delivery):
    scheme = load_scheme("standard-webhooks")
    whole = Delivery("c", "POST", (), **{"body": BODY, **delivery})
    return dict(sealed(scheme, keys_of(scheme), whole, "/", NOW))["webhook-id"]


def test_signed_id_is_that_of_the_event():
    assert sealed_id(event_id="msg_1") == "msg_1"


def test_signed_id_of_a_body_that_nobody_stamped_is_its_own():
    assert sealed_id() == sealed_id() != sealed_id(body=BODY + b" ")
