"""Callback discovery: every operation is judged or set aside with place and reason, whatever form its carrier has."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.openapi.cli.contract_options import contracts_read_alike
from callback_contract.openapi.reading import read_contract

OPERATION = {
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {"200": {"description": ""}},
}
OTHER = {**OPERATION, "requestBody": {"content": {"application/json": {"schema": {"type": "array"}}}}}
URL = "{$request.body#/url}"


def subscribing(callbacks, method="post"):
    return {"paths": {"/subscribe": {method: {"callbacks": callbacks}}}}


@pytest.fixture
def read(tmp_path):
    """The names of the callbacks that are judged, and of those set aside with the reason."""

    def load(**members):
        found = read_contract(
            written(tmp_path, {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, **members})
        )
        return [callback.name for callback in found.callbacks], {name: str(why) for name, why in found.set_aside}

    return load


@pytest.mark.parametrize(
    "members",
    [
        {"x-webhooks": {"a": {URL: {"post": OPERATION}}}},
        {"webhooks": {"a": {URL: {"post": OPERATION}}}},
        {"webhooks": {"a": {"POST": OPERATION}}},
        subscribing({"a": {"post": OPERATION}}),
        subscribing({"a": {URL: {"Post": OPERATION}}}, "POST"),
        subscribing({"a": {"description": "of the callback", URL: {"post": OPERATION}}}),
        {"webhooks": {"a": {"post": OPERATION}}, "x-webhooks": {"a": {"post": OPERATION}}},
    ],
)
def test_callback_is_found_once_in_every_form(read, members):
    assert read(**members) == (["a"], {})


def test_callback_of_a_callback_is_found(read):
    outer = {**OPERATION, "callbacks": {"inner": {URL: {"post": OTHER}}}}
    assert read(**subscribing({"outer": {URL: {"post": outer}}}))[0] == ["outer", "inner"]


def test_operation_beside_an_expression_is_found_too(read):
    assert read(**{"x-webhooks": {"a": {"post": OPERATION, URL: {"post": OTHER}}}})[0] == ["a", "a-post"]


@pytest.mark.parametrize("entry", [{}, {"summary": "nothing"}, {URL: {}}])
def test_entry_without_an_operation_is_set_aside(read, entry):
    judged, aside = read(webhooks={"a": {"post": OPERATION}}, **subscribing({"hollow": entry}))
    assert judged == ["a"] and "no operation stands there" in aside["hollow"]


def test_other_form_of_a_webhook_in_x_webhooks_is_set_aside(read):
    judged, aside = read(**{"webhooks": {"a": {"post": OPERATION}}, "x-webhooks": {"a": {"post": OTHER}}})
    assert judged == ["a"] and "/webhooks/a/post" in aside["a"]


def test_list_of_callbacks_is_set_aside(read):
    _, aside = read(webhooks={"a": {"post": OPERATION}}, **subscribing([{"b": {}}]))
    assert "not an object" in aside["callbacks"]


def test_extension_among_callbacks_is_none_unless_it_has_an_operation(read):
    entries = {"a": {"post": OPERATION}, "x-event": {"post": OTHER}, "x-sdk": ["b"], "x-more": {"of": "a tool"}}
    assert read(**{"x-webhooks": entries}) == (["a", "x-event"], {})


def test_name_without_a_method_is_of_post_wherever_it_stands(read):
    item = {"delete": OTHER, "post": OPERATION}
    assert read(webhooks={"a": item})[0] == ["a", "a-delete"]


def test_xml_alone_is_set_aside(read):
    xml = {"requestBody": {"content": {"application/xml": {"schema": {"type": "object"}}}}}
    judged, aside = read(webhooks={"a": {"post": OPERATION}, "x": {"post": xml}})
    assert judged == ["a"] and "application/xml" in aside["x"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"x-webhooks": {"b": {"post": OPERATION}}},
        subscribing({"b": {URL: {"post": OPERATION}}}),
        {"components": {"callbacks": {"b": {URL: {"post": OPERATION}}}}},
    ],
)
def test_comparison_and_documentation_read_what_stands_beside_webhooks(tmp_path, elsewhere):
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": {"a": {"post": OPERATION}}}
    (contract,) = contracts_read_alike([written(tmp_path, {**document, **elsewhere})])
    assert [callback.name for callback in contract.callbacks] == ["a", "b"]
