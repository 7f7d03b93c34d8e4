"""A mock that is killed at any moment, again and again: its store has every acknowledged delivery once."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections import defaultdict
from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.mock_server.store.test_recording import CONTRACT, STATES, body, delivery
from callback_contract.contract_tests.meta.support.inspecting import asked
from callback_contract.contract_tests.meta.support.processes import mock_running
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.store.recorder import Recorder

_SENDERS, _LONGEST_S, _READ_BACK = 4, 0.4, 25
LIFE = STATES[:3]


class Lives:
    """Tells the lives of messages, one state after the other, until the receiver is gone."""

    def __init__(self):
        self.acknowledged: list[tuple[str, str]] = []
        self.sent: set[tuple[str, str]] = set()
        self._numbers = iter(range(1_000_000))

    def tell(self, url):
        sender = Sender(Access(url), Pace())
        with contextlib.closing(sender):
            while True:
                number = next(self._numbers)
                for state in LIFE:
                    told = replace(delivery(number), body=body(number, state))
                    event = (told.ids[0], state)
                    self.sent.add(event)
                    if not sender.send(told).acknowledged:
                        return
                    self.acknowledged.append(event)


def kill_under_load(lives, process, url, after_s):
    """Has the mock killed so long after the first acknowledgement."""
    before = len(lives.acknowledged)
    threads = [threading.Thread(target=lives.tell, args=(url,), daemon=True) for _ in range(_SENDERS)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 30
    while len(lives.acknowledged) == before and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    for thread in threads:
        thread.join(60)
    assert len(lives.acknowledged) > before


def stored(store):
    """What the store holds: the states of each message in the order of arrival."""
    found = defaultdict(list)
    with Recorder(CONTRACT, store) as recorder:
        last = 0
        while some := recorder.reader.after(last, limit=1000):
            last = some[-1].id
            for one in some:
                found[one.message].append(one.state)
    return found


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_mock_that_is_killed_again_and_again_keeps_what_it_acknowledged(tmp_path, kills):
    store, lives, chance = tmp_path / "store.db", Lives(), random.Random(kills)
    for _ in range(kills):
        with mock_running("--store", str(store), "--keep", "1000000") as (process, url):
            kill_under_load(lives, process, url, chance.uniform(0, _LONGEST_S))
    held = stored(store)
    kept = [(message, state) for message, states in held.items() for state in states]
    assert len(kept) == len(set(kept))  # each was sent once
    assert set(lives.acknowledged) <= set(kept) <= lives.sent
    with mock_running("--store", str(store), "--keep", "1000000") as (_, url):
        for message in chance.sample(sorted(held), min(_READ_BACK, len(held))):
            shown = json.loads(asked(url.rstrip("/"), f"/callback-contract/state/{message}").body)
            assert (shown["state"], shown["applied"]) == (held[message][-1], len(held[message])), message
