"""JUnit report: renders a run as JUnit XML for CI systems, one suite per chapter, one case per rule.

A run that ended early has a suite of its own with an error: a file of fewer cases, or of none, looks like success.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

__all__ = ["clean", "junit_xml"]

_NO_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what is no Char of XML 1.0


def junit_xml(report: dict[str, Any]) -> str:
    """Writes a report as JUnit XML; a SHOULD that is broken passes, with a note in `system-out`."""
    root = ET.Element("testsuites", name="callback-contract")
    if report["run"]["incomplete"]:
        _cut_off(root, report)
    for chapter, title in report["chapters"].items():
        rules = [rule for rule in report["rules"] if rule["chapter"] == chapter]
        if rules:
            _suite(root, report, f"{chapter} {title}", rules)
    totals = {"tests": 0, "failures": 0, "errors": 0, "time": 0.0}
    for key in totals:
        totals[key] = sum(float(suite.get(key, 0)) for suite in root)
    for key, total in totals.items():
        root.set(key, f"{total:.3f}" if key == "time" else str(int(total)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cut_off(root: ET.Element, report: dict[str, Any]) -> None:
    """Adds why the run ended early."""
    suite = _suite(root, report, "run", [])
    case = ET.SubElement(suite, "testcase", classname="run", name="The run reaches its end.", time="0.000")
    why = clean(report["run"]["incomplete"])
    left = f"{len(report['not_reached'])} rules were not judged."
    ET.SubElement(case, "error", message=why.partition("\n")[0]).text = f"{why}\n{left}"
    suite.set("tests", "1")
    suite.set("errors", "1")


def _suite(root: ET.Element, report: dict[str, Any], name: str, rules: list[dict[str, Any]]) -> ET.Element:
    counts = {"tests": len(rules), "failures": 0, "errors": 0, "skipped": 0}
    took_s = sum(rule["duration_s"] for rule in rules)
    started_at = report["run"]["started_at"].partition("+")[0]  # the format knows no zone
    suite = ET.SubElement(root, "testsuite", name=name, time=f"{took_s:.3f}", timestamp=started_at)
    properties = ET.SubElement(suite, "properties")
    for key, value in (
        ("receiver", report["receiver"]["url"]),
        ("contract", f"{report['contract']['title']} {report['contract']['version']}"),
        ("kit", report["kit"]["version"]),
        ("seed", report["run"]["seed"]),
        ("depth", report["run"]["depth"]),
        ("run", report["run"]["id"]),
    ):
        ET.SubElement(properties, "property", name=key, value=clean(str(value)))
    for rule in rules:
        if kind := _case(suite, name, rule):
            counts[kind] += 1
    for key, count in counts.items():
        suite.set(key, str(count))
    return suite


def _case(suite: ET.Element, name: str, rule: dict[str, Any]) -> str:
    """Adds a rule; gives the count that it belongs to, empty when it passed."""
    title, took_s = clean(f"{rule['id']} {rule['statement']}"), f"{rule['duration_s']:.3f}"
    case = ET.SubElement(suite, "testcase", classname=name, name=title, time=took_s)
    kind, verdict = "", rule["verdict"]
    if verdict == "fail" or (verdict == "flaky" and rule["level"] == "MUST"):
        kind, tag = "failures", "failure"
    elif verdict == "error":
        kind, tag = "errors", "error"
    elif verdict in {"not applicable", "blocked", "waived"}:
        kind, tag = "skipped", "skipped"
    if kind:
        ET.SubElement(case, tag, message=clean(_message(rule))).text = clean(_told(rule))
    elif verdict != "pass":
        ET.SubElement(case, "system-out").text = clean(f"{verdict}: {_told(rule)}")
    return kind


def _message(rule: dict[str, Any]) -> str:
    """What a runner shows of a failure in its list: what was expected, what came, and what to change."""
    if not rule["findings"]:
        return str(rule["reason"] or rule["verdict"])
    finding = rule["findings"][0]
    told = f"with {finding['case']}: expected {finding['expected']}, got {finding['actual']}; {rule['remedy']}"
    return f"{told} ({rule['reason']})" if rule["reason"] else told


def _told(rule: dict[str, Any]) -> str:
    lines = []
    for finding in rule["findings"]:
        lines += [
            f"with {finding['case']}",
            f"  expected: {finding['expected']}",
            f"  actual: {finding['actual']}",
            f"  reproduce: {finding['reproduce']}",
        ]
    return "\n".join([*lines, f"remedy: {rule['remedy']}"] if lines else lines)


def clean(text: str) -> str:
    """A text without what XML cannot hold."""
    return _NO_XML.sub("�", text)
