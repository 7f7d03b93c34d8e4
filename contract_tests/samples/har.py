"""HTTP archive reader (HAR 1.2): reads requests with a body or a query as deliveries, and their answers."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.samples.json_stream import JsonStream, TooLargeError
from callback_contract.contract_tests.samples.recorded_delivery import (
    Entries,
    Malformed,
    RecordedAnswer,
    RecordedDelivery,
    Unreadable,
    headers_of,
)
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["read_archive"]

_MOST_ENTRY = 64 * 1024 * 1024  # characters
_TO_LINES = (
    "jq -c '.log.entries[].request | select(.postData.text) | {headers, body: .postData.text}' FILE.har > FILE.jsonl"
)
_BODILESS = {"GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT"}


def read_archive(file: Path, name: str) -> Entries:
    """Yield the requests of an archive of any size, one by one.

    Raises:
        KitError: It is no archive, or an entry is too large.
    """
    with file.open(encoding="utf-8-sig", newline="") as opened, _errors_of(name):
        for number, entry in enumerate(_entries(JsonStream(opened, _MOST_ENTRY)), 1):
            read = _read(entry, f"{name} entry {number}")
            if read is not None:
                yield read


def _entries(stream: JsonStream) -> Iterator[Any]:
    """Yield the items of /log/entries; what stands beside it is passed over."""
    found = False
    for name in stream.members() if stream.peek() == "{" else ():
        if name != "log" or stream.peek() != "{":
            stream.value()
            continue
        for member in stream.members():
            if member != "entries":
                stream.value()
            elif stream.peek() == "[":
                found = True
                yield from stream.items()
            else:
                raise _NoArchiveError(Text("error-samples.archive-no-list"))
    if not found:
        raise _NoArchiveError(Text("error-samples.archive-no-entries"))


class _NoArchiveError(Exception):
    pass


@contextlib.contextmanager
def _errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except _NoArchiveError as error:
        raise _no_archive(name, error.args[0]) from None
    except UnicodeDecodeError:
        raise _no_archive(name, Text("error-samples.archive-not-utf-8")) from None
    except json.JSONDecodeError as error:
        raise _no_archive(name, Text("error-samples.archive-no-json", why=error.msg, line=error.lineno)) from None
    except TooLargeError:
        raise KitError(
            Text("error-samples.entry-too-big", name=name, most=_MOST_ENTRY // 2**20),
            where="--samples",
            remedy=Text("error-samples.lines-any-size", how=_TO_LINES),
        ) from None
    except (ValueError, RecursionError):
        raise _no_archive(name, Text("error-samples.archive-too-deep")) from None


def _no_archive(name: str, why: str) -> KitError:
    return KitError(
        Text("error-samples.no-archive", name=name, why=why), where="--samples", remedy=Text("error-samples.export-har")
    )


def _read(entry: Any, place: str) -> RecordedDelivery | Unreadable | None:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        return Unreadable(place, Text("sample.no-request"))
    method = str(request.get("method", ""))
    posted = request.get("postData")
    if not posted and method.upper() in _BODILESS:
        return _by_query(entry, request, place, method)
    if not posted:
        return Unreadable(place, Text("sample.body-not-recorded"))
    if not isinstance(posted, dict) or not isinstance(posted.get("text"), str):
        return Unreadable(place, Text("sample.body-as-form"))
    try:
        headers = headers_of(request.get("headers", []))
        body = _bytes(posted)
    except Malformed as error:
        return Unreadable(place, error.text)
    except ValueError as error:
        return Unreadable(place, str(error))
    media_type = posted.get("mimeType")
    if isinstance(media_type, str) and media_type and not any(key.lower() == "content-type" for key, _ in headers):
        headers = (("Content-Type", media_type), *headers)
    return RecordedDelivery(place, body, headers, method=method, at=_at(entry), answer=_answer(entry))


def _by_query(
    entry: dict[str, Any], request: dict[str, Any], place: str, method: str
) -> RecordedDelivery | Unreadable | None:
    """Return a request whose query may be a delivery; None without one, as most of a browser's are."""
    if not (query := _query(request)):
        return None
    try:
        headers = headers_of(request.get("headers", []))
    except Malformed as error:
        return Unreadable(place, error.text)
    return RecordedDelivery(place, query, headers, method=method, at=_at(entry), answer=_answer(entry), by_query=True)


def _query(request: dict[str, Any]) -> bytes:
    """Return the query of a request's URL as it was sent."""
    url = request.get("url")
    return url.partition("#")[0].partition("?")[2].encode() if isinstance(url, str) and url.isascii() else b""


def _at(entry: dict[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(entry["startedDateTime"]).timestamp()
    except (LookupError, TypeError, ValueError, OverflowError):
        return None


def _answer(entry: dict[str, Any]) -> RecordedAnswer | None:
    """Return the status of a response and the time that it took, in milliseconds there; -1 stands for unknown."""
    response, time_ms = entry.get("response"), entry.get("time")
    status = response.get("status") if isinstance(response, dict) else None
    if type(status) is not int:
        return None
    if isinstance(time_ms, int | float) and not isinstance(time_ms, bool) and time_ms >= 0:
        return RecordedAnswer(max(0, status), time_ms / 1000)
    return RecordedAnswer(max(0, status))


def _bytes(posted: dict[str, Any]) -> bytes:
    """Return the bytes of a body; base64 is accepted for requests, too.

    HAR 1.2 defines it for responses only, but recorders use it.

    Raises:
        ValueError: The bytes cannot be determined.
    """
    text = posted["text"]
    try:
        if posted.get("encoding") == "base64":
            return base64.b64decode(text, validate=True)
        return bytes(text, "utf-8")
    except UnicodeEncodeError:
        raise Malformed(Text("sample.lone-surrogate")) from None
    except ValueError:
        raise ValueError("the body is not base64") from None
