"""Read-back: an invalid one is a configuration error, and a missing part makes rules not applicable."""

from __future__ import annotations

import json

import pytest

from callback_contract.contract_tests.meta.contract_tests.cli.test_check import PROGRAM, quick
from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.model.observations import Stored
from callback_contract.contract_tests.target.plugin_loader import load_plugin
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract
from callback_contract.openapi.text.errors import KitError

CONTRACT = load_contract()
STATE = "/callback-contract/state/{id}"


@pytest.fixture
def url():
    with served(Receiver(CONTRACT)) as base:
        yield base


def test_without_read_back_its_rules_are_not_applicable_and_say_what_would_help(url):
    done = quick(url, "--rules", "STA-01,IDM-01")
    assert done.returncode == 0
    assert "needs read-back: give --state-url" in done.stdout


def test_state_url_makes_them_applicable(url):
    done = quick(url, "--verbose", "--rules", "STA-01,IDM-03", "--state-url", url + STATE)
    assert (done.returncode, done.stdout.count("\npass ")) == (0, 2), done.stdout


def test_plugin_takes_the_place_of_a_state_url(url, tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "import json, urllib.request, urllib.error\n"
        "def read_back(message_id):\n"
        "    try:\n"
        f"        return json.load(urllib.request.urlopen({url + STATE!r}.replace('{{id}}', message_id)))\n"
        "    except urllib.error.HTTPError:\n"
        "        return None\n"
    )
    done = quick(url, "--verbose", "--rules", "STA-01", "--plugin", str(plugin))
    assert (done.returncode, done.stdout.count("\npass ")) == (0, 1), done.stdout + done.stderr


def test_receiver_s_words_are_translated(url):
    words = {"wait": "queued"}

    def act(connection, request):
        message = request.split(b" ")[1].rpartition(b"/")[2].decode()
        import urllib.error
        import urllib.request

        try:
            stored = json.load(urllib.request.urlopen(url + STATE.replace("{id}", message)))
        except urllib.error.HTTPError:
            return connection.sendall(answer("404 Not Found"))
        stored["state"] = words.get(stored["state"], stored["state"])
        return connection.sendall(answer("200 OK", json.dumps(stored).encode(), "Content-Type: application/json"))

    with raw_server(act) as states:
        assert quick(url, "--rules", "STA-01", "--state-url", states + "/{id}").returncode == 3
        translated = quick(url, "--rules", "STA-01", "--state-url", states + "/{id}", "--state-map", "queued=wait")
    assert translated.returncode == 0, translated.stdout + translated.stderr


ODD = {
    "HTML": answer("200 OK", b"<!doctype html><p>hi"),
    "an error": answer("500 Oops", b"{}"),
    "another's JSON": answer("200 OK", b'{"status": "fine"}', "Content-Type: application/json"),
    "no JSON": answer("200 OK", b"fine"),
}


@pytest.mark.parametrize("kind", ODD)
def test_state_url_that_is_none_is_a_configuration_error(url, kind):
    with raw_server(lambda connection, request: connection.sendall(ODD[kind])) as states:
        done = quick(url, "--rules", "STA-01", "--state-url", states + "/{id}")
    assert (done.returncode, "--state-url" in done.stderr) == (3, True)
    assert "Traceback" not in done.stderr


def test_state_url_without_a_place_for_the_id_is_wrong_use(url):
    done = quick(url, "--state-url", url + "/state")
    assert (done.returncode, "{id}" in done.stderr) == (2, True)


def test_message_that_is_never_stored_is_a_finding(url):
    with raw_server(lambda connection, request: connection.sendall(answer("404 Not Found"))) as states:
        done = quick(url, "--rules", "STA-01", "--state-url", states + "/{id}", "--state-patience", "0.2")
    assert done.returncode == 1
    assert "the message is not known" in done.stdout


@pytest.mark.slow
def test_backward_state_is_told_with_what_was_shown(tmp_path):
    with served(Receiver(CONTRACT, fault=FAULTS["ORD-02"])) as base:
        done = quick(base, "--rules", "ORD", "--state-url", base + STATE, "--report-dir", str(tmp_path))
    assert done.returncode == 1
    rules = {rule["id"]: rule for rule in json.loads((tmp_path / "report.json").read_text())["rules"]}
    assert rules["ORD-02"]["verdict"] == "fail"
    assert "applied" in rules["ORD-02"]["findings"][0]["actual"]
    assert len(rules["ORD-02"]["findings"][0]["exchanges"]) >= 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return {'applied': 1}", "without 'state'; it has 'applied'"),
        ("return {'state': 'wait', 'applied': '1'}", "'applied' as str, and not as int"),
        ("return 'wait'", "returned str, and no mapping"),
        ("return {}['row']", r"failed at .*mine\.py:2: KeyError: 'row'"),
        ("raise SystemExit('bye')", r"failed at .*mine\.py:2: SystemExit: bye"),
        ("import pytest; pytest.skip('not now')", r"failed at .*mine\.py:2: Skipped: not now"),
    ],
)
def test_plugin_s_mistake_is_told_as_what_it_is(tmp_path, body, said):
    file = tmp_path / "mine.py"
    file.write_text(f"def read_back(message_id):\n    {body}\n")
    with pytest.raises(ReadBackError, match=said):
        load_plugin(file, {})("1")


@pytest.mark.parametrize("text", ["import sys; sys.exit()", "raise ValueError", "import pytest; pytest.fail('no')"])
def test_plugin_that_does_not_run_is_wrong_use(tmp_path, text):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(KitError, match="does not run") as told:
        load_plugin(file, {})
    assert told.value.exit_code == 2


def test_plugin_prints_beside_the_report_and_reads_none_of_our_input(url, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import subprocess\ndef read_back(message_id):\n    print('looked')\n"
        "    assert subprocess.run(['head', '-c', '1'], capture_output=True).stdout == b''\n"
    )
    options = ["--rules", "STA-01", "--plugin", str(file), "--state-patience", "0", "--depth", "quick"]
    done = run_program([*PROGRAM, "check", url, *options], input="for others")
    assert "looked" in done.stderr and "looked" not in done.stdout
    assert "AssertionError" not in done.stderr


def test_plugin_may_return_a_row(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import sqlite3\ndef read_back(message_id):\n    base = sqlite3.connect(':memory:')\n"
        "    base.row_factory = sqlite3.Row\n"
        "    return base.execute(\"select 'theirs' as state, 1 as applied\").fetchone()\n"
    )
    assert load_plugin(file, {"theirs": "ours"})("1") == Stored("ours", 1)


def test_read_back_that_never_shows_a_message_is_asked_about(url):
    done = quick(url, "--rules", "STA-01", "--state-url", f"{url}/callback-contract/x/{{id}}", "--state-patience", "0")
    assert done.returncode == 1
    assert f"is {url}/callback-contract/x/{{id}} the right --state-url?" in " ".join(done.stdout.split())


def test_words_that_no_state_has_are_asked_about(url, tmp_path):
    (tmp_path / "mine.py").write_text("def read_back(id):\n    return {'state': 'theirs', 'applied': 1}\n")
    done = quick(url, "--rules", "STA-01", "--plugin", str(tmp_path / "mine.py"), "--state-patience", "0")
    assert (done.returncode, "('theirs'): --state-map" in done.stdout) == (1, True), done.stdout
