"""References into the network: refused unless allowed, and then fetched once each, within bounds, by http(s) alone."""

from __future__ import annotations

import http.server
import json
import time

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi.reading import fetching, read_contract
from callback_contract.openapi.reading import remote_documents as remote

TEXT = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "parts/text.json"}}}


class Server:
    """A server of documents on this machine that counts what it is asked for."""

    def __init__(self, url):
        self.url, self.asked, self.documents, self.moved = url, [], {}, {}
        self.slow_s = 0


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            held.asked.append(self.path)
            time.sleep(held.slow_s)
            found = held.documents.get(self.path)
            self.send_response(302 if self.path in held.moved else 404 if found is None else 200)
            if self.path in held.moved:
                self.send_header("Location", held.moved[self.path])
            self.end_headers()
            if found is not None:
                self.wfile.write(found if isinstance(found, bytes) else json.dumps(found).encode())

        def log_message(self, *_):
            pass

    with http_server(Handler) as url:
        held = Server(url)
        held.documents |= {"/a.json": TEXT, "/parts/text.json": {"type": "string"}}
        yield held


@pytest.fixture
def referring(tmp_path):
    """A file whose webhook `thing` has a schema elsewhere, beside one that needs nothing."""

    def referring(reference):
        document = with_schema({"$ref": reference})
        document["webhooks"]["near"] = with_schema({"type": "object"})["webhooks"]["thing"]
        return written(tmp_path, document)

    return referring


def reason_of(file):
    ((name, reason),) = read_contract(file, remote=True).set_aside
    assert name == "thing"
    return reason


def test_network_is_not_asked_without_the_option(server, referring):
    ((_, reason),) = read_contract(referring(f"{server.url}/a.json")).set_aside
    assert "--allow-remote-refs" in reason
    assert server.asked == []


def test_option_fetches_what_is_referred_to(server, referring):
    file = referring(f"{server.url}/a.json")
    ran = invoke(cli, ["send", "http://127.0.0.1:9/", "--contract", str(file), "--callback", "thing"])
    assert "leads to the network" in str(ran.exception)
    words = ["send", "http://127.0.0.1:9/", "--contract", str(file), "--callback", "thing", "--dry-run"]
    ran = invoke(cli, [*words, "--allow-remote-refs"])
    assert ran.exit_code == 0, ran.output
    assert '{"a":"text"}' in ran.output


def test_each_document_is_fetched_once(server, tmp_path):
    hooks = [{"$ref": f"{server.url}/a.json#/properties/a"}, {"$ref": f"{server.url}/a.json"}, {"$ref": "/none.json"}]
    document = with_schema({"properties": dict(zip("abc", hooks, strict=True))})
    hooks[2]["$ref"] = f"{server.url}/none.json"
    document["webhooks"]["other"] = with_schema(hooks[2])["webhooks"]["thing"]
    document["webhooks"]["near"] = with_schema(hooks[0])["webhooks"]["thing"]
    read_contract(written(tmp_path, document), remote=True)
    assert sorted(server.asked) == ["/a.json", "/none.json", "/parts/text.json"]


def test_document_of_a_url_may_refer_beside_itself(server):
    server.documents["/docs/openapi.json"] = with_schema({"$ref": "../a.json"})
    (callback,) = read_contract(f"{server.url}/docs/openapi.json", remote=True).callbacks
    assert callback.member("/a").types == ("string",)


@pytest.mark.parametrize("reference", ["file:///etc/passwd", "ftp://127.0.0.1/a", "https://user:word@127.0.0.1/a"])
def test_network_leads_nowhere_but_to_http(server, referring, reference):
    server.documents["/a.json"] = {"$ref": reference}
    assert "only http and https are fetched" in reason_of(referring(f"{server.url}/a.json"))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://localhost.invalid/x", "redirects to another host, 'localhost.invalid'"),
        ("/a.json", "redirects more than 5 times, in a ring"),
        ("file:///etc/passwd", "away from http(s)"),
    ],
)
def test_redirect_is_bounded(server, referring, target, said):
    server.moved["/a.json"] = target
    assert said in reason_of(referring(f"{server.url}/a.json"))


def test_redirect_on_the_same_host_is_followed(server, referring):
    server.moved["/old.json"] = "/parts/text.json"
    assert read_contract(referring(f"{server.url}/old.json"), remote=True).set_aside == ()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (None, "the server answered 404"),
        (b"{", "not readable as YAML"),
        (b"\xff", "not UTF-8"),
        ({}, "points at nothing"),
    ],
)
def test_what_cannot_be_read_says_why(server, referring, document, said):
    server.documents["/a.json"] = document
    assert said in reason_of(referring(f"{server.url}/a.json#/properties"))


def test_large_document_is_refused(server, referring, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    monkeypatch.setattr("callback_contract.openapi.documents.yaml_file.MAX_BYTES", 1000)
    server.documents["/a.json"] = b"[" + b" " * 5000
    assert "the largest document that is read" in reason_of(referring(f"{server.url}/a.json"))


def test_slow_document_is_given_up(server, referring, monkeypatch):
    monkeypatch.setattr(fetching, "_MOST_S", 0)
    assert "is not there whole after" in reason_of(referring(f"{server.url}/a.json"))


def test_documents_have_a_time_for_all_of_them_together(server, referring, monkeypatch):
    monkeypatch.setattr(remote, "_MOST_S", 0.3)
    server.slow_s = 0.2
    reason = reason_of(referring(f"{server.url}/a.json"))  # it leads to a second one
    assert "take more than 0.3 s together" in reason and "Bundle the contract" in reason


def test_nothing_more_is_asked_for_when_the_time_for_all_is_over(server, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "_MOST_S", 0.1)
    server.slow_s = 0.3
    document = with_schema({"$ref": f"{server.url}/a.json"})
    document["webhooks"]["other"] = with_schema({"$ref": f"{server.url}/b.json"})["webhooks"]["thing"]
    document["webhooks"]["near"] = with_schema({"type": "object"})["webhooks"]["thing"]
    assert len(read_contract(written(tmp_path, document), remote=True).set_aside) == 2
    assert server.asked == ["/a.json"]


def test_slow_document_does_not_outlast_the_time_for_all(server, referring, monkeypatch):
    monkeypatch.setattr(remote, "_MOST_S", 0.3)
    server.slow_s, begun = 3, time.monotonic()
    assert "take more than 0.3 s together" in reason_of(referring(f"{server.url}/a.json"))
    assert time.monotonic() - begun < 2


def test_documents_are_counted(server, referring, monkeypatch):
    monkeypatch.setattr(remote, "_MOST_FILES", 1)
    assert "more than 1 documents" in reason_of(referring(f"{server.url}/a.json"))


def test_secret_in_a_contracts_url_stands_in_no_report(tmp_path, server):
    document = with_schema({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}})
    server.documents["/c.json?token=S3cret"] = document
    faulty = Receiver(read_contract(written(tmp_path, document)), fault=FAULTS["FWD-01"])
    laid_over = {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}}
    laid_over["actions"] = [{"target": "$.info", "update": {"version": "2"}}]
    (overlay := tmp_path / "o.json").write_text(json.dumps(laid_over))
    with served(faulty) as url:
        told = ["--contract", f"{server.url}/c.json?token=S3cret", "--overlay", str(overlay), "--depth", "quick"]
        arguments = ["check", url, "--rules", "FWD-01", *told]
        shown = invoke(cli, arguments).output
        assert invoke(cli, [*arguments, "--report-dir", str(tmp_path / "r")]).exit_code == 1
    written_files = [file for file in (tmp_path / "r").rglob("*") if file.is_file()]
    assert written_files and not [file.name for file in written_files if b"S3cret" in file.read_bytes()]
    (rule,) = json.loads((tmp_path / "r" / "report.json").read_text())["rules"]
    assert rule["findings"][0]["reproduce"].endswith('FWD-01-1 --contract "$CONTRACT"')
    assert "S3cret" not in shown and f'--contract "$CONTRACT" --overlay {overlay}' in shown


def test_two_documents_are_compared_with_what_they_refer_to(tmp_path, server, referring):
    file = str(referring(f"{server.url}/a.json"))
    alone = invoke(cli, ["diff", file, file])
    whole = invoke(cli, ["diff", file, file, "--allow-remote-refs"])
    assert "leads to the network" in alone.output
    assert (whole.exit_code, "set aside" in whole.output) == (0, False)


def test_documentation_follows_them_in_every_language(tmp_path, server, referring):
    file = referring(f"{server.url}/a.json")
    overlay = {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}}
    overlay["actions"] = [{"target": "$.info", "update": {"title": "文"}}]
    file.with_name(f"{file.stem}.zh.overlay.yaml").write_text(json.dumps(overlay))
    arguments = ["docs", "--contract", str(file), "--allow-remote-refs", "--out", str(tmp_path / "site")]
    assert invoke(cli, arguments).exit_code == 0
    pages = {lang: {page.name for page in (tmp_path / "site" / lang).iterdir()} for lang in ("en", "zh")}
    assert pages["en"] == pages["zh"] and "aside.html" not in pages["zh"]
