"""Access guard: admits this machine's user or the owner of the token, and no other web page.

On loopback the names under which a browser may ask are those of loopback, since a page elsewhere can point a name of
its own at 127.0.0.1 (DNS rebinding), and a tunnel forwards requests from everywhere. A request by another name
or through a proxy needs the token, as every request does where the mock listens beyond loopback.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = ["FOREIGN", "NO_TOKEN", "Guard"]

NO_TOKEN, FOREIGN = "token", "foreign"

_PROXIED = frozenset(b"forwarded via x-forwarded-for x-forwarded-host x-real-ip cf-connecting-ip".split())


@dataclass(frozen=True)
class Guard:
    """The conditions of admission.

    Attributes:
        loopback: Whether the mock listens on loopback alone.
        token: Admits its owner from everywhere; None for no such way.
    """

    loopback: bool
    token: str | None = field(default=None, repr=False)

    def refusal(self, raw_headers: Iterable[tuple[bytes, bytes]], *, changes: bool = False) -> str:
        """Return why a request is rejected: `FOREIGN`, `NO_TOKEN`, or "".

        Args:
            changes: Whether it changes something; then it has to come from the inspector's own page.
        """
        headers = [(name.lower(), value) for name, value in raw_headers]
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        sites = {value for name, value in headers if name == b"sec-fetch-site"}
        same = len(hosts) == 1 and bool(origins) and all(o.lower().endswith(b"://" + hosts[0].lower()) for o in origins)
        if (origins and not same) or not sites <= {b"same-origin", b"none"}:
            return FOREIGN
        if self._has_token(headers):
            return ""
        if not self.loopback or len(hosts) != 1 or not names_loopback(hosts[0].decode("latin-1")):
            return NO_TOKEN
        if any(name in _PROXIED for name, _ in headers):
            return NO_TOKEN
        return FOREIGN if changes and not same else ""

    def _has_token(self, headers: list[tuple[bytes, bytes]]) -> bool:
        given = next((value for name, value in headers if name == b"authorization"), b"")
        return self.token is not None and hmac.compare_digest(given, b"Bearer " + self.token.encode())


def names_loopback(host: str) -> bool:
    """Return whether a Host header, or an address, names loopback."""
    try:
        name = urlsplit(f"//{host}" if host.count(":") < 2 or "[" in host else f"//[{host}]").hostname or ""
        return name == "localhost" or _address(name).is_loopback
    except (ValueError, OSError):
        return False


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    # 127.1 is a spelling of 127.0.0.1 that resolvers take; no name in the DNS is spelt so.
    short = re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,10}){0,2}", name)
    return ipaddress.ip_address(socket.inet_aton(name) if short else name)
