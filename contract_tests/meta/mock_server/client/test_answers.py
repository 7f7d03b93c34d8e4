"""Answers as receivers and proxies send them: interim ones are passed over, compressed ones are decoded."""

from __future__ import annotations

import gzip
import zlib

import pytest

from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.hostile_answers import says
from callback_contract.mock_server.client.framing import LIMIT_ANSWER_BYTES
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.wire.delivery import Delivery, Framing

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
DONE = answer("200 OK", b"{}", "Content-Type: application/json")


def came(raw, **framing):
    with raw_server(says(raw)) as url:
        return Sender(Access(url, timeout_s=10), Pace()).send(Delivery("c", "POST", (), b"{}", Framing(**framing)))


def coded(body, *codings):
    return came(answer("200 OK", body, *(f"Content-Encoding: {coding}" for coding in codings)))


@pytest.mark.parametrize("interim", [PROCESSING, HINTS, PROCESSING * 3 + HINTS, b"HTTP/1.1 199 X\r\n\r\n"])
@pytest.mark.parametrize("framing", [{}, {"expect_continue": True}], ids=["plain", "expecting"])
def test_interim_answer_is_passed_over(interim, framing):
    exchange = came(interim + DONE, **framing)
    assert (exchange.status, exchange.answer.body, exchange.answer.header("link")) == (200, b"{}", None)


def test_switch_of_protocols_is_a_final_answer():
    assert came(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").status == 101


@pytest.mark.parametrize(
    ("body", "codings"),
    [
        (gzip.compress(b"{}", mtime=0), ["gzip"]),
        (gzip.compress(b"{}", mtime=0), ["X-GZip"]),
        (zlib.compress(b"{}"), ["deflate"]),
        (zlib.compress(b"{}")[2:-4], ["deflate"]),
        (gzip.compress(zlib.compress(b"{}"), mtime=0), ["deflate, gzip"]),
        (gzip.compress(zlib.compress(b"{}"), mtime=0), ["deflate", "gzip"]),
        (b"{}", ["identity"]),
        (b"", ["gzip"]),
    ],
)
def test_compressed_answer_is_decoded(body, codings):
    answer = coded(body, *codings).answer
    assert (answer.body, answer.is_coded) == (b"{}" if body else b"", False)


@pytest.mark.parametrize("codings", [["br"], ["gzip, br"], ["gzip, gzip, gzip"]])
def test_answer_of_an_unknown_coding_stays_as_it_is(codings):
    answer = coded(b"\x8b?", *codings).answer
    assert (answer.body, answer.is_coded) == (b"\x8b?", True)


@pytest.mark.parametrize("body", [b"none", gzip.compress(b"{}", mtime=0)[:-3]])
def test_answer_that_is_not_coded_as_it_says_is_broken(body):
    exchange = coded(body, "gzip")
    assert (exchange.failure, exchange.detail) == ("broken", "the body is not gzip")


def test_decoded_answer_has_the_bound_of_any_other():
    most = gzip.compress(b" " * LIMIT_ANSWER_BYTES)
    assert len(coded(most, "gzip").answer.body) == LIMIT_ANSWER_BYTES
    assert coded(gzip.compress(b" " * (LIMIT_ANSWER_BYTES + 1)), "gzip").failure == "endless"
