"""Write-ahead log of a store: its fate after errors of the disk, the folder, the tables or the kit."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.mock_server.store.test_recording import Kept, body, killed
from callback_contract.contract_tests.meta.support.processes import mock_running
from callback_contract.mock_server.store import recorder as recorder_module
from callback_contract.mock_server.store.export import stored_deliveries
from callback_contract.mock_server.store.tables import Tables
from callback_contract.mock_server.store.write_ahead_log import log_files
from callback_contract.openapi.text.errors import KitError


@pytest.fixture(autouse=True)
def unmoved(monkeypatch):
    """Leaves what came in the journal until somebody looks."""
    monkeypatch.setattr(recorder_module, "_LOOKS_S", 1000.0)


def ids(kept):
    return [one.id for one in kept.reader.after(0)]


def failing(monkeypatch, kept, error):
    def insert(rows, *, together):
        raise error

    monkeypatch.setattr(kept.recorder._tables, "insert", insert)


@pytest.mark.parametrize("error", [sqlite3.DatabaseError("disk image is malformed"), sqlite3.IntegrityError("twice")])
def test_deliveries_wait_on_while_the_tables_are_broken(tmp_path, monkeypatch, error):
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
        with monkeypatch.context() as broken:
            failing(broken, kept, error)
            assert ids(kept) == []
        assert ids(kept) == [1]


@pytest.mark.parametrize("follows", [False, True])
def test_error_of_our_own_leaves_the_journal_for_the_next_start(tmp_path, monkeypatch, follows):
    said = []
    with Kept(tmp_path / "store.db", trouble=said.append) as kept:
        kept.put(body())
        with monkeypatch.context() as broken:
            failing(broken, kept, KeyError("ours"))
            assert ids(kept) == []
        kept.put(*[body(2)] * follows)
        assert ids(kept) == [2][:follows]
    assert said == ["deliveries are kept and cannot be shown: KeyError('ours')"]
    with Kept(tmp_path / "store.db") as kept:
        assert ids(kept) == [1, 2][: 1 + follows]
    assert log_files(tmp_path / "store.db") == []


def test_error_of_our_own_at_the_start_leaves_the_journal_there(tmp_path, monkeypatch):
    said = []
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
        copy = killed(kept, tmp_path / "copy")
    with monkeypatch.context() as broken:
        broken.setattr(Tables, "take_up", lambda tables, rows: {}["ours"])
        with Kept(copy, trouble=said.append) as kept:
            kept.put(body(2))
            assert ids(kept) == [2]
    assert said == [f"deliveries are left in {copy}-new-00000001: KeyError('ours')"]
    with Kept(copy) as kept:
        assert ids(kept) == [1, 2]


def test_journal_is_found_from_another_directory(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    with Kept(Path("store.db")) as kept:
        kept.put(body())
        kept.recorder._write()
        monkeypatch.chdir("other")
        assert ids(kept) == [1]


def test_lost_journal_is_said_and_hides_nothing_that_follows(tmp_path):
    said = []
    with Kept(tmp_path / "store.db", trouble=said.append) as kept:
        kept.put(body())
        kept.recorder._write()
        (lost,) = log_files(kept.store)
        lost.unlink()
        assert ids(kept) == []
        kept.put(body(2))
        assert ids(kept) == [2]
    assert said == [f"1 delivery is lost: somebody deleted {lost}"]


def test_counts_follow_tables_that_are_behind(tmp_path, monkeypatch):
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
        with monkeypatch.context() as broken:
            failing(broken, kept, sqlite3.OperationalError("disk is full"))
            assert kept.reader.counts()["all"] == {"": 0}
        assert kept.reader.counts()["all"] == {"": 1}


def test_new_store_is_its_owners_alone(tmp_path):
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_journal_may_be_read_by_whoever_may_read_the_store(tmp_path):
    with Kept(tmp_path / "store.db") as kept:
        kept.store.chmod(0o640)
        kept.put(body())
        kept.recorder._write()
        (file,) = log_files(kept.store)
        assert file.stat().st_mode & 0o777 == 0o640


def test_journal_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    opened = Path.open

    def denied(path, *args, **more):
        if "-new-" in path.name:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **more)

    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
        kept.recorder._write()
        monkeypatch.setattr(Path, "open", denied)
        with pytest.raises(KitError, match=r"store\.db-new-00000001 cannot be read: Permission denied"):
            list(stored_deliveries(kept.store))
        monkeypatch.undo()


def test_journal_of_another_store_is_left_alone(tmp_path):
    said = []
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
        copy = killed(kept, tmp_path / "copy")
    for file in set(copy.parent.iterdir()) - set(log_files(copy)):
        file.unlink()
    with Kept(copy, trouble=said.append) as kept:
        kept.put(body(2))
        kept.recorder._write()
        assert [delivered for *_, delivered in stored_deliveries(copy)] == [body(2)]
        assert [one.body for one in kept.reader.after(0, whole=True)] == [body(2)]
    (left,) = log_files(copy)
    assert said == [f"deliveries are left in {left}: they are of another store"]


@pytest.mark.parametrize(("held", "said"), [(0, []), (1, ["1 delivery is"]), (2, ["2 deliveries are"])])
def test_mock_says_how_many_deliveries_its_store_holds(tmp_path, held, said):
    store = tmp_path / "store.db"
    with Kept(store) as kept:
        kept.put(*[body()] * held)
    with mock_running("--store", str(store)) as (process, _):
        lines = list(iter(process.stdout.readline, "Ctrl-C stops it.\n"))
    assert [line for line in lines if "deliver" in line] == [f"{text} in {store}\n" for text in said]
