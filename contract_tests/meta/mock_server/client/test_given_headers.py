"""Headers that the user gives replace the kit's lines; those that would make a request wrong are refused."""

from __future__ import annotations

import http.server as server
import re

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli import http
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.wire.curl import curl
from callback_contract.mock_server.wire.delivery import Delivery, replaced_by
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.text.errors import KitError


class Shown(server.BaseHTTPRequestHandler):
    seen = ()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Shown.seen = self.headers.items()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


def received(*given, sent=(), signer=None, **access):
    """The header lines that arrive, by their lower-case names."""
    with http_server(Shown) as url:
        sender = Sender(Access(url, headers=given, **access), Pace(), signer)
        assert sender.send(Delivery("c", "POST", sent, b"{}")).status == 204
    return [(name.lower(), value) for name, value in Shown.seen]


@pytest.mark.parametrize("name", ["Host", "host", "User-Agent", "Content-Type", "X-Hub-Delivery"])
def test_given_header_stands_alone(name):
    own = (("User-Agent", "kit"), ("Content-Type", "application/json"), ("x-hub-delivery", "1"))
    lines = received((name, "given"), sent=own)
    assert [value for each, value in lines if each == name.lower()] == ["given"]


def test_given_authorization_replaces_basic_credentials():
    lines = received(("Authorization", "Bearer t"), basic_auth="user:password")
    assert [value for name, value in lines if name == "authorization"] == ["Bearer t"]


def test_signature_replaces_the_contracts_line_of_its_name():
    lines = received(
        sent=(("Webhook-Id", "example"),), signer=lambda delivery, url: ((("webhook-id", "signed"),), delivery.body)
    )
    assert [value for name, value in lines if name == "webhook-id"] == ["signed"]


def test_given_header_that_stands_twice_is_sent_twice():
    more = (("X-Tag", "a"), ("X-Tag", "b"))
    assert replaced_by((("x-tag", "kit"), ("A", "1")), more) == (("A", "1"), *more)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ((("content-length", "3"),), "Content-Length is not the user's"),
        ((("Transfer-Encoding", "chunked"),), "Transfer-Encoding is not the user's"),
        ((("Host", "a"), ("host", "a")), "Host stands twice"),
        ((("Host", "a b"),), "Host is no host"),
        ((("Host", ""),), "Host is no host"),
        ((("Host", "https://a"),), "Host is no host"),
    ],
)
def test_header_that_would_make_the_request_wrong_is_refused(headers, said):
    with pytest.raises(KitError, match=said):
        Access("http://127.0.0.1:1/", headers=headers)


@pytest.mark.parametrize("host", ["hooks.example.com", "hooks.example.com:8443", "[::1]:80", "127.0.0.1", "a_b"])
def test_host_of_any_form_is_taken(host):
    Access("http://127.0.0.1:1/", headers=(("Host", host),))


# What is judged beside them


def cases(stimuli, *given):
    callback = load_contract().callbacks[0]
    return applicable_cases(stimuli, Scope(callback, DEPTHS["quick"], 0, given=frozenset(given)))


@pytest.mark.parametrize("stimuli", [http.unknown_media_types, http.media_type_cases])
def test_stimulus_that_a_given_header_replaces_is_not_judged(stimuli):
    with pytest.raises(NotApplicable, match="stands in a header that was given: content-type"):
        cases(stimuli, "content-type")


def test_stimulus_that_differs_in_something_else_is_judged():
    assert len(cases(http.other_methods, "content-type", "user-agent")) == len(cases(http.other_methods))
    assert len(cases(http.unknown_headers, "content-type")) == len(cases(http.unknown_headers))


def test_curl_line_leaves_a_replaced_header_to_the_user():
    line = curl(Delivery("c", "POST", (("Host", "a"),), b"{}"), "u", extra_headers=("host",))
    assert "-H 'host: '\"$SECRET\"" in line and "Host" not in line


def test_curl_line_has_the_parameters_of_the_delivery():
    told = Delivery("c", "POST", (), b"{}", query=(("id", "r1"),))
    line = curl(told, "http://a/b", run="r")
    assert line is not None and re.search(r"""http://a/b'\?id='"\$\(\(RUN=[^"]+\)\)"1 """, line)
