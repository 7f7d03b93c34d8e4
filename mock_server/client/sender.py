"""Sender of deliveries: sends exact bytes over one connection pool, at a pace, and respects flow control."""

from __future__ import annotations

import contextlib
import functools
import math
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import urllib3
from urllib3.util.ssl_ import create_urllib3_context

from callback_contract.mock_server.client.access import NO_ANSWER_S, Access
from callback_contract.mock_server.client.client_certificate import show_client_certificate
from callback_contract.mock_server.client.framing import (
    LIMIT_ANSWER_BYTES,
    STALLED_S,
    TellingConnection,
    TellingTlsConnection,
    TooBigError,
    connection_in_use,
    decoded,
    died_before_answer,
    failure_of,
    in_chunks,
    read_whole,
    slowly,
    when_continued,
)
from callback_contract.mock_server.client.meeting import meeting_now
from callback_contract.mock_server.client.pacing import OutOfBudget, Pace, Turns, is_loopback
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Headers, Response, replaced_by
from callback_contract.openapi.documents.deadline import bounded_tls, left_s, within
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.secret_spellings import NO_SECRETS, Secrets

__all__ = ["LIMIT_ANSWER_BYTES", "NO_ANSWER_S", "Access", "OutOfBudget", "Pace", "Sender", "is_loopback"]

_LONGEST_WAIT_S = 120.0  # a receiver that asks for more is not available today
_MOST_WAITS = 10  # a receiver that always asks to wait, and takes nothing else meanwhile, never acknowledges
_MOST_WAITS_OF_ONE = 30  # a receiver that takes others refuses this one: that is its answer


class Signer(Protocol):
    """Signs the final bytes of a delivery to a URL."""

    def __call__(self, delivery: Delivery, url: str) -> tuple[Headers, bytes]:
        """Return the headers that sign it, and its body, which may hold a signature."""

    def seal(self, delivery: Delivery, url: str) -> Headers:
        """Return what signs it, for `Delivery.signature`."""


def _unseen(what: str, most_s: float) -> AbstractContextManager[None]:
    return contextlib.nullcontext()


class Sender:
    """Sends deliveries to one receiver; safe to use from several threads.

    Attributes:
        most_s: Seconds that an answer is waited for, where that is less than the time-out; None for all of it.
        waiting: Entered while an `answer` is waited for, or for as long as the receiver `asked`; with the most seconds.
    """

    def __init__(self, access: Access, pace: Pace, signer: Signer | None = None) -> None:
        self.access = access
        self.signer = signer
        self.pace = pace
        self.connections = pace.at_once
        self.most_s: float | None = None
        self.waiting: Callable[[str, float], AbstractContextManager[None]] = _unseen
        self._turns = Turns(pace)
        parts = urlsplit(access.url)
        self._authority = parts.netloc.rpartition("@")[2]
        self._target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self._origin = f"{parts.scheme}://{self._authority}"
        self._own = access.secret_headers
        self._patience_s = math.inf

    def beside(self, access: Access) -> Sender:
        """Return another sender that shares this one's pace and waits, and is as patient."""
        other = Sender(access, self.pace, self.signer)
        other._turns, other.waiting, other.most_s = self._turns, self.waiting, self.most_s
        return other

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no report may show."""
        return (*self.access.secrets, *getattr(self.signer, "secrets", ()))

    @functools.cached_property
    def _pool(self) -> Any:
        return self._new_pool()

    @functools.cached_property
    def tls(self) -> ssl.SSLContext:
        """The client's side of TLS."""
        # Made once: reading the trusted authorities takes longer than a handshake, and would count as the receiver's
        # time.
        context = create_urllib3_context(cert_reqs=ssl.CERT_NONE if self.access.insecure else ssl.CERT_REQUIRED)
        if self.access.ca:
            context.load_verify_locations(self.access.ca)
        elif not self.access.insecure:
            context.load_default_certs()
        if self.access.client_cert:
            show_client_certificate(context, self.access.client_cert, self.access.client_key)
        return bounded_tls(context)

    def _new_pool(self) -> Any:
        options: dict[str, Any] = {
            "maxsize": self.connections + 1,
            "block": True,
            "timeout": urllib3.Timeout(connect=self.access.timeout_s, read=self.access.timeout_s),
            "retries": False,
        }
        if self.access.url.startswith("https"):
            options |= {
                "ssl_context": self.tls,
                "cert_reqs": "CERT_NONE" if self.access.insecure else "CERT_REQUIRED",
            }
            if self.access.insecure:
                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        manager: Any = self._to_proxy(self.access.proxy) if self.access.proxy else urllib3.PoolManager()
        parts = urlsplit(self.access.url)
        manager.connection_pool_kw.update(options)
        pool = manager.connection_from_host(parts.hostname, port=parts.port, scheme=parts.scheme)
        pool.ConnectionCls = TellingTlsConnection if parts.scheme == "https" else TellingConnection
        return pool

    def _to_proxy(self, url: str) -> Any:
        if not url.startswith("https"):
            return urllib3.ProxyManager(url)
        context = create_urllib3_context()
        context.load_default_certs()
        return urllib3.ProxyManager(url, proxy_ssl_context=bounded_tls(context))

    def send(self, delivery: Delivery, *, has_turn: bool = False, at_once: bool = False) -> Exchange:
        """Send one delivery, and again after the wait that the receiver asks for.

        Args:
            has_turn: Whether `take_turns` has already counted it.
            at_once: Whether the first try waits for no turn.

        Raises:
            OutOfBudget: Nothing more may be sent.
        """
        waited: tuple[int, ...] = ()
        taken: list[int] = []
        while True:
            if waited or not has_turn:
                self._turns.take(1, waits=bool(waited) or not at_once)
            exchange = self._once(delivery, waited)
            self._turns.answered(exchange.status)
            wait_s = exchange.answer.retry_after_s() if exchange.answer else None
            if wait_s is None or len(waited) >= _MOST_WAITS_OF_ONE:
                return exchange
            taken.append(self._turns.flow.taken)
            is_refusing_all = len(waited) >= _MOST_WAITS and taken[-1] == taken[-1 - _MOST_WAITS]
            if is_refusing_all or wait_s > _LONGEST_WAIT_S:
                raise OutOfBudget(Text("ended.come-later", answer=exchange.described()))
            if self.pace.until is not None and time.monotonic() + wait_s > self.pace.until:
                raise OutOfBudget(Text("ended.out-of-time-waiting"))
            waited += (exchange.status,)
            with self.waiting("asked", wait_s):
                self._turns.hold(wait_s)

    @property
    def learned_per_second(self) -> float | None:
        """Deliveries a second that the receiver was seen to take; None where it did not say that it was too much."""
        interval_s = self._turns.flow.interval_s
        return 1 / interval_s if interval_s else None

    def signed(self, delivery: Delivery) -> Delivery:
        """Return the delivery with its signature fixed, for sending it later."""
        assert self.signer is not None
        return replace(delivery, signature=self.signer.seal(delivery, self._origin + self._target_of(delivery)))

    def send_once(self, delivery: Delivery) -> Exchange:
        """Send one delivery by hand; a response that asks to wait is shown, not obeyed."""
        self.take_turns(1)
        return self._once(delivery)

    def fetch(self, target: str, headers: Headers) -> Exchange:
        """Get another resource of the same host (read-back), neither paced nor counted.

        Raises:
            OutOfBudget: The time of the pace is over.
        """
        if self.pace.until is not None and time.monotonic() > self.pace.until:
            raise OutOfBudget(Text("ended.out-of-time"))
        return self._once(Delivery("", "GET", headers, b"", target=target))

    def renew(self) -> None:
        """Close the kept connections; the next delivery opens a new one."""
        if "_pool" in self.__dict__:
            self._pool.close()
            del self._pool

    def close(self) -> None:
        """Close the connections and wake all threads that wait for a turn."""
        self._turns.end()
        if "_pool" in self.__dict__:
            self._pool.close()

    def take_turns(self, count: int) -> None:
        """Wait until `count` deliveries may be sent together, and count them.

        Raises:
            OutOfBudget: A limit is reached.
        """
        self._turns.take(count)

    def _once(self, delivery: Delivery, waited: tuple[int, ...] = ()) -> Exchange:
        begun = time.perf_counter()
        answer, failure, detail = None, "", ""
        signature: Headers = ()
        if self.signer is not None:
            signature, body = self.signer(delivery, self._origin + self._target_of(delivery))
            delivery = delivery if delivery.by_query else replace(delivery, body=body)
        try:
            most_s = (
                min(self.access.timeout_s, self.most_s or math.inf) + delivery.framing.parts * delivery.framing.pause_s
            )
            with self.waiting("answer", most_s), within(most_s):
                answer = self._answer(delivery, signature)
        except TooBigError:
            failure = "endless"
        except (urllib3.exceptions.HTTPError, OSError) as error:
            failure, detail = failure_of(error)
        if meeting := meeting_now():
            begun = max(begun, meeting.met_s)  # the others are not the receiver's time
        elapsed_s = time.perf_counter() - begun
        leak = self._leak(answer) if answer else ""
        return Exchange(delivery, answer, failure, detail, elapsed_s, waited, begun, leak)

    def _leak(self, answer: Response) -> str:
        if self._looked_for == NO_SECRETS:
            return ""
        # The bytes of each value are latin-1 characters; no value has NUL, so that no match spans two values.
        values = [value.encode("latin-1", "backslashreplace") for _, value in answer.headers]
        told = b"\0".join((*values, answer.body))
        if not self._looked_for.stand_in(told):
            return ""
        return next(name for name, secrets in self.credentials.items() if secrets.stand_in(told))

    @functools.cached_property
    def credentials(self) -> dict[str, Secrets]:
        """The credentials, by name, that are recognisable in a response."""
        found = {name: Secrets.of(texts) for name, texts in self._credentials.items()}
        return {name: secrets for name, secrets in found.items() if secrets.spelt}

    @functools.cached_property
    def _looked_for(self) -> Secrets:
        return Secrets.of(text for texts in self._credentials.values() for text in texts)

    @functools.cached_property
    def _credentials(self) -> dict[str, tuple[str, ...]]:
        keys = getattr(self.signer, "secrets", ())
        return self.access.credentials | ({Text("actual.secret-key"): keys} if keys else {})

    def _answer(self, delivery: Delivery, signature: Headers) -> Response:
        if delivery.framing.fresh_connection or delivery.framing.expect_continue:
            pool = self._new_pool()
            try:
                return self._request(pool, delivery, signature)
            finally:
                pool.close()
        try:
            return self._request(self._pool, delivery, signature)
        except urllib3.exceptions.ProtocolError as error:
            # A kept connection may die between two deliveries; senders open a new one (RFC 9112 section 9.3).
            if not (connection_in_use.reused and died_before_answer(error)):
                raise
            return self._request(self._pool, delivery, signature)

    def _request(self, pool: Any, delivery: Delivery, signature: Headers) -> Response:
        headers = urllib3.HTTPHeaderDict()
        content = delivery.content
        body: bytes | Iterator[bytes] = content
        framing, meeting = delivery.framing, meeting_now()
        own = (("Host", self._authority), *delivery.headers)
        for name, value in replaced_by(own, signature, self._own):
            headers.add(name, value.encode().decode("latin-1"))
        for name in ("User-Agent", "Accept-Encoding"):
            if name not in headers:
                headers[name] = urllib3.util.SKIP_HEADER
        if framing.chunks:
            body = in_chunks(content, framing.chunks)
        elif delivery.method == "POST" or content:
            headers["Content-Length"] = str(len(content))
            if meeting is not None and content:
                body = meeting.held(content, left_s())
            elif framing.parts > 1:
                body = slowly(content, framing.parts, framing.pause_s)
            if framing.expect_continue:
                headers["Expect"] = "100-continue"
                body = when_continued(content)
        response = pool.urlopen(
            delivery.method,
            self._request_target(pool, delivery),
            body=body if content or delivery.method == "POST" else None,
            headers=headers,
            redirect=False,
            retries=False,
            assert_same_host=False,  # a forwarding proxy is asked for a URL of another host
            pool_timeout=left_s(),
            preload_content=False,
            decode_content=False,
            chunked=bool(framing.chunks),
        )
        try:
            answered, wrong_length = read_whole(response, self._patience_s)
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()  # a closed one, too: else the pool would wait for it for ever
        if wrong_length == "unended":
            self._patience_s = STALLED_S  # nobody waits a second time for what never comes
        told = tuple(response.headers.items())
        answer = Response(response.status, response.reason or "", told, answered, wrong_length)
        return answer if wrong_length else decoded(answer)

    def _target_of(self, delivery: Delivery) -> str:
        return delivery.target or delivery.target_from(self._target)

    def _request_target(self, pool: Any, delivery: Delivery) -> str:
        target = self._target_of(delivery)
        if self.access.proxy and pool.scheme == "http":  # a forwarding proxy needs the whole URL (RFC 9112 §3.2.2)
            return urlunsplit((*urlsplit(self.access.url)[:1], self._authority, "", "", "")) + target
        return target
