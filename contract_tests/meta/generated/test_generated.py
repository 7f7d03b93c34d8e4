"""Every generated file is up to date, by what it holds or, where making it takes long, by what it follows from."""

from __future__ import annotations

import re

import pytest

from callback_contract.contract_tests.cli.docs_command import matrix_rows
from callback_contract.contract_tests.kill_matrix.setups import RIGHT
from callback_contract.contract_tests.meta.generating import pages, recorded_runs
from callback_contract.contract_tests.meta.generating.made import COMMAND, Made
from callback_contract.contract_tests.meta.generating.matrix import MATRIX
from callback_contract.contract_tests.meta.scripts import generate
from callback_contract.contract_tests.meta.scripts.generate import PARTS, Part
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.rules.catalogue import load_catalogue

CATALOGUE = load_catalogue()
RUNS = {run["what"]: run for run in recorded_runs.kept()}


@pytest.mark.parametrize("name", ["packages", "action", "bodies", "counts", "translations"])
def test_generated_file_is_up_to_date(name):
    made = PARTS[name].make()
    assert made.stale() == [], f"run: {COMMAND} {name}"
    assert name == "translations" or made.by_hand == ()  # other tests tell what of the Chinese is left


def test_kill_matrix_has_a_row_for_each_fault_as_the_catalogue_tells_it():
    right = [(fault or "none", f"is {what}", "nothing noticed") for fault, what in RIGHT.items()]
    verdict = {"MUST": "fail", "SHOULD": "warn"}
    rules = [(rule.id, rule.fault, f"{verdict[rule.level]} {rule.id}") for rule in CATALOGUE.rules if rule.fault]
    rows = [(row.fault, row.deviation, row.noticed) for row in matrix_rows(MATRIX.read_text("utf-8"))]
    assert rows == [*right, *rules], f"run: {COMMAND} matrix"


@pytest.mark.parametrize("what", ["plan", "explain"])  # the others send, and are run in a higher tier
def test_recorded_run_is_what_the_program_prints(what):
    code, output = recorded_runs.ran(recorded_runs.RUNS[what])
    now = {"what": what, "command": recorded_runs.RUNS[what], "exit_code": code, "output": output}
    assert recorded_runs.alike(RUNS[what], now), f"run: {COMMAND} runs"


@pytest.mark.parametrize("what", ["mock", "finding"])
def test_recorded_run_is_of_the_rules_that_there_are(what):
    assert RUNS[what]["command"] == recorded_runs.RUNS[what], f"run: {COMMAND} runs"
    names = re.search(r"--rules (\S+)", RUNS[what]["command"])[1].split(",")
    unwrapped = re.sub(r"\n {20,}", " ", RUNS[what]["output"])
    shown = re.findall(r"^(?:pass|fail) +(\S+) +(?:MUST|SHOULD):? +(.+)", unwrapped, re.MULTILINE)
    assert shown == [(rule.id, rule.statement) for rule in CATALOGUE.select(names)], f"run: {COMMAND} runs"


@pytest.mark.slow
def test_recorded_runs_are_what_the_program_prints():
    assert PARTS["runs"].make().stale() == [], f"run: {COMMAND} runs"


def test_recorded_runs_name_no_machine():
    assert not re.search(r"/(?:home|root|tmp|Users)/", recorded_runs.RECORDED.read_text("utf-8"))


# --- the generator ----------------------------------------------------------------------------------------------------


def ran(*arguments):
    done = invoke(generate.main, arguments)
    return done.exit_code, done.output


def test_check_names_what_is_stale_and_writes_nothing(tmp_path, monkeypatch):
    (tmp_path / "old").write_text("no longer needed")
    files = {tmp_path / "page": "new", tmp_path / "old": None}
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setitem(PARTS, "counts", Part("counts", lambda: Made(files)))
    code, told = ran("counts", "--check")
    assert code == 1 and "stale page" in told and "stale old" in told
    assert [file.name for file in tmp_path.iterdir()] == ["old"]
    assert ran("counts")[0] == 0
    assert [file.read_text() for file in tmp_path.iterdir()] == ["new"]
    assert ran("counts", "--check")[0] == 0


def test_what_only_a_person_can_do_is_told_and_no_success(monkeypatch):
    monkeypatch.setitem(PARTS, "matrix", Part("judges", lambda: Made({}, ("look at ACK-01",))))
    code, told = ran("matrix")
    assert code == 1 and "by hand: look at ACK-01" in told


def test_text_that_there_is_not_cannot_be_right():
    code, told = ran("--still-right", "ACK-99 why")
    assert code == 2 and "no text is called ACK-99 why" in told


def test_sentence_that_counts_gets_the_figures_of_now():
    now = dict.fromkeys(("rules", "passed", "not_applicable", "deliveries", "read_back", "first"), 7) | {
        "passed": 12345
    }
    page = "133 rules, 965 deliveries, no limit; 108 pass, 25 not applicable; 3 rules stay"
    assert pages.corrected(page, now) == "7 rules, 7 deliveries, no limit; 12345 pass, 7 not applicable; 3 rules stay"


@pytest.mark.parametrize(
    ("output", "same"),
    [
        ("http://127.0.0.1:2/: 1 fail in 3 ms, run 0a0b0c0d, 4 deliveries in 0.9 s", True),
        ("http://127.0.0.1:1/: 2 fail in 1 ms, run 00000000, 4 deliveries in 1.0 s", False),
        ("http://127.0.0.1:1/: 1 fail in 1 ms, run 00000000, 5 deliveries in 1.0 s", False),
    ],
)
def test_recording_is_the_same_up_to_time_port_and_identity(output, same):
    before = "http://127.0.0.1:1/: 1 fail in 1 ms, run 00000000, 4 deliveries in 1.0 s"
    assert recorded_runs.alike({"output": before}, {"output": output}) is same
