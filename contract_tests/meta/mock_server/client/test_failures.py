"""Failures of a delivery: the types of the errors decide on the kind, and their texts on nothing."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading

import pytest
import urllib3
import urllib3.exceptions as errors

from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.mock_server.client.framing import died_before_answer, failure_of
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.server.certificates import self_made
from callback_contract.mock_server.wire.delivery import WHY_NO_ANSWER, Delivery

PLAIN = Delivery("", "POST", (("Content-Type", "application/json"),), b"{}")
ANY = "timed out: [SSL] connection refused, RemoteDisconnected"  # no part of it counts


def unconnected(cause, kind=errors.NewConnectionError):
    error = kind(None, ANY)
    error.__cause__ = cause
    return error


class NoSslDisconnectedError(Exception):
    """Only its name has to do with TLS and closed connections."""


@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        (unconnected(ConnectionRefusedError(111, ANY)), "refused", ""),
        (unconnected(OSError(113, "No route to host")), "refused", "No route to host"),
        (unconnected(OSError("the host has no address")), "refused", "the host has no address"),
        (errors.NameResolutionError("x", None, socket.gaierror(-2, ANY)), "name", ""),
        (unconnected(TimeoutError(), errors.ConnectTimeoutError), "timeout", ""),
        (errors.ReadTimeoutError(None, "/", ANY), "timeout", ""),
        (errors.EmptyPoolError(None, ANY), "timeout", ""),
        (errors.ProtocolError(ANY, TimeoutError()), "timeout", ""),
        (errors.SSLError(ssl.SSLError(1, "[SSL: X] why")), "tls", "[SSL: X] why"),
        (ssl.SSLCertVerificationError(1, "[SSL: Y] why"), "tls", "[SSL: Y] why"),
        (errors.ProtocolError(ANY, http.client.RemoteDisconnected(ANY)), "reset", ""),
        (errors.ProtocolError(ANY, errors.IncompleteRead(3, 6)), "reset", ""),
        (BrokenPipeError(32, ANY), "reset", ""),
        (errors.ProtocolError(ANY, http.client.BadStatusLine("SSH-2.0")), "broken", "SSH-2.0"),
        (errors.ProtocolError(ANY, NoSslDisconnectedError("odd\r\nlines")), "broken", "odd lines"),
        (errors.ProxyError(ANY, OSError("Tunnel: 403")), "proxy", "Tunnel: 403"),
        (errors.ProxyError(ANY, unconnected(ConnectionRefusedError(111, "Refused"))), "proxy", "Refused"),
    ],
)
def test_kind_follows_from_the_types(error, kind, detail):
    assert failure_of(error) == (kind, detail)
    assert kind in WHY_NO_ANSWER


@pytest.mark.parametrize(
    ("cause", "died"), [(ConnectionResetError(), True), (BrokenPipeError(), True), (TimeoutError(), False)]
)
def test_connection_died_where_it_was_reset(cause, died):
    assert died_before_answer(errors.ProtocolError(ANY, cause)) is died


def test_new_connection_is_opened_where_a_kept_one_over_tls_was_closed(monkeypatch):
    monkeypatch.setattr(urllib3.connectionpool, "is_connection_dropped", lambda _: False)  # closed just after the look
    with self_made("127.0.0.1") as tls, socket.create_server(("127.0.0.1", 0)) as listening:
        closed = threading.Event()

        def serve():
            for _ in range(2):
                with tls.context().wrap_socket(listening.accept()[0], server_side=True) as connection:
                    asked = b""
                    while not asked.endswith(b"{}"):
                        asked += connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                closed.set()

        threading.Thread(target=serve, daemon=True).start()
        port = listening.getsockname()[1]
        sender = Sender(Access(f"https://127.0.0.1:{port}/x", insecure=True, timeout_s=5), Pace())
        assert sender.send(PLAIN).status == 200
        closed.wait(5)
        assert sender.send(PLAIN).status == 200


def test_proxy_is_asked_for_the_receivers_whole_url():
    asked = []

    def proxy(connection, request):
        asked.append(request.partition(b"\r\n")[0])
        connection.sendall(answer())

    with raw_server(proxy) as url:
        assert Sender(Access("http://receiver.invalid/x", proxy=url), Pace()).send(PLAIN).status == 200
    assert asked == [b"POST http://receiver.invalid/x HTTP/1.1"]


def test_proxy_that_is_not_there_is_named_as_the_trouble():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
    failed = Sender(Access("http://receiver.invalid/", proxy=proxy), Pace()).send(PLAIN)
    assert (failed.described().key, failed.failure) == ("no-answer.in-detail", "proxy")
