"""Secret finder: finds secrets in a text in any spelling, and masks them.

A secret returns unchanged, escaped for JSON, HTML or a URL (in part or twice), wrapped into lines, in
hexadecimal, or somewhere inside a base64 text. Escapes are undone layer by layer in the examined text, with
every place mapped back; base64 and hexadecimal are spellings of the secret, of which the part is searched that no
neighbour changes.
"""

from __future__ import annotations

import base64
import contextlib
import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from callback_contract.openapi.text.secret_names import MASK

__all__ = ["LOOKED_AT", "NO_SECRETS", "SHORTEST", "Secrets"]

SHORTEST = 8
"""A shorter secret occurs by chance: it is only masked, and only unchanged."""
LOOKED_AT = 64 * 1024
"""Bytes of an untrusted text in which escapes are undone."""

_SHORTEST_OF_ALL = 4  # masking shorter ones would damage ordinary words
_MOST_LAYERS = 4  # nested escapes: a URL in JSON in a JSON text in HTML

_ESCAPE = re.compile(
    rb"%u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}"
    rb"|\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]{1,6}\}"
    rb"|\\x[0-9A-Fa-f]{2}|\\[\"'/\\bfnrt]"
    rb"|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
    rb"|\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]"  # a surrogate pair whose escapes were undone one by one
    rb"|(?P<wrap>(?:\r?\n[ \t]*)+)"  # a wrapped line
)
_DIGITS = re.compile(rb"(?<=u)[0-9A-Fa-f]{4}|(?<=u\{)[0-9A-Fa-f]+")
_BY_LETTER = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_CUT_HERE = re.compile(rb"[\"'\\)\]}>.,\s]*(?:$|\n|\xe2\x80\xa6)")  # an end, a line's end, or …

_Place = tuple[int, int, int, int]
"""Begin and end of an escaped character, and of its escape."""
_Span = tuple[int, int]


@dataclass(frozen=True, repr=False)
class Secrets:
    """Secrets in all spellings that are searched; made once for many texts.

    Attributes:
        short: Searched unchanged.
        spelt: Searched under every layer of escapes, too.
        hexed: The same in either letter case.
    """

    short: tuple[bytes, ...] = ()
    spelt: tuple[bytes, ...] = ()
    hexed: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Secrets:
        """Return the secrets that are long enough to be recognised."""
        return _made(frozenset(texts))

    def stand_in(self, data: bytes) -> bool:
        """Return whether a secret of at least `SHORTEST` characters is in a text.

        All spellings count.
        """
        if not self.spelt or len(data) < SHORTEST:
            return False
        return any(self._stand_plainly_in(view) for view, _ in _views(data, LOOKED_AT))

    def masked(self, data: bytes) -> bytes:
        """Return a text with `***` in place of each secret.

        A secret cut off at the end of a line or of the text is masked, too.
        """
        if not (self.short or self.spelt):
            return data
        spans = [span for secret in self.short for span in _whole(data, secret)]
        for view, layers in _views(data):
            spans += [_in_source(span, layers) for span in self._spans(view)]
        return _replaced(data, spans) if spans else data

    def masked_text(self, text: str) -> str:
        """Return the same for a text that is not bytes."""
        if not (self.short or self.spelt):
            return text
        data = text.encode("utf-8", "surrogatepass")
        masked = self.masked(data)
        return text if masked == data else masked.decode("utf-8", "backslashreplace")

    def _stand_plainly_in(self, view: bytes) -> bool:
        lower = view.lower()
        return any(secret in view for secret in self.spelt) or any(secret in lower for secret in self.hexed)

    def _spans(self, view: bytes) -> Iterator[_Span]:
        for text, secrets in ((view, self.spelt), (view.lower(), self.hexed)):
            for secret in secrets:
                if secret[:SHORTEST] in text:
                    yield from _whole_or_cut(text, secret)


NO_SECRETS = Secrets()


@lru_cache(maxsize=16)  # a run uses the same ones again and again
def _made(texts: frozenset[str]) -> Secrets:
    short, spelt, hexed = set(), set(), set()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw) < SHORTEST:
            short |= {raw} if len(raw) >= _SHORTEST_OF_ALL else set()
            continue
        spelt |= {raw, _unescaped(raw), _unescaped(raw.replace(b" ", b"+"))}
        with contextlib.suppress(UnicodeEncodeError):
            spelt.add(text.encode("latin-1"))
        spelt |= {core for offset in range(3) for core in _base64_cores(raw, offset)}
        hexed.add(raw.hex().encode())
    return Secrets(_ordered(short), _ordered(secret for secret in spelt if len(secret) >= SHORTEST), _ordered(hexed))


def _ordered(secrets: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(sorted(secrets, key=lambda secret: (-len(secret), secret)))


def _base64_cores(raw: bytes, offset: int) -> set[bytes]:
    """Return the part of each base64 text that does not depend on its neighbours.

    Args:
        offset: The position of the bytes, modulo three.
    """
    encoded = base64.b64encode(b"\0" * offset + raw)
    core = encoded[(0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6]
    return {core, core.translate(bytes.maketrans(b"+/", b"-_"))}


def _views(data: bytes, most: int | None = None) -> Iterator[tuple[bytes, Sequence[Sequence[_Place]]]]:
    """Yield a text, and its beginning under each layer of escapes, with their places."""
    layers: list[Sequence[_Place]] = []
    yield data, layers
    view = data[:most]
    while len(layers) < _MOST_LAYERS:
        view, places = _one_layer_less(view)
        if not places:
            return
        layers.append(places)
        yield view, layers


def _one_layer_less(data: bytes) -> tuple[bytes, Sequence[_Place]]:
    pieces: list[bytes] = []
    places: list[_Place] = []
    end = length = 0
    for found in _ESCAPE.finditer(data):
        plain, begin = b"" if found.lastgroup else _meant(found[0]), found.start()
        if plain is None:
            continue
        length += begin - end
        places.append((length, length + len(plain), begin, found.end()))
        pieces += (data[end:begin], plain)
        length, end = length + len(plain), found.end()
    return b"".join((*pieces, data[end:])), places


@lru_cache(maxsize=1024)
def _meant(escape: bytes) -> bytes | None:
    """Return the character of an escape; None when it is not one."""
    if escape[:1] == b"&":
        text = html.unescape(escape.decode())
        return None if text.startswith("&") and len(text) > 1 else text.encode("utf-8", "surrogatepass")
    if escape[:1] == b"\xed":
        return _of_units([b"%x" % ord(unit) for unit in escape.decode("utf-8", "surrogatepass")])
    if escape[1:2] == b"u":
        return _of_units(_DIGITS.findall(escape))
    if escape[:1] == b"%" or escape[1:2] == b"x":
        return bytes.fromhex(escape[-2:].decode())
    return _BY_LETTER.get(escape[1:2], escape[1:2])


def _of_units(digits: Sequence[bytes]) -> bytes:
    """Return one character in UTF-8, from a code point or a surrogate pair."""
    units = [int(number, 16) for number in digits]
    if len(units) == 2:
        return chr(0x10000 + ((units[0] - 0xD800) << 10) + (units[1] - 0xDC00)).encode()
    return chr(units[0]).encode("utf-8", "surrogatepass") if units[0] <= 0x10FFFF else b"?"


def _unescaped(data: bytes) -> bytes:
    """Return a text with all layers of escapes undone."""
    *_, (view, _) = _views(data)
    return view


def _whole(text: bytes, secret: bytes) -> Iterator[_Span]:
    begin = text.find(secret)
    while begin >= 0:
        yield begin, begin + len(secret)
        begin = text.find(secret, begin + len(secret))


def _whole_or_cut(text: bytes, secret: bytes) -> Iterator[_Span]:
    """Yield the places of a secret, or of its beginning before an end."""
    begin = text.find(secret[:SHORTEST])
    while begin >= 0:
        end = begin + (len(secret) if text.startswith(secret, begin) else _alike(text, secret, begin))
        if end - begin == len(secret) or _CUT_HERE.match(text, end):
            yield begin, end
        begin = text.find(secret[:SHORTEST], begin + 1)


def _alike(text: bytes, secret: bytes, begin: int) -> int:
    """Return the number of equal first characters at a place."""
    pairs = zip(text[begin : begin + len(secret)], secret, strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(secret), len(text) - begin))


def _in_source(span: _Span, layers: Sequence[Sequence[_Place]]) -> _Span:
    """Return the source place of a place in the lowest view."""
    begin, last = span[0], span[1] - 1
    for places in reversed(layers):
        begin, (last, end) = _written_at(begin, places)[0], _written_at(last, places)
        last = end - 1
    return begin, last + 1


def _written_at(at: int, places: Sequence[_Place]) -> _Span:
    """Return begin and end of the source of one character."""
    number = bisect_right(places, at, key=lambda place: place[0]) - 1
    if number < 0:
        return at, at + 1
    _, end, written, written_to = places[number]
    return (written, written_to) if at < end else (written_to + at - end, written_to + at - end + 1)


def _replaced(data: bytes, spans: Iterable[_Span]) -> bytes:
    pieces: list[bytes] = []
    done = masked_to = 0
    for begin, end in sorted(spans):
        if begin >= masked_to:
            pieces += (data[done:begin], MASK.encode())
        done = masked_to = max(masked_to, end)
    return b"".join((*pieces, data[done:]))
