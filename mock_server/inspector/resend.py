"""Resending: sends the body of a recorded delivery once more, only to the URL of `--forward-to`."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.signing import DeliverySigner
from callback_contract.mock_server.store.stored_delivery import Redacted, StoredDelivery
from callback_contract.mock_server.wire.curl import curl
from callback_contract.mock_server.wire.delivery import Delivery, Headers
from callback_contract.openapi.text.printable import shell_word
from callback_contract.openapi.text.secret_names import masked_header
from callback_contract.openapi.text.secret_spellings import LOOKED_AT, Secrets

__all__ = ["NOT_SENT", "Forwarding", "curl_of", "header_text", "headers_sent"]

# Hop-by-hop headers (RFC 9110 section 7.6.1), and those that a sender writes anew.
NOT_SENT = frozenset(
    """host connection content-length transfer-encoding expect keep-alive te trailer upgrade proxy-connection
    proxy-authorization""".split()
)
_SHOWN_BYTES = 4000


class Forwarding:
    """Sender to one receiver, one delivery at a time.

    Its own headers replace recorded ones of the same name. With a signer the delivery is signed anew, at this time; a
    recorded signature would be too old for a receiver that looks at its time.
    """

    def __init__(self, access: Access, signer: DeliverySigner | None = None) -> None:
        self.access = access
        self._sender = Sender(self.access, Pace(at_once=1), signer)
        self._without_secrets = Secrets.of(self._sender.secrets).masked_text
        self._own = {name.lower() for name, _ in access.secret_headers}
        self._own |= {name.lower() for name in signer.scheme.headers} if signer else set()
        self._turn = threading.Lock()

    def send(self, arrival: StoredDelivery) -> dict[str, Any]:
        """Send a recorded delivery, see `deliver`."""
        headers, redacted = headers_sent(arrival)
        left_out = [name for name in redacted if name.lower() not in self._own]
        return self.deliver(_as_sent(arrival, headers), left_out)

    def deliver(self, delivery: Delivery, left_out: Sequence[str] = ()) -> dict[str, Any]:
        """Send a delivery and wait up to 30 s for the response.

        Flow control is shown and not obeyed.

        Args:
            left_out: Names of headers whose values were not kept.
        """
        headers = tuple((name, value) for name, value in delivery.headers if name.lower() not in self._own)
        with self._turn:
            at = time.time()
            exchange = self._sender.send_once(replace(delivery, headers=headers))
        answer = exchange.answer
        return {
            "at": at * 1000,
            "status": exchange.status,
            "told": self._without_secrets(exchange.described()),
            "ms": exchange.elapsed_s * 1000,
            "left_out": left_out,
            "headers": [(name, masked_header(name, self._without_secrets(value))) for name, value in answer.headers]
            if answer
            else (),
            # A staging receiver may echo the request.
            "body": self._without_secrets(answer.body[:LOOKED_AT].decode("utf-8", "backslashreplace"))[:_SHOWN_BYTES]
            if answer
            else "",
        }

    def close(self) -> None:
        """Close the connection."""
        self._sender.close()


def curl_of(arrival: StoredDelivery, url: str) -> str | None:
    """Return a command that sends a delivery; None where it cannot or should not.

    A command line cannot carry every body.
    """
    headers, left_out = headers_sent(arrival)
    if not arrival.whole or "{run}" in f"{arrival.method}{headers}" or b"{run}" in arrival.body:
        return None  # in a report these characters stand for a fresh run
    delivery = _as_sent(arrival, headers)
    url = url.partition("?")[0] if arrival.by_query else url  # the delivery brings its query
    return curl(delivery, shell_word(url), extra_headers=tuple(left_out))


def _as_sent(arrival: StoredDelivery, headers: Headers) -> Delivery:
    return Delivery(arrival.callback, arrival.method, headers, arrival.content, by_query=arrival.by_query)


def headers_sent(arrival: StoredDelivery) -> tuple[Headers, list[str]]:
    """Return the headers to send, and the names of those whose secrets were not kept."""
    headers = [(name, value) for name, value in arrival.headers if name.lower() not in NOT_SENT]
    kept = tuple((name, header_text(value)) for name, value in headers if not isinstance(value, Redacted))
    return kept, [name for name, value in headers if isinstance(value, Redacted)]


def header_text(value: str) -> str:
    """Return a latin-1 header value as the text with the same bytes in UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
