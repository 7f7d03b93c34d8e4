"""Decides which broken bodies are sent: off-schema, hard to handle, and not JSON at all."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import replace

from contract_tests.cases import Case, about_json, hostile, in_turn
from contract_tests.corpus import MAX_TEXT, Scope
from contract_tests.stimuli.valid import put, text_members, with_keys, with_text
from contract_tests.verdicts import NotApplicable
from mock_server.bodies import encode_body
from mock_server.decoding import Unparsable, Unusable, decode
from openapi import pointer as jp
from openapi.members import Member

__all__ = [
    "bad_encodings",
    "big_integers",
    "boms",
    "broken_then_valid",
    "control_characters",
    "duplicate_names",
    "empty_bodies",
    "fractions",
    "long_numbers",
    "long_texts",
    "missing_members",
    "mistyped_members",
    "negations",
    "nesting",
    "not_numbers",
    "null_members",
    "outside_formats",
    "surrogates",
    "syntax_errors",
    "truncations",
    "two_documents",
    "wrong_roots",
]


def _mangled(scope: Scope, label: str, mangle: Callable[[bytes], bytes]) -> Case:
    return Case(scope.callback, label, scope.plain, mangle=mangle)


@hostile
@about_json
def empty_bodies(scope: Scope) -> Iterable[Case]:
    """Nothing, or white space only."""
    for label, body in (("an empty body", b""), ("blanks only", b"   "), ("line ends only", b"\r\n\r\n")):
        yield _mangled(scope, label, functools.partial(_instead, body))


def _instead(new: bytes, _: bytes) -> bytes:
    return new


@hostile
@about_json
def syntax_errors(scope: Scope) -> Iterable[Case]:
    """Bodies that are neither cut short nor doubled, and still no JSON."""
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
        yield _mangled(scope, label, edit)


@hostile
@about_json
def truncations(scope: Scope) -> Iterable[Case]:
    """A body that ends too early, at places of every kind."""
    yield _mangled(scope, "the last brace cut off", lambda body: body[:-1])
    yield _mangled(scope, "only the first brace", lambda body: body[:1])
    yield _mangled(scope, "half of the body", lambda body: _cut(body, 0.5))
    chance = scope.random("truncations")
    for _ in range(scope.depth.pick(2, 6, 30)):
        share = chance.random()
        yield _mangled(scope, f"{share:.0%} of the body", functools.partial(_cut, share=share))


def _cut(body: bytes, share: float) -> bytes:
    """Cuts where what is left is indeed taken for a beginning, and not for another kind of broken body."""
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


@hostile
@about_json
def two_documents(scope: Scope) -> Iterable[Case]:
    """One JSON document after another."""
    for label, between in (("two documents", b""), ("two documents, one a line", b"\n")):
        yield _mangled(scope, label, functools.partial(_twice, between))
    yield _mangled(scope, "an empty object after the document", lambda body: body + b"{}")


def _twice(between: bytes, body: bytes) -> bytes:
    return body + between + body


@hostile
@about_json
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
        yield _mangled(scope, label, functools.partial(insert, raw))


def _first_text(scope: Scope, raw: bytes, body: bytes) -> bytes:
    """Puts raw bytes to the end of the first text value."""
    return body.replace(b'":"', b'":"' + raw, 1) if b'":"' in body else body + raw


@hostile
@about_json
def boms(scope: Scope) -> Iterable[Case]:
    """A byte order mark before the body."""
    yield _mangled(scope, "a byte order mark", lambda body: b"\xef\xbb\xbf" + body)
    yield _mangled(scope, "UTF-16 with a byte order mark", lambda body: body.decode().encode("utf-16"))


@hostile
@about_json
def not_numbers(scope: Scope) -> Iterable[Case]:
    """NaN and the infinities, as an unknown member and in the place of a number."""
    for name in ("NaN", "Infinity", "-Infinity"):
        yield _mangled(
            scope, f"{name} as an unknown member", functools.partial(_member_before, b'"ratio":' + name.encode() + b",")
        )
    for member in scope.with_members(lambda m: m.types in {("integer",), ("number",)})[:2]:
        yield Case(
            scope.callback,
            f"NaN at {member.pointer}",
            scope.plain,
            edit=functools.partial(put, pointer=member.pointer, value=float("nan")),
        )


def _member_before(text: bytes, body: bytes) -> bytes:
    return body.replace(b"{", b"{" + text, 1)


@hostile
@about_json
def wrong_roots(scope: Scope) -> Iterable[Case]:
    """JSON whose root is not what the contract says."""
    if "object" not in scope.callback.members[0].types:
        raise NotApplicable("the contract's body is not an object")
    for label, value in (
        ("null", None),
        ("true", True),
        ("a number", 42),
        ("a text", "x"),
        ("an empty text", ""),
        ("an empty list", []),
        ("a list of numbers", [1, 2]),
        ("a list of texts", ["status"]),
        ("zero", 0),
        ("false", False),
    ):
        yield Case(scope.callback, f"{label} as the root", scope.plain, edit=functools.partial(_other_root, value))
    yield Case(scope.callback, "the delivery inside a list", scope.plain, edit=lambda body: [body])
    yield Case(scope.callback, "the delivery as a text", scope.plain, edit=json.dumps)


def _other_root(value: jp.Json, _: jp.Json) -> jp.Json:
    return value


def _required(scope: Scope) -> list[Member]:
    found = scope.with_members(lambda member: member.required)
    if not found:
        raise NotApplicable("the contract requires no member")
    return found


def _in_states(scope: Scope) -> list[jp.Json]:
    """Plain contents in one, two or all states: some code reads a member in one state only."""
    contents = scope.plain_contents
    return contents[: scope.depth.pick(1, 1, len(contents))]


@hostile
def missing_members(scope: Scope) -> Iterable[Case]:
    """Required members left out, one at a time and all together."""
    for content in _in_states(scope):
        for member in _required(scope):
            yield Case(
                scope.callback,
                f"{member.pointer} missing",
                content,
                edit=functools.partial(jp.without, pointer=member.pointer),
            )
    yield Case(scope.callback, "every member missing", scope.plain, edit=functools.partial(_other_root, {}))


@hostile
@about_json
def null_members(scope: Scope) -> Iterable[Case]:
    """Null in the place of required members, one at a time and all together."""
    required = [member for member in _required(scope) if member.types and "null" not in member.types]
    for content in _in_states(scope):
        for member in required:
            yield Case(
                scope.callback,
                f"{member.pointer} = null",
                content,
                edit=functools.partial(put, pointer=member.pointer, value=None),
            )
    tops = {jp.tokens(member.pointer)[0]: None for member in required}
    yield Case(scope.callback, "null for every required member", scope.plain, edit=functools.partial(_other_root, tops))


_OF_TYPE: dict[str, jp.Json] = {
    "string": "text",
    "integer": 7,
    "number": 2.5,
    "boolean": True,
    "object": {"a": 1},
    "array": ["a"],
}


@hostile
def mistyped_members(scope: Scope) -> Iterable[Case]:
    """Required members with a value of another type, one at a time and all together."""
    required = [member for member in _required(scope) if member.types]
    for member in required:
        wrong = [value for name, value in _OF_TYPE.items() if not _allows(member, name)]
        for value in wrong[: scope.depth.pick(1, 2, len(wrong))]:
            yield Case(
                scope.callback,
                f"{member.pointer} = {json.dumps(value)}",
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=value),
            )
    everything = {jp.tokens(m.pointer)[0]: 7 if not _allows(m, "integer") else "text" for m in required}
    yield Case(
        scope.callback, "every required member mistyped", scope.plain, edit=functools.partial(_other_root, everything)
    )


def _allows(member: Member, type_name: str) -> bool:
    return type_name in member.types or (type_name == "integer" and "number" in member.types)


@hostile
@about_json
def duplicate_names(scope: Scope) -> Iterable[Case]:
    """A member that stands twice, with the same and with another value."""
    for member in _required(scope)[: scope.depth.pick(2, 8, 100)]:
        tokens = jp.tokens(member.pointer)
        if len(tokens) == 1:
            name = json.dumps(tokens[0]).encode()
            for label, value in (("a text", b'"other"'), ("null", b"null")):
                yield _mangled(
                    scope,
                    f"{member.pointer} twice, first {label}",
                    functools.partial(_member_before, name + b":" + value + b","),
                )


@hostile
@about_json
def nesting(scope: Scope) -> Iterable[Case]:
    """Arrays and objects inside each other, hundreds and tens of thousands deep."""
    for depth in scope.depth.pick((500, 20_000), (500, 5_000, 100_000), (500, 5_000, 100_000, 400_000)):
        deep = b"[" * depth + b"]" * depth
        yield _mangled(scope, f"{depth} nested arrays", functools.partial(_member_before, b'"deep":' + deep + b","))
    objects = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    yield _mangled(scope, "10000 nested objects", functools.partial(_member_before, b'"deep":' + objects + b","))


def _integers(scope: Scope) -> list[Member]:
    found = scope.with_members(lambda member: member.types == ("integer",))
    if not found:
        raise NotApplicable("the contract has no integer")
    return found


@hostile
def big_integers(scope: Scope) -> Iterable[Case]:
    """Integers past 2^53, past 64 bits, and below the least ones."""
    for member in _integers(scope):
        values = (2**64, 2**53 + 1, 2**63, 10**300, 2**63 - 1, -(2**63) - 1, 10**30)
        for value in values[: scope.depth.pick(3, 4, len(values))]:
            yield Case(
                scope.callback,
                f"{member.pointer} = {value:.3g}" if value > 10**20 else f"{member.pointer} = {value}",
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=value),
            )
        huge = Case(
            scope.callback,
            f"{member.pointer} = 1e400",
            scope.plain,
            edit=functools.partial(put, pointer=member.pointer, value="@@"),
            mangle=lambda body: body.replace(b'"@@"', b"1e400"),
        )
        in_fields = replace(huge, edit=functools.partial(put, pointer=member.pointer, value="1e400"), mangle=None)
        yield huge if scope.callback.is_json else in_fields


@hostile
@about_json
def long_numbers(scope: Scope) -> Iterable[Case]:
    """Numbers of thousands of digits."""
    for member in _integers(scope):
        for digits in (5_000, 50_000):
            yield Case(
                scope.callback,
                f"{member.pointer} with {digits} digits",
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value="@@"),
                mangle=functools.partial(_digits, digits),
            )


def _digits(count: int, body: bytes) -> bytes:
    return body.replace(b'"@@"', b"9" * count)


def _hard_texts(scope: Scope, texts: dict[str, str]) -> Iterable[Case]:
    members = text_members(scope)
    for label, text in texts.items():
        for member in members[: scope.depth.pick(1, 2, len(members))]:
            yield Case(scope.callback, f"{label} at {member.pointer}", with_text(scope, member, text))
            if member.is_free_map:
                yield Case(
                    scope.callback,
                    f"{label} in a key of {member.pointer}",
                    with_keys(scope, member, {text: "value"}),
                )


@hostile
@about_json
def surrogates(scope: Scope) -> Iterable[Case]:
    """Escaped halves of a surrogate pair."""
    yield from _hard_texts(
        scope,
        {
            "a lone high surrogate": "a\ud83d",
            "a lone low surrogate": "\ude00b",
            "a pair in the wrong order": "\ude00\ud83d",
        },
    )


@hostile
def control_characters(scope: Scope) -> Iterable[Case]:
    """NUL and other control characters, escaped as JSON wants it."""
    yield from _hard_texts(
        scope, {"NUL": "a\x00b", "an escape character": "\x1b[31mred", "a backspace": "a\bb", "a bell": "\x07"}
    )


@hostile
def long_texts(scope: Scope) -> Iterable[Case]:
    """Texts longer than any message."""
    for member in text_members(scope)[: scope.depth.pick(2, 20, 20)]:
        for length in scope.depth.pick((MAX_TEXT + 1,), (MAX_TEXT + 1, 70_000), (MAX_TEXT + 1, 70_000, 500_000)):
            yield Case(
                scope.callback, f"{length} characters at {member.pointer}", with_text(scope, member, "a" * length)
            )


@hostile
@about_json
def fractions(scope: Scope) -> Iterable[Case]:
    """Integers spelt with a fraction of zero or an exponent."""
    for member in _integers(scope):
        for spelling in (b"288.0", b"2880e-1", b"28.8E1"):
            yield Case(
                scope.callback,
                f"{member.pointer} = {spelling.decode()}",
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value="@@"),
                mangle=functools.partial(_number, spelling),
            )


def _number(spelling: bytes, body: bytes) -> bytes:
    return body.replace(b'"@@"', spelling)


_OUTSIDE: dict[str, tuple[jp.Json, ...]] = {
    "hex32": ("", "x", "0" * 31, "0" * 64, "not-hex", "f4d594881abxxxxxxxxxx029e63f055"),
    "unix-seconds": (0, -1, 1744687206123, 253402300800, -(2**53)),
    "date-time": (
        "",
        "yesterday",
        "2025-04-15",
        "2025-04-15T03:20:00+05:30",
        "2025-04-15t03:20:00z",
        "2025-04-15T03:20:00.123456789Z",
        "2025-02-30T25:61:61Z",
        "2016-12-31T23:59:60Z",
        "0000-00-00T00:00:00Z",
    ),
    "serial": (0, -1, -(2**31)),
    "msisdn": ("", "+12025550123", "unknown", "0", "1" * 40),
    "e164": ("", "12025550123", "anonymous", "+", "+1 (202) 555-0123", "+" + "1" * 40),
}


@hostile
def outside_formats(scope: Scope) -> Iterable[Case]:
    """Values outside the formats that are only inferred: right or wrong to refuse, never to fail on."""
    members = scope.with_members(lambda member: member.format in _OUTSIDE)
    if not members:
        raise NotApplicable("the contract infers no format")
    for member in members:
        values = _OUTSIDE[member.format]
        for value in values[: scope.depth.pick(1, 3, len(values))]:
            yield Case(
                scope.callback,
                f"{member.pointer} = {json.dumps(value)[:60]}",
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=value),
            )


@hostile
def negations(scope: Scope) -> Iterable[Case]:
    """Contents that Schemathesis broke on purpose."""
    for index, broken in enumerate(scope.negations):
        label = f"generated mistake {index + 1}"
        if isinstance(broken, bytes):
            if not scope.callback.is_json:
                continue  # such bytes are broken JSON, and to many a reader of forms they are a field
            yield _mangled(scope, label, functools.partial(_instead, broken))
        elif _has_form(scope, broken):
            yield Case(scope.callback, label, scope.plain, edit=functools.partial(_broken, broken, scope.pinned))


def _broken(broken: jp.Json, pinned: dict[str, jp.Json], stamped: jp.Json) -> jp.Json:
    """Stamps what is still whole; stamping everything could mend exactly what was broken."""
    for pointer, value in pinned.items():
        with contextlib.suppress(LookupError):
            if jp.get(broken, pointer) == value:
                broken = jp.replaced(broken, pointer, jp.get(stamped, pointer))
    return broken


def _has_form(scope: Scope, value: jp.Json) -> bool:
    try:
        encode_body(scope.callback, value)
    except (TypeError, ValueError):
        return False
    return True


@in_turn
def broken_then_valid(scope: Scope) -> Iterable[Case]:
    """One hostile body of each kind; each is followed by a valid delivery."""
    kinds = (
        empty_bodies,
        syntax_errors,
        truncations,
        bad_encodings,
        wrong_roots,
        missing_members,
        mistyped_members,
        nesting,
        big_integers,
        surrogates,
        control_characters,
    )
    for stimuli in kinds:
        try:
            yield next(iter(stimuli(scope)))
        except NotApplicable:
            continue
