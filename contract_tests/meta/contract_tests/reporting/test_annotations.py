"""Annotations and archives of findings, as CI runners and other tools read them."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.contract_tests.meta.support.sample_reports import finding, hostile, report, rule
from callback_contract.contract_tests.reporting.formats.annotations import (
    annotation_lines,
    code_quality_json,
    runner_of,
)
from callback_contract.contract_tests.reporting.formats.archive import archive_json
from callback_contract.contract_tests.reporting.formats.junit import junit_xml
from callback_contract.contract_tests.samples.har import read_archive
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract

FOUND = report(
    rule("PAY-01", "fail", [finding("50 % oops", 1, "PAY-01")]),
    rule("ACK-06", "warn", [finding("202", 1, "ACK-06", expected="200")], level="SHOULD"),
)
SAID = "expected a complete answer below 500, got 50 % oops"


def test_github_reads_an_error_for_a_must_and_a_warning_for_a_should():
    must, should = annotation_lines("github", FOUND)
    assert must.startswith("::error title=PAY-01 MUST::") and SAID.replace("%", "%25") in must and "Do it." in must
    assert should.startswith("::warning title=ACK-06 SHOULD::")


def test_azure_reads_issues_of_the_log():
    must, _ = annotation_lines("azure", FOUND)
    assert must.startswith("##vso[task.logissue type=error]PAY-01 MUST: ") and "50 %AZP25 oops" in must


def test_gitlab_reads_a_file_of_code_quality():
    must, should = json.loads(code_quality_json(FOUND))
    assert (must["check_name"], must["severity"], should["severity"]) == ("PAY-01", "critical", "minor")
    assert SAID in must["description"] and must["fingerprint"] != should["fingerprint"]


@pytest.mark.parametrize("runner", ["github", "azure"])
def test_annotation_is_one_line_and_one_command_whatever_a_receiver_says(runner):
    for line in annotation_lines(runner, hostile()):
        assert line.isprintable()
        assert len(re.findall(r"##\w*\[", line)) == (runner == "azure")
        assert not re.search(r"[\r\n]", line)


@pytest.mark.parametrize(
    ("variable", "runner"),
    [("GITHUB_ACTIONS", "github"), ("GITLAB_CI", "gitlab"), ("TF_BUILD", "azure"), ("CI", "")],
)
def test_runner_is_known_by_what_it_says_it_is(variable, runner):
    assert runner_of({variable: "True" if variable == "TF_BUILD" else "true"}) == runner


@pytest.mark.parametrize(
    ("arguments", "environment", "annotated"),
    [
        ([], {"GITHUB_ACTIONS": "true"}, True),
        (["--annotations", "none"], {"GITHUB_ACTIONS": "true"}, False),
        (["--annotations", "github"], {}, True),
        ([], {"GITHUB_ACTIONS": ""}, False),
    ],
)
def test_check_annotates_where_the_runner_says_what_it_is(arguments, environment, annotated):
    with served(Receiver(load_contract(), fault=FAULTS["PAY-17"])) as url:
        done = quick(url, "--rules", "PAY-17", *arguments, **environment)
    assert ("\n::error title=PAY-17 MUST::" in done.stdout) is annotated, done.stdout


def test_gitlab_needs_a_directory_and_gets_its_file_there(tmp_path):
    assert quick("--rules", "ACK-01", "--annotations", "gitlab").returncode == 2
    quick("--rules", "ACK-01", "--annotations", "gitlab", "--report-dir", tmp_path)
    assert json.loads((tmp_path / "gl-code-quality-report.json").read_text()) == []


def test_junit_message_carries_expected_actual_and_remedy():
    (failure,) = ET.fromstring(junit_xml(FOUND)).iter("failure")
    assert SAID in failure.get("message") and "Do it." in failure.get("message")


def test_archive_has_each_exchange_and_can_be_sent_as_a_recording(tmp_path):
    both = report(rule("PAY-01", "fail", [finding("oops"), finding("silent", 2)]))
    value = json.loads(archive_json(both, {"PAY-01-1-1.body": b'{"whole": 1}'}))
    (answered, silent) = value["log"]["entries"]
    assert (answered["response"]["status"], answered["response"]["content"]["text"]) == (500, "oops")
    assert answered["request"]["postData"]["text"] == '{"whole": 1}' and answered["comment"].startswith("PAY-01-1: ")
    assert (silent["response"]["status"], silent["response"]["comment"]) == (0, "broken")
    file = tmp_path / "findings.har"
    file.write_text(archive_json(both, {}))
    assert len(list(read_archive(file, "findings.har"))) == 2
