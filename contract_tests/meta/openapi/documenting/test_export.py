"""`export`: other tools read its output, and it overwrites no foreign file."""

from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

import jsonschema
import openapi_spec_validator
import pytest
import schemathesis
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

from callback_contract.contract_tests.cli.export_command import export
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import awaiting_port, invoke, run_program
from callback_contract.mock_server.provider.http_file import http_file
from callback_contract.mock_server.signing import load_scheme, presets
from callback_contract.openapi import KitError, load_contract
from callback_contract.openapi.documenting.export import MADE_BY, as_json, as_openapi, as_paths, as_schema, as_yaml
from callback_contract.openapi.documents.yaml_file import read_yaml

CONTRACT = load_contract()
EXAMPLES = [(c, example) for c in CONTRACT.callbacks for example in c.examples]


def exported(*arguments):
    return invoke(export, list(arguments), catch_exceptions=False).stdout


def refused(*arguments):
    with pytest.raises(KitError) as caught:
        exported(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_exported_contract_is_the_contract(tmp_path, form):
    out = tmp_path / f"contract.{form}"
    exported("--out", str(out))
    document = dict(load_contract(out).document)
    assert document.pop("x-made-by").startswith(MADE_BY)
    assert document == CONTRACT.document


def test_exported_contract_is_valid_openapi():
    openapi_spec_validator.validate(as_openapi(CONTRACT))


def test_paths_are_valid_openapi():
    openapi_spec_validator.validate(as_paths(CONTRACT))


def test_paths_without_a_description_of_the_contract_say_what_they_are(tmp_path):
    file = tmp_path / "contract.json"
    document = {**CONTRACT.document, "info": {"title": "T", "version": "1"}}
    file.write_text(json.dumps(document), encoding="utf-8")
    assert "stands for a callback" in as_paths(load_contract(file))["info"]["description"]


@pytest.mark.parametrize(("callback", "example"), EXAMPLES, ids=[f"{c.name}-{e.name}" for c, e in EXAMPLES])
def test_openapi_core_takes_every_example_by_the_paths(callback, example):
    request = MockRequest("http://localhost", "post", f"/{callback.name}", data=json.dumps(example.value).encode())
    OpenAPI.from_dict(as_paths(CONTRACT)).validate_request(request)


def test_openapi_core_refuses_a_broken_body_by_the_paths():
    name = CONTRACT.callbacks[0].name
    with pytest.raises(Exception, match="Request body validation error"):
        OpenAPI.from_dict(as_paths(CONTRACT)).validate_request(
            MockRequest("http://localhost", "post", f"/{name}", data=b"{}")
        )


@pytest.mark.parametrize("callback", CONTRACT.callbacks, ids=lambda c: c.name)
def test_schemathesis_generates_from_the_paths(callback):
    operation = schemathesis.openapi.from_dict(as_paths(CONTRACT))[f"/{callback.name}"]["POST"]
    strict = jsonschema.Draft202012Validator(callback.strict)
    bodies = [case.body for case in _drawn(operation.as_strategy())]
    assert bodies and all(strict.is_valid(body) for body in bodies)


def _drawn(strategy):
    from callback_contract.contract_tests.generation.strategies import draw

    return draw(strategy, 5, 0)


def tool(name):
    folders = [f"{folder}/.bin" for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder]
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *folders]))
    if found is None:
        do_without(
            f"{name} is not on the PATH and not in NODE_PATH/.bin: npm install @redocly/cli@2 @stoplight/prism-cli@5"
        )
    return found


@pytest.mark.parametrize(("broken", "code"), [({}, 0), ({"paths": {"/x": {"post": {"requestBody": 7}}}}, 1)])
def test_redocly_finds_the_paths_valid_and_nonsense_not(tmp_path, broken, code):
    redocly = tool("redocly")
    (tmp_path / "paths.json").write_text(as_json(as_paths(CONTRACT) | broken), encoding="utf-8")
    env = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    # `spec` is what OpenAPI says; its `recommended` also wants servers and security, which no callback has.
    command = [redocly, "lint", "--extends=spec", "paths.json"]
    done = run_program(command, cwd=tmp_path, env=env)
    assert done.returncode == code, done.stdout + done.stderr


def test_prism_mocks_the_paths(tmp_path):
    prism = tool("prism")
    (tmp_path / "paths.yaml").write_text(as_yaml(as_paths(CONTRACT)), encoding="utf-8")
    callback, example = EXAMPLES[-1]
    with awaiting_port([prism, "mock", "-p", "{port}", "paths.yaml"], tmp_path) as port:

        def answered(body):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/{callback.name}", json.dumps(body).encode())
            request.add_header("Content-Type", callback.media_type)
            try:
                return urllib.request.urlopen(request).status
            except urllib.error.HTTPError as error:
                return error.code

        assert (answered(example.value), answered([])) == (200, 422)


@pytest.mark.parametrize("callback", CONTRACT.callbacks, ids=lambda c: c.name)
@pytest.mark.parametrize("tolerant", [False, True])
def test_schema_is_self_contained_and_takes_the_examples(callback, tolerant):
    schema = json.loads(json.dumps(as_schema(CONTRACT, callback, tolerant=tolerant)))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert [e.name for e in callback.examples if not validator.is_valid(e.value)] == []
    assert not validator.is_valid([])


def test_tolerant_schema_takes_an_unknown_value_and_the_strict_one_does_not():
    callback = CONTRACT.callbacks[0]
    member = next(m for m in callback.members if m.enum)
    body = {**callback.examples[0].value, member.pointer[1:]: "tomorrow"}
    taken = [
        jsonschema.Draft202012Validator(as_schema(CONTRACT, callback, tolerant=tolerant)).is_valid(body)
        for tolerant in (False, True)
    ]
    assert taken == [False, True]


@pytest.mark.parametrize("callback", CONTRACT.callbacks, ids=lambda c: c.name)
def test_schema_holds_nothing_that_a_strict_validator_refuses(callback):
    text = json.dumps(as_schema(CONTRACT, callback))
    assert '"x-' not in text and '"format"' not in text


texts = st.text(max_size=12) | st.from_regex(r"[-+0-9.eExob_:~]{1,8}", fullmatch=True)


@settings(deadline=None)
@given(st.recursive(texts | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), st.lists, max_leaves=8))
def test_yaml_means_the_same_to_every_reader(value):
    assert yaml.safe_load(as_yaml({"v": value})) == {"v": value}


@pytest.mark.parametrize(
    "text", ["1e3", "0o17", "0x1F", "2025-05-01", "+12025550123", "no", "null", "~", "1_0", "=", "1:30"]
)
def test_text_that_looks_like_something_else_is_quoted_in_yaml(tmp_path, text):
    file = tmp_path / "file.yaml"
    file.write_text(as_yaml({"v": text}), encoding="utf-8")
    assert read_yaml(file, error=KitError).value == {"v": text}
    assert any(quote in file.read_text(encoding="utf-8") for quote in "'\"")


def test_http_file_has_every_deliverable_example_with_ids_of_its_own():
    text = http_file(CONTRACT, CONTRACT.callbacks)
    examples = [e for c in CONTRACT.callbacks for e in c.delivered_examples]
    bodies = [json.loads(part.partition("\n\n")[2].split("\n\n###")[0]) for part in text.split("\n### ")[1:]]
    assert len(bodies) == len(examples) > 0
    assert len({json.dumps(body) for body in bodies}) == len(bodies)
    assert "documented" not in text and "xxxx" not in text
    assert all("ca11bac4{{run}}" in json.dumps(body) for body in bodies)


def test_braces_of_an_example_are_no_variable_of_the_editor(tmp_path):
    file = tmp_path / "contract.json"
    file.write_text(json.dumps(CONTRACT.document).replace("will Smith", "{{7*7}} {{{x"), encoding="utf-8")
    contract = load_contract(file)
    text = http_file(contract, contract.callbacks)
    assert "{{7" not in text and r"\u007b\u007b7*7}} \u007b\u007b{x" in text


def test_names_that_no_path_can_hold_are_encoded(tmp_path):
    file, out = tmp_path / "contract.json", tmp_path / "out"
    operation = next(iter(CONTRACT.document["webhooks"].values()))["post"]
    names = ["a/{b}", "a-{b}", "../../up"]
    webhooks = {name: {"post": {**operation, "operationId": name}} for name in names}
    file.write_text(json.dumps({**CONTRACT.document, "webhooks": webhooks}), encoding="utf-8")
    openapi_spec_validator.validate(as_paths(load_contract(file)))
    exported("--as", "schema", "--callback", "all", "--contract", str(file), "--out", f"{out}/")
    assert len(list(out.iterdir())) == 3 and sorted(tmp_path.iterdir()) == [file, out]


def test_each_callback_has_a_schema_file_of_its_own(tmp_path):
    exported("--as", "schema", "--callback", "all", "--out", f"{tmp_path}/")
    assert {file.name for file in tmp_path.iterdir()} == {f"{c.name}.schema.json" for c in CONTRACT.callbacks}


def test_own_file_is_replaced_and_a_foreign_one_only_by_force(tmp_path):
    out = tmp_path / "contract.json"
    out.write_text("mine", encoding="utf-8")
    assert "not made by this command" in refused("--out", str(out))
    assert out.read_text(encoding="utf-8") == "mine"
    exported("--out", str(out), "--force")
    exported("--out", str(out), "--as", "schema")
    assert "$schema" in json.loads(out.read_text(encoding="utf-8"))
    assert [file.name for file in tmp_path.iterdir()] == ["contract.json"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as", "schema", "--callback", "nobody"], "It has: "),
        (["--callback", "all"], "--callback: it means nothing with --as openapi"),
        (["--as", "vectors", "--format", "yaml"], "--format: it means nothing"),
        (["--as", "openapi", "--seed", "7"], "--seed: it means nothing"),
        (["--as", "schema", "--callback", "all", "--out", "one.json"], "do not fit into one"),
        (["--out", "/dev/null/x.json"], "cannot be written"),
        (["--out", "/dev/full"], "cannot be written: No space left"),
        (["--contract", "nowhere.yaml"], "no such file"),
    ],
)
def test_wrong_use_is_one_message(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refused(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_text_reaches_the_standard_output_in_utf_8(tmp_path):
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "callback_contract.contract_tests", "export", "--as", "http"]
    done = run_program(command, text=False, check=True, env=env, cwd=Path(__file__).parents[4])
    assert "李雷" in done.stdout.decode()


@pytest.mark.parametrize("preset", presets())
def test_exported_scheme_is_the_preset_and_can_be_given_as_a_file(tmp_path, preset):
    out = tmp_path / f"{preset}.yaml"
    exported("--as", "signature", "--preset", preset, "--out", str(out))
    assert load_scheme(str(out)) == load_scheme(preset)


def test_unknown_preset_is_refused_with_the_ones_that_there_are():
    assert "Did you mean 'standard-webhooks'?" in refused("--as", "signature", "--preset", "standard-webhoks")
    assert "It is for --as signature" in refused("--preset", "standard-webhooks")


def test_callback_without_an_example_to_deliver_is_exported_with_a_body_that_its_schema_takes():
    callback = next(c for c in CONTRACT.callbacks if not c.delivered_examples)
    text = exported("--as", "http", "--callback", callback.name)
    body = json.loads(
        text.partition(f"{callback.method} {{{{url}}}}")[2].partition("\n\n")[2].replace("{{run}}", "0" * 8)
    )
    jsonschema.validate(body, dict(callback.strict))


@pytest.mark.parametrize("said", ["###\nGET http://evil/", "< /etc/passwd", "> {% run %}", "{{$processEnv KEY}}"])
@pytest.mark.parametrize("media_type", ["multipart/form-data", "application/json"])
def test_http_file_holds_nothing_that_an_editor_would_obey(tmp_path, said, media_type):
    media = {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}, "example": {"a": f"x\n{said}"}}
    post = {"requestBody": {"content": {media_type: media}}, "responses": {"200": {"description": ""}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": {"w": {"post": post}}}
    (tmp_path / "c.json").write_text(json.dumps(document))
    text = exported("--as", "http", "--contract", str(tmp_path / "c.json"))
    assert f"\n{said}" not in text and "{{$" not in text
    assert ("# Left out: " in text) == (media_type != "application/json")


def test_body_that_cannot_be_made_is_said(tmp_path):
    schema = {"type": "object", "minProperties": 2, "maxProperties": 1}
    post = {
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": ""}},
    }
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": {"w": {"post": post}}}
    (tmp_path / "c.json").write_text(json.dumps(document))
    assert "no body could be made" in refused("--as", "http", "--contract", str(tmp_path / "c.json"))
