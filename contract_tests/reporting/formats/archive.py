"""HTTP archive (HAR 1.2) of a report's findings: any browser's or proxy's tool opens it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from callback_contract.openapi.text.printable import exact_json

__all__ = ["archive_json"]


def archive_json(report: dict[str, Any], bodies: Mapping[str, bytes]) -> str:
    """Writes every exchange of every finding, as the report shows it; a comment names the rule and the case.

    Args:
        bodies: What was sent, by file name.
    """
    started_at = datetime.fromisoformat(report["run"]["started_at"])
    entries = [
        _entry(finding, exchange, started_at, bodies)
        for rule in report["rules"]
        for finding in rule["findings"]
        for exchange in finding["exchanges"]
    ]
    creator = {"name": report["kit"]["name"], "version": report["kit"]["version"]}
    log = {"version": "1.2", "creator": creator, "comment": f"run {report['run']['id']}", "entries": entries}
    return exact_json({"log": log}, indent=1) + "\n"


def _entry(
    finding: dict[str, Any], exchange: dict[str, Any], started_at: datetime, bodies: Mapping[str, bytes]
) -> dict[str, Any]:
    body = bodies.get(PurePosixPath(exchange["body_file"]).name)
    text = exchange["body"] if body is None else body.decode("utf-8", "backslashreplace")
    sent, took_ms = exchange["headers"], exchange["elapsed_s"] * 1000
    request = {
        "method": exchange["method"],
        "url": exchange["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(sent),
        "queryString": [],
        "postData": {"mimeType": _media_type(sent), "text": text},
        "headersSize": -1,
        "bodySize": exchange["body_bytes"],
    }
    return {
        "startedDateTime": (started_at + timedelta(seconds=exchange["offset_s"])).isoformat(timespec="milliseconds"),
        "time": took_ms,
        "request": request,
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": took_ms, "receive": 0},
        "comment": f"{finding['id']}: {finding['callback']}, with {finding['case']}",
    }


def _response(exchange: dict[str, Any]) -> dict[str, Any]:
    """What came; status 0 and the reason where nothing did, as browsers write it."""
    answer = exchange.get("answer") or {"status": 0, "headers": [], "body": "", "body_bytes": 0}
    headers = answer["headers"]
    response = {
        "status": answer["status"],
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(headers),
        "content": {"size": answer["body_bytes"], "mimeType": _media_type(headers), "text": answer["body"]},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": answer["body_bytes"],
    }
    return response | ({"comment": exchange["no_answer"]["kind"]} if "no_answer" in exchange else {})


def _headers(headers: list[list[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _media_type(headers: list[list[str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")
