"""Signatures: deliveries without a valid signature are rejected, deliveries with one are acknowledged.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.model.observations import described
from callback_contract.contract_tests.model.verdicts import Mismatch
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import signatures
from callback_contract.mock_server.wire.json_spelling import SERIALISERS
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("SIG-01")
@each(signatures.unsigned)
def test_unsigned_delivery_is_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("SIG-02")
@each(signatures.unsigned)
def test_unsigned_delivery_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-03")
@each(signatures.by_another_key)
def test_signature_by_another_key_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-04")
@each(signatures.altered, sends=2)
def test_what_was_changed_after_signing_is_rejected(receiver):
    right = receiver.without_edit().rightly_sealed().signed()
    receiver.deliver(right)
    changed = replace(receiver.case.delivery(receiver.identity), signature=right.signature)
    assert receiver.deliver(changed).rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-05")
@each(signatures.truncated)
def test_part_of_a_signature_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-06")
@each(signatures.unreadable)
def test_signature_outside_ascii_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-07")
@each(signatures.stale)
def test_stale_signature_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-08")
@each(signatures.from_the_future)
def test_signature_from_the_future_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-09")
@each(signatures.incomplete)
def test_delivery_without_time_or_id_of_signing_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-10")
@each(signatures.by_another_algorithm)
def test_signature_by_another_algorithm_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("SIG-11")
@each(signatures.by_another_key, sends=1)
def test_right_signature_is_not_told(receiver):
    right = receiver.rightly_sealed().signed()
    refused = receiver.deliver(replace(right, seal=receiver.case.seal))
    told = [value for value in receiver.signatures_in(right) if refused.answer and value in refused.answer.body]
    assert not told, Mismatch(Text("expected.no-signature"), Text("actual.tells-signature"))


@pytest.mark.rule("SIG-12")
@each(signatures.header_names)
def test_letter_case_of_the_signature_headers_is_ignored(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("SIG-13")
@each(signatures.several)
def test_one_right_signature_of_several_suffices(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("SIG-14")
@each(signatures.rotated)
def test_either_key_of_a_rotation_is_accepted(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("SIG-15")
@each(signatures.of_old_events)
def test_old_event_is_acknowledged_when_it_is_signed_now(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("SIG-16")
@each(signatures.tracing, sends=3)
def test_forged_delivery_leaves_no_trace(receiver):
    before, later = receiver.case.states
    right = receiver.rightly_sealed()
    right.tell(before)
    forged = receiver.tell(later)
    stored = right.stored_at_last()
    kept = not forged.rejected or (stored is not None and stored.state == before)
    assert kept, Mismatch(
        Text("expected.state-after-forged", state=repr(before), forged=repr(later)), described(stored)
    )


@pytest.mark.rule("SIG-17")
@each(signatures.serialised, sends=len(SERIALISERS))
def test_right_signature_is_accepted_in_every_spelling(receiver):
    came = receiver.deliver_as_serialised()
    refused = next((exchange for exchange in came.values() if exchange.status in {401, 403}), None)
    taken = next((name for name, exchange in came.items() if exchange.acknowledged), "")
    assert refused is None or not taken, Mismatch(
        Text("expected.taken-in-each-spelling"),
        Text("actual.taken-in-another-spelling", answer=refused.described(), serialiser=taken),
    )
