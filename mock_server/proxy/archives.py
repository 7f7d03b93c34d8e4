"""Archives of what passed: an HTTP archive (HAR 1.2) and JSON lines, whole after each exchange."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from callback_contract.mock_server.proxy.record import Passed
from callback_contract.mock_server.receiver.request import Head
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.secret_names import masked_header, masked_parameters

__all__ = ["HarFile", "LinesFile", "headers_in"]

_END = b"\n]}}\n"


def headers_in(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers of a head in their order and spelling."""
    lines = head.split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines if b":" in line)
    return [(name, value.strip(b" \t")) for name, _, value in pairs]


def _masked(pairs: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]
    return [(name, masked_header(name, value)) for name, value in texts]


def _created(file: str, option: str) -> BinaryIO:
    """Open a file of its owner alone; an existing one stays as it is.

    Raises:
        KitError: It exists, or cannot be written.
    """
    try:
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise KitError(
            Text("error-proxy.unwritable", file=file, why=str(error.strerror)),
            where=option,
            remedy=Text("error-proxy.new-file"),
        ) from None


class LinesFile:
    """JSON lines, as `drift` and `check --samples` read them."""

    def __init__(self, file: str) -> None:
        self._file = _created(file, "--jsonl")

    def add(self, passed: Passed, head: Head, body: bytes | None) -> None:
        """Add an exchange; one whose body is no text, or may not be kept, is left out."""
        if body is None:
            return
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return
        line: dict[str, Any] = {
            "at": round(passed.at, 6),
            "method": head.method,
            "headers": _masked(list(head.raw_headers)),
            "body": text,
            "status": passed.status,
            "elapsed_s": round(passed.elapsed_s, 6),
        }
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class HarFile:
    """An HTTP archive, whose end is written anew after each entry."""

    def __init__(self, file: str, base: str) -> None:
        self._file, self._base, self._is_first = _created(file, "--har"), base, True
        head = {"log": {"version": "1.2", "creator": {"name": Path(__file__).parts[-4], "version": "1"}, "entries": []}}
        self._file.write(json.dumps(head).encode().removesuffix(b"]}}"))
        self._end()

    def add(self, passed: Passed, head: Head, body: bytes | None) -> None:
        """Add an exchange; without a body where that may not be kept."""
        self._file.seek(-len(_END), os.SEEK_END)
        self._file.write((b"\n" if self._is_first else b",\n") + json.dumps(self._entry(passed, head, body)).encode())
        self._is_first = False
        self._end()

    def _end(self) -> None:
        self._file.write(_END)
        self._file.flush()

    def _entry(self, passed: Passed, head: Head, body: bytes | None) -> dict[str, Any]:
        took_ms = round(passed.elapsed_s * 1000, 3)
        request_headers, answer_headers = list(head.raw_headers), headers_in(passed.answer_head)
        version = {"httpVersion": "HTTP/1.1", "cookies": []}
        at = datetime.fromtimestamp(passed.at, UTC).isoformat(timespec="milliseconds")
        request = {
            "method": head.method,
            "url": self._base + masked_parameters(head.target),
            "headers": _pairs(request_headers),
            "queryString": [],
            "headersSize": len(passed.head),
            "bodySize": passed.body_bytes,
        }
        if body is not None:
            request["postData"] = {"mimeType": _value(request_headers, b"content-type"), **_text(body)}
        response = {
            "status": passed.status,
            "statusText": "",
            "headers": _pairs(answer_headers),
            "redirectURL": "",
            "headersSize": len(passed.answer_head),
            "bodySize": len(passed.answer_body),
            "content": {
                "size": len(passed.answer_body),
                "mimeType": _value(answer_headers, b"content-type"),
                **_text(passed.answer_body),
            },
        }
        return {
            "startedDateTime": at.replace("+00:00", "Z"),
            "time": took_ms,
            "request": request | version,
            "response": response | version,
            "cache": {},
            "timings": {"send": 0, "wait": took_ms, "receive": 0},
        }

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _pairs(headers: list[tuple[bytes, bytes]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in _masked(headers)]


def _value(headers: list[tuple[bytes, bytes]], wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name.lower() == wanted), "")


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
