"""Kill matrix: judges the mock with each fault, and shows which rules detect it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.kill_matrix.setups import (
    RIGHT,
    is_secured,
    never_retried,
    reached,
    set_aside,
    stock_samples,
)
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution.deadlines import judge_deadlines
from callback_contract.contract_tests.runner.collection import collect_tests
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.contract_tests.runner.first_contact import make_first_contact
from callback_contract.contract_tests.runner.judge import judge
from callback_contract.contract_tests.runner.prefetch import prefetch
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.signing import Scheme
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.rules.catalogue import Catalogue, load_catalogue

__all__ = ["Row", "judge_all", "judge_mock", "kill_matrix", "tools"]


@dataclass(frozen=True)
class Row:
    """The verdicts on the mock with one fault.

    Attributes:
        fault: The fault's id, or a name of `RIGHT` for a correct mock.
        broken: Rules that detected the fault, each with its verdict.
        blocked: Rules that were not judged, since a broken rule explains their result.
        other: Rules with another verdict than pass: errors, or unmet preconditions.
        unexpected: Case and actual of the first finding of each other rule.
    """

    fault: str
    broken: dict[str, str] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
    other: dict[str, str] = field(default_factory=dict)
    unexpected: dict[str, str] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether the fault's own rule detected it, and no other."""
        return set(self.broken) == {self.fault} - set(RIGHT) and not self.other


@lru_cache(maxsize=1)
def tools() -> tuple[Contract, Catalogue, dict[str, RuleTest]]:
    """Return contract, catalogue and the rules' tests, loaded once per process."""
    return load_contract(), load_catalogue(), collect_tests()


@lru_cache(maxsize=2)
def _contract(*, secured: bool) -> Contract:
    return never_retried(tools()[0]) if secured else tools()[0]


@lru_cache(maxsize=4)
def _scopes(depth: str, seed: int, scheme: Scheme | None) -> tuple[Scope, ...]:
    """Return the scopes, drawn once for all faults, on which they do not depend."""
    return tuple(
        Scope(callback, DEPTHS[depth], seed, scheme, samples=stock_samples(callback) if scheme else None)
        for callback in _contract(secured=scheme is not None).default_callbacks
    )


def judge_all(run: RunContext, tests: dict[str, RuleTest]) -> dict[str, RuleResult]:
    """Judge the run's rules one after another, without pytest's reporting."""
    make_first_contact(run)
    for rule in run.config.order:
        prefetch(run, rule, tests)
        run.state.rule_judged(judge(run, rule, tests[rule.id]))
    judge_deadlines(run)
    return run.state.results


def judge_mock(fault: str, depth: str, seed: int, *, alone: bool = False) -> dict[str, RuleResult]:
    """Judge a mock with one fault, or a correct mock of that name in `RIGHT`.

    Args:
        alone: Judge only the fault's own rule and those that it requires.
    """
    _, catalogue, tests = tools()
    contract = _contract(secured=is_secured(fault))
    rules = catalogue.with_required(fault) if alone and fault not in RIGHT else catalogue.rules
    with reached(contract, fault) as (sender, state):
        config = RunConfig(
            contract,
            catalogue,
            rules,
            contract.default_callbacks,
            sender,
            DEPTHS[depth],
            seed,
            read_back=state,
            patience_s=1.0,  # the mock stores before it responds
            drawn=_scopes(depth, seed, getattr(sender.signer, "scheme", None)),
        )
        with contextlib.closing(RunContext.of(config)) as run:
            return judge_all(run, tests)


def _row(job: tuple[str, str, int, bool]) -> Row:
    fault, depth, seed, alone = job
    results = judge_mock(fault, depth, seed, alone=alone)
    rest = {rule_id: r for rule_id, r in results.items() if not r.broken and r.verdict is not Verdict.PASS}
    aside = {rule_id for rule_id in set_aside(fault) if rule_id in rest and not rest[rule_id].blocked}
    rest = {rule_id: r for rule_id, r in rest.items() if rule_id not in aside or r.verdict is Verdict.ERROR}
    return Row(
        fault,
        {rule_id: r.verdict.value for rule_id, r in results.items() if r.broken},
        tuple(rule_id for rule_id, r in rest.items() if r.blocked),
        {rule_id: f"{r.verdict.value}: {r.reason}" for rule_id, r in rest.items() if not r.blocked},
        {
            rule_id: f"{r.findings[0].case}: {r.findings[0].actual}"
            for rule_id, r in results.items()
            if r.findings and rule_id != fault
        },
    )


def kill_matrix(faults: Iterable[str], *, depth: str = "quick", seed: int = 0, alone: bool = False) -> Iterator[Row]:
    """Judge the mock with each fault, two or more in parallel; yield rows in order.

    Args:
        alone: See `judge_mock`.
    """
    jobs = [(fault, depth, seed, alone) for fault in faults]
    if len(jobs) == 1:
        yield _row(jobs[0])
        return
    with ProcessPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        yield from pool.map(_row, jobs)
