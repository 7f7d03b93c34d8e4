"""SARIF report: renders findings as SARIF 2.1.0 for viewers and vulnerability managers.

A receiver has no source file. A result's physical location is therefore the file with the bytes that were sent, which
stands beside the report; its logical location is the callback; and the exchange itself is the result's `webRequest`
and `webResponse`, which SARIF has for tools that judge by HTTP.
"""

from __future__ import annotations

import hashlib
from typing import Any

from callback_contract.contract_tests.reporting.model.documentation_links import rule_link
from callback_contract.contract_tests.reporting.model.outcome import blocks_the_gate, broken_rules
from callback_contract.openapi.text.printable import exact_json, printable

__all__ = ["sarif_json"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_json(report: dict[str, Any]) -> str:
    """Writes a report as SARIF: every rule with its help, a result per finding."""
    positions = {rule["id"]: index for index, rule in enumerate(report["rules"])}
    errors = [rule for rule in report["rules"] if rule["verdict"] == "error"]
    run = {
        "tool": {
            "driver": {
                "name": report["kit"]["name"],
                "semanticVersion": report["kit"]["version"],
                "rules": [_rule(rule, report["chapters"]) | _help_uri(report, rule["id"]) for rule in report["rules"]],
            }
        },
        "automationDetails": {"id": f"callback-contract/{report['contract']['digest'][:16]}/{report['run']['id']}"},
        "invocations": [
            {
                "executionSuccessful": not errors and not report["run"]["incomplete"],
                "exitCode": report["exit_code"],
                "startTimeUtc": report["run"]["started_at"].replace("+00:00", "Z"),
                "toolExecutionNotifications": [
                    *({"level": "error", "message": {"text": why}} for why in [report["run"]["incomplete"]] if why),
                    *(
                        {
                            "level": "error",
                            "message": {"text": rule["reason"]},
                            "associatedRule": {"id": rule["id"], "index": positions[rule["id"]]},
                        }
                        for rule in errors
                    ),
                ],
            }
        ],
        "results": [
            _result(rule, finding, positions[rule["id"]])
            for rule in broken_rules(report)
            for finding in rule["findings"]
        ],
        "columnKind": "unicodeCodePoints",
    }
    return exact_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(rule: dict[str, Any], chapters: dict[str, str]) -> dict[str, Any]:
    text = f"{rule['why']} {rule['remedy']} Source: {rule['source']}"
    markdown = f"{rule['why']}\n\n**What to change:** {rule['remedy']}\n\nSource: {rule['source']}"
    return {
        "id": rule["id"],
        "shortDescription": {"text": rule["statement"]},
        "fullDescription": {"text": rule["why"]},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": "error" if rule["level"] == "MUST" else "warning"},
        "properties": {"tags": [chapters.get(rule["chapter"], rule["chapter"]), rule["level"]], "since": rule["since"]},
    }


def _help_uri(report: dict[str, Any], rule_id: str) -> dict[str, Any]:
    link = rule_link(report, rule_id)
    return {"helpUri": link("en")} if link else {}


def _result(rule: dict[str, Any], finding: dict[str, Any], position: int) -> dict[str, Any]:
    told = f"{finding['callback']}, with {finding['case']}: expected {finding['expected']}, got {finding['actual']}."
    name = "\0".join((rule["id"], finding["callback"], finding["case"]))
    result: dict[str, Any] = {
        "ruleId": rule["id"],
        "ruleIndex": position,
        "kind": "fail",
        "level": "error" if blocks_the_gate(rule) else "warning",
        "message": {"text": printable(told)},
        "locations": [_location(finding)],
        # The same case of the same rule is the same result in the next run.
        "partialFingerprints": {"callbackContractCase/v1": hashlib.sha256(name.encode()).hexdigest()},
        "properties": {"tries": finding["tries"], "broke": finding["broke"], "reproduce": finding["reproduce"]},
    }
    if finding["exchanges"]:
        result |= _exchange(finding["exchanges"][-1])
    if rule["waiver"]:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": f"{rule['waiver']['reason']}"}
        ]
    return result


def _location(finding: dict[str, Any]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"name": finding["callback"], "fullyQualifiedName": f"webhooks/{finding['callback']}"}]
    }
    if finding["exchanges"]:
        location["physicalLocation"] = {"artifactLocation": {"uri": finding["exchanges"][-1]["body_file"]}}
    return location


def _exchange(exchange: dict[str, Any]) -> dict[str, Any]:
    answer = exchange.get("answer")
    response: dict[str, Any] = {"noResponseReceived": True}
    if answer:
        response = {
            "protocol": "HTTP",
            "statusCode": answer["status"],
            "headers": _headers(answer["headers"]),
            "body": {"text": answer["body"]},
        }
    return {
        "webRequest": {
            "protocol": "HTTP",
            "method": exchange["method"],
            "target": exchange["url"],
            "headers": _headers(exchange["headers"]),
            "body": {"text": exchange["body"]},
        },
        "webResponse": response,
    }


def _headers(headers: list[list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
