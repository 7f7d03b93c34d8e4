"""`check --callback NAME=URL`: several callbacks at several URLs in one run, each shown with its URL."""

from __future__ import annotations

import json

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.judged import run_for
from callback_contract.contract_tests.meta.support.made_reports import report
from callback_contract.contract_tests.meta.support.made_reports import written as report_in
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.meta.support.scripted import reconfigured
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.reporting.formats.html import report_html
from callback_contract.contract_tests.reporting.formats.summary import summary_md
from callback_contract.contract_tests.reporting.model.report_file import read_report_file
from callback_contract.contract_tests.runner import first_contact
from callback_contract.contract_tests.target.tls_probe import by_https, handshake
from callback_contract.mock_server.client.sender import Access, OutOfBudget, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.certificates import self_made
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import KitError, load_contract

CONTRACT = load_contract()
FIRST, SECOND, THIRD = (callback.name for callback in CONTRACT.callbacks[:3])


def check(*arguments):
    return invoke(cli, ["check", "--depth", "quick", *arguments])


@pytest.fixture
def two():
    """A right mock and one with the fault PAY-17, by their URLs."""
    with served(Receiver(CONTRACT)) as right, served(Receiver(CONTRACT, fault=FAULTS["PAY-17"])) as wrong:
        yield f"{right}/one", f"{wrong}/two"


@pytest.fixture
def judged(two, tmp_path):
    """A report of the first callback at the right URL, and the second at the wrong one, whose query is a secret."""
    right, wrong = two
    arguments = ("--callback", f"{FIRST}={right}", "--callback", f"{SECOND}={wrong}?token=hush-hush")
    ran = check(*arguments, "--rules", "PAY-17", "--report-dir", str(tmp_path))
    assert ran.exit_code == 1, ran.output
    return ran.output, tmp_path, f"{wrong}?token=hush-hush"


def test_each_callback_is_judged_at_its_own_url(judged):
    output, directory, wrong = judged
    value = json.loads((directory / "report.json").read_text())
    findings = [finding for rule in value["rules"] for finding in rule["findings"]]
    assert {finding["callback"] for finding in findings} == {SECOND}
    shown = wrong.replace("hush-hush", "…")
    assert value["receiver"]["urls"][SECOND] == shown == findings[0]["exchanges"][0]["url"]
    assert f"{SECOND} at {shown}" in output


def test_secrets_of_every_url_are_in_no_artefact(judged):
    output, directory, _ = judged
    assert "hush-hush" not in output
    assert not [file for file in directory.rglob("*.*") if "hush-hush" in file.read_text(errors="replace")]


def test_finding_is_played_again_at_the_url_of_its_callback(two, tmp_path):
    right, wrong = two
    check("-c", f"{FIRST}={right}", "-c", f"{SECOND}={wrong}", "-r", "PAY-17", "--report-dir", str(tmp_path))
    ran = invoke(cli, ["reproduce", str(tmp_path), "PAY-17-1"])
    assert ran.exit_code == 1 and f"before {wrong}:" in ran.output and "Still fails" in ran.output


def test_command_of_a_finding_judges_its_callback_at_its_url(two):
    right, wrong = two
    ran = check("--callback", f"{FIRST}={right}", "--callback", f"{SECOND}={wrong}", "--rules", "PAY-17")
    assert f"check {wrong} --rules PAY-17 --depth quick --callback {SECOND} " in ran.output


def test_callbacks_without_a_url_of_their_own_go_to_the_url():
    seen = {"all": [], "own": []}

    def act(place):
        def acknowledge(connection, request):
            seen[place].append(request.split(b" ")[1])
            connection.sendall(answer("200 OK", b"{}", "Content-Type: application/json"))

        return acknowledge

    with raw_server(act("all")) as one, raw_server(act("own")) as other:
        check(f"{one}/all", "-c", FIRST, "-c", f"{THIRD}={other}/own?x=1&y=2", "--rules", "ACK-01")
    assert {place: set(paths) for place, paths in seen.items()} == {"all": {b"/all"}, "own": {b"/own?x=1&y=2"}}


def test_plan_names_every_url_and_counts_each_contact(two):
    right, wrong = two
    ran = check("-c", f"{FIRST}={right}", "-c", f"{SECOND}={wrong}", "--rules", "ACK-01", "--dry-run")
    plan = " ".join(ran.output.split())
    assert f"{FIRST} at {right} and {SECOND} at {wrong} (2 of them are the first contact)" in plan


def test_same_url_for_all_is_one_url(two, tmp_path):
    right, _ = two
    check("-c", f"{FIRST}={right}", "-c", f"{SECOND}={right}", "-r", "ACK-01", "--report-dir", str(tmp_path))
    assert "urls" not in json.loads((tmp_path / "report.json").read_text())["receiver"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-c", "nobody={0}"], "no callback is called 'nobody'"),
        (["{0}", "-c", "all", "-c", "nobody={1}"], "no callback is called 'nobody'"),
        (["-c", f"{FIRST}={{0}}", "-c", f"{FIRST}={{1}}"], "named twice"),
        (["-c", f"{FIRST}={{0}}", "-c", SECOND], f"'{SECOND}' has no URL"),
        (["-c", "{0}?tenant=7"], "a URL without the name of its callback"),
        (["-c", f"{FIRST}=example.com/x"], f"Write {FIRST}=https://example.com/x"),
        (["-c", "all={0}"], "check URL --callback all"),
        (["{0}", "-c", f"{FIRST}={{1}}"], "nothing goes to URL"),
        (["-c", f"{FIRST}={{0}}", "-c", f"{SECOND}=/path"], "not a complete http or https URL"),
        (["--app", "m:app", "-c", f"{FIRST}={{0}}"], "an app has no URL of its own"),
    ],
)
def test_wrong_use_is_one_message(arguments, said, two):
    ran = check(*(text.format(*two) for text in arguments), "--rules", "ACK-01")
    assert isinstance(ran.exception, KitError) and said in str(ran.exception)
    assert ran.exception.exit_code == 2


def test_url_that_nobody_answers_at_ends_the_run_and_is_named(two, monkeypatch):
    monkeypatch.setattr(first_contact, "_RETURN_S", 0.0)
    right, _ = two
    ran = check("--callback", f"{FIRST}={right}", "--callback", f"{SECOND}=http://127.0.0.1:9/x", "--rules", "ACK-01")
    assert ran.exception.exit_code == 3 and ran.exception.what.startswith("http://127.0.0.1:9/x cannot be reached")


def test_http_beside_https_is_judged_for_what_it_is(two):
    with self_made("127.0.0.1", "") as tls, served(Receiver(CONTRACT), tls=tls) as secure:
        urls = ("--callback", f"{FIRST}={two[0]}", "--callback", f"{SECOND}={secure}")
        ran = check(*urls, "--ca", str(tls.authority), "--rules", "TLS,ACK-01")
    assert ran.exit_code == 0 and "not applicable" not in ran.output
    for look in (by_https, handshake):
        with pytest.raises(NotApplicable):
            look(Access(two[0]))


def test_callbacks_at_two_urls_are_not_taken_for_each_other():
    sender = Sender(Access("http://127.0.0.1:1/a"), Pace())
    elsewhere = {SECOND: sender.beside(Access("http://127.0.0.1:1/b"))}
    run = reconfigured(run_for(sender.access), callbacks=CONTRACT.callbacks[:3], elsewhere=elsewhere)
    assert [[scope.callback.name for scope in each.beside] for each in run.config.scopes] == [
        [FIRST, THIRD],
        [SECOND],
        [FIRST, THIRD],
    ]


def test_senders_beside_each_other_keep_one_pace():
    one = Sender(Access("http://127.0.0.1:1/a"), Pace(most=2))
    other = one.beside(Access("http://127.0.0.1:1/b"))
    one.take_turns(1)
    other.take_turns(1)
    with pytest.raises(OutOfBudget):
        one.take_turns(1)


def test_pace_is_careful_as_soon_as_one_url_is_elsewhere():
    assert Pace.towards("http://127.0.0.1/", "https://receiver.invalid/").per_second == 20.0
    assert Pace.towards("http://127.0.0.1/", "http://localhost/").per_second is None


def test_foreign_callback_is_routed_by_its_key(two, tmp_path):
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    content = {"application/json": {"schema": schema}}
    hook = {"requestBody": {"content": content}, "responses": {"200": {}}}
    hooks = {"push": {"post": {**hook, "operationId": "theirPush"}}, "pull": {"post": hook}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": hooks}
    contract = str(written(tmp_path, document))
    ran = check("--contract", contract, "-c", f"push={two[0]}", "-c", f"pull={two[1]}", "-r", "ACK-01", "--dry-run")
    assert f"theirPush at {two[0]} and pull at {two[1]}" in " ".join(ran.output.split()), ran.exception


def test_route_may_stand_in_the_file_and_its_secret_may_not(two, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "callback-contract.toml"
    file.write_text(f'[check]\ncallback = ["{FIRST}={two[0]}", "{SECOND}={two[1]}"]\n')
    assert f"{SECOND} at {two[1]}" in check("--rules", "ACK-01").output.replace("\n", " ")
    assert f"{SECOND}={two[1]}" in check("--print-config").output
    file.write_text(f'[check]\ncallback = ["{FIRST}=https://user:hush-hush@receiver.invalid/"]\n')
    ran = check()
    assert isinstance(ran.exception, KitError) and "a user or a password" in str(ran.exception)


def test_secret_of_a_route_is_not_printed():
    ran = check("--callback", f"{FIRST}=https://u:hush@receiver.invalid/?token=hush", "--print-config")
    assert f"{FIRST}=https://***@receiver.invalid/?token=***" in ran.output and "hush" not in ran.output


def test_heading_names_every_url_and_no_secret(judged, two):
    heading = (judged[1] / "summary.md").read_text(encoding="utf-8").splitlines()[0]
    right, wrong = (url.partition("://")[2] for url in two)
    assert heading.endswith(f": {right} and {wrong}") and "hush" not in heading


def test_page_and_summary_tell_every_url():
    value = report(receiver={"urls": {FIRST: "https://one.invalid/", SECOND: "https://two.invalid/?t=…"}})
    page = report_html(value)
    assert "https://two.invalid/?t=…" in page and SECOND in page
    assert "two.invalid" in summary_md(value)


def test_report_of_the_minor_version_before_is_read(tmp_path):
    value = report() | {"schema_version": "1.1"}
    assert read_report_file(report_in(tmp_path, value))[0]["receiver"] == value["receiver"]


def test_app_takes_paths(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "two_paths_app.py").write_text(
        "import json\n"
        "def app(environ, start):\n"
        "    own = environ['PATH_INFO'] in {'/one', '/two'}\n"
        "    start('200 OK' if own else '404 Not Found', [('Content-Type', 'application/json')])\n"
        "    return [json.dumps({}).encode()]\n"
    )
    monkeypatch.chdir(tmp_path)
    routes = ("--callback", f"{FIRST}=/one", "--callback", f"{SECOND}=/two")
    ran = check("--app", "two_paths_app:app", *routes, "--rules", "ACK-01")
    assert ran.exit_code == 0 and f"{SECOND} at two_paths_app:app/two" in ran.output, (ran.output, ran.exception)


def test_untrusted_certificate_of_one_url_leaves_the_other_to_be_judged(two, tmp_path):
    with self_made("127.0.0.1", "") as tls, served(Receiver(CONTRACT), tls=tls) as secure:
        urls = ("--callback", f"{FIRST}={two[0]}", "--callback", f"{SECOND}={secure}/")
        check(*urls, "--rules", "TLS-03,ACK-01", "--report-dir", str(tmp_path))
    rules = {rule["id"]: rule for rule in json.loads((tmp_path / "report.json").read_text())["rules"]}
    assert rules["ACK-01"]["verdict"] == "pass" and f"not judged of {SECOND}" in rules["ACK-01"]["reason"]
