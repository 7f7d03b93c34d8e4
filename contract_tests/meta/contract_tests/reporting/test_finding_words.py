"""Chinese findings: every fixed template is translated; texts of a receiver or a contract stay."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.kill_matrix.setups import stock_signature
from callback_contract.contract_tests.meta.support.fielded import TWILIO_LIKE
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.sample_reports import finding, report, rule
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.reporting.formats.case_words import CASES, TERMS
from callback_contract.contract_tests.reporting.formats.finding_words import (
    ACTUAL,
    EXPECTED,
    chinese_actual,
    chinese_case,
    chinese_expected,
)
from callback_contract.contract_tests.reporting.formats.html import Texts, report_html
from callback_contract.contract_tests.reporting.formats.words import WORDS
from callback_contract.contract_tests.runner.planning import scopes_of
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.signing import DeliverySigner
from callback_contract.mock_server.wire.delivery import WHY_NO_ANSWER, Exchange, Response
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.rules.catalogue import load_catalogue

PHRASES = load_catalogue().phrases("zh")
FLOOR = Path(__file__).parents[3]
LEFT_AS_IT_IS = re.compile(
    r"""(["']).*?\1|/\S*|= .*|(?:Content-Type|User-Agent|Expect): .*|(?:顺序|示例|请求头|方法|迟到的) .*
    |\b(?:null|true|false|NaN|Infinity|True|emoji|script|shell)\b|\b[A-Z][A-Z0-9-]+\b|Latin-1|User-Agent|0xFF|0x7F""",
    re.VERBOSE | re.ASCII,
)


def labels(contract, signer=None):
    own, catalogue, tests = tools()
    found = set()
    for callback in (contract or own).callbacks:
        sender = Sender(Access("http://127.0.0.1:1/"), Pace(), signer)
        run = run_of(contract or own, catalogue, catalogue.rules, (callback,), sender, DEPTHS["standard"])
        for test in tests.values():
            for scope in scopes_of(run.config, test):
                try:
                    found |= {case.label for case in applicable_cases(test.stimuli, scope)}
                except NotApplicable:
                    continue
    return found


def test_every_case_has_its_chinese(tmp_path):
    signed = labels(None, DeliverySigner(*stock_signature()))
    kinds = (labels(None), signed, labels(read_contract(written(tmp_path, TWILIO_LIKE))))
    assert [kind for kind in kinds if len(kind) <= 100] == []
    found = set().union(*kinds)
    told = {label: chinese_case(label, PHRASES) for label in found}
    left = {label: LEFT_AS_IT_IS.sub("", text) for label, text in told.items()}
    assert {label for label in found if not told[label] or re.search("[A-Za-z]{2,}", left[label])} == set()


def messages():
    """What the rules' tests say when they fail, with an X for each value."""
    for file in FLOOR.glob("chapters/receivers/*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Assert) and isinstance(node.msg, ast.Constant | ast.JoinedStr):
                yield spoken(node.msg)
    for file in FLOOR.glob("[!m]*/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "expected" and isinstance(node.value, ast.Constant):
                yield node.value.value


def spoken(node):
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(part.value if isinstance(part, ast.Constant) else "X" for part in parts)


def test_every_expectation_of_a_rule_has_its_chinese():
    said = {message.partition(" <- ")[0] for message in messages()}
    assert len(said) > 30
    assert {text for text in said if not chinese_expected(text, PHRASES)} == set()


def test_what_came_instead_has_its_chinese_where_a_rule_has_words_for_it():
    said = {message.partition(" <- ")[2] for message in messages()} - {"", "X"}
    assert len(said) > 5
    assert {text for text in said if not chinese_actual(text, PHRASES)} == set()


@pytest.mark.parametrize("kind", WHY_NO_ANSWER)
def test_every_way_not_to_answer_has_its_chinese(kind):
    told = chinese_actual(Exchange(None, None, kind, "Errno 7", 0.0).described())
    assert re.search("[\u4e00-\u9fff]", told) and told.endswith("Errno 7")


def test_answer_keeps_its_status_and_media_type():
    answer = Response(500, "", (("Content-Type", "application/json"),), b"x" * 20)
    told = chinese_actual(Exchange(None, answer, "", "", 0.0).described())
    assert told == "500 Internal Server Error，application/json，20 字节"


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("/x = words", "/x = words"),
        ("null as the root", "根为 null"),
        ("other deliveries under way (PAY-17, /x missing)", "同时有其他投递（PAY-17，缺少 /x）"),
        ("a case that somebody thought of", ""),
    ],
)
def test_values_are_not_taken_for_words_and_rare_cases_stay(text, chinese):
    assert chinese_case(text) == chinese


def test_every_template_is_chinese_or_holds_nothing_but_values():
    templates = [*dict((*PHRASES, *CASES, *EXPECTED, *ACTUAL)).values(), *TERMS.values()]
    neutral = re.compile(r"[$\\\d =：]+|[\w .:-]+", re.ASCII)
    assert [text for text in templates if not (re.search("[\u3400-\u9fff]", text) or neutral.fullmatch(text))] == []


def test_page_says_a_finding_in_both_languages():
    told = finding("500 Internal Server Error, 2 bytes", case="/x missing")
    page = report_html(report(rule("PAY-17", "fail", [told])))
    for text in ("缺少 /x", "低于 500 的完整响应", "500 Internal Server Error，2 字节", "/x missing"):
        assert text in page


def test_words_of_one_rule_stand_in_its_row():
    assert (
        chinese_case("a query of 12 characters", [(r"a query of (\d+) characters", r"\1 个字符的查询")])
        == "12 个字符的查询"
    )
    told = finding("500", case="something new")
    page = report_html(report(rule("PAY-17", "fail", [told])), Texts(phrases=(("something new", "新的内容"),)))
    assert "新的内容" in page


@pytest.mark.parametrize("missing", [("Only English",), ("Only English", "")])
def test_word_without_its_chinese_is_english_on_both_pages(monkeypatch, missing):
    for key in ("title", "filter", "all_rules"):
        monkeypatch.setitem(WORDS, key, missing)
    page = report_html(report(rule("PAY-17", "pass")))
    assert re.search('data-title-zh="[^"]*Only English"', page) and 'data-zh="Only English"' in page
    assert '<span lang="en">Only English</span>' in page
