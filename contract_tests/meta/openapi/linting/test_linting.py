"""Contract linter: each planted mistake gets its remark and no other."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.cli.lint_command import lint
from callback_contract.openapi.contract.loading import CONTRACT_FILE
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.linting.linter import lint_contract
from callback_contract.openapi.linting.remark import Remark
from callback_contract.openapi.text.errors import KitError

PLACE = "/webhooks/parcelMoved/post"
MEMBERS = "/components/schemas/Parcel/properties"


def fact(value: Any) -> Any:
    return {"value": value, "provenance": "doc"}


GOOD: Any = {
    "openapi": "3.1.0",
    "info": {"title": "Parcels", "version": "1.2.3"},
    "webhooks": {
        "parcelMoved": {
            "post": {
                "operationId": "parcelMoved",
                "summary": "A parcel moved",
                "parameters": [
                    {"name": "X-Sign", "in": "header", "description": "Signs.", "schema": {"type": "string"}}
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Parcel"},
                            "examples": {
                                "first": {"value": {"id": "p1", "place": "hub", "at": "2026-11-22T10:00:00Z"}}
                            },
                        }
                    },
                },
                "responses": {
                    "200": {
                        "description": "taken",
                        "content": {
                            "application/json": {"schema": {"type": "object"}, "examples": {"first": {"value": {}}}}
                        },
                    }
                },
                "x-delivery": {
                    "deadline_s": fact(5),
                    "retry": fact({"after_s": 1, "max_tries": 2}),
                    "accept_body_bytes": {"must": fact(10), "should": fact(20)},
                    "correlation": fact("/id"),
                    "idempotency": fact(["/id", "/place"]),
                    "state": fact("/place"),
                    "order": fact({"edges": [["hub", "door"]]}),
                    "groups": fact(["/at"]),
                    "stamped": fact({"/id": "id"}),
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Parcel": {
                "type": "object",
                "required": ["id"],
                "description": "One move.",
                "properties": {
                    "id": {"type": "string", "description": "Names the parcel.", "examples": ["p1"]},
                    "place": {"type": "string", "description": "Where it is."},
                    "at": {
                        "type": "string",
                        "description": "When.",
                        "format": "date-time",
                        "x-provenance": {"format": "inferred"},
                    },
                },
            }
        }
    },
}


@pytest.fixture
def remarks_on(tmp_path: Path) -> Any:
    def linted(**edits: Any) -> list[Remark]:
        return list(lint_contract(saved(tmp_path, "contract", edited(edits))))

    return linted


def edited(edits: dict[str, Any]) -> Any:
    """The good contract with `edits` by pointer; a member whose new value is None is removed."""
    document = copy.deepcopy(GOOD)
    for pointer, value in edits.items():
        document = jp.without(document, pointer) if value is None else jp.replaced(document, pointer, value)
    return document


def saved(folder: Path, name: str, document: Any) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=1))
    return path


def test_good_contract_has_no_remarks(remarks_on) -> None:
    assert remarks_on() == []


def test_built_in_contract_is_only_warned_of_what_its_provider_does_not_document() -> None:
    remarks = [remark for remark in lint_contract(CONTRACT_FILE) if remark.level != "note"]
    undocumented = ("a callback without an example", "x-delivery does not say ", "x-delivery says no 'should'")
    assert [remark for remark in remarks if not remark.what.startswith(undocumented)] == []
    assert not [remark for remark in remarks if "wabaMessageStatus" in remark.where]


BODY = f"{PLACE}/requestBody/content/application~1json"


@pytest.mark.parametrize(
    ("edit", "level", "where"),
    [
        ({f"{BODY}/examples/first/value": {"place": "hub"}}, "error", f"{BODY}/examples/first/value"),
        (
            {f"{PLACE}/responses/200/content/application~1json/examples/first/value": []},
            "error",
            f"{PLACE}/responses/200/content/application~1json/examples/first/value",
        ),
        ({f"{MEMBERS}/id/examples": [1]}, "error", f"{MEMBERS}/id/examples/0"),
        ({f"{MEMBERS}/id/default": 1}, "error", f"{MEMBERS}/id/default"),
        ({f"{BODY}/examples": None}, "warning", PLACE),
        ({f"{MEMBERS}/place/description": None}, "warning", f"{MEMBERS}/place"),
        ({f"{PLACE}/parameters/0/description": None}, "warning", f"{PLACE}/parameters/0"),
        ({f"{PLACE}/summary": None}, "warning", PLACE),
        ({f"{MEMBERS}/at/x-provenance": {"format": "guessed"}}, "error", f"{MEMBERS}/at/x-provenance"),
        ({f"{MEMBERS}/at/x-provenance": {"format": "doc", "enum": "doc"}}, "warning", f"{MEMBERS}/at/x-provenance"),
        ({f"{MEMBERS}/at/x-provenance": {"description": "doc"}}, "warning", f"{MEMBERS}/at/format"),
        (
            {"/components/schemas/Parcel/additionalProperties": False},
            "note",
            "/components/schemas/Parcel/additionalProperties",
        ),
        (
            {"/components/schemas/Parcel/unevaluatedProperties": False},
            "note",
            "/components/schemas/Parcel/unevaluatedProperties",
        ),
        ({f"{PLACE}/x-delivery/deadline_s": None}, "warning", f"{PLACE}/x-delivery"),
        ({f"{PLACE}/x-delivery/accept_body_bytes/should": None}, "warning", f"{PLACE}/x-delivery/accept_body_bytes"),
        ({f"{MEMBERS}/id/requierd": True}, "error", f"{MEMBERS}/id/requierd"),
        ({f"{BODY}/schema": {"$ref": "#/components/schemas/Nothing"}}, "error", f"{BODY}/schema/$ref"),
        ({f"{PLACE}/responses/200/description": None}, "error", f"{PLACE}/responses/200"),
        ({f"{PLACE}/x-delivery/state": fact("/nothing")}, "error", f"{PLACE}/x-delivery/state/value"),
    ],
)
def test_mistake_gets_its_remark_and_no_other(remarks_on, edit: Any, level: str, where: str) -> None:
    found = remarks_on(**edit)
    assert [(remark.level, remark.where) for remark in found] == [(level, where)], found


@pytest.mark.parametrize(
    "part",
    [
        {"webhooks": [1]},
        {"webhooks": {"a": {"post": 7}}},
        {"webhooks": {"a": {"post": {"requestBody": {"content": []}}}}},
        {"components": []},
        {"components": {"schemas": []}},
        {"components": {"schemas": {"a": {"properties": [1]}}}},
        {"components": {"schemas": {"a": {"type": "strnig"}}}},
        {"components": {"schemas": {"a": {"$ref": "#/nothing"}}}},
    ],
)
def test_document_of_a_wrong_shape_is_an_error(tmp_path: Path, part: Any) -> None:
    assert "error" in {remark.level for remark in lint_contract(saved(tmp_path, "contract", {**GOOD, **part}))}


def test_closed_list_of_values_is_a_note(remarks_on) -> None:
    found = remarks_on(**{f"{MEMBERS}/place/enum": ["hub", "door"], f"{MEMBERS}/place/x-provenance": {"enum": "doc"}})
    assert [(remark.level, remark.where) for remark in found] == [("note", f"{MEMBERS}/place/enum")]


def test_provenance_is_not_asked_of_a_contract_that_has_none(remarks_on) -> None:
    assert remarks_on(**{f"{MEMBERS}/at/x-provenance": None}) == []


def test_recursive_schema_is_looked_at_once(remarks_on) -> None:
    part = {"$ref": "#/components/schemas/Parcel"}
    assert remarks_on(**{f"{MEMBERS}/part": part}) == []


def test_remark_names_the_line(remarks_on) -> None:
    (remark,) = remarks_on(**{f"{MEMBERS}/place/description": None})
    assert remark.place.endswith(f" ({MEMBERS}/place)")
    assert ".yaml:" in remark.place


@pytest.mark.parametrize(
    ("edits", "version", "demanded"),
    [
        ({f"{MEMBERS}/id/type": ["string", "null"]}, "1.3.0", "major"),
        ({f"{MEMBERS}/id/type": ["string", "null"]}, "2.0.0", ""),
        ({f"{MEMBERS}/more": {"type": "string", "description": "More."}}, "1.2.4", "minor"),
        ({f"{MEMBERS}/more": {"type": "string", "description": "More."}}, "1.3.0", ""),
        ({f"{MEMBERS}/id/description": "Other words."}, "1.2.3", "patch"),
        ({f"{MEMBERS}/id/description": "Other words."}, "1.2.4", ""),
        ({}, "1.2.3", ""),
        ({}, "1.3.0", ""),
    ],
)
def test_version_is_raised_as_far_as_the_change_demands(tmp_path, edits, version, demanded) -> None:
    old, new = saved(tmp_path, "old", GOOD), saved(tmp_path, "new", edited({**edits, "/info/version": version}))
    found = lint_contract(new, old)
    assert [remark.where for remark in found] == (["/info/version"] if demanded else [])
    assert all(f"demands a {demanded} version" in remark.what for remark in found)


def test_version_that_goes_back_is_an_error(tmp_path) -> None:
    old, new = saved(tmp_path, "old", GOOD), saved(tmp_path, "new", edited({"/info/version": "1.2.2"}))
    (remark,) = lint_contract(new, old)
    assert "went back" in remark.what


def test_version_before_one_may_break_in_a_minor(tmp_path) -> None:
    old = saved(tmp_path, "old", edited({"/info/version": "0.2.0"}))
    new = saved(tmp_path, "new", edited({"/info/version": "0.3.0", f"{MEMBERS}/id/type": ["string", "null"]}))
    assert lint_contract(new, old) == ()


def test_version_that_is_not_semantic_is_an_error(tmp_path) -> None:
    old, new = saved(tmp_path, "old", GOOD), saved(tmp_path, "new", edited({"/info/version": "2026-11"}))
    (remark,) = lint_contract(new, old)
    assert "2026-11" in remark.what


@pytest.mark.parametrize("text", ["[]", "a: [", "", "text"])
def test_file_that_is_no_document_is_wrong_use(tmp_path, text: str) -> None:
    with pytest.raises(KitError):
        lint_contract(saved(tmp_path, "contract", text))


@pytest.mark.parametrize("text", ["openapi: 3.1.0", "swagger: '2.0'", "webhooks: {a: 1}", "openapi: 4.0.0", "a: 1"])
def test_document_that_is_no_contract_is_an_error(tmp_path, text: str) -> None:
    assert "error" in {remark.level for remark in lint_contract(saved(tmp_path, "contract", text))}


def test_file_that_is_not_there_is_wrong_use(tmp_path) -> None:
    with pytest.raises(KitError, match="no such file"):
        lint_contract(tmp_path / "nothing.yaml")


def test_lint_exits_with_one_on_an_error_only(tmp_path) -> None:
    bad = saved(tmp_path, "bad", edited({f"{MEMBERS}/id/examples": [1]}))
    poor = saved(tmp_path, "poor", edited({f"{MEMBERS}/id/description": None}))
    assert [invoke(lint, [str(path)]).exit_code for path in (bad, poor)] == [1, 0]


def test_lint_as_json_tells_every_remark(tmp_path) -> None:
    path = saved(tmp_path, "bad", edited({f"{MEMBERS}/id/examples": [1]}))
    (remark,) = json.loads(invoke(lint, [str(path), "--format", "json"]).output)["remarks"]
    assert (remark["level"], remark["where"]) == ("error", f"{MEMBERS}/id/examples/0")


def test_lint_without_a_file_looks_at_the_built_in_contract() -> None:
    result = invoke(lint, [])
    assert (result.exit_code, "0 errors" in result.output) == (0, True)


def test_example_by_reference_is_no_error(remarks_on) -> None:
    example = {"value": {"id": "p1"}}
    operation = {k: v for k, v in GOOD["webhooks"]["parcelMoved"]["post"].items() if k != "x-delivery"}
    found = remarks_on(
        **{
            PLACE: operation,
            f"{BODY}/examples/first": {"$ref": "#/components/examples/first"},
            "/components/examples": {"first": example},
        }
    )
    assert "error" not in {remark.level for remark in found}, found


def elsewhere(key: str, schema: Any, version: str = "3.1.0") -> Any:
    """A document whose one callback does not stand under `webhooks`."""
    operation = {
        "requestBody": {"content": {"application/json": {"schema": schema, "example": {"id": 1}}}},
        "responses": {"200": {"description": "taken"}},
    }
    document = {"openapi": version, "info": {"title": "Parcels", "version": "1.2.3"}, "paths": {}}
    if key == "callbacks":
        made = {"responses": {"201": {"description": "made"}}, "callbacks": {"moved": {"{$url}": {"post": operation}}}}
        return {**document, "paths": {"/sub": {"post": made}}}
    return {**document, key: {"moved": {"post": operation}}}


@pytest.mark.parametrize("beside_webhooks", [False, True], ids=["alone", "beside webhooks"])
@pytest.mark.parametrize("key", ["callbacks", "x-webhooks"])
def test_callback_that_stands_elsewhere_is_looked_at(tmp_path, key: str, beside_webhooks: bool) -> None:
    document = elsewhere(key, {"type": "object", "properties": {"id": {"type": "string"}}})
    if beside_webhooks:
        document["webhooks"] = {"other": elsewhere("webhooks", {"type": "object"})["webhooks"]["moved"]}
    found = lint_contract(saved(tmp_path, "contract", document))
    assert ["breaks its own schema" in remark.what for remark in found if remark.level == "error"] == [True], found


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_version_of_a_foreign_document_is_held_to_its_change(tmp_path, version: str) -> None:
    old, new = (
        saved(tmp_path, name, elsewhere("callbacks", schema, version))
        for name, schema in (("old", {"required": ["id"]}), ("new", {}))
    )
    found = lint_contract(new, old)
    assert ["demands a major version" in remark.what for remark in found] == [True], found


def test_paths_are_looked_at_when_they_are_the_callbacks(tmp_path) -> None:
    document = {**elsewhere("callbacks", {"type": "object"}), "paths": elsewhere("webhooks", {})["webhooks"]}
    document["paths"] = {f"/{name}": item for name, item in document["paths"].items()}
    path = saved(tmp_path, "contract", document)
    assert [invoke(lint, [str(path), *options]).exit_code for options in ([], ["--paths"])] == [1, 0]


def test_overlay_is_laid_over_what_is_looked_at(tmp_path) -> None:
    overlay = {
        "overlay": "1.0.0",
        "info": {"title": "x", "version": "1"},
        "actions": [{"target": "$.components.schemas.Parcel", "update": {"additionalProperties": False}}],
    }
    paths = [str(saved(tmp_path, name, each)) for name, each in (("contract", GOOD), ("overlay", overlay))]
    result = invoke(lint, [paths[0], "--overlay", paths[1]])
    assert "1 note" in result.output


@pytest.mark.parametrize(
    ("edit", "basis"),
    [
        ({f"{PLACE}/responses/200/description": None}, "rule"),
        ({f"{BODY}/schema": {"$ref": "#/components/schemas/Nothing"}}, "rule"),
        ({f"{MEMBERS}/id/requierd": True}, "advice"),
        ({f"{MEMBERS}/place/description": None}, "advice"),
        ({f"{PLACE}/x-delivery/state": fact("/nothing")}, "advice"),
    ],
)
def test_remark_says_whether_it_is_a_rule_of_the_format(remarks_on, edit: Any, basis: str) -> None:
    assert [remark.basis for remark in remarks_on(**edit)] == [basis]


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("note", 1), ("none", 0)])
def test_lint_fails_from_the_level_that_is_named(tmp_path, fail_on: str, code: int) -> None:
    poor = saved(tmp_path, "poor", edited({f"{MEMBERS}/id/description": None}))
    assert invoke(lint, [str(poor), "--fail-on", fail_on]).exit_code == code
