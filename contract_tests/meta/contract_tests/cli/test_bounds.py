"""Bounds: numbers have ranges, and no contract takes minutes or gigabytes to be read, drawn from or documented."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import click
import pytest

from callback_contract.contract_tests.cli.commands import _LazyGroup
from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.generation import corpus, strategies
from callback_contract.contract_tests.generation.bounds import FEWEST, MOST_LISTED, USUAL_PARTS, drawn_at_all, share_of
from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.generation.notes import contract_notes, share_notes
from callback_contract.contract_tests.meta.support.foreign import read_schema, with_schema, written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.stimuli import valid
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import ContractError, KitError

_GROUP = _LazyGroup(name="callback-contract")
_NUMBERS = [
    pytest.param(option, id=f"{command} {option.opts[0]}")
    for command in _GROUP.list_commands(None)
    for option in _GROUP.get_command(None, command).params
    if isinstance(option.type, (click.types.FloatParamType, click.types.IntParamType))
]


def invoked(*words):
    return invoke(cli, list(map(str, words)))


def refused(*words):
    """The error that ends a command."""
    error = invoked(*words).exception
    assert isinstance(error, KitError)
    return error.exit_code, str(error)


def branching(keyword, levels, width=8):
    """Schemas that refer to the next one `width` times by a keyword; the last one is a text."""

    def level(number):
        inside = [{"$ref": f"#/components/schemas/A{number + 1}"}] * width
        parts = dict(zip("abcdefgh", inside, strict=True)) if keyword == "properties" else inside
        return {"type": "object", keyword: parts} if keyword == "properties" else {keyword: parts}

    return {**{f"A{number}": level(number) for number in range(levels)}, f"A{levels}": {"type": "string"}}


def branching_document(keyword, levels):
    return with_schema({"$ref": "#/components/schemas/A0"}, schemas=branching(keyword, levels))


@pytest.mark.parametrize("option", _NUMBERS)
def test_number_out_of_all_reason_is_wrong_use_and_the_range_is_named(option):
    for number in (
        "-1",
        "1" + "0" * 30,
        *(["nan", "inf", "-inf", "1e308"] * isinstance(option.type, click.FloatRange)),
    ):
        with pytest.raises(click.BadParameter, match="is not in the range"):
            option.type.convert(number, option, click.Context(click.Command("x")))


def test_schema_that_branches_at_every_level_names_its_upper_places(tmp_path):
    callback = read_contract(written(tmp_path, branching_document("properties", 12))).callbacks[0]
    assert 1000 < len(callback.members) <= 10_000
    assert {member.pointer for member in callback.members} >= {"/a", "/h", "/a/b/c"}


def test_nothing_is_drawn_from_it_and_that_is_noted(tmp_path):
    contract = read_contract(written(tmp_path, branching_document("properties", 12)))
    assert Scope(contract.callbacks[0], DEPTHS["standard"], 0).contents == []
    assert any("no body is drawn" in note.text for note in contract_notes(contract))


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_callback_whose_validation_would_not_end_is_set_aside(tmp_path, keyword):
    with pytest.raises(ContractError, match="questions"):
        read_contract(written(tmp_path, branching_document(keyword, 10)))


def test_callback_whose_validation_ends_is_taken(tmp_path):
    contract = read_contract(written(tmp_path, branching_document("allOf", 4)))
    assert Scope(contract.callbacks[0], DEPTHS["standard"], 0).plain == "text"


def test_lint_says_it_once(tmp_path):
    done = invoked("lint", written(tmp_path, branching_document("allOf", 10)))
    assert (done.exit_code, done.output.count("questions")) == (1, 1)


def test_schemas_that_refer_to_themselves_are_drawn_from(tmp_path):
    tree = {"type": "object", "properties": {"id": {"type": "string"}, "next": {"$ref": "#/components/schemas/T"}}}
    document = with_schema({"$ref": "#/components/schemas/T"}, schemas={"T": tree})
    assert drawn_at_all(read_contract(written(tmp_path, document)).callbacks[0])


@pytest.mark.parametrize(("parts", "drawn"), [(150, 30), (600, 10), (4000, FEWEST)])
def test_fewer_bodies_are_drawn_of_a_schema_of_many_parts_and_that_is_noted(tmp_path, parts, drawn):
    assert USUAL_PARTS == 200
    members = {f"m{number}": {"type": "string"} for number in range(parts // 2)}  # a schema and its type
    contract = read_contract(written(tmp_path, with_schema({"type": "object", "properties": members})))
    assert share_of(contract.callbacks[0], 30) == pytest.approx(drawn, abs=1)
    assert any("a part of the usual number" in note.text for note in contract_notes(contract)) == (drawn < 30)


@pytest.mark.parametrize(("callbacks", "walked"), [(1, 200), (40, 20)])
def test_some_of_very_many_boundaries_are_walked(tmp_path, monkeypatch, callbacks, walked):
    (callback,) = read_contract(written(tmp_path, with_schema({"type": "integer"}))).callbacks
    monkeypatch.setattr(corpus, "walked_bodies", lambda _, negated: list(range(900)))
    monkeypatch.setattr(corpus, "drawn_bodies", lambda *_, negated: [])
    assert len(Scope(callback, DEPTHS["standard"].shared_by(callbacks), 0).contents) == walked


@pytest.mark.parametrize(("callbacks", "drawn"), [(1, 50), (4, 50), (8, 25), (400, 2 * FEWEST)])
def test_many_callbacks_share_the_bodies_that_are_drawn_and_that_is_noted(callbacks, drawn):
    depth = DEPTHS["standard"].shared_by(callbacks)
    assert depth.contents + depth.negations == drawn
    told = share_notes([None] * callbacks, DEPTHS["standard"])
    assert [f"{drawn} of the usual 50" in note.text for note in told] == [True] * (drawn < 50)


def test_bodies_of_callbacks_alike_are_drawn_once(tmp_path, monkeypatch):
    document = with_schema({"type": "object", "properties": {"a": {"type": "integer"}, "once": {"const": 1}}})
    document["webhooks"]["other"] = document["webhooks"]["thing"]
    drawn = []
    monkeypatch.setattr(strategies, "_operation", lambda _: SimpleNamespace(as_strategy=lambda **_: None))
    monkeypatch.setattr(strategies, "draw", lambda *_: drawn.append(1) or [SimpleNamespace(body={"a": 1, "once": 1})])
    one, other = (Scope(each, DEPTHS["quick"], 0) for each in read_contract(written(tmp_path, document)).callbacks)
    assert one.contents == other.contents == [{"a": 1, "once": 1}] and len(drawn) == 1


def test_long_list_of_values_is_sent_in_part_and_that_is_noted(tmp_path):
    values = [f"v{number}" for number in range(20_000)]
    schema = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "enum": values}}}
    contract = read_contract(written(tmp_path, with_schema(schema)))
    cases = list(valid.listed_values(Scope(contract.callbacks[0], DEPTHS["standard"], 0)))
    assert len({case.listed for case in cases}) == MOST_LISTED
    assert any("20,000 listed values of /kind" in note.text for note in contract_notes(contract))


@pytest.mark.parametrize("command", [("check", "--dry-run"), ("docs", "--out", "site")])
def test_thousands_of_callbacks_are_refused_unless_some_are_named(tmp_path, command):
    document = with_schema({"type": "object", "properties": {"id": {"type": "string"}}})
    document["webhooks"] = {f"hook{number}": document["webhooks"]["thing"] for number in range(501)}
    code, told = refused(*command, "--contract", written(tmp_path, document))
    assert (code, "501 callbacks, and at most 500" in told) == (2, True)


@pytest.mark.parametrize(
    "bounds",
    [
        {"type": "integer", "minimum": 1e308},
        {"type": "integer", "minimum": 10**400},
        {"type": "number", "multipleOf": 1e-300},
        {"type": "integer", "multipleOf": 1e-300, "minimum": 1e308},
        {"type": "string", "minLength": 10**9},
        {"type": "string", "minLength": 1e308},
        {"type": "array", "minItems": 10**9, "items": {"type": "string"}},
        {"type": "object", "minProperties": 10**9},
    ],
)
def test_member_with_a_bound_beyond_reason_is_left_out_and_said_where_it_is_demanded(tmp_path, bounds):
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "odd": bounds}}
    scope = Scope(read_schema(tmp_path, schema), DEPTHS["quick"], 0)
    assert scope.plain == {"id": "text"} and all("odd" not in content for content in scope.contents)
    demanding = written(tmp_path, with_schema({**schema, "required": ["odd"]}))
    code, told = refused("check", "--dry-run", "--contract", demanding)
    assert (code, "at /odd" in told, "beyond reason" in told) == (2, True, True)


@pytest.mark.parametrize("bounds", [{"maximum": 1.7e308}, {"maxLength": 1e308}, {"maxItems": 10**30}])
def test_bound_that_bounds_nothing_changes_nothing(tmp_path, bounds):
    types = {"maximum": "number", "maxLength": "string", "maxItems": "array"}
    schema = {
        "type": "object",
        "required": ["odd"],
        "properties": {"odd": {"type": types[next(iter(bounds))], **bounds}},
    }
    scope = Scope(read_schema(tmp_path, schema), DEPTHS["quick"], 0)
    assert "odd" in scope.plain


@pytest.mark.parametrize("form", ['{{"openapi": "3.1.0", "x": {0}}}', "openapi: 3.1.0\nx: {0}\n"])
@pytest.mark.parametrize("number", ["1e400", "-1e999", "9" * 5000])
def test_number_that_no_computer_holds_is_one_clear_error(tmp_path, form, number):
    file = tmp_path / "contract.yaml"
    file.write_text(form.format(number))
    code, told = refused("export", "--contract", file)
    assert (code, str(file) in told) == (2, True)


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("deadline_s", {"value": 1e308}),
        ("retry", {"value": {"after_s": 1e308, "max_tries": 3}}),
        ("retry", {"value": {"after_s": 1, "max_tries": 10**30}}),
        ("accept_body_bytes", {"must": {"value": 10**12, "provenance": "doc"}}),
    ],
)
def test_fact_of_delivery_beyond_reason_is_one_clear_error(tmp_path, name, fact):
    document = with_schema({"type": "object", "properties": {"id": {"type": "string"}}})
    if name != "accept_body_bytes":
        fact = {**fact, "provenance": "doc"}
    document["webhooks"]["thing"]["post"]["x-delivery"] = {name: fact}
    with pytest.raises(ContractError, match="maximum"):
        read_contract(written(tmp_path, document))


@pytest.mark.parametrize("kind", ["pipe", "directory", "device", ":memory:", " "])
def test_store_that_is_no_file_is_wrong_use_and_nothing_waits(tmp_path, kind):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    name = {"pipe": pipe, "directory": tmp_path, "device": "/dev/zero"}.get(kind, kind)
    code, told = refused("mock", "--port", "0", "--store", name)
    assert (code, "--store" in told) == (2, True)


def test_output_into_a_pipe_that_nobody_reads_is_an_error(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code, told = refused("export", "--out", pipe)
    assert (code, "cannot be written" in told) == (2, True)


def test_places_in_a_large_document_are_found_by_composing_it_once(tmp_path, monkeypatch):
    import yaml

    composed = []
    monkeypatch.setattr(
        yaml, "compose", lambda *given, _as=yaml.compose, **more: composed.append(1) or _as(*given, **more)
    )
    members = {f"p{number}": {"type": "string"} for number in range(50)}
    document = with_schema({"type": "object", "properties": members})
    document["webhooks"]["thing"]["post"]["responses"]["200"]["description"] = "taken"
    done = invoked("lint", written(tmp_path, document), "--format", "json")
    assert len(json.loads(done.output)["remarks"]) > 50
    assert len(composed) <= 2
