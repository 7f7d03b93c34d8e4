"""Contract patterns: one that backtracks blocks nothing, and all engines agree on it."""

from __future__ import annotations

import json
import math
import random
import re
import sys
import time
import urllib.error
import urllib.request
from itertools import product

import jsonschema_rs
import pytest

from callback_contract.contract_tests.generation.bounds import drawable, generative
from callback_contract.contract_tests.generation.notes import contract_notes
from callback_contract.contract_tests.generation.pattern_texts import texts_of, without_wild_patterns
from callback_contract.contract_tests.meta.support.foreign import read_schema
from callback_contract.contract_tests.meta.support.processes import mock_running, run_program
from callback_contract.mock_server.validation.validator import Validator
from callback_contract.openapi.contract.determinism import is_deterministic
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.patterns import longest_text, matches, validator_of
from callback_contract.openapi.linting.linter import lint_contract
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.message import Text

WILD = "^(a+)+$"
ANNOTATED = r"^(a|aa)+\1$"
BAD = "a" * 18 + "!"  # a quarter of a second for Python's engine, and for ever with twice as many
STEP = {"type": "object", "required": ["a"]}
RUNAWAY = [
    *(WILD, "^(a|aa)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "^(.*)*,$", "^(a*)*b", "^(a|a)*b$"),
    *(r"^(\w+\s?)*$", "a?" * 60 + "a" * 60, r"^(a|aa)+\1$", "^(?=(.+)+;)(.+)$", "^(?:(?:a|aa)+c|(?:a|aa)+b)$"),
    *("^(?:x(?:a?)*)*y$", "^(?:x(?:(?:a?)?))*y$", "^(?:a?){100}b$", "^(?:(?:a|b){0,9}){0,9}c$"),
]
HELD = [
    *("^(?!foo).+$", r"^(?=.*[A-Z])(?=.*\d)[A-Za-z\d]{8,}$", "^(?:(?!<script).)*$", r"(?<!\d)\d{4}(?!\d)"),
    *("^(?!foo)(a+)+$", r"^[^@]+@(?!example\.)[a-z.]+$", "^(?:(?!x).){1,255}$", "^.*(?<!bar)$"),
]
NOT_HELD = Text("fault.expression-not-held")

ANNOTATIONS = [
    *("^(?:a|a(?!b)|a)+$", ANNOTATED, "^(?:(?!.*x).)*$", "(?=.*x)a", "a*(?!b)c", "^a*(?=.*x)b", "^(?=(?=.*x)a)b"),
    *(r"^(a?)\1*$", "^b(?=a(?!c))", "^(?:(?!" + "a{1,99}" * 9 + "b).)*$", "^a(?!b)(c+)+$", "(?i)^a(?!b)"),
]
LOOKING = ["(?!ab)x", "x(?<!bx)", "(?=[^a])x", "x(?!a{1,9}b)"]
TAME = [
    *("^[a-z]+$", "^[a-z]+(-[a-z]+)*$", r"^\+[1-9]\d{6,14}$", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    *(r"^\d{4}-\d\d-\d\d$", "^https?://.+$", "^[A-Za-z0-9+/]*={0,2}$", "^(ab|cd)?$", "^.{1,64}$"),
]
SCHEMAS = {
    "pattern": {**STEP, "properties": {"a": {"type": "string", "pattern": WILD}}},
    "patternProperties": {**STEP, "patternProperties": {WILD: {"type": "string"}}},
    "additionalProperties": {
        **STEP,
        "patternProperties": {WILD: {"type": "string"}},
        "additionalProperties": {"type": "integer"},
    },
    "unevaluatedProperties": {
        **STEP,
        "allOf": [{"patternProperties": {WILD: {"type": "string"}}}, {"$ref": "#/components/schemas/B"}],
        "unevaluatedProperties": {"type": "integer"},
    },
    "propertyNames": {**STEP, "propertyNames": {"pattern": WILD}},
    "not": {**STEP, "not": {"patternProperties": {WILD: {"type": "string"}}, "additionalProperties": False}},
    "back-reference": {**STEP, "properties": {"a": {"type": "string", "pattern": ANNOTATED}}},
}
ANNOTATING = {
    "not an annotation": {**STEP, "not": {"properties": {"a": {"pattern": ANNOTATED}}}},
    "if an annotation": {
        **STEP,
        "if": {"properties": {"a": {"pattern": ANNOTATED}}},
        "then": {"required": ["b"]},
        "else": {"required": ["aa"]},
    },
    "one annotation of two": {**STEP, "properties": {"a": {"oneOf": [{"pattern": ANNOTATED}, {"type": "string"}]}}},
    "names of an annotation": {
        **STEP,
        "allOf": [{"patternProperties": {ANNOTATED: {"type": "string"}, "^a": {"type": "string"}}}],
        "unevaluatedProperties": False,
    },
    "look-ahead": {**STEP, "properties": {"a": {"type": "string", "pattern": "^(?:(?!!).)*$"}}},
}
BODIES = [
    *({"a": "aa"}, {"a": BAD}, {"a": 1}, {"a": "a\n"}, {}, {"a": "aa", "aa": "x"}, {"a": "aa", "aa": 1}),
    *({"a": "aa", BAD: 1}, {"a": "aa", BAD: "x"}, {"a": "aa", "b": "x"}, {"a": "aa", "b": 1}),
]


def written(folder, schema):
    content = {"application/json": {"schema": schema}}
    operation = {"requestBody": {"content": content}, "responses": {"200": {"description": "taken"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "hostile", "version": "1"},
        "webhooks": {"e": {"post": operation}},
    }
    document["components"] = {"schemas": {"B": {"patternProperties": {"^b": {"type": "string"}}}}}
    file = folder / "contract.json"
    file.write_text(json.dumps(document))
    return file


@pytest.mark.parametrize("keyword", [*SCHEMAS, *ANNOTATING])
def test_both_validators_decide_alike_by_patterns(keyword, tmp_path):
    contract = load_contract(written(tmp_path, (SCHEMAS | ANNOTATING)[keyword]))
    assessor, callback = Validator(contract), contract.callbacks[0]
    accepts = assessor._compiled.validator(callback).is_valid
    decided = [accepts(body) for body in BODIES]
    assert set(decided) == {True, False}
    assert [not assessor._explainer.explain(callback, body) for body in BODIES] == decided


@pytest.mark.parametrize("pattern", [*TAME, *HELD, *(each for each in RUNAWAY if each != ANNOTATED)])
def test_pattern_that_takes_linear_time_is_held_against_texts(pattern):
    assert longest_text(pattern) > 10_000


@pytest.mark.parametrize("pattern", ANNOTATIONS)
def test_pattern_that_may_take_long_is_an_annotation(pattern):
    assert not longest_text(pattern)


def test_many_texts_take_no_longer_than_one(tmp_path):
    item = {"oneOf": [{"pattern": "^(?:a|a(?!b)|a)+$"}, {"type": "string"}]}
    contract = load_contract(written(tmp_path, {"type": "array", "items": item}))
    body = json.dumps(["a" * 12 + f"!{number}" for number in range(2000)]).encode()
    begun = time.thread_time()
    assert Validator(contract).assess(body).accepted
    assert time.thread_time() - begun < 1  # a millisecond; the ways to match these texts take twenty seconds


@pytest.mark.parametrize("length", [60_000, 333_000, 1_048_000])
def test_right_text_is_accepted_up_to_the_largest_body(length):
    held = validator_of({"pattern": "^(?:(?!<script).)*$"})
    assert held.is_valid("a" * length)
    assert not held.is_valid("a" * min(length, 300_000) + "<script")


def some_schema(chance, depth=3):
    if not depth or chance.random() < 0.3:
        pattern = chance.choice([ANNOTATED, "^b", "^(?:(?!b).)*$"])
        return chance.choice(
            [{"pattern": pattern}, {"patternProperties": {pattern: {"type": "string"}}}, {"minLength": 2}]
        )
    inner = [some_schema(chance, depth - 1) for _ in range(3)]
    return chance.choice(
        [
            *({"oneOf": inner}, {"not": inner[0]}, {"if": inner[0], "then": inner[1], "else": inner[2]}),
            *({"contains": inner[0], "maxContains": 1}, {"$ref": "#/$defs/named"}, {"not": {"$ref": "#/$defs/named"}}),
            {"allOf": inner, chance.choice(["additionalProperties", "unevaluatedProperties"]): chance.choice(inner)},
            {"anyOf": inner[:2], "properties": {"a": inner[2]}},
        ]
    )


def test_nothing_that_the_contract_accepts_is_refused_for_an_annotation():
    chance, loosened = random.Random(4), 0
    texts = ["aa", "aaa", "b", "ab", "abc", ""]
    objects = [{name: value} for name, value in product(texts, ["aa", "b", 1])]
    bodies = [*texts, *map(list, product(texts, texts)), *objects]
    for _ in range(600):
        schema = {**some_schema(chance), "$defs": {"named": some_schema(chance, 0)}}
        whole, held = jsonschema_rs.validator_for(schema), validator_of(schema)
        decided = [(whole.is_valid(body), held.is_valid(body)) for body in bodies]
        assert (True, False) not in decided, schema
        loosened += (False, True) in decided
        if json.dumps(ANNOTATED) not in json.dumps(schema):
            assert (False, True) not in decided, schema
    assert loosened > 100


def test_each_reading_notes_an_annotation_once(tmp_path):
    member = {"type": "string", "pattern": ANNOTATED}
    schema = {**STEP, "properties": {"a": member, "value": member}, "patternProperties": {ANNOTATED: {}}}
    file = written(tmp_path, schema)
    for contract in (load_contract(file), read_contract(file)):
        assert [note.text.count(NOT_HELD) for note in contract_notes(contract)] == [1]
        assert "/schema/" in contract.notes[0] and "at 2 more" in contract.notes[0]
    noted = [remark for remark in lint_contract(file) if remark.what == NOT_HELD]
    assert [remark.level for remark in noted] == ["note"] * 3


def test_annotation_is_kept_where_texts_are_made_up(tmp_path):
    contract = load_contract(written(tmp_path, {**STEP, "properties": {"a": {"type": "string", "pattern": ANNOTATED}}}))
    drawn = generative(contract.callbacks[0])["properties"]["a"]["enum"]
    assert drawn and all(re.fullmatch(ANNOTATED, text) for text in drawn)


def test_chance_draws_texts_in_the_place_of_patterns_that_no_other_schema_meets(tmp_path):
    alone, shared = {"type": "string", "pattern": "^[a-z]{3}$"}, {"type": "string", "pattern": "^[a-f]+$"}
    both = {"allOf": [{"$ref": "#/components/schemas/Shared"}, {"type": "string", "pattern": "^.{4}$"}]}
    schema = {**STEP, "properties": {"a": alone, "both": both}}
    callback = read_schema(tmp_path, schema, schemas={"Shared": shared})
    assert re.findall(r'"pattern": "(.*?)"', json.dumps(drawable(callback))) == ["^.{4}$", "^[a-f]+$"]
    assert validator_of(generative(callback)).is_valid({"a": "xyz"})
    assert not validator_of(drawable(callback)).is_valid({"a": "not a text of it"})


def test_texts_in_the_place_of_several_patterns_meet_them_all():
    parts = [{"pattern": WILD}, {"pattern": "^a{2,5}$"}]
    made = without_wild_patterns({"type": "string", "allOf": parts})
    (listed,) = made["allOf"]
    assert listed["enum"] and all(matches(p["pattern"], text) for p in parts for text in listed["enum"])


def test_refusal_never_waits_for_its_explanation(tmp_path):
    file = written(tmp_path, {"allOf": [schema for keyword, schema in SCHEMAS.items() if keyword != "not"]})
    long = "a" * 60 + "!"
    with mock_running("--contract", str(file)) as (_, url):
        for content, status in (({"a": long, long: "x", "b": 1}, 422), ({"a": long, "aa": 1}, 422), ({"a": "aa"}, 200)):
            body = json.dumps(content).encode()
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
            try:
                answered = urllib.request.urlopen(request, timeout=30).status
            except urllib.error.HTTPError as error:
                answered = error.code
            assert answered == status


def test_check_ends_whatever_patterns_a_contract_has(tmp_path):
    members = {f"m{number}": {"type": "string", "pattern": pattern} for number, pattern in enumerate(RUNAWAY)}
    schema = {"type": "object", "required": ["m0"], "properties": members, "patternProperties": {"^(n|n)*$": {}}}
    command = [
        sys.executable,
        "-m",
        "callback_contract.contract_tests",
        "check",
        "--contract",
        str(written(tmp_path, schema)),
    ]
    command += ["--rules", "ACK,PAY", "--verbose"]
    run = run_program(command, timeout=150)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "pass            PAY-" in run.stdout


@pytest.mark.parametrize("pattern", RUNAWAY)
def test_pattern_that_can_run_away_is_no_generators(pattern):
    assert not is_deterministic(pattern)


@pytest.mark.parametrize("pattern", TAME)
def test_usual_pattern_is_drawn_as_before(pattern):
    assert is_deterministic(pattern)


@pytest.mark.parametrize("pattern", [*TAME, *RUNAWAY, r"^[^@\s]+@[^@\s]+\.[a-z]+$", "^(?!foo).+$"])
def test_texts_are_made_for_any_pattern(pattern):
    texts = texts_of({"pattern": pattern})
    assert texts and all(matches(pattern, text) for text in texts)


def test_texts_have_the_lengths_that_the_schema_wants():
    texts = texts_of({"pattern": "^(a|b)+$", "minLength": 30, "maxLength": 70})
    assert texts and all(30 <= len(text) <= 70 for text in texts)


def test_no_wild_pattern_reaches_a_generator():
    wild = {"type": ["string", "null"], "pattern": WILD}
    schema = {
        "properties": {"a": wild, "pattern": {"type": "string", "pattern": "^[a-z]+$"}},
        "allOf": [{"not": wild}, {"items": wild}, {"propertyNames": wild}, {"$defs": {"x": wild}}],
        "patternProperties": {WILD: {}, "^x": wild},
    }
    drawn = json.dumps(without_wild_patterns(schema))
    assert WILD not in drawn and re.findall(r'"pattern": "(.*?)"', drawn) == ["^[a-z]+$"]
    assert json.loads(drawn)["properties"]["a"]["enum"][-1] is None


def some_pattern(chance, depth=4):
    kind = chance.random()
    if not depth or kind < 0.35:
        return chance.choice(["a", "b", "[ab]", "[^a]", ".", r"\w", r"\d", "x"])
    if kind < 0.55:
        return some_pattern(chance, depth - 1) + some_pattern(chance, depth - 1)
    inside = some_pattern(chance, depth - 1)
    if kind < 0.7:
        return f"(?:{inside}|{some_pattern(chance, depth - 1)}{chance.choice(['', '|'])})"
    return f"(?:{inside}){chance.choice(['*', '+', '?', '{2}', '{0,3}', '*?', '{1,3}'])}"


def test_python_takes_no_time_for_a_deterministic_pattern():
    chance, tame = random.Random(1), 0
    for _ in range(1500):
        pattern = "^" + some_pattern(chance) + chance.choice(["$", "y$", ""])
        if is_deterministic(pattern):
            tame += 1
            for unit, end in product(("a", "b", "ab", "x", "aab", "1"), ("!", "", "\n")):
                begun = time.thread_time()
                re.search(pattern, unit * 28 + end)
                assert time.thread_time() - begun < 1, pattern  # 2^28 steps take a minute
    assert tame > 500


def test_pattern_with_look_around_is_decided_in_few_steps_for_each_character():
    chance, looked = random.Random(1), 0
    for _ in range(1500):
        pattern = "^" + some_pattern(chance).replace("x", chance.choice(LOOKING)) + "$"
        if longest_text(pattern) in {0, math.inf}:
            continue
        looked += 1
        few = jsonschema_rs.FancyRegexOptions(backtrack_limit=500 * 40)
        accepts = jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=few).is_valid
        for unit, end in product(("a", "b", "ab", "x", "aab", "1x"), ("!", "", "y")):
            text = unit * (36 // len(unit)) + end
            assert accepts(text) == bool(re.search(pattern, text)), (pattern, text)
    assert looked > 60
