"""Connections for the fuzzer: pipelines of right, odd and broken requests, cut into reads, each drawn from a seed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.openapi import load_contract
from callback_contract.openapi.contract.read_back_document import load_read_back
from callback_contract.openapi.documents import json_pointer as jp

CONTRACT = load_contract()
PREFIX = load_read_back().prefix.encode() + b"/"
STATE = load_read_back().template.partition("{id}")[0].encode()

ENDS = ("quiet", "half", "lost")
"""All is answered before the sender goes; it ends its own side first; it is gone at once."""


@dataclass(frozen=True)
class Talk:
    """One connection.

    Attributes:
        reads: The bytes of each read.
        end: One of `ENDS`.
        hurried: Whether a read comes before the one before it is answered.
    """

    reads: tuple[bytes, ...]
    end: str = "quiet"
    hurried: bool = False

    @property
    def data(self) -> bytes:
        return b"".join(self.reads)


@cache
def contents() -> tuple[tuple[jp.Json, str | None], ...]:
    """The plain contents of every callback, and the pointer of what tells its messages apart."""
    return tuple(
        (content, callback.delivery.correlation)
        for callback in CONTRACT.callbacks
        for content in (
            *Scope(callback, DEPTHS["quick"], 0).plain_contents,
            *(example.value for example in callback.delivered_examples),
        )
    )


class Drawer:
    """Draws connections; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.ids = [f"fuzzed{number:026x}" for number in range(8)]

    def talk(self) -> tuple[Talk, int]:
        """One connection, and how many requests were meant for it."""
        random = self.random
        requests = [self._request() for _ in range(random.choice((1, 1, 2, 2, 3, 4)))]
        end, hurried = random.choices(ENDS, (6, 2, 2))[0], random.random() < 0.3
        data = b"".join(requests)
        if PREFIX[-8:] in data:  # pages are not recorded, so that of one whose reader left nothing can be seen
            end = "quiet" if end == "lost" else end
        if random.random() < 0.12:
            data = data[: random.randrange(len(data) + 1)]
        shape = random.random()
        if shape < 0.3:
            edges = {0}
        elif shape < 0.65:  # a request is a read, which is the way that known heads take
            edges = {sum(map(len, requests[:number])) for number in range(len(requests))}
        elif shape < 0.97 or len(data) > 900:
            edges = {0, *(random.randrange(len(data) + 1) for _ in range(random.randint(1, 4)))}
        else:
            edges = set(range(len(data)))
        places = [*sorted(edge for edge in edges if edge <= len(data)), len(data)]
        reads = tuple(data[a:b] for a, b in itertools.pairwise(places) if a < b)
        return Talk(reads, end, hurried), len(requests)

    def _request(self) -> bytes:
        random = self.random
        if random.random() < 0.35:  # one of few heads, so that many are known
            content, correlation = contents()[random.randrange(2)]
            content = content if correlation is None else jp.replaced(content, correlation, random.choice(self.ids))
            draft = _Draft(random, json.dumps(content).encode())
            draft.lines = draft.lines[:2]
            return draft.data()
        draft = _Draft(random, self._body())
        if random.random() < 0.6:
            for _ in range(random.choice((1, 1, 1, 2, 3))):
                random.choices(_CHANGES, _WEIGHTS)[0](draft)
        elif random.random() < 0.1:
            draft.method, draft.target = b"GET", STATE + random.choice(self.ids).encode()
            draft.body = b""
        data = draft.data()
        if random.random() < 0.08:
            data = _scratched(random, data)
        return data

    def _body(self) -> bytes:
        random = self.random
        content, correlation = random.choice(contents())
        if correlation is not None:
            content = jp.replaced(content, correlation, random.choice(self.ids))
        if random.random() < 0.1:
            content = _changed_content(random, content)
        separators, ascii_only = random.choice(((",", ":"), (", ", ": "))), random.random() < 0.5
        body = json.dumps(content, separators=separators, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        return _changed_body(random, body) if random.random() < 0.1 else body


def _changed_content(random: Random, content: jp.Json) -> jp.Json:
    values = (None, True, 0, -1, 1.5, 10**30, "", "\u00e9\U0001f600", "\ud800", "x" * 3000, [], {}, [[1]], {"a": {}})
    name = random.choice(list(content))
    kind = random.randrange(4)
    if kind == 0:
        return {key: value for key, value in content.items() if key != name}
    if kind == 1:
        return {**content, name: random.choice(values)}
    if kind == 2:
        return {**content, "a member of tomorrow": random.choice(values)}
    return random.choice(values)


def _changed_body(random: Random, body: bytes) -> bytes:
    place = random.randrange(len(body) + 1)
    depth = random.choice((10, 248, 249, 250, 251, 300, 1100))
    number = random.choice((b"1e400", b"-0", b"1.0", b"NaN", b"-Infinity", b"0x1", b"01", b"1" * 400, b"9" * 5000))
    nested = random.choice((b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth))
    return random.choice(
        (
            body[:place],
            body[:place] + random.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00", b'"', b"\\")) + body[place:],
            b'{"deep":' + nested + b"," + body[1:],
            nested,
            b'{"number":' + number + b"," + body[1:],
            body[:-1] + b',"twice":1,"twice":' + number + b"}",
            body[:-1] + b"," + body[1:],  # every name twice
            b"\xef\xbb\xbf" + body,
            b" \r\n\t" + body + b"\n ",
            body + random.choice((b"{}", b",", b"\x00", body)),
            body.decode("utf-8", "replace").encode("utf-16"),
            random.randbytes(random.randrange(40)),
            b"",
        )
    )


class _Draft:
    """A request that is still changed."""

    def __init__(self, random: Random, body: bytes) -> None:
        self.random, self.body = random, body
        self.method, self.version = b"POST", b"HTTP/1.1"
        self.target = random.choice((b"/", b"/callbacks?tenant=7"))
        self.space, self.line_end, self.before = b" ", b"\r\n", b""
        self.lines = [b"Host: localhost", b"Content-Type: application/json"]
        if random.random() < 0.3:
            self.lines.append(random.choice((b"User-Agent: fuzz/1", b"x-request-id: \xe9\t1", b"Accept:*/*")))
        self.length: bytes | None = b"Content-Length: %d"
        self.chunks = b""

    def data(self) -> bytes:
        lines, body = list(self.lines), self.chunks or self.body
        if self.length is not None:
            line = self.length % len(self.body) if b"%d" in self.length else self.length
            lines.insert(self.random.randrange(len(lines) + 1) if self.random.random() < 0.1 else len(lines), line)
        first = self.space.join((self.method, self.target, self.version))
        return self.before + b"".join(line + self.line_end for line in (first, *lines, b"")) + body

    def add(self, line: bytes) -> None:
        self.lines.insert(self.random.randrange(len(self.lines) + 1), line)


def _each(*texts: bytes) -> tuple[bytes, ...]:
    """What stands between bars; several texts are each as they are."""
    return tuple(texts[0].split(b" | ")) if len(texts) == 1 else texts


def _pick(attribute: str, *values: bytes) -> Callable[[_Draft], None]:
    values = _each(*values)

    def change(draft: _Draft) -> None:
        setattr(draft, attribute, draft.random.choice(values))

    return change


def _add(*lines: bytes) -> Callable[[_Draft], None]:
    return lambda draft: draft.add(draft.random.choice(_each(*lines)))


def _replace(name: bytes, *lines: bytes) -> Callable[[_Draft], None]:
    def change(draft: _Draft) -> None:
        draft.lines = [line for line in draft.lines if not line.startswith(name)]
        if line := draft.random.choice(_each(*lines)):
            draft.add(line)

    return change


def _recase(draft: _Draft) -> None:
    draft.lines = [draft.random.choice((line.upper, line.lower, line.swapcase))() for line in draft.lines]
    if draft.length is not None:
        draft.length = draft.random.choice((b"CONTENT-LENGTH:%d", b"content-length:\t%d ", b"Content-length: 000%d"))


def _chunk(draft: _Draft) -> None:
    random, rest, parts = draft.random, draft.body, []
    while rest:
        size = random.randint(1, max(1, len(rest)))
        extension = random.choice(
            (b"",) * 12 + (b";a", b";a=b", b';a="b\\"c"', b";a=\xff", b" ;a", b" ", b";" + b"x" * 70)
        )
        parts.append(random.choice((b"%x", b"%X", b"000%x")) % size + extension + b"\r\n" + rest[:size] + b"\r\n")
        rest = rest[size:]
    trailers = random.choice(
        (b"",) * 6
        + (
            b"X: y\r\n",
            b"Content-Type: text/plain\r\nContent-Length: 3\r\n",
            b"Connection: close\r\nHost: x\r\n",
            b"Expect: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"bad\r\n",
            b"X:\r\n y\r\n",
        )
    )
    draft.chunks = b"".join(parts) + random.choice((b"0", b"000", b"0;last")) + b"\r\n" + trailers + b"\r\n"
    draft.length = b"Transfer-Encoding: chunked"
    if random.random() < 0.15:
        draft.chunks = _scratched(random, draft.chunks)


def _recode(draft: _Draft) -> None:
    if not draft.chunks:
        _chunk(draft)
    draft.length = b"Transfer-Encoding: " + draft.random.choice(
        (
            b"Chunked",
            b"chunked,",
            b",chunked",
            b"gzip, chunked",
            b"chunked, chunked",
            b"chunked;a=b",
            b"",
            b"identity",
            b"xchunked",
            b"chunked\t",
            b"chunked, identity",
        )
    )


def _fill(draft: _Draft) -> None:
    random = draft.random
    fields = random.choice((190, 196, 198, 203, 260))
    size = random.choice((60_000, 65_000, 65_300, 65_536, 65_700, 70_000))
    if random.random() < 0.5:
        draft.lines += [b"X: y"] * fields
    elif random.random() < 0.8:
        draft.lines += [b"X: " + b"y" * (size // 4)] * 4
    else:
        draft.target = b"/" + b"t" * size


def _enlarge(draft: _Draft) -> None:
    draft.body = draft.body[:-1] + b" " * draft.random.choice((60_000, 1024 * 1024 + 5)) + draft.body[-1:]


_TABLE: tuple[tuple[float, Callable[[_Draft], None]], ...] = (
    (
        2,
        _pick(
            "method",
            b"GET | HEAD | PUT | DELETE | OPTIONS | TRACE | PATCH | CONNECT | post | PO:ST | NEW |  | PRI | M-SEARCH",
        ),
    ),
    (
        2,
        _pick(
            "target",
            b"/a/b%20c?x=1 | /? | /a?b?c/d | //x/y | /%zz | /a#b | /\xc3\xa9 | /a|b | * |  | nowhere | "
            b"/..;/%00 | /\x7f | localhost:80",
        ),
    ),
    (
        2,
        _pick(
            "target",
            b"http://localhost/a?b | http://localhost | HTTPS://h?q | http:///a | http://:80/a | "
            b"http://u@h/a | http://[::1]:8/a | http://[x]/ | ftp://h/a | http://a:b/ | http://h/a#b | http: | "
            b"http://localhost:70000/",
        ),
    ),
    (2, _pick("target", STATE + b"nobody", PREFIX, STATE.replace(b"-", b"%2d") + b"x")),
    (
        2,
        _pick(
            "version",
            b"HTTP/1.0 | HTTP/1.0 | HTTP/1.2 | HTTP/2.0 | HTTP/0.9 | http/1.1 | HTTP/1.10 | HTTP/11 | "
            b"HTTP/1.1  |  | ICE/1.0 | RTSP/1.0",
        ),
    ),
    (1, _pick("space", b"   | \t | ")),
    (1, _pick("line_end", b"\n | \r\r\n | \n\r\n | \r")),
    (1, _pick("before", b"\r\n", b"\n", b"\r\n" * 3, b" ", b"\x00", b"\r", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
    (
        3,
        _replace(
            b"Host",
            b" | Host: | Host: a b | host:[::1]:80 | Host: [::::] | Host: a:b | Host: a: | Host: %zz | "
            b"Host: a%20b | Host: a,b | Host: h/x | Host: \xff | Host: [v1.x] | Host: u@h | Host: [1.2.3.4] | "
            b"Host: a:99999",
        ),
    ),
    (1, _add(b"Host: localhost | HOST: other | Host:")),
    (
        3,
        _replace(
            b"Content-Type",
            b" | Content-Type: text/plain | content-type:application/JSON;charset=UTF-8 | "
            b'Content-Type: application/json; charset="utf-8" | '
            b"Content-Type: application/json; charset=latin-1 | Content-Type: application/json; charset | "
            b"Content-Type: application/jsonx | Content-Type: application/json, text/plain | Content-Type: | "
            b"Content-Type: application/json;; | Content-Type: application/json;x=y",
        ),
    ),
    (1, _add(b"Content-Type: application/json | Content-Type: text/plain | Content-Encoding: gzip")),
    (
        2,
        _pick(
            "length",
            b"Content-Length: 1 | Content-Length: +2 | Content-Length: -1 | Content-Length: 2, 2 | "
            b"Content-Length: 2,3 | Content-Length: 0x2 | Content-Length: | Content-Length: 1 2 | "
            b"Content-Length: 99999999999999999999 | Content-Length: 18446744073709551617 | "
            b"Content-Length: 5000 | Content-Length : %d | Content-Length: %d\r\nContent-Length: 7 | "
            b"Content-Length: 0 | X-None: 1",
        ),
    ),
    (1, _add(b"Content-Length: 2 | Content-Length: 0 | Transfer-Encoding: chunked")),
    (4, _chunk),
    (2, _recode),
    (
        3,
        _add(
            b"Connection: close | connection: Keep-Alive | Connection: x, CLOSE | "
            b"Connection: close, keep-alive | Connection: closed | Connection:,, | Proxy-Connection: close | "
            b"Connection: close;x | Connection: x close | Connection:\tclose\t | "
            b"Connection: keep-alive, close ,x | Connection: x,\tclose | Connection: close\t,x",
        ),
    ),
    (
        3,
        _add(
            b"Expect: 100-continue | expect:100-Continue | Expect: x | Expect: | "
            b"Expect: 100-continue, 100-continue | Expect: 100-continue;q=1",
        ),
    ),
    (
        1,
        _add(
            b"Connection: upgrade\r\nUpgrade: h2c | "
            b"Upgrade: websocket, h2c\r\nConnection: X, Upgrade\r\nSec-WebSocket-Key: x | Upgrade: h2c | "
            b"Connection: Upgrade | "
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA | "
            b"Connection: upgrade, close\r\nUpgrade: h2c",
        ),
    ),
    (
        3,
        _add(
            b"X: a\r\n b |  X: leading | X: a\nY: b | X: a\rY: b | X: a\x00b | X: \x01\x7f | X : a | : a | "
            b'no colon | X\xe9: a | X: | X: \xff\xfe | X(: a | \tX: a | X: a\r\n\t | X:\x0ba | \r | "X": a',
        ),
    ),
    (1, _recase),
    (0.4, _fill),
    (0.02, _enlarge),
)
"""How often a change is made, and the change."""
_WEIGHTS = [weight for weight, _ in _TABLE]
_CHANGES = [change for _, change in _TABLE]


def _scratched(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data) + 1)
    scratch = random.choice(b'\x00\n\r\t :;,\x7f\x80\xff%#?{"0z')
    return data[:place] + random.choice((bytes([scratch]), b"")) + data[place + random.randrange(2) :]
