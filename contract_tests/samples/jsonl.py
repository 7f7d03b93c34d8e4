"""JSON lines reader: reads each line as an envelope of headers and body, or as a bare body.

    {"headers": {"Content-Type": "application/json"}, "body": {"status": "read"}}
    {"headers": {}, "body": "{\\"status\\": \\"read\\"}", "callback": "messageStatus"}
    {"status": "read"}

An envelope has `headers` and `body` and, optionally, `callback`, `method`, `at` (seconds since 1970), `status` and
`elapsed_s` of the answer, as `proxy --jsonl` writes them. A body that is a text is sent exactly; any
other JSON is written compactly, in UTF-8. A line that is not an envelope is a bare body, sent exactly.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.samples.recorded_delivery import (
    MOST_BODY_BYTES,
    Entries,
    Malformed,
    RecordedAnswer,
    RecordedDelivery,
    Unreadable,
    headers_of,
)
from callback_contract.mock_server.wire.json_spelling import encode
from callback_contract.openapi.text.message import Text

__all__ = ["read_lines"]

_MOST_LINE_BYTES = 4 * MOST_BODY_BYTES  # an escaped body, and its headers
_ENVELOPE = {"headers", "body"}
_OPTIONAL = {"callback", "method", "at", "status", "elapsed_s"}


def read_lines(file: Path, name: str) -> Entries:
    """Yield the recordings of a file line by line, in bounded memory."""
    with file.open("rb") as lines:
        number = 0
        while line := lines.readline(_MOST_LINE_BYTES + 1):
            number += 1
            place = f"{name} line {number}"
            if len(line) > _MOST_LINE_BYTES:
                yield Unreadable(place, Text("sample.too-long", most=_MOST_LINE_BYTES))
                while line and not line.endswith(b"\n"):
                    line = lines.readline(_MOST_LINE_BYTES)
                continue
            line = line.rstrip(b"\r\n")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield _read(line, place)


def _read(line: bytes, place: str) -> RecordedDelivery | Unreadable:
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError:
        return Unreadable(place, Text("sample.not-utf-8"))
    except RecursionError:
        return Unreadable(place, Text("sample.too-deep"))
    except json.JSONDecodeError as error:
        return Unreadable(place, Text("sample.not-json", why=error.msg, at=error.pos + 1))
    except ValueError:
        return Unreadable(place, Text("sample.too-many-digits"))
    if isinstance(value, dict) and value.keys() >= _ENVELOPE and value.keys() <= _ENVELOPE | _OPTIONAL:
        return _opened(value, place)
    return RecordedDelivery(place, line)


def _opened(envelope: dict[str, Any], place: str) -> RecordedDelivery | Unreadable:
    body, callback = envelope["body"], envelope.get("callback", "")
    if not isinstance(callback, str):
        return Unreadable(place, Text("sample.callback-no-text"))
    try:
        headers = headers_of(envelope["headers"])
        sent = body.encode() if isinstance(body, str) else encode(body)
    except UnicodeEncodeError:
        return Unreadable(place, Text("sample.lone-surrogate"))
    except Malformed as error:
        return Unreadable(place, error.text)
    except ValueError as error:
        return Unreadable(place, str(error))
    method, status = envelope.get("method", ""), envelope.get("status")
    answer = RecordedAnswer(status, _number(envelope.get("elapsed_s"))) if type(status) is int else None
    method = method if isinstance(method, str) else ""
    return RecordedDelivery(place, sent, headers, callback, method, _number(envelope.get("at")), answer)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
