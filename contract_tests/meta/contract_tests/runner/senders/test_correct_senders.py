"""Correct senders with the retries of their ecosystems: each is clean."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from callback_contract.contract_tests.chapters.senders import CHECKS, judge_sender
from callback_contract.contract_tests.kill_matrix.senders import quick_contract
from callback_contract.contract_tests.meta.contract_tests.runner.senders.recorded import RULES
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.model.tries import Schedule
from callback_contract.contract_tests.runner.senders.endpoints import Endpoints
from callback_contract.contract_tests.runner.senders.listeners import listening
from callback_contract.contract_tests.runner.senders.running import listen
from callback_contract.contract_tests.runner.senders.scenarios import ENDPOINTS
from callback_contract.contract_tests.runner.senders.triggers import CommandTrigger
from callback_contract.openapi.documents import json_pointer as jp

SENDERS = Path(__file__).parents[3] / "senders"
PROGRAMS = {
    "requests_retrying_sender.py": [sys.executable],
    "httpx_retrying_sender.py": [sys.executable],
    "node_queue_sender.mjs": ["node"],
    "go_retrying_sender.go": ["go"],
}
WARNED = {"requests_retrying_sender.py": {"RET-14"}, "httpx_retrying_sender.py": {"RET-14"}}
"""Their time-outs begin anew with each byte."""
UNSEEN = {"EVT-04", "EVT-05", "EVT-06", "SGN-01", "SGN-02", "CRT-01", "CRT-02", "CRT-03", "CRT-04"}
"""One event each, unsigned, without TLS: these need more."""


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_sender_with_retries_of_its_ecosystem_is_clean(name, tmp_path):
    (tool, *_), file = PROGRAMS[name], str(SENDERS / name)
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    program = [tool, file]
    if tool == "go":
        program = [str(tmp_path / "sender")]
        run_program(["go", "build", "-o", program[0], file], check=True, timeout=300)
    contract = quick_contract()
    callback = contract.callbacks[0]
    body = tmp_path / "body.json"
    example = jp.replaced(callback.delivered_examples[0].value, callback.delivery.correlation, "UNIQUE")
    body.write_text(json.dumps(example), "utf-8")
    schedule = replace(Schedule.of(callback, speed=60.0, grace_s=1.5), endless_s=6.0)
    only = tuple(each for each, endpoint in ENDPOINTS.items() if not endpoint.many)
    words = [str(schedule.after_s), str(schedule.max_tries), str(2 * schedule.deadline_s)]
    command = f"{shlex.join(program)} {{url}} {shlex.quote(str(body))} {' '.join(words)}"
    endpoints = Endpoints(contract, contract.callbacks, schedule, only=only, is_alone=True)
    with listening(endpoints) as served:
        listen(served, CommandTrigger(command), each=True, wait_s=20)
    results = list(judge_sender(RULES.rules, CHECKS, endpoints.recorded()))
    broken = {each.rule.id: [str(finding.actual) for finding in each.findings] for each in results if each.broken}
    assert broken.keys() == WARNED.get(name, set()), broken
    assert {each.rule.id for each in results if not each.judged} == UNSEEN
