"""Decides which files a report directory holds, and that each of them is written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from contract_tests.reporting.html import Texts, report_html
from contract_tests.reporting.junit import junit_xml
from contract_tests.reporting.report import Report
from contract_tests.reporting.sarif import sarif_json
from contract_tests.reporting.summary import append_to_step_summary, summary_md

__all__ = ["write_reports"]


def write_reports(report: Report, directory: Path, *, chinese: Texts | None = None) -> tuple[Path, ...]:
    """Writes every report of a run; all of them are made from `report.json` alone.

    Args:
        chinese: Texts of chapters and rules for the page's second language.

    Returns:
        The files, `report.json` first; the findings' bytes stand under `findings/`.

    Raises:
        OSError: The directory cannot be written.
    """
    value = report.value
    findings = directory / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    for old in findings.glob("*.body"):
        old.unlink()
    for name, body in report.bodies.items():
        (findings / name).write_bytes(body)
    summary = summary_md(value)
    texts = {
        "report.json": json.dumps(value, ensure_ascii=False, indent=1) + "\n",
        "junit.xml": junit_xml(value),
        "report.sarif": sarif_json(value),
        "summary.md": summary,
        "report.html": report_html(value, chinese),
    }
    for name, text in texts.items():
        _write_whole(directory / name, text)
    append_to_step_summary(summary)
    return tuple(directory / name for name in texts)


def _write_whole(file: Path, text: str) -> None:
    # Written beside and moved into place: a full disk leaves the file of the run before, never half of one.
    unfinished = file.with_name(file.name + ".part")
    unfinished.write_text(text, encoding="utf-8", errors="backslashreplace")
    unfinished.replace(file)
