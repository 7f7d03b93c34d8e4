"""The inspector's endpoints, asked without a browser."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.inspecting import GOOD, asked, body, inspecting
from callback_contract.mock_server.cli.inspector_options import TOKEN_VARIABLE, inspected
from callback_contract.mock_server.inspector.resend import curl_of
from callback_contract.mock_server.receiver.guard import FOREIGN, NO_TOKEN, Guard
from callback_contract.mock_server.server.serving import bound_socket
from callback_contract.mock_server.signing import DeliverySigner, signature_from
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import words_of

PAGE = Path(__file__).parents[4] / "mock_server" / "inspector" / "page"
TOKEN = "a-token-of-enough-characters"


@pytest.fixture
def mock():
    with inspecting() as started:
        yield started


@pytest.fixture(scope="module")
def four():
    with inspecting() as started:
        started.post(body(variables={"name": "李雷"}))
        started.post(body(variables={"name": "李雷"}))
        started.post(body(status="archived", msg_id="ca11bac402"))
        started.post(b'{"a": 1}')
        yield started


def ids(mock, query=""):
    return [row["id"] for row in mock.get(f"deliveries?{query}")["rows"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [4, 3, 2, 1]),
        ("verdict=refused", [4]),
        ("verdict=forward-compatible", [3]),
        ("status=2xx", [3, 2, 1]),
        ("status=422", [4]),
        (f"message={GOOD['msg_id']}&marked=duplicate", [2]),
        ("state=archived", [3]),
        ("text=%E6%9D%8E%E9%9B%B7", [2, 1]),
        ("callback=none", []),
        ("limit=2", [4, 3]),
        ("before=3", [2, 1]),
        ("after=2", [3, 4]),
    ],
)
def test_list_is_filtered_and_paged(four, query, expected):
    assert ids(four, query) == expected


@pytest.mark.parametrize("query", ["status=20", "verdict=good", "marked=x", "before=-1", "nothing=1", "after=1e3"])
def test_query_that_is_not_understood_is_refused(four, query):
    assert four.ask(f"deliveries?{query}").status == 400


def test_detail_tells_the_contracts_words_and_the_bytes_are_exact(mock):
    sent = body(timestamp="x") + b"  "
    mock.post(sent, ("X-Name", "caf\u00e9"))
    told = mock.get("deliveries/1")
    assert told["violations"] == [{"pointer": "/timestamp", "message": "'x' is not of type 'integer'"}]
    assert ["X-Name", "caf\u00e9"] in told["headers"]
    assert mock.ask("deliveries/1/body").body == sent


def test_life_has_every_delivery_of_the_message_and_no_other(mock):
    for status in ("wait", "read", "read", "send"):
        mock.post(body(status=status))
    mock.post(body(msg_id="ca11bac402"))
    life = mock.get("deliveries/1/life")
    assert [(row["state"], row["again"], row["late"]) for row in life] == [
        ("wait", "", False),
        ("read", "", False),
        ("read", "duplicate", False),
        ("send", "", True),
    ]


def test_message_id_that_is_no_text_of_unicode_can_be_looked_at(mock):
    mock.post(body().replace(GOOD["msg_id"].encode(), rb"\ud800"))
    assert mock.get("deliveries/1")["verdict"] == "refused"
    assert len(mock.get("deliveries/1/life")) == 1


def test_summary_counts(mock):
    mock.post(body())
    mock.post(b"{")
    summary = mock.get("summary")
    assert summary["counts"]["verdict"] == {"accepted": 1, "refused": 1}
    assert sum(bar["count"] for bar in summary["latencies"]) == 2


def test_unknown_delivery_is_not_found(four):
    assert four.ask("deliveries/99").status == 404
    assert four.ask("deliveries/../../x").status == 404


def test_looking_is_not_recorded(mock):
    mock.get("deliveries")
    mock.ask("deliveries/1/send", method="POST")
    assert mock.get("deliveries")["rows"] == []


def test_read_back_is_served_as_before(mock):
    mock.post(body())
    assert json.loads(asked(mock.url, f"/callback-contract/state/{GOOD['msg_id']}").body)["applied"] == 1


def test_stream_tells_what_comes(mock):
    with socket.create_connection(mock.address, timeout=10) as connection:
        connection.sendall(b"GET /callback-contract/api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        stream = connection.makefile("rb")
        told = (line for line in stream if line.startswith(b"data:"))
        assert next(told) == b"data: 0\n"
        mock.post(body())
        assert next(told) == b"data: 1\n"


def test_open_stream_keeps_no_server_from_ending(capfd):
    with inspecting() as mock:
        connection = socket.create_connection(mock.address, timeout=10)
        connection.sendall(b"GET /callback-contract/api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        stream = connection.makefile("rb")
        assert next(line for line in stream if line.startswith(b"data:"))
    assert b"\r\n0\r\n" in stream.read()  # it came to its end and was not torn off
    connection.close()
    assert capfd.readouterr().err == ""


def test_send_again_sends_the_exact_bytes_to_the_given_url_alone():
    sent = body(variables={"name": "{run} 李雷"}) + b"\n "
    with inspecting() as other, inspecting(forward_to=f"{other.url}/there?a=b") as mock:
        mock.post(sent, ("Authorization", "Bearer hidden-secret"), ("X-Id", "7"), path="/here")
        answer = json.loads(mock.ask("deliveries/1/send", method="POST", Origin=mock.url).body)
        got = other.get("deliveries/1")
        assert (answer["status"], answer["left_out"]) == (200, ["Authorization"])
        assert (got["target"], other.ask("deliveries/1/body").body) == ("/there?a=b", sent)
        assert ["X-Id", "7"] in got["headers"]
        assert "hidden-secret" not in json.dumps(got)


def test_answer_that_asks_to_wait_is_shown_and_not_waited_for():
    with inspecting() as other, inspecting(forward_to=other.url) as mock:
        other.script("429x*;retry-after=100")
        mock.post(body())
        answer = json.loads(mock.ask("deliveries/1/send", method="POST", Origin=mock.url).body)
        assert answer["status"] == 429
        assert len(ids(other)) == 1


def test_receiver_that_is_not_there_is_told_as_such():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with inspecting(forward_to=f"http://127.0.0.1:{port}/") as mock:
        mock.post(body())
        answer = json.loads(mock.ask("deliveries/1/send", method="POST", Origin=mock.url).body)
        assert (answer["status"], answer["told"]) == (0, "the connection was refused")


def test_what_is_sent_again_has_the_headers_of_the_one_to_whom_it_goes_and_no_page_shows_them():
    secret = "Bearer staging-s3cret"  # of this test
    seen = []

    def echo(connection, request):
        seen.append(request)
        connection.sendall(answer("200 OK", secret.encode(), f"X-Echo: {secret}"))

    with raw_server(echo) as url, inspecting(forward_to=url, headers=(("Authorization", secret),)) as mock:
        mock.post(body(), ("authorization", "of the sender"))
        shown = mock.ask("deliveries/1/send", method="POST", Origin=mock.url)
        told = json.loads(shown.body)
    assert seen[0].lower().count(b"authorization:") == 1
    assert secret.encode() in seen[0]
    assert b"s3cret" not in shown.body
    assert (told["status"], told["left_out"], told["body"]) == (200, [], "***")


@pytest.mark.parametrize("scheme", ["stripe-like", "standard-webhooks"])
def test_delivery_that_is_sent_again_is_signed_anew_where_the_mock_has_a_scheme(scheme):
    key = "whsec_" + base64.b64encode(b"a-key-of-thirty-two-bytes-length").decode()
    signature = signature_from(scheme, {"CALLBACK_SIGNING_KEY": key})
    old = [(name, "1,t=1,v1=00") for name in signature[0].headers]
    with inspecting() as other, inspecting(forward_to=other.url, signer=DeliverySigner(*signature)) as mock:
        other.receiver.signature = signature
        mock.post(body(), *old)
        sent = json.loads(mock.ask("deliveries/1/send", "POST", Origin=mock.url).body)
        assert (sent["status"], sent["left_out"]) == (200, [])
        assert other.ask("deliveries/1/body").body == body()
        assert key not in json.dumps(sent)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"forward_ca": "/nowhere.pem"}, "--forward-ca: there is no such file"),
        ({"forward_ca": __file__}, "--forward-ca: no certificate authority can be read"),
        ({"forward_header": ["no colon"]}, "--forward-header: a header without a colon"),
        ({"forward_header": ["a b: c"]}, "--forward-header: the header 'a b' cannot be sent"),
        ({"forward_to": "nowhere"}, "--forward-to: 'nowhere' is not a complete http or https URL"),
        ({"forward_to": None, "forward_header": ["a: b"]}, "--forward-header: nothing is sent again"),
    ],
)
def test_wrong_forwarding_is_one_clear_error_of_its_option(mock, options, said):
    with bound_socket("127.0.0.1", 0) as near, pytest.raises(KitError, match=said):
        inspected(mock.receiver, mock.reader, near, {"inspect": True, "forward_to": "https://127.0.0.1:9/"} | options)


def test_without_a_url_nothing_is_sent_again(mock):
    mock.post(body())
    assert mock.ask("deliveries/1/send", method="POST", Origin=mock.url).status == 409
    assert mock.get("about")["forward_to"] is None


def test_secrets_of_the_url_are_not_shown():
    with inspecting(forward_to="http://user:hidden-secret@127.0.0.1:9/x?key=hidden-secret") as mock:
        assert mock.get("about")["forward_to"] == "http://127.0.0.1:9/x?key=…"


def test_sending_again_is_asked_for_by_post_alone(mock):
    assert mock.ask("deliveries/1/send").status == 405
    assert mock.ask("deliveries", method="POST").status == 405


@pytest.mark.parametrize(
    ("headers", "changes", "expected"),
    [
        ({"Host": "127.0.0.1:8080"}, False, ""),
        ({"Host": "localhost:8080"}, False, ""),
        ({"Host": "[::1]:8080"}, False, ""),
        ({"Host": "evil.example"}, False, NO_TOKEN),
        ({"Host": "127.0.0.1.evil.example"}, False, NO_TOKEN),
        ({"Host": "0.0.0.0:8080"}, False, NO_TOKEN),
        ({"Host": "[::1"}, False, NO_TOKEN),
        ({}, False, NO_TOKEN),
        ({"Host": "127.0.0.1", "X-Forwarded-For": "203.0.113.9"}, False, NO_TOKEN),
        ({"Host": "127.0.0.1", "Sec-Fetch-Site": "cross-site"}, False, FOREIGN),
        ({"Host": "127.0.0.1", "Sec-Fetch-Site": "same-origin"}, False, ""),
        ({"Host": "127.0.0.1:1", "Origin": "http://evil.example"}, True, FOREIGN),
        ({"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:2"}, True, FOREIGN),
        ({"Host": "127.0.0.1:1", "Origin": "null"}, True, FOREIGN),
        ({"Host": "127.0.0.1:1"}, True, FOREIGN),
        ({"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:1"}, True, ""),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, True, NO_TOKEN),
        ({"Host": "evil.example", "Authorization": f"Bearer {TOKEN}"}, True, ""),
        ({"Host": "evil.example", "Authorization": f"Bearer {TOKEN[:-1]}"}, False, NO_TOKEN),
        ({"Host": "127.0.0.1", "Sec-Fetch-Site": "cross-site", "Authorization": f"Bearer {TOKEN}"}, False, FOREIGN),
    ],
)
def test_on_loopback_its_user_is_let_in_and_no_other_page(headers, changes, expected):
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert Guard(loopback=True, token=TOKEN).refusal(raw, changes=changes) == expected


def test_name_that_is_given_twice_is_no_name():
    assert Guard(loopback=True).refusal([(b"host", b"127.0.0.1"), (b"host", b"evil.example")]) == NO_TOKEN


def test_beyond_loopback_everything_received_needs_the_token():
    with inspecting(guard=Guard(loopback=False, token=TOKEN)) as mock:
        mock.post(body())
        for path in (
            "about",
            "deliveries",
            "deliveries/1",
            "deliveries/1/body",
            "deliveries/1/life",
            "summary",
            "stream",
        ):
            assert mock.ask(path).status == 401
            assert mock.ask(path, Authorization="Bearer wrong").status == 401
            assert mock.ask(path, Authorization=f"Bearer {TOKEN}").status == 200


def test_address_carries_a_token_where_others_reach_it(mock, monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    options = {"inspect": True, "forward_to": None}
    with socket.create_server(("127.0.0.1", 0)) as near, socket.create_server(("0.0.0.0", 0)) as far:
        port = near.getsockname()[1]
        assert inspected(mock.receiver, mock.reader, near, options) == f"http://127.0.0.1:{port}/callback-contract/"
        first, second = (inspected(mock.receiver, mock.reader, far, options) for _ in range(2))
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback-contract/#token=[\w-]{32}", first)
    assert first != second


def test_token_that_can_be_guessed_is_refused(mock, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "short")
    with socket.create_server(("127.0.0.1", 0)) as near, pytest.raises(KitError, match="token is shorter"):
        inspected(mock.receiver, mock.reader, near, {"inspect": True, "forward_to": None})


def test_no_inspect_serves_no_page(mock):
    mock.receiver.pages = None
    assert inspected(mock.receiver, mock.reader, None, {"inspect": False, "forward_to": None}) == ""
    assert asked(mock.url, "/callback-contract/api/about").status == 404


def test_gate_has_a_page_only_when_it_is_asked_for(mock):
    with socket.create_server(("127.0.0.1", 0)) as near:
        asks = [
            bool(inspected(mock.receiver, mock.reader, near, {"inspect": inspect, "forward_to": forward}, gate=True))
            for inspect, forward in ((None, None), (True, None), (None, "http://127.0.0.1:9/"))
        ]
    assert asks == [False, True, True]


def test_nothing_is_sent_again_without_a_page(mock):
    with pytest.raises(KitError, match="without the inspector"):
        inspected(mock.receiver, mock.reader, None, {"inspect": False, "forward_to": "http://127.0.0.1:9/"})


def test_page_may_load_nothing_but_its_own(mock):
    policy = asked(mock.url, "/callback-contract/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    for file in PAGE.iterdir():
        assert not re.findall(
            r"https?://(?!www\.w3\.org/2000/svg)|innerHTML|insertAdjacent|outerHTML", file.read_text()
        )


def test_page_is_served_without_a_token_since_it_tells_nothing():
    with inspecting(guard=Guard(loopback=False, token=TOKEN)) as mock:
        for path in ("", *map("page/".__add__, "main.js page.css shared.css theme.js words.json icon.svg".split())):
            assert asked(mock.url, f"/callback-contract/{path}").status == 200


def test_page_is_found_without_its_last_slash(mock):
    answer = asked(mock.url, "/callback-contract")
    assert (answer.status, answer.headers["location"]) == (308, "/callback-contract/")


def test_curl_reads_no_file_for_a_body_that_begins_with_an_at_sign(mock):
    mock.post(b"@/etc/passwd")
    command = mock.get("deliveries/1")["curl"]
    assert "--data-raw @/etc/passwd" in command


@pytest.mark.parametrize("content", [b"\x1b[201~\n", b"\xff", b"{run}", b"\x9b", b"\x00"])
def test_curl_is_not_offered_where_a_command_line_cannot_carry_it_safely(mock, content):
    mock.post(b"{" + content + b"}")
    assert mock.get("deliveries/1")["curl"] is None


def test_curl_goes_to_the_mock_as_the_delivery_did(mock):
    mock.post(body(), path="/a'b?c=$(d)")
    assert curl_of(mock.reader.one(1), "http://h" + mock.reader.one(1).target).startswith(
        "curl -sS -i -X POST 'http://h/a'\"'\"'b?c=$(d)' -H"
    )


def test_page_uses_every_word_and_no_other():
    words = words_of("inspector")
    source = "\n".join(file.read_text() for file in PAGE.iterdir())
    used = {*re.findall(r'\bt\("([\w-]+)"', source), *re.findall(r'data-word="([\w-]+)"', source)}
    assert used <= set(words)
    families = re.compile("(tab|new_(member|value|type|format)|wire|theme)|.*_says$|token$|forward-compatible$")
    assert [key for key in words if not families.match(key) and not re.search(rf'[" `]{key}["` ]', source)] == []


def test_many_lookers_and_deliveries_at_once_all_get_answers(mock):
    failed = []

    def look():
        for _ in range(10):
            if mock.ask("deliveries?text=x").status != 200 or mock.post(body()).status != 200:
                failed.append(1)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and mock.get("deliveries")["last"] == 40
