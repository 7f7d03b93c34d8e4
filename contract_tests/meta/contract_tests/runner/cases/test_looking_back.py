"""Case session that goes on from what was delivered before: which delivery it takes, and when it sends its own."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import FIRST, asked, case, exchange, run_before
from callback_contract.contract_tests.model.observations import Stop, Stored
from callback_contract.contract_tests.runner import case_session
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.events import Waiting
from callback_contract.contract_tests.runner.rule_tests import Stimulus
from callback_contract.contract_tests.stimuli.stored import STORED
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.client.sender import Pace

KEPT, *_ = sorted(STORED)
STATES = FIRST.delivery.order.states
NOW = 10_000.0
HORIZON_S = FIRST.delivery.retry.horizon_s


def delivered(run, index=0, *, number=1, purpose=KEPT, test=None, state=STATES[0], **more):
    """Delivers a state of a message for a case that others look at."""
    session = CaseSession.of(run, case(**more), number, test=test or asked())
    came = session.deliver(session.event(state, at_s=0))
    run.state.exchange_shared((purpose, session.case.callback.name, index), came)
    return came


def looking(run, index=0, *, attempt=0, number=9, **more):
    """The session of a case that looks at the delivery of another."""
    return CaseSession.of(run, case("looks back", looks_at=(KEPT, index), **more), number, attempt)


# What it is made of


def test_session_is_of_a_first_try_that_nobody_told_before_unless_it_says_so():
    run = run_before(200)
    session = CaseSession.of(run, case(), 1)
    assert session.identity == CaseSession.of(run, case(), 1, 0).identity
    assert (session.watches, session.told_ahead, session.told_before, session.stimulus) == (False,) * 3 + (None,)


def test_session_knows_its_try_and_what_it_puts_before_the_receiver():
    test = asked()
    session = CaseSession.of(run_before(200), case(), 3, 2, test=test)
    assert (session.watches, session.case.again) == (True, 2)
    assert (session.stimulus.test, session.stimulus.case, session.stimulus.number) == (test, session.case, 3)


# One delivery


def test_case_that_looks_at_none_delivers_its_own():
    run = run_before(200)
    delivered(run)
    session = CaseSession.of(run, case(), 9)
    assert (session.delivered().delivery, session.looks_back) == (case().delivery(session.identity), False)


@pytest.mark.parametrize("is_combined", [False, True])
def test_case_that_looks_at_another_sends_nothing_and_knows_whether_that_one_was_combined(is_combined):
    run = run_before(200)
    first = delivered(run)
    if is_combined:
        run.state.combination_held(first)
    session = looking(run)
    assert (session.delivered(), session.exchanges, session.looks_back) == (first, [first], True)
    assert (run.state.exchanges, session.told_ahead) == ([first], is_combined)


def test_further_try_of_a_case_that_looks_at_another_is_sent_afresh():
    run = run_before(200)
    first = delivered(run)
    session = looking(run, attempt=1)
    assert (session.delivered() is first, session.looks_back, len(run.state.exchanges)) == (False, False, 2)


def test_case_that_looks_at_what_was_never_sent_sends_it_for_all():
    run = run_before(200)
    came, again = looking(run, 4).delivered(), looking(run, 4, number=10).delivered()
    assert (again is came, run.state.exchanges) == (True, [came])


def test_exchange_that_is_looked_at_comes_after_those_of_the_session():
    run = run_before(200)
    first, session = delivered(run), looking(run)
    session.deliver()
    session.deliver()
    assert (session.delivered(), len(session.exchanges)) == (first, 3)


def test_story_that_goes_on_from_another_case_is_of_that_case_and_of_its_own_try():
    run, before = run_before(200), case("before")
    session = CaseSession.of(run, case("after", goes_on=before), 1, 2)
    assert session.of_story().case == replace(before, again=2)
    alone = CaseSession.of(run, case(), 1)
    assert alone.of_story() is alone


def empty(body):
    return b""


@pytest.mark.parametrize(
    ("more", "is_empty"),
    [
        ({}, False),
        ({"mangle": empty}, True),
        ({"mangle": empty, "method": "PUT"}, False),
        ({"mangle": empty, "method": "GET"}, False),
    ],
)
def test_case_is_empty_where_a_delivery_has_no_body(more, is_empty):
    assert CaseSession.of(run_before(200), case(**more), 1).is_empty is is_empty


# A state that is told once


def told_once(run, state=STATES[0], **more):
    session = looking(run, **more)
    return session.told_once(state), session


@pytest.mark.parametrize(("others", "is_taken"), [(0, True), (59, True), (60, False), (61, False)])
def test_delivery_of_the_same_state_is_taken_while_it_is_recent_and_its_message_gone_on_about(others, is_taken):
    run = run_before(200)
    first = delivered(run)
    for _ in range(others):
        run.state.delivery_sent(exchange())
    came, session = told_once(run)
    assert (came is first, len(run.state.exchanges)) == (is_taken, others + 2 - is_taken)
    assert session.exchanges == [came]
    assert session.identity == CaseSession.of(run, case(), 1 if is_taken else 9).identity
    assert run.state.sent_again == (set(first.delivery.ids) if is_taken else set())


@pytest.mark.parametrize(
    "how",
    [
        {"attempt": 1},
        {"index": 5},
        {"state": STATES[1]},
        {"edit": lambda value: {**value, "more": 1}},
        {"spelling": "indented"},
    ],
)
def test_delivery_of_something_else_is_not_taken(how):
    run = run_before(200)
    first = delivered(run)
    came, session = told_once(run, **how)
    assert (came is first, came.delivery.ids) == (False, (session.message_id(),))


def test_delivery_that_was_not_acknowledged_is_not_taken():
    run = run_before(500, 200)
    first = delivered(run)
    assert told_once(run)[0] is not first


def test_delivery_of_no_case_is_not_taken():
    run = run_before(200)
    first = delivered(run)
    run.state.sent_for.clear()
    assert told_once(run)[0] is not first


def test_message_that_is_gone_on_about_is_the_first_of_its_delivery():
    run = run_before(200)
    sent = replace(case().delivery(CaseSession.of(run, case(), 1).identity), ids=("first", "second"))
    first = delivered(run, sent=sent)
    assert told_once(run, sent=sent)[0] is first
    assert run.state.sent_again == {"first"}


def test_state_that_is_told_afresh_has_the_time_of_the_first():
    run = run_before(200)
    session = CaseSession.of(run, case(), 1)
    assert session.told_once(STATES[1]).delivery == session.event(STATES[1], at_s=0)


def test_state_that_is_told_has_its_own_time():
    session = CaseSession.of(run_before(200), case(), 1)
    assert session.tell(STATES[1]).delivery == session.event(STATES[1])


# The earliest delivery


def shared(run, index=0, *, begun_s=NOW, status=200, purpose=KEPT, callback=FIRST.name, **more):
    """Shares a delivery that began at a time."""
    sent = replace(case().delivery(CaseSession.of(run, case(), 1 + index).identity), **more)
    came = replace(exchange(status, sent), begun_s=begun_s)
    run.state.delivery_sent(came)
    run.state.exchange_shared((purpose, callback, index), came)
    return came


@pytest.fixture
def now(monkeypatch):
    """The time in which the sessions live."""
    clock = SimpleNamespace(now=NOW, slept=[])
    passing = SimpleNamespace(perf_counter=lambda: clock.now, monotonic=lambda: clock.now, sleep=clock.slept.append)
    monkeypatch.setattr(case_session, "time", passing)
    return clock


def earliest(run, distance=0, **more):
    session = CaseSession.of(run, case(), 99)
    came = session.earliest_delivered(distance, **more)
    assert session.exchanges == ([came] if came else [])
    return came


@pytest.mark.parametrize(("distance", "is_found"), [(0, True), (1, True), (2, True), (3, False)])
def test_earliest_delivery_is_one_that_enough_deliveries_followed(now, distance, is_found):
    run = run_before(200)
    first = shared(run)
    for begun_s in (NOW - 1, NOW, NOW, NOW + 1, NOW + 2):
        run.state.delivery_sent(replace(exchange(), begun_s=begun_s))
    assert earliest(run, distance) is (first if is_found else None)


def test_earliest_delivery_is_found_once(now):
    run = run_before(200)
    first, second = shared(run, 0), shared(run, 1)
    assert [earliest(run), earliest(run), earliest(run)] == [first, second, None]
    assert run.state.sent_again == {*first.delivery.ids, *second.delivery.ids}


def test_delivery_of_several_messages_is_known_by_the_first(now):
    run = run_before(200)
    shared(run, ids=("first", "second"))
    assert earliest(run)
    assert (earliest(run), run.state.sent_again) == (None, {"first"})


@pytest.mark.parametrize(
    "other",
    [{"status": 500}, {"purpose": "of nothing that is stored"}, {"callback": "another"}, {"callback": "~another"}],
)
def test_earliest_delivery_is_one_of_the_callback_that_has_to_be_kept(now, other):
    run = run_before(200)
    shared(run, 0, **other)
    assert earliest(run) is None
    assert earliest(run, past_retries=True) is None
    assert shared(run, 1) is earliest(run)


@pytest.mark.parametrize("past_retries", [False, True])
def test_earliest_delivery_is_past_the_retries_only_where_that_is_asked_for(now, past_retries):
    run = run_before(200)
    old, recent = shared(run, 0, begun_s=NOW - HORIZON_S - 1), shared(run, 1)
    found = [earliest(run, past_retries=past_retries) for _ in range(2)]
    assert found == [old if past_retries else recent, None]


@pytest.mark.parametrize(("ago_s", "is_past"), [(0, False), (HORIZON_S, False), (HORIZON_S + 1, True)])
def test_provider_tries_a_delivery_until_its_retries_are_at_an_end(now, ago_s, is_past):
    came = replace(exchange(), begun_s=NOW - ago_s)
    assert CaseSession.of(run_before(200), case(), 1).is_past_retries(came) is is_past


def test_no_delivery_is_past_the_retries_of_a_contract_that_has_none(now):
    without = replace(FIRST, delivery=replace(FIRST.delivery, retry=None))
    session = CaseSession.of(run_before(200, callbacks=(without,)), replace(case(), callback=without), 1)
    assert not session.is_past_retries(replace(exchange(), begun_s=0.0))


# What has to be kept


@pytest.mark.parametrize(
    ("begun_s", "status", "has_ids", "is_kept"),
    [
        (31.0, 200, True, True),
        (30.0, 200, True, False),
        (25.0, 200, True, False),
        (31.0, 500, True, False),
        (31.0, 200, False, False),
    ],
)
def test_message_has_to_be_kept_that_was_acknowledged_after_the_last_stop(begun_s, status, has_ids, is_kept):
    run = run_before(200)
    for at_s in (10.0, 20.0, 30.0):
        run.state.stop_seen(Stop.now(replace(exchange("refused"), begun_s=at_s), 1, is_long=True))
    session = CaseSession.of(run, case(), 1)
    sent = replace(session.event(STATES[0]), ids=("an id",) if has_ids else ())
    came = replace(exchange(status, sent), begun_s=begun_s)
    assert session.has_to_be_kept(came) is is_kept
    run.state.stops.clear()
    assert session.has_to_be_kept(replace(came, begun_s=0.0)) is (status == 200 and has_ids)


# Looks at what is stored


def reading(*shown, **more):
    """A run in which read-back shows this, the last of it again and again, and the ids that were asked for."""
    asked_for, left = [], list(shown)

    def read(message_id):
        asked_for.append(message_id)
        return left.pop(0) if len(left) > 1 else left[0]

    return run_before(200, read_back=read, **{"patience_s": 60.0} | more), asked_for


def test_message_is_looked_up_until_it_is_known_and_then_no_more():
    run, asked_for = reading(None, Stored(STATES[0], 1))
    first, second = (CaseSession.of(run, case(), number).looked_up("an id") for number in (1, 2))
    assert (first, second, asked_for) == (Stored(STATES[0], 1), first, ["an id"] * 2)
    assert run.state.looked_up == {"an id": first}


def test_message_that_nobody_knows_is_looked_up_once(now):
    run, asked_for = reading(None, patience_s=0.0)
    assert [CaseSession.of(run, case(), 1).looked_up("an id") for _ in range(2)] == [None, None]
    assert (asked_for, run.state.looked_up, now.slept) == (["an id"], {}, [])


def test_look_ups_keep_the_pace_of_a_run(now):
    run, _ = reading(Stored(STATES[0], 1), pace=Pace(per_second=4.0, at_once=2))
    CaseSession.of(run, case(), 1).looked_up("an id")
    assert now.slept == [0.5]


@pytest.mark.parametrize(
    ("reads_back", "broke", "can"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_what_is_stored_can_be_seen_until_read_back_breaks(reads_back, broke, can):
    run = run_before(200, read_back=(lambda message_id: None) if reads_back else None)
    if broke:
        run.state.read_back_broke(ReadBackError("no answer"))
    assert CaseSession.of(run, case(), 1).can_read_back is can


def test_each_wait_tells_which_of_the_messages_is_waited_for():
    run, _ = reading(Stored(STATES[0], 1))
    waits = []
    run.state.subscribe(lambda event: waits.append(event) if isinstance(event, Waiting) else None)
    session = CaseSession.of(run, case(), 1)
    session.stored(lambda stored: True, message=3)
    session.stored_at_last(message=4)
    assert [wait.message for wait in waits] == [4, 0, 5]  # the one that only follows has no number


def last_messages(*, settles=True, told_before=True, has_stimulus=True):
    """The later messages that two sessions deliver, by which they see that all before is worked off."""
    run, _ = reading(Stored(STATES[0], 1))
    test = asked(settles=settles)
    stimulus = Stimulus(test, case(), 1) if has_stimulus else None
    sessions = [replace(CaseSession.of(run, case(), number), stimulus=stimulus) for number in (1, 2)]
    for session in sessions:
        session.told_before = told_before
        session.stored_at_last()
    return [session.exchanges[0].delivery.ids for session in sessions]


def test_one_later_message_follows_all_stories_that_were_told_before():
    first, second = last_messages()
    assert first == second


@pytest.mark.parametrize("how", [{"settles": False}, {"told_before": False}, {"has_stimulus": False}])
def test_each_story_that_is_told_now_is_followed_by_its_own_later_message(how):
    first, second = last_messages(**how)
    assert first != second
