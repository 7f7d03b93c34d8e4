"""Results of a campaign: the JSON by its schema, the Markdown, the page, and the comparison of two."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import jsonschema_rs
import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.load.audit import Audit, Finding
from callback_contract.contract_tests.load.comparison import compared, notes
from callback_contract.contract_tests.load.markdown import result_markdown
from callback_contract.contract_tests.load.page import result_html
from callback_contract.contract_tests.load.results import limit_of, result_of
from callback_contract.contract_tests.load.words import summary
from callback_contract.contract_tests.meta.contract_tests.load.simulated import Simulated
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.load.capacity import Search, Step

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas/load.schema.json").read_text("utf-8"))
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def result():
    done = Simulated(20, 2, failing=0.2).begin().until_over()
    audit = Audit(20, 20, {"lost": 2, "doubled": 0, "backwards": 1, "otherwise": 0})
    audit.findings = [Finding("lost", "ca11bac4", "read", None, None), Finding("backwards", "x", "read", HOSTILE, 3)]
    search = Search(20.0, 5.0, 10.0, 100.0)
    search.steps = [Step(20.0, 20.0, 0.01, 0.0, 0.2, ""), Step(40.0, 22.0, 0.3, 0.0, 0.2, "receiver")]
    contract = {"title": "t", "version": "1.0.0", "digest": "d", "callback": "c"}
    url = f"http://127.0.0.1/{HOSTILE}"
    options = {"messages": 20, "at_once": 64}
    return result_of(
        done.master, kit="1.0.0", contract=contract, url=url, options=options, code=1, audit=audit, search=search
    )


def test_result_is_valid_by_its_schema(result):
    assert [error.message for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(result)] == []


def test_course_adds_up_to_the_tries(result):
    assert sum(sum(moment["answers"].values()) for moment in result["course"]) == result["deliveries"]["tries"]


def test_page_loads_nothing_and_shows_markup_as_text(result):
    page = result_html(result)
    assert (HOSTILE in page, "http-equiv" in page, page.count("<svg")) == (False, True, 2)
    assert not {"src=", "@import", 'href="http'} & {word for word in ("src=", "@import", 'href="http') if word in page}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_markdown_is_in_both_languages(result, language):
    shown = result_markdown(result, language)
    assert ("lost 2" in shown, "丢失 2" in shown) == (language == "en", language == "zh")
    assert HOSTILE not in shown


def test_summary_names_the_capacity_and_what_ended_it(result):
    assert "Capacity: 20.0 deliveries a second; above it, the receiver did not keep up." in summary(result)


@pytest.mark.parametrize(
    ("rate", "per_second", "cpu", "limit"),
    [
        (100, 100, 0.99, ""),
        (100, 50, 0.2, "receiver"),
        (100, 50, 0.99, "senders"),
        (None, 50, 0.2, ""),
        (None, 50, 0.99, ""),
    ],
)
def test_what_held_the_rate_back_is_named(rate, per_second, cpu, limit):
    master = Simulated(8, 1).master
    object.__setattr__(master.settings, "rate", rate)
    master.workers["w0"].used_s, master.workers["w0"].watched_s, master.workers["w0"].most_cpu = 40 * cpu, 40, 0.99
    for number in range(40 * per_second):
        master.measures.answered("sent", "200", 0.01, number / per_second)
    assert limit_of(master) == limit


def written(folder, result):
    folder.mkdir()
    (folder / "load.json").write_text(json.dumps(result))
    return folder


def changed(result, **latency):
    other = copy.deepcopy(result)
    other["latency"]["all"].update(latency)
    return other


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda other: other, 0, "Nothing differs by more than 50 %"),
        (lambda other: other["latency"]["all"].update(p95_s=0.013), 0, "Nothing differs"),
        (
            lambda other: other["latency"]["all"].update(p95_s=3.0),
            1,
            "p95 in all: 10.2 ms before, 3000.0 ms now (worse)",
        ),
        (lambda other: other["audit"].update(lost=3), 1, "lost: 10.000% before, 15.000% now (worse)"),
        (lambda other: other["audit"].update(lost=0), 0, "lost: 10.000% before, 0.000% now (better)"),
        (lambda other: other["capacity"].update(per_second=5.0), 1, "Capacity: 20.0 before, 5.0 now (worse)"),
        (lambda other: other["options"].update(messages=5), 0, "note: the campaigns differ in messages"),
        (
            lambda other: (other["run"].update(incomplete=True), other["messages"].update(over=7)),
            1,
            "note: the new campaign ended before all its messages were over\nmessages over: 20 before, 7 now (worse)",
        ),
        (lambda other: other.update(exit_code=130), 1, "note: the new campaign ended before"),
        (lambda other: other.update(audit=None), 1, "messages read back: 20 before, 0 now (worse)"),
        (lambda other: other["audit"].update(error="no"), 1, "note: the old campaign has a read-back, and the new one"),
    ],
    ids=[
        "alike",
        "noise",
        "slower",
        "loses more",
        "loses less",
        "less capacity",
        "other options",
        "cut short",
        "interrupted",
        "unread",
        "audit in vain",
    ],
)
def test_comparison_says_what_is_beyond_noise(tmp_path, result, change, code, said):
    before = copy.deepcopy(result)
    before["latency"]["all"]["p95_s"] = 0.0102
    other = copy.deepcopy(before)
    change(other)
    ran = invoke(cli, ["compare", written(tmp_path / "old", before), written(tmp_path / "new", other)])
    assert (ran.exit_code, said in ran.output) == (code, True)


def test_two_campaigns_that_were_cut_short_are_alike_and_both_named(result):
    cut = copy.deepcopy(result)
    cut["run"]["incomplete"] = True
    assert compared(cut, cut, 0.5) == []
    assert [str(note)[:26] for note in notes(cut, cut)] == ["note: the old campaign end", "note: the new campaign end"]


def test_broken_result_is_no_result(tmp_path, result):
    (tmp_path / "load.json").write_text("{}")
    with pytest.raises(Exception, match="no result of load"):
        invoke(cli, ["compare", tmp_path, written(tmp_path / "new", result)], catch_exceptions=False)
