"""Fast validation and error details: the same verdict on the same bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.mock_server.validation.error_details import ErrorDetails
from callback_contract.mock_server.validation.validator import Validator
from callback_contract.mock_server.wire.json_spelling import SPELLINGS, encode
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi import load_contract

CONTRACT = load_contract()
CALLBACK = CONTRACT.callbacks[0]
SCOPE = Scope(CALLBACK, DEPTHS["quick"], 0)
ASSESSOR = Validator(CONTRACT)
EXPLAINER = ErrorDetails(CONTRACT)
BODIES = st.sampled_from([*SCOPE.contents, *(b for b in SCOPE.negations if isinstance(b, dict)), SCOPE.plain])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from([member.pointer[1:] for member in CALLBACK.members[1:]])


@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(body=BODIES, name=NAMES, value=JSON, drop=st.booleans())
def test_both_validators_decide_alike(body, name, value, drop):
    changed = {key: item for key, item in body.items() if not (drop and key == name)}
    if not drop:
        changed[name] = value
    try:
        decoded = decode(encode(changed))
    except (Unparsable, Unusable):
        return
    fits = any(callback is CALLBACK for callback in ASSESSOR._fitting(decoded))  # with its shortcut
    assert fits == (not EXPLAINER.explain(CALLBACK, decoded))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_means_the_same(spelling):
    value = {"text": "a/b é 中 😀 \u2028", "list": [1, 2.5, None, True, {}], "": ""}
    assert decode(encode(value, spelling)) == value


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"a":1,}', "syntax"),
        (b'{"a":1', "truncated"),
        (b'{"a":"x', "truncated"),
        (b"{}{}", "second document"),
        (b'{"a":"\xff"}', "encoding"),
        (b"\xef\xbb\xbf{}", "bom"),
        (b'{"a":NaN}', "not a number"),
        (b"hello", "syntax"),
    ],
)
def test_unparsable_body_is_called_by_its_kind(body, kind):
    with pytest.raises(Unparsable) as caught:
        decode(body)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b'{"a":"\\ud83d"}', "surrogate"), (b"9" * 5000, "digits"), (b"[" * 100_000 + b"]" * 100_000, "depth")],
)
def test_unusable_value_is_called_by_its_kind(body, kind):
    with pytest.raises(Unusable) as caught:
        decode(body)
    assert caught.value.kind == kind


def test_rejection_names_every_pointer():
    body = {**SCOPE.plain}
    first, second = CALLBACK.members[1].pointer, CALLBACK.members[2].pointer
    del body[first[1:]]
    body[second[1:]] = 7
    violations = ASSESSOR.assess(encode(body)).violations
    assert [violation.pointer for violation in violations] == ["", second]
