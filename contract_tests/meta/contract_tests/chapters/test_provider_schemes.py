"""Presets of providers: what the kit signs is right to the provider's own library, and what it forges is wrong."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.judged import broken, judged, verdicts
from callback_contract.contract_tests.meta.support.providers import (
    ADYEN_EXAMPLE,
    BY_PROVIDER,
    KEY,
    document_for,
    library,
    signature_of,
    verifying,
)
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.signing import DeliverySigner, sign, signatures
from callback_contract.openapi.reading import read_contract

UNASKED = {  # by the scheme; SIG-16 needs read-back
    "adyen-like": {"SIG-07", "SIG-08", "SIG-09", "SIG-12", "SIG-13", "SIG-14", "SIG-15", "SIG-16", "SIG-17"},
    "gitlab-like": {
        *("SIG-04", "SIG-07", "SIG-08", "SIG-09", "SIG-10", "SIG-13", "SIG-14", "SIG-15", "SIG-16", "SIG-17"),
    },
    "mailgun-like": {"SIG-07", "SIG-08", "SIG-12", "SIG-13", "SIG-14", "SIG-16", "SIG-17"},
    "stripe-like": {"SIG-08", "SIG-14", "SIG-16"},
    "twilio-like": {"SIG-07", "SIG-08", "SIG-09", "SIG-13", "SIG-14", "SIG-15", "SIG-16", "SIG-17"},
    "vonage-like": {"SIG-07", "SIG-08", "SIG-13", "SIG-14", "SIG-16"},
}


def judged_by(verify, name, tmp_path):
    contract = read_contract(written(tmp_path, document_for(name)))
    with verifying(verify) as url:
        return judged(Access(url), "ACK-01", "SIG", contract=contract, signer=DeliverySigner(*signature_of(name)))


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_PROVIDER)
def test_receiver_by_the_providers_own_library_breaks_nothing(name, tmp_path):
    verify, needed = BY_PROVIDER[name]
    library(needed)
    results = judged_by(verify, name, tmp_path)
    assert {r.rule.id: [(f.case, f.actual) for f in r.findings] for r in results.values() if r.broken} == {}
    assert {rule for rule, verdict in verdicts(results).items() if verdict != "pass"} == UNASKED[name]


@pytest.mark.parametrize(
    ("verify", "found"),
    [
        (lambda request, url, body: request.get("X-Gitlab-Token", KEY) == KEY, "SIG-01"),
        (lambda request, url, body: request["X-Gitlab-Token"].encode() == KEY.encode(), "SIG-02"),
        (lambda request, url, body: "X-Gitlab-Token" in request, "SIG-03"),
        (lambda request, url, body: KEY.startswith(request.get("X-Gitlab-Token", "no")), "SIG-05"),
        (lambda request, url, body: hmac.compare_digest(request.get("X-Gitlab-Token", ""), KEY), "SIG-06"),
    ],
    ids=["unasked", "crash", "unread", "beginning", "text"],
)
def test_mistake_with_a_fixed_token_is_one_finding(verify, found, tmp_path):
    assert broken(judged_by(verify, "gitlab-like", tmp_path)) == {found}


def test_adyen_like_equals_the_example_of_the_documentation():
    scheme, keys = signature_of("adyen-like")
    body = json.dumps(ADYEN_EXAMPLE).encode()
    stands = ADYEN_EXAMPLE["notificationItems"][0]["NotificationRequestItem"]["additionalData"]["hmacSignature"]
    made = sign(scheme, keys, body=body, method="POST", url="http://h/", message_id="1", at=datetime.now(UTC))
    assert made == ((scheme.member, stands),)
    assert signatures.written(scheme, made, body) == ((), body)
