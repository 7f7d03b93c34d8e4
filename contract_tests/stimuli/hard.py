"""Hard stimuli: legal values that are hard to handle, and drawn mistakes, to which either response is right."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from callback_contract.contract_tests.generation.corpus import MAX_TEXT, Scope
from callback_contract.contract_tests.model.cases import Case, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.contract_tests.stimuli.forward import other_types, unknown_values
from callback_contract.contract_tests.stimuli.off_schema import (
    missing_members,
    mistyped_members,
    null_members,
    required_members,
    wrong_roots,
)
from callback_contract.contract_tests.stimuli.texts import text_members, with_keys, with_text
from callback_contract.contract_tests.stimuli.unparsable import (
    bad_encodings,
    empty_bodies,
    instead,
    mangled,
    member_before,
    syntax_errors,
    truncations,
)
from callback_contract.contract_tests.stimuli.valid import put
from callback_contract.mock_server.wire.bodies import encode_body
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = [
    "DrawnMistake",
    "big_integers",
    "broken_then_valid",
    "control_characters",
    "duplicate_names",
    "fractions",
    "long_numbers",
    "long_texts",
    "negations",
    "nesting",
    "outside_formats",
    "surrogates",
]


@stimuli("hard", hostile=True, about_json=True)
def duplicate_names(scope: Scope) -> Iterable[Case]:
    """A duplicate member, with the same and with another value."""
    for member in required_members(scope)[: scope.depth.pick(2, 8, 100)]:
        tokens = jp.tokens(member.pointer)
        if len(tokens) == 1:
            name = json.dumps(tokens[0]).encode()
            for key, value in (("term.text", b'"other"'), ("term.null", b"null")):
                yield mangled(
                    scope,
                    Text("case.twice", pointer=member.pointer, what=Text(key)),
                    functools.partial(member_before, name + b":" + value + b","),
                )


@stimuli("hard", hostile=True, about_json=True)
def nesting(scope: Scope) -> Iterable[Case]:
    """Nested arrays and objects, hundreds and tens of thousands of levels deep."""
    for depth in scope.depth.pick((500, 20_000), (500, 5_000, 100_000), (500, 5_000, 100_000, 400_000)):
        deep = b"[" * depth + b"]" * depth
        label = Text("case.nested-arrays", depth=depth)
        yield mangled(scope, label, functools.partial(member_before, b'"deep":' + deep + b","))
    objects = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    label = Text("case.nested-objects", depth=10_000)
    yield mangled(scope, label, functools.partial(member_before, b'"deep":' + objects + b","))


def _integers(scope: Scope) -> list[Member]:
    found = scope.with_members(lambda member: member.types == ("integer",))
    if not found:
        raise NotApplicable(Text("reason.no-integer"))
    return found


@stimuli("hard", hostile=True)
def big_integers(scope: Scope) -> Iterable[Case]:
    """Integers beyond 2^53, beyond 64 bits, and below the least ones."""
    for member in _integers(scope):
        values = (2**64, 2**53 + 1, 2**63, 10**300, 2**63 - 1, -(2**63) - 1, 10**30)
        for value in values[: scope.depth.pick(3, 4, len(values))]:
            shown = f"{value:.3g}" if value > 10**20 else str(value)
            yield Case(
                scope.callback,
                Text("case.value", pointer=member.pointer, value=shown),
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=value),
            )
        huge = Case(
            scope.callback,
            Text("case.value", pointer=member.pointer, value="1e400"),
            scope.plain,
            edit=functools.partial(put, pointer=member.pointer, value="@@"),
            mangle=lambda body: body.replace(b'"@@"', b"1e400"),
        )
        in_fields = replace(huge, edit=functools.partial(put, pointer=member.pointer, value="1e400"), mangle=None)
        yield huge if scope.callback.is_json else in_fields


@stimuli("hard", hostile=True, about_json=True)
def long_numbers(scope: Scope) -> Iterable[Case]:
    """Number of thousands of digits."""
    for member in _integers(scope):
        for digits in (5_000, 50_000):
            yield Case(
                scope.callback,
                Text("case.digits", pointer=member.pointer, count=digits),
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value="@@"),
                mangle=functools.partial(_digits, digits),
            )


def _digits(count: int, body: bytes) -> bytes:
    return body.replace(b'"@@"', b"9" * count)


def _hard_texts(scope: Scope, texts: dict[str, str], *, most: int | None) -> Iterable[Case]:
    """Yield texts in the first members, at most so many; in all at a thorough depth."""
    members = text_members(scope)[: None if scope.depth.name == "thorough" else most]
    for key, text in texts.items():
        what = Text(key)
        for member in members:
            label = Text("case.at", what=what, pointer=member.pointer)
            yield Case(scope.callback, label, with_text(scope, member, text))
            if member.is_free_map:
                yield Case(
                    scope.callback,
                    Text("case.in-key", what=what, pointer=member.pointer),
                    with_keys(scope, member, {text: "value"}),
                )


@stimuli("hard", hostile=True, about_json=True)
def surrogates(scope: Scope) -> Iterable[Case]:
    """Escaped halves of a surrogate pair, in every text member that does not identify the message."""
    facts = scope.callback.delivery
    own = {facts.correlation, facts.state, *facts.idempotency}
    texts = scope.with_members(lambda member: member.types == ("string",) and member.pointer not in own)
    if pointers := [member.pointer for member in texts]:
        edit = functools.partial(_put_everywhere, pointers=pointers, value="a\ud83d")
        label = Text("case.in-every-text", what=Text("term.high-surrogate"))
        yield Case(scope.callback, label, scope.plain, edit=edit)
    # One member may be refused before the next is looked at, so that each has a delivery of its own, too.
    yield from _hard_texts(scope, {"term.high-surrogate": "a\ud83d"}, most=None)
    yield from _hard_texts(scope, {"term.low-surrogate": "\ude00b", "term.turned-pair": "\ude00\ud83d"}, most=1)


def _put_everywhere(body: jp.Json, pointers: list[str], value: jp.Json) -> jp.Json:
    for pointer in pointers:
        body = jp.replaced(body, pointer, value)
    return body


@stimuli("hard", hostile=True)
def control_characters(scope: Scope) -> Iterable[Case]:
    """NUL and other control characters, escaped as JSON requires."""
    texts = {"term.nul": "a\x00b", "term.escape": "\x1b[31mred", "term.backspace": "a\bb", "term.bell": "\x07"}
    yield from _hard_texts(scope, texts, most=scope.depth.pick(1, 2, None))


@stimuli("hard", hostile=True)
def long_texts(scope: Scope) -> Iterable[Case]:
    """Texts longer than any message."""
    for member in text_members(scope)[: scope.depth.pick(2, 20, 20)]:
        for length in scope.depth.pick((MAX_TEXT + 1,), (MAX_TEXT + 1, 70_000), (MAX_TEXT + 1, 70_000, 500_000)):
            label = Text("case.characters-at", count=length, pointer=member.pointer)
            yield Case(scope.callback, label, with_text(scope, member, "a" * length))


@stimuli("hard", hostile=True, about_json=True)
def fractions(scope: Scope) -> Iterable[Case]:
    """Integers spelt with a fraction of zero or an exponent."""
    for member in _integers(scope):
        for spelling in (b"288.0", b"2880e-1", b"28.8E1"):
            yield Case(
                scope.callback,
                Text("case.value", pointer=member.pointer, value=spelling.decode()),
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


@stimuli("hard", hostile=True)
def outside_formats(scope: Scope) -> Iterable[Case]:
    """Values outside of inferred formats, which a receiver may reject.

    It must not fail on them.
    """
    members = scope.with_members(lambda member: member.format in _OUTSIDE)
    if not members:
        raise NotApplicable(Text("reason.no-format"))
    for member in members:
        values = _OUTSIDE[member.format]
        for value in values[: scope.depth.pick(1, 3, len(values))]:
            yield Case(
                scope.callback,
                Text("case.value", pointer=member.pointer, value=json.dumps(value)[:60]),
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=value),
            )


@stimuli("hard", hostile=True, drawn=True)
def negations(scope: Scope) -> Iterable[Case]:
    """Contents that Schemathesis broke, but for those that break what another case breaks in the same way."""
    broken_already = _flaws_of_others(scope)
    for index, broken in enumerate(scope.negations):
        flaws = {broken} if isinstance(broken, bytes) else _flaws(scope, broken)
        if flaws and flaws <= broken_already:
            continue
        broken_already |= flaws
        label = Text("case.generated-mistake", number=index + 1)
        if isinstance(broken, bytes):
            if not scope.callback.is_json:
                continue  # such bytes are broken JSON, and some form readers take them for a field
            yield mangled(scope, label, functools.partial(instead, broken))
        elif _has_form(scope, broken):
            yield Case(scope.callback, label, scope.plain, edit=DrawnMistake(broken, scope.pinned))


_Flaw = tuple[str, str, str]


def _flaws_of_others(scope: Scope) -> set[_Flaw | bytes]:
    """Return what the cases break of other rules that each break one place."""
    found: set[_Flaw | bytes] = set()
    for source in (
        wrong_roots,
        missing_members,
        null_members,
        mistyped_members,
        big_integers,
        long_texts,
        unknown_values,
        other_types,
    ):
        with contextlib.suppress(NotApplicable):
            for case in applicable_cases(source, scope):
                if case.mangle is None:
                    found |= _flaws(scope, case.edit(case.content) if case.edit else case.content)
    return found


def _flaws(scope: Scope, body: jp.Json) -> set[_Flaw | bytes]:
    """Return the broken places of a body: each with how it is broken, and the JSON type of what stands there."""
    named = {member.pointer for member in scope.callback.members}
    found: set[_Flaw | bytes] = set()
    for error in scope.bounded.iter_errors(body):
        how, path = str(error.schema_path[-1]), [str(token) for token in error.instance_path]
        if how == "const" and type(error.instance) is type(error.kind.expected_value):
            continue  # it is stamped over
        if how in {"type", "const"}:
            how = "type"
        elif how == "required":
            how, path = "missing", [*path, error.kind.property]
        pointer = jp.join(path)
        place = pointer if pointer in named else f"{jp.join(path[:-1])}/*"  # any key of a map
        found.add((place, how, type(error.instance).__name__ if how == "type" else ""))
    return found


@dataclass(frozen=True)
class DrawnMistake:
    """Edit that puts a broken content in the place of a stamped one.

    Attributes:
        pinned: The values at the places that are stamped.
    """

    content: jp.Json
    pinned: Mapping[str, jp.Json]

    def __call__(self, stamped: jp.Json) -> jp.Json:
        """Stamp the intact members; stamping all members could repair the broken one."""
        return _copied(self.content, stamped, {p for p, v in self.pinned.items() if _holds(self.content, p, v)})

    def pinned_in(self, content: jp.Json) -> jp.Json:
        """Return a content with those values, so that these members are stamped."""
        told = {pointer: value for pointer, value in self.pinned.items() if _holds(content, pointer)}
        return functools.reduce(lambda made, pair: jp.replaced(made, *pair), told.items(), content)


def _copied(content: jp.Json, other: jp.Json, pointers: Iterable[str]) -> jp.Json:
    for pointer in pointers:
        with contextlib.suppress(LookupError):
            content = jp.replaced(content, pointer, jp.get(other, pointer))
    return content


_ANYTHING = object()


def _holds(content: jp.Json, pointer: str, value: object = _ANYTHING) -> bool:
    try:
        found = jp.get(content, pointer)
    except LookupError:
        return False
    return value is _ANYTHING or found == value


def _has_form(scope: Scope, value: jp.Json) -> bool:
    try:
        encode_body(scope.callback, value)
    except (TypeError, ValueError):
        return False
    return True


@stimuli("hard", in_turn=True)
def broken_then_valid(scope: Scope) -> Iterable[Case]:
    """One hostile body of each kind, each followed by a valid delivery."""
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
    for each in kinds:
        try:
            yield next(iter(each(scope)))
        except NotApplicable:
            continue
