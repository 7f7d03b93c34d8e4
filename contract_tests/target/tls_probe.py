"""TLS probe: makes handshakes of its own to inspect a receiver's versions and certificate."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, NotApplicable
from callback_contract.mock_server.client.sender import Access, is_loopback
from callback_contract.mock_server.server.certificates import allow_old
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.documents.deadline import bounded_tls, connected, within
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["OLD", "Session", "by_https", "handshake", "is_https", "may_be_asked"]

_EXPIRED, _NOT_YET_VALID = 10, 9  # X509_V_ERR_CERT_HAS_EXPIRED and _NOT_YET_VALID, as in verify_code
_OTHER_NAME = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
OLD = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}


@dataclass(frozen=True)
class Session:
    """The result of a handshake.

    Attributes:
        version: As in `TLSv1.3`; empty when no session formed.
        flaw: OpenSSL's reason for a failed handshake.
        code: OpenSSL's code where the certificate was the reason, else 0.
        ends_at: Expiry of the certificate; known only where it was verified.
    """

    version: str = ""
    flaw: str = ""
    code: int = 0
    ends_at: datetime | None = None

    @property
    def untimely(self) -> bool:
        """Whether a certificate of the chain has expired, or is not valid yet."""
        return self.code in {_EXPIRED, _NOT_YET_VALID}

    @property
    def misnamed(self) -> bool:
        """Whether the certificate names other hosts."""
        return self.code in _OTHER_NAME

    @property
    def days_left(self) -> float:
        """Days until the certificate expires."""
        return (self.ends_at - datetime.now(UTC)).total_seconds() / 86400 if self.ends_at else 0.0


def handshake(access: Access, *, chain: bool = False, name: bool = False, old: str = "") -> Session:
    """Make a handshake on a separate connection and close it.

    Args:
        chain: Verifies the certificate's chain and times.
        name: Verifies that it names the host, too.
        old: Offers only this version, a key of `OLD`.

    Raises:
        LacksMeans: The URL is no https one, the host was not reached, or the OpenSSL here cannot offer the version.
    """
    if not is_https(access):
        raise LacksMeans(Means.TLS, Text("reason.no-tls"))
    parts = urlsplit(access.url)
    host, port = parts.hostname or "", parts.port or 443
    context = _context(access, chain=chain, name=name, old=old)
    with within(access.timeout_s):
        try:
            raw = connected(host, port)
        except OSError as error:
            what = Text("reason.tls-not-reached", why=error.strerror or str(error))
            raise LacksMeans(Means.TLS, what) from None
        return _session(raw, context, host)


def _session(raw: socket.socket, context: ssl.SSLContext, host: str) -> Session:
    try:
        with raw, context.wrap_socket(raw, server_hostname=host) as tls:
            verified = tls.getpeercert() or {}
            ends = verified.get("notAfter")
            ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
            return Session(tls.version() or "", ends_at=ends_at)
    except ssl.SSLCertVerificationError as error:
        return Session(flaw=printable(error.verify_message), code=error.verify_code)
    except ssl.SSLError as error:
        return Session(flaw=printable(str(error.reason or "no session").replace("_", " ").lower()))
    except OSError as error:  # closed during the handshake, which is how some servers reject a version
        return Session(flaw=printable(error.strerror or str(error)))


def _context(access: Access, *, chain: bool, name: bool, old: str) -> ssl.SSLContext:
    context = bounded_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context.check_hostname = name
    context.verify_mode = ssl.CERT_REQUIRED if chain else ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if chain:
            context.load_verify_locations(access.ca) if access.ca else context.load_default_certs()
        if access.client_cert:
            context.load_cert_chain(access.client_cert, access.client_key)
    except OSError as error:
        raise KitError(
            Text("error-receiver.certificates-unreadable", why=str(error.strerror or error)),
            where="--ca, --cert and --key",
            remedy=Text("error-receiver.give-pem-files"),
        ) from None
    if old:
        try:
            allow_old(context, oldest=OLD[old], newest=OLD[old])
        except (ValueError, ssl.SSLError):
            lacking = Text("reason.tls-not-offered", openssl=ssl.OPENSSL_VERSION, version=old)
            raise LacksMeans(Means.TLS, lacking) from None
    return context


def by_https(access: Access) -> bool:
    """Return whether deliveries use HTTPS.

    Raises:
        NotApplicable: They do not need it on this machine.
    """
    if not may_be_asked(access):
        raise NotApplicable(Text("reason.harmless-plain"))
    return is_https(access)


def is_https(access: Access) -> bool:
    """Return whether deliveries use HTTPS."""
    return access.url.startswith("https")


def may_be_asked(access: Access) -> bool:
    """Return whether HTTPS can be required: not of a plain URL on this machine."""
    return is_https(access) or not is_loopback(access.url)
