"""`callback-contract check-sender`: its options, and one run from the trigger to the reports."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

from callback_contract.contract_tests.cli.compare_command import compare
from callback_contract.contract_tests.cli.reproduce_command import reproduce
from callback_contract.contract_tests.cli.senders.command import address_of, check_sender, trigger_of
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import run
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.text.errors import KitError

KIT = shlex.join([sys.executable, "-m", "callback_contract.contract_tests"])
NONE = {"trigger": None, "trigger_url": None, "trigger_body": ""}


def test_dry_run_says_each_endpoint_and_the_time_and_listens_to_nothing():
    ran = invoke(check_sender, ["--dry-run", "--language", "en"])
    assert ran.exit_code == 0
    assert "/busy-date  answers 503 with a date in Retry-After, then 200" in ran.output
    assert "the contract tries again after 60 s, at most 5 times" in ran.output


@pytest.mark.parametrize(
    ("retry", "said"),
    [
        ({"schedule_s": [5, 300]}, "tries again after 5, 300 s, at most 2 times."),
        ({"within_s": 900}, "tries again, and does not say how often."),
        ({"within_s": 900, "max_tries": 9}, "tries again, at most 9 times."),
    ],
)
def test_dry_run_says_what_is_stated_of_retries(tmp_path, retry, said):
    fact = {"value": retry, "provenance": "doc"}
    action = {"target": "$.webhooks.*.post", "update": {"x-delivery": {"retry": fact}}}
    document = {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": [action]}
    (tmp_path / "o.yaml").write_text(json.dumps(document))
    ran = invoke(
        check_sender,
        [
            "--dry-run",
            "--contract",
            written(tmp_path, with_schema({"type": "object"})),
            "--overlay",
            tmp_path / "o.yaml",
            "--language",
            "en",
        ],
    )
    assert said in ran.output


def test_dry_run_speaks_chinese():
    ran = invoke(check_sender, ["--dry-run", "--language", "zh"])
    assert "先返回 500，再返回 200" in ran.output


def test_only_the_endpoints_of_the_rules_are_asked_for():
    ran = invoke(check_sender, ["--dry-run", "--rules", "RET-12", "--language", "en"])
    assert [line.split()[0].rpartition("/")[2] for line in ran.output.splitlines() if line.startswith("  ")] == [
        "redirect"
    ]


def test_rule_on_receivers_is_none_of_a_sender():
    error = invoke(check_sender, ["--dry-run", "--rules", "ACK-01"]).exception
    assert isinstance(error, KitError) and error.exit_code == 2


@pytest.mark.parametrize("text", ["8080", "localhost", "127.0.0.1:", "127.0.0.1:99999", ":80"])
def test_address_that_is_none_is_refused(text):
    with pytest.raises(KitError) as caught:
        address_of(text)
    assert caught.value.where == "--listen"


@pytest.mark.parametrize(("text", "address"), [("[::1]:8443", ("::1", 8443)), ("0.0.0.0:0", ("0.0.0.0", 0))])
def test_address_is_host_and_port(text, address):
    assert address_of(text) == address


@pytest.mark.parametrize(
    ("given", "each", "knows"),
    [
        ({"trigger": "send {url}"}, True, True),
        ({"trigger": "send {urls}"}, False, True),
        ({"trigger": "send"}, False, False),
        ({"trigger_url": "http://127.0.0.1/test-event"}, True, True),
        ({"trigger_url": "http://127.0.0.1/x", "trigger_body": "{}"}, False, False),
        ({"trigger_url": "http://127.0.0.1/x?to={url}", "trigger_body": "{}"}, True, True),
    ],
)
def test_placeholders_say_how_often_a_trigger_is_pulled(given, each, knows):
    assert trigger_of(NONE | given)[1:] == (each, knows)


def test_two_triggers_are_wrong_use():
    with pytest.raises(KitError):
        trigger_of(NONE | {"trigger": "a", "trigger_url": "b"})


@pytest.mark.parametrize("url", ["nonsense", "ftp://h/", "http://h:port/"])
def test_trigger_url_that_is_none_is_wrong_use(url):
    with pytest.raises(KitError) as caught:
        trigger_of(NONE | {"trigger_url": url})
    assert (caught.value.where, caught.value.exit_code) == ("--trigger-url", 2)


def test_trigger_that_fails_leaves_a_report_of_a_sender_and_ends_with_3(tmp_path):
    done = run("check-sender", "--trigger", "false", "--rules", "RET-01", "--report-dir", str(tmp_path))
    assert done.returncode == 3
    assert done.stderr.startswith("error: --trigger: the trigger failed, and nothing came: it ended with 1.")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["side"], report["exit_code"], report["rules"]) == ("sender", 3, [])
    assert "nothing came" in report["run"]["incomplete"]
    error = invoke(reproduce, [str(tmp_path), "RET-01-1"]).exception
    assert error.exit_code == 2 and "check-sender" in str(error)
    del report["side"]
    (tmp_path / "other.json").write_text(json.dumps(report))
    error = invoke(compare, [str(tmp_path), str(tmp_path / "other.json")]).exception
    assert error.exit_code == 2 and "the other on a sender" in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", "RET-07"])
def test_own_provider_is_judged_from_the_trigger_to_the_reports(tmp_path, fault):
    trigger = f"{KIT} send {{url}} -n {{count}} --speed {{speed}}" + (f" --fault {fault}" if fault else "")
    words = ["--speed", "60", "--rules", "RET-07,OUT,EVT-02", "--trigger", trigger, "--report-dir", str(tmp_path)]
    done = run("check-sender", *words)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (done.returncode, report["side"]) == (0, "sender"), done.stdout + done.stderr
    broken = [rule["id"] for rule in report["rules"] if rule["findings"]]
    assert broken == ([fault] if fault else [])
    assert ("> +" in done.stdout) == bool(fault)  # each try of a finding is shown, with its time
    again = run("compare", str(tmp_path), str(tmp_path))
    assert again.returncode == 0
    assert {"junit.xml", "report.html"} <= {file.name for file in tmp_path.iterdir()}
