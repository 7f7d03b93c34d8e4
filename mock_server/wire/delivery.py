"""Delivery, response and exchange on the wire, and their description in plain words."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import printable

__all__ = ["Delivery", "Exchange", "Framing", "Headers", "Response", "in_query", "printable", "replaced_by"]

Headers = tuple[tuple[str, str], ...]

KNOWN_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_MOST_CODINGS = 2
_ELEMENT = re.compile(rb"<[a-zA-Z!]")
_LONGEST_PROLOGUE = 1000
_ROOT = re.compile(
    rb"(?:<\?[^>]{0,200}>\s*|<!--(?:[^-]|-(?!->)){0,200}-->\s*|<!doctype [^>\[]{0,200}>\s*)*"  # before the root
    rb"<([a-z][^\s/>]*)"
)
# Elements of HTML (Living Standard, section 4): the root of an XML document may have any other name.
_HTML = frozenset(
    """a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption center cite
    code col colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure
    font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd
    label legend li link main map mark marquee menu meta meter nav noscript object ol optgroup option output p
    picture pre progress q rp rt ruby s samp script search section select slot small source span strong style
    sub summary sup svg table tbody td template textarea tfoot th thead time title tr track u ul var video
    wbr""".split()
)

WHY_NO_ANSWER = ("timeout", "reset", "refused", "broken", "endless", "tls", "name", "proxy")
"""Why there is no complete response; `openapi/messages/no-answer.yaml` says each in words."""

WRONG_LENGTHS = ("surplus", "unended")
"""How a body ends elsewhere than its head says; `openapi/messages/actual.yaml` says each in words."""


@dataclass(frozen=True, slots=True)
class Framing:
    """The framing of a body on the wire.

    Attributes:
        chunks: Sizes in bytes of the chunks of `Transfer-Encoding: chunked`, repeated; empty for Content-Length.
        pause_s: Seconds between two parts of the body; 0 sends it at once.
        parts: The number of parts of a body that is sent slowly.
        expect_continue: Sends `Expect: 100-continue` and waits for a response before the body.
        fresh_connection: Opens a connection for this delivery alone.
    """

    chunks: tuple[int, ...] = ()
    pause_s: float = 0.0
    parts: int = 1
    expect_continue: bool = False
    fresh_connection: bool = False


PLAIN = Framing()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST of one callback, down to its bytes.

    Attributes:
        body: What the contract describes; `content` is what comes after the head.
        headers: In the order and letter case in which they are sent; `Content-Length` is added by the sender.
        ids: The stamped identities, for cleaning up.
        query: Parameters that the URL gets, or gets otherwise, for this delivery.
        by_query: Whether `body` travels in the URL's query.
        redirects: Statuses that acknowledge it although they redirect, since the contract documents them.
        event_id: Id of the event for a signature scheme, equal in redeliveries; empty takes one of the body.
        target: Path and query of another resource on the same host (read-back); empty for the receiver's own.
        seal: The deviation of a signed delivery's signature, a key of `signing.KINDS` or
            `signing.SPELLINGS`; ignored without a scheme.
        signature: Headers of an earlier signature; None lets the sender sign the final bytes.
    """

    callback: str
    method: str
    headers: Headers
    body: bytes
    framing: Framing = PLAIN
    ids: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    redirects: tuple[int, ...] = ()
    event_id: str = ""
    target: str = ""
    seal: str = ""
    signature: Headers | None = None
    by_query: bool = False

    @property
    def content(self) -> bytes:
        """The body of the request: none where its members are the query's."""
        return b"" if self.by_query else self.body

    def target_from(self, url: str) -> str:
        """Return a URL, or its target, as this delivery is sent to it."""
        target = in_query(url, self.query)
        if not (self.by_query and self.body):
            return target
        return f"{target}{'&' if '?' in target else '?'}{quote(self.body, safe=_IN_QUERY)}"


_IN_QUERY = "%&=+!$'()*,;:@/?-._~"  # RFC 3986 section 3.4, and the escapes of a form


@dataclass(frozen=True, slots=True)
class Response:
    """A complete HTTP response.

    Attributes:
        body: Without its content codings, unless it `is_coded`.
        wrong_length: A key of `WRONG_LENGTHS` where its body does not end where its head says; else empty.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes
    wrong_length: str = ""

    @property
    def acknowledged(self) -> bool:
        """Any 2xx."""
        return 200 <= self.status <= 299

    def header(self, name: str) -> str | None:
        """Return the first header of that name in any letter case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def codings(self) -> tuple[str, ...]:
        """The content codings, the outermost last (RFC 9110 section 8.4)."""
        values = [value for name, value in self.headers if name.lower() == "content-encoding"]
        names = [name.strip().lower() for value in values for name in value.split(",")]
        return tuple(name for name in names if name not in {"", "identity"})

    @property
    def is_coded(self) -> bool:
        """Whether the body still has its codings, since one is unknown here or there are many."""
        return len(self.codings) > _MOST_CODINGS or not set(self.codings) <= KNOWN_CODINGS

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case; empty when there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def is_html(self) -> bool:
        """Whether the body is a web page.

        It begins like one, or has that label and an element in it. Many frameworks label every response `text/html`;
        `ok` is not a page for that reason, nor is XML whose root is not `html`.
        """
        start = self.body[:_LONGEST_PROLOGUE].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        labelled = self.media_type in {"text/html", "application/xhtml+xml"}
        root = _ROOT.match(start)
        if start.startswith(b"<!doctype html") or (root and root[1] == b"html"):
            return True
        if start.startswith(b"<?xml") or (root and not _is_of_html(root[1].decode("latin-1"))):
            return False
        return labelled and _ELEMENT.search(self.body) is not None

    def retry_after_s(self, now: datetime | None = None) -> float | None:
        """Return the seconds that a 429 or 503 asks to wait; None when it does not.

        Source: RFC 9110, section 10.2.3.
        """
        value = self.header("retry-after")
        if self.status not in {429, 503} or value is None:
            return None
        if re.fullmatch("[0-9]{1,9}", value.strip()):
            return float(value)
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except (TypeError, ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


@dataclass(frozen=True, slots=True)
class Exchange:
    """A delivery, its response or the reason for none, and the time it took.

    Attributes:
        failure: One of `WHY_NO_ANSWER` when there is no complete response, else empty.
        detail: The text of the operating system or library for the failure; empty where `failure` says it all.
        waited: The earlier statuses that asked to wait (429 or 503 with `Retry-After`).
        leak: The name of the sender's secret that the response repeats; empty for none.
        begun_s: `time.perf_counter()` when it was sent.
    """

    delivery: Delivery
    answer: Response | None
    failure: str
    detail: str
    elapsed_s: float
    waited: tuple[int, ...] = ()
    begun_s: float = 0.0
    leak: str = ""

    @property
    def status(self) -> int:
        """The status of the response; 0 without one."""
        return self.answer.status if self.answer else 0

    @property
    def acknowledged(self) -> bool:
        """Any 2xx, or a redirect that the contract documents."""
        return 200 <= self.status <= 299 or self.status in self.delivery.redirects

    @property
    def rejected(self) -> bool:
        """Any 4xx."""
        return 400 <= self.status <= 499

    @property
    def redirected(self) -> bool:
        """Any 3xx."""
        return 300 <= self.status <= 399

    @property
    def answered(self) -> bool:
        """Whether a complete response came that is not a 5xx."""
        return self.answer is not None and self.status < 500

    def described(self) -> Text:
        """Return one line that describes the response or the failure."""
        if self.answer is None:
            why = Text(f"no-answer.{self.failure}")
            return Text("no-answer.in-detail", why=why, detail=self.detail) if self.detail else why
        status, count = status_line(self.status), len(self.answer.body)
        if self.answer.media_type:
            return Text("actual.answer", status=status, media_type=printable(self.answer.media_type[:80]), bytes=count)
        return Text("actual.answer-without-type", status=status, bytes=count)


def _is_of_html(name: str) -> bool:
    return name in _HTML or "-" in name  # a custom element


def status_line(status: int) -> str:
    """Return the status with its standard phrase, as in `404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def replaced_by(headers: Headers, *others: Headers) -> Headers:
    """Return headers with those that replace every line of their names; later ones win over earlier ones."""
    for more in others:
        names = {name.lower() for name, _ in more}
        headers = (*(header for header in headers if header[0].lower() not in names), *more)
    return headers


def in_query(target: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return a request target in whose query these parameters have these values."""
    path, _, query = target.partition("?")
    given = tuple(parameters)
    names = {name for name, _ in given} | {quote(name, safe="") for name, _ in given}
    pairs = [pair for pair in query.split("&") if pair.partition("=")[0] not in names] if query else []
    pairs += [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in given]
    return f"{path}?{'&'.join(pairs)}" if pairs else target


def header_value(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the first header of that name in any letter case."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)
