"""A user whose language is Chinese reads every error in it; names, values and other people's words stay as they are."""

from __future__ import annotations

import re
import socket

import pytest

from callback_contract.contract_tests.cli.main import run_command
from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.mock_server.signing import presets
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.documents.overlay import overlay_from
from callback_contract.openapi.rules.catalogue import PROFILES
from callback_contract.openapi.text.errors import KitError, OverlayError
from callback_contract.openapi.text.message import Text

DEAD = "http://127.0.0.1:1/"
NAMES = re.compile(
    r"""https?://\S+|--?[a-z][\w-]*|`[^`]*`|'[^']*'|/[\w./-]+|[\w-]+\.(?:toml|yaml|json|jsonl|py|har|pem)\b|[\w-]+=\S+
    |\b[A-Z][A-Za-z]*[A-Z]\w*|\b[A-Z]+(?:-\d+)?\b|\{\w+\}|\[[\w.-]+\]""",
    re.VERBOSE,
)
TERMS = set("http https openapi webhooks components null operation schema shell sh Swagger PEM YAML TOML JSON".split())
GIVEN = set("check diff auth rules rulse nowhere en zh English".split())  # by the user, or to be given
MEMBERS = {"rule", "reason", "owner", "until", "callback"}
FIRST = load_contract().callbacks[0]
ALLOWED = TERMS | GIVEN | MEMBERS | {*PROFILES, *(each.name for each in load_contract().callbacks)}
ALLOWED |= {"key_encoding", "whsec", *(word for name in presets() for word in re.split(r"[-\d]+", name))}
ALLOWED |= {token for member in FIRST.members for token in member.pointer.split("/")}


def said(monkeypatch, capsys, *words, **environment):
    """What the program says of a command, and its exit code."""
    for name, value in {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["callback-contract", *map(str, words)])
    code = run_command()
    return code, capsys.readouterr().err


def english_in(text, *others):
    """The English words in a message that are neither names nor other people's."""
    for words in others:
        text = text.replace(words, "")
    return sorted(set(re.findall(r"[A-Za-z_]{2,}", NAMES.sub(" ", text))) - ALLOWED)


WRONG = {
    "no URL": ["check", "ftp://x"],
    "no identity in the read-back": ["check", DEAD, "--state-url", "http://h/x"],
    "no pair of states": ["check", DEAD, "--state-url", "http://h/{id}", "--state-map", "a"],
    "no header": ["check", DEAD, "--header", "X"],
    "no credentials": ["check", DEAD, "--auth", "me"],
    "missing certificate": ["check", DEAD, "--cert", "/nowhere.pem"],
    "callback without URL": ["check", "--callback", "=http://h/"],
    "unknown callback": ["check", DEAD, "--callback", "nope"],
    "unknown rule": ["check", DEAD, "--rules", "ACK-1"],
    "unknown profile": ["check", DEAD, "--require", "stat"],
    "version of the rules": ["check", DEAD, "--rules-as-of", "x"],
    "mask without samples": ["check", DEAD, "--mask", "/a"],
    "no command": ["check", DEAD, "--start", " "],
    "shell": ["check", DEAD, "--start", "a | b"],
    "command and app": ["check", "/", "--start", "a", "--app", "a:b"],
    "unknown scheme": ["check", DEAD, "--signature", "stripe"],
    "no key": ["check", DEAD, "--signature", "standard-webhooks"],
    "no contract": ["check", DEAD, "--contract", "/nowhere.yaml"],
    "no report": ["reproduce", "/nowhere", "ACK-01"],
    "fault": ["mock", "--fault", "XX"],
    "script": ["mock", "--script", "99"],
    "state": ["send", DEAD, "--set", "nowhere.a=1"],
    "JSON": ["send", DEAD, "--set", "status:=x"],
    "export": ["export", "--tolerant"],
    "language of the documentation": ["docs", "--lang", "xx"],
    "standard input twice": ["diff", "-", "-"],
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_wrong_use_is_told_in_chinese(words, monkeypatch, capsys):
    code, told = said(monkeypatch, capsys, *words)
    assert (code, told.startswith("错误：")) == (2, True)
    assert english_in(told, "No such file or directory", "Expecting value: line 1 column 1 (char 0)", "ACK") == []


MISTYPED = {
    "unknown option": (["check", "--rulse", "x"], "没有选项 --rulse。是指 '--rules'"),
    "option without its value": (["check", "--depth"], "--depth 需要一个值"),
    "flag with a value": (["check", "--strict=1"], "--strict 不接受值"),
    "unknown choice": (["check", "--depth", "x"], "--depth 的值无效：可选 quick、standard、thorough"),
    "no number": (["check", "--rate", "x"], "--rate 的值无效：应为 0.1 至 100000 的数字"),
    "number out of its range": (["check", "--seed", "-1"], "--seed 的值无效：应为 0 至 9223372036854775807 的整数"),
    "missing argument": (["starter"], "缺少 FRAMEWORK"),
    "too many arguments": (["check", DEAD, "b", "c"], "多余的参数：b、c"),
    "unknown command": (["chek"], "没有命令 'chek'。是指 'check' 吗？"),
}


@pytest.mark.parametrize(("words", "expected"), MISTYPED.values(), ids=MISTYPED)
def test_mistyped_command_line_is_told_in_chinese(words, expected, monkeypatch, capsys):
    code, told = said(monkeypatch, capsys, *words)
    *_, line = told.splitlines()
    assert (code, line.startswith(f"错误：{expected}")) == (2, True)


FILES = {
    "callback-contract.toml": {
        "broken TOML": "[check\n",
        "unknown command": "[chek]\n",
        "unknown option": "[check]\nrulse = 1\n",
        "wrong type": "[check]\nrules = 1\n",
        "secret": "[check]\nauth = 'me:secret'\n",
        "variable": "[check]\nauth = 'me:${NOWHERE}'\n",
    },
    "waivers.yaml": {
        "broken YAML": "a: b: c",
        "no list": "a: 1",
        "missing member": "- rule: ACK-01\n  owner: a\n  until: '2030-01-01'\n",
        "no date": "- rule: ACK-01\n  owner: a\n  reason: b\n  until: soon\n",
        "key twice": "- rule: a\n  rule: b\n",
    },
    "contract.yaml": {
        "no object": "- 1",
        "Swagger": "swagger: '2.0'",
        "another version": "openapi: 2.9.9",
        "no callbacks": "openapi: 3.1.0\ninfo: {title: a, version: '1'}\n",
    },
}
OPTIONS = {"callback-contract.toml": "--config", "waivers.yaml": "--waivers", "contract.yaml": "--contract"}


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, texts in FILES.items() for kind in texts])
def test_flaw_of_a_file_is_told_in_chinese(name, kind, tmp_path, monkeypatch, capsys):
    file = tmp_path / name
    file.write_text(FILES[name][kind])
    code, told = said(monkeypatch, capsys, "check", DEAD, OPTIONS[name], file)
    assert (code, told.startswith("错误：")) == (2, True)
    theirs = re.findall(r"YAML 读取：([^\n]*)。|TOML：([^\n]*)。", told)
    assert english_in(told, str(file), *(words for each in theirs for words in each if words.isascii())) == []


def dropping(connection, _):
    connection.close()


def answering(status, *headers):
    return lambda connection, _: connection.sendall(answer(status, b"", *headers))


REFUSALS = {
    "wrong path": answering("404 Not Found"),
    "credentials": answering("401 Unauthorized"),
    "redirect": answering("307 Temporary Redirect", "Location: http://127.0.0.1:1/elsewhere"),
    "silence": dropping,
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_first_contact_that_fails_is_told_in_chinese(kind, monkeypatch, capsys):
    with raw_server(REFUSALS[kind]) as url:
        code, told = said(monkeypatch, capsys, "check", url, "--rules", "ACK-01")
    errors = told[told.index("错误：") :]
    reasons = ("Not Found", "Unauthorized", "Temporary Redirect")
    assert (code, english_in(errors, *reasons)) == (3, [])


@pytest.mark.slow
def test_unreachable_receiver_is_told_in_chinese(monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, told = said(monkeypatch, capsys, "check", f"http://127.0.0.1:{taken.getsockname()[1]}/")
    errors = told[told.index("错误：") :]
    assert code == 3
    assert errors.splitlines()[0].endswith("连接被拒绝。")
    assert english_in(errors) == []


def test_english_user_reads_english(monkeypatch, capsys):
    code, told = said(monkeypatch, capsys, "check", "ftp://x", LANG="en_GB.UTF-8")
    assert (code, told) == (2, "error: URL: 'ftp://x' is not a complete http or https URL.\n  Use http or https.\n")


def test_error_s_words_of_others_are_changed_and_its_own_are_not():
    error = KitError(Text("error-mock.no-path", path="/secret"), where="--path", remedy="secret", private="secret")
    masked = error.with_words(lambda words: words.replace("secret", "***"))
    assert (masked.remedy, masked.private, masked.where) == ("***", "***", "--path")
    assert masked.text.in_language("zh").startswith("--path：'/***' 不是路径")


def test_error_that_is_a_question_has_no_full_stop():
    asked = KitError(Text("error-receiver.redirects", url="a", target="b"))
    assert (str(asked)[-1], asked.text.in_language("zh")[-1]) == ("?", "？")


def test_place_what_and_remedy_stand_in_their_order():
    with pytest.raises(OverlayError) as caught:
        overlay_from({"overlay": "2.0.0"})
    what, remedy = caught.value.text.in_language("zh").splitlines()
    assert what == "overlay (/overlay)：Overlay 的版本 '2.0.0' 未知。"
    assert remedy == "  请按 Overlay Specification 1.0 编写，即 `overlay: 1.0.0`。"
