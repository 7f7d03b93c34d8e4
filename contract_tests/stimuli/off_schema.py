"""Off-schema stimuli: JSON that breaks the schema by its root, or by missing, null and mistyped members."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli.valid import put
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = [
    "missing_members",
    "mistyped_members",
    "null_members",
    "required_members",
    "wrong_roots",
]


@stimuli("off-schema", hostile=True, about_json=True)
def wrong_roots(scope: Scope) -> Iterable[Case]:
    """JSON with another root than the contract's."""
    if "object" not in scope.callback.members[0].types:
        raise NotApplicable(Text("reason.no-object"))
    for key, value in (
        ("term.null", None),
        ("term.true", True),
        ("term.number", 42),
        ("term.text", "x"),
        ("term.empty-text", ""),
        ("term.empty-list", []),
        ("term.list-of-numbers", [1, 2]),
        ("term.list-of-texts", ["status"]),
        ("term.zero", 0),
        ("term.false", False),
    ):
        label = Text("case.as-root", what=Text(key))
        yield Case(scope.callback, label, scope.plain, edit=functools.partial(other_root, value))
    yield Case(scope.callback, Text("case.in-list"), scope.plain, edit=lambda body: [body])
    yield Case(scope.callback, Text("case.as-text"), scope.plain, edit=json.dumps)


def other_root(value: jp.Json, _: jp.Json) -> jp.Json:
    return value


def required_members(scope: Scope) -> list[Member]:
    """Return the required members of the body.

    Raises:
        NotApplicable: There are none.
    """
    found = scope.with_members(lambda member: member.required)
    if not found:
        raise NotApplicable(Text("reason.no-required-member"))
    return found


def _in_states(scope: Scope) -> list[jp.Json]:
    """Return plain contents in one, two or all states.

    Some receivers read a member in one state only.
    """
    contents = scope.plain_contents
    return contents[: scope.depth.pick(1, 1, len(contents))]


@stimuli("off-schema", hostile=True)
def missing_members(scope: Scope) -> Iterable[Case]:
    """Required members left out, one at a time and all together."""
    for content in _in_states(scope):
        for member in required_members(scope):
            yield Case(
                scope.callback,
                Text("case.missing", pointer=member.pointer),
                content,
                edit=functools.partial(jp.without, pointer=member.pointer),
            )
    yield Case(scope.callback, Text("case.every-member-missing"), scope.plain, edit=functools.partial(other_root, {}))


@stimuli("off-schema", hostile=True, about_json=True)
def null_members(scope: Scope) -> Iterable[Case]:
    """Null instead of required members, one at a time and all together."""
    required = [member for member in required_members(scope) if member.types and "null" not in member.types]
    for content in _in_states(scope):
        for member in required:
            yield Case(
                scope.callback,
                Text("case.value", pointer=member.pointer, value="null"),
                content,
                edit=functools.partial(put, pointer=member.pointer, value=None),
            )
    tops = {jp.tokens(member.pointer)[0]: None for member in required}
    label = Text("case.every-member-null")
    yield Case(scope.callback, label, scope.plain, edit=functools.partial(other_root, tops))


_OF_TYPE: dict[str, jp.Json] = {
    "string": "text",
    "integer": 7,
    "number": 2.5,
    "boolean": True,
    "object": {"a": 1},
    "array": ["a"],
}


@stimuli("off-schema", hostile=True)
def mistyped_members(scope: Scope) -> Iterable[Case]:
    """Required members with a value of another type, one at a time and all together."""
    required = [member for member in required_members(scope) if member.types]
    for member in required:
        wrong = [value for name, value in _OF_TYPE.items() if not _allows(member, name)]
        for value in wrong[: scope.depth.pick(1, 2, len(wrong))]:
            yield Case(
                scope.callback,
                Text("case.value", pointer=member.pointer, value=json.dumps(value)),
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=value),
            )
    everything = {jp.tokens(m.pointer)[0]: 7 if not _allows(m, "integer") else "text" for m in required}
    label = Text("case.every-member-mistyped")
    yield Case(scope.callback, label, scope.plain, edit=functools.partial(other_root, everything))


def _allows(member: Member, type_name: str) -> bool:
    return type_name in member.types or (type_name == "integer" and "number" in member.types)
