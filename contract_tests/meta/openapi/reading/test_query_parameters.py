"""Callbacks without a body: their query parameters are what they say, and what may be no delivery is set aside."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.cli.export_command import export
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.comparing import compare
from callback_contract.openapi.contract.example_value import sample_of
from callback_contract.openapi.documenting.content.wire_example import as_curl, request_text
from callback_contract.openapi.documenting.export import as_openapi
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.reading.provider_facts import load_provider

TEXT = {"type": "string"}
FORM = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"id": TEXT}}}}


def parameter(name, schema=TEXT, *, where="query", required=True, **more):
    return {"name": name, "in": where, "required": required, "schema": schema, **more}


def operation(*parameters, **more):
    return {"parameters": list(parameters), "responses": {"200": {"description": ""}}, **more}


RECEIPT = operation(
    parameter("messageId"), parameter("status", {"enum": ["sent", "lost"]}), parameter("note", required=False)
)


@pytest.fixture
def read(tmp_path):
    def load(item, **options):
        document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": {"receipt": item}}
        document |= {"paths": document.pop("webhooks")} if options.get("paths") else {}
        return read_contract(written(tmp_path, document), **options)

    return load


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_query_parameters_are_the_members(read, method):
    (callback,) = read({method: RECEIPT}).callbacks
    assert callback.by_query and callback.method == method.upper()
    assert [member.pointer for member in callback.members[1:] if member.required] == ["/messageId", "/status"]
    assert callback.member("/note") and callback.member("/status").enum == ("sent", "lost")


def test_operation_comes_before_the_path_item_and_headers_stay_headers(read):
    own, shared = parameter("a", {"const": "own"}), [parameter("a", {"const": "shared"}), parameter("b")]
    item = {"get": operation(own, parameter("X-Event", where="header")), "parameters": shared}
    (callback,) = read(item).callbacks
    assert callback.schema["properties"]["a"] == {"const": "own"} and "b" in callback.schema["properties"]
    assert [header.name for header in callback.headers] == ["X-Event"]


def test_what_a_parameter_shows_is_sent(read):
    (callback,) = read({"get": operation(parameter("to", example="447700900000"))}).callbacks
    assert sample_of(callback.schema).value == {"to": "447700900000"}


@pytest.mark.parametrize(
    ("told", "written_as"),
    [
        ({"schema": {"type": "array", "items": TEXT}}, b"a=x&a=y"),
        ({"schema": {"type": "array", "items": TEXT}, "style": "pipeDelimited", "explode": False}, b"a=x%7Cy"),
        ({"schema": {"type": "array", "items": TEXT}, "explode": False}, b"a=x%2Cy"),
        ({"content": {"application/json": {"schema": {"type": "array"}}}}, b"a=%5B%22x%22%2C%22y%22%5D"),
    ],
)
def test_styles_are_those_of_parameters(read, told, written_as):
    from callback_contract.mock_server.wire.bodies import decode_body, encode_body

    (callback,) = read({"get": operation({"name": "a", "in": "query", **told})}).callbacks
    assert encode_body(callback, {"a": ["x", "y"]}) == written_as
    assert decode_body(callback, written_as) == {"a": ["x", "y"]}


def test_whole_query_string_is_a_form(read):
    whole = {"name": "all", "in": "querystring", "content": FORM}
    (callback,) = read({"get": operation(whole)}).callbacks
    assert callback.by_query and [member.pointer for member in callback.members] == ["", "/id"]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"head": RECEIPT}, "no request body"),
        ({"get": operation()}, "neither a request body nor a query parameter"),
        ({"delete": operation(parameter("X-Event", where="header"))}, "neither a request body nor a query parameter"),
        ({"post": {"requestBody": {"content": FORM}}, "get": operation()}, "neither a request body nor"),
        ({"get": operation(parameter("a", {"type": "object"}))}, "an object in a form"),
        ({"get": operation({"name": "q", "in": "querystring", "content": {"text/xml": {}}})}, "text/xml"),
        ({"post": {"requestBody": {"content": FORM}}, "get": RECEIPT}, "it may be a handshake"),
    ],
)
def test_what_is_no_delivery_is_set_aside(read, item, reason):
    contract = read(item | {"put": RECEIPT} if "post" not in item else item)
    ((_, told),) = contract.set_aside
    assert reason in told and len(contract.callbacks) == 1


def test_delivery_with_a_body_has_the_plain_name_and_the_one_beside_it_is_read_when_it_is_named(read):
    item = {"get": RECEIPT, "post": {"requestBody": {"content": FORM}}}
    assert [callback.name for callback in read(item).callbacks] == ["receipt"]
    (named,) = read(item, only=["receipt-get"]).callbacks
    assert named.by_query and named.method == "GET"


def test_pages_of_a_described_receiver_are_no_deliveries(read):
    contract = read({"post": {"requestBody": {"content": FORM}}, "get": operation()}, paths=True)
    assert [callback.method for callback in contract.callbacks] == ["POST"]


def test_facts_may_name_query_parameters(read):
    fact = {"provenance": "doc", "why": "w"}
    facts = {
        "correlation": {"value": "$request.query.messageId", **fact},
        "idempotency": {"value": ["$request.query.messageId", "/status"], **fact},
    }
    (callback,) = read({"get": RECEIPT | {"x-delivery": facts}}).callbacks
    assert callback.delivery.correlation == "/messageId"
    assert callback.delivery.idempotency == ("/messageId", "/status")
    (completed,) = read({"get": RECEIPT | {"x-delivery": facts}}, provider=load_provider("twilio")).callbacks
    assert (completed.delivery.deadline_s, completed.delivery.correlation) == (15, "/messageId")
    (named,) = read({"get": RECEIPT}).identified_by(["$request.query.note"]).callbacks
    assert named.identified_by == ("/note",)


def test_export_has_parameters_and_is_read_again_as_the_same(read, tmp_path):
    contract = read({"get": RECEIPT})
    made = as_openapi(contract)
    told = made["webhooks"]["receipt"]["get"]
    assert "requestBody" not in told and [each["in"] for each in told["parameters"]] == ["query"] * 3
    assert not compare(contract, read_contract(written(tmp_path, made, "exported.json")))
    file = str(written(tmp_path, made))
    text = invoke(export, ["--contract", file, "--as", "http"]).output
    assert "GET {{url}}?messageId=text&status=sent&note=text" in text


def test_documentation_shows_the_url(read):
    (callback,) = read({"get": RECEIPT}).callbacks
    assert request_text(callback).startswith("GET /callbacks?… HTTP/1.1") and "Content-Type" not in request_text(
        callback
    )
    assert as_curl(callback, {"messageId": "a b"}).endswith("\"$URL\"'?messageId=a+b'")


def test_members_that_move_into_the_query_break_a_receiver(read):
    form = {"post": {"requestBody": {"content": FORM, "required": True}}}
    query = {"post": operation(parameter("id", required=False))}
    told = [change.what for change in compare(read(form), read(query)) if change.level == "breaking"]
    assert any("parameters of the URL now" in what for what in told)
