"""Report writer: writes all files of a report directory, each one atomically."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from callback_contract.contract_tests.reporting.formats.annotations import CODE_QUALITY, code_quality_json
from callback_contract.contract_tests.reporting.formats.archive import archive_json
from callback_contract.contract_tests.reporting.formats.conformance import badge_svg, conformance_md
from callback_contract.contract_tests.reporting.formats.html import Texts, report_html
from callback_contract.contract_tests.reporting.formats.junit import junit_xml
from callback_contract.contract_tests.reporting.formats.sarif import sarif_json
from callback_contract.contract_tests.reporting.formats.summary import append_to_step_summary, summary_md
from callback_contract.contract_tests.reporting.model.history import broken_since
from callback_contract.contract_tests.reporting.model.report import Report
from callback_contract.contract_tests.reporting.model.reproduction import curl_file
from callback_contract.openapi.documents.output_files import replace_file
from callback_contract.openapi.text.message import ENGLISH
from callback_contract.openapi.text.printable import exact_json

__all__ = ["write_reports"]

_OURS = re.compile(r"[A-Z]{3,4}-\d{2}-\d+(-\d+\.body|\.sh)")  # rule, finding, exchange


def write_reports(
    report: Report,
    directory: Path,
    *,
    chinese: Texts | None = None,
    for_gitlab: bool = False,
    language: str = ENGLISH,
) -> tuple[Path, ...]:
    """Writes every report of a run; all of them are made from `report.json` alone.

    Args:
        chinese: Texts of chapters and rules for the page's second language.
        for_gitlab: Whether its file of Code Quality is among them.
        language: Of the pages of Markdown. What programs read is in English, the page and its Chinese in both.

    Returns:
        The files, `report.json` first; the findings' bytes and curl lines stand under `findings/`.

    Raises:
        OSError: The directory cannot be written.
    """
    value = report.value
    since = broken_since(directory, value)
    findings = directory / "findings"
    if findings.is_symlink():
        findings.unlink()  # else files elsewhere would be removed, and written
    findings.mkdir(parents=True, exist_ok=True)
    for old in findings.iterdir():
        if _OURS.fullmatch(old.name):
            old.unlink()
    for name, body in report.bodies.items():
        (findings / name).write_bytes(body)
    for finding in (finding for rule in value["rules"] for finding in rule["findings"] if "curl" in finding):
        (directory / curl_file(finding["id"])).write_bytes(f"{finding['curl']}\n".encode("utf-8", "backslashreplace"))
    summary = summary_md(value, language, chinese.rules if chinese and language != ENGLISH else None)
    # One after the other: report.json is there even if another one cannot be made.
    makers: dict[str, Callable[[], str]] = {
        "report.json": lambda: exact_json(value, indent=1) + "\n",
        "junit.xml": lambda: junit_xml(value),
        "report.sarif": lambda: sarif_json(value),
        "findings.har": lambda: archive_json(value, report.bodies),
        "summary.md": lambda: summary,
        "conformance.md": lambda: conformance_md(value, language),
        "conformance.svg": lambda: badge_svg(value),
        "report.html": lambda: report_html(value, chinese, since),
    }
    if for_gitlab:
        makers[CODE_QUALITY] = lambda: code_quality_json(value)
    for name, make in makers.items():
        replace_file(directory / name, make().encode("utf-8", "backslashreplace"))
    append_to_step_summary(summary)
    return tuple(directory / name for name in makers)
