"""TLS: versions and certificate of the connection for deliveries."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks import tls
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.target.tls_probe import by_https, handshake


@pytest.mark.rule("TLS-01")
@each(tls.connection, connects=True, needs=tls.away_from_here)
def test_receiver_is_reached_by_https(receiver):
    assert by_https(receiver.access), "an https URL <- plain http, and not on this machine"


@pytest.mark.rule("TLS-02")
@each(tls.connection, connects=True, needs=tls.https)
def test_tls_1_2_or_newer_is_spoken(receiver):
    session = handshake(receiver.access)
    assert session.version, f"a session by TLS 1.2 or 1.3 <- {session.flaw}"


@pytest.mark.rule("TLS-03")
@each(tls.connection, connects=True, needs=tls.https)
def test_chain_leads_to_a_trusted_authority(receiver):
    session = handshake(receiver.access, chain=True)
    assert session.version or session.untimely, f"a chain to a trusted authority <- {session.flaw}"


@pytest.mark.rule("TLS-04")
@each(tls.connection, connects=True, needs=tls.https)
def test_certificate_is_valid_today(receiver):
    session = handshake(receiver.access, chain=True)
    assert not session.untimely, f"a certificate that is valid now <- {session.flaw}"


@pytest.mark.rule("TLS-05")
@each(tls.connection, connects=True, needs=tls.https)
def test_certificate_names_the_host(receiver):
    session = handshake(receiver.access, chain=True, name=True)
    assert not session.misnamed, f"a certificate for the host <- {session.flaw}"


@pytest.mark.rule("TLS-06")
@each(tls.old_versions, connects=True, needs=tls.https)
def test_old_versions_are_refused(receiver):
    session = handshake(receiver.access, old=receiver.case.label)
    assert not session.version, f"no session by {receiver.case.label} <- a session by {session.version}"


@pytest.mark.rule("TLS-07")
@each(tls.connection, connects=True, needs=tls.https)
def test_certificate_does_not_run_out_soon(receiver):
    session = handshake(receiver.access, chain=True, name=True)
    assert session.days_left >= 14, f"14 days left at least <- {session.days_left:.1f} days"
