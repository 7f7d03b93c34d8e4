"""Pairs of schemas with alternatives, and an oracle: instances by two validators, and the words of the findings."""

from __future__ import annotations

import itertools
import json
from typing import Any

import hypothesis.strategies as st
import jsonschema
import jsonschema_rs

from callback_contract.openapi.comparing.change import Finding, worst
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.schema_nodes import reader
from callback_contract.openapi.comparing.schemas.walk import shown
from callback_contract.openapi.contract.derivation import tolerant_schema
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["alternative_pairs", "compared", "untruths"]

_KINDS = ("x", "y", "z")
_MEMBERS: tuple[Any, ...] = (
    {"type": "string"},
    {"type": "string", "maxLength": 1},
    {"type": "integer"},
    {"type": ["string", "null"]},
    {"enum": ["s", "t"]},
    {"oneOf": [{"const": "s"}, {"const": "t"}]},
    {"const": "s"},
    {"anyOf": [{"type": "integer"}, {"type": "null"}]},
)
_ABSENT = object()
_VALUES = (_ABSENT, "s", "tt", 1, None)


def _instances() -> tuple[Any, ...]:
    drawn = itertools.product((_ABSENT, *_KINDS, "w"), _VALUES, _VALUES)
    objects = (dict(zip(("kind", "a", "b"), each, strict=True)) for each in drawn)
    present = ({name: value for name, value in each.items() if value is not _ABSENT} for each in objects)
    return (None, 1, "s", [], *present)


INSTANCES = _instances()


@st.composite
def _forms(draw: Any, kind: str, tagged: bool, titled: bool) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(["a", "b"]), unique=True, max_size=2))
    members = {name: draw(st.sampled_from(_MEMBERS)) for name in sorted(names)}
    required = [name for name in members if draw(st.booleans())]
    if tagged:
        members, required = {"kind": {"const": kind}, **members}, ["kind", *required]
    form = {"type": "object", "required": required, "properties": members}
    form |= {"title": f"Form {kind}"} if titled else {}
    return form | ({"additionalProperties": False} if draw(st.integers(0, 4)) == 0 else {})


@st.composite
def _changed(draw: Any, form: dict[str, Any]) -> dict[str, Any]:
    """One change inside a form."""
    members, required = dict(form["properties"]), list(form["required"])
    name = draw(st.sampled_from(["a", "b"]))
    way = draw(st.sampled_from(["need", "schema", "add", "remove"]))
    if way == "need":
        required = [each for each in required if each != name] if name in required else [*required, name]
    elif way == "remove":
        members.pop(name, None)
        required = [each for each in required if each != name]
    elif way == "add" or name in members:
        members[name] = draw(st.sampled_from(_MEMBERS))
    return {**form, "required": required, "properties": members}


def _combined(forms: list[dict[str, Any]], way: str) -> Any:
    if way == "nullable":
        return {"anyOf": [*forms, {"type": "null"}]}
    return forms[0] if way == "lone" and len(forms) == 1 else {"anyOf" if way == "anyOf" else "oneOf": forms}


@st.composite
def alternative_pairs(draw: Any) -> tuple[Any, Any]:
    """An old and a new schema of one to three forms: a form changed, came, went, moved, or was wrapped."""
    tagged, titled = draw(st.sampled_from([(True, False), (True, True), (False, True), (False, False)]))
    kinds = draw(st.lists(st.sampled_from(_KINDS), min_size=1, max_size=3, unique=True))
    old = [draw(_forms(kind, tagged, titled)) for kind in kinds]
    new = list(old)
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(new) - 1))
        way = draw(st.sampled_from(["inside", "inside", "inside", "come", "go", "move"]))
        fresh = [kind for kind in _KINDS if kind not in kinds]
        if way == "inside":
            new[index] = draw(_changed(new[index]))
        elif way == "come" and fresh:
            new.insert(index, draw(_forms(fresh[0], tagged, titled)))
            kinds = [*kinds, fresh[0]]
        elif way == "go" and len(new) > 1:
            del new[index]
        elif way == "move":
            new = [*new[index:], *new[:index]]
    ways = st.sampled_from(["lone", "oneOf", "oneOf", "anyOf", "nullable"])
    return _combined(old, draw(ways)), _combined(new, draw(ways))


def compared(old: Any, new: Any) -> str:
    """Return the worst level of the changes of a delivery."""
    return worst(each.level for each in compared_schemas(reader({}, old, ""), reader({}, new, "")))


def untruths(old: Any, new: Any) -> list[str]:
    """Return what instances and the two schemas show to be untrue in the findings of a delivery."""
    found = compared_schemas(reader({}, old, ""), reader({}, new, ""))
    return [*_refuted(old, new, found), *(str(each.what.said()) for each in found if not _is_true(each, old, new))]


def _refuted(old: Any, new: Any, found: list[Finding]) -> list[str]:
    level = worst(each.level for each in found)
    if level == "safe":
        written, read = new, old
    elif level == "risky" and all(each.level != "unclear" for each in found):
        # A provider sends no member that its contract does not name (see `verdicts`).
        written, read = _closed(new), tolerant_schema(old)
    else:
        return []
    judges = (
        [jsonschema.Draft202012Validator(each) for each in (written, read)],
        [jsonschema_rs.Draft202012Validator(each) for each in (written, read)],
    )
    return [
        f"{level}, and {type(reader).__module__} refuses {json.dumps(instance)}"
        for instance in INSTANCES
        for writer, reader in judges
        if writer.is_valid(instance) and not reader.is_valid(instance)
    ]


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return {**closed, "additionalProperties": False} if schema.get("type") == "object" else closed


def _forms_of(schema: Any) -> list[Any]:
    return schema.get("oneOf") or schema.get("anyOf") or [schema]


def _named(schema: Any, key: str) -> Any:
    """The form that a key tells apart; none if several have the key."""
    forms = [form for form in _forms_of(schema) if form.get("type") == "object" and _key(form) == key]
    return forms[0] if len(forms) == 1 else {}


def _key(form: Any) -> str:
    members = form.get("properties", {})
    return json.dumps(members["kind"] if "kind" in members else form.get("title", ""))


def _is_true(finding: Finding, old: Any, new: Any) -> bool:
    """Return whether the words hold for the form in which the finding stands, as both schemas have it."""
    key, given = finding.what.key.removeprefix("diff."), dict(finding.what.given)
    if key in {"alternative-new", "alternative-gone"}:
        return "properties" in jp.tokens(finding.where) or _is_only_there(str(given["title"]), key, old, new)
    # What was removed is named where it was: a member, or null as an alternative.
    of_old = key in {"member-gone", "member-not-in"} or (key == "null-gone" and not finding.where.endswith("/type"))
    form = _standing(finding.where, *((new, old) if of_old else (old, new)))
    if form is None:
        return True
    before, after = (_named(each, form) for each in (old, new))
    if not before or not after:
        return True
    names = [set(each.get("properties", {})) for each in (before, after)]
    needs = [set(each.get("required", ())) for each in (before, after)]
    name = given.get("name")
    member = jp.tokens(finding.where)
    member = member[member.index("properties") + 1] if "properties" in member else ""
    takes = [
        jsonschema_rs.Draft202012Validator(each.get("properties", {}).get(member, True)) for each in (before, after)
    ]
    if key in {"value-new", "value-gone", "null-new", "null-gone"}:
        value = json.loads(str(given.get("value", "null")))
        had, has = (each.is_valid(value) for each in takes)
        return (has and not had) if key.endswith("new") else (had and not has)
    holds = {
        "member-new": name in names[1] - names[0],
        "member-named": name in names[1] - names[0],
        "member-gone": name in names[0] - names[1],
        "member-not-in": name in names[0] - names[1],
        "member-optional": name in needs[0] - needs[1],
        "member-always": name in needs[1] - needs[0],
    }
    return holds.get(key, True)


def _is_only_there(title: str, key: str, old: Any, new: Any) -> bool:
    """Return whether one of the two schemas has a form of that title and the other has no equal one."""
    (here, there) = (new, old) if key == "alternative-new" else (old, new)
    mine, others = ([_title(form) for form in _forms_of(schema)] for schema in (here, there))
    return mine.count(title) > others.count(title) or (title.endswith("…") and title in mine)


def _title(form: Any) -> str:
    constants = {name: each["const"] for name, each in form.get("properties", {}).items() if "const" in each}
    return str(form.get("title") or shown(constants or form))


def _standing(where: str, old: Any, new: Any) -> str | None:
    """The form in which a place stands; the second schema counts first."""
    path = jp.tokens(where)
    if "properties" not in path:
        return None
    for schema in (new, old):
        try:
            jp.get(schema, where)
        except LookupError:
            continue
        above = path[: path.index("properties")]
        return _key(jp.get(schema, jp.join(above)))
    return None
