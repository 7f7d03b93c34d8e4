"""Meeting of deliveries: the last bytes go when all others are there, and no delivery waits for ever."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from callback_contract.mock_server.client import meeting as meetings
from callback_contract.mock_server.client.framing import connection_in_use
from callback_contract.mock_server.client.meeting import Meeting, meetings_of
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.wire.delivery import Delivery

BODY = b"0123456789"
DELIVERY = Delivery("", "POST", (), BODY)


def came_together(count, meeting):
    """Send to a server that reads all bodies before it answers; return what was read before the last head was there."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(count) as pool:
        sender = Sender(Access(f"http://127.0.0.1:{server.getsockname()[1]}/"), Pace(at_once=count))

        def send(place):
            with meeting.joined(place):
                return sender.send(DELIVERY)

        first = pool.submit(send, 0)
        connection, _ = server.accept()
        connection.settimeout(10)
        early = b""
        while not early.endswith(BODY[:-1]):
            early += connection.recv(4096)
        if count > 1:
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):  # nothing comes before the others are there
                connection.recv(1)
            connection.settimeout(10)
        rest = [pool.submit(send, place) for place in range(1, count)]
        others = [server.accept()[0] for _ in rest]
        early += connection.recv(4096)
        for each in (connection, *others):
            each.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        statuses = [future.result(10).status for future in (first, *rest)]
        for each in (connection, *others):
            each.close()
    return early, statuses


def test_last_byte_waits_until_the_others_are_there():
    early, statuses = came_together(3, Meeting("aaa"))
    assert early.endswith(BODY)
    assert statuses == [200, 200, 200]


def test_delivery_whose_partner_never_comes_is_sent_whole(monkeypatch):
    monkeypatch.setattr(meetings, "_PATIENCE_S", 0.05)
    early, statuses = came_together(1, Meeting("aa"))
    assert early.endswith(BODY)
    assert statuses == [200]


def test_delivery_that_is_sent_again_meets_nobody():
    meeting = Meeting("a")
    meeting.met_s = 1.0
    assert b"".join(meeting.held(BODY, 0.0)) == BODY


class Told:
    """Socket that tells which last byte it sent."""

    def __init__(self, order):
        self.order = order

    def sendall(self, last):
        self.order.append(last.decode())


@pytest.mark.parametrize(
    ("messages", "released"), [("abab", list("02-13-")), ("ab", list("01")), ("aab", list("01-2"))]
)
def test_deliveries_about_one_message_meet_apart_from_the_others_and_in_their_order(monkeypatch, messages, released):
    order, meeting = [], Meeting(messages)
    monkeypatch.setattr(meetings, "_wait_for_answers", lambda _: order.append("-"))

    def send(place):
        connection_in_use.sock = Told(order)
        with meeting.joined(place):
            list(meeting.held(b"any%d" % place, 10))

    with ThreadPoolExecutor(len(messages)) as pool:
        list(pool.map(send, reversed(range(len(messages)))))  # the last one is the first that is there
    assert order == released


def test_next_ones_go_when_the_equal_ones_are_answered_or_after_a_moment(monkeypatch):
    (one, its_end), (other, other_end) = socket.socketpair(), socket.socketpair()
    with one, its_end, other, other_end:
        its_end.sendall(b"x")
        meetings._wait_for_answers([one, other])  # nobody answers the other: it ends all the same
        other_end.sendall(b"x")
        monkeypatch.setattr(meetings, "_APART_S", 3600)
        meetings._wait_for_answers([one, other])


@pytest.mark.parametrize(("at_once", "sizes"), [(2, [2, 2, 1]), (8, [5])])
def test_as_many_meet_as_are_sent_at_once(at_once, sizes):
    found = [meeting for meeting, _ in meetings_of([DELIVERY] * 5, at_once)]
    assert [found.count(meeting) for meeting in dict.fromkeys(found)] == sizes


def test_time_until_the_others_came_is_not_the_receivers():
    meeting = Meeting("a")
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = Sender(Access(f"http://127.0.0.1:{server.getsockname()[1]}/"), Pace())

        def answer():
            with server.accept()[0] as connection:
                read = b""
                while not read.endswith(BODY):
                    read += connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=answer).start()
        with meeting.joined(0):
            exchange = sender.send(DELIVERY)
    assert exchange.begun_s >= meeting.met_s > 0
