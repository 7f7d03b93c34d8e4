"""Who connects and says nothing, or not all of it, is let go; and those beyond the most are told so."""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import urlsplit

import pytest

from contract_tests.cases import Case
from contract_tests.corpus import DEPTHS, Scope
from mock_server import connection
from mock_server.receiver import Receiver
from mock_server.serving import served
from mock_server.stamping import Identity, Run
from openapi import load_contract

CONTRACT = load_contract()
CALLBACK = CONTRACT.callbacks[0]
BODY = Case(CALLBACK, "plain", Scope(CALLBACK, DEPTHS["quick"], 0).plain).delivery(Identity(Run.fresh(), 1)).body
PLAIN = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


@contextlib.contextmanager
def connected(url):
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=20) as made:
        yield made


@pytest.mark.parametrize("said", [b"", b"POST / HTTP/1.1\r\nHo", PLAIN[:-1], PLAIN + PLAIN[:-1]])
def test_unfinished_request_ends_its_connection(said, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE_S", 0.1)
    with served(Receiver(CONTRACT)) as url, connected(url) as slow:
        slow.sendall(said)
        answers = b""
        while part := slow.recv(65536):
            answers += part
    assert answers.count(b"HTTP/1.1 200 OK") == said.count(BODY)


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
