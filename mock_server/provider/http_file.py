"""HTTP file export: writes the named examples as an `.http` file, which editors can send."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from callback_contract.mock_server.provider.composer import default_headers
from callback_contract.mock_server.wire.bodies import encode_body
from callback_contract.mock_server.wire.delivery import Delivery, printable
from callback_contract.mock_server.wire.identity import Identity, Run, stamp, stamped_outside
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documenting.export import MADE_BY
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.printable import broken, exact_json

__all__ = ["http_file", "is_obeyed"]

# Variables anywhere; at the beginning of a line a further request, a file or a script.
_COMMAND = re.compile(r"\{\{|^[ \t]*(?:###|[<>])", re.MULTILINE)
# No text has this id, which is replaced; the time is fixed, so that two exports are equal.
_RUN = Run("\ue000run\ue000", datetime(2026, 1, 1, 12, tzinfo=UTC))


def http_file(contract: Contract, callbacks: Iterable[Callback], drawn: Mapping[str, jp.Json] | None = None) -> str:
    """Write each deliverable example as one request.

    Args:
        drawn: A body by callback, for those without an example that may be delivered.

    VS Code's REST Client and JetBrains' HTTP client read this format. `run` is part of every id: a changed one
    sends new messages, an unchanged one redeliveries.
    """
    callbacks = tuple(callbacks)
    if all(callback.stamped for callback in callbacks):
        identities = (
            "# Synthetic messages: every id starts with ca11bac4 and the run, phone numbers are reserved for fiction.",
            "# Change `run`, eight hexadecimal digits, for new messages; the same `run` again makes redeliveries.",
        )
    else:
        identities = (
            "# Ids and phone numbers that neither x-delivery nor their names tell are the examples' own;",
            "# the others have ca11bac4 and `run`, eight hexadecimal digits: change it for new messages.",
        )
    lines = [
        f"# {MADE_BY} from {_shown(contract.title)} {_shown(contract.version)}",
        "#",
        *identities,
        "# Times are fixed: a receiver that refuses old events refuses these.",
        "",
        "@url = http://127.0.0.1:8080/callbacks",
        "@run = 00000001",
    ]
    number = 0
    for callback in callbacks:
        for name, summary, value in _bodies(callback, drawn or {}):
            number += 1
            lines += ["", *_request(callback, name, summary, value, number)]
    return "\n".join(lines) + "\n"


def _bodies(callback: Callback, drawn: Mapping[str, jp.Json]) -> Iterator[tuple[str, str, jp.Json]]:
    """Yield the bodies to send, each with its name and summary."""
    yield from ((example.name, example.summary, example.value) for example in callback.delivered_examples)
    if not callback.delivered_examples and callback.name in drawn:
        yield "drawn", "made from its schema, since no example may be delivered", drawn[callback.name]


def is_obeyed(text: str) -> bool:
    """Return whether an editor would obey some of a text, and not send it."""
    return bool(_COMMAND.search(text))


def _shown(text: str) -> str:
    return broken(printable(text))


def _request(callback: Callback, name: str, summary: str, value: jp.Json, number: int) -> Iterator[str]:
    yield f"### {_shown(callback.name)}: {_shown(summary)}"
    stamped = stamp(callback, value, Identity(_RUN, number))
    ids = stamped_outside(callback, stamped, Identity(_RUN, number))
    headers = [(name, ids.headers.get(name.lower(), told)) for name, told in default_headers(callback)]
    body = "" if callback.is_json else encode_body(callback, stamped).decode()
    if is_obeyed("\n".join([body, *(told for _, told in headers)])):
        yield "# Left out: an editor would obey some of its text, as it does {{name}} and a line that begins with <."
        return
    for header in callback.headers:
        if header.required and header.signature:
            yield f"# {printable(header.name)} is required, and only who holds the key can make it."
    yield f"# @name {''.join(c if c.isascii() and c.isalnum() else '_' for c in f'{callback.name}_{name}')}"
    made = Delivery(callback.name, callback.method, (), body.encode(), query=ids.query, by_query=callback.by_query)
    yield f"{callback.method} {{{{url}}}}{made.target_from('').replace(quote(_RUN.id), '{{run}}')}"
    yield from (f"{header}: {printable(told.replace(_RUN.id, '{{run}}'))}" for header, told in headers)
    yield ""
    if callback.by_query:
        return
    if not callback.is_json:
        yield body.replace(quote(_RUN.id), _RUN.id).replace(_RUN.id, "{{run}}")
        return
    text = exact_json(stamped, indent=2)
    # An editor would read two braces as a variable; their escape is the same to a JSON reader.
    yield text.replace("{{", "\\u007b\\u007b").replace(exact_json(_RUN.id)[1:-1], "{{run}}")
