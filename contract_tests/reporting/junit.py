"""Decides how a run looks to a CI system: JUnit XML, one suite per chapter, one case per rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

__all__ = ["junit_xml", "write_junit"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: dict[str, Any], chapters: dict[str, str]) -> str:
    """Writes a report as JUnit XML; a SHOULD that is broken passes, with a note in `system-out`."""
    root = ET.Element("testsuites", name="callback-contract", time=str(report["run"]["duration_s"]))
    for chapter, title in chapters.items():
        rules = [rule for rule in report["rules"] if rule["chapter"] == chapter]
        if rules:
            _suite(root, f"{chapter} {title}", rules)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, name: str, rules: list[dict[str, Any]]) -> None:
    counts = {"tests": len(rules), "failures": 0, "errors": 0, "skipped": 0}
    suite = ET.SubElement(root, "testsuite", name=name, time="0")
    for rule in rules:
        case = ET.SubElement(
            suite, "testcase", classname=name, name=_clean(f"{rule['id']} {rule['statement']}"), time="0"
        )
        kind, verdict = "", rule["verdict"]
        if verdict == "fail" or (verdict == "flaky" and rule["level"] == "MUST"):
            kind, tag = "failures", "failure"
        elif verdict == "error":
            kind, tag = "errors", "error"
        elif verdict in {"not applicable", "waived"}:
            kind, tag = "skipped", "skipped"
        if kind:
            counts[kind] += 1
            ET.SubElement(case, tag, message=_clean(rule["reason"] or verdict)).text = _clean(_told(rule))
        elif verdict != "pass":
            ET.SubElement(case, "system-out").text = _clean(f"{verdict}: {_told(rule)}")
    for key, count in counts.items():
        suite.set(key, str(count))


def _told(rule: dict[str, Any]) -> str:
    lines = []
    for finding in rule["findings"]:
        lines += [
            f"with {finding['case']}",
            f"  expected: {finding['expected']}",
            f"  actual: {finding['actual']}",
            f"  reproduce: {finding['reproduce']}",
        ]
    return "\n".join(lines)


def _clean(text: str) -> str:
    return _NO_XML.sub("�", text)


def write_junit(report: dict[str, Any], chapters: dict[str, str], directory: Path) -> None:
    """Writes `junit.xml`.

    Raises:
        OSError: The directory cannot be written.
    """
    (directory / "junit.xml").write_text(junit_xml(report, chapters), encoding="utf-8")
