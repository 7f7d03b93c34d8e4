"""Connection of a Locust user: what it makes of the answers of receivers, also of those that never end."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("gevent")

from callback_contract.contract_tests.meta.support.hostile import raw_server
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.load.connection import Connection, _status_of_plain

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\nok"
REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (WHOLE, 200),
        (WHOLE.replace(b"200 OK", b"503 No"), 503),
        (WHOLE.replace(b"Content-Length: 2", b"content-length:2 "), 200),
        (HEAD + b"Content-Length: 0\r\n\r\n", 200),
        (WHOLE[:-1], 0),
        (WHOLE + b"x", 0),
        (HEAD + b"\r\nok", 0),
        (HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", 0),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nok", 0),
        (HEAD + b"Retry-After: 1\r\nContent-Length: 2\r\n\r\nok", 0),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", 0),
        (b"HTTP/1.1 100 Continue\r\n\r\n", 0),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 0),
    ],
)
def test_only_an_answer_that_is_whole_and_plain_is_taken_the_short_way(answer, status):
    assert _status_of_plain(answer) == status


def sent(act, times=1, timeout_s=2.0):
    with raw_server(act) as url:
        connection = Connection(Access(url, timeout_s=timeout_s), None)
        try:
            return [connection.send(REQUEST, "POST") for _ in range(times)]
        finally:
            connection.close()


@pytest.mark.parametrize(
    ("answer", "status", "failure", "wait_s"),
    [
        (WHOLE, 200, "", None),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "", None),
        (b"HTTP/1.1 429 No\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", 429, "", 3.0),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, "", None),
        (b"nonsense\r\n\r\n", 0, "broken", None),
        (b"", 0, "reset", None),
    ],
)
def test_answer_is_read(answer, status, failure, wait_s):
    def act(connection, request):
        connection.sendall(answer)
        connection.close()

    (found,) = sent(act)
    assert (found.status, found.failure, found.wait_s) == (status, failure, wait_s)


def test_kept_connection_that_died_is_opened_anew():
    def act(connection, request):
        connection.sendall(WHOLE)
        connection.close()

    assert [answer.status for answer in sent(act, times=3)] == [200, 200, 200]


def test_answer_that_drips_ends_at_the_deadline():
    def act(connection, request):
        for byte in WHOLE:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    (found,) = sent(act, timeout_s=0.4)
    assert (found.failure, found.elapsed_s < 2) == ("timeout", True)


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        (HEAD, b"X-More: %s\r\n" % (b"x" * 500)),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 500),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 20),
        (HEAD + b"\r\n", b"x" * 65536),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: %s\r\n" % (b"x" * 500)),
    ],
    ids=["fields", "one field", "interim answers", "body", "trailer"],
)
def test_answer_without_an_end_is_endless(begins, goes_on):
    def act(connection, request):
        connection.sendall(begins)
        while True:
            connection.sendall(goes_on * 20)

    (found,) = sent(act, timeout_s=30)
    assert (found.status, found.failure) == (0, "endless")


def test_receiver_that_is_not_there_is_refused():
    connection = Connection(Access("http://127.0.0.1:1/"), None)
    assert connection.send(REQUEST, "POST").failure == "refused"
