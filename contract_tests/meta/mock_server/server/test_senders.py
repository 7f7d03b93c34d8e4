"""Correct senders in many languages, each a program of its own, are right before the mock."""

from __future__ import annotations

import json
import os

import pytest

from callback_contract.contract_tests.meta.senders import SENDERS
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.mock_server import MockReceiver
from callback_contract.openapi import load_contract

CALLBACK = load_contract().callbacks[0]
DIRECT = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


@pytest.mark.parametrize("sender", [pytest.param(sender, id=sender.name) for sender in SENDERS])
def test_correct_sender_is_accepted_twice(sender, tmp_path):
    if sender.lacking:
        do_without(sender.lacking)
    body = tmp_path / "body.json"
    body.write_text(json.dumps(CALLBACK.delivered_examples[0].value, ensure_ascii=False), "utf-8")
    with MockReceiver() as mock:
        command = sender.filled(mock.url, body)
        run = run_program(command, env=DIRECT, timeout=120)
        assert (run.stdout.split(), run.stderr) == ([str(CALLBACK.answer.status)] * 2, "")
        assert [arrival.accepted for arrival in mock.wait_for(count=2)] == [True, True]
        assert [arrival.body for arrival in mock.deliveries] == [body.read_bytes()] * 2
