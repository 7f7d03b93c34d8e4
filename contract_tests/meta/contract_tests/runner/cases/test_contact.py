"""Case session: delivers for one case, records its exchanges, and never reuses an identity."""

from __future__ import annotations

import hmac
import json

import pytest

from callback_contract.contract_tests.meta.support.scripted import (
    FIRST,
    MUST,
    PLAIN,
    SECOND,
    ScriptedSender,
    case,
    run_before,
)
from callback_contract.contract_tests.model.observations import Stored
from callback_contract.contract_tests.runner import case_session as contact_module
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.client.sender import OutOfBudget, Pace, Sender
from callback_contract.mock_server.signing import DeliverySigner, load_keys, load_scheme
from callback_contract.mock_server.wire.delivery import Framing
from callback_contract.openapi.documents import json_pointer as jp

STATES = FIRST.delivery.order.states


def told(delivery, pointer):
    return jp.get(json.loads(delivery.body), pointer)


def contact(*answers, attempt=0, ahead_of="", run=None, **more):
    return CaseSession.of(run or run_before(*answers), case(**more), 1, attempt, ahead_of)


def read_back(shown):
    """Shows a state of each message that it is asked for, and remembers the ids."""
    asked = []

    def read(message_id):
        asked.append(message_id)
        return shown(message_id) if callable(shown) else shown

    return read, asked


def watched(shown, **before):
    read, asked = read_back(shown)
    return CaseSession.of(run_before(200, read_back=read, **{"patience_s": 0.0} | before), case(), 1), asked


# Delivering


def test_contact_remembers_each_exchange():
    receiver = contact(200, 500)
    came = [receiver.deliver(), receiver.deliver(case("another").delivery(receiver.identity))]
    assert receiver.exchanges == came == receiver.run.state.exchanges


def test_each_delivery_takes_its_turn():
    receiver = contact(run=run_before(200, pace=Pace(at_once=1, most=1)))
    receiver.deliver()
    with pytest.raises(OutOfBudget):
        receiver.deliver()


def test_contact_made_ahead_counts_for_its_rule_and_waits_for_its_turn():
    receiver = contact(200, ahead_of=MUST.id)
    with receiver.run.dispatcher.concurrency.let_in():
        receiver.deliver()
    assert receiver.run.state.take_prefetched(MUST) == 1


@pytest.mark.parametrize("ahead_of", ["", MUST.id])
def test_deliveries_at_once_are_one_burst_and_take_their_turns_together(ahead_of):
    run = run_before(200, pace=Pace(at_once=4))
    turns = []
    run.config.sender.take_turns = turns.append
    receiver = contact(ahead_of=ahead_of, run=run)
    deliveries = [receiver.event(STATES[0], message=number) for number in range(3)]
    try:
        with run.dispatcher.concurrency.let_in():
            came = receiver.deliver_at_once(deliveries)
    finally:
        run.close()
    assert turns == [3]
    workers = {name for name in run.dispatcher.__dict__ if "burst_workers" in name}
    assert workers == {"_prefetching_burst_workers" if ahead_of else "_burst_workers"}
    assert [exchange.delivery for exchange in came] == deliveries
    assert receiver.exchanges == came
    bursts = [(burst.callback, burst.case, burst.exchanges) for burst in run.state.bursts]
    assert bursts == ([] if ahead_of else [(FIRST.name, "a case", tuple(came))])


@pytest.mark.parametrize(("meeting", "at_once"), [(False, []), (True, [2])])
def test_deliveries_meet_only_where_that_is_asked_for(monkeypatch, meeting, at_once):
    limits, run = [], run_before(200, pace=Pace(at_once=2))
    meetings_of = contact_module.meetings_of
    monkeypatch.setattr(
        contact_module, "meetings_of", lambda sent, most: limits.append(most) or meetings_of(sent, most)
    )
    session = CaseSession.of(run, case(), 1)
    try:
        session.deliver_at_once(
            [session.event(state) for state in STATES[:2]], **({"meeting": True} if meeting else {})
        )
    finally:
        run.close()
    assert limits == at_once


def test_deliveries_together_are_counted_once():
    run = run_before(200, pace=Pace(at_once=2, most=2))
    session = CaseSession.of(run, case(), 1)
    try:
        session.deliver_at_once([session.event(state) for state in STATES[:2]])
    finally:
        run.close()
    assert len(run.state.exchanges) == 2


@pytest.mark.parametrize("fresh", [True, False])
def test_plain_delivery_is_another_message_of_the_same_callback(fresh):
    run = run_before(200, callbacks=(SECOND, FIRST))
    receiver = contact(run=run, edit=lambda value: {"broken": True})
    before = receiver.identity
    receiver.deliver_plain(**({} if fresh else {"fresh_connection": False}))
    (delivery,) = run.config.sender.sent
    assert (delivery.callback, delivery.framing) == (FIRST.name, Framing(fresh_connection=fresh))
    assert receiver.identity == before.next() and delivery.ids == (case().message_id(before.next()),)
    assert json.loads(delivery.body).keys() == PLAIN[FIRST.name].keys() != PLAIN[SECOND.name].keys()


def test_own_connection_has_the_pace_of_the_others_and_is_closed_afterwards(monkeypatch):
    receiver, renewed = contact(200), []
    monkeypatch.setattr(Sender, "renew", lambda sender: renewed.extend([sender]))
    monkeypatch.setattr(Sender, "_once", type(receiver.run.config.sender)._once)
    with receiver.on_one_connection() as kept:
        assert kept.sender is not receiver.run.config.sender
        assert kept.sender._turns is receiver.run.config.sender._turns
        assert kept.exchanges is receiver.exchanges
        assert renewed == []
        kept.sender.sent, kept.sender._answers = [], iter([200])
        kept.deliver()
    assert renewed == [kept.sender]
    assert (len(kept.sender.sent), receiver.run.config.sender.sent) == (1, [])


# Events of messages


def test_later_state_has_a_later_time_and_the_same_message():
    receiver = contact()
    events = [receiver.event(state) for state in STATES]
    assert [told(event, FIRST.delivery.state) for event in events] == list(STATES)
    assert len({event.ids for event in events}) == 1
    time_at = next(at for at, kind in FIRST.delivery.stamped.items() if kind == "time")
    times = [int(told(event, time_at)) for event in events]
    step = times[1] - times[0]
    assert step > 0 and times == [times[0] + position * step for position in range(len(STATES))]
    assert int(told(receiver.event(STATES[0], later_s=2), time_at)) == times[2]


def test_event_of_another_message_has_another_id():
    receiver = contact()
    assert receiver.event(STATES[0], message=1).ids == (receiver.message_id(1),)
    assert receiver.event(STATES[0]).ids == (receiver.message_id(),) != (receiver.message_id(1),)


def test_event_is_spelt_as_the_case_unless_told_otherwise():
    receiver = contact(spelling="indented")
    assert receiver.event(STATES[0]).body.count(b"\n") > 1
    assert receiver.event(STATES[0], spelling="compact-raw").body.count(b"\n") == 0


def test_state_that_the_order_does_not_know_has_the_first_time():
    receiver = contact()
    unknown = json.loads(receiver.event("unheard-of").body)
    first = json.loads(receiver.event(STATES[0]).body)
    assert unknown == jp.replaced(first, FIRST.delivery.state, "unheard-of")


@pytest.mark.parametrize(("attempt", "with_state", "looks"), [(0, True, 0), (1, True, 1), (1, False, 0)])
def test_second_try_looks_at_what_is_stored_after_each_telling(attempt, with_state, looks):
    read, asked = read_back(None)
    receiver = contact(attempt=attempt, run=run_before(200, read_back=read if with_state else None))
    exchange = receiver.tell(STATES[1], message=2)
    assert told(exchange.delivery, FIRST.delivery.state) == STATES[1]
    assert exchange.delivery.ids == (receiver.message_id(2),)
    assert asked == [receiver.message_id(2)] * looks
    assert len(receiver.looks) == looks
    assert receiver.tell(STATES[0]).delivery.ids == (receiver.message_id(0),)


def test_case_without_its_edit_or_seal_remembers_the_same_exchanges():
    receiver = contact(200, edit=lambda value: {**value, "more": 1}, seal="forged")
    for other, edit, seal in (
        (receiver.without_edit(), None, "forged"),
        (receiver.rightly_sealed(), receiver.case.edit, ""),
    ):
        assert (other.case.edit, other.case.seal) == (edit, seal)
        assert (other.identity, other.exchanges) == (receiver.identity, receiver.exchanges)
        assert other.exchanges is receiver.exchanges


# Signatures


def test_signature_is_fixed_and_read_as_it_is_written():
    scheme, run = load_scheme("sha256-hex-body"), run_before(200)
    run.config.sender.signer = DeliverySigner(scheme, load_keys(scheme, dict.fromkeys(scheme.key_env, "a key")))
    receiver = contact(run=run)
    signed = receiver.signed()
    (signature,) = receiver.signatures_in(signed)
    assert signature.decode() == hmac.new(b"a key", signed.body, "sha256").hexdigest()
    assert signature.decode() in str(signed.signature)


# Read-back


def test_stored_is_what_is_shown_once_it_satisfies():
    shown = iter([None, Stored(STATES[0], 1), Stored(STATES[1], 2)])
    receiver, asked = watched(lambda message_id: next(shown), patience_s=60.0)
    found = receiver.stored(lambda stored: stored is not None and stored.applied == 2, message=3)
    assert (found.state, asked) == (STATES[1], [receiver.message_id(3)] * 3)
    assert receiver.run.state.states_shown == {STATES[0], STATES[1]}
    assert [look.stored and look.stored.state for look in receiver.looks] == [None, STATES[0], STATES[1]]


def test_stored_is_by_default_of_the_first_message():
    receiver, asked = watched(Stored(STATES[0], 1))
    assert receiver.stored(lambda stored: True).state == STATES[0]
    assert asked == [receiver.message_id()] == [receiver.message_id(0)]


def test_what_is_stored_at_last_is_asked_once_a_later_message_is_stored(monkeypatch):
    receiver, asked = watched(Stored(STATES[0], 1), patience_s=7.0)
    patience = []

    def settled(read, message_id, until, patience_s):
        patience.append(patience_s)
        assert (until(None), until(Stored(STATES[0], 1))) == (False, True)
        return read(message_id)

    monkeypatch.setattr(contact_module, "settled", settled)
    assert receiver.stored_at_last(message=1) == Stored(STATES[0], 1)
    (later,) = receiver.exchanges
    assert asked == [*later.delivery.ids, receiver.message_id(1)]
    receiver.stored_at_last(known=False)
    assert asked[-1] == receiver.message_id()
    assert patience == [7.0, 7.0, 7.0, 0.0]


def test_others_go_ahead_while_it_is_waited_for_what_is_stored():
    run = run_before(read_back=lambda message_id: Stored(STATES[0], int(run.dispatcher.concurrency._is_open)))
    assert contact(run=run).stored(lambda stored: True).applied == 1
    assert not run.dispatcher.concurrency._is_open


def test_message_that_is_never_stored_is_shown_as_unknown():
    receiver, asked = watched(None)
    assert receiver.stored_at_last() is None
    assert len(set(asked)) == 2


(GROUP, *_) = [at for at in FIRST.delivery.groups if FIRST.delivery.stamped[at] == "id"]


@pytest.mark.parametrize("attempt", [0, 1, 4, 9])
def test_later_message_shares_no_id_with_a_story_nor_a_group_with_its_try(attempt):
    read, _ = read_back(Stored(STATES[0], 1))
    receiver = contact(attempt=attempt, run=run_before(200, read_back=read))
    receiver.stored_at_last()
    (later,) = receiver.exchanges
    assert later.delivery.ids == (case().message_id(receiver.identity.next(2048)),)
    assert told(later.delivery, GROUP) != told(receiver.event(STATES[0]), GROUP)


def test_later_message_shares_no_group_with_another_case():
    receiver, _ = watched(Stored(STATES[0], 1))
    receiver.stored_at_last()
    (later,) = receiver.exchanges
    others = [CaseSession.of(receiver.run, case(), number).event(STATES[0]) for number in range(1, 50)]
    assert told(later.delivery, GROUP) not in {told(other, GROUP) for other in others}


def test_read_back_ahead_of_its_turn_takes_a_turn():
    read, _ = read_back(None)
    run, turns = run_before(200, patience_s=0.0, read_back=read), []
    turn = run.dispatcher.concurrency.turn
    run.dispatcher.concurrency.turn = lambda: turns.append(1) or turn()
    with run.dispatcher.concurrency.let_in():
        contact(run=run, ahead_of=MUST.id).stored(lambda stored: True)
    contact(run=run).stored(lambda stored: True)
    assert turns == [1]


def test_read_back_that_failed_is_asked_again_once_a_plain_delivery_was_answered():
    def shown(message_id):
        if not receiver.run.state.plain_sent:
            raise ReadBackError("no answer")
        return Stored(STATES[0], 1)

    receiver, asked = watched(shown)
    assert receiver.stored(lambda stored: stored is not None) == Stored(STATES[0], 1)
    assert (len(asked), receiver.exchanges, receiver.run.state.plain_sent) == (2, [], 1)


# Identities


def test_no_try_shares_a_message_with_another():
    run = run_before(200)
    firsts = [CaseSession.of(run, case(), 1, attempt).identity.message for attempt in range(10)]
    assert firsts == [attempt * 4096 for attempt in range(10)]


def test_contact_knows_how_far_away_its_receiver_is():
    elsewhere = ScriptedSender(200)
    run = run_before(200, elsewhere={SECOND.name: elsewhere})
    there = CaseSession.of(run, case(callback=SECOND), 1)
    assert (contact(run=run).round_trip_s, there.round_trip_s) == (0.0, 0.0)
    run.state.round_trips_measured({run.config.sender: 0.1, elsewhere: 0.3})
    assert (contact(run=run).round_trip_s, there.round_trip_s) == (0.1, 0.3)
    assert contact(run=run).access is run.config.sender.access
    assert contact(run=run).facts is FIRST.delivery
