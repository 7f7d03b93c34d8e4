"""Client certificate: checks and loads the PEM files of `--cert`, `--key` and `--ca` before anything is sent."""

from __future__ import annotations

import os
import ssl

from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["check_pem_files", "show_client_certificate"]


class _Encrypted(Exception):
    pass


def check_pem_files(client_cert: str | None, client_key: str | None, ca: str | None) -> None:
    """Read the files of `--cert`, `--key` and `--ca`.

    Raises:
        KitError: A file is missing, has other content or a passphrase, or key and certificate are not a pair.
    """
    for option, path in (("--cert", client_cert), ("--key", client_key), ("--ca", ca)):
        if path is not None and not os.path.isfile(path):
            raise KitError(
                Text("error-receiver.no-file", path=path), where=option, remedy=Text("error-receiver.give-pem")
            )
    if client_key is not None and client_cert is None:
        raise KitError(
            Text("error-receiver.key-without-certificate"),
            where="--key",
            remedy=Text("error-receiver.give-certificate"),
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if client_cert is not None:
        show_client_certificate(context, client_cert, client_key)
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except (OSError, ssl.SSLError) as error:
            what = Text("error-receiver.authority-unreadable", file=ca, why=_reason(error))
            raise KitError(what, where="--ca", remedy=Text("error-receiver.give-pem-certificates")) from None


def show_client_certificate(context: ssl.SSLContext, client_cert: str, client_key: str | None) -> None:
    """Load a client certificate into a context.

    Raises:
        KitError: It cannot be read, its key has a passphrase, or the two are not a pair.
    """

    def no_passphrase() -> str:
        raise _Encrypted  # else OpenSSL asks for it on the terminal, in the middle of a run

    where = "--key" if client_key else "--cert"
    named = client_key or client_cert
    try:
        context.load_cert_chain(client_cert, client_key, no_passphrase)
    except _Encrypted:
        remedy = Text("error-receiver.write-without-passphrase")
        raise KitError(Text("error-receiver.key-has-passphrase", named=named), where=where, remedy=remedy) from None
    except (OSError, ssl.SSLError) as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            what = Text("error-receiver.not-a-pair", named=named, certificate=client_cert)
            raise KitError(what, where=where, remedy=Text("error-receiver.key-of-certificate")) from None
        both = Text("error-receiver.two-files", certificate=client_cert, key=client_key) if client_key else client_cert
        raise KitError(
            Text("error-receiver.certificate-unreadable", files=both, why=_reason(error)),
            where="--cert",
            remedy=Text("error-receiver.give-pems"),
        ) from None


def _reason(error: OSError) -> str:
    reason = getattr(error, "reason", None) or error.strerror or str(error)
    return str(reason).replace("_", " ").lower()
