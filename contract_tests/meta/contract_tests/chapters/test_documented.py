"""Documented response: a body that the compiled schema accepts passes Schemathesis' checks, too."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.chapters.checks.documented_response import (
    answer_flaws,
    explained_flaws,
    is_plainly_documented,
)
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Response
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.model import DocumentedResponse as Documented

CALLBACK = load_contract().callbacks[0]
STRICT = {
    "type": "object",
    "required": ["ok"],
    "properties": {"ok": {"type": "boolean"}, "at": {"type": "string", "format": "date-time"}},
}
CALLBACKS = [
    CALLBACK,
    dataclasses.replace(CALLBACK, answer=Documented(200, "application/json", STRICT)),
    dataclasses.replace(CALLBACK, answer=Documented(200, "application/json", {"enum": [{}, [], 1, "ok"]})),
    dataclasses.replace(CALLBACK, answer=Documented(200, "text/plain", {"type": "string"})),
]
TYPES = ["application/json", "application/json; charset=utf-8", "Application/JSON", "text/plain", "application/json;;"]


def exchange(body, *media_types, status=200, **headers):
    pairs = tuple(("Content-Type", text) for text in media_types) + tuple(headers.items())
    delivery = Delivery(callback=CALLBACK.name, method="POST", headers=(), body=b"{}")
    return Exchange(delivery, Response(status, "OK", pairs, body), "", "", 0.0)


bodies = st.one_of(
    st.sampled_from([b"{}", b"", b"ok", b"{", b'{"ok": true}', b'{"ok": 1}', b'{"ok":true,"at":"x"}', b"NaN", b"\xff"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["ok", "at", "x"]), inner),
        max_leaves=4,
    ).map(lambda value: json.dumps(value).encode()),
)


@given(bodies, st.lists(st.sampled_from(TYPES), max_size=2), st.sampled_from(CALLBACKS))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_what_is_accepted_at_once_has_no_flaw(body, media_types, callback):
    told = exchange(body, *media_types)
    if is_plainly_documented(told.answer, callback):
        assert explained_flaws(told, told.answer, callback) == ""


def test_the_documented_answer_is_accepted_at_once():
    assert is_plainly_documented(exchange(b"{}", "application/json").answer, CALLBACK)


@pytest.mark.parametrize(
    ("body", "media_type"), [(b"[]", "application/json"), (b"{}", "text/html"), (b"ok", "application/json")]
)
def test_another_body_is_explained(body, media_type):
    assert answer_flaws(exchange(body, media_type), CALLBACK)


def test_what_an_answer_may_not_have_is_left_to_the_checks():
    schema = {"type": "object", "properties": {"v": {"type": "string", "writeOnly": True}}}
    callback = dataclasses.replace(CALLBACK, answer=Documented(200, "application/json", schema))
    assert not is_plainly_documented(exchange(b'{"v":"x"}', "application/json").answer, callback)
    assert answer_flaws(exchange(b'{"v":"x"}', "application/json"), callback)


def test_an_encoded_body_is_left_to_the_checks():
    assert not is_plainly_documented(exchange(b"{}", "application/json", **{"Content-Encoding": "x"}).answer, CALLBACK)


def test_text_of_an_answer_is_held_against_no_pattern_that_may_take_long():
    schema = {"type": "object", "properties": {"v": {"type": "string", "pattern": r"^(a|aa)+\1$"}}}
    callback = dataclasses.replace(CALLBACK, answer=Documented(200, "application/json", schema))
    told = exchange(b'{"v":"x"}', "application/json")
    assert is_plainly_documented(told.answer, callback) and not explained_flaws(told, told.answer, callback)
    assert answer_flaws(exchange(b'{"v":1}', "application/json"), callback)


def test_a_body_of_an_unknown_coding_is_not_judged():
    assert answer_flaws(exchange(b"?", "application/json", **{"Content-Encoding": "br"}), CALLBACK) == ""
