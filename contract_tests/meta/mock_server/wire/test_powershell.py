"""PowerShell lines: each text is exact, ids are fresh, what it cannot send has none. None was run there."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.cli import send_command
from callback_contract.mock_server.wire.delivery import Delivery, Framing
from callback_contract.mock_server.wire.powershell import powershell, powershell_word

JSON = ("Content-Type", "application/json")
HEADERS = (JSON, ("User-Agent", "A"), ("X-Id", "r1"))
DELIVERY = Delivery("call", "POST", HEADERS, b'{"id":"r1-7","text":"it\'s \xe2\x80\x99here"}')
URL = powershell_word("http://127.0.0.1:1/x")


def line(delivery=DELIVERY, **more):
    return powershell(delivery, URL, **{"longest": 9000, **more})


def test_quotes_of_every_kind_stay():
    assert powershell_word("it's \u2019n") == "'it''s \u2019\u2019n'"


def test_line_sends_method_url_headers_and_body():
    said = line()
    assert said.startswith("Invoke-WebRequest -UseBasicParsing -Method POST -Uri 'http://127.0.0.1:1/x' ")
    assert "-ContentType 'application/json' -UserAgent 'A' -Headers @{'X-Id' = 'r1'} -Body " in said
    assert 'GetBytes(\'{"id":"r1-7","text":"it\'\'s \u2019\u2019here"}\'))' in said


def test_ids_are_of_a_fresh_run():
    said = line(run="r1")
    assert said.startswith("$RUN = Get-Random ")
    assert "'X-Id' = ('' + $RUN + '')" in said and '(\'{"id":"\' + $RUN + \'-7"' in said
    assert not line(run="r1", afresh=False).startswith("$RUN")


def test_secret_is_left_to_the_reader():
    assert "'X-Id' = \"$SECRET\"" in line(extra_headers=("X-Id",))


@pytest.mark.parametrize(
    "delivery",
    [
        replace(DELIVERY, headers=(JSON, ("X-A", "1"), ("x-a", "2"))),
        replace(DELIVERY, headers=(JSON, ("Host", "other"))),
        replace(DELIVERY, headers=()),
        replace(DELIVERY, method="PROPFIND"),
        replace(DELIVERY, body=b"\xff"),
        replace(DELIVERY, body=b'"\x1b"'),
        replace(DELIVERY, framing=Framing(chunks=(1,))),
        replace(DELIVERY, body=b'"##vso[task.x]"'),
    ],
    ids=[
        "a header twice",
        "a host",
        "no content type",
        "an odd method",
        "no text",
        "for no terminal",
        "chunks",
        "a command",
    ],
)
def test_what_it_cannot_send_has_no_line(delivery):
    assert line(delivery) is None


def test_send_prints_it_on_windows(monkeypatch):
    monkeypatch.setattr(send_command, "os", SimpleNamespace(name="nt"))
    said = invoke(cli, ["send", "http://127.0.0.1:1/x", "--dry-run"]).output
    assert said.startswith("$RUN = Get-Random") and "Invoke-WebRequest" in said and "curl" not in said
