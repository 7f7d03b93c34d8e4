"""Annotations of a CI run: each cause of failures beside the pipeline's result, in the runner's own form.

GitHub and Azure DevOps read them from the log, GitLab from a file of Code Quality that the job names as a report.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from callback_contract.contract_tests.reporting.model.causes import Cause, by_cause
from callback_contract.contract_tests.reporting.model.outcome import blocks_the_gate
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.printable import broken, exact_json

__all__ = ["CODE_QUALITY", "RUNNERS", "annotation_lines", "code_quality_json", "runner_of"]

RUNNERS = {"github": "GITHUB_ACTIONS", "gitlab": "GITLAB_CI", "azure": "TF_BUILD"}
"""Runners by the variable with which each says what it is."""

CODE_QUALITY = "gl-code-quality-report.json"


def runner_of(environment: Mapping[str, str]) -> str:
    """The runner that the environment tells of; empty for none of them."""
    return next((name for name, variable in RUNNERS.items() if environment.get(variable, "").lower() == "true"), "")


def annotation_lines(runner: str, report: dict[str, Any]) -> Iterator[str]:
    """One line of the log for each cause, which the runner shows as an error or a warning."""
    for cause in _told(report):
        kind = "error" if blocks_the_gate(cause.rule) else "warning"
        title, text = f"{cause.rule['id']} {cause.rule['level']}", f"{cause.rule['statement']} {_said(cause)}"
        if runner == "github":
            yield f"::{kind} title={title}::{_escaped(text, '%25')}"
        elif runner == "azure":
            yield f"##vso[task.logissue type={kind}]{_escaped(f'{title}: {text}', '%AZP25')}"


def code_quality_json(report: dict[str, Any]) -> str:
    """The causes as GitLab's Code Quality reads them; a callback stands in the place of a file."""
    found = [
        {
            "description": f"{cause.rule['id']} {cause.rule['statement']} {_said(cause)}",
            "check_name": cause.rule["id"],
            "fingerprint": hashlib.sha256(f"{report['receiver']['name']}\0{cause.rule['id']}".encode()).hexdigest(),
            "severity": "critical" if blocks_the_gate(cause.rule) else "minor",
            "run": report["run"]["id"],
            "location": {"path": f"webhooks/{_callback(cause)}", "lines": {"begin": 1}},
        }
        for cause in _told(report)
    ]
    return exact_json(found, indent=1) + "\n"


def _told(report: dict[str, Any]) -> list[Cause]:
    return [cause for cause in by_cause(report) if cause.rule["verdict"] != "waived"]


def _callback(cause: Cause) -> str:
    return str(cause.rule["findings"][0]["callback"]) if cause.rule["findings"] else ""


def _said(cause: Cause) -> str:
    """What was expected and what came, and what to change."""
    rule = cause.rule
    if not rule["findings"]:
        return str(rule["reason"])
    finding = rule["findings"][0]
    more = f" It broke {', '.join(each['id'] for each in cause.more)}, too." if cause.more else ""
    told = f"With {finding['case']}: expected {finding['expected']}, got {finding['actual']}."
    return f"{told} {rule['remedy']}{more}"


def _escaped(text: str, percent: str) -> str:
    """One inert line, with a per cent sign as the runner spells it."""
    return broken(printable(text)).replace("%", percent)
