"""Composing: makes a delivery of a callback to edit, and sends what the page hands back, to a declared target alone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Collection, Mapping
from typing import Any

from callback_contract.mock_server.inspector.resend import NOT_SENT, Forwarding, header_text
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.wire.delivery import Delivery, Headers
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.text.printable import exact_json

__all__ = ["MOST_BYTES", "Unsendable", "composed", "delivery_of", "sent"]

MOST_BYTES = 4 * 1024 * 1024
"""The most that the page may hand back."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_HEADERS = 100


class Unsendable(ValueError):
    """What the page handed back is no delivery; the text says why."""


def composed(contract: Contract, callback: str, example: str | None, state: str | None) -> dict[str, Any]:
    """Return a synthetic delivery with a fresh identity, as the page edits it.

    Raises:
        KitError: There is no such callback or example, or it can have no content.
    """
    composer = Composer(contract.callback(callback), example=example)
    content = composer.content(random.Random(0), state)
    if state and composer.callback.delivery.state:
        content = composer.told(content, state)
    delivery = composer.delivery(content, Identity(Run.fresh(), 1))
    headers = [(name, header_text(value)) for name, value in delivery.headers if name.lower() not in NOT_SENT]
    body = delivery.body.decode()
    if composer.callback.is_json:
        body = exact_json(json.loads(body), indent=2)
    return {"callback": callback, "method": delivery.method, "headers": headers, "body": body}


def delivery_of(raw: bytes, methods: Collection[str]) -> tuple[str, Delivery]:
    """Return where to, and the delivery that the page wants to be sent.

    Raises:
        Unsendable: It is no delivery.
    """
    try:
        asked = json.loads(raw)
        to, method, body = asked["to"], asked["method"], asked["body"].encode()
        headers: Headers = tuple((str(name), str(value)) for name, value in asked["headers"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Unsendable("The page sent no delivery.") from None
    if method not in methods:
        raise Unsendable("No callback of the contract has this method.")
    if len(headers) > _MOST_HEADERS or any(not _NAME.fullmatch(n) or _UNWRITABLE.search(v) for n, v in headers):
        raise Unsendable("A header cannot be sent: write lines of NAME: VALUE.")
    kept = tuple((name, value) for name, value in headers if name.lower() not in NOT_SENT)
    return str(to), Delivery(str(asked.get("callback", "")), method, kept, body)


def sent(targets: Mapping[str, Forwarding], to: str, delivery: Delivery) -> dict[str, Any]:
    """Send a delivery to one of the declared targets.

    Raises:
        Unsendable: There is no such target.
    """
    if to not in targets:
        raise Unsendable("The mock sends to itself, and to the URL of --forward-to.")
    return targets[to].deliver(delivery)
