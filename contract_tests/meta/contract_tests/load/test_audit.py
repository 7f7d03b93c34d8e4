"""Audit of a campaign: each way in which a receiver may not keep what it acknowledged."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.load.audit import audited, evenly, expected_of
from callback_contract.contract_tests.meta.contract_tests.load.simulated import CALLBACK, lives
from callback_contract.contract_tests.model.observations import Stored
from callback_contract.mock_server.provider.lifecycles import Mix, Step
from callback_contract.mock_server.wire.identity import id_at
from callback_contract.openapi.text.errors import KitError

ORDER = CALLBACK.delivery.order
FIRST, SECOND, THIRD = next(life for life in ORDER.lives if len(life) > 3)[:3]


def steps(*states):
    return [Step(0.0, state) for state in states]


@pytest.mark.parametrize(
    ("sent", "stored", "fault"),
    [
        ((FIRST, SECOND, THIRD), Stored(THIRD, 3), ""),
        ((FIRST, SECOND, THIRD), Stored(THIRD), ""),
        ((FIRST, SECOND, THIRD), None, "lost"),
        ((FIRST, SECOND, THIRD), Stored(SECOND, 2), "lost"),
        ((FIRST, SECOND, THIRD), Stored(THIRD, 2), "lost"),
        ((FIRST, SECOND, THIRD), Stored(THIRD, 4), "doubled"),
        ((FIRST, THIRD, SECOND), Stored(SECOND, 3), "backwards"),
        ((FIRST, THIRD, SECOND), Stored(THIRD, 2), ""),
        ((FIRST, THIRD, SECOND), Stored(THIRD, 3), ""),
        ((FIRST, THIRD, FIRST), Stored(FIRST, 2), "backwards"),
        ((FIRST, SECOND), Stored(THIRD, 2), "otherwise"),
    ],
)
def test_what_is_stored_shows_the_fault(sent, stored, fault):
    assert expected_of(steps(*sent), ORDER).fault(stored, ORDER) == fault


def audit(read, spoiled=(), settle=lambda: None):
    made = lives(mix=Mix(reordered=1.0))
    return audited(made, range(20), read, is_spoiled=set(spoiled).__contains__, settle=settle)


def right(number):
    expected = expected_of(lives(mix=Mix(reordered=1.0)).of(number).steps, ORDER)
    return Stored(expected.state, expected.most)


def by_id(stored):
    """A read-back that returns `stored(number)` for the id of a message with that number."""
    made = lives()
    numbers = {id_at(CALLBACK, CALLBACK.delivery.correlation, made.identity(number)): number for number in range(20)}
    return lambda message_id: stored(numbers[message_id])


def test_right_receiver_is_clean():
    found = audit(by_id(right))
    assert (found.is_clean, found.read, found.findings) == (True, 20, [])


def test_each_lost_message_is_counted_and_shown_by_its_id():
    found = audit(by_id(lambda number: right(number) if number % 5 else None))
    assert (found.counts["lost"], len(found.findings)) == (4, 4)
    assert found.findings[0].message_id.startswith("ca11bac4")


def test_message_whose_event_was_given_up_is_not_judged():
    found = audit(by_id(lambda number: right(number) if number else None), spoiled=[0])
    assert (found.is_clean, found.left_out, found.read) == (True, 1, 19)


def test_receiver_that_stores_late_is_read_again():
    settled = []
    found = audit(by_id(lambda number: right(number) if settled else None), settle=lambda: settled.append(1))
    assert (found.is_clean, settled) == (True, [1])


def test_read_back_that_cannot_be_used_ends_at_its_first_failure_and_no_mapper_sees_it():
    asked, raised = [], []

    def broken(message_id):
        asked.append(message_id)
        raise KitError("the state URL is wrong")

    def each(function, numbers):
        for number in numbers:
            try:
                yield function(number)
            except KitError as error:
                raised.append(error)

    with pytest.raises(KitError, match="the state URL is wrong"):
        audited(lives(), range(20), broken, is_spoiled=lambda number: False, each=lambda *a: [*each(*a)])
    assert (len(asked), raised) == (1, [])


@pytest.mark.parametrize(
    ("messages", "most", "expected"), [(10, 3, [0, 3, 6]), (3, 10, [0, 1, 2]), (3, None, [0, 1, 2])]
)
def test_sample_is_spread_evenly(messages, most, expected):
    assert [*evenly(messages, most)] == expected
