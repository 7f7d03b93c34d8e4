"""Certificates of the mock: creates a self-made authority and server certificates, valid or with one flaw."""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["FLAWS", "Tls", "allow_old", "demanding", "given", "self_made", "self_made_of_one", "write_client"]

FLAWS = {
    "untrusted": "a certificate of an authority that nobody trusts",
    "expired": "a certificate that ran out yesterday",
    "other host": "a certificate for another host",
    "old only": "TLS 1.0 and 1.1 alone",
    "old too": "TLS 1.0 and 1.1 beside the newer ones",
    "ending": "a certificate that runs out in three days",
    "none": "no TLS at all, at an address that is not taken for this machine",
}
"""Flaws of a server's TLS, as a fault names them."""

_LIFE = timedelta(days=90)


@dataclass(frozen=True)
class Tls:
    """The TLS settings of a server.

    Attributes:
        certificate: PEM file with the chain, the server's own certificate first; bytes when there is no file.
        key: PEM file with its key; None when the chain's file has it.
        authority: PEM file to trust; None for a given certificate.
        flaw: A key of `FLAWS`, or empty.
        clients: PEM file of the authorities that sign client certificates; None when none is required.
    """

    certificate: Path | bytes = field(repr=False)
    key: Path | None = None
    authority: Path | None = None
    flaw: str = ""
    clients: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return the server's side of TLS.

        Raises:
            KitError: The files have no certificate with its key.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.flaw in {"old only", "old too"}:
            allow_old(context, newest=ssl.TLSVersion.TLSv1_1 if self.flaw == "old only" else None)
        try:
            if isinstance(self.certificate, bytes):
                _load(context, self.certificate)
            else:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise KitError(
                Text("error-mock.no-certificate", why=str(error.strerror or error)),
                where=Text("error-mock.self-made") if isinstance(self.certificate, bytes) else str(self.certificate),
                remedy=Text("error-mock.give-pem-files"),
            ) from None
        if self.clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            try:
                context.load_verify_locations(self.clients)
            except (OSError, ssl.SSLError) as error:
                raise KitError(
                    Text("error-mock.no-authority", why=str(error.strerror or error)),
                    where=str(self.clients),
                    remedy=Text("error-mock.give-pem-certificates"),
                ) from None
        return context


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    """Load a chain with its key through files without a name.

    A killed process leaves no key behind.
    """
    with tempfile.TemporaryFile() as chain, tempfile.TemporaryFile() as key:
        for file in (chain, key):
            file.write(pem)
            file.seek(0)
        # Twice: where /dev/fd is not a file system of processes, a file that is opened again continues at its old
        # position.
        context.load_cert_chain(f"/dev/fd/{chain.fileno()}", f"/dev/fd/{key.fileno()}")


def allow_old(
    context: ssl.SSLContext, *, oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1, newest: ssl.TLSVersion | None = None
) -> None:
    """Allow versions before TLS 1.2 in a context, as far as this OpenSSL can.

    Raises:
        ValueError: This OpenSSL was built without them; ssl.SSLError in the same case.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a deprecated version is wanted here
        context.minimum_version = oldest
        if newest is not None:
            context.maximum_version = newest
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 allows SHA-1, with which they sign, only at level 0


def given(certificate: str, key: str | None) -> Tls:
    """Return the TLS settings with the user's own certificate.

    Raises:
        KitError: The files have no certificate with its key.
    """
    tls = Tls(Path(certificate), Path(key) if key else None)
    tls.context()
    return tls


def demanding(tls: Tls | None, clients: str | None) -> Tls | None:
    """Return the settings with required client certificates.

    The authorities of the clients are in a PEM file.

    Raises:
        KitError: There is no TLS, or the file has no authority.
    """
    if clients is None:
        return tls
    if tls is None:
        remedy = Text("error-mock.add-https")
        raise KitError(Text("error-mock.client-certificates-need-https"), where="--require-client-cert", remedy=remedy)
    tls = replace(tls, clients=Path(clients))
    tls.context()
    return tls


@contextlib.contextmanager
def self_made(host: str, flaw: str = "") -> Iterator[Tls]:
    """Make an authority, and with it a certificate for a host and this machine.

    The authority's certificate is in a file while the block runs; keys are in no file.

    Raises:
        KitError: The package cryptography is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="callback-contract-") as folder:
        yield write_self_made(host, Path(folder), flaw)


@contextlib.contextmanager
def self_made_of_one(host: str, flaws: Iterable[str]) -> Iterator[dict[str, Tls]]:
    """Make an authority, and with it a certificate for each flaw; see `self_made`."""
    with tempfile.TemporaryDirectory(prefix="callback-contract-") as folder:
        yield write_of_one(host, Path(folder), flaws)


def write_self_made(host: str, folder: Path, flaw: str = "") -> Tls:
    """Make a server certificate, and write its authority to `ca.pem` in a folder.

    Raises:
        KitError: The package cryptography is not installed.
    """
    return write_of_one(host, folder, [flaw])[flaw]


def write_of_one(host: str, folder: Path, flaws: Iterable[str]) -> dict[str, Tls]:
    """Make a server certificate for each flaw, and write their authority to `ca.pem` in a folder.

    Raises:
        KitError: The package cryptography is not installed.
    """
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise KitError(
            Text("error-mock.no-cryptography"),
            where=Text("error-mock.self-made"),
            remedy=Text("error-mock.install-cryptography"),
        ) from None
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    now = datetime.now(UTC)
    authority = _authority("callback-contract test authority", now)
    (folder / "ca.pem").write_bytes(authority[0].public_bytes(pem))
    made = {}
    for flaw in flaws:
        certificate, key = _issued_with(flaw, host, authority, now)
        chain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)
        made[flaw] = Tls(chain, authority=folder / "ca.pem", flaw=flaw)
    return made


def _issued_with(
    flaw: str, host: str, authority: tuple[x509.Certificate, EllipticCurvePrivateKey], now: datetime
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    ends = now + (timedelta(days=-1) if flaw == "expired" else timedelta(days=3) if flaw == "ending" else _LIFE)
    signer, signer_key = authority
    if flaw == "untrusted":
        signer, signer_key = _authority("an authority that nobody trusts", now)
    hosts = ["another-host.invalid"] if flaw == "other host" else [host, "localhost", "127.0.0.1"]
    return _issued(list(dict.fromkeys(hosts)), signer, signer_key, now - _LIFE, ends)


def write_client(folder: Path) -> tuple[Path, Path]:
    """Write `clients-ca.pem` and `client.pem`, and return both in that order.

    `client.pem` includes its key, readable for its owner only.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID

    pem, now = serialization.Encoding.PEM, datetime.now(UTC)
    authority, authority_key = _authority("callback-contract test authority of clients", now)
    certificate, key = _issued(
        ["client"], authority, authority_key, now - _LIFE, now + _LIFE, ExtendedKeyUsageOID.CLIENT_AUTH
    )
    (folder / "clients-ca.pem").write_bytes(authority.public_bytes(pem))
    client = folder / "client.pem"
    client.touch(mode=0o600)
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    client.write_bytes(plain + certificate.public_bytes(pem))
    return folder / "clients-ca.pem", client


def _authority(name: str, now: datetime) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    uses = dict.fromkeys(
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement encipher_only "
        "decipher_only".split(),
        False,
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * _LIFE)
        .not_valid_after(now + 2 * _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return built.sign(key, hashes.SHA256()), key


def _issued(
    hosts: list[str],
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
    begins: datetime,
    ends: datetime,
    use: x509.ObjectIdentifier | None = None,
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use or ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    return built.sign(authority_key, hashes.SHA256()), key
