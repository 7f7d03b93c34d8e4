"""HTTP/1.1 oracle: reads requests out of a byte string as RFC 9110 and RFC 9112 say, for the fuzzer to compare with.

It shares no code with the mock, and knows no reads: all bytes of a connection are there. (h11 is no oracle for this: it
takes bare line feeds, folded fields, and a length beside chunks, where the RFCs leave the choice to the server.)
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

MOST_HEAD_BYTES, MOST_FIELDS = 64 * 1024, 200  # the kit's own promise, since the RFCs name no limit
REFUSALS = frozenset({400, 408, 413, 414, 417, 431, 501, 505})

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PCHAR = rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_ORIGIN = re.compile(rb"(?:/%b*)+(?:\?(?:%b|[/?])*)?" % (_PCHAR, _PCHAR))
_ABSOLUTE = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)(.*)", re.DOTALL)
_REG_NAME = re.compile(rb"((?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?")
_LITERAL = re.compile(rb"\[([^\]%]*)\](?::[0-9]*)?")
_FUTURE = re.compile(rb"[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+")
_LINE = re.compile(rb"([^ ]+) ([^ ]+) (HTTP|RTSP)/([0-9])\.([0-9])")
_LOOSE_LINE = re.compile(
    rb"[ \t\v\f\r]*([^ \t\v\f\r]+)[ \t\v\f\r]+([^ \t\v\f\r]+)[ \t\v\f\r]+(HTTP|RTSP)/([0-9])\.([0-9])\s*"
)
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)(.*)", re.DOTALL)
_QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_EXTENSIONS = re.compile(rb"(?:;%b(?:=(?:%b|%b))?)*" % (_TOKEN, _TOKEN, _QUOTED))
_KNOWN = {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH"}


@dataclass
class Reading:
    """One request, and what a server may make of it.

    Attributes:
        begun: Where it begins.
        refused: Whether it must not be taken.
        statuses: What it may be refused by; empty for a right request.
        last: Whether nothing behind it may be looked at.
        may_end: Whether the server may end the connection behind it.
        body: Without its chunks.
    """

    method: bytes = b""
    target: bytes = b""
    version: str = "1.1"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    refused: bool = False
    statuses: set[int] = field(default_factory=set)
    last: bool = False
    may_end: bool = False
    begun: int = 0

    def must_not(self, *statuses: int) -> None:
        """The RFCs, or the kit, have it refused."""
        self.refused = True
        self.statuses.update(statuses)

    def may_not(self, *statuses: int) -> None:
        """The RFCs leave it open."""
        self.statuses.update(statuses)
        self.may_end = True

    def all(self, name: bytes) -> list[bytes]:
        """The values of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    def members(self, name: bytes) -> list[bytes]:
        """The members of a header that is a list, in lower case."""
        return [each.strip(b" \t").lower() for value in self.all(name) for each in value.split(b",")]


class _Cut(Exception):
    """The bytes end within a request."""


def read_requests(data: bytes) -> list[Reading]:
    """All requests of a connection's bytes; behind one that has to be refused there is none."""
    found: list[Reading] = []
    at = 0
    while True:
        while data[at : at + 1] in {b"\r", b"\n"}:  # freedom: how many empty lines before a request are ignored
            at += 1
        if at == len(data):
            return found
        reading = Reading(begun=at)
        found.append(reading)
        try:
            at = _Reader(data, reading).read(at)
        except _Cut:
            reading.must_not(*REFUSALS)
        if reading.refused or reading.last:
            return found


class _Reader:
    """Reads one request."""

    def __init__(self, data: bytes, reading: Reading) -> None:
        self.data, self.reading = data, reading

    def read(self, at: int) -> int:
        """Returns where it ends."""
        reading, begun = self.reading, at
        line, at = self._line(at)
        self._request_line(line)
        if reading.refused:
            reading.statuses |= {417, 431, 501}  # freedom: which of several flaws is named
            return at
        reading.headers, at = self._fields(at)
        self._size(at - begun)
        self._host()
        self._expectation()
        reading.body, at = self._body(at)
        tokens = reading.members(b"connection")
        reading.last = b"close" in tokens or (reading.version == "1.0" and b"keep-alive" not in tokens)
        # freedom: whether HTTP/1.0 stays open, and whether a proxy's header of old times says so
        reading.may_end |= reading.version == "1.0" or bool(reading.all(b"proxy-connection"))
        return at

    def _line(self, at: int) -> tuple[bytes, int]:
        end = self.data.find(b"\n", at)
        if end < 0:
            raise _Cut
        line = self.data[at:end]
        if line.endswith(b"\r"):
            line = line[:-1]
        else:
            self.reading.may_not(400)  # freedom: a line feed alone may end a line of the head (9112 2.2)
        if b"\r" in line:
            self.reading.may_not(400)  # freedom: a carriage return alone is refused, or read as a space (9112 2.2)
        return line, end + 1

    def _request_line(self, line: bytes) -> None:
        reading = self.reading
        match = _LINE.fullmatch(line)
        if match is None:
            match = _LOOSE_LINE.fullmatch(line)
            if match is None:
                reading.must_not(400, 431, 501, 505)
                return
            reading.may_not(400, 505)  # freedom: other white space in a request line (9112 3)
        reading.method, reading.target, protocol, major, minor = match.groups()
        if protocol != b"HTTP":
            reading.may_not(400, 505)  # no freedom: llhttp takes RTSP for HTTP, and httptools cannot tell them apart
        reading.version = f"{major.decode()}.{minor.decode()}"
        if major != b"1":
            reading.must_not(400, 505)
        elif minor not in b"01":
            reading.may_not(400, 505)  # freedom: a later minor version SHOULD be read as 1.1 (9110 2.5)
        if not re.fullmatch(_TOKEN, reading.method):
            reading.must_not(400, 501)
        elif reading.method not in _KNOWN:
            reading.may_not(400, 405, 501)  # freedom: a method that nobody has heard of
        self._target(reading.target)

    def _target(self, target: bytes) -> None:
        reading = self.reading
        if len(target) > 8000:
            reading.may_not(414, 431)  # freedom: any limit from 8000 bytes on (9112 3)
        if target.startswith(b"/"):
            reading.target = target.partition(b"#")[0]
            if not _ORIGIN.fullmatch(target):
                reading.may_not(400)  # freedom: an invalid one SHOULD be refused (9112 3)
        elif target == b"*":
            if reading.method != b"OPTIONS":
                reading.must_not(400)
        elif match := _ABSOLUTE.fullmatch(target):
            scheme, authority, rest = match.groups()
            if scheme.lower() not in {b"http", b"https"}:
                reading.may_not(400)  # freedom: another scheme
            path = (rest if rest.startswith(b"/") else b"/" + rest).partition(b"#")[0]
            reading.target = path
            if not authority or authority.startswith(b":"):
                reading.must_not(400)  # an http URL without a host (9110 4.2.1)
            elif not is_host(authority) or not _ORIGIN.fullmatch(path) or b"#" in rest:
                reading.may_not(400)  # freedom: an invalid one SHOULD be refused, a user's name too (9110 4.2.4)
            elif (port := re.search(rb":([0-9]*)$", authority)) and not 0 <= int(port[1] or -1) <= 65535:
                # freedom: a port that TCP does not have. No freedom: none behind a colon, which httptools refuses.
                reading.may_not(400)
        elif reading.method == b"CONNECT":
            reading.may_not(400, 501)  # freedom: an origin server need not know it
        else:
            reading.must_not(400)

    def _fields(self, at: int) -> tuple[list[tuple[bytes, bytes]], int]:
        reading = self.reading
        fields: list[tuple[bytes, bytes]] = []
        while True:
            line, at = self._line(at)
            if not line:
                return fields, at
            if line[:1] in b" \t":
                reading.may_not(
                    400
                )  # freedom: a folded field is refused or unfolded, a first line's left out (9112 5.2)
                if fields:
                    name, value = fields[-1]
                    fields[-1] = name, (value + b" " + line.strip(b" \t")).strip(b" \t")
                continue
            name, colon, value = line.partition(b":")
            if not colon or not re.fullmatch(_TOKEN, name):
                reading.must_not(400)
            if name.lower() == b"transfer-encoding" and value.rstrip(b" ").endswith(b"\t"):
                reading.may_not(400)  # no freedom: llhttp takes this tab for a part of the coding, and refuses it
            if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
                reading.may_not(400)  # freedom: control characters are refused, replaced or kept (9110 5.5)
            fields.append((name, value.strip(b" \t")))

    def _size(self, head_bytes: int) -> None:
        reading = self.reading
        counted = len(reading.target) + sum(len(name) + len(value) + 4 for name, value in reading.headers)
        if len(reading.headers) > MOST_FIELDS or counted > MOST_HEAD_BYTES:
            reading.must_not(414, 431)
        elif head_bytes > MOST_HEAD_BYTES:
            reading.may_not(414, 431)  # freedom: whether the request line and white space count

    def _host(self) -> None:
        hosts = self.reading.all(b"host")
        if len(hosts) > 1 or (not hosts and self.reading.version != "1.0") or not all(map(is_host, hosts)):
            self.reading.must_not(400)

    def _expectation(self) -> None:
        if self.reading.all(b"expect") and self.reading.members(b"expect") != [b"100-continue"]:
            self.reading.may_not(417)  # freedom: another expectation MAY be refused (9110 10.1.1)

    def _body(self, at: int) -> tuple[bytes, int]:
        reading = self.reading
        lengths, codings = reading.members(b"content-length"), reading.members(b"transfer-encoding")
        if codings:
            if lengths or reading.version == "1.0":
                reading.may_not(400)  # freedom: refused, or read by the chunks and closed (9112 6.1)
            if b"" in codings:
                reading.may_not(400, 501)  # freedom: how many empty members of a list are too many (9110 5.6.1)
            coded = [coding for coding in codings if coding]
            if coded == [b"chunked"]:
                return self._chunks(at)
            if coded:
                reading.must_not(400, 501)
                return b"", at
        if len(set(lengths)) > 1 or not all(re.fullmatch(rb"[0-9]+", length) for length in lengths):
            reading.must_not(400)
            return b"", at
        if len(lengths) > 1:
            reading.may_not(400)  # freedom: the same length again is refused or taken once (9112 6.3)
        if lengths and len(lengths[0].lstrip(b"0")) > 18:
            reading.must_not(400, 413)
            return b"", at
        end = at + int(lengths[0] if lengths else 0)
        if end > len(self.data):
            reading.body = self.data[at:]
            raise _Cut
        return self.data[at:end], end

    def _chunks(self, at: int) -> tuple[bytes, int]:
        reading, data = self.reading, self.data
        parts: list[bytes] = []
        while True:
            end = data.find(b"\n", at)
            if end < 0:
                raise _Cut
            match = _CHUNK.fullmatch(data[at : end - 1])
            if match is None or data[end - 1 : end] != b"\r" or not re.fullmatch(rb"[ \t]*(;.*)?", match[2], re.DOTALL):
                reading.must_not(400)
                return b"", at
            # freedom: wrong extensions. RFC 9112 7.1.1 has blanks around a semicolon read, too: no sender makes them,
            # and llhttp refuses them, since others have read them as the end of the size.
            if not _EXTENSIONS.fullmatch(match[2]):
                reading.may_not(400)
            if len(match[2]) > 4000:
                reading.may_not(400, 413, 431)  # freedom: how long they may be
            if len(match[1].lstrip(b"0")) > 15:
                reading.must_not(400, 413)
                return b"", at
            size, at = int(match[1], 16), end + 1
            if not size:
                trailers, at = self._fields(at)
                if any(name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in trailers):
                    reading.may_not(400)  # freedom: what no sender may put there is refused or left out (9110 6.5.1)
                # freedom: a server may end a connection when it says so, here since a trailer asks for it
                reading.may_end |= any(name.lower() == b"connection" for name, _ in trailers)
                if len(trailers) > MOST_FIELDS or sum(map(len, (n + v for n, v in trailers))) > MOST_HEAD_BYTES // 2:
                    reading.may_not(431)  # freedom: how many trailers there may be
                return b"".join(parts), at
            parts.append(data[at : at + size])
            at += size
            if data[at : at + 2] != b"\r\n":
                if b"\r\n".startswith(data[at : at + 2]):
                    raise _Cut
                reading.must_not(400)
                return b"", at
            at += 2


def is_host(value: bytes) -> bool:
    """Whether a value is a host of RFC 3986 section 3.2.2 and perhaps a port."""
    if match := _LITERAL.fullmatch(value):
        try:
            return bool(_FUTURE.fullmatch(match[1]) or ipaddress.IPv6Address(match[1].decode("ascii")))
        except ValueError:
            return False
    return _REG_NAME.fullmatch(value) is not None
