"""Deadline of an exchange: every network wait of the kit ends at it, however slowly bytes arrive."""

from __future__ import annotations

import socket
import sys
import threading
import time

import pytest

from callback_contract.contract_tests.meta.support.hostile import raw_server
from callback_contract.contract_tests.meta.support.hostile_answers import HOSTILE, never_accepting, says
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.target.process import started
from callback_contract.contract_tests.target.read_back import HttpReadBack
from callback_contract.contract_tests.target.readiness import Place
from callback_contract.contract_tests.target.tls_probe import handshake
from callback_contract.mock_server.client.pacing import OutOfBudget
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.openapi.documents import deadline
from callback_contract.openapi.documents.deadline import connected, left_s, within
from callback_contract.openapi.reading import fetching
from callback_contract.openapi.text.errors import ContractError

PLAIN = Delivery("", "POST", (("Content-Type", "application/json"),), b"{}")
DRIPS = [name for name in HOSTILE if "drip" in name and "TLS" not in name]
BOUND_S = 20  # of which half a second is needed


@pytest.fixture(autouse=True)
def in_time():
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < BOUND_S


@pytest.mark.parametrize("name", [*DRIPS, "100 Continue without end", "trailers without end"])
def test_exchange_that_drips_has_no_answer_in_time(name):
    with raw_server(HOSTILE[name].act) as url:
        assert Sender(Access(url, timeout_s=0.5), Pace()).send(PLAIN).failure == "timeout"


def test_receiver_that_reads_no_body_is_late_and_not_broken():
    big = Delivery("", "POST", (), b" " * 2**26)
    with raw_server(lambda connection, _: time.sleep(BOUND_S), speaks_first=True) as url:
        assert Sender(Access(url, timeout_s=0.5), Pace()).send(big).failure == "timeout"


@pytest.mark.parametrize("beside", [False, True])
def test_sender_that_is_in_a_hurry_waits_no_longer_than_that(beside):
    with raw_server(lambda connection, _: time.sleep(BOUND_S)) as url:
        sender = Sender(Access(url), Pace())
        sender.most_s = 0.1
        sender = sender.beside(sender.access) if beside else sender
        assert sender.send(PLAIN).failure == "timeout"


def test_hurry_makes_no_time_out_longer():
    with raw_server(lambda connection, _: time.sleep(BOUND_S)) as url:
        sender = Sender(Access(url, timeout_s=0.1), Pace())
        sender.most_s = 2.0 * BOUND_S
        assert sender.send(PLAIN).failure == "timeout"


def test_proxy_that_drips_has_no_answer_in_time():
    with raw_server(HOSTILE["head that drips"].act) as proxy:
        access = Access("https://127.0.0.1:9/", proxy=proxy, timeout_s=0.5)
        assert Sender(access, Pace()).send(PLAIN).failure in {"timeout", "proxy"}


def test_answers_that_are_too_big_leave_the_pool_its_connections():
    with raw_server(HOSTILE["body without end"].act) as url:
        sender = Sender(Access(url, timeout_s=2), Pace(at_once=1))
        assert [sender.send(PLAIN).failure for _ in range(4)] == ["endless"] * 4


def test_handshake_that_drips_forms_no_session():
    with raw_server(HOSTILE["TLS record that drips"].act, speaks_first=True) as url:
        assert not handshake(Access(url.replace("http", "https"), timeout_s=0.5)).version


def test_place_whose_answer_drips_does_not_answer():
    with raw_server(HOSTILE["head that drips"].act) as url:
        assert not Place.of(url, "--wait-for").answers()


@pytest.mark.parametrize("name", ["head that drips", "100 Continue without end", "body that drips"])
def test_document_that_drips_is_not_there_in_time(name, monkeypatch):
    monkeypatch.setattr(fetching, "_MOST_S", 0.5)
    with raw_server(HOSTILE[name].act) as url, pytest.raises(ContractError, match="is not there whole after"):
        fetching.fetched(url)


def test_redirect_of_a_document_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(fetching, "_MOST_S", 3)
    endless = says(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b" " * 65_536)
    with raw_server(endless) as url, pytest.raises(ContractError, match="in a ring"):
        fetching.fetched(url)


def test_name_that_is_not_resolved_has_its_end(monkeypatch):
    asked, resolve = threading.Event(), socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *a: resolve(*a) if a[-1] == socket.AI_NUMERICHOST else asked.wait()
    )
    with within(0.3), pytest.raises(TimeoutError, match="not resolved"):
        connected("receiver.invalid", 80)
    asked.set()


def test_text_that_is_no_name_of_a_host_is_not_found():
    assert Sender(Access(f"http://{'a' * 70}.invalid/"), Pace()).send(PLAIN).failure == "name"


def test_silent_address_leaves_time_for_the_next_one(monkeypatch):
    with never_accepting() as silent, raw_server(lambda *_: None) as url:
        addresses = [deadline._addresses("127.0.0.1", Place.below(each).port)[0] for each in (silent, url)]
        monkeypatch.setattr(deadline, "_addresses", lambda *_: addresses)
        with within(1), connected("both", 0) as sock:
            assert sock.getpeername() == addresses[1][-1]


def test_inner_deadline_does_not_put_off_the_outer_one():
    with within(0.1), within(BOUND_S):
        assert left_s() <= 0.1


def test_nothing_is_read_back_after_the_run_s_time():
    read = HttpReadBack("http://127.0.0.1:9/{id}", Access("http://127.0.0.1:9/"), until=time.monotonic() - 1)
    with pytest.raises(OutOfBudget, match="--max-time"):
        read("1")


def test_read_back_that_asks_to_wait_beyond_the_run_s_time_ends_it():
    with raw_server(says(b"HTTP/1.1 503 Busy\r\nRetry-After: 25\r\nContent-Length: 0\r\n\r\n")) as url:
        read = HttpReadBack(url + "/{id}", Access(url), until=time.monotonic() + 5)
        with pytest.raises(OutOfBudget, match="--max-time"):
            read("1")


PROGRAM = """
import atexit, sys, threading
from callback_contract.contract_tests.cli.main import leaving_threads
@leaving_threads
def main():
    {thread}
    atexit.register(print, "left by the interpreter")
    print("done")
    sys.exit(5)
main()
"""


@pytest.mark.parametrize(
    ("thread", "printed"),
    [
        ("threading.Thread(target=threading.Event().wait).start()", ["done"]),
        ("threading.Timer(0.1, print, ['worked']).start()", ["done", "worked", "left by the interpreter"]),
    ],
    ids=["waits for ever", "ends"],
)
def test_program_leaves_with_its_output_and_waits_for_no_thread(thread, printed):
    program = PROGRAM.format(thread=thread)
    done = run_program([sys.executable, "-c", program], timeout=BOUND_S)
    assert (done.returncode, done.stdout.split("\n")[:-1], done.stderr) == (5, printed, "")


def test_output_of_a_started_receiver_stands_in_no_file_that_has_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with started(["echo", "hush-hush"], "--start") as receiver:
        receiver.process.wait()
        assert "hush-hush" in receiver.last_lines()
        assert list(tmp_path.rglob("*")) == []
