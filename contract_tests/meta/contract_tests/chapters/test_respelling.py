"""Signed and refused: a signature computed over other bytes is told from content that is refused."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.contract_tests.meta.support.judged import broken, judged
from callback_contract.contract_tests.meta.support.providers import KEY, signature_of, verifying
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.signing import DeliverySigner
from callback_contract.mock_server.wire.json_spelling import SERIALISERS, SORTING, SPELLINGS, encode

PRESET = "sha256-hex-body"


def right(headers, signed):
    expected = "sha256=" + hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers.get("X-Hub-Signature-256", "").encode(), expected.encode())


def by_bytes(headers, url, body):
    return right(headers, body)


def encoding_again(spelling):
    """A receiver that verifies over what it parsed and encoded again."""

    def verify(headers, url, body):
        try:
            return right(headers, encode(json.loads(body), spelling))
        except (ValueError, RecursionError):
            return False

    return verify


def judged_by(verify, *rules):
    with verifying(verify) as url:
        return judged(Access(url), *rules, signer=DeliverySigner(*signature_of(PRESET)))


def test_refused_spelling_is_one_finding_and_blocks_what_it_touched():
    results = judged_by(encoding_again("escaped-solidus"), "ACK-01", "WIRE-17", "DAT", "SIG-17")
    assert broken(results) == {"SIG-17"}
    touched = {rule_id: str(result.reason) for rule_id, result in results.items() if result.blocked}
    assert "WIRE-17" in touched
    assert all(reason.startswith("blocked: SIG-17 is broken") for reason in touched.values())
    (finding,) = results["SIG-17"].findings
    assert finding.actual.startswith("401 Unauthorized") and "JSON_UNESCAPED_UNICODE" in finding.actual


def test_receiver_that_verifies_the_bytes_is_clean():
    assert broken(judged_by(by_bytes, "ACK-01", "SIG-17")) == set()


def test_content_that_is_refused_however_it_is_spelt_is_its_own_rules():
    def verify(headers, url, body):
        return right(headers, body) and "<" not in json.dumps(json.loads(body))

    results = judged_by(verify, "ACK-01", "DAT", "SIG-17")
    assert broken(results) and "SIG-17" not in broken(results)


def test_refusal_that_does_not_come_again_is_no_matter_of_the_spelling():
    refused = set()

    def verify(headers, url, body):
        is_first = b"<" in body and body not in refused
        refused.add(body)
        return right(headers, body) and not is_first

    results = judged_by(verify, "ACK-01", "DAT", "SIG-17")
    assert broken(results) and "SIG-17" not in broken(results)


def test_what_a_firewall_refuses_is_no_matter_of_the_signature():
    def verify(headers, url, body):
        return 403 if b"<" in body else right(headers, body)  # a forged signature gets 401

    results = judged_by(verify, "ACK-01", "DAT", "SIG-17")
    assert broken(results) and "SIG-17" not in broken(results)


def test_rule_on_signed_bytes_takes_over_what_its_own_case_does_not_show():
    def verify(headers, url, body):
        return right(headers, body.replace(b"<", b"\\u003c"))

    results = judged_by(verify, "ACK-01", "DAT", "SIG-17")
    assert broken(results) == {"SIG-17"}
    assert all("Go's json.Marshal" in finding.actual for finding in results["SIG-17"].findings)


def test_rule_keeps_its_finding_where_the_one_on_signed_bytes_was_not_asked_for():
    results = judged_by(encoding_again("compact-escaped"), "ACK-01", "DAT")
    assert broken(results)
    assert all("which SIG-17 judges" in results[rule_id].reason for rule_id in broken(results))


@pytest.mark.parametrize("name", ["Python's json.dumps", "Go's json.Marshal of a map"])
def test_first_contact_says_in_whose_spelling_a_signed_delivery_is_taken(name):
    with verifying(encoding_again(name)) as url:
        done = quick(url, "--signature", PRESET, CALLBACK_SIGNING_KEY=KEY)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"as {name} writes it" in done.stderr and "SIG-17" in done.stderr


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("JavaScript's JSON.stringify", '{"b":"é/<&","a":[1]}'),
        ("Python's json.dumps", '{"b": "\\u00e9/<&", "a": [1]}'),
        ("PHP's json_encode", '{"b":"\\u00e9\\/<&","a":[1]}'),
        ("PHP's json_encode with JSON_UNESCAPED_UNICODE", '{"b":"é\\/<&","a":[1]}'),
        ("Go's json.Marshal", '{"b":"é/\\u003c\\u0026","a":[1]}'),
        ("Go's json.Marshal of a map", '{"a":[1],"b":"é/\\u003c\\u0026"}'),
    ],
)
def test_serialiser_writes_as_its_language_does(name, written):
    assert encode({"b": "é/<&", "a": [1]}, name).decode() == written
    assert not SPELLINGS.keys() & (SERIALISERS | SORTING).keys()
