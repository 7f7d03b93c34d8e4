"""Setups of the mock for the kill matrix: plain, or signed, with credentials, by HTTPS and never tried again."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import replace

from callback_contract.contract_tests.model.cases import Sample, default_headers
from callback_contract.contract_tests.model.observations import ReadBack
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.certificates import Tls, self_made
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import DeliverySigner, Keys, Scheme, load_keys, load_scheme
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.mock_server.wire.json_spelling import encode
from callback_contract.openapi.contract.model import Callback, Contract, Retry

__all__ = ["RIGHT", "is_secured", "never_retried", "reached", "set_aside", "stock_samples", "stock_signature"]

RIGHT = {"": "right", "secured": "right; signed, with credentials, by HTTPS, never tried again"}
"""The mocks without a fault, as the matrix names and describes them."""

_NEEDY = frozenset(fault for fault, planted in FAULTS.items() if planted.needs)
_WITHIN_RETRIES = "IDM-08"  # it asks nothing where nothing is tried again
_ELSEWHERE = "127.1"  # a spelling of this machine's address that the kit does not take for loopback


def set_aside(fault: str) -> frozenset[str]:
    """Return the rules that are not applicable to a fault in its setup.

    The other correct mock judges them.
    """
    if not is_secured(fault):
        return _NEEDY
    without_tls = fault in FAULTS and FAULTS[fault].tls == "none"
    return frozenset(rule for rule in _NEEDY if without_tls and FAULTS[rule].needs == "https") | {_WITHIN_RETRIES}


def never_retried(contract: Contract) -> Contract:
    """Return a contract of the secured setup: nothing is tried again, so each redelivery comes after the last retry."""
    told = ((each, replace(each.delivery, retry=Retry(60, 0))) for each in contract.callbacks)
    return replace(contract, callbacks=tuple(replace(each, delivery=facts) for each, facts in told))


def is_secured(fault: str) -> bool:
    """Return whether a fault's setup has all that rules need."""
    return fault == "secured" or fault in _NEEDY


def stock_signature() -> tuple[Scheme, Keys]:
    """Return a scheme to which every signature rule applies, with two new keys."""
    scheme = replace(load_scheme("standard-webhooks"), key_env=("CURRENT_KEY", "NEXT_KEY"), key_encoding="hex")
    return scheme, load_keys(scheme, {name: secrets.token_hex(32) for name in scheme.key_env})


def stock_samples(callback: Callback) -> tuple[Sample, ...]:
    """Return the contract's examples as recordings, for the rules on recordings."""
    headers = default_headers(callback)
    return tuple(
        Sample(e.name, e.value, Delivery(callback.name, callback.method, headers, encode(e.value)))
        for e in callback.delivered_examples
    )


@contextlib.contextmanager
def reached(contract: Contract, fault: str) -> Iterator[tuple[Sender, ReadBack]]:
    """Serve the mock with a fault; yield a sender and its read-back.

    A name of `RIGHT` is a mock without a fault.
    """
    planted = FAULTS.get(fault)
    if not is_secured(fault):
        with served(Receiver(contract, fault=planted)) as url:
            yield Sender(Access(f"{url}/callbacks"), Pace()), own_read_back(url, contract)
        return
    signature = stock_signature()
    flaw = planted.tls if planted else ""
    with contextlib.ExitStack() as stack:
        tls: Tls | None = None if flaw == "none" else stack.enter_context(self_made("127.0.0.1", flaw))
        url = stack.enter_context(served(Receiver(contract, fault=planted, signature=signature), tls=tls))
        if tls is None:
            url = url.replace("127.0.0.1", _ELSEWHERE)
        access = Access(
            f"{url}/callbacks",
            headers=(("Authorization", f"Bearer {secrets.token_hex(16)}"),),
            ca=str(tls.authority) if tls else None,
            insecure=True,  # the certificate's flaw belongs to its own rule, and the rest is judged
        )
        yield Sender(access, Pace(), DeliverySigner(*signature)), own_read_back(url, contract, access)
