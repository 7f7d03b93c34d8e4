"""A receiver to start from is the very file that is judged, and names nothing of the kit's inside."""

from __future__ import annotations

import re

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.cli.starter_command import starter
from callback_contract.contract_tests.meta.support.processes import FOLDER, invoke
from callback_contract.contract_tests.model.verdicts import Finding, RuleResult, Verdict
from callback_contract.contract_tests.receivers import BASE, CALLBACK_PATH, JUDGED, READ_BACK_PATH, RECEIVERS
from callback_contract.contract_tests.receivers.regions import code_for, framework_of, region_by_rule
from callback_contract.contract_tests.reporting.model.report import _seen
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Response
from callback_contract.openapi import KitError
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.text.message import Text

STARTERS = [pytest.param(receiver, id=receiver.name) for receiver in RECEIVERS if receiver.starter]
SHORT = 'callback-contract check "$URL" --state-url "$URL/{id}"'


def test_there_is_one_starter_for_each_framework():
    assert {p.id for p in STARTERS} == {"flask", "fastapi", "django", "aiohttp", "express", "go", "spring", "php"}


@pytest.mark.parametrize("receiver", STARTERS)
def test_starter_prints_the_judged_file(receiver):
    assert invoke(starter, [receiver.name]).stdout == (FOLDER / receiver.file).read_text("utf-8")


@pytest.mark.parametrize("receiver", STARTERS)
def test_starter_knows_nothing_of_the_kit_but_how_it_is_judged(receiver):
    text = (FOLDER / receiver.file).read_text("utf-8").replace(SHORT, "")
    named = ("callback_contract", "callback-contract", "contract_tests", "mock_server", "ca11bac4")
    assert [word for word in named if word in text] == []


@pytest.mark.parametrize("receiver", STARTERS)
def test_starter_tells_how_it_is_started_and_why_it_answers_after_storing(receiver):
    text = (FOLDER / receiver.file).read_text("utf-8")
    head = text[:2000]
    assert receiver.started(receiver.file) in head and f"URL={BASE}{CALLBACK_PATH}\n" in head and SHORT in head
    assert "personal" in text and "500" in text and "WHERE" in text.upper()


def test_starter_writes_over_nothing(tmp_path):
    out = tmp_path / "app.py"
    assert invoke(starter, ["flask", "--out", str(out)]).exit_code == 0
    with pytest.raises(KitError, match="the file exists"):
        invoke(starter, ["go", "--out", str(out)], catch_exceptions=False)
    judged = (FOLDER / "flask_receiver.py").read_text("utf-8")
    assert out.read_text("utf-8") == judged.replace("flask_receiver.py", "app.py", 1)


@pytest.mark.parametrize("receiver", STARTERS)
def test_starter_tells_what_to_do_next_with_the_name_that_it_was_given(receiver, tmp_path):
    out = tmp_path / "my app"
    said = invoke(starter, [receiver.name, "--out", str(out)]).stdout
    assert receiver.started(f"'{out}'") in said and JUDGED in said and f"GET {BASE}{READ_BACK_PATH}" in said


def test_name_that_would_end_a_comment_is_not_written_into_it(tmp_path):
    out = tmp_path / 'x"""\nraise SystemExit'
    invoke(starter, ["flask", "--out", str(out)])
    assert out.read_text("utf-8") == (FOLDER / "flask_receiver.py").read_text("utf-8")


def test_untested_starter_says_so():
    assert "no test of the kit's gate runs it" in invoke(starter, ["spring"]).stderr


@pytest.mark.parametrize("receiver", STARTERS)
def test_read_back_alone_is_the_endpoint_and_says_how_effects_are_counted(receiver):
    said = invoke(starter, ["--read-back", receiver.name]).stdout
    counted, _, endpoint = said.partition("\n\n")
    assert "SELECT count(*)" in counted and "countDocuments" in counted
    assert "no such message" in endpoint or "NOT_FOUND" in endpoint
    assert "\n\n" not in endpoint and endpoint.strip("\n") in _dedented(receiver)


def _dedented(receiver):
    text = (FOLDER / receiver.file).read_text("utf-8")
    return text + "\n".join(line.removeprefix("    ") for line in text.splitlines())


@pytest.mark.parametrize("receiver", STARTERS)
def test_every_starter_has_every_region_in_few_whole_lines(receiver):
    for rule in region_by_rule():
        code = code_for(rule, receiver.name)
        assert 1 <= len(code.splitlines()) <= 12 and not code.startswith(" "), rule


@pytest.mark.parametrize("receiver", STARTERS)
def test_lines_of_a_region_fit_into_eighty_columns_but_for_comments(receiver):
    code = [code_for(rule, receiver.name) for rule in (*region_by_rule(), "FWD-07", "SEC-01")]
    lines = [re.sub(r"\s+(?:#|//) .*", "", line) for line in "\n".join(code).splitlines()]
    assert [line for line in lines if len(line) > 75] == []


def test_stack_trace_is_mended_by_the_error_handler_of_express():
    assert "app.use((error, req, res, next) =>" in code_for("SEC-01", "express")


def test_region_of_several_parts_is_shown_whole():
    assert code_for("FWD-05", "fastapi").startswith("status: str") and "FOLLOWS" in code_for("FWD-05", "fastapi")


def test_regions_name_rules_that_there_are():
    assert region_by_rule().keys() <= {rule.id for rule in load_catalogue().rules}


@pytest.mark.parametrize(
    ("headers", "framework"),
    [
        ({"x-powered-by": "Express"}, "express"),
        ({"x-powered-by": "PHP/8.2.29"}, "php"),
        ({"server": "uvicorn"}, "fastapi"),
        ({"server": "Werkzeug/3.1.3 Python/3.11.7"}, "flask"),
        ({"server": "WSGIServer/0.2 CPython/3.11.7"}, "django"),
        ({"server": "Python/3.11 aiohttp/3.14.1"}, "aiohttp"),
        ({"server": "nginx"}, ""),
        ({"server": "gunicorn"}, ""),
        ({}, ""),
    ],
)
def test_framework_is_known_by_headers_that_only_it_sends(headers, framework):
    assert framework_of(headers) == framework


@pytest.mark.parametrize("command", ["check", "rules", "starter"])
def test_unknown_framework_names_the_known_ones(command):
    said = invoke(cli, [command, *(["rails"] if command == "starter" else ["--framework", "rails"])])
    assert (said.exit_code, "express" in said.stderr, "spring" in said.stderr) == (2, True, True)


def test_rule_shows_the_lines_of_a_framework():
    said = invoke(cli, ["rules", "PAY-01", "--framework", "express"]).stdout
    assert "In Express 5:" in said and "JSON.parse(utf8" in said


@pytest.mark.parametrize(("broke", "seen"), [(60, "always"), (2, "crashed")])
def test_remedy_of_chance_is_another_one_where_each_delivery_failed(broke, seen):
    rule, failed = load_catalogue()["LIVE-02"], Response(500, "", (), b"")
    exchange = Exchange(Delivery("c", "POST", (), b""), failed, "", "", 0.0)
    what = Text("expected.acknowledged"), Text("actual.nothing-sent")
    finding = Finding("c", "x", *what, (exchange,), True, False, tries=60, broke=broke)
    assert _seen(RuleResult(rule, Verdict.FAIL, findings=[finding])) == seen
    assert (rule.remedy_when("always") == rule.remedy) is False


@pytest.mark.parametrize(("status", "remedy"), [(400, "refused"), (500, "crashed"), (200, "")])
def test_remedy_is_that_of_what_came(status, remedy):
    rule = load_catalogue()["ACK-01"]
    exchange = Exchange(Delivery("c", "POST", (), b""), Response(status, "", (), b""), "", "", 0.0)
    finding = Finding("c", "x", Text("expected.acknowledged"), Text("actual.nothing-sent"), (exchange,), True, True)
    seen = _seen(RuleResult(rule, Verdict.FAIL, findings=[finding]))
    assert (seen, rule.remedy_when(seen)) == (remedy, getattr(rule, f"remedy_{remedy}", rule.remedy))
