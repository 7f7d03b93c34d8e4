"""Other methods: a server that implements only the delivery's method may respond 501 (RFC 9110, 9.1)."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.meta.support.judged import judged, verdicts
from callback_contract.contract_tests.meta.support.scripted import ScriptedSender, run_of
from callback_contract.contract_tests.stimuli import http
from callback_contract.mock_server.client.sender import Access
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.rules.catalogue import load_catalogue


class OnlyPost(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class CrashesOnPut(OnlyPost):
    def do_PUT(self):
        self.send_error(500)


@pytest.fixture
def verdict_of():
    def judge(handler, *rules):
        with http_server(handler) as url:
            return verdicts(judged(Access(f"{url}/"), *rules, depth="standard"))

    return judge


def test_plain_http_server_that_takes_post_alone_is_right_about_every_other_method(verdict_of):
    found = verdict_of(OnlyPost, "ACK-01", "WIRE-05", "WIRE-06", "WIRE-07", "WIRE-08", "WIRE-09", "SEC-01", "SEC-02")
    assert set(found.values()) == {"pass"}


def test_crash_on_one_other_method_is_found(verdict_of):
    assert verdict_of(CrashesOnPut, "ACK-01", "WIRE-05")["WIRE-05"] == "fail"


def methods_asked(methods):
    contract = load_contract()
    scope = Scope(contract.callbacks[0], DEPTHS["quick"], 0, methods=frozenset(methods))
    return {case.method for case in http.other_methods(scope)}


def test_method_that_another_callback_documents_is_no_other_method():
    assert methods_asked({"POST"}) - methods_asked({"POST", "PUT", "GET"}) == {"PUT", "GET", "HEAD"}


def test_callbacks_of_one_url_share_its_methods(tmp_path):
    document = with_schema({"type": "object"})
    document["webhooks"]["thing"]["put"] = document["webhooks"]["thing"]["post"]
    contract = read_contract(written(tmp_path, document))
    sender, other = ScriptedSender(200), ScriptedSender(200)
    rules = (load_catalogue(), (), contract.callbacks, sender, DEPTHS["quick"])
    methods = [scope.methods for scope in run_of(contract, *rules).config.scopes]
    assert methods == [frozenset({"POST", "PUT"})] * 2
    elsewhere = {contract.callbacks[1].name: other}
    apart = [scope.methods for scope in run_of(contract, *rules, elsewhere=elsewhere).config.scopes]
    assert apart == [frozenset({each.method}) for each in contract.callbacks]
