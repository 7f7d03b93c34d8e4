"""Mutation testing: its lists name existing modules, tests and lines."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.scripts import mutation
from callback_contract.contract_tests.meta.support.processes import run_program

MODULES = {Path(module).stem: mutation._ROOT / module for module in mutation.GUARDED}


@pytest.mark.parametrize("module", mutation.GUARDED)
def test_module_that_decides_has_its_tests(module):
    assert (mutation._ROOT / module).is_file()
    assert all((mutation._TESTS / f"{name}.py").is_file() for name in mutation.GUARDED[module].split())


def test_survivor_with_a_reason_is_of_a_line_that_is_there():
    listed = mutation.listed()
    assert set(listed) <= set(MODULES)
    for module, rows in listed.items():
        lines = {line.strip() for line in MODULES[module].read_text("utf-8").splitlines()}
        assert [row["was"] for row in rows if row["was"] not in lines or not row["why"].strip()] == []


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ("def f(a: int & str) -> None:\n    return a", True),
        ("def f(a: int | str) -> None:\n    return not a", False),
        ("def f(*, a: int) -> str:\n    return a", True),
        ("def f(a: int, *) -> str:\n    return a", False),
        ("def f(a: int = 1) -> str:\n    return a", False),
    ],
)
def test_mutant_of_an_annotation_is_none(source, same):
    original = mutation.meaning("def f(a: int | str) -> str:\n    return a")
    assert (mutation.meaning(source) == original) is same


def test_survivor_is_known_by_its_line():
    survivor = mutation.survivor_of("same\n    if a < b:\n", "same\n    if a <= b:\n")
    assert survivor == mutation.Survivor("if a < b:", "if a <= b:")


@pytest.mark.slow
def test_each_mutant_is_what_its_tests_see_though_all_else_is_imported_before(tmp_path):
    (tmp_path / "decided.py").write_text("ANSWER = 1")
    (tmp_path / "between.py").write_text("from decided import ANSWER")
    (tmp_path / "test_between.py").write_text("import between\n\ndef test():\n    assert between.ANSWER == 1")
    options = ["-x", "-q", "-p", "no:cacheprovider", "test_between.py"]
    job = {"file": "decided.py", "module": "decided", "options": options, "mutants": ["ANSWER = 2", "ANSWER = +1", "("]}
    done = run_program(
        [sys.executable, "-P", mutation._FORKED_TESTS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        input=json.dumps(job),
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["failed", "passed", "failed"]
