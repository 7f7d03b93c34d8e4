"""Prepared requests: the bytes of a delivery, head and body in one piece, as the sender of `client` puts them."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from callback_contract.mock_server.client.access import Access
from callback_contract.mock_server.client.sender import Signer
from callback_contract.mock_server.wire.delivery import Delivery, Headers, replaced_by

__all__ = ["PreparedRequests"]


class PreparedRequests:
    """Writes requests to one URL; a head that the delivery before had is not written again."""

    def __init__(self, access: Access, signer: Signer | None = None) -> None:
        parts = urlsplit(access.url)
        self._authority = parts.netloc.rpartition("@")[2]
        self._target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self._origin = f"{parts.scheme}://{self._authority}"
        self._own = access.secret_headers
        self._signer = signer
        self._head: tuple[str, str, Headers, bytes] = ("", "", (), b"")

    def of(self, delivery: Delivery) -> bytes:
        """Return the request that sends a delivery now; a signature is made at this moment, as for each try."""
        is_plain = not (delivery.query or delivery.by_query)
        target = self._target if is_plain else delivery.target_from(self._target)
        signature: Headers = ()
        body = delivery.content
        if self._signer is not None:
            signature, signed = self._signer(delivery, self._origin + target)
            body = body if delivery.by_query else signed
        head = self._head_of(delivery, target, signature)
        if delivery.method != "POST" and not body:
            return head + b"\r\n"
        return b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)

    def _head_of(self, delivery: Delivery, target: str, signature: Headers) -> bytes:
        method, of_target, of_headers, head = self._head
        if signature or (method, of_target, of_headers) != (delivery.method, target, delivery.headers):
            own = (("Host", self._authority), *delivery.headers)
            fields = replaced_by(own, signature, self._own)
            lines = [f"{delivery.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
            head = "".join(f"{line}\r\n" for line in lines).encode()
            if not signature:
                self._head = (delivery.method, target, delivery.headers, head)
        return head
