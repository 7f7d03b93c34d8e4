"""Ranges of the numbers that identities use: no two deliveries of a run speak of one message unless a check says so.

A case has its own number in a run. What else is told apart stands here:

    message (24 bits)   attempt × 4096 + place: from 0 the check's own messages, three for each run of a state
                        machine; from 1024 those that contend with the case; from 2048 those that are sent later.
    group   (24 bits)   zone × 2²⁰ + run of a state machine × 2¹³ + number of the case. The zone is the attempt's,
                        8 for plain deliveries, and the attempt's with its first three bits turned for later messages.

    further attempts    suspects that are played again and kinds that are asked afresh: from attempt 16 on, all of them
                        in the zone 5.

Groups are told apart for the first 2¹³ cases and 2⁷ runs. Beyond them two cases may share a group, and no message.
"""

from __future__ import annotations

from dataclasses import replace

from callback_contract.mock_server.wire.identity import Identity, Run

__all__ = [
    "ATTEMPTS",
    "ATTEMPT_AGAIN",
    "FURTHER_ATTEMPTS",
    "MESSAGES_OF_A_RUN",
    "contending_identity",
    "interleaved_identity",
    "later_identity",
    "plain_identity",
    "session_identity",
]

ATTEMPTS = 5
"""Attempts at one case in all: they are numbered from 0."""

ATTEMPT_AGAIN = 9
"""The number of the attempt that repeats, in its rule's turn, a case that broke when it was prefetched."""

FURTHER_ATTEMPTS = 16
"""The number of the first attempt that is made after a rule's own ones."""

MESSAGES_OF_A_RUN = 3
"""Messages that one run of a state machine speaks of."""

_MESSAGES = 4096  # of one attempt
_CONTENDING = 1024
_LATER = 2048
_ZONE = 1 << 20  # groups of one attempt
_RUN = 1 << 13  # groups of one run of a state machine
_PLAIN_ZONE = 8 * _ZONE
_LATER_ZONES = 0xE * _ZONE
_FURTHER_ZONE = 5


def session_identity(run: Run, case: int, attempt: int) -> Identity:
    """The first message of one attempt at a case."""
    zone = attempt if attempt < FURTHER_ATTEMPTS else _FURTHER_ZONE
    return Identity(run, case, attempt * _MESSAGES, group=case + zone * _ZONE)


def contending_identity(first: Identity, other: int) -> Identity:
    """One of many messages that go out together to see whether contention breaks a case."""
    return first.next(_CONTENDING + other)


def later_identity(first: Identity) -> Identity:
    """A message that is sent after a check's own, of another group: it shows that those are worked off."""
    return replace(first, message=first.message + _LATER, group=first.group ^ _LATER_ZONES)


def interleaved_identity(first: Identity, run: int) -> Identity:
    """The first message of one run of a state machine; no run shares a group with the one before."""
    return replace(first, message=first.message + run * MESSAGES_OF_A_RUN, group=first.group + run * _RUN)


def plain_identity(run: Run, case: int, count: int) -> Identity:
    """The message of a plain valid delivery, by how many of them were sent."""
    return Identity(run, case, count, group=_PLAIN_ZONE + count)
