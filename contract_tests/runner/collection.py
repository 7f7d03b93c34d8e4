"""Collection of the rules' tests: pytest finds them apart from a partner's settings, and runs them if asked to."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.runner.judge import judge_in_turn
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.client.sender import OutOfBudget
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.text.errors import KitError

__all__ = ["CHAPTERS", "RulesPlugin", "apart", "collect_tests"]

_ROOT = Path(__file__).resolve().parents[1]
_NAME = "callback_contract.contract_tests"
CHAPTERS = _ROOT / "chapters"
_UNWANTED = (
    "terminal",
    "cacheprovider",
    "junitxml",
    "doctest",
    "pastebin",
    "warnings",
    "logging",
    "unittest",
    "setuponly",
    "setupplan",
    "stepwise",
    "faulthandler",
    "unraisableexception",
    "threadexception",
    "subtests",
    "legacypath",
    "tmpdir",
    "monkeypatch",
    "recwarn",
    "debugging",
    "nose",
)


def rule_of(item: pytest.Item) -> str | None:
    """The id that a test carries."""
    marker = item.get_closest_marker("rule")
    return None if marker is None else str(marker.args[0])


class RulesPlugin:
    """Collects the tests of rules, and judges by them where pytest runs them.

    Args:
        open_run: Called once, when the first rule is due; None only collects.
    """

    def __init__(self, open_run: Callable[[], contextlib.AbstractContextManager[RunContext]] | None) -> None:
        self._open_run = open_run
        self._stack = contextlib.ExitStack()
        self._run: RunContext | None = None
        self.tests: dict[str, RuleTest] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "rule(id): the rule of rules.yaml that this test judges")

    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Dir | None:
        return _directory(path, parent)

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        return _module(module_path, parent)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        rules = [item for item in items if rule_of(item)]
        others = [item for item in items if not rule_of(item)]
        for item in rules:
            rule_id = rule_of(item)
            assert rule_id is not None
            if rule_id in self.tests:
                raise pytest.UsageError(f"two tests carry the rule {rule_id}")
            test: RuleTest = item.obj.rule_test  # type: ignore[attr-defined]  # pytest.Function has it
            self.tests[rule_id] = replace(test, rule_id=rule_id)
        # The catalogue's order is topological: what explains a breaking is judged before what it explains.
        position = {rule.id: index for index, rule in enumerate(load_catalogue().rules)}
        unknown = sorted(set(self.tests) - set(position))
        if unknown:
            raise pytest.UsageError(f"tests carry rules that rules.yaml does not have: {', '.join(unknown)}")
        rules.sort(key=lambda item: position[str(rule_of(item))])
        items[:] = [*others, *rules]

    def _opened(self) -> RunContext:
        if self._run is None:
            assert self._open_run is not None
            self._run = self._stack.enter_context(self._open_run())
        return self._run

    @pytest.fixture
    def judge_rule(self, request: pytest.FixtureRequest) -> Callable[[RuleTest], None]:
        """Judges the rule whose id the test carries."""
        rule_id = rule_of(request.node)
        assert rule_id is not None

        def judged(test: RuleTest) -> None:
            run = self._opened()
            rule = run.config.catalogue[rule_id]
            if rule not in run.config.rules:
                pytest.skip("not judged")
            try:
                result = judge_in_turn(run, rule, test, self.tests)
            except (OutOfBudget, KitError, KeyboardInterrupt) as stop:
                request.session.shouldstop = str(stop) or "interrupted"
                pytest.skip("not judged")
            _tell_pytest(result)

        return judged

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        self._stack.close()


def _tell_pytest(result: RuleResult) -> None:
    """Says the verdict in pytest's own words, for whoever runs the chapters with pytest itself."""
    __tracebackhide__ = True
    if result.verdict in {Verdict.NOT_APPLICABLE, Verdict.BLOCKED}:
        pytest.skip(result.reason)
    if result.verdict is Verdict.ERROR or result.blocks_the_gate:
        lines = [f"{finding.case}: expected {finding.expected}, got {finding.actual}" for finding in result.findings]
        pytest.fail("\n".join([result.reason, *lines]), pytrace=False)


class _NamedModule(pytest.Module):
    """A module of tests that is imported as every other module of the kit is."""

    def _getobj(self) -> ModuleType:
        module = importlib.import_module(
            ".".join((_NAME, *self.path.resolve().relative_to(_ROOT).with_suffix("").parts))
        )
        self.config.pluginmanager.consider_module(module)
        return module


def _module(path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """The collector of a module of the kit's tests; None for anybody else's."""
    if not path.resolve().is_relative_to(_ROOT):
        return None
    return _NamedModule.from_parent(parent, path=path)


def _directory(path: Path, parent: pytest.Collector) -> pytest.Dir | None:
    """The collector of a folder of the kit's tests; that of a package would import its `__init__.py` by path."""
    if not path.resolve().is_relative_to(_ROOT):
        return None
    return pytest.Dir.from_parent(parent, path=path)


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Keeps what a partner's code prints out of the report on stdout, and what it starts from reading our input."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        with contextlib.suppress(OSError):  # whoever started us closed it
            before = os.dup(0)
            stack.callback(os.close, before)
            stack.callback(os.dup2, before, 0)
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
        yield


def collect_tests() -> dict[str, RuleTest]:
    """The test of each rule, without running any.

    Raises:
        KeyboardInterrupt: The command was interrupted meanwhile; pytest lets none through.
    """
    plugin = RulesPlugin(None)
    code = _pytest(plugin, "--collect-only")
    if code == pytest.ExitCode.INTERRUPTED:
        raise INTERRUPTION.cause or KeyboardInterrupt
    return plugin.tests


def _pytest(plugin: RulesPlugin, *more: str) -> int:
    arguments = [
        str(CHAPTERS),
        "-c",
        str(Path(__file__).with_name("pytest-check.ini")),
        "--rootdir",
        str(_ROOT),
        "--confcutdir",
        str(CHAPTERS),
        "--capture=no",  # the progress is shown while rules are judged
        *more,
    ]
    for name in _UNWANTED:
        arguments += ["-p", f"no:{name}"]
    with _isolated():
        code = pytest.main(arguments, plugins=[plugin])
    if code in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
        raise RuntimeError(f"pytest could not run the chapters (exit code {int(code)})")
    return int(code)


@contextlib.contextmanager
def _isolated() -> Iterator[None]:
    """Hides a partner's pytest settings; a stray plugin or option could change a verdict."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PYTEST_")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
        os.environ.update(kept)
