"""Short secrets: a one-character password masks no ordinary word of a report."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.reporting.model.redaction import Redaction
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.wire.delivery import Response
from callback_contract.mock_server.wire.identity import Run

URL = "http://127.0.0.1:1/"
TEXT = "the receiver answered 500 to a delivery"


@pytest.mark.parametrize("secret", ["e", "5", " ", ""])
def test_secret_of_one_character_tears_no_text_apart(secret):
    redaction = Redaction.of([secret, "a long secret"], Run.fresh())
    assert redaction.text(f"{TEXT}: a long secret") == f"{TEXT}: ***"
    assert redaction.received(f"{TEXT}: a long secret".encode()) == f"{TEXT}: ***".encode()
    assert redaction.sent(TEXT.encode()) == TEXT.encode()


def test_value_of_one_character_at_a_redacted_pointer_is_masked_there_and_nowhere_else():
    redaction = Redaction.of([], Run.fresh(), ("/pin",)).knowing([b'{"pin":"e"}'])
    assert redaction.text(TEXT) == TEXT
    assert redaction.sent(b'{"pin":"e","text":"eee"}') == b'{"pin":"***","text":"eee"}'


def test_secret_inside_another_leaves_no_rest():
    redaction = Redaction.of(["secret", "a secret indeed"], Run.fresh())
    assert redaction.text("a secret indeed, secret") == "***, ***"


@pytest.mark.parametrize(("password", "leaks"), [("e", False), ("a long secret", True)])
def test_answer_repeats_a_credential_only_where_that_is_more_than_a_character(password, leaks):
    answer = Response(200, "", (), f"{TEXT}: a long secret".encode())
    header = ("Authorization", f"Bearer {password}")
    for access in (Access(URL, basic_auth=f"user:{password}"), Access(URL, headers=(header,))):
        assert bool(Sender(access, Pace())._leak(answer)) is leaks
