"""Wire example: shows a delivery and its response as bytes on the wire, and as a curl command."""

from __future__ import annotations

import json
from http import HTTPStatus

from callback_contract.openapi.bodies import MULTIPART, content_type_of, to_texts, write_fields
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.printable import shell_word

__all__ = ["answer_text", "as_curl", "request_text", "sent_body", "sent_headers"]

# Stands for the reader's receiver; the domain is reserved for examples (RFC 2606).
_HOST, _PATH = "receiver.example.com", "/callbacks"


def as_curl(callback: Callback, value: jp.Json) -> str:
    """Return a command that sends a body to the receiver in the variable `URL`."""
    if callback.media_type == MULTIPART:
        return _form_curl(callback, value)
    method = [] if callback.method == "POST" else [f"-X {shell_word(callback.method)}"]
    parts = [
        "curl -i",
        *method,
        *(f"-H {shell_word(f'{name}: {header}')}" for name, header in sent_headers(callback)),
    ]
    if callback.by_query:
        return " \\\n  ".join([*parts, f'"$URL"{shell_word("?" + sent_body(callback, value))}'])
    parts += [f"--data-binary {shell_word(sent_body(callback, value))}", '"$URL"']
    return " \\\n  ".join(parts)


def _form_curl(callback: Callback, value: jp.Json) -> str:
    """Return a curl command that writes the parts itself.

    The line ends of a multipart body do not survive copying.
    """
    parts = ["curl -i", *(f"-H {shell_word(f'{name}: {header}')}" for name, header in sent_headers(callback)[1:])]
    for field, name, text in to_texts(value, callback.fields):
        media_type = field.media_type or ("application/json" if field.kinds & {"object", "array"} else "")
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        typed = shell_word(f'{name}="{quoted}";type={media_type}')
        parts.append(f"-F {typed}" if media_type else f"--form-string {shell_word(f'{name}={text}')}")
    return " \\\n  ".join([*parts, '"$URL"'])


def _body(value: jp.Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sent_body(callback: Callback, value: jp.Json) -> str:
    """Return the body of a delivery, as it is sent."""
    if callback.is_json:
        return _body(value)
    return write_fields(callback.media_type, value, callback.fields).decode()


def sent_headers(callback: Callback) -> list[tuple[str, str]]:
    """Return the headers of a delivery; an ellipsis stands for an unknown value."""
    named = [(h.name, h.default or "…") for h in callback.headers if h.default is not None or h.required]
    return named if callback.by_query else [("Content-Type", content_type_of(callback.media_type)), *named]


def request_text(callback: Callback) -> str:
    """Return one delivery as sent: the first deliverable example, or an ellipsis."""
    sent = callback.delivered_examples[:1]
    body = sent_body(callback, sent[0].value) if sent else "…"
    target = f"{_PATH}?{body}" if callback.by_query else _PATH
    lines = [f"{callback.method} {target} HTTP/1.1", f"Host: {_HOST}"]
    lines += [f"{name}: {value}" for name, value in sent_headers(callback)]
    if callback.by_query:
        return "\n".join(lines)
    lines += [f"Content-Length: {len(body.encode()) if sent else '…'}", "", body]
    return "\n".join(lines)


def answer_text(callback: Callback) -> str:
    """Return the documented response as sent; empty when there is none."""
    answer = callback.answer
    if answer is None:
        return ""
    phrase = next((status.phrase for status in HTTPStatus if status == answer.status), "")
    lines = [f"HTTP/1.1 {answer.status} {phrase}".rstrip()]
    if answer.media_type is None:  # RFC 9110 section 8.6: a 204 has no Content-Length
        return "\n".join(lines if answer.status == HTTPStatus.NO_CONTENT else [*lines, "Content-Length: 0"])
    body = _body(answer.example)
    return "\n".join([*lines, f"Content-Type: {answer.media_type}", f"Content-Length: {len(body.encode())}", "", body])
