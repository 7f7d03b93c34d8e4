"""The pytest plugin: an item for each rule, verdicts in pytest's words, and nothing loaded before it is used."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.cli.pytest_plugin import asking, items, judging, plugin
from callback_contract.contract_tests.cli.pytest_plugin.judging import Judged
from callback_contract.contract_tests.meta.support.made_reports import report, rule
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.runner.collection import collect_tests
from callback_contract.openapi.rules.catalogue import load_catalogue

pytest_plugins = ["pytester"]

WAIVER = {"reason": "ticket 7", "owner": "shop", "until": "2999-01-01"}
RULES = (
    rule("ACK-01"),
    rule("PAY-01", "fail", "a case"),
    rule("ACK-02", "warn", "a case", level="SHOULD"),
    rule("STA-01", "not applicable", reason="needs read-back"),
    {**rule("PAY-02", "waived", "a case"), "waiver": WAIVER},
    rule("STA-02", "error", reason="the database went away"),
)
NAMED = ["--callback-url", "http://127.0.0.1:1/x"]


@pytest.fixture
def suite(pytester, monkeypatch):
    """A suite of one test and a run of it with the plugin; `suite.calls` are the checks that it asked for."""
    calls = []

    def judge(arguments, folder, cwd, read_back):
        calls.append((arguments, read_back))
        return Judged(suite.code, suite.report, folder, "the last line")

    def run(*words, plugins=()):
        module = sys.modules["callback_contract.contract_tests.cli.pytest_plugin.plugin"]
        return pytester.inline_run("-p", "no:cacheprovider", "-p", module.__name__, *words, plugins=plugins)

    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setattr(items, "judge", judge)
    pytester.makeini("[pytest]")
    pytester.makepyfile("def test_own(): pass")
    suite = run
    suite.calls, suite.code, suite.report = calls, 0, report(*RULES)
    return suite


def outcomes(ran):
    """What came of each item, by its name."""
    found = {}
    for each in ran.getreports("pytest_runtest_logreport"):
        if each.when == "call" or each.outcome != "passed":
            word = "xfailed" if hasattr(each, "wasxfail") else each.outcome
            told = str(getattr(each, "wasxfail", each.longrepr))
            found[each.nodeid.rpartition("::")[2]] = (f"{each.when} {word}", told)
    return found


def test_unused_plugin_loads_nothing_of_the_kit(tmp_path):
    (tmp_path / "test_own.py").write_text(
        "import sys\n"
        "def test_own(request):\n"
        "    assert request.config.getoption('--callback-url') is None\n"
        "    print(sorted({name for name in sys.modules if name.partition('.')[0] in"
        " {'callback_contract', 'schemathesis', 'hypothesis', 'yaml', 'rich', 'click'}}))\n"
    )
    program = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-p", plugin.__name__, "--rootdir"]
    done = run_program([*program, tmp_path, tmp_path], cwd=tmp_path, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    above = plugin.__name__.split(".")
    assert str([".".join(above[: n + 1]) for n in range(len(above))]) in done.stdout


def test_check_does_not_load_it(monkeypatch):
    monkeypatch.delitem(sys.modules, plugin.__name__)
    assert collect_tests() and plugin.__name__ not in sys.modules


def test_without_an_option_no_rule_is_collected(suite):
    assert list(outcomes(suite())) == ["test_own"] and suite.calls == []


def test_each_testable_rule_is_an_item_and_collecting_judges_nothing(suite):
    ran = suite("--collect-only", *NAMED)
    ids = [rule.id for rule in load_catalogue().rules if not rule.untestable]
    assert [item.name for item in ran.getcalls("pytest_collection_finish")[0].session.items] == ["test_own", *ids]
    assert suite.calls == []


def test_verdict_is_said_in_pytest_s_words(suite):
    found = outcomes(suite(*NAMED))
    assert {name: found[name][0] for name in ("ACK-01", "PAY-01", "ACK-02", "STA-01", "PAY-02", "STA-02")} == {
        "ACK-01": "call passed",
        "PAY-01": "call failed",
        "ACK-02": "call xfailed",
        "STA-01": "call skipped",
        "PAY-02": "call xfailed",
        "STA-02": "setup failed",
    }
    for name, said in (("STA-01", "needs read-back"), ("PAY-02", "ticket 7"), ("STA-02", "the database went away")):
        assert said in found[name][1]


def test_failure_says_what_was_expected_what_came_and_the_remedy(suite):
    told = outcomes(suite(*NAMED))["PAY-01"][1]
    assert "Expected: an answer below 500\n  Actual:   500\n" in told
    assert load_catalogue()["PAY-01"].remedy.split()[0] in told


def test_strict_run_fails_a_should(suite):
    suite.report["run"]["options"]["strict"] = True
    assert outcomes(suite(*NAMED))["ACK-02"][0] == "call failed"


def test_all_rules_are_judged_by_one_check(suite):
    suite(*NAMED, "--callback-app", "main:app")
    assert [arguments for arguments, _ in suite.calls] == [[NAMED[1], "--app", "main:app"]]


def test_selected_items_alone_are_asked_for(suite):
    suite(*NAMED, "-k", "ACK or PAY-02")
    acknowledgement = [rule.id for rule in load_catalogue().rules if rule.chapter == "ACK"]
    assert suite.calls[0][0][1:] == ["--rules", ",".join([*acknowledgement, "PAY-02"])]


def test_rule_that_the_check_leaves_out_is_skipped(suite):
    assert outcomes(suite(*NAMED))["ACK-03"][0] == "setup skipped"


def test_check_without_a_verdict_is_one_error(suite):
    suite.code, suite.report = 3, None
    found = outcomes(suite(*NAMED))
    assert [name for name, (outcome, _) in found.items() if outcome == "setup failed"] == ["ACK-01"]
    assert "the last line" in found["ACK-01"][1] and found["PAY-01"][0] == "setup skipped"


def test_read_back_is_the_fixture_of_the_folder_that_all_tests_share(suite, pytester):
    (pytester.path / "tests").mkdir()
    (pytester.path / "tests/conftest.py").write_text(
        "import pytest\n@pytest.fixture\ndef callback_read_back():\n    return {'a': 1}.get\n"
    )
    (pytester.path / "tests/test_more.py").write_text("def test_more(): pass")
    suite("tests", *NAMED)
    assert suite.calls[0][1]("a") == 1


def test_fixture_judges_in_one_item(suite, pytester):
    pytester.makepyfile("def test_own(callback_contract):\n    callback_contract('http://127.0.0.1:1/x', '--strict')")
    ran = suite()
    assert suite.calls[0][0] == ["http://127.0.0.1:1/x", "--strict"]
    assert [each.outcome for each in ran.getreports("pytest_runtest_logreport")].count("failed") >= 1


def test_fixture_returns_the_report(suite, pytester):
    suite.report = report(rule("ACK-01"))
    pytester.makepyfile("def test_own(callback_contract):\n    assert callback_contract('x')['exit_code'] == 0")
    assert outcomes(suite())["test_own"][0] == "call passed"


def test_fixture_without_subtests_fails_with_all_findings(suite, pytester):
    suite.report = report(rule("PAY-01", "fail", "one"), rule("PAY-03", "fail", "another"))
    pytester.makepyfile("def test_own(callback_contract):\n    callback_contract('x')")
    told = outcomes(suite("-p", "no:subtests"))["test_own"][1]
    assert "PAY-01 MUST" in told and "PAY-03 MUST" in told


@pytest.mark.parametrize(("code", "told"), [(2, None), (3, report(rule("ACK-01")))], ids=["wrong use", "--require"])
def test_fixture_fails_where_the_check_ended_badly(suite, pytester, code, told):
    suite.code, suite.report = code, told
    pytester.makepyfile("def test_own(callback_contract):\n    callback_contract('x')")
    assert f"ended with {code}" in outcomes(suite())["test_own"][1]


def test_check_that_ended_badly_for_no_rule_s_sake_is_no_success(suite):
    suite.code, suite.report = 3, report(rule("ACK-01"))
    assert suite(*NAMED, "-k", "ACK-01").ret == pytest.ExitCode.TESTS_FAILED
    suite.code = 0
    assert suite(*NAMED, "-k", "ACK-01").ret == pytest.ExitCode.OK


def test_worker_of_xdist_tells_the_session_that_started_it_how_the_check_ended(suite):
    told = {}

    class Worker:
        def pytest_configure(self, config):
            config.workeroutput = told

    suite.code, suite.report = 3, report(rule("ACK-01"))
    suite(*NAMED, "-k", "ACK-01", plugins=[Worker()])

    class Controller:
        def pytest_collection_finish(self, session):
            rules = session.config.pluginmanager.getplugin("callback-contract-rules")
            rules.pytest_testnodedown(SimpleNamespace(workeroutput=json.loads(json.dumps(told))))
            rules.pytest_testnodedown(SimpleNamespace(workeroutput={"callback-contract": (0, [])}))  # it judged nothing
            rules.pytest_testnodedown(SimpleNamespace())  # it broke down

    suite.calls.clear()
    ran = suite("-k", "own", *NAMED, plugins=[Controller()])
    assert (ran.ret, suite.calls) == (pytest.ExitCode.TESTS_FAILED, [])


def test_summary_shows_the_last_lines_of_the_check(suite, capsys):
    suite(*NAMED, "-k", "ACK-01")
    assert "the last line" in capsys.readouterr().out


def test_hooks_and_fixtures_of_a_suite_find_the_module_of_a_rule(suite, pytester):
    pytester.makeconftest(
        "import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_collection_modifyitems(items):\n"
        "    assert {(i.module.__name__, i.function.__module__, i.cls) for i in items if i.name != 'test_own'} == {\n"
        f"        ({items.__name__!r}, {items.__name__!r}, None)}}\n"
        "@pytest.fixture(autouse=True)\n"
        "def of_each(request):\n"
        "    assert request.module.__name__ and request.cls is None and request.path.exists()\n"
        "@pytest.fixture(autouse=True, scope='module')\n"
        "def of_a_module(request):\n"
        "    assert request.module.__name__\n"
    )
    assert outcomes(suite(*NAMED, "-k", "ACK-01"))["ACK-01"][0] == "call passed"


def test_suite_with_an_option_of_that_name_leaves_the_plugin_out(pytester):
    pytester.makeconftest("def pytest_addoption(parser):\n    parser.addoption('--callback-url')")
    pytester.makepyfile("def test_own(pytestconfig): assert pytestconfig.getoption('--callback-url') == 'x'")
    ran = pytester.inline_run("-p", "no:cacheprovider", "-p", "no:callback-contract", "--callback-url", "x")
    assert ran.ret == pytest.ExitCode.OK


@pytest.fixture
def asked(monkeypatch):
    """Asks a read-back as the check process does, while this thread answers; gives what was said or raised."""

    def ask(read_back):
        said = []
        with judging._Asked(read_back) as answering:
            for name, value in answering.environment.items():
                monkeypatch.setenv(name, value)

            def question():
                try:
                    said.append(asking.read_back("m1"))
                except RuntimeError as error:
                    said.append(str(error))

            thread = threading.Thread(target=question)
            thread.start()
            while thread.is_alive():
                answering.answer_within(0.02)
        return said[0]

    return ask


def test_read_back_is_called_in_the_tests_own_thread(asked):
    database = sqlite3.connect(":memory:")  # refuses any other thread
    database.row_factory = sqlite3.Row
    assert asked(lambda _: database.execute("SELECT 'read' AS state, 4 AS applied").fetchone()) == {
        "state": "read",
        "applied": 4,
    }


def test_read_back_that_raises_says_so(asked, capsys):
    assert asked({}.__getitem__) == "KeyError: 'm1'"
    assert "Traceback" in capsys.readouterr().err


def test_unknown_message_is_none(asked):
    assert asked({}.get) is None


def test_stranger_without_the_token_is_asked_nothing(asked, monkeypatch):
    calls = []
    with judging._Asked(calls.append) as answering:
        (value,) = answering.environment.values()
        monkeypatch.setenv("CALLBACK_CONTRACT_READ_BACK", f"{value.partition(':')[0]}:guess")

        def guess():
            with pytest.raises(ValueError, match=r".*"):
                asking.read_back("m1")

        thread = threading.Thread(target=guess)
        thread.start()
        while thread.is_alive():
            answering.answer_within(0.02)
    assert calls == []


@pytest.mark.parametrize(
    ("dist", "is_own"), [("load", True), ("worksteal", True), ("loadgroup", True), ("loadfile", False), ("each", False)]
)
def test_xdist_gives_all_rules_to_one_worker(suite, pytester, dist, is_own):
    config = pytester.parseconfig("-p", "xdist", "--tx", "2*popen", "--dist", dist)
    made = items.RuleItems(config).pytest_xdist_make_scheduler(config, None)
    assert (made is not None) == is_own
    if made is not None:
        ids = ["callback-contract::ACK-01", "callback-contract::PAY-01", "test_a.py::test_own", "test_a.py::test_b@g"]
        assert [made._split_scope(each) for each in ids] == ["callback-contract"] * 2 + ["test_a.py::test_own", "g"]


@pytest.mark.slow
def test_workers_of_xdist_judge_once(pytester):
    pytester.makepyfile("def test_own(): pass")
    rules = ["--callback-url", "http://127.0.0.1:1/x", "-k", "ACK-01 or ACK-02 or PAY-01"]
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "2", *rules, timeout=120)
    ran.assert_outcomes(errors=1, skipped=2)
