"""Many callbacks: which are judged unasked, and how one mock takes each body for the callback that it is."""

from __future__ import annotations

import json

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.generation.notes import selection_notes
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.validation.validator import Validator
from callback_contract.openapi import load_contract
from callback_contract.openapi.reading import read_contract


@pytest.fixture
def assess(tmp_path):
    """Assesses a value by a document of ten callbacks, the first of which takes anything with an id."""

    def hook(number):
        members = {"id": {"type": "string"}, "kind": {"const": f"k{number}"}, f"m{number}": {"type": "integer"}}
        schema = {"type": "object", "properties": members, "required": ["id", "kind", f"m{number}"]}
        header = {"name": "X-Event", "in": "header", "required": True, "schema": {"type": "string"}}
        entry = {"application/json": {"schema": {"type": "object", "required": ["id"]} if not number else schema}}
        return {"post": {"parameters": [header], "requestBody": {"content": entry}}}

    hooks = {f"hook{number}": hook(number) for number in range(10)}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": hooks}
    assessor = Validator(read_contract(written(tmp_path, document)))
    return lambda value: assessor.assess(json.dumps(value).encode())


def test_body_is_taken_for_the_callback_that_knows_it(assess):
    assert assess({"id": "1", "kind": "k7", "m7": 1}).callback.name == "hook7"
    assert assess({"id": "1"}).callback.name == "hook0"


def test_refusal_names_what_is_wrong_with_the_body_and_not_a_missing_header(assess):
    assessment = assess({"kind": "k3", "m3": 1})
    assert not assessment.accepted
    assert "'id' is a required property" in assessment.violations[0].message


def test_own_contract_is_judged_by_its_first_callback_and_the_others_are_named():
    contract = load_contract()
    first, *others = (callback.name for callback in contract.callbacks)
    assert [callback.name for callback in contract.default_callbacks] == [first]
    (note,) = selection_notes(contract, ())
    assert note.text == f"not judged: {', '.join(others)}; name them with --callback"
    assert selection_notes(contract, (first,)) == ()


def test_foreign_contract_is_judged_by_all_of_its_callbacks(tmp_path):
    document = with_schema({"type": "object"})
    document["webhooks"]["other"] = document["webhooks"]["thing"]
    contract = read_contract(written(tmp_path, document))
    assert [callback.name for callback in contract.default_callbacks] == ["thing", "other"]
    assert selection_notes(contract, ()) == ()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_is_not_judged_unasked_is_said(dry, tmp_path):
    ran = invoke(cli, ["check", "--rules", "ACK-01", "--report-dir", str(tmp_path), *dry])
    (told,) = (line for line in ran.output.splitlines() if line.startswith("not judged: "))
    if not dry:
        (note,) = json.loads((tmp_path / "report.json").read_text())["notes"]
        assert (note["about"], note["text"]) == ("selection", told[:-1])
