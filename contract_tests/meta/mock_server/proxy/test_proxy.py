"""Proxy: bytes pass as they came, each exchange leaves a record, and traffic goes on without the recorder."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import itertools
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections import deque
from functools import partial

import pytest

from callback_contract.contract_tests.meta.contract_tests.drift.planted import CALLBACK
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.samples.reading import read_recordings
from callback_contract.mock_server.cli.proxy_command import proxy
from callback_contract.mock_server.proxy import record as record_module
from callback_contract.mock_server.proxy.framing import MOST_KEPT_BYTES, Framer
from callback_contract.mock_server.proxy.passing import Target, accept
from callback_contract.mock_server.proxy.record import Passed, RecordPipe, records_in
from callback_contract.mock_server.server.certificates import write_self_made
from callback_contract.mock_server.testing.mock_receiver import MockReceiver

BODY = json.dumps(CALLBACK.delivered_examples[0].value).encode()
HEADERS = {"Content-Type": "application/json", "X-Api-Key": "geheim"}
POST = b"POST /a?b=c HTTP/1.1\r\nhOst: sender.example\r\nX-B: 1\r\nx-a:  2\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Seen:
    """The messages of a framer."""

    def __init__(self):
        self.ended = []
        self.framer = Framer(lambda message: message.head, self.ended.append)

    def feed(self, data, step):
        parts = [self.framer.feed(data[at : at + step]) for at in range(0, len(data), step)]
        return b"".join(itertools.chain(*parts))


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_messages_are_found_however_they_are_cut(step):
    seen, stream = Seen(), POST + CHUNKED + POST
    assert seen.feed(stream, step) == stream
    assert [(each.what, each.body, each.body_bytes) for each in seen.ended] == [(b"POST", b"abc", 3)] * 3


@pytest.mark.parametrize(
    "broken", [b"\x16\x03\x01\x02\x00" * 20, b"POST / HTTP/2\r\n\r\n", CHUNKED.replace(b"2;", b"g;")]
)
@pytest.mark.parametrize("step", [1, 1000])
def test_bytes_that_are_no_http_pass_as_they_are(broken, step):
    seen, stream = Seen(), POST + broken + b"\r\n\r\n" + POST
    assert seen.feed(stream, step) == stream
    assert len(seen.ended) == 1


def test_answers_without_a_body_and_until_the_end_are_found():
    methods, ended = deque([b"HEAD", b"POST", b"POST"]), []

    def end(message):
        ended.append(message)
        if message.what[:1] != b"1":
            methods.popleft()

    framer = Framer(lambda message: b"", end, methods)
    framer.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
    framer.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n")
    framer.feed(b"HTTP/1.0 200 OK\r\n\r\nuntil")
    assert [each.what for each in ended] == [b"200", b"100", b"204"]
    framer.close()
    assert ended[-1].body == b"until"


def passed_through(sent, answer=ANSWER, **how):
    """What a receiver gets of a sender's bytes, what the sender gets, and the records."""
    records = []
    recording = type("Recording", (), {"record": staticmethod(records.append)})()

    async def run():
        got = []

        async def receive(reader, writer):
            got.append(await reader.read(100_000))
            writer.write(answer)
            await writer.drain()
            writer.close()

        receiver = await asyncio.start_server(receive, "127.0.0.1", 0)
        port = receiver.sockets[0].getsockname()[1]
        target = Target("127.0.0.1", port, "receiver.example", **how)
        loop = asyncio.get_running_loop()
        between = await loop.create_server(partial(accept, target, recording), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*between.sockets[0].getsockname())
        writer.write(sent)
        answered = await reader.read(100_000)
        writer.close()
        between.close()
        receiver.close()
        await asyncio.sleep(0.01)
        return got[0], answered

    return (*asyncio.run(run()), records)


def test_only_the_host_is_another():
    got, answered, (record,) = passed_through(POST)
    assert got == POST.replace(b"hOst: sender.example", b"Host: receiver.example")
    assert answered == ANSWER
    assert (record.status, record.body, record.answer_body) == (200, b"abc", b"ok")
    assert record.head + record.body == POST


def test_host_stays_where_it_is_kept():
    assert passed_through(POST, keep_host=True)[0] == POST


def test_forwarded_is_added_only_where_it_is_asked_for():
    got, *_ = passed_through(POST, forwarded=True, keep_host=True)
    added = b'Forwarded: for=127.0.0.1;host="sender.example";proto=http\r\n\r\n'
    assert got == POST.replace(b"\r\n\r\n", b"\r\n" + added)


def test_delivery_without_a_whole_answer_is_recorded_as_unanswered():
    _, answered, (record,) = passed_through(POST, ANSWER[:-1])
    assert (answered, record.status) == (ANSWER[:-1], 0)


def test_sender_without_a_receiver_gets_no_answer():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def run():
        loop, records = asyncio.get_running_loop(), []
        recording = type("Recording", (), {"record": staticmethod(records.append)})()
        target = Target("127.0.0.1", port, "r")
        between = await loop.create_server(partial(accept, target, recording), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*between.sockets[0].getsockname())
        writer.write(POST)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(1), 20) == b""
        writer.close()
        between.close()

    asyncio.run(run())


def test_records_travel_through_a_pipe(tmp_path):
    records = [Passed(1.5, 0.25, 200, 3, b"head", b"abc", b"answer", b"ok"), Passed(2.0, 0.0, 0, 0, b"h", b"")]
    file = tmp_path / "pipe"
    file.write_bytes(b"".join(each.packed() for each in records) + b"cut")
    with file.open("rb") as pipe:
        assert list(records_in(pipe)) == records


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--to", "receiver"], "no URL of a receiver"),
        (["--to", "http://127.0.0.1:9/hook"], "has a path"),
        (["--to", "http://127.0.0.1:9", "--listen", "8080"], "no address to listen on"),
        (["--to", "https://127.0.0.1:9", "--ca", "/nowhere.pem"], "cannot be read"),
    ],
)
def test_wrong_use_is_one_sentence(options, told):
    assert told in str(invoke(proxy, options).exception)


@contextlib.contextmanager
def proxied(url, folder):
    """A proxy before a receiver, as a process of its own; yields the process and its port."""
    code = "from callback_contract.contract_tests.cli.main import run_command as run; raise SystemExit(run())"
    options = [
        "proxy",
        "--to",
        url,
        "--listen",
        "127.0.0.1:0",
        "--store",
        "s.db",
        "--jsonl",
        "t.jsonl",
        "--har",
        "t.har",
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = int(re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())[1])
        yield process, port
    finally:
        process.kill()
        process.communicate()


def deliver(port, count=1):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    statuses = []
    for _ in range(count):
        connection.request(
            "POST", "/cb?token=geheim", BODY, {"Content-Type": "application/json", "X-Api-Key": "geheim"}
        )
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


@pytest.mark.slow
def test_what_passed_is_in_each_record_and_masked(tmp_path):
    with MockReceiver(script="503,200x*") as mock, proxied(mock.url.rstrip("/"), tmp_path) as (process, port):
        assert deliver(port, 3) == [503, 200, 200]
        assert [each.body for each in mock.wait_for(count=3)] == [BODY] * 3
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "3 exchanges recorded, 0 passed without a record" in out
    times = [each.at for each in read_recordings(tmp_path / "t.jsonl")]
    for name in ("s.db", "t.jsonl", "t.har"):
        read = list(read_recordings(tmp_path / name))
        assert [each.at for each in read] == pytest.approx(times, rel=0, abs=0.001)
        assert [(each.body, each.answer.status) for each in read] == [(BODY, 503), (BODY, 200), (BODY, 200)]
    assert not [file.name for file in tmp_path.iterdir() if b"geheim" in file.read_bytes()]


@pytest.mark.slow
def test_traffic_goes_on_when_the_recorder_is_killed(tmp_path):
    with MockReceiver() as mock, proxied(mock.url.rstrip("/"), tmp_path) as (process, port):
        statuses: list[int] = []
        senders = [threading.Thread(target=lambda: statuses.extend(deliver(port, 400))) for _ in range(4)]
        deliver(port, 50)
        for sender in senders:
            sender.start()
        os.kill(recorder_of(process.pid), signal.SIGKILL)
        for sender in senders:
            sender.join(60)
        assert statuses == [200] * 1600
        assert deliver(port, 5) == [200] * 5
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "traffic goes on without a record" in err
    assert int(re.search(r"(\d+) passed without", out)[1]) > 0


def recorder_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        (child,) = children.read().split()
    return int(child)


@pytest.mark.slow
def test_tls_ends_at_the_proxy_and_begins_anew(tmp_path):
    pytest.importorskip("cryptography")
    tls = write_self_made("127.0.0.1", tmp_path)
    trusting = ssl.create_default_context(cafile=tls.authority)

    async def run():
        async def receive(reader, writer):
            writer.write(await reader.readuntil(b"abc") and ANSWER)
            await writer.drain()
            writer.close()

        receiver = await asyncio.start_server(receive, "127.0.0.1", 0, ssl=tls.context())
        port, records = receiver.sockets[0].getsockname()[1], []
        recording = type("Recording", (), {"record": staticmethod(records.append)})()
        target = Target("127.0.0.1", port, "receiver.example", trusting, by_tls=True)
        loop = asyncio.get_running_loop()
        between = await loop.create_server(partial(accept, target, recording), "127.0.0.1", 0, ssl=tls.context())
        reader, writer = await asyncio.open_connection(*between.sockets[0].getsockname(), ssl=trusting)
        writer.write(POST)
        assert await reader.read(1000) == ANSWER
        writer.close()
        between.close()
        receiver.close()
        assert [record.status for record in records] == [200]

    asyncio.run(run())


@pytest.mark.slow
def test_large_bodies_pass_whole_and_are_kept_in_part():
    body = os.urandom(3_000_000)
    sent = b"POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 3000000\r\n\r\n" + body
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n" + body

    async def run():
        got, records = [], []

        async def receive(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            got.append(await reader.readexactly(len(body)))
            writer.write(answer)
            await writer.drain()
            await asyncio.sleep(0.1)
            writer.close()

        receiver = await asyncio.start_server(receive, "127.0.0.1", 0)
        recording = type("Recording", (), {"record": staticmethod(records.append)})()
        target = Target("127.0.0.1", receiver.sockets[0].getsockname()[1], "r")
        loop = asyncio.get_running_loop()
        between = await loop.create_server(partial(accept, target, recording), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*between.sockets[0].getsockname())
        writer.write(sent)
        await asyncio.sleep(0.3)  # nobody reads: the receiver is not read either
        answered = await reader.readexactly(len(answer))
        writer.close()
        between.close()
        receiver.close()
        (record,) = records
        assert (got == [body], answered == answer) == (True, True)
        assert (record.body_bytes, len(record.body)) == (3_000_000, MOST_KEPT_BYTES)

    asyncio.run(run())


def test_pipe_that_nobody_reads_drops_and_counts(monkeypatch):
    monkeypatch.setattr(record_module, "_MOST_WAITING_BYTES", 1000)

    async def run():
        lost, (reading, writing) = [], os.pipe()
        loop = asyncio.get_running_loop()
        _, pipe = await loop.connect_write_pipe(lambda: RecordPipe(lambda: lost.append(1)), os.fdopen(writing, "wb"))
        for _ in range(3):
            pipe.record(Passed(0.0, 0.0, 200, 200_000, b"h", b"x" * 200_000))
            pipe._flush()
        assert (pipe.recorded, pipe.dropped, lost) == (1, 2, [])
        os.close(reading)
        await asyncio.wait_for(pipe._gone.wait(), 10)
        pipe.record(Passed(0.0, 0.0, 200, 0, b"h", b""))
        assert (pipe.dropped, lost) == (3, [1])

    asyncio.run(run())
