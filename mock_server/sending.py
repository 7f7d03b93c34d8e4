"""Decides how exact bytes reach a receiver: one connection pool, a pace that holds, flow control respected."""

from __future__ import annotations

import base64
import functools
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from mock_server.client_certificate import check_pem_files, show_client_certificate
from mock_server.delivery import Answer, Delivery, Exchange, Headers, printable
from mock_server.pacing import OutOfBudget, Pace, Turns, is_loopback
from openapi.errors import KitError

__all__ = ["LIMIT_ANSWER_BYTES", "NO_ANSWER_S", "Access", "OutOfBudget", "Pace", "Sender", "is_loopback"]

NO_ANSWER_S = 30.0
"""The upper end of what providers wait (shared "no answer", judgement.md)."""

LIMIT_ANSWER_BYTES = 1024 * 1024
_CHUNK = 65536
_SHORTEST_SECRET = 8
_SECRET_NAME = re.compile("auth|token|key|secret|cookie|password|credential", re.IGNORECASE)
_PATIENCE_S = 1.0
_LONGEST_WAIT_S = 120.0  # who asks for more is not there today
_MOST_WAITS = 10  # a receiver that always says later is one that never acknowledges


Signer = Callable[[Delivery, str], Headers]
"""Signs the final bytes of a delivery to a request target; what it gives is sent beside the delivery's headers."""


@dataclass(frozen=True)
class Access:
    """How to get to a receiver.

    Attributes:
        url: Complete URL; path and query are kept to the letter.
        headers: Added to every request; secrets may stand here, so they are never written to a report.
        basic_auth: `user:password`.
        client_cert: PEM file with the client's certificate, and its key unless `client_key` names it.
        ca: PEM file of certificate authorities to trust instead of the usual ones.
        insecure: Trusts any certificate.
        proxy: URL of an HTTP proxy.
        timeout_s: Seconds after which there is no answer.
        app: Named in the place of scheme, host and port wherever a URL is shown; for an app on a passing port.
    """

    url: str
    headers: Headers = ()
    basic_auth: str | None = field(default=None, repr=False)
    client_cert: str | None = None
    client_key: str | None = None
    ca: str | None = None
    insecure: bool = False
    proxy: str | None = None
    timeout_s: float = NO_ANSWER_S
    app: str = ""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            _ = parts.port
        except ValueError as error:
            raise KitError(f"not a URL: {error}", where="URL", remedy="Give a complete http or https URL.") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            hint = f"Write http://{self.url} or https://{self.url}." if "://" not in self.url else "Use http or https."
            raise KitError(f"{self.url!r} is not a complete http or https URL", where="URL", remedy=hint)
        for name, value in self.headers:
            # The value is not repeated here: it may be a secret.
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or re.search(r"[\r\n\0]", value):
                raise KitError(
                    f"the header {printable(name)!r} cannot be sent",
                    where="--header",
                    remedy="A name is ASCII without spaces, and a value has one line (RFC 9110 §5).",
                )
        if self.client_cert or self.client_key or self.ca:
            check_pem_files(self.client_cert, self.client_key, self.ca)
        if self.proxy is not None and urlsplit(self.proxy).scheme not in {"http", "https"}:
            raise KitError("the proxy is not a complete URL", where="--proxy", remedy="Write http://HOST:PORT.")

    @property
    def shown_url(self) -> str:
        """The URL without user, password and the values of its query."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        query = "&".join(
            f"{name}=…" if equals else name
            for name, equals, _ in (pair.partition("=") for pair in parts.query.split("&"))
        )
        query = query if parts.query else ""
        if self.app:
            return self.app + urlunsplit(("", "", parts.path, query, ""))
        return urlunsplit((parts.scheme, host, parts.path, query, ""))

    @property
    def secret_headers(self) -> Headers:
        """Everything that is sent beside the delivery itself."""
        user = urlsplit(self.url).netloc.rpartition("@")[0]
        pair = self.basic_auth if self.basic_auth is not None else unquote(user) if user else None
        if pair is None:
            return self.headers
        return (*self.headers, ("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no report may show: header values, user and password, the values of the query."""
        parts = urlsplit(self.url)
        found = [value for _, value in self.secret_headers]
        found += [value.partition(" ")[2] for value in found]
        raw = [pair.partition("=")[2] for pair in parts.query.split("&")]
        raw += [(self.basic_auth or "").partition(":")[2], parts.password or ""]
        raw += [urlsplit(self.proxy).password or ""] if self.proxy else []
        return tuple(filter(None, [*found, *raw, *map(unquote, raw)]))


class Sender:
    """Sends deliveries to one receiver; safe to use from several threads."""

    def __init__(self, access: Access, pace: Pace, signer: Signer | None = None) -> None:
        self.access = access
        self.signer = signer
        self.pace = pace
        self.connections = pace.at_once
        self._turns = Turns(pace)
        parts = urlsplit(access.url)
        self._authority = parts.netloc.rpartition("@")[2]
        self._target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self._own = access.secret_headers

    def beside(self, access: Access) -> Sender:
        """Another sender under the same pace: what both send together is bounded, and both wait when one has to."""
        other = Sender(access, self.pace, self.signer)
        other._turns = self._turns
        return other

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no report may show."""
        return (*self.access.secrets, *getattr(self.signer, "secrets", ()))

    @functools.cached_property
    def _pool(self) -> Any:
        return self._new_pool()

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        # Made once: reading the usual authorities takes longer than a handshake, and would count as the receiver's.
        context = create_urllib3_context(cert_reqs=ssl.CERT_NONE if self.access.insecure else ssl.CERT_REQUIRED)
        if self.access.ca:
            context.load_verify_locations(self.access.ca)
        elif not self.access.insecure:
            context.load_default_certs()
        if self.access.client_cert:
            show_client_certificate(context, self.access.client_cert, self.access.client_key)
        return context

    def _new_pool(self) -> Any:
        options: dict[str, Any] = {
            "maxsize": self.connections + 1,
            "block": True,
            "timeout": urllib3.Timeout(connect=self.access.timeout_s, read=self.access.timeout_s),
            "retries": False,
        }
        if self.access.url.startswith("https"):
            options |= {
                "ssl_context": self._tls,
                "cert_reqs": "CERT_NONE" if self.access.insecure else "CERT_REQUIRED",
            }
            if self.access.insecure:
                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        manager: Any = urllib3.ProxyManager(self.access.proxy) if self.access.proxy else urllib3.PoolManager()
        parts = urlsplit(self.access.url)
        manager.connection_pool_kw.update(options)
        pool = manager.connection_from_host(parts.hostname, port=parts.port, scheme=parts.scheme)
        pool.ConnectionCls = _HttpsConnection if parts.scheme == "https" else _HttpConnection
        return pool

    def send(self, delivery: Delivery, *, has_turn: bool = False) -> Exchange:
        """Sends one delivery and waits out flow control.

        Args:
            has_turn: Whether `take_turns` has already counted it.

        Raises:
            OutOfBudget: Nothing more may be sent.
        """
        waited: tuple[int, ...] = ()
        while True:
            if waited or not has_turn:
                self.take_turns(1)
            exchange = self._once(delivery, waited)
            wait_s = exchange.answer.retry_after_s() if exchange.answer else None
            if wait_s is None:
                return exchange
            if len(waited) >= _MOST_WAITS or wait_s > _LONGEST_WAIT_S:
                raise OutOfBudget(f"the receiver asks to come later again and again ({exchange.described()})")
            now = time.monotonic()
            if self.pace.until is not None and now + wait_s > self.pace.until:
                raise OutOfBudget("the time that --max-time allows is used up while the receiver asks to wait")
            waited += (exchange.status,)
            self._turns.wait_until(now + wait_s)

    def signed(self, delivery: Delivery) -> Delivery:
        """Fixes the signature of a delivery now, so that what is sent later carries the same."""
        assert self.signer is not None
        return replace(delivery, signature=self.signer(delivery, delivery.target or self._target))

    def send_once(self, delivery: Delivery) -> Exchange:
        """Sends one delivery a person asked for; an answer that asks to wait is shown, not waited for."""
        self.take_turns(1)
        return self._once(delivery)

    def fetch(self, target: str, headers: Headers) -> Exchange:
        """Gets another resource of the same host (read-back); no delivery, so neither paced nor counted."""
        return self._once(Delivery("", "GET", headers, b"", target=target))

    def renew(self) -> None:
        """Drops the kept connections; the next delivery opens one."""
        if "_pool" in self.__dict__:
            self._pool.close()
            del self._pool

    def close(self) -> None:
        """Gives the connections back, and wakes whoever waits for a turn."""
        self._turns.end()
        if "_pool" in self.__dict__:
            self._pool.close()

    def take_turns(self, count: int) -> None:
        """Waits until `count` deliveries may go out together, and counts them.

        Raises:
            OutOfBudget: They may not go out any more.
        """
        self._turns.take(count)

    def _once(self, delivery: Delivery, waited: tuple[int, ...] = ()) -> Exchange:
        begun = time.perf_counter()
        answer, failure, detail = None, "", ""
        try:
            answer = self._answer(delivery)
        except _TooBig:
            failure = "endless"
        except (urllib3.exceptions.HTTPError, OSError) as error:
            failure, detail = _failure(error)
        elapsed_s = time.perf_counter() - begun
        if answer is not None and elapsed_s > self.access.timeout_s + delivery.framing.parts * delivery.framing.pause_s:
            answer, failure = None, "timeout"  # it dripped in, each part in time and the whole too late
        leak = self._leak(answer) if answer else ""
        return Exchange(delivery, answer, failure, detail, elapsed_s, waited, begun, leak)

    def _leak(self, answer: Answer) -> str:
        for name, secrets in self.credentials.items():
            for secret in secrets:
                if secret.encode() in answer.body or any(secret in value for _, value in answer.headers):
                    return name
        return ""

    @functools.cached_property
    def credentials(self) -> dict[str, tuple[str, ...]]:
        """What proves who sends, by what it is called; a header that merely says something is none."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in self._own:
            if _SECRET_NAME.search(name):
                found[f"the header {name}"] = (value, value.partition(" ")[2])
        if self.access.basic_auth:
            found["the password"] = (self.access.basic_auth.partition(":")[2],)
        if keys := getattr(self.signer, "secrets", ()):
            found["a signing key"] = keys
        # What is short stands in many an answer by chance.
        long = {name: tuple(text for text in texts if len(text) >= _SHORTEST_SECRET) for name, texts in found.items()}
        return {name: texts for name, texts in long.items() if texts}

    def _answer(self, delivery: Delivery) -> Answer:
        if delivery.framing.fresh_connection or delivery.framing.expect_continue:
            pool = self._new_pool()
            try:
                return self._request(pool, delivery)
            finally:
                pool.close()
        try:
            return self._request(self._pool, delivery)
        except urllib3.exceptions.ProtocolError as error:
            # A kept connection may die between two deliveries; senders open another one (RFC 9112 §9.3).
            if not (_connection.reused and _died_before_answer(error)):
                raise
            return self._request(self._pool, delivery)

    def _request(self, pool: Any, delivery: Delivery) -> Answer:
        headers = urllib3.HTTPHeaderDict()
        body: bytes | Iterator[bytes] = delivery.body
        framing = delivery.framing
        headers.add("Host", self._authority)
        signature = self.signer(delivery, delivery.target or self._target) if self.signer else ()
        for name, value in (*delivery.headers, *self._own, *signature):
            headers.add(name, value.encode().decode("latin-1"))
        for name in ("User-Agent", "Accept-Encoding"):
            if name not in headers:
                headers[name] = urllib3.util.SKIP_HEADER
        if framing.chunks:
            body = _chunks(delivery.body, framing.chunks)
        elif delivery.method == "POST" or delivery.body:
            headers["Content-Length"] = str(len(delivery.body))
            if framing.parts > 1:
                body = _slowly(delivery.body, framing.parts, framing.pause_s)
            if framing.expect_continue:
                headers["Expect"] = "100-continue"
                body = _when_continued(delivery.body)
        deadline = time.monotonic() + self.access.timeout_s
        response = pool.urlopen(
            delivery.method,
            self._request_target(pool, delivery),
            body=body if delivery.body or delivery.method == "POST" else None,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            chunked=bool(framing.chunks),
        )
        complete = False
        try:
            content = _read(response, deadline)
            complete = True
        finally:
            if complete:
                response.release_conn()
            else:
                response.close()
        return Answer(response.status, response.reason or "", tuple(response.headers.items()), content)

    def _request_target(self, pool: Any, delivery: Delivery) -> str:
        target = delivery.target or self._target
        if self.access.proxy and pool.scheme == "http":  # a forwarding proxy wants the whole URL (RFC 9112 §3.2.2)
            return urlunsplit((*urlsplit(self.access.url)[:1], self._authority, "", "", "")) + target
        return target


class _TooBig(Exception):
    pass


def _read(response: Any, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_CHUNK, decode_content=False):
        size += len(part)
        if size > LIMIT_ANSWER_BYTES:
            raise _TooBig
        if time.monotonic() > deadline:
            raise urllib3.exceptions.ReadTimeoutError(response, "", "the answer did not end in time")
        parts.append(part)
    return b"".join(parts)


def _chunks(body: bytes, sizes: tuple[int, ...]) -> Iterator[bytes]:
    at = turn = 0
    while at < len(body):
        size = sizes[turn % len(sizes)]
        yield body[at : at + size]
        at, turn = at + size, turn + 1


def _slowly(body: bytes, parts: int, pause_s: float) -> Iterator[bytes]:
    size = max(1, -(-len(body) // parts))
    for at in range(0, len(body), size):
        if at:
            time.sleep(pause_s)
        yield body[at : at + size]


class _Connection(threading.local):
    """What this thread's delivery travels on."""

    sock: Any = None
    reused: bool = False


_connection = _Connection()


class _HttpConnection(HTTPConnection):
    """urllib3's connection, which tells the sending thread its socket and whether it was used before."""

    used = False

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        _connection.reused = self.used and self.sock is not None
        self.used = True
        super().endheaders(message_body, encode_chunked=encode_chunked)
        _connection.sock = self.sock


class _HttpsConnection(HTTPSConnection):
    """The same over TLS."""

    used = False

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        _connection.reused = self.used and self.sock is not None
        self.used = True
        super().endheaders(message_body, encode_chunked=encode_chunked)
        _connection.sock = self.sock


def _when_continued(body: bytes) -> Iterator[bytes]:
    # Like curl: a receiver that says nothing gets the body after a second (RFC 9110 §10.1.1 allows it).
    readable, _, _ = select.select([_connection.sock], [], [], _PATIENCE_S)
    if readable and not hasattr(_connection.sock, "pending"):
        start = _connection.sock.recv(12, socket.MSG_PEEK)
        if start.startswith(b"HTTP/1.") and not start.endswith(b" 100"):
            return  # a final answer: the body is not wanted
    yield body


def _died_before_answer(error: Exception) -> bool:
    cause = error.args[1] if len(error.args) > 1 else None
    return isinstance(cause, (ConnectionResetError, BrokenPipeError)) or type(cause).__name__ == "RemoteDisconnected"


def _failure(error: Exception) -> tuple[str, str]:
    """Names the reason for no answer; the detail is the library's words without addresses of objects."""
    name, text = type(error).__name__, str(error)
    inner = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], Exception) else error
    if isinstance(error, urllib3.exceptions.ProxyError):
        return "proxy", _plain(inner)
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "name", ""
    if isinstance(error, urllib3.exceptions.SSLError) or "SSL" in name:
        return "tls", _plain(inner)
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "refused", text.rpartition("] ")[2]
    if isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)):
        return "timeout", ""
    if (
        isinstance(inner, (ConnectionError, urllib3.exceptions.IncompleteRead))
        or "Disconnected" in type(inner).__name__
    ):
        return "reset", ""
    return "broken", _plain(inner)


def _plain(error: Exception) -> str:
    return printable(" ".join(str(error).split())[:200])
