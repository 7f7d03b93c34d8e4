"""Labels of cases: what is special about a stimulus is a text, in Chinese without an English word of the kit's."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.model.cases import Sample
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.runner.collection import collect_tests
from callback_contract.mock_server.signing import KINDS, SPELLINGS, load_scheme
from callback_contract.mock_server.wire import json_spelling
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.message import Text

STIMULI = {test.stimuli for test in collect_tests().values()}
FEW_DRAWN = replace(DEPTHS["thorough"], contents=2, negations=2, boundaries=0)
SIGNED = replace(load_scheme("standard-webhooks"), key_env=("OLD", "NEW"))
NAMES = {
    *"ASCII CRLF ESC GB HTML ID JSON Latin NUL SQL UTF XML emoji script shell".split(),
    *"Agent True User false null true xFF".split(),
}
"""Words that Chinese has from English, and names of values, headers and encodings."""
THEIRS = with_schema(
    {
        "type": "object",
        "required": ["title", "count"],
        "properties": {
            "title": {"type": "string"},
            "count": {"type": "integer"},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "more": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
)


def ours(_):
    return load_contract()


def theirs(tmp_path):
    return read_contract(written(tmp_path, THEIRS))


def labels_of(contract):
    for callback in contract.callbacks:
        recorded = (Sample("s.jsonl", None, Delivery(callback.name, "POST", (), b"")),)
        scope = Scope(callback, FEW_DRAWN, 0, signature=SIGNED, samples=recorded)
        for stimuli in STIMULI:
            with contextlib.suppress(NotApplicable):
                yield from (case.label for case in stimuli(scope))


@pytest.mark.parametrize("contract", [ours, theirs])
def test_label_has_no_english_word_in_chinese_but_what_it_quotes(contract, tmp_path):
    labels = set(labels_of(contract(tmp_path)))
    assert {type(label) for label in labels} == {Text}
    said = {label: label.with_words(lambda _: "").in_language("zh") for label in labels}
    english = {label: text for label, text in said.items() if set(re.findall("[A-Za-z]{2,}", text)) - NAMES}
    assert len(labels) > 300
    assert english == {}


@pytest.mark.parametrize(
    "name", [*(f"seal.{kind}" for kind in KINDS + SPELLINGS), *(f"spelling.{name}" for name in json_spelling.SPELLINGS)]
)
def test_seal_and_spelling_are_described(name):
    assert Text(name).in_language("zh") != Text(name)
