"""`check --provider`: a receiver by each provider's library is clean, and one that breaks a fact of it is found."""

from __future__ import annotations

import json
import os
import sys

import pytest

from callback_contract.contract_tests.meta.contract_tests.chapters.provider_receivers import KINDS
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.meta.support.providers import library
from callback_contract.openapi.reading.provider_facts import load_provider, providers

APP = "callback_contract.contract_tests.meta.contract_tests.chapters.provider_receivers:app"

pytestmark = pytest.mark.slow


def judged(name, tmp_path, mistake="", rules=""):
    """The verdicts on a provider's receiver, by rule; the facts are the provider's, the key is in the environment."""
    kind, contract = KINDS[name], tmp_path / "contract.json"
    library(kind.needs)
    contract.write_text(json.dumps(kind.document))
    command = [sys.executable, "-P", "-m", "callback_contract.contract_tests", "check", "/hook", "--app", APP]
    command += ["--contract", contract, "--provider", name, "--state-url", "/hook/{id}", "--depth", "quick"]
    command += ["--report-dir", tmp_path / "report", *(["--rules", rules] if rules else [])]
    environment = {"PROVIDER": name, "MISTAKE": mistake, "CALLBACK_SIGNING_KEY": kind.key}
    done = run_program(command, cwd=tmp_path, env={**os.environ, **environment}, timeout=300)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    report = json.loads((tmp_path / "report/report.json").read_text())
    return {rule["id"]: rule["verdict"] for rule in report["rules"]}


def broken(verdicts):
    return {rule for rule, verdict in verdicts.items() if verdict in {"fail", "flaky", "warn", "error"}}


def test_each_provider_has_a_receiver():
    assert set(KINDS) == set(providers())


@pytest.mark.parametrize("name", KINDS)
def test_right_receiver_is_clean(name, tmp_path):
    verdicts = judged(name, tmp_path)
    assert broken(verdicts) == set()
    assert {verdicts[rule] for rule in ("ACK-01", "SIG-01", "SIG-03", "IDM-03")} == {"pass"}


@pytest.mark.parametrize("name", KINDS)
def test_receiver_that_verifies_nothing_is_found(name, tmp_path):
    # One that needs the header to read the body refuses a delivery without it, and takes any forged one.
    assert broken(judged(name, tmp_path, "unverified", "ACK-01,SIG")) in ({"SIG-01"}, {"SIG-03"})


@pytest.mark.parametrize("name", KINDS)
def test_receiver_that_takes_an_event_twice_is_found(name, tmp_path):
    assert broken(judged(name, tmp_path, "twice", "ACK-01,STA-01,IDM-01,IDM-03")) == {"IDM-03"}


@pytest.mark.parametrize("name", [name for name in KINDS if (load_provider(name).fact("deadline_s") or 99) <= 5])
def test_receiver_that_answers_after_the_providers_deadline_is_found(name, tmp_path):
    assert broken(judged(name, tmp_path, "late", "ACK-01,ACK-05")) == {"ACK-05"}
