"""Lists of recordings in one JSON file: bodies, envelopes of headers and body, and what request bins export."""

from __future__ import annotations

import base64
import contextlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from callback_contract.contract_tests.samples.recorded_delivery import (
    MOST_BODY_BYTES,
    Entries,
    Malformed,
    RecordedDelivery,
    Unreadable,
    headers_of,
)
from callback_contract.mock_server.wire.delivery import header_value
from callback_contract.mock_server.wire.json_spelling import encode
from callback_contract.openapi.text.message import Text

__all__ = ["spread", "unpacked"]

_LISTS = ("data", "requests", "models", "items")
"""Members in which request bins list what they received."""

_BODIES = ("body", "content", "raw", "rawBody", "body_raw")
_KINDS_OF_BODY = (str, dict, list)


def spread(recording: RecordedDelivery, *, lists_are_bodies: bool) -> Entries:
    """Yield the recordings that stand in one file; the file itself where it is a body.

    Args:
        lists_are_bodies: Whether a body of the contract may be an array.
    """
    if recording.headers is not None or recording.body[:64].lstrip()[:1] not in {b"[", b"{"}:
        yield recording
        return
    try:
        value = json.loads(recording.body)
    except (ValueError, RecursionError):
        yield recording
        return
    items = _items(value)
    if items is None or (lists_are_bodies and not all(map(_is_request, items))):
        yield recording
        return
    for number, item in enumerate(items, 1):
        place = f"{recording.place} item {number}"
        yield (
            _opened(item, place, recording) if _is_request(item) else replace(recording, place=place, body=encode(item))
        )


def _items(value: Any) -> list[Any] | None:
    """Return the listed recordings; None where a value is no list of them."""
    if isinstance(value, list):
        return value or None
    if _is_request(value):
        return [value]
    for name in _LISTS if isinstance(value, dict) else ():
        listed = value.get(name)
        if isinstance(listed, list) and listed and all(map(_is_request, listed)):
            return listed
    return None


def _request(item: Any) -> dict[str, Any]:
    inside = item.get("request") if isinstance(item, dict) else None
    found: dict[str, Any] = inside if isinstance(inside, dict) else item
    return found


def _is_request(item: Any) -> bool:
    """Return whether a value is a request with headers and a body, and not a body itself."""
    if not isinstance(item, dict):
        return False
    request = _request(item)
    named = any(isinstance(request.get(name), _KINDS_OF_BODY) for name in _BODIES)
    return isinstance(request.get("headers"), (dict, list)) and named


def _opened(item: dict[str, Any], place: str, recording: RecordedDelivery) -> RecordedDelivery | Unreadable:
    request = _request(item)
    name = next(name for name in _BODIES if isinstance(request.get(name), _KINDS_OF_BODY))
    body, method = request[name], request.get("method")
    try:
        headers = headers_of(request["headers"])
        sent = body.encode() if isinstance(body, str) else encode(body)
        if name == "raw" and isinstance(body, str):
            sent = _plain(sent)
    except UnicodeEncodeError:
        return Unreadable(place, Text("sample.lone-surrogate"))
    except Malformed as error:
        return Unreadable(place, error.text)
    callback = str(item.get("callback") or recording.callback)
    return RecordedDelivery(place, sent, headers, callback, method if isinstance(method, str) else "")


def _plain(raw: bytes) -> bytes:
    """Return the body of a raw request, which some recorders write in base64 and with its head."""
    with contextlib.suppress(ValueError):
        raw = base64.b64decode(raw, validate=True)
    head, found, body = raw.partition(b"\r\n\r\n")
    return body if found and head.startswith((b"POST ", b"PUT ", b"PATCH ")) else raw


def unpacked(entries: Iterator[RecordedDelivery | Unreadable]) -> Entries:
    """Yield recordings with their bodies decompressed, where the recorder kept them compressed."""
    for entry in entries:
        if isinstance(entry, Unreadable):
            yield entry
            continue
        coding = (header_value(entry.headers or (), "content-encoding") or "").strip().lower()
        window = {"gzip": 31, "x-gzip": 31, "deflate": 15}.get(coding)
        if window is None or entry.body[:1] in {b"{", b"["}:  # most recorders decompress, and keep the header
            yield entry
            continue
        try:
            body = zlib.decompressobj(window).decompress(entry.body, MOST_BODY_BYTES + 1)
        except zlib.error:
            yield Unreadable(entry.place, Text("sample.not-decompressed", coding=coding))
            continue
        yield replace(entry, body=body)
