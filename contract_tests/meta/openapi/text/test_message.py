"""Texts: what the kit says is a key and arguments, English as a string, Chinese beside it, every place filled."""

from __future__ import annotations

import ast
import copy
import re
import string
from pathlib import Path

import pytest
import yaml

from callback_contract import openapi
from callback_contract.openapi.text import message as messages
from callback_contract.openapi.text.message import (
    Text,
    Unknown,
    both_of,
    details_of,
    either,
    in_detail,
    joined,
    listed,
    text_of,
    translated,
)

FOLDER = Path(openapi.__file__).with_name("messages")
MESSAGES = {
    f"{file.stem}.{name}": message
    for file in sorted(FOLDER.glob("*.yaml"))
    for name, message in yaml.safe_load(file.read_text("utf-8")).items()
}


def test_text_is_its_english_sentence():
    assert Text("reason.some-broke", broken=2, cases=5) == "2 of 5 cases broke it"


def test_text_is_said_in_chinese():
    text = Text("reason.through", what=Text("reason.is-broken", rule="ACK-01"), rule="DAT-01")
    assert translated(text, "zh") == "ACK-01 已被违反（经由 DAT-01）"


def test_words_of_others_stay_as_they_are():
    assert translated("bind: address already in use", "zh") == "bind: address already in use"


def test_several_texts_are_joined_once_each():
    reasons = joined([Text("expected.acknowledged"), "", Text("expected.acknowledged"), Text("expected.as-alone")])
    assert reasons == "an acknowledgement (2xx); the same answer as alone"
    assert reasons.in_language("zh") == "返回 2xx；与单独投递时相同的响应"


def test_list_is_separated_as_the_language_does():
    assert translated(Text("reason.once-each", cases=("a", "b")), "zh") == "另有各一次：a、b"
    assert listed(["a", "b"]).in_language("zh") == "a、b"
    assert (either(["a", "b"]), either(["a", "b"]).in_language("zh")) == ("a or b", "a 或 b")


@pytest.mark.parametrize(
    ("directory", "chinese"),
    [
        ("/tmp/x", "较早的报告已移至 /tmp/x"),
        ("out", "较早的报告已移至 out"),
        ("报告", "较早的报告已移至报告"),
        ("…/x", "较早的报告已移至…/x"),
    ],
)
def test_chinese_has_a_blank_beside_latin_words_paths_and_options(directory, chinese):
    assert Text("terminal.older-moved", directory=directory).in_language("zh") == chinese


def test_detail_stands_behind_a_colon_and_can_be_taken_away():
    names = both_of(["A", "B"])
    text = in_detail(Text("reason.needs-signature-in", callback="c", names=names), Text("reason.give-signature"))
    what, remedy = details_of(text)
    assert (
        text
        == f"{what}: {remedy}"
        == "c requires a signature in A and B: give --signature SCHEME, and its keys by environment"
    )
    assert text.in_language("zh") == "c 要求在 A 和 B 中签名：请给出 --signature SCHEME，密钥由环境变量提供"
    assert details_of(names) == (names, "")


@pytest.mark.parametrize("again", [lambda text: text_of(text.to_dict()), copy.copy, copy.deepcopy])
def test_text_survives_its_json_form_and_a_copy(again):
    text = Text("case.other-deliveries", rule="ACK-01", case=Text("case.plain"))
    assert again(text).in_language("zh") == text.in_language("zh") == "同时有其他投递（ACK-01，普通的合法投递）"


def test_words_within_a_text_are_changed_and_nothing_else():
    text = joined([Text("reason.of-callback", callback="secret", said="a secret"), "secret"])
    assert text.with_words(lambda words: words.replace("secret", "***")) == "***: a ***; ***"


@pytest.mark.parametrize("key", ["reason.nobody-says-this", "nowhere.x", "", "../rules.x"])
def test_unknown_key_is_told(key):
    with pytest.raises(Unknown):
        Text(key)


def test_what_is_meant_is_said_where_no_file_can_be_opened(monkeypatch):
    monkeypatch.setattr(messages, "_table", refusing)
    assert str(Text("error.nothing", what="x")) == "error.nothing {'what': 'x'}"


def refusing(table):
    raise OSError(24, "Too many open files")


@pytest.mark.parametrize("value", [{}, {"key": 1, "arguments": {}}, {"key": "reason.some-broke", "arguments": {}}, []])
def test_what_no_text_was_made_of_is_told(value):
    with pytest.raises(Unknown):
        text_of(value)


@pytest.mark.parametrize("key", MESSAGES)
def test_message_has_chinese_with_the_same_places(key):
    message = MESSAGES[key]
    assert message.keys() == {"en", "zh"}
    forms = [message["en"]] if isinstance(message["en"], str) else list(message["en"].values())
    assert {places(form) for form in forms} <= {places(message["zh"]), places(message["zh"]) - {"count"}}


@pytest.mark.parametrize("file", sorted((FOLDER.parents[1] / "openapi/messages").glob("*.yaml")), ids=lambda f: f.stem)
def test_message_stands_once_in_its_table(file):
    keys = re.findall(r"^([\w\"-]+):", file.read_text("utf-8"), re.MULTILINE)
    assert [key for key in keys if keys.count(key) > 1] == []


def test_error_is_a_text_that_can_be_said_in_chinese():
    plain = [
        f"{file.name}: {ast.unparse(told)}"
        for file in modules()
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"KitError", "ContractError", "ReadBackError"}
        for told in (*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "remedy"))
        if isinstance(told, ast.JoinedStr) or (isinstance(told, ast.Constant) and told.value)
    ]
    assert plain == []


NAMES = {"HTTP", "HTML", "TLS", "URL", "ID", "https", "http", "Allow", "Unsupported", "Media", "Type"}
NAMES |= {"Content", "Retry", "After"}  # of headers


@pytest.mark.parametrize("key", [key for key in MESSAGES if key.startswith(("expected.", "actual.", "no-answer."))])
def test_chinese_of_a_finding_has_no_english_word_but_names(key):
    said = "".join(literal for literal, *_ in string.Formatter().parse(MESSAGES[key]["zh"]))
    assert set(re.findall("[A-Za-z]{2,}", re.sub("--[a-z-]+ [A-Z]+", "", said))) - {"xx"} <= NAMES


def places(template):
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


def test_every_message_is_said_somewhere():
    said = {key for file in modules() for key in literals(file)}
    own = [key for key in MESSAGES if not key.startswith(("page.", "inspector."))]  # those two name theirs in templates
    assert sorted(key for key in own if key not in said) == []


def modules():
    """The product's modules."""
    root = FOLDER.parents[1]
    found = (file for part in ("openapi", "mock_server", "contract_tests") for file in (root / part).rglob("*.py"))
    return [file for file in found if "meta" not in file.parts]


def literals(file):
    """Strings of a module; of an f-string, every key that begins as it does."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            begins = str(node.values[0].value)
            yield from (key for key in MESSAGES if "." in begins and key.startswith(begins))
