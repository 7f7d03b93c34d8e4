"""Fast path: responses, state and records are the same as with uvicorn and ASGI."""

from __future__ import annotations

import asyncio
import itertools
import logging

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver, Request
from callback_contract.mock_server.server import fast_path as in_place
from callback_contract.mock_server.server.asgi import asgi_app
from callback_contract.mock_server.server.fast_path import FastPathProtocol, protocol_for
from callback_contract.mock_server.server.protocol import WireProtocol
from callback_contract.mock_server.server.request_framing import INCOMPLETE
from callback_contract.mock_server.server.self_check import works
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi import load_contract

CONTRACT = load_contract()
CALLBACK = CONTRACT.callbacks[0]
PLAIN = Case(CALLBACK, "plain", Scope(CALLBACK, DEPTHS["quick"], 0).plain).delivery(Identity(Run.fresh(), 1))


def request(line="POST /a/b%20c?x=1 HTTP/1.1", *headers, body=PLAIN.body, length=True):
    lines = [line, "Host: localhost", *headers, *([f"Content-Length: {len(body)}"] if length else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


JSON = "cOntent-Type: application/json; charset=UTF-8"
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(PLAIN.body), PLAIN.body)
REQUESTS = {
    "plain": request("POST / HTTP/1.1", JSON),
    "another path": request("POST /a/b%20c?x=1 HTTP/1.1", JSON),
    "absolute form": request("POST http://localhost/a?b HTTP/1.1", JSON),
    "same head, broken body": request("POST / HTTP/1.1", JSON, body=b"x" * len(PLAIN.body)),
    "same head, another body": request("POST / HTTP/1.1", JSON, body=PLAIN.body.replace(b"2", b"3")),
    "off-schema": request("POST / HTTP/1.1", JSON, body=b'{"a": 1}'),
    "unparsable": request("POST / HTTP/1.1", JSON, body=b'{"a": '),
    "empty": request("POST / HTTP/1.1", JSON, body=b""),
    "no length": request("POST / HTTP/1.1", JSON, body=b"", length=False),
    "two lengths": request("POST / HTTP/1.1", JSON, f"Content-Length: {len(PLAIN.body)}"),
    "no media type": request("POST / HTTP/1.1"),
    "two media types": request("POST / HTTP/1.1", "Content-Type: text/plain", JSON),
    "foreign charset": request("POST / HTTP/1.1", "Content-Type: application/json; charset=latin-1"),
    "chunked": request("POST / HTTP/1.1", JSON, "Transfer-Encoding: chunked", body=CHUNKED, length=False),
    "chunked with a trailer": request(
        "POST / HTTP/1.1", JSON, "Transfer-Encoding: chunked", body=CHUNKED[:-2] + b"Expect: x\r\n\r\n", length=False
    ),
    "bad chunk": request("POST / HTTP/1.1", JSON, "Transfer-Encoding: chunked", body=b"zz\r\n{}", length=False),
    "bad target": request("POST nowhere HTTP/1.1", JSON),
    "target that is no path": request("POST http://localhost HTTP/1.1", JSON),
    "expects": request("POST / HTTP/1.1", JSON, "Expect: 100-continue"),
    "expects nothing": request("POST / HTTP/1.1", JSON, "Expect:"),
    "closes": request("POST / HTTP/1.1", JSON, "Connection: close"),
    "HTTP/1.0": request("POST / HTTP/1.0", JSON),
    "HTTP/1.0 that would stay": request("POST / HTTP/1.0", JSON, "Connection: keep-alive"),
    "upgrades": request("POST / HTTP/1.1", JSON, "Connection: Upgrade", "Upgrade: h2c"),
    "upgrades in chunks": request(
        "POST / HTTP/1.1",
        JSON,
        "upgrade: websocket, h2c",
        "connection: x, upgrade",
        "Transfer-Encoding: chunked",
        body=CHUNKED,
        length=False,
    ),
    "GET": request("GET / HTTP/1.1", body=b"", length=False),
    "HEAD": request("HEAD / HTTP/1.1", body=b"", length=False),
    "PUT": request("PUT / HTTP/1.1", JSON),
    "read-back": request("GET /callback-contract/state/nobody HTTP/1.1", body=b"", length=False),
    "too large": request("POST / HTTP/1.1", JSON, body=b" " * (1024 * 1024 + 5)),
    "not HTTP": b"hello\r\n\r\n",
    "deep": request("POST / HTTP/1.1", JSON, body=b"[" * 300 + b"]" * 300),
    "chunked with trailers for headers": request(
        "POST / HTTP/1.1",
        "Transfer-Encoding: chunked",
        body=CHUNKED[:-2] + JSON.encode() + b"\r\n\r\n",
        length=False,
    ),
    "no host": request("POST / HTTP/1.1", JSON).replace(b"Host: localhost\r\n", b""),
    "two hosts": request("POST / HTTP/1.1", JSON, "Host: localhost"),
    "bad host": request("POST / HTTP/1.1", JSON).replace(b"localhost", b"a b"),
    "HTTP/1.0 without a host": request("POST / HTTP/1.0", JSON).replace(b"Host: localhost\r\n", b""),
    "HTTP/2.0": request("POST / HTTP/2.0", JSON),
    "HTTP/0.9": b"POST /\r\n\r\n",
    "chunked by HTTP/1.0": request("POST / HTTP/1.0", JSON, "Transfer-Encoding: chunked", body=CHUNKED, length=False),
    "another expectation": request("POST / HTTP/1.1", JSON, "Expect: 100-continue, x"),
    "another coding": request("POST / HTTP/1.1", JSON, "Transfer-Encoding: gzip, chunked", body=CHUNKED, length=False),
    "length and chunked": request("POST / HTTP/1.1", JSON, "Transfer-Encoding: chunked", body=CHUNKED),
    "chunked and length": request(
        "POST / HTTP/1.1", JSON, "Transfer-Encoding: chunked", "Content-Length: 2", body=CHUNKED, length=False
    ),
    "another length": request("POST / HTTP/1.1", JSON, "Content-Length: 2"),
    "signed length": request("POST / HTTP/1.1", JSON, "Content-Length: +2", body=b"{}", length=False),
    "list of lengths": request("POST / HTTP/1.1", JSON, "Content-Length: 2, 2", body=b"{}", length=False),
    "folded": request("POST / HTTP/1.1", JSON, "X: a\r\n b"),
    "bare LF": request("POST / HTTP/1.1", JSON, "X: a\nY: b"),
    "bare CR": request("POST / HTTP/1.1", JSON, "X: a\rY: b"),
    "NUL": request("POST / HTTP/1.1", JSON, "X: a\x00b"),
    "space before the colon": request("POST / HTTP/1.1", JSON, "X : a"),
    "no name": request("POST / HTTP/1.1", JSON, ": a"),
    "star": request("POST * HTTP/1.1", JSON),
    "CONNECT": request("CONNECT localhost:80 HTTP/1.1", JSON),
    "CONNECT that upgrades": request("CONNECT / HTTP/1.1", "Connection: upgrade", "Upgrade: h2c", body=b""),
    "coding and a tab": request("POST / HTTP/1.1", JSON, "Transfer-Encoding: chunked\t", body=CHUNKED, length=False),
    "bad address": request("POST / HTTP/1.1", JSON).replace(b"localhost", b"[:::]"),
    "bad escape in a host": request("POST / HTTP/1.1", JSON).replace(b"localhost", b"a%zz"),
    "many fields": request("POST / HTTP/1.1", JSON, *["X: y"] * 200),
    "large head": request("POST / HTTP/1.1", JSON, f"X: {'y' * 65536}"),
    "large target": request(f"POST /{'y' * 65536} HTTP/1.1", JSON),
    "large trailers": request(
        "POST / HTTP/1.1",
        JSON,
        "Transfer-Encoding: chunked",
        body=CHUNKED[:-2] + b"X: yyyyyyyyyy\r\n" * 5000 + b"\r\n",
        length=False,
    ),
}
REFUSED = {
    **dict.fromkeys(
        ["two lengths", "bad chunk", "bad target", "not HTTP", "no host", "two hosts", "bad host", "CONNECT", "star"],
        400,
    ),
    **dict.fromkeys(["chunked by HTTP/1.0", "length and chunked", "chunked and length", "another length"], 400),
    **dict.fromkeys(["signed length", "list of lengths", "folded", "bare LF", "bare CR", "NUL", "no name"], 400),
    **dict.fromkeys(["CONNECT that upgrades", "coding and a tab"], 400),
    **dict.fromkeys(["bad address", "bad escape in a host"], 400),
    **dict.fromkeys(["many fields", "large head", "large target", "large trailers"], 431),
    **{
        "space before the colon": 400,
        "HTTP/2.0": 505,
        "HTTP/0.9": 505,
        "another expectation": 417,
        "another coding": 501,
    },
}
ALWAYS_PARSED = (
    "empty, two lengths, chunked, chunked with a trailer, bad chunk, expects, closes, HTTP/1.0,"
    " HTTP/1.0 that would stay, upgrades, upgrades in chunks, GET, HEAD, PUT, read-back, too large, not HTTP"
).split(", ")
PIPELINED = [name for name in REQUESTS if not name.startswith(("too large", "large"))]
BOTH = pytest.mark.parametrize("protocol", [None, WireProtocol], ids=["in place", "ASGI"])


class Transport(asyncio.Transport):
    """A connection whose other end is the test."""

    def __init__(self):
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data):
        self.written += data

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    def can_write_eof(self):
        return True

    write_eof = close

    def pause_reading(self):
        pass

    resume_reading = pause_reading


def configured(receiver):
    config = uvicorn.Config(asgi_app(receiver), lifespan="off", log_level="error")
    config.load()
    return config


class Connection:
    """A protocol of uvicorn's without a socket."""

    def __init__(self, receiver, protocol, config=None):
        config = config or configured(receiver)
        self.state, self.transport = ServerState(), Transport()
        self.state.default_headers = [(b"date", b"today")]
        self.protocol = protocol(config, self.state, {})
        self.protocol.connection_made(self.transport)

    async def say(self, piece, *, hurried=False):
        if not self.transport.closed:
            self.protocol.data_received(piece)
        if not hurried:
            await self._settle()

    async def hang_up(self):
        self.protocol.connection_lost(None)
        await self._settle()

    async def _settle(self):
        for _ in range(10):
            await asyncio.sleep(0)


def heard(protocol, pieces, *, hurried=False):
    """All that can be seen of pieces of bytes, each a read: answers, what was stored, what the observer was told."""
    told = []

    def tell(received, assessment, reply):
        told.append((received.method, received.path, received.target, received.headers, received.body, reply))
        told.append((received.chunked, received.expects, assessment and (assessment.kind, assessment.value)))

    async def converse():
        receiver = Receiver(CONTRACT, on_exchange=tell)
        connection = Connection(receiver, protocol or protocol_for(receiver))
        for piece in pieces:
            await connection.say(piece, hurried=hurried)
        await connection.say(b"")
        await connection.hang_up()
        return connection.transport.written, connection.transport.closed, dict(receiver.states._messages), told

    return asyncio.run(converse())


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


@pytest.mark.parametrize("name", REQUESTS)
def test_answered_in_place_or_not_is_the_same(name):
    pieces = [REQUESTS[name], REQUESTS["plain"]]
    in_place = heard(None, pieces)
    assert in_place == heard(WireProtocol, pieces)
    assert in_place[0].startswith(b"HTTP/1.1 ")


@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(
    names=st.lists(st.sampled_from(PIPELINED), min_size=1, max_size=4),
    places=st.lists(st.integers(0, 4000), max_size=4),
)
def test_reads_and_pipelines_of_any_shape_are_answered_alike(names, places):
    pieces = cut(b"".join(REQUESTS[name] for name in names), places)
    assert heard(None, pieces) == heard(WireProtocol, pieces)


@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(
    reads=st.lists(
        st.tuples(st.sampled_from(PIPELINED), st.integers(1, 3), st.lists(st.integers(0, 900), max_size=1)),
        min_size=2,
        max_size=6,
    ),
    hurried=st.booleans(),
)
def test_heads_that_come_again_are_answered_alike(reads, hurried):
    pieces = [piece for name, times, places in reads for piece in cut(REQUESTS[name], places) * (times - len(places))]
    assert heard(None, pieces, hurried=hurried) == heard(WireProtocol, pieces, hurried=hurried)


def test_body_that_looks_like_a_delivery_is_a_body():
    plain = REQUESTS["plain"]
    pieces = [plain, request("POST / HTTP/1.1", JSON, body=plain)[: -len(plain)], plain, plain]
    assert heard(None, pieces) == heard(WireProtocol, pieces)
    assert len(heard(None, pieces)[3]) == 2 * 3


def test_delivery_that_begins_within_a_head_is_part_of_it():
    pieces = [REQUESTS["plain"], b"POST /x HTTP/1.1\r\nX: ", REQUESTS["plain"]]
    assert heard(None, pieces) == heard(WireProtocol, pieces)
    assert heard(None, pieces)[3][2][1] == "/x"


def test_head_is_not_learnt_from_two_deliveries_in_one_read():
    one, two = REQUESTS["another path"], REQUESTS["plain"]
    assert not known_after(one + two)._known
    assert heard(None, [one + two, one, two]) == heard(WireProtocol, [one + two, one, two])


@BOTH
@pytest.mark.parametrize("name", ["upgrades", "upgrades in chunks"])
def test_upgrade_is_ignored_and_the_body_answered(protocol, name):
    written, _, states, told = heard(protocol, [REQUESTS[name], REQUESTS[name] + REQUESTS["plain"]])
    assert written.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert len(states) == 1
    assert [exchange[4] for exchange in told[::2]] == [PLAIN.body] * 3
    assert ("Upgrade", "h2c") in told[0][3] or ("upgrade", "websocket, h2c") in told[0][3]


@BOTH
@pytest.mark.parametrize("name", REFUSED)
def test_wrong_request_is_refused_and_recorded_and_its_connection_ends(protocol, name):
    for pieces in ([REQUESTS[name] + REQUESTS["plain"]], cut(REQUESTS[name], range(0, 4000, 7))):
        written, closed, states, told = heard(protocol, pieces)
        assert written.startswith(b"HTTP/1.1 %d " % REFUSED[name])
        assert b"\r\nconnection: close\r\n" in written
        assert (closed, states, len(told)) == (True, {}, 2)
        assert told[1][2] is None  # not assessed, so it violates


@BOTH
@pytest.mark.parametrize("name", REFUSED)
def test_wrong_request_does_not_lose_the_right_one_before_it(protocol, name):
    written, closed, states, told = heard(protocol, [REQUESTS["plain"] + REQUESTS[name]])
    first, _, second = written.partition(b"{}")
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert second.startswith(b"HTTP/1.1 %d " % REFUSED[name])
    assert (closed, len(states), len(told)) == (True, 1, 4)


@BOTH
def test_empty_expectation_is_none(protocol):
    assert b"HTTP/1.1 200 OK\r\n" in heard(protocol, [REQUESTS["expects nothing"]])[0]


def test_absolute_target_without_a_path_is_the_root():
    told = heard(None, [request("POST http://localhost?a=1 HTTP/1.1", JSON)])[3]
    assert (told[0][1], told[0][2]) == ("/", "/?a=1")


@pytest.mark.parametrize("target", ["/?", "/a?b?c", "http://localhost/?"])
def test_target_is_recorded_as_it_was_sent(target):
    assert heard(None, [request(f"POST {target} HTTP/1.1", JSON)])[3][0][2] == target.removeprefix("http://localhost")


@pytest.mark.parametrize("host", ["", "localhost:", "a%20b", "[::1]:80", "[::ffff:1.2.3.4]", "[v1.x:y]"])
def test_host_of_any_right_form_is_taken(host):
    data = request("POST / HTTP/1.1", JSON).replace(b"localhost", host.encode())
    assert heard(None, [data])[0].startswith(b"HTTP/1.1 200 ")


@BOTH
def test_blanks_behind_a_value_are_none_of_it(protocol):
    headers = ("Transfer-Encoding: chunked  ", "Connection: keep-alive ", "Expect: 100-continue \t")
    data = request("POST / HTTP/1.1", f"{JSON}\t", *headers, body=CHUNKED, length=False)
    written, _, _, told = heard(protocol, [data.replace(b"localhost", b"localhost\t ")])
    assert written.startswith(b"HTTP/1.1 200 ")
    assert [value for _, value in told[0][3]] == [value.strip() for _, value in told[0][3]]


@BOTH
def test_trailer_that_asks_for_the_end_ends_the_connection_and_says_so(protocol):
    data = request("POST / HTTP/1.1", JSON, "Transfer-Encoding: chunked", body=CHUNKED[:-2], length=False)
    written, _, _, told = heard(protocol, [data + b"Connection: close\r\n\r\n" + REQUESTS["plain"]])
    assert b"\r\nconnection: close\r\n" in written
    assert len(told) == 2


@BOTH
def test_refusal_of_what_has_no_method_has_a_body_whatever_came_before(protocol):
    written = heard(protocol, [REQUESTS["HEAD"] + REQUESTS["not HTTP"]])[0]
    assert written.endswith(b"}")


@BOTH
@pytest.mark.parametrize("cuts", [(), (-3,), (-40,)])
def test_trailers_are_no_headers_however_the_bytes_are_cut(protocol, cuts):
    data = REQUESTS["chunked with trailers for headers"]
    written, _, _, told = heard(protocol, cut(data, cuts))
    assert written.startswith(b"HTTP/1.1 415 ")
    assert "content-type" not in {name.lower() for name, _ in told[0][3]}


@BOTH
@pytest.mark.parametrize("data", [REQUESTS["plain"][:-1], REQUESTS["chunked"][:-2], REQUESTS["plain"][:30]])
def test_request_that_was_cut_off_is_recorded_and_never_accepted(protocol, data):
    _, _, states, told = heard(protocol, [REQUESTS["off-schema"], data])
    assert states == {}
    assert len(told) == 4
    assert told[2][5] is INCOMPLETE


@BOTH
def test_requests_whose_sender_left_at_once_are_told_all_the_same(protocol):
    told = []

    async def converse():
        receiver = Receiver(CONTRACT, on_exchange=lambda *exchange: told.append(exchange))
        connection = Connection(receiver, protocol or protocol_for(receiver))
        await connection.say(REQUESTS["GET"] + REQUESTS["plain"] + REQUESTS["plain"][:-1], hurried=True)
        await connection.hang_up()

    asyncio.run(converse())
    assert [reply.status for _, _, reply in told] == [405, 200, 400]


@BOTH
def test_upgrade_beside_close_closes(protocol):
    data = request("POST / HTTP/1.1", JSON, "Connection: Upgrade, close", "Upgrade: h2c")
    written, closed, _, told = heard(protocol, [data + REQUESTS["plain"]])
    assert b"\r\nconnection: close\r\n" in written
    assert (closed, len(told)) == (True, 2)


@BOTH
def test_error_in_the_receiver_is_answered_recorded_and_a_violation(protocol, monkeypatch):
    class Panic(BaseException):
        """As what is written in Rust raises it."""

    def broken(*_):
        raise Panic

    monkeypatch.setattr(Receiver, "content_of", broken)
    written, _, states, told = heard(protocol, [REQUESTS["plain"]])
    assert written.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert (states, told[1][2], told[0][5].status) == ({}, None, 500)


@BOTH
def test_body_is_asked_for_only_while_it_is_still_to_come(protocol):
    data = REQUESTS["expects"]
    assert b"100 Continue" not in heard(protocol, [data])[0]
    for hurried in (False, True):
        written = heard(protocol, [REQUESTS["GET"] + data[:-5], data[-5:]], hurried=hurried)[0]
        assert written.index(b"HTTP/1.1 405 ") < written.index(b"HTTP/1.1 100 ") < written.index(b"HTTP/1.1 200 ")


def known_after(*reads):
    async def converse():
        receiver = Receiver(CONTRACT)
        connection = Connection(receiver, protocol_for(receiver))
        for read in reads:
            await connection.say(read)
        return connection.protocol.heads

    return asyncio.run(converse())


def test_head_that_came_before_is_not_parsed_again():
    async def converse():
        receiver = Receiver(CONTRACT)
        protocol = protocol_for(receiver)
        await Connection(receiver, protocol).say(REQUESTS["plain"])
        another = Connection(receiver, protocol)
        another.protocol.parser = None
        await another.say(REQUESTS["same head, another body"])
        return another.transport.written

    assert asyncio.run(converse()).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("name", ALWAYS_PARSED)
def test_head_that_leaves_anything_open_is_always_parsed(name):
    assert known_after(REQUESTS["plain"])._known
    assert not known_after(REQUESTS[name], REQUESTS[name])._known


def test_known_heads_are_few_and_small():
    heads = known_after(*(request("POST / HTTP/1.1", JSON, f"X: {number}{'x' * 1500}") for number in range(600)))
    assert sum(map(len, heads._known)) == heads._bytes <= 512 * 1024
    assert 200 < len(heads._known) <= 512
    assert not known_after(request("POST / HTTP/1.1", JSON, f"X: {'x' * 5000}"))._known


def test_idle_timer_counts_from_the_last_answer():
    async def converse():
        receiver = Receiver(CONTRACT)
        connection = Connection(receiver, protocol_for(receiver))
        for _ in range(2):
            await connection.say(REQUESTS["plain"])
        connection.protocol.timeout_keep_alive_handler()
        yield connection.transport.closed
        connection.protocol._idle_since -= connection.protocol.timeout_keep_alive
        connection.protocol.timeout_keep_alive_handler()
        yield connection.transport.closed

    async def collected():
        return [closed async for closed in converse()]

    assert asyncio.run(collected()) == [False, True]


def test_plain_delivery_is_answered_within_its_read():
    async def converse():
        receiver = Receiver(CONTRACT)
        connection = Connection(receiver, protocol_for(receiver))
        connection.protocol.data_received(REQUESTS["plain"])
        return connection.transport.written, len(connection.state.tasks), connection.protocol.cycle

    written, tasks, cycle = asyncio.run(converse())
    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (tasks, cycle) == (0, None)


@pytest.mark.parametrize("known", [False, True], ids=["new head", "known head"])
def test_sender_that_does_not_read_is_not_answered_until_it_does(known):
    async def converse():
        receiver = Receiver(CONTRACT)
        connection = Connection(receiver, protocol_for(receiver))
        if known:
            await connection.say(REQUESTS["plain"])
            connection.transport.written = b""
        connection.protocol.pause_writing()
        await connection.say(REQUESTS["plain"])
        yield connection.transport.written
        connection.protocol.resume_writing()
        await connection.say(b"")
        yield connection.transport.written[:12]

    async def collected():
        return [written async for written in converse()]

    assert asyncio.run(collected()) == [b"", b"HTTP/1.1 200"]


def test_idle_timer_runs_after_an_answer_and_not_while_a_body_comes():
    async def timers():
        receiver = Receiver(CONTRACT)
        connection = Connection(receiver, protocol_for(receiver))
        for piece in (REQUESTS["plain"], REQUESTS["plain"] + REQUESTS["plain"][:-1]):
            connection.protocol.data_received(piece)
            yield connection.protocol.timeout_keep_alive_task is not None

    async def collected():
        return [runs async for runs in timers()]

    assert asyncio.run(collected()) == [True, False]


@BOTH
def test_error_while_answering_is_logged_and_answered_with_500(protocol, caplog):
    def broken(*_):
        raise OSError("no space left on device")

    async def converse():
        receiver = Receiver(CONTRACT, on_exchange=broken)
        connection = Connection(receiver, protocol or protocol_for(receiver))
        connection.protocol.logger.addHandler(caplog.handler)
        await connection.say(REQUESTS["plain"])
        connection.protocol.logger.removeHandler(caplog.handler)
        return connection.transport

    transport = asyncio.run(converse())
    assert transport.written.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert transport.closed
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_answers_to_head_are_left_to_uvicorn_which_sends_no_body():
    receiver = Receiver(CONTRACT)
    receiver.methods.add("HEAD")
    assert protocol_for(receiver).methods == {CALLBACK.method.encode()}


def test_self_check_finds_insides_that_are_not_as_expected():
    class Renamed(FastPathProtocol):
        _unset_keepalive_if_required = property()

    class Deaf(FastPathProtocol):
        def on_message_complete(self):
            pass

    assert works(FastPathProtocol)
    assert works(WireProtocol)
    assert not works(Renamed)
    assert not works(Deaf)
    assert not works(HttpToolsProtocol)


@pytest.mark.parametrize(
    ("working", "protocol", "said"),
    [({WireProtocol}, WireProtocol, "through ASGI"), (set(), HttpToolsProtocol, "a plain uvicorn server")],
)
def test_mock_starts_without_its_fast_path_where_that_does_not_work_and_says_so(
    working, protocol, said, monkeypatch, capsys
):
    monkeypatch.setattr(in_place, "works", working.__contains__)
    assert protocol_for(Receiver(CONTRACT)) is protocol
    assert said in capsys.readouterr().err


def test_a_fault_has_the_wire_to_itself():
    assert protocol_for(Receiver(CONTRACT, fault=FAULTS["WIRE-14"])) is WireProtocol
    assert issubclass(protocol_for(Receiver(CONTRACT)), FastPathProtocol)


def observed(target="/", body=PLAIN.body, **options):
    told = []
    receiver = Receiver(CONTRACT, on_exchange=lambda *exchange: told.append(exchange), **options)
    received = Request(CALLBACK.method, target, [(b"Content-Type", CALLBACK.media_type.encode())], body)
    return received, receiver.answer(received), told


def test_observer_is_told_of_each_exchange():
    received, reply, ((request_, assessment, answered),) = observed()
    assert (request_, answered) == (received, reply)
    assert assessment.accepted
    _, _, ((_, assessment, answered),) = observed(body=b"{}")
    assert answered.status == 422
    assert assessment.violations


def test_observer_is_told_what_a_fault_answers():
    _, reply, ((_, _, answered),) = observed(fault=FAULTS["ACK-06"])
    assert reply == answered
    assert answered.status == 202


def test_observer_is_told_of_a_wrong_path_and_not_of_read_back():
    _, _, ((_, assessment, reply),) = observed("/elsewhere", path="/here")
    assert (assessment, reply.status) == (None, 404)
    assert observed("/callback-contract/state/x")[2] == []
