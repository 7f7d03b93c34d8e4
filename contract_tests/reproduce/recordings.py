"""Recorded scene: plays a finding about a recording again, from the bytes beside its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.reproduce.recorded_findings import ReportFile
from callback_contract.contract_tests.reproduce.reproducing import Scene
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.stimuli import recorded as stimuli
from callback_contract.openapi.text.message import joined

__all__ = ["recorded_scene"]


def recorded_scene(
    run: RunContext, tests: Mapping[str, RuleTest], report: ReportFile, rule_id: str, finding: dict[str, Any]
) -> Scene | None:
    """Return the case of a recording without its file; None for findings of others."""
    test = tests.get(rule_id)
    scope = next((scope for scope in run.config.scopes if scope.callback.name == finding["callback"]), None)
    if test is None or test.stimuli is not stimuli.samples or scope is None:
        return None
    *_, delivery = report.deliveries(finding, run.state.run)
    case = Case(scope.callback, joined([finding["case"]]), None, sent=delivery)
    return Scene(run.config.catalogue[rule_id], test, scope, case, finding["case_number"])
