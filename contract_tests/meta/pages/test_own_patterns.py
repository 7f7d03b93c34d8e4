"""Regular expressions of the kit on untrusted text: their time grows linearly."""

from __future__ import annotations

import ast
import re
import re._constants as op
import re._parser as parser
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LENGTHS = (24, 1024, 4096, 12 * 1024)
LONG = 48 * 1024  # shows it of beginnings of several characters, too
MOST_CPU_S = 0.25  # of this thread alone; the slowest takes a fifth of it, and one that grows with the square seconds
SEARCHING = {"search", "sub", "subn", "split", "findall", "finditer"}
ONE_OF_EACH = "a1A .:-_(<\n\\\"'{;,=[\x00\x7f\u05d0\u2028\u3040"


def own_patterns():
    """Every pattern that stands in the code, with its flags, and whether a text is searched for it."""
    for package in ("openapi", "mock_server", "contract_tests"):
        for file in sorted((ROOT / package).rglob("*.py")):
            if not {"meta", "receivers"} & set(file.relative_to(ROOT).parts):
                yield from patterns_in(file)


def patterns_in(file):
    source = file.read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and re.fullmatch(r"re\.\w+", ast.unparse(node.func)) and node.args):
            continue
        if not isinstance(node.args[0], ast.Constant):
            continue
        how, flags = {node.func.attr}, 0
        if how == {"compile"}:
            flags = eval(ast.unparse(node.args[1]), {"re": re}) if node.args[1:] else 0
            name = source.splitlines()[node.lineno - 1].partition(" = ")[0]
            how = set(re.findall(rf"\b{re.escape(name)}\.(\w+)\(", source)) or SEARCHING
        where = f"{file.relative_to(ROOT).as_posix()}:{node.lineno}"
        yield pytest.param(node.args[0].value, flags, bool(how & SEARCHING), id=where)


def shown(item):
    """A short text that a part of a parsed pattern matches."""
    code, value = item
    if code is op.LITERAL:
        return chr(value)
    if code in {op.NOT_LITERAL, op.ANY, op.IN}:
        return next((c for c in ONE_OF_EACH if matches_one(item, c)), "a")
    if code in INSIDE:
        first = "".join(map(shown, INSIDE[code](value)[0]))
        return "" if code in {op.ASSERT, op.ASSERT_NOT} else first * (max(1, value[0]) if code in REPEATS else 1)
    return ""


def matches_one(item, character):
    state = parser.parse("a")
    state.data = [item]
    return re._compiler.compile(state).match(character) is not None


REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
INSIDE = {
    **dict.fromkeys(REPEATS, lambda value: [value[2]]),
    **dict.fromkeys([op.ASSERT, op.ASSERT_NOT], lambda value: [value[1]]),
    op.SUBPATTERN: lambda value: [value[3]],
    op.BRANCH: lambda value: value[1],
    op.ATOMIC_GROUP: lambda value: [value],
}


def sequences(items):
    yield items
    for code, value in items:
        for inside in INSIDE[code](value) if code in INSIDE else ():
            yield from sequences(list(inside))


def beginnings(pattern, flags):
    """Each beginning of each part of a pattern, and each part itself."""
    for items in sequences(list(parser.parse(pattern, flags))):
        for index, (code, _) in enumerate(items, 1):
            if index in {1, len(items)} or code is not op.LITERAL:
                yield "".join(map(shown, items[:index]))
                yield shown(items[index - 1])


def hostile_texts(pattern, flags, length):
    """Texts that begin to match again and again."""
    units = sorted({"\n", " ", "a", "1", *beginnings(pattern, flags)} - {""}, key=len)
    for start in ("", *units[-4:]):
        for unit in units if not start else units[:4]:
            yield start + (unit * length)[:length] + "\x01"


OWN = list(own_patterns())


@pytest.mark.parametrize(("pattern", "flags", "searched"), OWN)
def test_pattern_never_runs_away(pattern, flags, searched):
    measure(pattern, flags, searched, LENGTHS)


@pytest.mark.slow
@pytest.mark.parametrize(("pattern", "flags", "searched"), OWN)
def test_pattern_never_runs_away_on_a_long_text(pattern, flags, searched):
    measure(pattern, flags, searched, [LONG])


def measure(pattern, flags, searched, lengths):
    compiled = re.compile(pattern, flags)
    in_bytes = isinstance(pattern, bytes)
    apply = compiled.search if searched else compiled.fullmatch
    for length in lengths:  # the short ones first, so that a bad pattern fails and does not hang
        for text in hostile_texts(pattern.decode("latin-1") if in_bytes else pattern, flags, length):
            begun = time.thread_time()
            apply(text.encode("latin-1", "replace") if in_bytes else text)
            assert time.thread_time() - begun < MOST_CPU_S, (length, text[:40])


def test_patterns_are_found_in_every_package():
    packages = {str(param.id).partition("/")[0] for param in OWN}
    assert packages == {"openapi", "mock_server", "contract_tests"}


@pytest.mark.parametrize("pattern", [r"#\d+ [^\n]*\.php", r"\[([^\]]*)\]\(", r"^(a+)+$"])
def test_pattern_that_runs_away_is_found(pattern):
    with pytest.raises(AssertionError, match="\\("):
        measure(pattern, re.MULTILINE, True, [*LENGTHS, LONG])
