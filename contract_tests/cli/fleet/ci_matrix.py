"""Pipeline of a fleet: its partners as jobs of GitHub or GitLab, and the board of their reports behind them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import yaml

from callback_contract.contract_tests.cli.fleet.partners_file import PartnerRow
from callback_contract.contract_tests.cli.report_output import kit_version

__all__ = ["github_pipeline", "gitlab_pipeline"]

_MOST_JOBS = {"github": 256, "gitlab": 200}  # of one matrix, as their documentation has it
_FOLDER = "fleet-reports"
_INSTALL = f'pip install "callback-contract @ git+https://YOUR-GIT-HOST/callback-contract@v{kit_version()}"'
_JUDGE = 'callback-contract fleet {file} --only "$PARTNERS" --report-dir ' + _FOLDER
_BOARD = f"callback-contract summary {_FOLDER} --format html --out {_FOLDER}/index.html"
_HEAD = """\
# Written by `callback-contract fleet {file} --matrix {kind}`.
# Put your kit's address in the place of YOUR-GIT-HOST.
"""


def github_pipeline(rows: Sequence[PartnerRow], file: str, at_once: int) -> str:
    """A workflow of GitHub; each variable that the file names is a secret of the same name."""
    secrets = {name: f"${{{{ secrets.{name} }}}}" for row in rows for name in row.variables}
    upload = {"name": "reports-${{ strategy.job-index }}", "path": _FOLDER}
    groups = _groups(rows, _MOST_JOBS["github"])
    key = "fleet-${{ matrix.partners }}-"
    cache = {"path": _FOLDER, "key": key + "${{ github.run_id }}", "restore-keys": key}
    judge = {
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 120,
        "strategy": {
            "fail-fast": False,
            "max-parallel": at_once,
            "matrix": {"partners": groups},
        },
        "steps": [
            {"uses": "actions/checkout@v4"},
            *([{"uses": "actions/cache@v4", "with": cache}] if _is_kept(groups) else []),
            {"run": _INSTALL},
            {"run": _JUDGE.format(file=shlex.quote(file)), "env": {"PARTNERS": "${{ matrix.partners }}", **secrets}},
            {"if": "always()", "uses": "actions/upload-artifact@v4", "with": upload},
        ],
    }
    merged = {"pattern": "reports-*", "path": _FOLDER, "merge-multiple": True}
    board = {
        "needs": "judge",
        "if": "always()",
        "runs-on": "ubuntu-latest",
        "steps": [
            {"uses": "actions/download-artifact@v4", "with": merged},
            {"run": _INSTALL},
            {"run": _BOARD},
            {"uses": "actions/upload-artifact@v4", "with": {"name": "board", "path": _FOLDER}},
        ],
    }
    on = {"schedule": [{"cron": "0 5 * * *"}], "workflow_dispatch": {}}
    return _written("github", file, {"name": "partners", "on": on, "jobs": {"judge": judge, "board": board}})


def gitlab_pipeline(rows: Sequence[PartnerRow], file: str) -> str:
    """A pipeline of GitLab; the variables that the file names are those of the project."""
    common = {"image": "python:3.13", "before_script": [_INSTALL]}
    groups = _groups(rows, _MOST_JOBS["gitlab"])
    judge = common | {
        "stage": "test",
        "parallel": {"matrix": [{"PARTNERS": groups}]},
        "script": [_JUDGE.format(file=shlex.quote(file))],
        **({"cache": {"key": "fleet-$PARTNERS", "paths": [_FOLDER]}} if _is_kept(groups) else {}),
        "artifacts": {"when": "always", "paths": [_FOLDER]},
    }
    board = common | {
        "stage": "deploy",
        "when": "always",
        "script": [_BOARD],
        "artifacts": {"paths": [_FOLDER]},
    }
    return _written("gitlab", file, {"judge": judge, "board": board})


def _groups(rows: Sequence[PartnerRow], most: int) -> list[str]:
    """The partners of each job, as `--only` takes them: one, or as few as a matrix has room for."""
    size = -(-len(rows) // most)
    names = [row.name for row in rows]
    return [",".join(names[at : at + size]) for at in range(0, len(names), size)]


def _is_kept(groups: Sequence[str]) -> bool:
    """Whether a cache keeps each partner's history; one of several would bring others' old reports once they move."""
    return not any("," in group for group in groups)


def _written(kind: str, file: str, value: dict[str, Any]) -> str:
    return _HEAD.format(file=file, kind=kind) + yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=200)
