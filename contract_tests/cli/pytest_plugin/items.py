"""Items of the rules in a partner's suite: each says in pytest's own words what one `check` found of its rule."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Iterator
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any, NoReturn

import pytest

from callback_contract.contract_tests.cli.pytest_plugin.judging import Judged, judge
from callback_contract.contract_tests.reporting.model.outcome import UNJUDGED, blocks_the_gate
from callback_contract.contract_tests.reporting.model.redaction import in_language
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Rule, load_catalogue
from callback_contract.openapi.text.language import chosen_language
from callback_contract.openapi.text.message import Text, translated

__all__ = ["RuleItems", "judge_in_one_item"]

_WIDTH = 100
_SHOWN, _SHOWN_OF_ERROR = 5, 12  # lines that `check` printed last
_NAME = "callback-contract"


class RuleItems:
    """Plugin of a session that judges a receiver: collects an item for each rule, and judges at the first one."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._judged: Judged | None = None
        self._ended: tuple[int, list[str]] = 0, []  # code and last lines of a check, here or in a worker of xdist
        self._has_told = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """With pytest-xdist all rules go to one worker: a receiver is judged once."""
        if config.getoption("dist") not in {"load", "worksteal", "loadgroup"}:
            return None  # the others keep a file's items together, or are to run each item everywhere
        by_group = importlib.import_module("xdist.scheduler").LoadGroupScheduling

        class Together(by_group):  # type: ignore[misc, valid-type]
            def _split_scope(self, nodeid: str) -> str:
                group: str = _NAME if nodeid.startswith(f"{_NAME}::") else super()._split_scope(nodeid)
                return group

        return Together(config, log)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        # By its name `-k ACK` would select all of it: a callback has an ACK.
        folder = _folder_of_all(session, items)
        rules = _Rules.from_parent(folder, path=folder.path, name="rules", nodeid=_NAME)
        rules.judging, rules.obj = self, sys.modules[__name__]
        items += session.genitems(rules)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A check that ended badly for no rule's sake, as for a profile of --require, is no success."""
        if self._ended[0] and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if hasattr(self._config, "workeroutput"):  # what a worker of xdist tells the session that started it
            self._config.workeroutput[_NAME] = self._ended

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """The worker that judged tells how its check ended; one that broke down tells nothing."""
        code, lines = getattr(node, "workeroutput", {}).get(_NAME, (0, []))
        if lines:
            self._ended = max(code, self._ended[0]), lines

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._ended[1]:
            terminalreporter.section(_NAME)
            for line in self._ended[1]:
                terminalreporter.write_line(line)

    def found(self, item: _RuleItem) -> dict[str, Any]:
        """What the report says of an item's rule; judges when it is asked first."""
        if self._judged is None:
            request = item.funcargs["request"]
            assert isinstance(request, pytest.FixtureRequest)
            folder = self._config.getoption("--callback-report-dir")
            folder = folder or request.getfixturevalue("tmp_path_factory").mktemp(_NAME)
            self._judged = _judge(request, self._arguments(item.session), self._config.invocation_params.dir / folder)
            self._ended = self._judged.code, self._judged.last_lines(_SHOWN)
        if (rule := self._judged.rules.get(item.rule.id)) is not None:
            return rule
        if not self._judged.is_incomplete:
            pytest.skip(_said(Text("pytest.not-asked-for")))
        if self._has_told:
            pytest.skip(_said(Text("pytest.not-judged")))
        self._has_told = True
        _nothing_judged(self._judged)

    def told(self, rule: dict[str, Any]) -> None:
        """Says a rule's verdict."""
        assert self._judged is not None
        _tell(self._judged, rule)

    def _arguments(self, session: pytest.Session) -> list[str]:
        url, app = self._config.getoption("--callback-url"), self._config.getoption("--callback-app")
        arguments = [*([url] if url else []), *(["--app", app] if app else [])]
        asked = [item.rule.id for item in session.items if isinstance(item, _RuleItem)]
        return arguments if len(asked) == len(_rules()) else [*arguments, "--rules", ",".join(asked)]


class _Rules(pytest.Module):
    """All rules, below the folder that holds all collected tests, so that fixtures of its conftest.py are theirs.

    Fixtures and hooks of a suite ask an item for its module: this one is the rules'.
    """

    judging: RuleItems

    def collect(self) -> list[pytest.Item]:
        def rule_holds(request: pytest.FixtureRequest) -> None:
            request.node.tell()

        return [_RuleItem.from_parent(self, name=rule.id, callobj=rule_holds) for rule in _rules()]


class _RuleItem(pytest.Function):
    """One rule; it is judged while it is set up, so that what is no verdict is an error and no failure."""

    parent: _Rules

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self.config.pluginmanager.hasplugin("timeout"):  # the first one lasts as long as the whole check
            self.add_marker(pytest.mark.timeout(0))

    @cached_property
    def rule(self) -> Rule:
        return load_catalogue()[self.name]

    def setup(self) -> None:
        super().setup()
        self._found = self.parent.judging.found(self)
        if self._found["verdict"] == "error":
            pytest.fail(_inert(in_language(self._found, "reason", _language())), pytrace=False)

    def tell(self) -> None:
        self.parent.judging.told(self._found)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.config.rootpath / _NAME, None, f"{self.name} {self.rule.statement}"


def judge_in_one_item(request: pytest.FixtureRequest, *arguments: str) -> dict[str, Any]:
    """Judges a receiver within a test: each rule is a subtest where pytest has them, else all failures are one.

    Args:
        arguments: The URL and options of `check`.
    """
    folder = request.getfixturevalue("tmp_path_factory").mktemp(_NAME)
    judged = _judge(request, list(arguments), folder)
    try:
        subtests = request.getfixturevalue("subtests")
    except pytest.FixtureLookupError:
        if broken := [_finding(judged, rule) for rule in judged.rules.values() if _fails(judged, rule)]:
            pytest.fail("\n\n".join(broken), pytrace=False)
    else:
        for rule in judged.rules.values():
            if rule["verdict"] != "error":
                with subtests.test(msg=f"{rule['id']} {rule['statement']}"):
                    _tell(judged, rule)
    if judged.report is None or (judged.code and not any(_fails(judged, rule) for rule in judged.rules.values())):
        _nothing_judged(judged)
    return judged.report


def _judge(request: pytest.FixtureRequest, arguments: list[str], folder: Path) -> Judged:
    return judge(arguments, folder, request.config.rootpath, request.getfixturevalue("callback_read_back"))


def _tell(judged: Judged, rule: dict[str, Any]) -> None:
    """Says a verdict in pytest's own words."""
    if _fails(judged, rule):
        pytest.fail(_finding(judged, rule), pytrace=False)
    if rule["verdict"] in UNJUDGED:
        pytest.skip(_inert(in_language(rule, "reason", _language())))
    if rule["verdict"] == "waived":
        pytest.xfail(_said(Text("pytest.waived", **rule["waiver"])))
    if rule["verdict"] != "pass":
        finding = rule["findings"][0]
        case, expected, actual = (in_language(finding, each, _language()) for each in ("case", "expected", "actual"))
        pytest.xfail(_said(Text("pytest.should", case=case, expected=expected, actual=actual)))


def _fails(judged: Judged, rule: dict[str, Any]) -> bool:
    return blocks_the_gate(rule) or (judged.is_strict and rule["verdict"] in {"warn", "flaky"})


def _finding(judged: Judged, rule: dict[str, Any]) -> str:
    """A broken rule as `check` shows it in a terminal."""
    from callback_contract.contract_tests.reporting.terminal.console import Terminal
    from callback_contract.contract_tests.reporting.terminal.findings import show_findings

    shown = io.StringIO()
    terminal = Terminal(file=shown, width=_WIDTH, highlight=False, emoji=False, color_system=None)
    terminal.language = _language()
    report = {**(judged.report or {}), "rules": [rule]}
    show_findings(terminal, report, load_catalogue(), judged.folder, at_length=False)
    return shown.getvalue().strip()


def _nothing_judged(judged: Judged) -> NoReturn:
    """Says that a run ended early; this says nothing of the receiver, and a test that is set up ends in an error."""
    lines = "\n".join(judged.last_lines(_SHOWN_OF_ERROR))
    pytest.fail(_said(Text("pytest.ended", code=judged.code, lines=lines)), pytrace=False)


def _rules() -> list[Rule]:
    return [rule for rule in load_catalogue().rules if not rule.untestable]


def _folder_of_all(session: pytest.Session, items: list[pytest.Item]) -> pytest.Session | pytest.Directory:
    """The innermost folder that all collected tests share."""
    chains = [_folders(item) for item in items]
    shared = takewhile(lambda level: len(set(level)) == 1, zip(*chains, strict=False))
    innermost: pytest.Session | pytest.Directory = [session, *(level[0] for level in shared)][-1]
    return innermost


def _folders(item: pytest.Item) -> Iterator[pytest.Directory]:
    return (node for node in item.listchain() if isinstance(node, pytest.Directory))


def _said(text: Text) -> str:
    return _inert(translated(text, _language()))


def _inert(text: str) -> str:
    """A text that may hold a receiver's words, without what moves a cursor."""
    return "\n".join(map(printable, text.splitlines()))


def _language() -> str:
    return chosen_language((), os.environ)
