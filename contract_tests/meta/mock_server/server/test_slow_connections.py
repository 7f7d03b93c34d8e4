"""Bad connections: slow, oversized and truncated requests end in time, and are recorded."""

from __future__ import annotations

import contextlib
import socket
import struct
from urllib.parse import urlsplit

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.mock_server import MockReceiver
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server import protocol as connection
from callback_contract.mock_server.server.protocol import WireProtocol
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi import load_contract

CONTRACT = load_contract()
CALLBACK = CONTRACT.callbacks[0]
BODY = Case(CALLBACK, "plain", Scope(CALLBACK, DEPTHS["quick"], 0).plain).delivery(Identity(Run.fresh(), 1)).body
PLAIN = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
BOTH = pytest.mark.parametrize("protocol", [None, WireProtocol], ids=["in place", "ASGI"])


@contextlib.contextmanager
def connected(url):
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=20) as made:
        yield made


def read(sock):
    """Everything up to the other side's end."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


@pytest.mark.parametrize("said", [b"", b"POST / HTTP/1.1\r\nHo", PLAIN[:-1], PLAIN + PLAIN[:-1]])
def test_unfinished_request_ends_its_connection(said, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE_S", 0.1)
    with served(Receiver(CONTRACT)) as url, connected(url) as slow:
        slow.sendall(said)
        answers = read(slow)
    assert answers.count(b"HTTP/1.1 200 OK") == said.count(BODY)
    assert (b"HTTP/1.1 408 " in answers) == bool(said)


def test_connection_that_finishes_its_requests_stays(monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE_S", 0.05)
    with served(Receiver(CONTRACT)) as url, connected(url) as used:
        for _ in range(4):
            used.sendall(PLAIN)
            assert used.recv(65536).startswith(b"HTTP/1.1 200 OK")
            used.settimeout(0.1)
            with pytest.raises(TimeoutError):
                used.recv(1)
            used.settimeout(20)


def test_connection_beyond_the_most_is_answered_503_and_the_others_live_on(monkeypatch):
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 1)
    with served(Receiver(CONTRACT)) as url, connected(url) as first:
        first.sendall(PLAIN)
        assert first.recv(65536).startswith(b"HTTP/1.1 200 OK")
        with connected(url) as second:
            assert second.recv(65536).startswith(b"HTTP/1.1 503 ")
        first.sendall(PLAIN)
        assert first.recv(65536).startswith(b"HTTP/1.1 200 OK")


@BOTH
@pytest.mark.parametrize("endless", [b"X: y\r\n" * 10_000, b"y" * 60_000], ids=["header lines", "one header"])
@pytest.mark.parametrize(
    "begun",
    [b"POST / HTTP/1.1\r\nX: y", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y"],
    ids=["head", "trailers"],
)
def test_head_or_trailers_without_an_end_are_refused_while_they_come(protocol, begun, endless):
    receiver = Receiver(CONTRACT)
    with served(receiver, protocol=protocol) as url, connected(url) as sender:
        sender.sendall(begun)
        for _ in range(50):  # 3 MB: who stops reading what was sent resets the connection, and its answer is lost
            sender.sendall(endless)
        assert read(sender).startswith(b"HTTP/1.1 431 ")


@BOTH
def test_sender_that_ends_its_side_first_hears_the_answers(protocol):
    with served(Receiver(CONTRACT), protocol=protocol) as url, connected(url) as sender:
        sender.sendall(PLAIN + PLAIN.replace(b"POST", b"PUT ", 1) + PLAIN)
        sender.shutdown(socket.SHUT_WR)
        answers = read(sender)
    assert answers.count(b"HTTP/1.1 200 ") == 2
    assert answers.count(b"HTTP/1.1 405 ") == 1


@BOTH
def test_sender_that_ends_within_a_request_is_told(protocol):
    with served(Receiver(CONTRACT), protocol=protocol) as url, connected(url) as sender:
        sender.sendall(PLAIN + PLAIN[:-1])
        sender.shutdown(socket.SHUT_WR)
        answers = read(sender)
    assert answers.index(b"HTTP/1.1 200 ") < answers.index(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("options", [{}, {"delay_s": 0.05}], ids=["at once", "later"])
def test_delivery_that_was_cut_off_is_recorded_as_refused(reset, options):
    with MockReceiver(**options) as mock:
        with connected(mock.url) as sender:
            sender.sendall(PLAIN + PLAIN[:-1])
            assert sender.recv(12) == b"HTTP/1.1 200"  # so that all of it was read
            if reset:
                sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        whole, cut_off = mock.wait_for(count=2, timeout=20)
    assert (whole.verdict, cut_off.verdict, cut_off.body) == ("accepted", "refused", BODY[:-1])
    assert "ended before" in cut_off.violations[0].message


def test_error_in_the_receiver_is_recorded_as_refused(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(Receiver, "content_of", broken)
    with MockReceiver() as mock, connected(mock.url) as sender:
        sender.sendall(PLAIN)
        [delivery] = mock.wait_for(timeout=20)
    assert (delivery.status, delivery.verdict, len(delivery.violations)) == (500, "refused", 1)
