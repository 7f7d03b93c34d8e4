"""Fast decoding of deliveries: pointers, media types and bodies give the results of the slow way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callback_contract.mock_server.receiver.receiver import Request
from callback_contract.mock_server.receiver.state import States
from callback_contract.mock_server.validation.validator import Validator
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi import load_contract
from callback_contract.openapi.documents import json_pointer as jp

VALUES = st.recursive(
    st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("a01"), inner),
)


def found(look, *arguments):
    try:
        return look(*arguments)
    except LookupError:
        return LookupError


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(value=VALUES, pointer=st.sampled_from(["", "/a", "/0", "/a/0", "/a/a", "/0/1", "/a~1b"]))
def test_prepared_pointer_reaches_what_the_pointer_reaches(value, pointer):
    assert found(jp.getter(pointer), value) == found(jp.get, value, pointer)


@pytest.mark.parametrize(
    ("value", "media_type", "charset"),
    [
        ("application/json", "application/json", ""),
        ("Application/JSON ; Charset=UTF-8", "application/json", "utf-8"),
        ('application/json; charset="utf-8"', "application/json", "utf-8"),
        ("application/json;charset=latin-1;x=y", "application/json", "latin-1"),
        ("", "", ""),
        ("nonsense; charset", "nonsense", ""),
        ("text/plain\u00e9", "text/plain\u00e9", ""),
    ],
)
def test_media_type_and_charset_are_read(value, media_type, charset):
    received = Request("POST", "/", [(b"Host", b"x"), (b"CONTENT-type", value.encode("latin-1"))], b"")
    assert (received.media_type, received.charset) == (media_type, charset)
    assert received.headers == (("Host", "x"), ("CONTENT-type", value))


def test_first_of_two_media_types_counts():
    received = Request("POST", "/", [(b"content-type", b"a/b"), (b"Content-Type", b"c/d")], b"")
    assert received.media_type == "a/b"


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(
    body=st.lists(st.sampled_from(["{", "}", "[", "]", '"a":', '"é"', "1", ",", " ", "\n", "NaN", "tru"])).map("".join)
)
def test_body_is_decoded_as_by_the_standard_library(body):
    try:
        expected = json.loads(body, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        with pytest.raises(Unparsable):
            decode(body.encode())
    else:
        assert decode(body.encode()) == expected


@pytest.mark.parametrize("levels", [251, 255, 256, 300, 960, 1_000, 50_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[ {"\\ud800":', b"}\n]")])
def test_deep_nesting_is_refused_at_any_depth(levels, opening, closing):
    times = levels if opening == b"[" else (levels + 1) // (1 + opening.count(b"["))
    body = opening * times + b"1" + closing * times
    with pytest.raises(Unusable, match="too deeply"):
        decode(body)
    assert Validator(load_contract()).assess(body).kind == "depth"


def test_many_brackets_side_by_side_and_in_texts_are_not_deep():
    body = json.dumps([["[" * 300 + '"' + "{" * 300]] * 300).encode()
    assert decode(body) == json.loads(body)
    assert decode(b"[" * 250 + b"]" * 250)


def test_states_of_large_bodies_take_no_more_memory_than_those_of_many_small_ones(monkeypatch):
    monkeypatch.setattr("callback_contract.mock_server.receiver.state._MOST_BYTES", 10_000)
    callback = load_contract().callbacks[0]
    facts, states = callback.delivery, States()
    for number in range(20):
        for state in facts.order.states[:2]:
            value = {facts.correlation[1:]: str(number), facts.state[1:]: state}
            states.apply(callback, value, 3_000)
    assert [number for number in range(20) if states.get(str(number))] == [17, 18, 19]
    assert states.get("19").applied == 2
