"""Damaged store: the reported and the saved part when bytes of a log have changed."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.mock_server.store.test_recording import Kept, body, killed
from callback_contract.contract_tests.samples.reading import read_recordings
from callback_contract.contract_tests.samples.recorded_delivery import Unreadable
from callback_contract.mock_server import MockReceiver
from callback_contract.mock_server.inspector.app import Inspector
from callback_contract.mock_server.receiver.guard import Guard
from callback_contract.mock_server.store import recorder as recorder_module
from callback_contract.mock_server.store import segment as packing
from callback_contract.mock_server.store import write_ahead_log as journal
from callback_contract.mock_server.store.export import stored_deliveries
from callback_contract.mock_server.store.rows import Row
from callback_contract.mock_server.store.segment import LeftOut

MARK = b"sixteen marks!!!"
DELIVERIES = [(1, 2), (3,), (4, 5, 6)]  # the ids in each frame


def row(number):
    return Row(
        **dict.fromkeys(("method", "target", "verdict", "callback", "message", "state", "again", "wire"), "text"),
        **dict.fromkeys(("delay_s", "elapsed_s", "body_bytes", "size"), 1),
        **dict.fromkeys(("event", "violations", "novelties")),
        **dict.fromkeys(("headers", "body", "answer"), b"bytes"),
        **{"id": number, "at": 0.5, "late": False, "status": 200},
    )


FRAMES = [MARK + packing.frame([row(number) for number in numbers]) for numbers in DELIVERIES]
JOURNAL = b"".join(FRAMES)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.fixture
def unmoved(monkeypatch):
    """Leaves what came in the journal until somebody looks."""
    monkeypatch.setattr(recorder_module, "_LOOKS_S", 1000.0)


@pytest.fixture
def left(tmp_path, unmoved):
    """A store that a killed mock left with three frames in its journal."""
    with Kept(tmp_path / "store.db") as kept:
        for number in range(3):
            kept.put(body(number), body(number + 10))
            kept.recorder._write()
        yield killed(kept, tmp_path / "copy")


def damage(store, at):
    (file,) = journal.log_files(store)
    data = flipped(file.read_bytes(), at)
    file.write_bytes(data)
    return file, data


def test_flipped_byte_takes_its_frame_at_most_and_is_said():
    for at in range(len(JOURNAL)):
        left_out = LeftOut()
        found = {row.id for row in journal.log_rows(flipped(JOURNAL, at), MARK, left_out)}
        hit = next(n for n in range(3) if at < sum(map(len, FRAMES[: n + 1])))
        lost = {1, 2, 3, 4, 5, 6} - found
        assert lost in (set(), set(DELIVERIES[hit])), at
        assert left_out.bytes == (len(FRAMES[hit]) if lost else 0), at
        assert left_out.deliveries == (0 if not lost else 1 if hit == 1 else None), at


def test_damaged_frame_without_a_mark_is_not_read():
    data = packing.frame([row(1)])
    assert len(list(packing.rows_in(data))) == 1
    assert not list(packing.rows_in(data.replace(b"bytes", b"bites")))


def test_damaged_mark_of_the_only_frame_takes_nothing():
    for at in range(len(MARK)):
        assert [row.id for row in journal.log_rows(flipped(FRAMES[0], at), MARK)] == [1, 2]


def test_full_disk_leaves_no_part_of_a_frame(tmp_path, unmoved, monkeypatch):
    def half(handle, data, write=os.write):
        write(handle, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with Kept(tmp_path / "store.db") as kept:
        kept.put(body(1))
        kept.recorder._write()
        before = journal.log_files(kept.store)[0].read_bytes()
        with monkeypatch.context() as full:
            full.setattr(os, "write", half)
            kept.put(body(2))
            kept.recorder._write()
        assert journal.log_files(kept.store)[0].read_bytes() == before


def test_journal_that_is_cut_off_says_what_it_lost():
    for at in range(len(JOURNAL)):
        left_out = LeftOut()
        found = journal.log_rows(JOURNAL[:at], MARK, left_out)
        whole = sum(len(FRAMES[n]) for n in range(3) if found and found[-1].id >= DELIVERIES[n][-1])
        assert left_out.bytes == at - whole


@pytest.mark.parametrize("rest", [b"\0" * 100, b"\xff" * 100, MARK, MARK + b"\0" * 8, MARK + packing.frame([])])
def test_what_is_no_frame_is_left_out(rest):
    left_out = LeftOut()
    assert len(journal.log_rows(JOURNAL + rest, MARK, left_out)) == 6
    assert left_out.bytes == len(rest)


def test_frame_of_another_layout_is_left_out(monkeypatch):
    monkeypatch.setattr(packing, "_rows", lambda content: iter([content.decode("ascii", "strict")]))
    left_out = LeftOut()
    assert journal.log_rows(JOURNAL, MARK, left_out) == []
    assert left_out.bytes == len(JOURNAL)


def test_journal_of_the_earlier_layout_is_read():
    earlier = MARK + b"".join(frame.removeprefix(MARK) for frame in FRAMES)
    assert [row.id for row in journal.log_rows(earlier, MARK)] == [1, 2, 3, 4, 5, 6]


def test_body_that_holds_a_frame_is_not_taken_for_one():
    # A frame without its mark is believed only where a frame ends; inside a body a mark would have to be guessed.
    fake = packing.frame([row(99)])
    data = FRAMES[0] + MARK + packing.frame([row(2)._replace(body=fake)]) + FRAMES[2]
    for at in range(len(FRAMES[0]), len(data) - len(FRAMES[2]), 5):
        assert 99 not in [row.id for row in journal.log_rows(flipped(data, at), MARK)]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.99])
def test_mock_says_what_a_damaged_journal_lost_and_keeps_the_file(left, share):
    (file,) = journal.log_files(left)
    at = int(share * file.stat().st_size) + 20
    file, data = damage(left, min(at, file.stat().st_size - 1))
    said = []
    with Kept(left, trouble=said.append) as kept:
        ids = [one.id for one in kept.reader.after(0)]
        assert len(ids) == 4
        (told,) = kept.reader.damaged
    aside = file.with_name("store.db-damaged-00000001")
    count = "" if told["deliveries"] is None else " (2 deliveries at most)"
    expected = f"{file} is damaged: {told['bytes']} bytes of it{count} could not be read; it is kept as {aside.name}"
    assert said == [expected]
    assert aside.read_bytes() == data
    assert journal.log_files(left) == []


def test_damaged_file_takes_no_other_ones_place(left):
    earlier = left.with_name("store.db-damaged-00000001")
    earlier.write_bytes(b"of an earlier day")
    _, data = damage(left, 30)
    with Kept(left):
        pass
    assert earlier.read_bytes() == b"of an earlier day"
    assert left.with_name("store.db-damaged-00000001-2").read_bytes() == data


def test_damage_while_the_mock_runs_is_said_with_its_exact_number(tmp_path, unmoved):
    said = []
    with Kept(tmp_path / "store.db", trouble=said.append) as kept:
        kept.put(body(1), body(2))
        kept.recorder._write()
        damage(kept.store, 30)
        kept.put(body(3))
        kept.recorder._write()
        assert [one.id for one in kept.reader.after(0)] == [3]
        assert kept.reader.damaged[0]["deliveries"] == 2
    assert len(said) == 1
    assert [file.name for file in tmp_path.glob("*damaged*")] == ["store.db-damaged-00000001"]


def test_mock_in_a_test_logs_what_a_damaged_journal_lost(left, caplog):
    damage(left, 30)
    with MockReceiver(store=left) as mock:
        assert len(mock.deliveries) == 4
    assert [record.message.partition(" is ")[2][:8] for record in caplog.records] == ["damaged:"]


def test_samples_say_what_a_damaged_journal_lost(left):
    file, data = damage(left, 30)
    entries = list(read_recordings(left))
    assert [type(entry) is Unreadable for entry in entries] == [False] * 4 + [True]
    assert entries[-1].place == file.name
    assert entries[-1].reason.startswith("is damaged: ")
    assert file.read_bytes() == data


def test_export_says_that_a_journal_is_of_another_store(left):
    (file,) = journal.log_files(left)
    file.write_bytes(b"x" * 16 + file.read_bytes().replace(file.read_bytes()[:16], b"y" * 16)[16:])
    said = []
    assert list(stored_deliveries(left, lambda path, text: said.append(text))) == []
    assert said == [f"{file} is left out: it is of another store"]


def test_inspector_tells_of_a_damaged_journal(left):
    damage(left, 30)
    with Kept(left) as kept:
        page = Inspector(kept.receiver, kept.reader, "", Guard(loopback=True))
        _, shown, _ = page._answer("summary", b"")
    assert b'"damaged": [{"file": "store.db-new-00000001", "bytes": ' in shown


def test_damage_of_sqlites_log_takes_nothing(tmp_path, unmoved):
    with Kept(tmp_path / "store.db") as kept:
        for number in range(12):
            kept.put(body(number))
            assert kept.reader.last_id == number + 1
        copy = killed(kept, tmp_path / "copy")
    log = Path(f"{copy}-wal").read_bytes()
    for at in range(0, len(log), len(log) // 30):
        store = tmp_path / str(at) / "store.db"
        shutil.copytree(copy.parent, store.parent)
        Path(f"{store}-wal").write_bytes(flipped(log, at))
        with Kept(store) as kept:
            assert [one.id for one in kept.reader.after(0)] == list(range(1, 13)), at


def test_journal_leaves_when_sqlites_log_is_merged(tmp_path, unmoved, monkeypatch):
    monkeypatch.setattr(recorder_module, "_MOST_SETTLING", 5)
    with Kept(tmp_path / "store.db") as kept:
        for number in range(12):
            kept.put(body(number))
            assert kept.reader.last_id == number + 1
            assert len(journal.log_files(kept.store)) == (number + 1) % 5
    assert journal.log_files(tmp_path / "store.db") == []
