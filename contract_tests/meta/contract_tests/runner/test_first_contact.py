"""First contact: a wrong address is no finding, and what came from the contract's examples is told."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.foreign import contract_of, with_members
from callback_contract.contract_tests.meta.support.scripted import ScriptedSender, exchange, run_of
from callback_contract.contract_tests.runner import first_contact
from callback_contract.contract_tests.runner.first_contact import make_first_contact
from callback_contract.contract_tests.runner.judge import judge_rules
from callback_contract.contract_tests.runner.planning import out_of_reach
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.wire.delivery import Response
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.text.errors import KitError

SCHEMA = with_members(action={"enum": ["opened"]}, tenant_id={"type": "string"}, text={"type": "string"})
EXAMPLE = {"action": "opened", "tenant_id": "t-1", "text": "hello"}
HEADERS = (
    {"name": "X-Hub-Event", "required": True, "example": "issues"},
    {"name": "X-Hub-Delivery", "required": True, "example": "1"},
)


def answering(status, body=b"", *headers):
    return lambda delivery: replace(exchange(status, delivery), answer=Response(status, "", headers, body))


def run_before(contract, *answers, rules=(), given=()):
    _, catalogue, _ = tools()
    sender = ScriptedSender(*answers)
    sender.access = replace(Access("http://127.0.0.1:1/"), headers=given)
    rules = tuple(catalogue[rule] for rule in rules)
    return run_of(contract, catalogue, rules, contract.callbacks, sender, DEPTHS["quick"])


def refusal(contract, *answers, **more):
    with pytest.raises(KitError) as caught:
        make_first_contact(run_before(contract, *answers, **more))
    assert caught.value.exit_code == 3
    return caught.value


@pytest.mark.parametrize("status", [401, 404, 405])
def test_refused_contact_lists_what_came_from_the_examples(tmp_path, status):
    contract = contract_of(tmp_path, SCHEMA, headers=HEADERS, example=EXAMPLE)
    told = "Sent from the contract's example: X-Hub-Event: issues, /tenant_id = 't-1', /action = 'opened'; -H"
    assert told in refusal(contract, status).remedy


def test_header_that_was_given_is_not_from_the_examples(tmp_path):
    contract = contract_of(tmp_path, headers=HEADERS)
    assert "example" not in refusal(contract, 404, given=(("x-hub-event", "push"),)).remedy


def test_contact_that_nobody_read_lists_nothing(tmp_path):
    contract = contract_of(tmp_path, headers=HEADERS)
    assert "example" not in refusal(contract, "timeout").remedy


def test_first_rule_tells_of_the_examples_when_a_body_is_refused(tmp_path):
    contract = contract_of(tmp_path, headers=HEADERS)
    run, tests = run_before(contract, 400, rules=("ACK-01", "PAY-01")), tools()[2]
    make_first_contact(run)
    judge_rules(run, tests)
    results = run.state.results
    assert run.state.contacts_refused == {"thing"}
    assert "sent from the contract's example: X-Hub-Event: issues" in results["ACK-01"].reason
    assert "example" not in results["PAY-01"].reason


def test_challenge_is_called_that(tmp_path):
    error = refusal(contract_of(tmp_path), answering(403, b"", ("cf-mitigated", "challenge")))
    assert "a challenge of Cloudflare" in error.what


# A receiver that is not there yet


@pytest.fixture
def passing(monkeypatch):
    """Time that passes only while the next try is waited for, and a place that answers when it is told to."""
    clock = SimpleNamespace(now=0.0, listens=True)
    place = SimpleNamespace(answers=lambda: clock.listens)
    monkeypatch.setattr(first_contact, "Place", SimpleNamespace(below=lambda url: place))
    sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)  # noqa: E731
    monkeypatch.setattr(first_contact, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: clock.now))
    monkeypatch.setattr(first_contact, "_round_trip_s", lambda url: 0.0)
    return clock


@pytest.mark.parametrize("failure", ["refused", "reset"])
def test_receiver_that_comes_back_within_five_seconds_is_judged(tmp_path, passing, failure):
    run = run_before(contract_of(tmp_path), *[failure] * 20, 200)
    make_first_contact(run)
    assert (passing.now, len(run.state.excused)) == (5.0, 20)


def test_receiver_that_does_not_come_back_ends_the_run(tmp_path, passing):
    passing.listens = False
    run = run_before(contract_of(tmp_path), "refused")
    with pytest.raises(KitError, match="cannot be reached"):
        make_first_contact(run)
    assert (passing.now, len(run.config.sender.sent)) == (5.0, 1)


def test_receiver_behind_a_proxy_is_asked_again_although_nobody_sees_who_listens(tmp_path, passing):
    passing.listens = False
    run = run_before(contract_of(tmp_path), "reset", 200)
    run.config.sender.access = replace(run.config.sender.access, proxy="http://127.0.0.1:2")
    make_first_contact(run)
    assert len(run.config.sender.sent) == 2


def test_receiver_that_the_kit_started_and_that_ended_is_not_waited_for(tmp_path, passing):
    run = run_before(contract_of(tmp_path), "refused")
    run = replace(run, config=replace(run.config, process=SimpleNamespace(ended=lambda: "ended with 1")))
    with pytest.raises(KitError):
        make_first_contact(run)
    assert passing.now == 0.0


def test_error_page_that_came_once_is_no_wrong_address(tmp_path):
    page = answering(502, b"<html><body>Bad Gateway</body></html>", ("Content-Type", "text/html"))
    run = run_before(contract_of(tmp_path), page, 200)
    make_first_contact(run)
    assert (len(run.config.sender.sent), run.state.excused) == (2, set())
    assert "failed at a plain valid delivery" in refusal(contract_of(tmp_path), page).what


# A documented redirect


def redirecting(tmp_path, *statuses):
    answers = {status: {"description": ""} for status in ("200", *statuses)}
    return contract_of(tmp_path, with_members(text={"type": "string"}), answers=answers)


@pytest.mark.parametrize("documented", ["307", "3XX"])
def test_documented_redirect_acknowledges_a_delivery(tmp_path, documented):
    contract = redirecting(tmp_path, documented)
    rules = ("ACK-01", "ACK-02", "ACK-04", "ACK-06", "ACK-08", "PAY-02", "PAY-04", "WIRE-06")
    run = run_before(contract, answering(307, b"", ("Location", "/cb/")), rules=rules)
    verdicts = {rule: result.verdict.value for rule, result in judge_all(run, tools()[2]).items()}
    assert verdicts.pop("ACK-02") == "not applicable"
    assert set(verdicts.values()) <= {"pass"}


def test_other_redirect_is_a_wrong_address(tmp_path):
    for contract in (redirecting(tmp_path), redirecting(tmp_path, "308")):
        assert "redirects a delivery to /cb/" in refusal(contract, answering(307, b"", ("Location", "/cb/"))).what


def test_redirect_is_judged_where_one_callback_documents_none(tmp_path):
    run = run_before(redirecting(tmp_path), 200, rules=("ACK-02",))
    assert out_of_reach(run.config, run.config.rules[0], tools()[2]["ACK-02"]) is None


def test_read_back_that_is_none_is_told_before_anything_is_judged(tmp_path):
    def wrong(message_id):
        raise ReadBackError(f"{message_id[:8]} is no read-back", exit_code=3)

    run = run_before(load_contract(), answering(200), rules=("STA-01",))
    run = replace(run, config=replace(run.config, read_back=wrong))
    with pytest.raises(ReadBackError, match="is no read-back"):
        make_first_contact(run)
