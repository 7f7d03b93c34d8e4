"""Plain deliveries: two in a row without an acknowledgement are a death; one refused for its credentials ends a run."""

from __future__ import annotations

import contextlib
import json

import pytest

from callback_contract.contract_tests.meta.support.scripted import FIRST, MUST, asked, case, exchange, run_before
from callback_contract.contract_tests.runner.attempts import Outcome
from callback_contract.contract_tests.runner.case_session import CaseSession, plain_case, plain_exchange
from callback_contract.contract_tests.runner.liveness import (
    credentials_error,
    death,
    look_after,
    refuse_lost_credentials,
    valid_after_hostile,
)
from callback_contract.contract_tests.runner.rule_tests import story_key
from callback_contract.mock_server.wire.delivery import Framing
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError


@pytest.mark.parametrize(
    ("answers", "is_dead", "deliveries"),
    [
        ((200,), False, 1),
        ((204,), False, 1),
        ((500, 200), False, 2),
        (("timeout", 200), False, 2),
        ((500, 500), True, 2),
        (("reset", "refused"), True, 2),
        ((404, 302), True, 2),
    ],
)
def test_receiver_is_dead_when_two_plain_deliveries_in_a_row_are_not_acknowledged(answers, is_dead, deliveries):
    came = [exchange(answer) for answer in answers]
    left = iter(came)
    finding = death(lambda: next(left), "a", "the case")
    assert (finding is not None, len(came) - len(list(left))) == (is_dead, deliveries)
    if finding:
        assert (finding.callback, finding.case, finding.exchanges) == ("a", "the case", (came[1],))
        assert (finding.expected, finding.actual) == ("an acknowledgement (2xx), as before", came[1].described())
        assert (finding.repeated, finding.curl_suffices) == (True, False)


def looked_after(*answers):
    run = run_before(*answers)
    return look_after(run, run.config.scopes[0], MUST), run


def test_look_at_a_receiver_that_lives_costs_one_delivery_and_blames_nobody():
    findings, run = looked_after(200)
    assert (findings, run.state.stopped_by, run.state.plain_sent) == ([], {}, 1)


def test_one_unanswered_plain_delivery_is_no_death():
    findings, run = looked_after("timeout", 200)
    assert (findings, run.state.stopped_by, run.state.plain_sent) == ([], {}, 2)


def test_death_is_blamed_on_the_rule_in_hand():
    findings, run = looked_after(500)
    assert [finding.case for finding in findings] == ["the plain valid delivery after all of these"]
    assert (run.state.stopped_by, run.state.plain_sent) == ({run.config.sender: MUST.id}, 2)


def test_look_is_what_the_first_hostile_case_tells_where_it_is_acknowledged():
    run, hostile = run_before(200), case("hostile")
    look_after(run, run.config.scopes[0], MUST, hostile)
    told = run.state.stories[story_key(valid_after_hostile, hostile)]
    assert ([told.told], told.exchanges, told.case) == (run.state.exchanges, run.state.exchanges, hostile)
    assert told.identity.case == 0  # it is none of the cases that have numbers


def test_look_that_is_acknowledged_at_the_second_try_is_no_case_of_its_own():
    run = run_before(500, 200)
    look_after(run, run.config.scopes[0], MUST, case("hostile"))
    assert run.state.stories == {}


def test_story_of_something_hostile_sends_as_many_deliveries_as_are_planned():
    run, hostile = run_before(200), case(mangle=lambda body: b"{")
    valid_after_hostile.tell(CaseSession.of(run, hostile, 1))
    assert [delivery.body == b"{" for delivery in run.config.sender.sent] == [True, False]
    assert asked(story=valid_after_hostile).deliveries(hostile) == 2


@pytest.mark.parametrize(("answer", "lives"), [(500, True), ("timeout", False)])
def test_plain_delivery_that_is_answered_is_a_sign_of_life(answer, lives):
    run = run_before(answer)
    came = plain_exchange(run, run.config.scopes[0])
    assert (run.state.plain_answered_s == came.begun_s) is lives


def test_look_takes_others_along_once_and_the_second_look_none(monkeypatch):
    _, run = looked_after(200)
    times, along = [], []

    @contextlib.contextmanager
    def let_along():
        times.append(1)
        yield

    send = run.dispatcher.send
    monkeypatch.setattr(run.dispatcher.concurrency, "let_along", let_along)
    monkeypatch.setattr(
        run.dispatcher, "send", lambda delivery, **more: along.append(more["along"]) or send(delivery, **more)
    )
    run.config.sender._answers = iter([500, 500])
    look_after(run, run.config.scopes[0], MUST)
    assert (times, along) == ([1], [True, False])


def test_each_look_is_another_message_on_a_connection_of_its_own():
    _, run = looked_after(500)
    look_after(run, run.config.scopes[0], MUST)
    assert len({delivery.body for delivery in run.config.sender.sent}) == len(run.state.ids_sent) == 4
    assert {delivery.framing for delivery in run.config.sender.sent} == {Framing(fresh_connection=True)}
    assert run.config.sender.renewed == 2


def test_plain_deliveries_have_one_number_that_no_case_has():
    _, run = looked_after(500)
    scope = run.config.scopes[0]
    assert [run.state.number(purpose, scope, 1) for purpose in ("a plain valid delivery", "another")] == [1, 2]


def test_plain_deliveries_share_no_group_with_one_another_nor_with_a_case():
    _, run = looked_after(500)
    cases = [CaseSession.of(run, case(), number, attempt).deliver() for number in (1, 2) for attempt in (0, 1)]
    (pointer, *_) = [at for at in FIRST.delivery.groups if FIRST.delivery.stamped[at] == "id"]
    groups = [jp.get(json.loads(delivery.body), pointer) for delivery in run.config.sender.sent]
    assert len(set(groups)) == len(groups) == 2 + len(cases)


def test_plain_case_is_what_first_contact_sends():
    scope = run_before().config.scopes[0]
    plain = plain_case(scope)
    assert (plain.callback, plain.content, plain.label) == (FIRST, scope.plain, "a plain valid delivery")


@pytest.mark.parametrize(
    ("answer", "plain", "is_refused", "deliveries"),
    [
        (401, 401, True, 1),
        (403, 401, True, 1),
        (401, 403, True, 1),
        (401, 200, False, 1),
        (403, 500, False, 1),
        (400, 401, False, 0),
        (500, 401, False, 0),
        (404, 401, False, 0),
    ],
)
def test_credentials_are_lost_where_a_plain_delivery_is_refused_too(answer, plain, is_refused, deliveries):
    run = run_before(plain)
    contact = CaseSession.of(run, case(), 1)
    contact.exchanges += [exchange(200), exchange(answer)]
    refusal = (
        pytest.raises(KitError, match=f"credentials: it answered {plain}") if is_refused else contextlib.nullcontext()
    )
    with refusal as caught:
        refuse_lost_credentials(run, run.config.scopes[0], Outcome(contact, AssertionError()))
    assert (run.state.plain_sent, len(run.config.sender.sent)) == (deliveries, deliveries)
    assert not is_refused or caught.value.exit_code == 3


def test_refused_credentials_name_the_options_that_give_them():
    error = credentials_error(exchange(401))
    assert (error.exit_code, "--auth" in error.remedy, "401 Unauthorized" in error.what) == (3, True, True)
