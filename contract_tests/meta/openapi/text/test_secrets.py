"""Secrets: known by their names, found and masked in every spelling, and nothing else with them."""

from __future__ import annotations

import base64
import html
import json
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.cli.report_output import why_incomplete
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.contract_tests.meta.mock_server.store.test_recording import Kept, body
from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.judged import broken, judged
from callback_contract.contract_tests.reporting.model.redaction import Redaction
from callback_contract.contract_tests.target.plugin_loader import load_plugin
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.inspector.resend import curl_of
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi import load_contract
from callback_contract.openapi.text.secret_names import (
    is_secret_header,
    is_secret_parameter,
    is_signature_header,
    masked_parameters,
)
from callback_contract.openapi.text.secret_spellings import LOOKED_AT, SHORTEST, Secrets

CONTRACT = load_contract()
SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=SHORTEST, max_size=60)
# Half an escape right before a secret is none of the secret's spellings: it takes the secret's beginning to itself.
AROUND = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="%\\&#"), max_size=30)
PATHS = {  # how a secret may come back: one after another of these
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with \\/": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON by number": lambda text: "".join(f"\\u{ord(c):04X}" if ord(c) < 0x10000 else c for c in text),
    "a URL": lambda text: quote(text, safe=""),
    "a form": quote_plus,
    "a URL in lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "HTML": html.escape,
    "HTML by number": lambda text: "".join(f"&#{ord(c)};" if ord(c) % 2 else f"&#x{ord(c):X};" for c in text),
    "lines": lambda text: f"{text[:5]}\r\n\t{text[5:]}",
}


def b64(secret, offset, beyond=b""):
    return base64.b64encode(b"~" * offset + secret.encode() + beyond).decode()


def bytes_in_hex(text):
    return text.encode().hex()


def core_of(secret, offset):
    """What of a base64 text no neighbour of the secret changes."""
    return b64(secret, offset)[(0, 2, 3)[offset] : (offset + len(secret.encode())) * 8 // 6]


def pieces(text):
    return {text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)}


@settings(max_examples=300, deadline=None)
@given(secret=SECRETS, before=AROUND, after=AROUND, path=st.lists(st.sampled_from([*PATHS]), max_size=2))
@example(secret="0000\U00010000\U0001f600000", before="", after="", path=["JSON", "lines"])  # cut within a pair
def test_nothing_is_left_of_a_secret_that_comes_back_escaped(secret, before, after, path):
    assume(secret[:SHORTEST] not in before + after)
    spelt = secret
    for step in path:
        spelt = PATHS[step](spelt)
    assert Secrets.of([secret]).masked_text(before + spelt + after).count("***") > (before + after).count("***")
    left = Secrets.of([secret]).masked_text(f"{before}|{spelt}|{after}")
    assert left.startswith(f"{before}|***") and left.endswith(f"***|{after}")
    assert Secrets.of([secret]).stand_in((before + spelt + after).encode())


@settings(max_examples=200, deadline=None)
@given(
    secret=SECRETS, parts=st.data(), step=st.sampled_from(["JSON by number", "a URL in lower case", "HTML by number"])
)
def test_secret_is_found_when_it_is_escaped_in_part(secret, parts, step):
    secret = secret.translate(dict.fromkeys(map(ord, "%\\&"), "-"))  # they are escaped wherever anything is
    odd = parts.draw(st.lists(st.booleans(), min_size=len(secret), max_size=len(secret)))
    spelt = "".join(PATHS[step](c) if yes else c for c, yes in zip(secret, odd, strict=True))
    assert Secrets.of([secret]).masked_text(f"<{spelt}>") == "<***>"


@settings(max_examples=300, deadline=None)
@given(
    secret=SECRETS,
    offset=st.integers(0, 2),
    beyond=st.binary(max_size=4),
    respelt=st.sampled_from(["as it is", "for URLs", "without padding", "JSON with \\/", "a URL", "lines"]),
)
def test_nothing_is_left_of_a_secret_anywhere_in_a_base64_text(secret, offset, beyond, respelt):
    encoded, core = b64(secret, offset, beyond), core_of(secret, offset)
    if respelt == "for URLs":
        encoded, core = (text.replace("+", "-").replace("/", "_") for text in (encoded, core))
    elif respelt == "without padding":
        encoded = encoded.rstrip("=")
    encoded = PATHS.get(respelt, str)(encoded)
    masked = Secrets.of([secret]).masked_text(f'{{"seen": "{encoded}"}}')
    assert "***" in masked and not pieces(masked) & pieces(PATHS.get(respelt, str)(core))


@pytest.mark.parametrize("spell", [bytes.hex, lambda raw: raw.hex().upper()])
@given(secret=SECRETS)
def test_secret_is_found_in_hexadecimal(spell, secret):
    assert Secrets.of([secret]).masked_text(f"<{spell(secret.encode())}>") == "<***>"
    assert Secrets.of([secret]).stand_in(spell(secret.encode()).encode())


def test_passphrase_is_found_in_a_form():
    assert Secrets.of(["open sesame+"]).masked_text("p=open+sesame%2B&q=1") == "p=***&q=1"


@given(secret=st.text("abcdefgh", min_size=SHORTEST, max_size=12), text=st.text(max_size=80))
def test_text_without_a_secret_stays_as_it_is(secret, text):
    text = text.replace(secret[0], "")
    assert Secrets.of([secret]).masked_text(text) == text
    assert not Secrets.of([secret]).stand_in(text.encode("utf-8", "surrogatepass"))


def test_short_secret_is_masked_as_it_is_alone_and_the_shortest_not_at_all():
    secrets = Secrets.of(["hush", "x", "abc"])
    assert secrets.masked_text("hush, %68ush aHVzaA== 68757368 x abc") == "***, %68ush aHVzaA== 68757368 x abc"
    assert not secrets.stand_in(b"hush x abc, and more of them")


def test_secret_that_is_cut_off_is_masked_and_a_common_beginning_is_not():
    secrets = Secrets.of(["0123456789abcdef"])
    assert secrets.masked_text("it shows '0123456789ab…' and 012345678") == "it shows '***…' and ***"
    assert secrets.masked_text("0123456789 and more") == "0123456789 and more"


def test_text_of_escapes_alone_is_looked_at_to_a_bound():
    secrets = Secrets.of(["0123456789abcdef"])
    assert secrets.stand_in(b"%41" * 1000 + b"0123%3456789abcdef")
    assert not secrets.stand_in(b"%41" * LOOKED_AT + b"0123%3456789abcdef")


SECRET_HEADERS = """Authorization Proxy-Authorization Authentication Cookie Set-Cookie Api-Key X-Api-Key apikey X-APIKEY
X-Auth-Token X-Access-Token X-Gitlab-Token X-Webhook-Secret Ocp-Apim-Subscription-Key X-Amz-Security-Token X-Auth
X-Functions-Key X-Goog-Channel-Token X-Telegram-Bot-Api-Secret-Token X-Password X-Session-Id DPoP Private-Key""".split()
SIGNATURES = "X-Hub-Signature-256 Stripe-Signature Webhook-Signature X-Shopify-Hmac-Sha256".split()
NO_SECRETS = """Content-Type Host User-Agent Idempotency-Key X-Idempotency-Key X-Event-Key X-Author X-Monkey Accept
WWW-Authenticate Sec-WebSocket-Key X-Request-Id Traceparent MessageSid X-Partition-Key X-Passenger-Name""".split()


@pytest.mark.parametrize("name", [*SECRET_HEADERS, *SIGNATURES, *NO_SECRETS])
def test_header_is_a_secret_by_its_name(name):
    kinds = {is_secret_header(spelt) for spelt in (name, name.lower(), name.upper())}
    assert kinds == {name in SECRET_HEADERS}
    assert is_signature_header(name) == (name in SIGNATURES)


@pytest.mark.parametrize(
    "name", "token api_key apikey key access_token secret sig password auth signature X-Amz-Signature %74oken".split()
)
def test_value_of_a_secret_parameter_is_masked_and_its_neighbours_stay(name):
    assert masked_parameters(f"/cb?tenant=7&{name}=a%3Db&x=1#t") == f"/cb?tenant=7&{name}=***&x=1#t"
    assert masked_parameters(f"/cb?x=1;{name}=a;b") == f"/cb?x=1;{name}=***"


def test_parameter_that_is_no_secret_stays():
    assert not any(map(is_secret_parameter, ["tenant", "idempotency_key", "author", "page", "code"]))
    assert masked_parameters("/cb?a=token&token&token=") == "/cb?a=token&token&token="


@pytest.mark.parametrize("name", [*SECRET_HEADERS, "Referer"])
def test_secret_of_a_sender_is_not_written_down(name, tmp_path):
    value = "https://me:s3cret@h/?token=s3cret" if name == "Referer" else "Bearer s3cret"
    with Kept(tmp_path / "store.db") as kept:
        kept.put(body(), b"{}", target="/cb?tenant=7&token=s3cret", headers=[(name.encode(), value.encode())])
        kept.recorder.flush()
        told = " ".join(str((one, one.told())) for one in kept.reader.after(0))
    assert "s3cret" not in told and "tenant=7&token=***" in told
    assert not any(b"s3cret" in file.read_bytes() for file in tmp_path.iterdir())


def test_mask_that_a_sender_wrote_is_no_redaction():
    with Kept() as kept:
        kept.put(body(), headers=[(b"X-Stars", b"***"), (b"X-Token", b"s3cret")])
        command = curl_of(kept.reader.one(1), "http://h/")
    assert "'X-Stars: ***'" in command and "-H 'X-Token: '\"$SECRET\"" in command


def echoing(spell):
    """What answers a refusal with the request's headers, in a spelling of its own."""
    fault = FAULTS["SEC-04"]

    def answered(request, assessment, receiver, right):
        reply = fault.answer(request, assessment, receiver, right)
        return reply if reply.status < 400 else replace(reply, body=spell(reply.body.decode()).encode())

    return Receiver(CONTRACT, fault=replace(fault, answer=answered))


@pytest.mark.parametrize(
    "spell",
    [str, lambda text: base64.b64encode(text.encode()).decode(), *map(PATHS.get, ["a URL", "HTML by number", "JSON"])],
)
def test_secret_in_an_answer_breaks_one_rule_in_every_spelling(spell):
    with served(echoing(spell)) as url:
        access = Access(url, headers=(("Authorization", "Bearer 01/23+45=67%89"),))
        assert broken(judged(access, "ACK-01", "PAY-01", "PAY-17", "SEC", "WIRE")) == {"SEC-04"}


def test_word_in_an_answer_is_no_secret_though_a_short_one_is_spelt_alike():
    access = Access(
        "http://h/?key=waiting&mode=acknowledged", headers=(("X-Token", "ok"), ("Idempotency-Key", "9" * 16))
    )
    assert Sender(access, Pace()).credentials == {}


@pytest.mark.parametrize(
    ("access", "told"),
    [
        (Access("http://h/?api_key=0123456789"), "the URL's api_key"),
        (Access("http://me:pass%2Fword@h/"), "the header Authorization"),
        (Access("http://h/", basic_auth="me:pass/word"), "the header Authorization"),
    ],
)
def test_what_proves_who_sends_is_looked_for_wherever_it_was_given(access, told):
    credentials = Sender(access, Pace()).credentials
    assert told in credentials
    assert any(found.stand_in(b"0123456789, pass%2fword") for found in credentials.values())


def test_token_in_the_place_of_a_user_is_a_secret_and_a_user_s_name_is_none():
    assert "sk_live_0123" in Access("http://sk_live_0123@h/").secrets
    assert "sk_live_0123" in Access("http://h/", proxy="http://sk_live_0123:@p:1").secrets
    assert "partner" not in Access("http://partner:hush-hush@h/").secrets


def test_echoed_secret_is_in_no_artefact_in_any_spelling(tmp_path):
    token = "q1W+/=2e3R<&t5Z"
    spells = [str, *PATHS.values(), bytes_in_hex, *(lambda text, n=n: b64(text, n) for n in range(3))]
    told = [spell(token) for spell in spells]

    def echo(connection, request):
        headers = (f"X-Echo: {quote(told[0])}", f"X-Too: {told[-1]}", f"X-{quote(told[0], safe='')}: 1")
        connection.sendall(answer("500 Oops", " ".join(told).encode(), *headers))

    with raw_server(echo) as base:
        done = quick(base, "--rules", "ACK-01,SEC-04", "--report-dir", str(tmp_path), "-H", f"X-Token: {token}")
    files = [file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file()]
    spelt = {*told[:-3], quote(token, safe=""), *(core_of(token, offset) for offset in range(3))}
    spelt |= {again(text) for again in (html.escape, PATHS["JSON"]) for text in spelt}
    for text in (done.stdout, done.stderr, *files):
        assert not [form for form in spelt if form in text]
    assert any("*** *** ***" in file for file in files)


def test_receiver_s_own_secrets_are_in_no_report(tmp_path):
    def leave(connection, request):
        headers = ("X-Csrf-Token: s3cret-of-theirs", "X-Next: /login?a=1&session=s3cret-of-theirs")
        connection.sendall(answer("500 Oops", b"", *headers))

    with raw_server(leave) as base:
        quick(base, "--rules", "ACK-01", "--report-dir", str(tmp_path))
    report = json.loads((tmp_path / "report.json").read_text())
    headers = report["rules"][0]["findings"][0]["exchanges"][0]["answer"]["headers"]
    assert dict(headers)["X-Csrf-Token"] == "***" and dict(headers)["X-Next"] == "/login?a=1&session=***"


def test_secret_in_a_redirect_is_not_told():
    def lead_on(connection, request):
        connection.sendall(answer("307 Temporary Redirect", b"", "Location: http://h/?a=1&token=s3cret"))

    with raw_server(lead_on) as base:
        done = quick(base, "--rules", "ACK-01")
    assert "http://h/?a=1&token=***" in done.stderr and "s3cret" not in done.stderr


def test_redaction_sees_beyond_the_cut_of_a_shown_body():
    redaction = Redaction.of(["0123456789abcdef"], Run.fresh())
    assert redaction.received(b"x" * 1995 + b"0123456789abcdef").endswith(b"x***")


def test_plugin_s_exception_is_told_in_the_terminal_and_in_a_report_by_its_kind_and_place(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def read_back(message_id):\n    raise RuntimeError('no login as me:s3cret')\n")
    with served(Receiver(CONTRACT)) as url:
        out = tmp_path / "out"
        done = quick(url, "--rules", "STA-01,IDM-01", "--plugin", str(file), "--report-dir", str(out))
    assert (done.returncode, "RuntimeError: no login as me:s3cret" in done.stderr) == (3, True)
    written = "".join(one.read_text(errors="replace") for one in out.rglob("*") if one.is_file())
    assert "s3cret" not in done.stdout + written
    assert "mine.py:2: RuntimeError" in written


def test_private_part_of_an_error_is_in_no_report_s_reason_for_an_early_end():
    error = ReadBackError("read_back('1') failed: KeyError", private="s3cret")
    assert (why_incomplete(error), str(error)) == (f"{error.what}.", f"{error.what}: s3cret.")


def test_plugin_s_row_that_cannot_be_read_is_its_own_mistake(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "class Row:\n    def keys(self):\n        raise OSError('s3cret')\n"
        "def read_back(message_id):\n    return Row()\n"
    )
    with pytest.raises(ReadBackError) as caught:
        load_plugin(file, {})("1")
    assert "OSError" in caught.value.reported and "s3cret" not in caught.value.reported
