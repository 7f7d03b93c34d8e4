"""Commands for pasting: a shell gets exactly the arguments that were meant, and runs nothing else."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.meta.support.inspecting import asked, body, inspecting
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.reporting.model.reproduction import (
    contract_words,
    from_here,
    reproduce_command,
)
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.inspector.resend import curl_of
from callback_contract.mock_server.wire.curl import curl
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.documenting.content.wire_example import as_curl
from callback_contract.openapi.text.printable import broken, shell_word

RUN = "0a1b2c3d"
ALL = "".join(map(chr, range(0x20, 0x7F)))
texts = st.text(st.sampled_from(ALL + "\n\tö李\u3000\u202e\u200d"), max_size=40)
lines = st.text(st.sampled_from(ALL + "ö李\u202e"), min_size=1, max_size=40)
few = settings(max_examples=25, derandomize=True, database=None, deadline=None)
hostile = [ALL, "`touch x`$(touch x)'\"\\", "##vso[x]y", "a\n  ::error::x", "***", "-rf", "$RUN$SECRET$URL", "{run}"]


def arguments(line, home):
    """What the programs of a line were given, each ended by NUL; whatever else is called or written shows."""
    own = 'show() { for word; do printf "%s\\0" "$word"; done; }; curl() { show "$@"; }\n'
    own += 'callback_contract() { show "$@"; }\nRUN=fresh SECRET=secret URL=url CONTRACT=contract PATH=\n'
    done = run_program(
        ["/bin/sh", "-c", own + line.replace("callback-contract ", "callback_contract ", 1)],
        text=False,
        cwd=home,
        timeout=20,
    )
    assert (done.stderr, done.returncode, list(home.iterdir())) == (b"", 0, [])
    return done.stdout.decode().split("\0")[:-1]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def with_examples(test):
    for text in hostile:
        test = example(text)(test)
    return test


@few
@with_examples
@given(texts)
def test_word_is_the_text_and_shows_all_of_it(home, text):
    word = shell_word(text)
    assert arguments(f"curl {word}", home) == [text]
    assert broken(word) == word
    assert all(sign.isprintable() or sign in "\n\t\u3000" for sign in word)


@few
@with_examples
@given(texts)
def test_curl_sends_what_was_delivered(home, text):
    line = text.replace("\n", " ")
    delivery = Delivery("c", line, ((line, f"v{line}"),), text.encode())
    given_words = arguments(curl(delivery, shell_word(f"http://h/{line}"), extra_headers=(f"S{line}",)), home)
    unset = ["-H", "Content-Type:", "-H", "User-Agent:"]
    secret = ["-H", f"S{line}: secret"]
    sent = ["-H", f"{line}: v{line}", *unset, *secret, *(["--data-raw", text] if text else [])]
    assert given_words == ["-sS", "-i", "-X", line, f"http://h/{line}", *sent]


@pytest.mark.parametrize("where", ["body", "header"])
def test_fresh_id_takes_the_place_of_the_run_and_of_no_other_text(home, where):
    text = f"{{run}} $RUN x{RUN}y"
    header, sent = (text, "") if where == "header" else ("v", text)
    line = curl(Delivery("c", "PUT", (("X", header),), sent.encode()), "u", run=RUN, afresh=False)
    assert any("{run} $RUN xfreshy" in word for word in arguments(line, home))


@pytest.mark.parametrize("shell", [each for each in ("sh", "bash", "zsh") if shutil.which(each)])
def test_pasted_line_begins_with_curl_and_draws_one_fresh_run_each_time(shell):
    delivery = Delivery("c", "GET", (("Id", f"ca11bac4{RUN}"),), b"", query=(("id", f"{RUN}'$RUN"),))
    line = curl(delivery, "u", run=RUN)
    show = 'curl() { printf "%s\\n" "$@"; }\n'
    done = run_program([shell, "-c", f"{show}{line}\n{line}\n"], timeout=20)
    runs = re.findall(r"ca11bac4([0-9]{8})$", done.stdout, re.MULTILINE)
    assert line.startswith("curl ") and len({*runs}) == len(runs) == 2 and not done.stderr
    assert re.findall(r"^u\?id=([0-9]{8})%27%24RUN$", done.stdout, re.MULTILINE) == runs


def test_empty_header_is_sent_and_not_left_out(home):
    line = curl(Delivery("c", "POST", (("X-Empty", ""),), b""), "u")
    assert "X-Empty;" in arguments(line, home)


@pytest.mark.parametrize("text", ["\x1b[201~", "a\rb", "\x9b", "\x7f"])
@pytest.mark.parametrize("place", ["body", "name", "value"])
def test_curl_is_not_written_with_what_could_end_a_paste(place, text):
    parts = {"body": "", "name": "X", "value": "v"} | {place: text}
    assert curl(Delivery("c", "POST", ((parts["name"], parts["value"]),), parts["body"].encode()), "u") is None


@few
@with_examples
@given(lines)
def test_report_names_its_finding_its_files_and_its_callbacks(home, text):
    told = {"plugin": f"{text}.py", "contract": f"{text}.yaml", "overlay": [text]}
    line = reproduce_command("PAY-17-1", Access("http://h/"), told)
    assert arguments(line, home) == ["reproduce", "report.json", "PAY-17-1", "--plugin", f"{text}.py"]
    assert arguments(f"callback-contract{contract_words(told)}", home)[1::2] == [f"{text}.yaml", text]
    file = arguments(from_here(line, Path(text)), home)[1]
    assert Path(file) == Path(text, "report.json") and not file.startswith("-")


@few
@with_examples
@given(lines)
def test_documentation_writes_a_body_as_one_word(home, text):
    callback = load_contract().callbacks[0]
    assert json.loads(arguments(as_curl(callback, {"x": text}), home)[-2]) == {"x": text}


def test_inspector_runs_nothing_and_knows_what_it_left_out_by_no_text(home):
    name = "X`touch$IFS'x'`"
    headers = [("Content-Type", "application/json"), (name, "***"), ("Authorization", "Bearer abc")]
    with inspecting() as mock:
        asked(mock.url, "/", "POST", body(), headers)
        words = arguments(curl_of(mock.reader.one(1), mock.url), home)
    assert f"{name}: ***" in words and "Authorization: secret" in words
