"""The bodies that come with the kit are of today's contract and in their classes; whatever else is asked is drawn."""

from __future__ import annotations

import dataclasses
import sys

import jsonschema_rs
import pytest

from callback_contract.contract_tests.generation import pregenerated as drawn
from callback_contract.contract_tests.generation import strategies as drawing
from callback_contract.contract_tests.generation.bounds import generative
from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.generating.bodies import KEPT_DEPTH, drawn_file
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.openapi.contract.loading import load_contract

CONTRACT = load_contract()
DEFAULTS = CONTRACT.default_callbacks
CALLBACK = DEFAULTS[0]


def scope(depth="standard", seed=0, callback=CALLBACK):
    return Scope(callback, DEPTHS[depth], seed)


@pytest.fixture
def live(monkeypatch):
    """What is drawn in this test: the kind of each draw."""
    calls = []
    for name in ("draw_bodies", "boundary_bodies"):
        original = getattr(drawing, name)

        def counted(*args, name=name, original=original, **more):
            calls.append((name, more["negated"]))
            return original(*args, **more)

        monkeypatch.setattr(drawing, name, counted)
    return calls


@pytest.mark.parametrize("depth", ["quick", "standard"])
def test_nothing_is_drawn_in_a_run_as_it_is_by_default(live, depth):
    assert len(scope(depth).contents) > DEPTHS[depth].contents // 2
    assert len(scope(depth).negations) == DEPTHS[depth].negations + DEPTHS[depth].boundaries
    assert live == []


def test_another_seed_is_drawn(live):
    assert scope("quick", seed=1).contents != scope("quick").contents
    assert live == [("draw_bodies", False)]


def test_more_than_comes_with_the_kit_is_drawn(live):
    drawn.drawn_bodies(CALLBACK, KEPT_DEPTH.contents + 1, drawn.SEED, negated=False)
    assert live == [("draw_bodies", False)]


def test_a_schema_that_changed_is_drawn_from_afresh(live):
    text = {"type": "string"}
    changed = dict(CALLBACK.schema)
    changed["properties"] = {**changed.get("properties", {}), "another": text}
    drawn.drawn_bodies(dataclasses.replace(CALLBACK, schema=changed), 1, drawn.SEED, negated=False)
    assert live == [("draw_bodies", False)]


def test_the_quick_depth_is_a_part_of_the_standard_one():
    few = drawn.drawn_bodies(CALLBACK, DEPTHS["quick"].contents, 0, negated=False)
    assert few == drawn.drawn_bodies(CALLBACK, DEPTHS["standard"].contents, 0, negated=False)[: len(few)]


@pytest.mark.parametrize("callback", DEFAULTS, ids=lambda callback: callback.name)
def test_what_is_right_is_valid_and_what_is_broken_is_not(callback):
    kept = drawn._kept(drawn.file_of(callback))
    assert all(map(scope(callback=callback).strict.is_valid, (*kept["contents"], *kept["boundaries"])))
    narrow = jsonschema_rs.validator_for(generative(callback), validate_formats=False)
    broken = [body for body in (*kept["negations"], *kept["broken_boundaries"]) if not isinstance(body, bytes)]
    assert not any(map(narrow.is_valid, broken))
    assert len({repr(body) for body in kept["contents"]}) > KEPT_DEPTH.contents // 2


def test_a_file_gives_back_what_was_drawn():
    for callback in CONTRACT.callbacks[:2]:
        fresh = drawn_file(callback)
        assert repr(drawn.DrawnFile.read(fresh.written({"callback": callback.name}))) == repr(fresh)


def test_a_check_of_a_right_receiver_imports_no_generator():
    code = (
        "import contextlib, io, sys\n"
        "from callback_contract.contract_tests.cli.main import main\n"
        "sys.argv[1:] = ['check', '--depth', 'quick', '--rules', 'ACK,PAY-33', '--verbose']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as out: main()\n"
        "print('PAY-33' in out.getvalue(), {'schemathesis', 'hypothesis'} & set(sys.modules))"
    )
    done = run_program([sys.executable, "-c", code], check=True)
    assert done.stdout.split() == ["True", "set()"], done.stderr
