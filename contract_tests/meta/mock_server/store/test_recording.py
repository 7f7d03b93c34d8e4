"""Recorder: the content, place and retention of recorded deliveries, and failures to write them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import shutil
import signal
import sqlite3
import threading
import time
from dataclasses import replace
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.support.foreign import contract_of
from callback_contract.contract_tests.meta.support.processes import mock_running
from callback_contract.contract_tests.model.cases import Case
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver, Request, Response
from callback_contract.mock_server.receiver.scripted_responses import Scripted
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.store import (
    buffer as waiting,
)
from callback_contract.mock_server.store import recorder as recorder_module
from callback_contract.mock_server.store import (
    retention as bounds,
)
from callback_contract.mock_server.store import (
    segment as packing,
)
from callback_contract.mock_server.store import (
    write_ahead_log as journal,
)
from callback_contract.mock_server.store.export import stored_deliveries
from callback_contract.mock_server.store.recorder import Recorder
from callback_contract.mock_server.store.rows import Row
from callback_contract.mock_server.store.stored_delivery import ACCEPTED, FORWARD, REFUSED, Filter
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi import load_contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError

CONTRACT = load_contract()
CALLBACK = CONTRACT.callbacks[0]
FACTS = CALLBACK.delivery
STATES = FACTS.order.states
RUN = Run.fresh()
CASE = Case(CALLBACK, "plain", Scope(CALLBACK, DEPTHS["quick"], 0).plain)


def delivery(message=1):
    return CASE.delivery(Identity(RUN, message))


def body(message=1, state=STATES[0], **more):
    value = jp.replaced(json.loads(delivery(message).body), FACTS.state, state)
    return json.dumps(value | more, ensure_ascii=False).encode()


ID = delivery().ids[0]


class Kept:
    """A recorder, and the receiver that it observes."""

    def __init__(self, store=None, script="", **more):
        self.store = store
        self.recorder = Recorder(CONTRACT, store, **more)
        self.receiver = Receiver(
            CONTRACT, on_exchange=self.recorder.observe, script=Scripted(CONTRACT, script) if script else None
        )
        self.reader = self.recorder.reader

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.recorder.close()

    def put(self, *bodies, target="/", headers=()):
        media_type = (b"Content-Type", CALLBACK.media_type.encode())
        for one in bodies:
            self.receiver.answer(Request(CALLBACK.method, target, [media_type, *headers], one, target.encode()))


@pytest.fixture(params=["memory", "file"])
def kept(request, tmp_path):
    with Kept(tmp_path / "store.db" if request.param == "file" else None) as made:
        yield made


def test_delivery_is_kept_as_it_came(kept):
    kept.put(body(), target="/a?b=1", headers=[(b"X-ODD", b"caf\xe9")])
    arrival = kept.reader.one(1)
    assert (arrival.method, arrival.target, arrival.body) == (CALLBACK.method, "/a?b=1", body())
    assert arrival.headers == (("Content-Type", CALLBACK.media_type), ("X-ODD", "café"))
    assert (arrival.verdict, arrival.callback, arrival.message) == (ACCEPTED, CALLBACK.name, ID)
    assert (arrival.state, arrival.status, arrival.acknowledged) == (STATES[0], 200, True)
    assert arrival.answer.endswith(b"\r\n\r\n{}")


def test_store_answers_before_anything_came(tmp_path):
    with Kept(tmp_path / "store.db") as kept:
        kept.receiver.keeper = kept.recorder.keeper
        with served(kept.receiver) as url, pytest.raises(HTTPError, match="404"):
            urlopen(f"{url}/callback-contract/state/nobody", timeout=5)


def test_verdict_says_what_is_wrong_and_what_is_new(kept):
    kept.put(b"{}", body(tomorrow=1), b"{")
    refused, new, broken = kept.reader.after(0)
    assert (refused.verdict, new.verdict, broken.verdict) == (REFUSED, FORWARD, REFUSED)
    assert len(refused.violations) > 3
    assert [(n.kind, n.pointer) for n in new.novelties] == [("member", "/tomorrow")]


def test_what_was_not_read_says_why(kept):
    kept.receiver.answer(Request("PUT", "/", [], b""))
    assert kept.reader.one(1).violations[0].message == "Callbacks come by POST."


def test_refused_delivery_still_tells_its_message(kept):
    value = json.loads(body())
    del value[next(m.pointer[1:] for m in CALLBACK.members if m.is_free_map)]
    kept.put(json.dumps(value).encode())
    assert (kept.reader.one(1).verdict, kept.reader.one(1).message) == (REFUSED, ID)


def test_duplicates_and_late_ones_are_marked(kept):
    kept.put(body(), body(), body(state=STATES[2]), body(state=STATES[1]), body(state=STATES[1]))
    life = kept.reader.message(ID)
    assert [one.again for one in life] == ["", "duplicate", "", "", "duplicate"]
    assert [one.late for one in life] == [False, False, False, True, False]


def test_duplicates_are_known_by_an_id_in_a_header(tmp_path):
    contract = contract_of(tmp_path, headers=[{"name": "X-Hub-Delivery"}])
    recorder = Recorder(contract, None)
    receiver = Receiver(contract, on_exchange=recorder.observe)
    for event in (b"1", b"2", b"1"):
        headers = [(b"Content-Type", b"application/json"), (b"X-Hub-Delivery", event)]
        receiver.answer(Request("POST", "/", headers, b"{}"))
    assert [one.again for one in recorder.reader.after(0)] == ["", "", "duplicate"]
    recorder.close()


def test_event_that_was_never_acknowledged_is_retried_and_not_duplicated(tmp_path):
    with Kept(script="503x2") as kept:
        kept.put(body(), body(), body(), body())
        assert [one.again for one in kept.reader.after(0)] == ["", "retry", "retry", "duplicate"]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), [5, 4, 3, 2, 1]),
        (Filter(verdict=REFUSED), [4]),
        (Filter(status="4xx"), [4]),
        (Filter(status=200), [5, 3, 2, 1]),
        (Filter(message=ID), [3, 1]),
        (Filter(state=STATES[1], callback=CALLBACK.name), [3]),
        (Filter(marked="late"), [5]),
        (Filter(marked="duplicate"), []),
        (Filter(text="李雷"), [2, 1]),
        (Filter(text="TOMORROW"), [2, 1]),
        (Filter(text="100%"), []),
        (Filter(text="x' OR 1=1 --"), []),
        (Filter(text="required property"), [4]),
    ],
)
def test_filter_finds(wanted, ids):
    with Kept() as kept:
        escaped = json.dumps(json.loads(body(2, STATES[2], tomorrow="李雷"))).encode()
        kept.put(body(tomorrow="李雷"), escaped, body(state=STATES[1]), b"{}", body(2))
        assert [arrival.id for arrival in kept.reader.page(wanted)] == ids


def test_pages_follow_each_other(kept):
    kept.put(*[body(n) for n in range(7)])
    first = kept.reader.page(limit=3)
    assert [one.id for one in first] == [7, 6, 5]
    assert [one.id for one in kept.reader.page(before=first[-1].id, limit=3)] == [4, 3, 2]


def test_lists_hold_the_beginning_of_a_body_and_one_holds_all(kept):
    kept.put(body(tomorrow="x" * 5000))
    (listed,) = kept.reader.page()
    assert (listed.whole, kept.reader.one(1).whole) == (False, True)
    assert kept.reader.one(1).json["tomorrow"] == "x" * 5000


def test_counts_and_latencies_count_everything(kept):
    kept.put(body(), body(), b"{}")
    counts = kept.reader.counts()
    assert counts["all"] == {"": 3}
    assert counts["verdict"] == {ACCEPTED: 2, REFUSED: 1}
    assert counts["again"] == {"duplicate": 1}
    assert sum(count for _, count in kept.reader.latencies()) == 3


def test_wait_ends_when_something_comes(kept):
    seen = kept.reader.last_id
    threading.Timer(0.02, kept.put, [body()]).start()
    assert kept.reader.wait(seen, timeout_s=20) == 1
    assert asyncio.run(kept.reader.arrived(0, timeout_s=20)) == 1
    assert asyncio.run(kept.reader.arrived(1, timeout_s=0.01)) == 1


def test_recorder_that_is_closed_within_the_moment_after_a_delivery_ends():
    for _ in range(20):
        kept = Kept()
        kept.put(body())
        time.sleep(0.002)
        closing = threading.Thread(target=kept.recorder.close, daemon=True)
        closing.start()
        closing.join(20)
        assert not closing.is_alive()


def test_newest_id_never_goes_back():
    with Kept() as kept:
        kept.reader.wrote(5)
        kept.reader.wrote(3)
        assert kept.reader.wait(0, timeout_s=20) == 5


def test_only_the_newest_are_kept():
    with Kept(keep=5) as kept:
        kept.put(*[body(n) for n in range(12)])
        assert [one.id for one in kept.reader.after(0)] == [8, 9, 10, 11, 12]
        assert kept.reader.one(7) is None


def test_bytes_are_bounded_and_the_newest_is_kept_whatever_its_size():
    with Kept(keep_bytes=10_000) as kept:
        kept.put(*[body(n, tomorrow="x" * 3000) for n in range(12)])
        assert [one.id for one in kept.reader.after(0)] == [11, 12]
        kept.put(body(tomorrow="x" * 50_000))
        assert [one.id for one in kept.reader.after(0)] == [13]


def test_credentials_are_not_written_down():
    with Kept() as kept:
        kept.put(body(), headers=[(b"AUTHORIZATION", b"Bearer s3cret"), (b"Cookie", b"s3cret")])
        assert "s3cret" not in str(kept.reader.one(1))
        assert kept.reader.one(1).header("authorization") == "***"


def test_hostile_values_are_kept(kept):
    hostile = ("\x00", "\x1b[2J", "<script>", "x" * 5000, 10**400, {"a": []}, None, True)
    kept.put(*[json.dumps(json.loads(body()) | {FACTS.correlation[1:]: value}).encode() for value in hostile])
    kept.put(b"\xff\x00", b'"\\ud800"', b"[" * 100_000)
    assert [one.id for one in kept.reader.after(0)] == list(range(1, len(hostile) + 4))


# --- a file --------------------------------------------------------------------------------------------------------


def test_store_goes_on_where_it_stopped(tmp_path):
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body(), body(state=STATES[2]))
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body(), body(state=STATES[1]))
        life = kept.reader.message(ID)
    assert [one.id for one in life] == [1, 2, 3, 4]
    assert [(one.again, one.late) for one in life] == [("", False), ("", False), ("duplicate", False), ("", True)]


def test_killed_store_loses_nothing_that_was_acknowledged(tmp_path):
    store = tmp_path / "store.db"
    acknowledged, numbers = [], iter(range(1_000_000))
    with mock_running("--store", str(store)) as (process, url):
        sender = Sender(Access(url), Pace())

        def send():
            while (made := delivery(next(numbers))) and sender.send(made).acknowledged:
                acknowledged.append(made.ids[0])

        threads = [threading.Thread(target=send, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 300 and any(thread.is_alive() for thread in threads):
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
        sender.close()
    with Recorder(CONTRACT, store) as recorder:
        known = {one.message for one in recorder.reader.page(limit=1000)}
        total = recorder.reader.counts()["all"][""]
    assert len(acknowledged) >= 300
    assert total <= 1000
    assert set(acknowledged) <= known


def test_terminated_mock_leaves_a_store_in_one_file(tmp_path):
    with mock_running("--store", str(tmp_path / "store.db")) as (process, url):
        sender = Sender(Access(url), Pace())
        assert sender.send(delivery()).acknowledged
        sender.close()
        process.terminate()
        assert process.wait(timeout=20) == 128 + signal.SIGTERM
    assert sorted(file.name for file in tmp_path.iterdir()) == ["store.db", "store.db-lock"]


@pytest.mark.parametrize("fault", [None, FAULTS["ACK-06"]], ids=["in place", "ASGI"])
def test_answer_waits_until_the_delivery_is_kept(fault):
    told = []

    class Never:
        def when_kept(self, loop, call):
            told.append(call)
            loop.call_later(0.05, call, False)

    receiver = Receiver(CONTRACT, fault=fault, keeper=Never())
    with served(receiver) as url:
        sender = Sender(Access(url), Pace())
        exchange = sender.send(delivery())
        sender.close()
    assert (exchange.status, len(told)) == (507, 1)


@pytest.fixture
def full_disk(monkeypatch):
    """Lets the journal be written half while the list holds anything."""
    full, write = [], journal._write

    def written(handle, start, data):
        write(handle, start, data[: len(data) // 2] if full else data)
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal, "_write", written)
    return full


def test_full_disk_is_said_once_answered_507_and_recovered_from(tmp_path, full_disk):
    said = []
    with Kept(tmp_path / "store.db", trouble=said.append) as kept, served(kept.receiver) as url:
        kept.receiver.keeper = kept.recorder.keeper
        sender = Sender(Access(url), Pace())
        full_disk.append(True)
        big = replace(delivery(), body=body(tomorrow="x" * 20_000))
        assert [sender.send(big).status for _ in range(2)] == [507, 507]
        full_disk.clear()
        assert sender.send(big).status == 200
        sender.close()
        (arrival,) = kept.reader.after(0)
    assert arrival.again == "retry"
    assert said == ["deliveries cannot be kept: [Errno 28] No space left on device", "deliveries are kept again"]


def test_tables_that_cannot_grow_keep_nothing_from_being_kept(tmp_path):
    said = []
    with Kept(tmp_path / "store.db", trouble=said.append) as kept:
        writer = kept.recorder._database._writer
        (pages,) = writer.execute("PRAGMA page_count").fetchone()
        writer.execute(f"PRAGMA max_page_count = {pages}")
        kept.put(body(tomorrow="x" * 20_000), body(2))
        assert kept.reader.after(0) == []
        writer.execute("PRAGMA max_page_count = 1000000")
        assert [one.id for one in kept.reader.after(0)] == [1, 2]
    assert said == ["deliveries are kept and cannot be shown: database or disk is full"]


@pytest.fixture
def unmoved(monkeypatch):
    """Leaves what came where it waits until somebody looks."""
    monkeypatch.setattr(recorder_module, "_LOOKS_S", 1000.0)


def killed(kept, folder):
    """A copy of a store as a process that was killed at this moment leaves it."""
    kept.recorder._write()
    folder.mkdir()
    for file in kept.store.parent.glob("store.db*"):
        shutil.copy(file, folder)
    return folder / "store.db"


def test_journal_of_a_killed_store_is_taken_up(tmp_path, unmoved):
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body(), body(state=STATES[2]))
        copy = killed(kept, tmp_path / "copy")
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)
    with Kept(copy) as again:
        again.put(body(state=STATES[1]))
        assert [(one.id, one.late, one.body) for one in again.reader.after(0, whole=True)] == [
            (1, False, body()),
            (2, False, body(state=STATES[2])),
            (3, True, body(state=STATES[1])),
        ]
    assert sorted(file.name for file in copy.parent.iterdir()) == ["store.db", "store.db-lock"]


def test_journal_that_was_cut_off_is_taken_up_to_there(tmp_path, unmoved, full_disk):
    with Kept(tmp_path / "store.db") as kept:
        for number in range(3):
            kept.put(body(number))
            kept.recorder._write()
        full_disk.append(True)
        kept.put(body(4))
        copy = killed(kept, tmp_path / "copy")
        full_disk.clear()
    with Kept(copy) as again:
        assert [one.id for one in again.reader.after(0)] == [1, 2, 3]
        again.put(body(5))
        assert again.reader.last_id == 4


def test_journal_that_reached_the_tables_before_the_kill_adds_nothing(tmp_path, unmoved):
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
        before = killed(kept, tmp_path / "before")
        kept.put(body(2))
        assert kept.reader.last_id == 2
        after = killed(kept, tmp_path / "after")
    (left,) = journal.log_files(before)
    shutil.copy(left, after.parent)
    with Kept(after) as again:
        assert [one.id for one in again.reader.after(0)] == [1, 2]


def test_store_in_use_is_read_with_its_journal(tmp_path, unmoved):
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
        assert kept.reader.last_id == 1
        kept.put(body(2), body(3))
        kept.recorder._write()
        read = list(stored_deliveries(kept.store))
    assert [(number, content) for number, *_, content in read] == [(1, body()), (2, body(2)), (3, body(3))]


@pytest.mark.parametrize("store", [None, "store.db"])
def test_what_is_forgotten_while_it_waits_never_comes_into_the_tables(tmp_path, unmoved, monkeypatch, store):
    monkeypatch.setattr(journal, "_MOST_ROWS", 100)
    monkeypatch.setattr(waiting, "_MOST_ROWS", 100)
    with Kept(store and tmp_path / store, keep=150) as kept:
        for _ in range(10):
            kept.put(*[body(n) for n in range(100)])
        assert kept.recorder._tables.last == 0
        assert len(journal.log_files(tmp_path / "store.db")) <= 3
        assert kept.recorder._waiting.count <= 300
        assert [one.id for one in kept.reader.after(0, limit=1000)] == list(range(851, 1001))


def test_tables_are_trimmed_for_what_waits(tmp_path, unmoved, monkeypatch):
    monkeypatch.setattr(waiting, "_MOST_ROWS", 100)
    monkeypatch.setattr(bounds, "_MOST_BEYOND", 50)
    with Kept(keep=1000) as kept:
        kept.put(*[body(n) for n in range(1000)])
        assert kept.reader.counts()["all"] == {"": 1000}
        for _ in range(30):
            kept.put(*[body(n) for n in range(100)])
            assert kept.recorder._tables.count + kept.recorder._waiting.count <= 1500
        assert [one.id for one in kept.reader.after(0, limit=1)] == [3001]


@pytest.mark.parametrize(("store", "slack"), [(None, 250), ("store.db", 1000)])
def test_tables_are_left_alone_while_much_comes_within_the_slack(tmp_path, monkeypatch, store, slack):
    monkeypatch.setattr(waiting, "_MOST_ROWS", 50)
    monkeypatch.setattr(journal, "_MOST_ROWS", 50)
    with Kept(store and tmp_path / store, keep=1000) as kept:
        kept.put(*[body(n) for n in range(1000)])
        assert kept.reader.counts()["all"] == {"": 1000}
        monkeypatch.setattr(recorder_module, "_MUCH", -1)
        time.sleep(0.1)  # whatever began before that ends
        kept.put(*[body(n) for n in range(slack)])
        time.sleep(0.1)
        assert kept.recorder._tables.count == 1000
        kept.put(*[body(n) for n in range(100)])
        end = time.monotonic() + 10
        while kept.recorder._tables.count > 1000 - slack and time.monotonic() < end:
            time.sleep(0.01)
        assert kept.recorder._tables.count <= 1000 - slack
        assert [one.id for one in kept.reader.after(0, limit=1)] == [101 + slack]


def test_tables_that_are_past_the_bounds_as_a_whole_are_forgotten_at_once(tmp_path, unmoved, monkeypatch):
    monkeypatch.setattr(journal, "_MOST_ROWS", 100)
    with Kept(tmp_path / "store.db", keep=150) as kept:
        kept.put(*[body(n) for n in range(100)])
        assert kept.reader.last_id == 100
        kept.put(*[body(n) for n in range(200)])
        statements = []
        kept.recorder._database._writer.set_trace_callback(statements.append)
        kept.recorder._trim()
        assert kept.recorder._database.read("SELECT count(*) FROM deliveries") == [(100,)]  # until others come
        kept.recorder._move()
        assert [text for text in statements if "DELETE" in text] == ["DELETE FROM deliveries", "DELETE FROM contents"]
        assert [one.id for one in kept.reader.after(0)] == list(range(151, 301))


def test_what_is_past_the_bounds_never_comes_into_the_tables(tmp_path, unmoved, monkeypatch):
    monkeypatch.setattr(journal, "_MOST_ROWS", 100)
    with Kept(tmp_path / "store.db", keep=150) as kept:
        kept.put(*[body(n) for n in range(100)])
        assert kept.reader.last_id == 100
        inserted = []
        insert = kept.recorder._tables.insert

        def noted(rows, **more):
            inserted.extend(one.id for one in rows)
            insert(rows, **more)

        monkeypatch.setattr(kept.recorder._tables, "insert", noted)
        kept.put(*[body(n) for n in range(400)])
        assert kept.reader.last_id == 500
        assert inserted == list(range(301, 501))  # stretches are forgotten as a whole


def test_newest_delivery_stays_whatever_is_past_the_bounds():
    with Kept() as kept:
        kept.put(body(1), body(2), body(3))
        assert kept.reader.last_id == 3
        kept.recorder._tables.trim(3, 10**9, newest=3)
        assert [one.id for one in kept.reader.after(0)] == [3]


def test_store_of_an_older_layout_is_opened(tmp_path):
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("PRAGMA user_version = 1")
        connection.execute("DROP TABLE store")
    connection.close()
    with Kept(tmp_path / "store.db") as kept:
        assert [one.id for one in kept.reader.after(0)] == [1]


ROWS = st.builds(  # the other fields by their types
    Row,
    id=st.integers(1, 2**40),
    at=st.floats(0, 1e10),
    status=st.integers(200, 599),
    delay_s=st.floats(0, 9),
    elapsed_s=st.floats(0, 9),
    body_bytes=st.integers(0, 2**21),
    size=st.integers(0, 2**31),
)


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(batches=st.lists(st.lists(ROWS, min_size=1, max_size=3), max_size=3), end=st.integers(0, 1000))
def test_journal_is_read_as_it_was_written_up_to_where_it_is_whole(batches, end):
    frames = [packing.frame(batch) for batch in batches]
    data = b"".join(frames)
    assert list(packing.rows_in(data)) == [row for batch in batches for row in batch]
    whole = sum(1 for n in range(1, len(frames) + 1) if len(b"".join(frames[:n])) <= end)
    assert list(packing.rows_in(data[:end])) == [row for batch in batches[:whole] for row in batch]


def other_program(file):
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE deliveries (id)")
    connection.close()


def newer(file):
    Recorder(CONTRACT, file).close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (other_program, "is a database of another program"),
        (newer, "was written by a newer version of this program"),
        (lambda file: file.write_text("hello, I am no database at all"), "is not a store"),
        (lambda file: file.mkdir(), "is a directory"),
    ],
)
def test_file_that_is_no_store_is_left_alone(tmp_path, make, said):
    file = tmp_path / "store.db"
    make(file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(KitError, match=said):
        Recorder(CONTRACT, file)
    assert before == (file.read_bytes() if file.is_file() else None)


def test_read_only_store_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "store.db"
    Recorder(CONTRACT, file).close()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(KitError, match="is read-only"):
        Recorder(CONTRACT, file)


def test_store_is_of_one_server_at_a_time(tmp_path):
    with Recorder(CONTRACT, tmp_path / "store.db"), pytest.raises(KitError, match="in use by another server"):
        Recorder(CONTRACT, tmp_path / "store.db")
    Recorder(CONTRACT, tmp_path / "store.db").close()


def test_error_of_our_own_does_not_end_the_recorder(monkeypatch):
    said = []
    with Kept(trouble=said.append) as kept:
        kept.recorder.observe(Request("POST", "/", [], b""), "no assessment", Response(200))
        kept.reader.last_id  # noqa: B018  # waits until it was tried
        kept.put(body())
        assert kept.reader.counts()["all"] == {"": 1}
    assert said[0].startswith("deliveries cannot be kept: AttributeError")
