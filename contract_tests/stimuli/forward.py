"""Forward-compatibility stimuli: members, values and types that a later contract version may add."""

from __future__ import annotations

import functools
import string
from collections.abc import Iterable, Mapping
from random import Random

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, Joins, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli.texts import with_keys
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = ["other_types", "several_members", "structured_members", "unknown_members", "unknown_values"]


def _name(chance: Random, taken: Iterable[str] = ()) -> str:
    # Letters only: hard names have their own rules, and a finding has to belong to this one.
    while True:
        name = "".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 12)))
        name += chance.choice(["", "_id", "_at", "Name", "_code", "2"])
        if name not in taken:
            return name


def _scalar(chance: Random) -> jp.Json:
    return chance.choice(
        [
            chance.randint(-1000, 10**6),
            round(chance.random() * 100 + 0.5, 2),
            True,
            False,
            "",
            _name(chance),
            _name(chance).upper(),
        ]
    )


def _structure(chance: Random, depth: int = 0) -> jp.Json:
    kinds = ["object", "array", "null"] if depth < 2 else ["null"]
    kind = chance.choice(kinds)
    if kind == "object":
        return {_name(chance): _scalar(chance) if depth else _structure(chance, 1) for _ in range(chance.randint(0, 3))}
    if kind == "array":
        return [_scalar(chance) if depth else _structure(chance, 1) for _ in range(chance.randint(0, 3))]
    return None


def _objects(scope: Scope) -> list[Member]:
    """Return the root and all objects whose members the contract names, without those that are null in the body."""
    root = scope.callback.members[0]
    inside = [each for each in scope.with_members(_has_names) if isinstance(jp.get(scope.plain, each.pointer), dict)]
    return [root, *inside] if _has_names(root) else inside


def _has_names(member: Member) -> bool:
    return "object" in member.types and bool(member.schema.get("properties"))


def _added(body: jp.Json, pointer: str, new: dict[str, jp.Json]) -> jp.Json:
    return jp.replaced(body, pointer, {**jp.get(body, pointer), **new})


def _joins(pointer: str, new: Mapping[str, jp.Json], among: str) -> Joins:
    return Joins({jp.join((*jp.tokens(pointer), name)): value for name, value in new.items()}, among)


def _known(member: Member) -> Iterable[str]:
    names: Iterable[str] = member.schema.get("properties", {})
    return names


@stimuli("forward-compatible")
def unknown_members(scope: Scope) -> Iterable[Case]:
    """One unknown member at a time, with a scalar value, in every object."""
    chance = scope.random("unknown members")
    for member in _objects(scope):
        for _ in range(scope.depth.pick(3, 8, 30)):
            new = {_name(chance, _known(member)): _scalar(chance)}
            yield Case(
                scope.callback,
                _unknown_member(next(iter(new)), member.pointer),
                scope.plain,
                edit=functools.partial(_added, pointer=member.pointer, new=new),
                joins=_joins(member.pointer, new, "unknown members"),
            )


def _unknown_member(name: str, pointer: str) -> Text:
    if not pointer:
        return Text("case.unknown-member-in-root", name=repr(name))
    return Text("case.unknown-member-in", name=repr(name), pointer=pointer)


@stimuli("forward-compatible")
def structured_members(scope: Scope) -> Iterable[Case]:
    """One unknown member at a time that holds an object, an array or null."""
    chance = scope.random("structured members")
    for member in _objects(scope):
        fixed: list[jp.Json] = [{}, [], None]
        for value in fixed + [_structure(chance) for _ in range(scope.depth.pick(1, 5, 30))]:
            new = {_name(chance, _known(member)): value}
            yield Case(
                scope.callback,
                Text("case.unknown-member-holds", what=_type_of(value)),
                scope.plain,
                edit=functools.partial(_added, pointer=member.pointer, new=new),
                joins=_joins(member.pointer, new, "unknown members"),
            )


def _type_of(value: jp.Json) -> Text:
    return Text(f"term.type-{type(value).__name__}")


@stimuli("forward-compatible")
def several_members(scope: Scope) -> Iterable[Case]:
    """Several unknown members at once."""
    chance = scope.random("several members")
    for member in _objects(scope):
        for _ in range(scope.depth.pick(2, 5, 20)):
            new: dict[str, jp.Json] = {}
            while len(new) < chance.randint(2, 6) or len(new) < 2:
                new[_name(chance, _known(member))] = chance.choice([_scalar(chance), _structure(chance)])
            yield Case(
                scope.callback,
                Text("case.unknown-members", count=len(new)),
                scope.plain,
                edit=functools.partial(_added, pointer=member.pointer, new=new),
                joins=_joins(member.pointer, new, "unknown members"),
            )


@stimuli("forward-compatible")
def unknown_values(scope: Scope) -> Iterable[Case]:
    """Values outside of a closed list, never the empty string."""
    members = [m for m in scope.with_members(lambda m: m.enum) if all(isinstance(v, str) for v in m.enum)]
    if not members:
        raise NotApplicable(Text("reason.no-closed-text-list"))
    chance = scope.random("unknown values")
    for member in members:
        near = [str(member.enum[0]).upper(), f"{member.enum[-1]}_2", "unknown"]
        drawn = [_name(chance, member.enum) for _ in range(scope.depth.pick(2, 5, 30))]
        for value in [v for v in near if v not in member.enum] + drawn:
            label = Text("case.value", pointer=member.pointer, value=repr(value))
            yield Case(scope.callback, label, jp.replaced(scope.plain, member.pointer, value))


@stimuli("forward-compatible")
def other_types(scope: Scope) -> Iterable[Case]:
    """Values of other JSON types in maps with customer-defined keys."""
    maps = scope.with_members(lambda member: member.is_free_map)
    if not maps:
        raise NotApplicable(Text("reason.no-customer-map"))
    chance = scope.random("other types")
    for member in maps:
        values: list[jp.Json] = [7, -1, 2.5, True, False, None, [], ["a", 1], {}, {"a": {"b": None}}]
        values += [_structure(chance) for _ in range(scope.depth.pick(0, 5, 30))]
        every = {f"k{i}": value for i, value in enumerate(values)}
        for key, value in every.items():
            yield Case(
                scope.callback,
                Text("case.type-in", what=_type_of(value), pointer=member.pointer),
                with_keys(scope, member, {"extra": value}),
                joins=_joins(member.pointer, {key: value}, "other types"),
            )
        known = jp.get(scope.plain, member.pointer)
        for value in [7, ["a", 1]] if known else []:  # a receiver may read the keys that it knows, and no other
            yield Case(
                scope.callback,
                Text("case.type-at-known-keys", what=_type_of(value), pointer=member.pointer),
                jp.replaced(scope.plain, member.pointer, dict.fromkeys(known, value)),
            )
        yield Case(
            scope.callback,
            Text("case.every-type-in", pointer=member.pointer),
            with_keys(scope, member, every),
            joins=_joins(member.pointer, every, "other types"),
        )
