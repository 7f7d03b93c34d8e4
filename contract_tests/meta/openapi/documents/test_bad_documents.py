"""Unusable documents: every command reports one clear error, and in bounded time."""

from __future__ import annotations

import json

import pytest

from callback_contract.contract_tests.cli import main as program
from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.text.errors import KitError

LAUGHS = "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))


def no_callbacks(folder):
    get = {"get": {"responses": {"200": {"description": ""}}}}
    info = {"title": "t", "version": "1"}
    return written(folder, {"openapi": "3.1.0", "info": info, "paths": {"/a": get}}), "found 1 operation under `paths`"


def swagger_2(folder):
    return written(folder, {"swagger": "2.0", "paths": {}}), "swagger2openapi"


def ring_through_files(folder):
    where = "/webhooks/thing/post/requestBody/content/application~1json/schema"
    written(folder, {"S": {"$ref": f"contract.json#{where}"}}, "other.json")
    return written(folder, with_schema({"$ref": "other.json#/S"})), "ring"


def billion_laughs(folder):
    file = folder / "laughs.yaml"
    file.write_text("openapi: 3.1.0\na0: &a0 [x]\n" + LAUGHS)
    return file, "aliases"


def two_hundred_megabytes(folder):
    file = folder / "huge.json"
    with file.open("wb") as sparse:
        sparse.truncate(200 * 2**20)
    return file, "larger than"


def deep_levels(folder):
    file = folder / "deep.json"
    file.write_text('{"openapi": "3.1.0", "webhooks": ' + '{"a":' * 100_000 + "1" + "}" * 100_001)
    return file, "nested too deeply"


def deep_schema(folder):
    schema = {"type": "string"}
    for _ in range(300):
        schema = {"type": "object", "properties": {"a": schema}}
    return written(folder, with_schema(schema)), "nested too deeply"


BAD = (no_callbacks, swagger_2, ring_through_files, billion_laughs, two_hundred_megabytes, deep_levels, deep_schema)
COMMANDS = {
    "docs": ["docs", "--contract", "FILE", "--out", "OUT"],
    "export": ["export", "--contract", "FILE"],
    "diff from": ["diff", "FILE", "GOOD"],
    "diff to": ["diff", "GOOD", "FILE"],
    "check": ["check", "--contract", "FILE"],
    "mock": ["mock", "--port", "0", "--contract", "FILE"],
    "send": ["send", "http://127.0.0.1:9/", "--contract", "FILE", "--dry-run"],
}


def ran(command, folder, file):
    good = written(folder, with_schema({"type": "object"}), "good.json")
    names = {"FILE": str(file), "GOOD": str(good), "OUT": str(folder / "site")}
    return invoke(cli, [names.get(word, word) for word in command])


@pytest.mark.parametrize("bad", BAD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_one_clear_error(tmp_path, bad, command):
    file, reason = bad(tmp_path)
    result = ran(COMMANDS[command], tmp_path, file)
    assert isinstance(result.exception, KitError), result.exception
    assert result.exception.exit_code == 2 and reason in str(result.exception)
    assert result.exception.where.startswith(str(file)) and not (tmp_path / "site").exists()


@pytest.mark.parametrize("bad", BAD, ids=lambda make: make.__name__)
def test_lint_says_it_and_fails(tmp_path, bad):
    file, _ = bad(tmp_path)
    result = ran(["lint", "FILE"], tmp_path, file)
    is_refused = isinstance(result.exception, KitError) and result.exception.exit_code == 2
    assert is_refused or (result.exit_code == 1 and "1 error," in result.output), result.exception


def test_ring_of_references_is_an_error_of_lint(tmp_path):
    itself = {"$ref": "#/components/schemas/A"}
    result = ran(["lint", "FILE"], tmp_path, written(tmp_path, with_schema(itself, schemas={"A": itself})))
    assert result.exit_code == 1 and "never come to a value" in result.output


def test_what_is_nested_too_deeply_for_a_command_is_no_stack_trace(tmp_path, monkeypatch, capsys):
    def too_deep():
        return too_deep()

    monkeypatch.setattr("callback_contract.contract_tests.cli.docs_command.proof", too_deep)
    monkeypatch.setattr("sys.argv", ["callback-contract", "docs", "--out", str(tmp_path / "site")])
    assert (program.run_command(), "nested too deeply" in capsys.readouterr().err) == (2, True)


def test_deep_schema_of_one_callback_leaves_the_others(tmp_path):
    file, _ = deep_schema(tmp_path)
    document = json.loads(file.read_text())
    document["webhooks"]["other"] = with_schema({"type": "object"})["webhooks"]["thing"]
    result = ran(["export", "--contract", "FILE"], tmp_path, written(tmp_path, document))
    assert list(json.loads(result.stdout)["webhooks"]) == ["other"] and "1 of 2 callbacks is set aside" in result.stderr
