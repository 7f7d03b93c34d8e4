"""Locked store: deliveries and readers while another program holds the store."""

from __future__ import annotations

import contextlib
import sqlite3
import time

import pytest

from callback_contract.contract_tests.meta.mock_server.store.test_recording import Kept, body
from callback_contract.mock_server.inspector.app import Inspector
from callback_contract.mock_server.receiver.guard import Guard
from callback_contract.mock_server.store import export
from callback_contract.mock_server.store import recorder as recorder_module
from callback_contract.mock_server.store import retention as bounds
from callback_contract.mock_server.store import write_ahead_log as journal
from callback_contract.mock_server.store.export import stored_deliveries
from callback_contract.openapi.text.errors import KitError

LONG_S = 3.0  # SQLite itself would wait 5 s, and a page asks several times


@pytest.fixture
def unmoved(monkeypatch):
    """Leaves what came in the journal until somebody looks."""
    monkeypatch.setattr(recorder_module, "_LOOKS_S", 1000.0)


@contextlib.contextmanager
def held(store):
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_who_looks_waits_for_no_other_program(tmp_path, unmoved):
    said = []
    with Kept(tmp_path / "store.db", trouble=said.append) as kept:
        page = Inspector(kept.receiver, kept.reader, "", Guard(loopback=True))
        kept.put(body())
        assert b'"id": 1' in page._answer("deliveries", b"")[1]
        with held(kept.store):
            kept.put(body(2))
            begun = time.monotonic()
            status, shown, _ = page._answer("deliveries", b"")
            assert time.monotonic() - begun < LONG_S
            assert (status, b'"id": 1' in shown, b'"id": 2' in shown) == (200, True, False)
            assert [number for number, *_ in stored_deliveries(kept.store)] == [1, 2]
        assert b'"id": 2' in page._answer("deliveries", b"")[1]
    reason = "another program holds the store (database is locked)"
    assert said == [f"deliveries are kept and cannot be shown: {reason}"]


def test_answers_do_not_wait_for_a_store_that_is_held(tmp_path, unmoved, monkeypatch):
    monkeypatch.setattr(bounds, "_MOST_BEYOND", 20)
    monkeypatch.setattr(journal, "_MOST_ROWS", 10)
    with Kept(tmp_path / "store.db", keep=10) as kept:
        kept.put(body())
        assert kept.reader.last_id == 1
        with held(kept.store):
            kept.put(body(2))
            assert [one.id for one in kept.reader.after(0)] == [1]
            trims = []
            with monkeypatch.context() as watched:
                watched.setattr(kept.recorder._tables, "trim", lambda *args, **more: trims.append(args))
                for number in range(200):
                    kept.put(body(number))
                    kept.recorder._write()
            assert (trims, kept.recorder._waiting.count <= 50) == ([], True)
        assert kept.reader.after(0)[-1].id == 202


def test_store_that_cannot_be_read_is_said_to_who_looks(tmp_path, monkeypatch):
    def locked(query, values=()):
        raise sqlite3.OperationalError("database is locked")

    with Kept(tmp_path / "store.db") as kept:
        page = Inspector(kept.receiver, kept.reader, "", Guard(loopback=True))
        with monkeypatch.context() as broken:
            broken.setattr(kept.recorder._database, "read", locked)
            status, shown, _ = page._answer("deliveries", b"")
    assert (status, b"database is locked" in shown) == (503, True)


def test_export_says_that_another_program_holds_the_store(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_BUSY_S", 0.05)
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body())
    with contextlib.closing(sqlite3.connect(kept.store)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("UPDATE deliveries SET id = id")
        with pytest.raises(KitError, match="Another program holds it"):
            list(export.stored_deliveries(kept.store))
