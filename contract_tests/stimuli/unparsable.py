"""Unparsable stimuli: bodies that are not JSON in UTF-8 (RFC 8259)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, stimuli
from callback_contract.contract_tests.stimuli.valid import put
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi.text.message import Text

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


def mangled(scope: Scope, label: Text, mangle: Callable[[bytes], bytes]) -> Case:
    """Return the case of a plain content with changed bytes."""
    return Case(scope.callback, label, scope.plain, mangle=mangle)


@stimuli("unparsable", hostile=True, about_json=True)
def empty_bodies(scope: Scope) -> Iterable[Case]:
    """An empty body, or white space only."""
    for key, body in (("case.empty-body", b""), ("case.blanks-only", b"   "), ("case.line-ends-only", b"\r\n\r\n")):
        yield mangled(scope, Text(key), functools.partial(instead, body))


def instead(new: bytes, _: bytes) -> bytes:
    """Return other bytes than the written ones."""
    return new


@stimuli("unparsable", hostile=True, about_json=True)
def syntax_errors(scope: Scope) -> Iterable[Case]:
    """Bodies that are neither truncated nor doubled, and not JSON."""
    edits: dict[str, Callable[[bytes], bytes]] = {
        "case.trailing-comma": lambda body: body[:-1] + b",}",
        "case.missing-colon": lambda body: body.replace(b'":', b'" ', 1),
        "case.single-quotes": lambda body: body.replace(b'"', b"'"),
        "case.unquoted-names": lambda body: body.replace(b'{"', b"{", 1).replace(b'":', b":", 1),
        "case.missing-comma": lambda body: body.replace(b',"', b' "', 1),
        "case.comment": lambda body: body.replace(b"{", b"{/* hi */", 1),
        "case.python-true": lambda body: body.replace(b"{", b'{"a":True,', 1),
        "case.leading-zero": lambda body: body.replace(b"{", b'{"a":01,', 1),
        "case.bad-escape": lambda body: body.replace(b"{", b'{"a":"\\x41",', 1),
        "case.raw-line-end": lambda body: body.replace(b"{", b'{"a":"x\ny",', 1),
        "case.words": lambda body: b"hello, is anybody there?",
        "case.form": lambda body: b"payload=" + body,
        "case.xml": lambda body: b'<?xml version="1.0"?><delivery/>',
        "case.bracket-for-brace": lambda body: body[:-1] + b"]",
    }
    for key, edit in edits.items():
        yield mangled(scope, Text(key), edit)


@stimuli("unparsable", hostile=True, about_json=True)
def truncations(scope: Scope) -> Iterable[Case]:
    """A body that is cut off, at places of every kind."""
    yield mangled(scope, Text("case.last-brace-cut"), lambda body: body[:-1])
    yield mangled(scope, Text("case.first-brace-only"), lambda body: body[:1])
    yield mangled(scope, Text("case.half-of-body"), lambda body: _cut(body, 0.5))
    chance = scope.random("truncations")
    for _ in range(scope.depth.pick(2, 6, 30)):
        share = chance.random()
        yield mangled(scope, Text("case.part-of-body", share=share), functools.partial(_cut, share=share))


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
    for key, between in (("case.two-documents", b""), ("case.two-documents-by-line", b"\n")):
        yield mangled(scope, Text(key), functools.partial(_twice, between))
    yield mangled(scope, Text("case.object-after-document"), lambda body: body + b"{}")


def _twice(between: bytes, body: bytes) -> bytes:
    return body + between + body


@stimuli("unparsable", hostile=True, about_json=True)
def bad_encodings(scope: Scope) -> Iterable[Case]:
    """Bytes that are not UTF-8."""
    insert = functools.partial(_first_text, scope)
    for key, raw in (
        ("case.latin-1", b"Zo\xeb"),
        ("case.lone-continuation-byte", b"a\x80b"),
        ("case.byte-ff", b"\xff"),
        ("case.overlong-form", b"\xc0\xaf"),
        ("case.surrogate-in-utf-8", b"\xed\xa0\xbd"),
        ("case.cut-character", b"\xe6\x9d"),
        ("case.gb-18030", "李雷".encode("gb18030")),
    ):
        yield mangled(scope, Text(key), functools.partial(insert, raw))


def _first_text(scope: Scope, raw: bytes, body: bytes) -> bytes:
    """Append raw bytes to the first text value."""
    return body.replace(b'":"', b'":"' + raw, 1) if b'":"' in body else body + raw


@stimuli("unparsable", hostile=True, about_json=True)
def boms(scope: Scope) -> Iterable[Case]:
    """A byte order mark before the body."""
    yield mangled(scope, Text("case.byte-order-mark"), lambda body: b"\xef\xbb\xbf" + body)
    yield mangled(scope, Text("case.utf-16"), lambda body: body.decode().encode("utf-16"))


@stimuli("unparsable", hostile=True, about_json=True)
def not_numbers(scope: Scope) -> Iterable[Case]:
    """NaN and the infinities, as an unknown member and instead of a number."""
    for name in ("NaN", "Infinity", "-Infinity"):
        label = Text("case.as-unknown-member", value=name)
        yield mangled(scope, label, functools.partial(member_before, b'"ratio":' + name.encode() + b","))
    for member in scope.with_members(lambda m: m.types in {("integer",), ("number",)})[:2]:
        yield Case(
            scope.callback,
            Text("case.at", what="NaN", pointer=member.pointer),
            scope.plain,
            edit=functools.partial(put, pointer=member.pointer, value=float("nan")),
        )


def member_before(text: bytes, body: bytes) -> bytes:
    """Return the body with more text at the beginning of its first object."""
    return body.replace(b"{", b"{" + text, 1)
