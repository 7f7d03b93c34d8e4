"""`check` with a foreign document: from a file or URL, with notes on skipped parts and missing facts."""

from __future__ import annotations

import copy
import http.server
import json

import jsonschema_rs
import pytest
import yaml

from callback_contract.contract_tests.cli.check_command import check
from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.stimuli.missing_facts import LINES, lacking
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served as served_receiver
from callback_contract.openapi import CONTRACT_FILE, ContractError
from callback_contract.openapi.reading import read_contract

BODY = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}


def hook(media_type="application/json"):
    return {"post": {"requestBody": {"content": {media_type: {"schema": BODY}}}, "responses": {"204": {}}}}


DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "theirs", "version": "7"},
    "paths": {"/s": {"post": {"callbacks": {"good": {"{$url}": hook()}, "bad": {"{$url}": hook("text/xml")}}}}},
}


@pytest.fixture
def file(tmp_path):
    return written(tmp_path, DOCUMENT)


def test_mock_made_from_a_foreign_document_is_judged_clean(file):
    ran = invoke(check, ["--contract", str(file), "--depth", "quick", "--rules", "ACK,FWD,PAY-17"])
    assert ran.exit_code == 0
    assert "contract 7" in ran.output
    assert "(no URL was given): good, " in ran.output
    assert "1 of 2 callbacks is set aside" in ran.output and "text/xml" in ran.output


def test_what_was_left_of_the_document_stands_in_every_report(tmp_path):
    entry = {"schema": BODY, "examples": {"right": {"value": {"id": "1"}}, "wrong": {"value": {"id": 1}}}}
    document = copy.deepcopy(DOCUMENT)
    hooks = document["paths"]["/s"]["post"]["callbacks"]
    hooks["good"]["{$url}"]["post"]["requestBody"]["content"]["application/json"] = entry
    hooks["needy"] = copy.deepcopy(hooks["good"])
    needed = {"name": "X-Key", "in": "header", "required": True, "schema": {"type": "string"}}
    hooks["needy"]["{$url}"]["post"]["parameters"] = [needed]
    with served_receiver(Receiver(read_contract(written(tmp_path, DOCUMENT)))) as url:
        arguments = ["--contract", str(written(tmp_path, document)), "--rules", "ACK-01", "--report-dir", str(tmp_path)]
        ran = invoke(check, [url, *arguments])
    assert ran.exit_code == 0, ran.output
    notes = json.loads((tmp_path / "report.json").read_text())["notes"]
    notes = [note for note in notes if note["about"] != "identity"]
    assert [(note["about"], note.get("callback")) for note in notes[:2]] == [
        ("not judged", "needy"),
        ("set aside", "bad"),
    ]
    assert "text/xml" in notes[1]["text"] and "example 'wrong'" in notes[-1]["text"]
    for name in ("report.html", "summary.md"):
        told = (tmp_path / name).read_text()
        assert all(word in told for word in ("X-Key", "text/xml", "wrong")), name


def test_texts_of_a_document_move_no_cursor(tmp_path):
    document = copy.deepcopy(DOCUMENT)
    document["info"] = {"title": "a\x1b[2J\u202e", "version": "7\x1b]0;x\x07"}
    file = str(written(tmp_path, document))
    told = invoke(cli, ["diff", file, file], color=True).output
    ran = invoke(check, ["--contract", file, "--depth", "quick", "--rules", "ACK-01"], color=True)
    for shown in (told, ran.output):
        assert "7\\x1b" in shown and "\x1b]" not in shown and "\x1b[2J" not in shown and "\u202e" not in shown


def test_rule_without_its_fact_says_which_lines_to_add(file):
    ran = invoke(check, ["--contract", str(file), "--depth", "quick", "--rules", "ACK-01,ACK-05", "--verbose"])
    assert "deadline_s: {value:" in " ".join(ran.output.split())


def test_strict_contract_refuses_what_would_be_set_aside(file):
    ran = invoke(cli, ["check", "--contract", str(file), "--strict-contract"])
    assert isinstance(ran.exception, ContractError)


def test_own_contract_read_as_a_foreign_one_is_the_same():
    assert read_contract(CONTRACT_FILE).set_aside == ()
    from callback_contract.openapi import load_contract

    foreign, own = read_contract(CONTRACT_FILE).callbacks[0], load_contract().callbacks[0]
    assert (foreign.name, foreign.delivery, foreign.answer.status) == (own.name, own.delivery, own.answer.status)
    assert foreign.strict == own.strict
    assert [(m.pointer, m.is_free_map) for m in foreign.members] == [(m.pointer, m.is_free_map) for m in own.members]


@pytest.mark.parametrize("fact", LINES)
def test_lines_to_add_are_right(fact):
    shape = json.loads((CONTRACT_FILE.parent / "schemas" / "x-delivery.schema.json").read_text())
    line = yaml.safe_load(LINES[fact].replace("…", "because"))
    jsonschema_rs.validator_for(shape).validate(line)
    assert fact.partition(".")[0] in line and LINES[fact] in lacking(fact)


@pytest.fixture
def served():
    """Serves the document, and a redirect to another host."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "http://localhost.invalid/x")
                self.end_headers()
                return
            found = self.path == "/openapi.json"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(DOCUMENT).encode() if found else b"")

        def log_message(self, *_):
            pass

    with http_server(Handler) as url:
        yield url


def test_url_is_read(served):
    assert [c.name for c in read_contract(f"{served}/openapi.json").callbacks] == ["good"]


@pytest.mark.parametrize(("path", "reason"), [("/none", "answered 404"), ("/away", "redirects to another host")])
def test_url_that_gives_no_document_says_why(served, path, reason):
    with pytest.raises(ContractError, match=reason):
        read_contract(served + path)
