"""Valid stimuli: plain deliveries, listed values, examples, drawn contents, hard but legal values and sizes."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from callback_contract.contract_tests.generation.bounds import MOST_LISTED
from callback_contract.contract_tests.generation.corpus import MAX_INTEGER, Scope
from callback_contract.contract_tests.model.cases import Case, Joins, purpose_of, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.contract_tests.stimuli.missing_facts import lacking
from callback_contract.contract_tests.stimuli.texts import accepted_bytes
from callback_contract.mock_server.wire.bodies import encode_body
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = [
    "answered_examples",
    "examples",
    "generated",
    "id_forms",
    "integers",
    "listed_values",
    "phone_forms",
    "plain",
    "put",
    "sizes_must",
    "sizes_should",
    "state_values",
    "weighty",
]


_IDS_BYTES = 512  # ids of full length come in addition

# Reserved for fiction: NANP 555-01xx, Ofcom's and the Bundesnetzagentur's drama numbers, ACMA's for creative works. No
# regulator reserves numbers of less than eleven or more than thirteen digits.
PHONES = (
    "+12025550143",
    "+447700900077",
    "+4917604069012",
    "+61255501234",
    "+61491570006",
    "+442079460123",
    "+14165550199",
)


@stimuli("valid")
def plain(scope: Scope) -> Iterable[Case]:
    """The plain valid delivery, in both common spellings; at a quick depth in one."""
    yield Case(scope.callback, Text("case.plain"), scope.plain)
    if scope.depth.name != "quick":
        yield Case(scope.callback, Text("case.plain-escaped"), scope.plain, spelling="compact-escaped")


@stimuli("valid")
def listed_values(scope: Scope) -> Iterable[Case]:
    """Every value of every closed list; a fixed selection of a very long one."""
    members = scope.with_members(lambda member: member.enum)
    if not members:
        raise NotApplicable(Text("reason.no-closed-list"))
    for member in members:
        for value in scope.some(member.enum, MOST_LISTED, member.pointer):
            yield Case(
                scope.callback,
                Text("case.value", pointer=member.pointer, value=repr(value)),
                jp.replaced(scope.plain, member.pointer, value),
                listed=(member.pointer, value),
            )


@stimuli("valid")
def examples(scope: Scope) -> Iterable[Case]:
    """Every deliverable example; the plain delivery in a contract without any."""
    if not scope.callback.delivered_examples:
        yield Case(scope.callback, Text("case.plain-without-example"), scope.plain)
    for example in scope.callback.delivered_examples:
        yield Case(scope.callback, Text("case.example", name=repr(example.name)), example.value)


@stimuli("valid")
def answered_examples(scope: Scope) -> Iterable[Case]:
    """The examples, where the contract documents a response."""
    if scope.callback.answer is None:
        raise NotApplicable(Text("reason.no-answer-documented"))
    yield from examples(scope)


@stimuli("valid", drawn=True)
def generated(scope: Scope) -> Iterable[Case]:
    """Contents that the contract allows, drawn by Schemathesis."""
    if not scope.contents:
        raise NotApplicable(Text("reason.nothing-drawn"))
    for index, content in enumerate(_with_new_values(scope)):
        spelling = "compact-escaped" if index % 2 else "compact-raw"
        yield Case(scope.callback, Text("case.generated", number=index + 1), content, spelling=spelling)


def _with_new_values(scope: Scope) -> list[jp.Json]:
    """Return contents in which each drawn value stands at its place at least once.

    A content of which another one holds much already gives what is new in it to that other one.
    """
    kept: list[_Drawn] = []
    seen: set[tuple[str, str]] = set()
    facts = [_values_at(scope, content) for content in scope.contents]
    for content, own in sorted(zip(scope.contents, facts, strict=True), key=lambda each: -len(each[1])):
        new = {pointer for pointer, _ in own - seen}
        seen |= own
        if new and not any(other.takes(scope, content, new) for other in kept):
            kept.append(_Drawn(content, new))
    return [drawn.content for drawn in kept]


@dataclass
class _Drawn:
    """A drawn content, and where its values are those of no other one."""

    content: jp.Json
    own: set[str]

    def takes(self, scope: Scope, other: jp.Json, new: set[str]) -> bool:
        """Take over what is new in another content, where it stands beside all of this one's own."""
        if self.own & new:
            return False
        try:
            content = functools.reduce(
                lambda made, pointer: jp.replaced(made, pointer, jp.get(other, pointer)), sorted(new), self.content
            )
        except (LookupError, ValueError):  # a member that is missing, or one of an object where this one has an array
            return False
        limit = accepted_bytes(scope)
        is_small = len(encode_body(scope.callback, content, "compact-escaped")) <= limit - _IDS_BYTES
        held = {pointer for pointer, _ in _values_at(scope, content)}
        if not is_small or not (self.own | new) <= held or not scope.strict.is_valid(content):
            return False
        self.content, self.own = content, self.own | new
        return True


def _values_at(scope: Scope, content: jp.Json) -> set[tuple[str, str]]:
    """Return what stands at each place of a content that nothing is stamped over, and which members it lacks."""
    found = {(member.pointer, "missing") for member in scope.callback.members}
    waiting: list[tuple[tuple[str, ...], jp.Json]] = [((), content)]
    while waiting:
        path, value = waiting.pop()
        found.discard((jp.join(path), "missing"))
        inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        waiting += [((*path, str(key)), each) for key, each in inside]
        if not value or not isinstance(value, (dict, list)):
            found.add((jp.join(path), json.dumps(value)))
    return {(pointer, value) for pointer, value in found if pointer not in scope.callback.delivery.stamped}


@stimuli("valid")
def integers(scope: Scope) -> Iterable[Case]:
    """Integers at the limits of common types, where no format narrows them."""
    members = [
        m
        for m in scope.with_members(lambda m: m.types == ("integer",) and m.format in {"", "serial"})
        if m.pointer not in scope.callback.stamped
    ]
    if not members:
        raise NotApplicable(Text("reason.no-free-integer"))
    for member in members:
        for value in (1, 32768, 2**31, 2**32 + 1, MAX_INTEGER - 1, MAX_INTEGER):
            label = Text("case.value", pointer=member.pointer, value=str(value))
            content = jp.replaced(scope.plain, member.pointer, value)
            yield Case(scope.callback, label, content, joins=Joins({member.pointer: value}))


@stimuli("valid")
def phone_forms(scope: Scope) -> Iterable[Case]:
    """Phone numbers in the forms of several countries, reserved ones if possible."""
    found = scope.with_members(lambda member: member.format in {"e164", "msisdn"})
    if not found:
        raise NotApplicable(Text("reason.no-phone-number"))
    for member in found:
        for number in PHONES:
            shown = number if member.format == "e164" else number.lstrip("+")
            yield Case(
                scope.callback,
                Text("case.value", pointer=member.pointer, value=shown),
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=shown),
                joins=Joins({member.pointer: shown}),
            )


def put(body: jp.Json, pointer: str, value: jp.Json) -> jp.Json:
    """Return a body with a value at a pointer; an edit after stamping."""
    return jp.replaced(body, pointer, value)


@stimuli("valid")
def id_forms(scope: Scope) -> Iterable[Case]:
    """Ids of digits only, and ids that resemble a number with an exponent."""
    facts = scope.callback.delivery
    found = scope.with_members(
        lambda member: member.format == "hex32" and member.pointer not in {facts.correlation, *facts.idempotency}
    )
    if not found:
        raise NotApplicable(Text("reason.no-other-id"))
    for form in ("0" * 31 + "1", "1" * 32, "12345678" + "0" * 20 + "1234", "1" * 15 + "e" + "1" * 16, "0" * 32):
        for member in found[: scope.depth.pick(2, len(found), len(found))]:
            yield Case(
                scope.callback,
                Text("case.value", pointer=member.pointer, value=form),
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=form),
                joins=Joins({member.pointer: form}),
            )


def filled_to(scope: Scope, size: int) -> Iterator[Case]:
    """Yield the plain content, filled with short texts to exactly `size` bytes."""
    maps = scope.with_members(lambda member: member.is_free_map)
    if not maps or not scope.callback.is_json:
        raise NotApplicable(Text("reason.no-fillable-map"))
    member = maps[0]

    def fill(value: jp.Json) -> jp.Json:
        from callback_contract.mock_server.wire.json_spelling import encode

        full: dict[str, str] = dict(jp.get(value, member.pointer))
        room = size - len(encode(value))
        while room > 0:
            key = f"k{len(full):04}"
            overhead = len(key) + 5 + bool(full)  # quotes, colon and comma
            length = min(250, room - overhead)
            if 0 < room - overhead - length < 24:
                length -= 24  # leaves space for one more pair, so that the size is exact
            if length < 0:
                break
            full[key] = "v" * length
            room -= overhead + length
        return jp.replaced(value, member.pointer, full)

    yield Case(scope.callback, Text("case.size", bytes=size), scope.plain, edit=fill, keeps_length=True)


@stimuli("valid")
def sizes_must(scope: Scope) -> Iterable[Case]:
    """Bodies up to the size that every receiver has to accept."""
    limit = scope.callback.delivery.accept_body_bytes.must
    if limit is None:
        raise NotApplicable(lacking("accept_body_bytes.must"))
    for size in scope.depth.pick((limit,), (limit // 2, limit), (limit // 2, limit)):
        yield from filled_to(scope, size)


@stimuli("valid")
def sizes_should(scope: Scope) -> Iterable[Case]:
    """Bodies up to the contract's larger size."""
    limit = scope.callback.delivery.accept_body_bytes.should
    if limit is None:
        raise NotApplicable(lacking("accept_body_bytes.should"))
    for size in scope.depth.pick((limit,), (limit // 2, limit), (limit // 2, limit)):
        yield from filled_to(scope, size)


def state_values(scope: Scope) -> Iterator[Case]:
    """Yield the cases of listed values that are states, each to be looked at once more."""
    for index, case in enumerate(applicable_cases(listed_values, scope)):
        if case.listed and case.listed[0] == scope.callback.delivery.state:
            yield replace(case, looks_at=(purpose_of(listed_values), index))


@stimuli("valid", in_turn=True)
def weighty(scope: Scope) -> Iterable[Case]:
    """Each state and a large body, which a receiver may process for long."""
    if scope.callback.delivery.deadline_s is None:
        raise NotApplicable(lacking("deadline_s"))
    state = scope.callback.delivery.state
    known = scope.callback.member(state) if state else None
    if state is None or known is None or not known.enum:
        yield Case(scope.callback, Text("case.plain"), scope.plain)
    else:
        yield from state_values(scope)
    limit = scope.callback.delivery.accept_body_bytes.must
    if limit and scope.callback.is_json and scope.with_members(lambda member: member.is_free_map):
        yield from filled_to(scope, limit)
