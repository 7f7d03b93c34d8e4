"""Reports of partners: reads the newest one of each receiver and the earlier ones in its folder's history."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from callback_contract.contract_tests.reporting.model.history import HISTORY
from callback_contract.contract_tests.reporting.model.report_file import read_report_file, report_files
from callback_contract.contract_tests.reporting.model.reproduction import REPORT_FILE
from callback_contract.contract_tests.reporting.partners.overview import Partners, link_key, merge_reports
from callback_contract.openapi.text.errors import KitError

__all__ = ["LOG", "partners_below"]

LOG = "check.log"
"""What the run of a fleet's partner printed, beside its reports."""

_PAGE = "report.html"
_MOST_EARLIER = 12  # runs of a receiver, the newest ones
_RULE = ("id", "level", "statement", "since", "verdict", "lacks", "reason", "waiver")
_UNTOLD = ("notes", "chapters", "ids_sent", "samples", "docs", "rules")


def partners_below(
    paths: tuple[Path, ...], *, every: bool = False, links_from: Path | None = None, side: str | None = None
) -> Partners:
    """Merges the reports that are named or stand below a directory.

    Args:
        every: Whether each has a row, and not only the newest of a receiver.
        links_from: The folder of the page that is going to link to the reports.
        side: As for `merge_reports`.

    Raises:
        KitError: One of them cannot be read. Of the earlier runs in a history such a report is left out.
    """
    links: dict[tuple[str, str], str] = {}
    reports, earlier = list[Mapping[str, Any]](), list[Mapping[str, Any]]()
    for file in report_files(paths):
        report = _told(read_report_file(file)[0])
        reports.append(report)
        page = file.with_name(_PAGE)
        if links_from is not None and page.is_file():
            links[link_key(report)] = quote(Path(os.path.relpath(page, links_from)).as_posix())
        earlier += _history(file.parent)
    merged = merge_reports(reports, every=every, earlier=earlier, links=links, side=side)
    return replace(merged, unreported=tuple(name for path in paths for name in _unreported(path)))


def _unreported(folder: Path) -> list[str]:
    """The partners right below a folder whose last run left no report."""
    below = sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
    without = [each for each in below if not (each / REPORT_FILE).exists()]
    return [each.name for each in without if (each / LOG).is_file() or (each / HISTORY).is_dir()]


def _history(folder: Path) -> Iterator[Mapping[str, Any]]:
    history = folder / HISTORY
    if not history.is_dir() or history.is_symlink():
        return
    for run in sorted(history.iterdir(), reverse=True)[:_MOST_EARLIER]:
        file = run / REPORT_FILE
        try:
            if file.is_file() and not file.is_symlink():
                yield _told(read_report_file(file)[0])
        except KitError:
            continue


def _told(report: dict[str, Any]) -> dict[str, Any]:
    """What is told of a report here; hundreds of whole ones would not fit into the memory."""
    kept = {key: value for key, value in report.items() if key not in _UNTOLD}
    return kept | {"rules": [_rule(rule) for rule in report["rules"]]}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: rule[key] for key in _RULE} | {"findings": [_finding(each) for each in rule["findings"]]}


def _finding(finding: dict[str, Any]) -> dict[str, Any]:
    return {key: finding[key] for key in ("callback", "case", "actual", "texts") if key in finding}
