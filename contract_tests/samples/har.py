"""HTTP archive reader (HAR 1.2): reads the requests with a recorded body as deliveries."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.samples.recorded_delivery import Entries, RecordedDelivery, Unreadable, headers_of
from callback_contract.openapi.text.errors import KitError

__all__ = ["read_archive"]

_MOST_BYTES = 64 * 1024 * 1024
_TO_LINES = (
    "jq -c '.log.entries[].request | select(.postData.text) | {headers, body: .postData.text}' FILE.har > FILE.jsonl"
)
_BODILESS = {"GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT"}


def read_archive(file: Path, name: str) -> Entries:
    """Read the requests of an archive; responses are ignored.

    Raises:
        KitError: It is too large to be read at once, or not an archive.
    """
    if file.stat().st_size > _MOST_BYTES:
        raise KitError(
            f"{name} has more than {_MOST_BYTES // 2**20} MiB",
            where="--samples",
            remedy=f"JSON lines may have any size: {_TO_LINES}",
        )
    try:
        value = json.loads(file.read_bytes().decode("utf-8-sig"))
        entries = value["log"]["entries"]
    except UnicodeDecodeError:
        raise _no_archive(name, "it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _no_archive(name, f"{error.msg} in line {error.lineno}") from None
    except (ValueError, RecursionError):
        raise _no_archive(name, "a number is too long, or it nests too deeply") from None
    except (LookupError, TypeError):
        raise _no_archive(name, "it has no /log/entries") from None
    if not isinstance(entries, list):
        raise _no_archive(name, "/log/entries is no list")
    for number, entry in enumerate(entries, 1):
        read = _read(entry, f"{name} entry {number}")
        if read is not None:
            yield read


def _no_archive(name: str, why: str) -> KitError:
    return KitError(f"{name} is no HTTP archive: {why}", where="--samples", remedy="Export it as HAR 1.2.")


def _read(entry: Any, place: str) -> RecordedDelivery | Unreadable | None:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        return Unreadable(place, "has no request")
    method = str(request.get("method", ""))
    posted = request.get("postData")
    if not posted:
        # In an archive of a browser, most requests have no body.
        return None if method.upper() in _BODILESS else Unreadable(place, "its body was not recorded")
    if not isinstance(posted, dict) or not isinstance(posted.get("text"), str):
        return Unreadable(place, "its body was recorded as a form, or not as text")
    try:
        headers = headers_of(request.get("headers", []))
        body = _bytes(posted)
    except ValueError as error:
        return Unreadable(place, str(error))
    media_type = posted.get("mimeType")
    if isinstance(media_type, str) and media_type and not any(key.lower() == "content-type" for key, _ in headers):
        headers = (("Content-Type", media_type), *headers)
    return RecordedDelivery(place, body, headers, method=method)


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
        raise ValueError("the body holds a lone surrogate, which has no bytes") from None
    except ValueError:
        raise ValueError("the body is not base64") from None
