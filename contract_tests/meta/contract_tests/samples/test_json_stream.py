"""JSON stream: it finds what an archive holds wherever it stands, and refuses what is no JSON as the whole would be."""

from __future__ import annotations

import io
import json
import sys

import pytest

from callback_contract.contract_tests.samples import json_stream
from callback_contract.contract_tests.samples.har import _entries
from callback_contract.contract_tests.samples.json_stream import JsonStream


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"log": {"pages": [{"a": [1]}], "entries": [], "entries" : [ 1 ,2 ]}, "b": 1}', [1, 2]),
        ('{"entries": [1], "log": {"entries": [3 ]}}', [3]),
    ],
)
def test_entries_are_found_wherever_they_stand(text, names):
    assert list(_entries(JsonStream(io.StringIO(text), 100))) == names


@pytest.mark.parametrize(
    ("text", "line"), [("[1,\n2", 2), ("[1\n 2]", 2), ('[1,\n\n{"a" 1}]', 3), ("[1,]", 1), ("[tru", 1), ('["a\n"]', 1)]
)
def test_broken_stream_tells_its_line(text, line):
    with pytest.raises(json.JSONDecodeError) as caught:
        list(JsonStream(io.StringIO(text), 100).items())
    assert caught.value.lineno == line


@pytest.mark.parametrize("size", range(1, 8))
def test_values_may_end_anywhere_in_what_was_read(monkeypatch, size):
    monkeypatch.setattr(json_stream, "_CHUNK", size)
    values = [12.5e-3, "\\ud83d\\ude00 \\n", [True, {"a": None}], -7, {}, "", False]
    text = json.dumps(values, indent=1)
    assert list(JsonStream(io.StringIO(text), 1000).items()) == values


def test_blanks_are_passed_over_without_a_step_for_each():
    steps = []

    def step(*_):
        steps.append(None)
        return step

    stream, before = JsonStream(io.StringIO(" \t\r\n" * 20_000 + "1"), 100), sys.gettrace()
    sys.settrace(step)
    try:
        found = stream.peek()
    finally:
        sys.settrace(before)
    assert (found, stream.line) == ("1", 20_001) and len(steps) < 1000
