"""A receiver that acknowledges before it reads is judged by its declaration: an option, or a fact of the contract."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

import pytest

from callback_contract.contract_tests.cli.check_command import check
from callback_contract.contract_tests.meta.support.foreign import contract_of
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.meta.support.processes import invoke


class TakesAll(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def judged(tmp_path):
    def judge(*options, facts=None):
        contract_of(tmp_path, facts=facts)
        rules = "ACK-01,PAY-02,PAY-04,PAY-06,PAY-08,PAY-10"
        with http_server(TakesAll) as url:
            arguments = ["--contract", str(tmp_path / "contract.json"), "--depth", "quick", "--rules", rules]
            return invoke(check, [url, *arguments, *options])

    return judge


def test_must_is_broken_where_nothing_is_declared(judged):
    ran = judged()
    assert (ran.exit_code, "1 pass, 1 warn, 4 fail" in ran.output) == (1, True)


def test_declaration_makes_warnings_of_them(judged):
    for ran in (judged("--acknowledges-unread"), judged(facts={"acknowledges_unread": True})):
        assert ran.exit_code == 0, ran.output
        assert "1 pass, 5 warn" in ran.output


def test_denied_declaration_excuses_nothing(judged):
    assert judged(facts={"acknowledges_unread": False}).exit_code == 1
