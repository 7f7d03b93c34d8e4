"""Run of the rules: runs pytest inside the program, isolated from the user's pytest configuration."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from callback_contract.contract_tests.runner.bench import Bench
from callback_contract.contract_tests.runner.planning import Plan, planned
from callback_contract.contract_tests.runner.pytest_plugin import RulesPlugin, rule_of
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.rules.catalogue import Catalogue

__all__ = ["CHAPTERS", "collect_tests", "plan_of", "plans_of", "run_rules"]

_HERE = Path(__file__).parent
_ROOT = _HERE.parent
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


class _Judge(RulesPlugin):
    """Judges without the phases, the capturing and the reports of a test: results are in the bench."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        rule_id = rule_of(item)
        if rule_id is None:
            return None
        self.judged(rule_id, self.tests[rule_id], item.session)
        return True


def run_rules(bench: Bench, ready: Callable[[dict[str, int]], None]) -> BaseException | None:
    """Judges the bench's rules; returns what stopped the run early, if anything did.

    Results are in `bench.results`; a rule that was not reached has none.

    Args:
        ready: Called with the plan before the first rule is judged.
    """
    plugin = _Judge(lambda: contextlib.nullcontext(bench), lambda tests: ready(plan_of(bench, tests)))
    with _apart():
        code = _pytest(plugin)
    if plugin.stopped_by is None and (INTERRUPTION.cause is not None or code == pytest.ExitCode.INTERRUPTED):
        return INTERRUPTION.cause or KeyboardInterrupt()
    return plugin.stopped_by


@contextlib.contextmanager
def _apart() -> Iterator[None]:
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
    """The test of each rule, without running any."""
    plugin = RulesPlugin(None)
    _pytest(plugin, "--collect-only")
    return plugin.tests


def plan_of(bench: Bench, tests: dict[str, RuleTest]) -> dict[str, int]:
    """How many deliveries each rule is going to cause at a receiver that does everything right."""
    return {rule_id: plan.deliveries for rule_id, plan in plans_of(bench, tests).items()}


def plans_of(bench: Bench, tests: dict[str, RuleTest]) -> dict[str, Plan]:
    """What each rule is going to take; one without cases is not applicable, and its reason says why."""
    seen: set[tuple[str, str]] = set()
    return {rule.id: planned(bench, rule, tests[rule.id], seen) for rule in bench.rules if rule.id in tests}


def untested(catalogue: Catalogue) -> list[str]:
    """Rules without a test, although none says why it cannot have one."""
    tests = collect_tests()
    return [rule.id for rule in catalogue.rules if not rule.untestable and rule.id not in tests]


def _pytest(plugin: RulesPlugin, *more: str) -> int:
    arguments = [
        str(CHAPTERS),
        "-c",
        str(_HERE / "pytest-check.ini"),
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
