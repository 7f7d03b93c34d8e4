"""Unparsable stimuli: bodies that are not JSON in UTF-8 (RFC 8259)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, stimuli
from callback_contract.contract_tests.stimuli.valid import put
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode

__all__ = [
    "bad_encodings",
    "boms",
    "empty_bodies",
    "instead",
    "mangled",
    "member_before",
    "not_numbers",
    "syntax_errors",
    "truncations",
    "two_documents",
]


def mangled(scope: Scope, label: str, mangle: Callable[[bytes], bytes]) -> Case:
    """Return the case of a plain content with changed bytes."""
    return Case(scope.callback, label, scope.plain, mangle=mangle)


@stimuli("unparsable", hostile=True, about_json=True)
def empty_bodies(scope: Scope) -> Iterable[Case]:
    """An empty body, or white space only."""
    for label, body in (("an empty body", b""), ("blanks only", b"   "), ("line ends only", b"\r\n\r\n")):
        yield mangled(scope, label, functools.partial(instead, body))


def instead(new: bytes, _: bytes) -> bytes:
    """Return other bytes than the written ones."""
    return new


@stimuli("unparsable", hostile=True, about_json=True)
def syntax_errors(scope: Scope) -> Iterable[Case]:
    """Bodies that are neither truncated nor doubled, and not JSON."""
    edits: dict[str, Callable[[bytes], bytes]] = {
        "a trailing comma": lambda body: body[:-1] + b",}",
        "a missing colon": lambda body: body.replace(b'":', b'" ', 1),
        "single quotes": lambda body: body.replace(b'"', b"'"),
        "unquoted names": lambda body: body.replace(b'{"', b"{", 1).replace(b'":', b":", 1),
        "a missing comma": lambda body: body.replace(b',"', b' "', 1),
        "a comment": lambda body: body.replace(b"{", b"{/* hi */", 1),
        "True instead of true": lambda body: body.replace(b"{", b'{"a":True,', 1),
        "a leading zero": lambda body: body.replace(b"{", b'{"a":01,', 1),
        "a bad escape": lambda body: body.replace(b"{", b'{"a":"\\x41",', 1),
        "a raw line end inside a text": lambda body: body.replace(b"{", b'{"a":"x\ny",', 1),
        "words": lambda body: b"hello, is anybody there?",
        "a form": lambda body: b"payload=" + body,
        "an XML document": lambda body: b'<?xml version="1.0"?><delivery/>',
        "a closing bracket for a brace": lambda body: body[:-1] + b"]",
    }
    for label, edit in edits.items():
        yield mangled(scope, label, edit)


@stimuli("unparsable", hostile=True, about_json=True)
def truncations(scope: Scope) -> Iterable[Case]:
    """A body that is cut off, at places of every kind."""
    yield mangled(scope, "the last brace cut off", lambda body: body[:-1])
    yield mangled(scope, "only the first brace", lambda body: body[:1])
    yield mangled(scope, "half of the body", lambda body: _cut(body, 0.5))
    chance = scope.random("truncations")
    for _ in range(scope.depth.pick(2, 6, 30)):
        share = chance.random()
        yield mangled(scope, f"{share:.0%} of the body", functools.partial(_cut, share=share))


def _cut(body: bytes, share: float) -> bytes:
    """Cut where the rest is a truncated body, and not another kind of broken body."""
    size = max(1, min(len(body) - 1, int(len(body) * share)))
    while size > 1:
        try:
            decode(body[:size])
        except Unparsable as error:
            if error.kind == "truncated":
                break
        except Unusable:
            pass
        size -= 1
    return body[:size]


@stimuli("unparsable", hostile=True, about_json=True)
def two_documents(scope: Scope) -> Iterable[Case]:
    """One JSON document after another."""
    for label, between in (("two documents", b""), ("two documents, one a line", b"\n")):
        yield mangled(scope, label, functools.partial(_twice, between))
    yield mangled(scope, "an empty object after the document", lambda body: body + b"{}")


def _twice(between: bytes, body: bytes) -> bytes:
    return body + between + body


@stimuli("unparsable", hostile=True, about_json=True)
def bad_encodings(scope: Scope) -> Iterable[Case]:
    """Bytes that are not UTF-8."""
    insert = functools.partial(_first_text, scope)
    for label, raw in (
        ("Latin-1 text", b"Zo\xeb"),
        ("a lone continuation byte", b"a\x80b"),
        ("0xFF", b"\xff"),
        ("an overlong form", b"\xc0\xaf"),
        ("a surrogate in UTF-8", b"\xed\xa0\xbd"),
        ("a cut character", b"\xe6\x9d"),
        ("GB 18030 text", "李雷".encode("gb18030")),
    ):
        yield mangled(scope, label, functools.partial(insert, raw))


def _first_text(scope: Scope, raw: bytes, body: bytes) -> bytes:
    """Append raw bytes to the first text value."""
    return body.replace(b'":"', b'":"' + raw, 1) if b'":"' in body else body + raw


@stimuli("unparsable", hostile=True, about_json=True)
def boms(scope: Scope) -> Iterable[Case]:
    """A byte order mark before the body."""
    yield mangled(scope, "a byte order mark", lambda body: b"\xef\xbb\xbf" + body)
    yield mangled(scope, "UTF-16 with a byte order mark", lambda body: body.decode().encode("utf-16"))


@stimuli("unparsable", hostile=True, about_json=True)
def not_numbers(scope: Scope) -> Iterable[Case]:
    """NaN and the infinities, as an unknown member and instead of a number."""
    for name in ("NaN", "Infinity", "-Infinity"):
        yield mangled(
            scope, f"{name} as an unknown member", functools.partial(member_before, b'"ratio":' + name.encode() + b",")
        )
    for member in scope.with_members(lambda m: m.types in {("integer",), ("number",)})[:2]:
        yield Case(
            scope.callback,
            f"NaN at {member.pointer}",
            scope.plain,
            edit=functools.partial(put, pointer=member.pointer, value=float("nan")),
        )


def member_before(text: bytes, body: bytes) -> bytes:
    """Return the body with more text at the beginning of its first object."""
    return body.replace(b"{", b"{" + text, 1)
