"""Access to the mock's read-back: for this machine's user, and for others with the token."""

from __future__ import annotations

import http.client
import json
import shlex
import socket
from urllib.parse import urlsplit

import pytest

from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.contract_tests.meta.support.inspecting import GOOD, body, inspecting
from callback_contract.contract_tests.meta.support.processes import mock_running
from callback_contract.mock_server.cli.inspector_options import TOKEN_VARIABLE, guarded
from callback_contract.mock_server.receiver.guard import Guard
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract
from callback_contract.openapi.text.errors import KitError

TOKEN = "a-token-of-enough'$characters"
AUTHORIZATION = f"Authorization: Bearer {TOKEN}"
STATE = "/callback-contract/state/{id}"


def read_back(url, *header):
    """Status and body of a read-back with a header more, or with another Host."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.putrequest("GET", STATE.replace("{id}", GOOD["msg_id"]), skip_host=header[:1] == ("Host",))
    if header:
        connection.putheader(*header)
    connection.endheaders()
    response = connection.getresponse()
    shown = json.loads(response.read())
    connection.close()
    return response.status, shown


@pytest.fixture(scope="module")
def near():
    with inspecting() as mock:
        mock.post(body())
        yield mock.url


@pytest.fixture
def far():
    """A mock that believes that it listens for others, too."""
    receiver = Receiver(load_contract())
    receiver.guard = Guard(loopback=False, token=TOKEN)
    with served(receiver) as url:
        yield url


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ((), 200),
        (("Host", "localhost:1"), 200),
        (("Host", "127.1:1"), 200),
        (("Host", "10.1:1"), 401),
        (("Host", "evil.example"), 401),
        (("X-Forwarded-For", "203.0.113.9"), 401),
        (("Origin", "http://evil.example"), 403),
        (("Sec-Fetch-Site", "cross-site"), 403),
    ],
)
def test_on_loopback_its_user_reads_back_and_no_other_page(near, header, expected):
    status, shown = read_back(near, *header)
    assert status == expected
    assert ("--state-header" in shown.get("detail", "")) == (expected == 401)


def test_beyond_loopback_read_back_needs_the_token(far):
    assert read_back(far)[0] == 401
    assert read_back(far, "Authorization", f"Bearer {TOKEN[:-1]}")[0] == 401
    assert read_back(far, "Authorization", f"Bearer {TOKEN}")[0] == 404  # it is let in, and nothing came


def test_check_gives_the_token_by_its_state_header(far):
    arguments = (far, "--rules", "STA-01", "--state-url", far + STATE)
    refused = quick(*arguments)
    assert (refused.returncode, "--state-header" in refused.stderr) == (3, True), refused.stderr
    done = quick(*arguments, "--state-header", AUTHORIZATION)
    assert (done.returncode, "\nSTA   Stored state: 1 pass\n" in done.stdout) == (0, True), done.stdout
    assert TOKEN not in done.stdout


def test_options_that_are_told_give_the_token_where_one_is_needed(monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    receiver = Receiver(load_contract())
    with socket.create_server(("0.0.0.0", 0)) as far:
        told = shlex.split(guarded(receiver, far))
        assert told == [
            *("--state-url", f"http://127.0.0.1:{far.getsockname()[1]}{STATE}"),
            *("--state-header", AUTHORIZATION),
        ]
    assert receiver.guard == Guard(loopback=False, token=TOKEN)
    monkeypatch.delenv(TOKEN_VARIABLE)
    with socket.create_server(("127.0.0.1", 0)) as near:
        assert "--state-header" not in guarded(receiver, near, https=True)
    assert receiver.guard == Guard(loopback=True, token=None)


def test_token_that_can_be_guessed_is_refused_without_the_inspector_too(monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "short")
    with socket.create_server(("127.0.0.1", 0)) as near, pytest.raises(KitError, match="token is shorter"):
        guarded(Receiver(load_contract()), near)


def test_mock_says_how_check_reads_back():
    with mock_running() as (process, url):
        lines = list(iter(process.stdout.readline, "Ctrl-C stops it.\n"))
        assert f"Read-back, for check: --state-url '{url.rstrip('/')}{STATE}'\n" in lines
        assert read_back(url, "Host", "evil.example")[0] == 401
