"""Export of recorded deliveries: HTTP archive, JSON lines, test vectors or `.http` file, piece by piece.

What was masked when it was recorded stays masked; headers whose values were not kept are left out. JSON lines and
`.http` files hold text: a body that is none, and of an `.http` file one that an editor would obey, is in an archive
alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from callback_contract.mock_server.inspector.resend import headers_sent
from callback_contract.mock_server.provider.http_file import is_obeyed
from callback_contract.mock_server.store.stored_delivery import ACCEPTED, StoredDelivery
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.documenting.export import MADE_BY
from callback_contract.openapi.rules.catalogue import load_catalogue

__all__ = ["KINDS", "exported"]

_RECORDED = "SMP-01"
"""The rule on recordings: its expectation is the only one that a recording has."""


def exported(kind: str, deliveries: Iterable[StoredDelivery], contract: Contract, base_url: str) -> Iterator[str]:
    """Yield the pieces of an export, in order of arrival.

    Args:
        kind: One of `KINDS`.
        base_url: The mock's own URL without a path.
    """
    whole = (delivery for delivery in deliveries if delivery.whole)
    yield from KINDS[kind](whole, contract, base_url)


def _archive(deliveries: Iterable[StoredDelivery], contract: Contract, base_url: str) -> Iterator[str]:
    creator = {"name": "callback-contract", "version": contract.version}
    yield f'{{"log":{{"version":"1.2","creator":{json.dumps(creator)},"entries":['
    yield from _listed(_entry(delivery, base_url) for delivery in deliveries)
    yield "]}}\n"


def _entry(delivery: StoredDelivery, base_url: str) -> dict[str, Any]:
    head, _, answered = delivery.answer.partition(b"\r\n\r\n")
    status, *answer_headers = head.decode("latin-1").split("\r\n")
    ms = (delivery.delay_s + delivery.elapsed_s) * 1000
    media_type = delivery.header("content-type") or ""
    return {
        "startedDateTime": delivery.at.isoformat(),
        "time": ms,
        "request": {
            "method": delivery.method,
            "url": base_url + delivery.target,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(headers_sent(delivery)[0]),
            "queryString": [],
            "postData": {"mimeType": media_type, "params": [], **_text(delivery.body)},
            "headersSize": -1,
            "bodySize": delivery.body_bytes,
        },
        "response": {
            "status": delivery.status,
            "statusText": status.partition(" ")[2],
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs((name, value) for name, _, value in (line.partition(": ") for line in answer_headers)),
            "content": {"size": len(answered), "mimeType": "", **_text(answered)},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(answered),
        },
        "cache": {},
        "timings": {"send": 0, "wait": ms, "receive": 0},
        "comment": f"#{delivery.id} {delivery.verdict}",
    }


def _lines(deliveries: Iterable[StoredDelivery], contract: Contract, base_url: str) -> Iterator[str]:
    for delivery in deliveries:
        if "text" in (body := _text(delivery.body)) and "encoding" not in body:
            named = {"callback": delivery.callback} if delivery.callback else {}
            headers = [list(header) for header in headers_sent(delivery)[0]]
            yield json.dumps({"headers": headers, "body": body["text"], **named}, ensure_ascii=False) + "\n"


def _vectors(deliveries: Iterable[StoredDelivery], contract: Contract, base_url: str) -> Iterator[str]:
    rule = load_catalogue()[_RECORDED]
    refused = "Recordings alone: what satisfies the contract has to be acknowledged."
    head = {
        "made_by": f"{MADE_BY} of the inspector",
        "schema_version": "1.1",
        "contract": {"title": contract.title, "version": contract.version, "digest": contract.digest},
        "seed": 0,
        "depth": "standard",
        "identities": {"prefix": "", "note": "Recorded: identities and times are those that came."},
        "left_out": {"rules": {each.id: refused for each in load_catalogue().rules if each != rule}, "callbacks": {}},
    }
    expected = {"rule": rule.id, "level": rule.level, "expected": rule.statement, "statuses": ["2xx"]}
    yield json.dumps(head)[:-1] + ',"vectors":['
    yield from _listed(
        {
            "id": f"{delivery.callback}.recorded.{delivery.id}",
            "callback": delivery.callback,
            "class": "valid" if delivery.verdict == ACCEPTED else delivery.verdict,
            "what": f"recorded as #{delivery.id}",
            "method": delivery.method,
            "headers": [list(header) for header in headers_sent(delivery)[0]],
            **_vector_body(delivery.body),
            "expect": [expected],
        }
        for delivery in deliveries
        if delivery.accepted
    )
    yield "]}\n"


def _vector_body(body: bytes) -> dict[str, str]:
    told = _text(body)
    return {"body_base64": told["text"]} if "encoding" in told else {"body": told["text"]}


def _requests(deliveries: Iterable[StoredDelivery], contract: Contract, base_url: str) -> Iterator[str]:
    yield f"# {MADE_BY} of the inspector\n\n@url = {base_url}\n"
    for delivery in deliveries:
        headers, body = headers_sent(delivery)[0], _text(delivery.body)
        told = "\n".join(f"{printable(name)}: {printable(value)}" for name, value in headers)
        yield f"\n### #{delivery.id} {printable(delivery.state or delivery.callback)}\n"
        target = printable(delivery.target)
        if "encoding" in body or is_obeyed("\n".join([body["text"], told, target])):
            yield "# Left out: no text, or an editor would obey some of it.\n"
        else:
            yield f"{delivery.method} {{{{url}}}}{target}\n{told}\n\n{body['text']}\n"


KINDS: dict[str, Callable[[Iterable[StoredDelivery], Contract, str], Iterator[str]]] = {
    "har": _archive,
    "jsonl": _lines,
    "vectors": _vectors,
    "http": _requests,
}


def _listed(values: Iterable[Any]) -> Iterator[str]:
    return chain.from_iterable(("," if at else "", json.dumps(value)) for at, value in enumerate(values))


def _pairs(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _text(body: bytes) -> dict[str, str]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\ufeff"
    if "\ufeff" in text:  # some readers remove a byte order mark
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    return {"text": text}
