"""Ranges of numbers in identities: no two of them meet."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.model import identity_ranges as ranges
from callback_contract.mock_server.wire.identity import Run

RUN = Run("0" * 8, datetime(2026, 1, 1, tzinfo=UTC))
ATTEMPTS = (*range(ranges.ATTEMPTS), ranges.ATTEMPT_AGAIN)
CASES = (1, 2, 700, (1 << 13) - 1)
RUNS = (0, 1, 30, 127)
OWN = range(ranges.MESSAGES_OF_A_RUN)


def firsts(case, attempt):
    """What a session's stories speak of first, also in the runs of a state machine."""
    return [ranges.interleaved_identity(ranges.session_identity(RUN, case, attempt), run) for run in RUNS]


def of_attempt(case, attempt):
    """Every identity that one attempt at a case may use."""
    for first in firsts(case, attempt):
        yield from (first.next(number) for number in OWN)
        yield from (ranges.later_identity(first.next(number)) for number in OWN)
    session = ranges.session_identity(RUN, case, attempt)
    yield from (ranges.contending_identity(session, other) for other in range(24))


def test_no_two_deliveries_share_a_message():
    used = [each for case in CASES for attempt in ATTEMPTS for each in of_attempt(case, attempt)]
    used += [ranges.plain_identity(RUN, 3, count) for count in range(1, 5000)]
    assert len({each.id(0) for each in used}) == len(used)


def test_no_two_attempts_share_a_group_nor_does_a_later_message_or_a_plain_one():
    groups = [{first.group_id(0)} for case in CASES for attempt in ATTEMPTS for first in firsts(case, attempt)]
    groups += [
        {ranges.later_identity(first).group_id(0)}
        for case in CASES
        for attempt in ATTEMPTS
        for first in firsts(case, attempt)
    ]
    groups += [{ranges.plain_identity(RUN, 1, count).group_id(0)} for count in range(1, 5000)]
    assert len(set().union(*groups)) == len(groups)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_messages_of_an_attempt_end_before_the_next_one_begins(attempt):
    begun = ranges.session_identity(RUN, 1, attempt).message
    messages = {each.message for each in of_attempt(1, attempt)}
    assert begun == min(messages)
    assert max(messages) < ranges.session_identity(RUN, 1, attempt + 1).message


def test_messages_of_a_story_contending_ones_and_later_ones_are_apart():
    session = ranges.session_identity(RUN, 1, 2)
    story = range(session.message, session.message + 1000)
    contending = [ranges.contending_identity(session, other).message for other in range(24)]
    later = [ranges.later_identity(session.next(number)).message for number in range(1000)]
    assert len({*story, *contending, *later}) == sum(map(len, (story, contending, later)))


def test_messages_of_one_group_share_it():
    first = ranges.session_identity(RUN, 7, 1)
    assert {first.next().group, ranges.contending_identity(first, 3).group} == {first.group}
