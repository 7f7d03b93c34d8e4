"""The README is short, and what the pages show as printed is what the program prints, up to times, ports and ids."""

from __future__ import annotations

import re
import tomllib

import pytest

from callback_contract.contract_tests.meta.generating.made import COMMAND, ROOT
from callback_contract.contract_tests.meta.generating.output import (
    FENCE,
    OUTPUTS,
    Shown,
    blocks,
    cut,
    masked,
    pages,
    refreshed,
)
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import run_program

README = (ROOT / "README.md").read_text("utf-8")
SLOW = {"first-run", "profiles", "causes", "messages"}
SHOWN = {name: text for page in pages() for name, text in blocks(page).items()}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in OUTPUTS]
)
def test_output_is_shown_as_it_is_printed(name, tmp_path):
    if lacking := OUTPUTS[name].lacking():
        do_without(lacking)
    assert masked(SHOWN[name]).splitlines() == masked(OUTPUTS[name].block(tmp_path)).splitlines(), (
        f"run: {COMMAND} output"
    )


def test_every_output_is_shown_once_and_no_other():
    fences = [fence for page in pages() for fence in FENCE.finditer(page.read_text("utf-8")) if not fence["kind"]]
    assert sorted(fence["mark"] for fence in fences) == sorted(f"output: {name}" for name in OUTPUTS)


def test_readme_is_short():
    assert len(README.splitlines()) <= 200


def test_test_command_is_the_one_that_the_gate_runs():
    (shown,) = re.findall(r"^<!-- test command -->\n```sh\n(.*)\n```$", README, re.MULTILINE)
    (line,) = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line.startswith("command=")]
    run = run_program(["bash", "-c", f'{line}; echo "$command"'], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == shown
    assert shown.startswith("python3 -m venv .venv && ") and ".venv/bin/pytest" in shown


def test_python_version_stands_beside_the_first_command():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = project["requires-python"].removeprefix(">=")
    assert f"Python {needed}" in README.partition("```sh")[0].splitlines()[-2]


def test_output_of_today_replaces_another_and_nothing_else():
    page = "a\n<!-- output: x -->\n```\nold, in 3 ms\n```\nb\n"
    assert refreshed(page, {"x": "old, in 12.5 ms\n"}) == page
    assert refreshed(page, {"x": "new\n"}) == page.replace("old, in 3 ms", "new")
    assert refreshed(page, {}) == page


def test_lines_are_chosen_in_order_and_cut():
    shown = Shown(lambda folder: "a\nb\n" + "c" * 200 + "\nd 127.0.0.1:999\n", (("a", 1), ("c", None)))
    assert shown.block(None) == f"a\n…\n{'c' * 116} …\nd 127.0.0.1:8080\n"
    with pytest.raises(SystemExit):
        Shown(lambda folder: "a\n", (("b", 1),)).block(None)


def test_a_line_that_was_cut_elsewhere_is_the_same():
    line = "> POST http://127.0.0.1:{} " + "x" * 150
    assert masked(cut(line.format(8080))) == masked(cut(line.format(49152)))
    assert masked("3 ms, run 0bdbe24e") == masked("17.5 ms, run ffffffff") != masked("3 of 4")
