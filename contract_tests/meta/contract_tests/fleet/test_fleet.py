"""`callback-contract fleet`: each partner by a process of its own, an end for each, and what is left goes on later."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from callback_contract.contract_tests.cli.fleet import judging
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract

pytestmark = pytest.mark.slow  # it judges, by processes

KIT = [sys.executable, "-P", "-m", "callback_contract.contract_tests"]
FLEET = [*KIT, "fleet", "partners.toml", "--language", "en"]


@pytest.fixture
def fleet(tmp_path):
    contract = load_contract()
    with served(Receiver(contract)) as right, served(Receiver(contract, fault=FAULTS["ACK-02"])) as wrong:
        text = "[defaults]\nrules = ['ACK']\ndepth = 'quick'\n"
        for name, url in {"right": right, "wrong": wrong}.items():
            text += f"[partners.{name}]\nurl = '{url}/callbacks/whatsapp'\n"
        (tmp_path / "partners.toml").write_text(text)
        yield tmp_path


def verdicts(folder):
    return {file.parent.name: json.loads(file.read_text())["exit_code"] for file in folder.glob("*/report.json")}


def test_fleet_judges_each_partner_and_exits_with_the_worst(fleet):
    done = run_program(FLEET, cwd=fleet, timeout=300)
    assert done.returncode == 1
    assert verdicts(fleet / "fleet-reports") == {"right": 0, "wrong": 1}
    assert "wrong: a rule is broken" in done.stdout and "2 reports: 1 fails" in done.stdout
    assert 'href="wrong/report.html"' in (fleet / "fleet-reports/index.html").read_text()
    kept = (fleet / "fleet-reports/right/report.json").stat().st_mtime_ns
    (fleet / "fleet-reports/wrong/report.json").unlink()
    resumed = run_program([*FLEET, "--resume"], cwd=fleet, timeout=300)
    assert (resumed.returncode, verdicts(fleet / "fleet-reports")) == (1, {"right": 0, "wrong": 1})
    assert (fleet / "fleet-reports/right/report.json").stat().st_mtime_ns == kept
    run_program([*FLEET, "--only", "right"], cwd=fleet, timeout=300)
    assert len(list((fleet / "fleet-reports/right/history").glob("*/report.json"))) == 1


def test_variable_for_every_check_leads_no_partner_elsewhere(fleet, monkeypatch):
    monkeypatch.setenv("CALLBACK_CONTRACT_CHECK_URL", "http://127.0.0.1:9/nowhere")
    done = run_program([*FLEET, "--only", "right"], cwd=fleet, timeout=300)
    assert done.returncode == 0


def test_interrupted_fleet_leaves_reports_and_ends_its_processes(fleet):
    slow = (fleet / "partners.toml").read_text().replace("'quick'", "'standard'\nrate = 1")
    (fleet / "partners.toml").write_text(slow)
    with (fleet / "said").open("wb") as said:
        running = subprocess.Popen(FLEET, cwd=fleet, stdout=said, stderr=said)
        try:
            end = time.monotonic() + 120
            logs = [fleet / f"fleet-reports/{name}/check.log" for name in ("right", "wrong")]
            while not all(log.exists() and log.stat().st_size for log in logs) and time.monotonic() < end:
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            code = running.wait(120)
        finally:
            running.kill()
    assert code == 130, (fleet / "said").read_text()
    assert verdicts(fleet / "fleet-reports") == {"right": 130, "wrong": 130}
    assert "--resume judges what is left" in (fleet / "said").read_text()


@pytest.mark.parametrize(("kind", "schema"), [("github", "vendor.github-workflows"), ("gitlab", "vendor.gitlab-ci")])
def test_pipeline_satisfies_its_vendors_schema(fleet, kind, schema):
    pytest.importorskip("check_jsonschema")
    (fleet / "pipeline.yml").write_text(run_program([*FLEET, "--matrix", kind], cwd=fleet, check=True).stdout)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, fleet / "pipeline.yml"]
    run_program(command, timeout=60, check=True)


def test_partner_that_does_not_end_is_stopped(monkeypatch, tmp_path, fleet):
    from callback_contract.contract_tests.cli.check_command import check
    from callback_contract.contract_tests.cli.fleet.partners_file import read_partners

    (row,) = read_partners(fleet / "partners.toml", check, ["right"])
    monkeypatch.setattr(judging, "check_line", lambda *_: [sys.executable, "-c", "import time; time.sleep(600)"])
    monkeypatch.setattr(judging, "MOST_S", 0)
    monkeypatch.setattr(judging, "_GRACE_S", 0.2)
    (ended,) = judging.judge_all([row], tmp_path, 1, lambda *_: None, lambda *_: None)
    assert (ended.code, ended.out_of_time) == (3, True)
