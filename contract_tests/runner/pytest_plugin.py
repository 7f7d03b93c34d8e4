"""Pytest plugin of the rules: orders and selects them, and makes one result per rule."""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.runner.bench import Bench
from callback_contract.contract_tests.runner.judge import add_read_back_hint, judge
from callback_contract.contract_tests.runner.prefetch import prefetch
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.mock_server.client.sender import OutOfBudget
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.rules.catalogue import Rule, load_catalogue
from callback_contract.openapi.text.errors import KitError

__all__ = ["RulesPlugin", "rule_of"]

_FOLDER = Path(__file__).resolve().parents[1]
_NAME = "callback_contract.contract_tests"


def rule_of(item: pytest.Item) -> str | None:
    """The id that a test carries."""
    marker = item.get_closest_marker("rule")
    return None if marker is None else str(marker.args[0])


class RulesPlugin:
    """Feeds a `Bench` from the tests that pytest collects.

    Args:
        open_bench: Called once, when the first rule is due; None runs nothing and only collects.
        ready: Called when all tests are collected, before the first one runs.
    """

    def __init__(
        self,
        open_bench: Callable[[], contextlib.AbstractContextManager[Bench]] | None,
        ready: Callable[[dict[str, RuleTest]], None] | None = None,
    ) -> None:
        self._open_bench = open_bench
        self._ready = ready
        self._stack = contextlib.ExitStack()
        self._bench: Bench | None = None
        self.tests: dict[str, RuleTest] = {}
        self.stopped_by: BaseException | None = None

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
            self.tests[rule_id] = item.obj.rule_test  # type: ignore[attr-defined]  # pytest.Function has it
        # The catalogue's order is topological: what explains a breaking is judged before what it explains.
        position = {rule.id: index for index, rule in enumerate(load_catalogue().rules)}
        unknown = sorted(set(self.tests) - set(position))
        if unknown:
            raise pytest.UsageError(f"tests carry rules that rules.yaml does not have: {', '.join(unknown)}")
        rules.sort(key=lambda item: position[str(rule_of(item))])
        items[:] = [*others, *rules]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if self._ready is None:
            return
        try:
            self._ready(self.tests)
        except (Exception, KeyboardInterrupt) as stop:
            self.stopped_by = stop
            session.items.clear()

    def bench(self) -> Bench:
        """The run's bench, opened on first use."""
        if self._bench is None:
            assert self._open_bench is not None
            self._bench = self._stack.enter_context(self._open_bench())
        return self._bench

    @pytest.fixture
    def judge_rule(self, request: pytest.FixtureRequest) -> Callable[[RuleTest], None]:
        """Judges the rule whose id the test carries."""
        rule_id = rule_of(request.node)
        assert rule_id is not None

        def judged(test: RuleTest) -> None:
            result = self.judged(rule_id, test, request.session)
            if result is None:
                pytest.skip("not judged")
            _tell_pytest(result)

        return judged

    def judged(self, rule_id: str, test: RuleTest, session: pytest.Session) -> RuleResult | None:
        """Judges a rule; None when it is not selected, or when the session is about to stop."""
        bench = self.bench()
        rule = bench.catalogue[rule_id]
        return self._judged(bench, rule, test, session) if rule in bench.rules else None

    def _judged(self, bench: Bench, rule: Rule, test: RuleTest, session: pytest.Session) -> RuleResult | None:
        bench.listener.rule_started(rule)
        begun, bursts = time.monotonic(), len(bench.bursts)
        try:
            if INTERRUPTION.cause is not None:  # it got lost in a callback of the interpreter
                raise INTERRUPTION.cause
            prefetch(bench, rule, self.tests)
            result = judge(bench, rule, test)
            add_read_back_hint(bench, result)
        except (OutOfBudget, KitError, KeyboardInterrupt) as stop:
            self.stopped_by = stop
            session.shouldstop = str(stop) or "interrupted"
            return None
        except Exception as error:  # whatever is not an assertion is the kit's or the set-up's
            result = RuleResult(rule, Verdict.ERROR, f"{type(error).__name__}: {error}")
            bench.errors.append(error)
        result.duration_s = time.monotonic() - begun
        result.bursts = tuple(bench.bursts[bursts:]) if test.together else ()
        bench.gate.apply(result)
        bench.results[rule.id] = result
        bench.listener.rule_ended(result)
        return result

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
            ".".join((_NAME, *self.path.resolve().relative_to(_FOLDER).with_suffix("").parts))
        )
        self.config.pluginmanager.consider_module(module)
        return module


def _module(path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """The collector of a module of the kit's tests; None for anybody else's."""
    if not path.resolve().is_relative_to(_FOLDER):
        return None
    return _NamedModule.from_parent(parent, path=path)


def _directory(path: Path, parent: pytest.Collector) -> pytest.Dir | None:
    """The collector of a folder of the kit's tests; that of a package would import its `__init__.py` by path."""
    if not path.resolve().is_relative_to(_FOLDER):
        return None
    return pytest.Dir.from_parent(parent, path=path)
