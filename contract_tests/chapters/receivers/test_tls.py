"""TLS: versions and certificate of the connection for deliveries.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks import tls
from callback_contract.contract_tests.model.verdicts import Mismatch
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.target.tls_probe import by_https, handshake
from callback_contract.openapi.text.message import Text


def told(session):
    return Text("actual.in-own-words", words=session.flaw)


@pytest.mark.rule("TLS-01")
@each(tls.connection, connects=True, needs=tls.away_from_here)
def test_receiver_is_reached_by_https(receiver):
    assert by_https(receiver.access), Mismatch(Text("expected.https"), Text("actual.plain-http"))


@pytest.mark.rule("TLS-02")
@each(tls.connection, connects=True, needs=tls.https)
def test_tls_1_2_or_newer_is_spoken(receiver):
    session = handshake(receiver.access)
    assert session.version, Mismatch(Text("expected.tls-session"), told(session))


@pytest.mark.rule("TLS-03")
@each(tls.connection, connects=True, needs=tls.https)
def test_chain_leads_to_a_trusted_authority(receiver):
    session = handshake(receiver.access, chain=True)
    assert session.version or session.untimely, Mismatch(Text("expected.trusted-chain"), told(session))


@pytest.mark.rule("TLS-04")
@each(tls.connection, connects=True, needs=tls.https)
def test_certificate_is_valid_today(receiver):
    session = handshake(receiver.access, chain=True)
    assert not session.untimely, Mismatch(Text("expected.valid-certificate"), told(session))


@pytest.mark.rule("TLS-05")
@each(tls.connection, connects=True, needs=tls.https)
def test_certificate_names_the_host(receiver):
    session = handshake(receiver.access, chain=True, name=True)
    assert not session.misnamed, Mismatch(Text("expected.certificate-for-host"), told(session))


@pytest.mark.rule("TLS-06")
@each(tls.old_versions, connects=True, needs=tls.https)
def test_old_versions_are_refused(receiver):
    session = handshake(receiver.access, old=receiver.case.tls)
    assert not session.version, Mismatch(
        Text("expected.no-tls-session", version=receiver.case.label),
        Text("actual.tls-session", version=session.version),
    )


@pytest.mark.rule("TLS-07")
@each(tls.connection, connects=True, needs=tls.https)
def test_certificate_does_not_run_out_soon(receiver):
    session = handshake(receiver.access, chain=True, name=True)
    assert session.days_left >= 14, Mismatch(
        Text("expected.days-left", count=14), Text("actual.days-left", days=session.days_left)
    )
