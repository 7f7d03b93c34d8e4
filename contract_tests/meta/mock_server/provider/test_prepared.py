"""Prepared bodies: the same bytes as those that are written anew for each message."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lives import Lives
from callback_contract.mock_server.provider.prepared import prepared_body
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi import load_contract

CALLBACK = load_contract().callbacks[0]
RUN = Run("12345678", datetime(2026, 11, 29, tzinfo=UTC))


@pytest.mark.parametrize(
    "assignments", [(), ('variables.name=李"雷',), ("callee=me",)], ids=["plain", "text", "over a gap"]
)
def test_delivery_is_the_one_that_is_written_anew(assignments):
    composer = Composer(CALLBACK, assignments=assignments)
    lives = Lives(composer, RUN, 0)
    for number in range(30):
        message = lives.of(number)
        for at, step in enumerate(message.steps):
            told = composer.told(message.content, step.state)
            anew = composer.delivery(told, lives.identity(number), after_start_s=at)
            assert lives.delivery(message, step.state, at) == anew
    assert {type(prepared).__name__ for _, prepared in composer._prepared.values()} == {"PreparedBody"}


def test_body_that_depends_on_more_is_written_anew():
    content = CALLBACK.delivered_examples[0].value
    seen = []

    def numbered(value):
        seen.append(value)
        return {**value, "again": len(seen)}

    assert prepared_body(CALLBACK, content, numbered, "read") is None
