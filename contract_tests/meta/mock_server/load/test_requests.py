"""Prepared requests: the same bytes that the sender of `client` puts on the wire."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.contract_tests.load.simulated import lives
from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.load.requests import PreparedRequests
from callback_contract.mock_server.signing import DeliverySigner, signature_from


def sent(access_of, deliveries, signer=None):
    """The requests of both, for each delivery."""
    seen = []

    def note(connection, request):
        seen.append(request)
        connection.sendall(answer())

    with raw_server(note) as url:
        access = access_of(url)
        prepared = PreparedRequests(access, signer)
        sender = Sender(access, Pace(), signer)
        made = [prepared.of(delivery) for delivery in deliveries]
        for delivery in deliveries:
            sender.send(delivery)
        sender.close()
    return seen, made


def some_deliveries():
    made = lives()
    return [made.delivery(made.of(number), step.state, 1.0) for number in range(3) for step in made.of(number).steps]


@pytest.mark.parametrize(
    "more",
    [{}, {"headers": (("X-Key", "né"), ("content-type", "application/json"))}, {"basic_auth": "a:b"}],
    ids=["plain", "headers", "auth"],
)
def test_request_is_the_senders(more):
    seen, made = sent(lambda url: Access(f"{url}?tenant=7", **more), some_deliveries())
    assert made == seen


def test_head_is_written_anew_for_other_headers():
    first, *_ = some_deliveries()
    others = [replace(first, headers=(*first.headers, ("X-Event", name))) for name in ("one", "two", "two")]
    seen, made = sent(Access, others)
    assert made == seen


def test_signed_request_is_the_senders(monkeypatch):
    environment = {"CALLBACK_SIGNING_KEY": "whsec_Y2FsbGJhY2stY29udHJhY3Qtc2lnbmluZy1rZXk="}
    signer = DeliverySigner(*signature_from("sha256-hex-body", environment))
    seen, made = sent(Access, some_deliveries()[:2], signer)
    assert made == seen


def test_callback_that_travels_in_the_query_has_no_body(tmp_path):
    made = lives()
    delivery = made.delivery(made.of(0), "sent", 0)
    by_query = replace(delivery, method="GET", by_query=True, body=b"a=1&b=2", headers=())
    seen, prepared = sent(Access, [by_query])
    assert prepared == seen
