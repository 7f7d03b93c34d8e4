"""Wrong lengths of answers: bytes after the end, and an end that never comes, are seen and waited for only once."""

from __future__ import annotations

import time

import pytest

from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.hostile_answers import says
from callback_contract.contract_tests.meta.support.judged import broken, judged
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.openapi.contract.loading import load_contract

PLAIN = Delivery("", "POST", (("Content-Type", "application/json"),), b"{}")
OPEN = b"HTTP/1.1 400 Bad Request\r\n\r\nno"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


def holds(connection):
    connection.settimeout(10)
    while connection.recv(4096):
        pass


def sent_to(start, *deliveries, timeout_s=0.5, then=None):
    with raw_server(says(start, then=then)) as url:
        sender = Sender(Access(url, timeout_s=timeout_s), Pace())
        return [sender.send(delivery) for delivery in deliveries]


@pytest.mark.parametrize(
    ("start", "wrong"),
    [
        (SHORT, "surplus"),
        (CHUNKED + b"x", "surplus"),
        (b"HTTP/1.1 204 No Content\r\n\r\n{}", "surplus"),
        (CHUNKED, ""),
        (answer(), ""),
    ],
)
def test_bytes_after_the_end_are_seen(start, wrong):
    (exchange,) = sent_to(start, PLAIN)
    assert exchange.answer.wrong_length == wrong


def test_refusal_without_an_end_counts_and_is_waited_for_only_once():
    begun = time.monotonic()
    came = sent_to(OPEN, *[PLAIN] * 3, timeout_s=3, then=holds)
    assert [(exchange.status, exchange.answer.wrong_length) for exchange in came] == [(400, "unended")] * 3
    assert time.monotonic() - begun < 9  # and not three times three


def test_acknowledgement_without_an_end_is_none():
    (exchange,) = sent_to(b"HTTP/1.1 200 OK\r\n\r\nok", PLAIN, timeout_s=1.2, then=holds)
    assert (exchange.answer, exchange.failure) == (None, "timeout")


def test_right_answers_are_judged_by_what_was_sent_before():
    with served(Receiver(load_contract())) as url:
        results = judged(Access(f"{url}/callbacks"), "DAT-01", "PAY-03", "WIRE-21", depth="standard")
    assert broken(results) == set()
    assert results["WIRE-21"].cases > 10
