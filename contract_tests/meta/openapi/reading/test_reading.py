"""Reader of foreign documents: accepts every form of callback, reports every flaw, and uses the rest."""

from __future__ import annotations

import json
import textwrap

import pytest

from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.openapi import ContractError
from callback_contract.openapi.reading import read_contract

INFO = {"title": "t", "version": "1"}
BODY = {"content": {"application/json": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}}}
OPERATION = {"requestBody": BODY, "responses": {"200": {"description": ""}}}


def document(version="3.1.0", **members):
    return {"openapi": version, "info": INFO, **members}


@pytest.fixture
def read(tmp_path):
    """Reads a document as the command line does."""

    def load(value, **options):
        return read_contract(written(tmp_path, value), **options)

    return load


@pytest.fixture
def refused(read):
    """The message with which a document is refused."""

    def load(value, **options):
        with pytest.raises(ContractError) as caught:
            read(value, **options)
        return str(caught.value)

    return load


def names(contract):
    return [callback.name for callback in contract.callbacks]


def operation(**members):
    return {**OPERATION, **members}


def body(media_type="application/json", **entry):
    return {"requestBody": {"content": {media_type: {"schema": {"type": "object"}, **entry}}}}


# Where callbacks stand


def test_webhooks_are_callbacks(read):
    assert names(read(document(webhooks={"a": {"post": OPERATION}}))) == ["a"]


def test_x_webhooks_are_callbacks(read):
    assert names(read(document("3.0.3", **{"x-webhooks": {"a": {"post": OPERATION}}}))) == ["a"]


def test_callbacks_of_an_operation_are_callbacks(read):
    api = {"/subscribe": {"post": {"callbacks": {"onData": {"{$request.body#/url}": {"post": OPERATION}}}}}}
    contract = read(document("3.0.0", paths=api))
    assert names(contract) == ["onData"]
    assert contract.callbacks[0].origin.endswith(
        "(/paths/~1subscribe/post/callbacks/onData/{$request.body#~1url}/post)"
    )


def test_callback_by_reference_is_found_once(read):
    api = {f"/{n}": {"post": {"callbacks": {"onData": {"$ref": "#/components/callbacks/D"}}}} for n in "ab"}
    components = {"callbacks": {"D": {"{$url}": {"post": OPERATION}}}}
    assert len(read(document("3.0.0", paths=api, components=components)).callbacks) == 1


def test_path_item_by_reference_is_followed(read):
    hooks = {"a": {"$ref": "#/components/pathItems/P"}}
    assert names(read(document(webhooks=hooks, components={"pathItems": {"P": {"post": OPERATION}}}))) == ["a"]


def test_paths_are_callbacks_only_when_asked(read, refused):
    value = document(paths={"/hook": {"post": operation(operationId="hook")}})
    assert names(read(value, paths=True)) == ["hook"]
    assert "found 1 operation under `paths`" in refused(value) and "--paths" in refused(value)


def test_openapi_3_2_is_read(read):
    assert names(read(document("3.2.0", webhooks={"a": {"post": OPERATION}}))) == ["a"]


def test_equal_names_are_told_apart(read):
    hooks = {name: {"post": operation(operationId="same")} for name in ("a", "b", "c")}
    assert names(read(document(webhooks=hooks))) == ["same", "same-post", "same-2"]


def test_parts_by_reference_are_followed(read):
    hook = {
        "parameters": [{"$ref": "#/components/parameters/H"}],
        "requestBody": {"$ref": "#/components/requestBodies/B"},
        "responses": {"200": {"$ref": "#/components/responses/R"}},
    }
    entry = {**BODY["content"]["application/json"], "examples": {"e": {"$ref": "#/components/examples/E"}}}
    components = {
        "parameters": {"H": {"name": "X-A", "in": "header", "required": True, "schema": {"const": "v"}}},
        "requestBodies": {"B": {"content": {"application/json": entry}}},
        "responses": {"R": {"content": {"application/json": {"schema": {"type": "object"}}}}},
        "examples": {"E": {"value": {"id": "1"}}},
    }
    (callback,) = read(document(webhooks={"a": {"post": hook}}, components=components)).callbacks
    assert callback.headers[0].value == "v" and callback.examples[0].value == {"id": "1"}
    assert callback.answer.media_type == "application/json"


def test_parameters_of_the_path_item_count_and_the_operation_overrides_them(read):
    def header(value):
        return [{"name": "X-A", "in": "header", "required": True, "schema": {"type": "string"}, "example": value}]

    item = {"parameters": header("item"), "post": operation(), "put": operation(parameters=header("own"))}
    values = {c.method: c.headers[0].value for c in read(document(webhooks={"a": item})).callbacks}
    assert values == {"POST": "item", "PUT": "own"}


# Answers


@pytest.mark.parametrize(
    ("answers", "right", "wrong"),
    [
        (["200"], [200], [201, 204]),
        (["202", "204"], [202, 204], [200]),
        (["2XX"], [200, 204, 299], [302]),
        (["200", "400", "default"], [200], [201]),
    ],
)
def test_documented_statuses_are_a_set(read, answers, right, wrong):
    hook = operation(responses={status: {"description": ""} for status in answers})
    (callback,) = read(document(webhooks={"a": {"post": hook}})).callbacks
    assert all(callback.answer.documents(status) for status in right)
    assert not any(callback.answer.documents(status) for status in wrong)


@pytest.mark.parametrize("answers", [["default"], ["400", "5XX"], []])
def test_without_a_documented_success_there_is_no_documented_answer(read, answers):
    hook = operation(responses={status: {"description": ""} for status in answers})
    assert read(document(webhooks={"a": {"post": hook}})).callbacks[0].answer is None


def test_mock_answers_with_a_body_that_keeps_its_schema(read):
    schema = {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}
    hook = operation(responses={"200": {"content": {"application/json": {"schema": schema, "example": {"no": 1}}}}})
    assert read(document(webhooks={"a": {"post": hook}})).callbacks[0].answer.example == {"ok": True}


# Media types and headers


@pytest.mark.parametrize(
    ("types", "chosen"),
    [
        (["application/json; charset=utf-8"], "application/json"),
        (["application/vnd.thing.v1+json"], "application/vnd.thing.v1+json"),
        (["application/xml", "application/json"], "application/json"),
        (["*/*"], "application/json"),
    ],
)
def test_json_is_preferred(read, types, chosen):
    hook = {"requestBody": {"content": {key: {"schema": {"type": "object"}} for key in types}}}
    assert read(document(webhooks={"a": {"post": hook}})).callbacks[0].media_type == chosen


@pytest.mark.parametrize("media_type", ["application/xml", "multipart/mixed", "text/plain"])
def test_other_media_types_are_refused_by_name(refused, media_type):
    assert media_type in refused(document(webhooks={"a": {"post": body(media_type)}}))


@pytest.mark.parametrize(
    ("scheme", "header"),
    [
        ({"type": "http", "scheme": "basic"}, "Authorization"),
        ({"type": "http", "scheme": "bearer"}, "Authorization"),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "X-Key"),
    ],
)
def test_security_of_a_callback_is_a_header_to_give(read, scheme, header):
    hook = operation(security=[{"s": []}])
    contract = read(document(webhooks={"a": {"post": hook}}, components={"securitySchemes": {"s": scheme}}))
    assert [(h.name, h.required, h.value) for h in contract.callbacks[0].headers] == [(header, True, None)]


# Documents with errors


def with_neighbour(hook, **members):
    return document(webhooks={"good": {"post": OPERATION}, "bad": hook}, **members)


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        ({"head": {"responses": {}}}, "no request body"),
        ({"post": body("application/xml")}, "application/xml"),
        ({"post": body(schema={"$ref": "#/components/schemas/Nope"})}, "points at nothing"),
        ({"post": body(schema={"$ref": "https://example.com/a.yaml"})}, "leads to the network"),
        ({"post": body(schema={"$ref": "../../etc/passwd"})}, "leaves the folder"),
        ({"post": body(schema={"$ref": "missing.yaml#/a"})}, "no such file"),
        ({"post": body(schema={"type": "strnig"})}, "'strnig'"),
        ({"post": body(schema={"type": "string", "minLength": -1})}, "not JSON Schema"),
        ({"post": body(schema={"properties": {"a": {"required": "a"}}})}, "'required' is not a list"),
        ({"post": body(schema={"type": "integer", "enum": ["a"]})}, "`enum`"),
        ({"post": body(schema=[1])}, "neither an object"),
        ({"post": {"requestBody": {"content": {"application/json": {}}}}}, "neither a schema nor an example"),
        ({"post": {"requestBody": {"$ref": "#/webhooks/bad/post/requestBody"}}}, "ring"),
        ({"post": {"requestBody": []}}, "not an object"),
        ({"post": 7}, "not an object"),
        (7, "not an object"),
        ({"$ref": "#/nowhere"}, "points at nothing"),
        ({"query": OPERATION}, "the method QUERY"),
    ],
)
def test_flaw_sets_aside_its_callback_alone(read, hook, reason):
    contract = read(with_neighbour(hook))
    assert names(contract) == ["good"]
    ((name, told),) = contract.set_aside
    assert name == "bad" and reason in told and "contract.json" in told


def test_flaw_in_a_shared_schema_touches_those_that_reach_it(read):
    schemas = {"Bad": {"type": "nonsense"}, "Good": {"type": "object"}}
    hooks = {name: {"post": body(schema={"$ref": f"#/components/schemas/{name}"})} for name in schemas}
    contract = read(document(webhooks=hooks, components={"schemas": schemas}))
    assert names(contract) == ["Good"] and "/components/schemas/Bad" in contract.set_aside[0][1]


def test_flaw_elsewhere_in_the_document_touches_nothing(read):
    value = document(webhooks={"a": {"post": OPERATION}}, components={"schemas": {"Bad": {"type": 7}}}, paths={"/x": 3})
    assert read(value).set_aside == ()


def test_flaw_in_an_answer_is_a_note(read):
    hook = operation(responses={"200": {"content": {"application/json": {"schema": {"type": "no"}}}}})
    contract = read(document(webhooks={"a": {"post": hook}}))
    assert names(contract) == ["a"] and "'no'" in contract.notes[0]


def test_schema_that_asks_itself_without_end_is_refused(refused):
    schemas = {
        "A": {"allOf": [{"$ref": "#/components/schemas/B"}]},
        "B": {"anyOf": [{"$ref": "#/components/schemas/A"}]},
    }
    hook = body(schema={"$ref": "#/components/schemas/A"})
    assert "without end" in refused(document(webhooks={"a": {"post": hook}}, components={"schemas": schemas}))


def test_unknown_keyword_is_a_note(read):
    hook = body(schema={"type": "object", "requierd": ["id"]})
    assert "'requierd'" in read(document(webhooks={"a": {"post": hook}})).notes[0]


def test_example_that_breaks_its_schema_is_reported_and_not_delivered(read):
    hook = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "example": "text"}}}}
    contract = read(document(webhooks={"a": {"post": hook}}))
    assert contract.callbacks[0].delivered_examples == ()
    assert "breaks its own schema" in contract.notes[0] and "'example'" in contract.notes[0]


@pytest.mark.parametrize("hook", [{"post": body("application/xml")}, {"post": body(example="text")}])
def test_strict_reading_refuses_what_would_be_set_aside(refused, hook):
    assert "a contract with flaws" in refused(with_neighbour(hook), strict=True)


def test_only_the_named_callbacks_are_looked_into(read):
    assert names(read(with_neighbour({"post": body("application/xml")}), only=["good"], strict=True)) == ["good"]


def test_named_callback_that_cannot_be_used_says_why(refused):
    assert "application/xml" in refused(with_neighbour({"post": body("application/xml")}), only=["bad"])


def test_unknown_callback_names_the_nearest(refused):
    assert "good" in refused(with_neighbour({"post": OPERATION}), only=["goood"])


# x-delivery from a side file


def test_delivery_facts_come_from_an_overlay(tmp_path, read):
    fact = {"value": "/id", "provenance": "house", "why": "because"}
    overlay = {
        "overlay": "1.0.0",
        "info": INFO,
        "actions": [{"target": "$.webhooks.a.post", "update": {"x-delivery": {"correlation": fact}}}],
    }
    contract = read(document(webhooks={"a": {"post": OPERATION}}), overlays=[written(tmp_path, overlay, "o.json")])
    assert contract.callbacks[0].delivery.correlation == "/id"


def test_delivery_fact_that_names_nothing_is_refused_at_its_place(refused):
    fact = {"value": "/nope", "provenance": "house", "why": "because"}
    message = refused(document(webhooks={"a": {"post": operation(**{"x-delivery": {"correlation": fact}})}}))
    assert "'/nope'" in message and "/webhooks/a/post" in message


# Files


def test_references_lead_to_files_beside_and_below(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "b.yaml").write_text("T: {type: object, properties: {id: {$ref: '../c.yaml#/Id'}}}")
    (tmp_path / "c.yaml").write_text("Id: {type: integer}")
    file = written(tmp_path, document(webhooks={"a": {"post": body(schema={"$ref": "parts/b.yaml#/T"})}}))
    assert read_contract(file).callbacks[0].member("/id").types == ("integer",)


def test_ring_of_references_through_files_is_named(tmp_path):
    (tmp_path / "b.yaml").write_text("B: {$ref: 'contract.json#/components/schemas/A'}")
    schemas = {"A": {"$ref": "b.yaml#/B"}}
    hook = body(schema={"$ref": "#/components/schemas/A"})
    file = written(tmp_path, document(webhooks={"a": {"post": hook}}, components={"schemas": schemas}))
    with pytest.raises(ContractError, match="in a ring"):
        read_contract(file)


def test_schema_that_is_recursive_through_files_is_read(tmp_path):
    (tmp_path / "b.yaml").write_text(
        textwrap.dedent("""
            Tree: {type: object, properties: {next: {$ref: 'b.yaml#/Tree'}, name: {type: string}}}
        """)
    )
    file = written(tmp_path, document(webhooks={"a": {"post": body(schema={"$ref": "b.yaml#/Tree"})}}))
    assert read_contract(file).callbacks[0].member("/next/next/name") is not None


def test_references_lead_to_files_below_the_root_that_is_named(tmp_path):
    (tmp_path / "api").mkdir()
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "c.json").write_text(json.dumps({"A": {"type": "object"}}))
    ref = {"content": {"application/json": {"schema": {"$ref": "../common/c.json#/A"}}}}
    file = written(tmp_path / "api", document(webhooks={"a": {"post": {"requestBody": ref}}}))
    assert names(read_contract(file, below=tmp_path)) == ["a"]
    with pytest.raises(ContractError, match=r"leaves the folder(.|\n)*--refs-below"):
        read_contract(file)
    with pytest.raises(ContractError, match="leaves the folder"):
        read_contract(file, below=tmp_path / "api")
    with pytest.raises(ContractError, match="no such folder"):
        read_contract(file, below=tmp_path / "nowhere")


def test_symbolic_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "outside.yaml").write_text("A: {type: object}")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    file = written(inside, document(webhooks={"a": {"post": body(schema={"$ref": "link.yaml#/A"})}}))
    with pytest.raises(ContractError, match="leaves the folder"):
        read_contract(file)


def test_standard_input_is_read(monkeypatch):
    import io

    raw = io.BytesIO(json.dumps(document(webhooks={"a": {"post": OPERATION}})).encode())
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": raw}))
    assert names(read_contract("-")) == ["a"]


# Bad input


def test_swagger_2_is_told_what_converts_it(refused):
    assert "swagger2openapi" in refused({"swagger": "2.0", "info": INFO, "paths": {}})


@pytest.mark.parametrize("value", [{"asyncapi": "3.0.0"}, {"openapi": "4.0.0"}, {"a": 1}, [], "text", None])
def test_other_documents_are_refused(refused, value):
    assert "contract.json" in refused(value)


def test_aliases_that_grow_without_measure_are_refused(tmp_path):
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    file = tmp_path / "bomb.yaml"
    file.write_text("openapi: 3.1.0\n" + "\n".join(lines))
    with pytest.raises(ContractError, match="aliases stand for more than"):
        read_contract(file)


def test_alias_inside_itself_is_refused(tmp_path):
    file = tmp_path / "ring.yaml"
    file.write_text("openapi: 3.1.0\nx-a: &a [*a]\n")
    with pytest.raises(ContractError):
        read_contract(file)


def test_huge_file_is_refused_by_its_size(tmp_path):
    file = tmp_path / "huge.json"
    with file.open("wb") as out:
        out.truncate(200 * 2**20)
    with pytest.raises(ContractError, match="larger than 32 MiB"):
        read_contract(file)


def test_folder_is_no_document(tmp_path):
    with pytest.raises(ContractError, match="a folder"):
        read_contract(tmp_path)


def test_tab_before_a_comment_is_read(tmp_path):
    file = tmp_path / "tabs.yaml"
    body = "requestBody: {content: {application/json: {schema: {type: object}}}}"
    file.write_text(
        f"openapi: 3.1.0\t# one\n\t# two\ninfo: {{title: t}}\n\t\nwebhooks:\n  a:\n    post:\n \t# c\n      {body}\n"
    )
    assert names(read_contract(file)) == ["a"]


def test_members_and_a_body_are_made_only_where_the_reading_depends_on_them(read, monkeypatch):
    from callback_contract.openapi.reading import reader

    tried = []
    monkeypatch.setattr(reader, "sample_of", lambda *_, **__: tried.append(1))
    either = body(schema={"oneOf": [{"type": "object"}, {"type": "object"}]})
    callbacks = read(document(webhooks={"plain": {"post": OPERATION}, "either": {"post": either}})).callbacks
    assert len(tried) == 2  # the one with alternatives: as they are, and overlapping
    assert not any("members" in vars(callback) for callback in callbacks)
