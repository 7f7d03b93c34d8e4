"""Decides how the named examples are written as an `.http` file, which editors send by a click."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

from mock_server.bodies import encode_body
from mock_server.delivery import printable
from mock_server.provider.composing import default_headers
from mock_server.stamping import Identity, Run, stamp
from openapi.exporting import MADE_BY
from openapi.model import Callback, Contract, Example

__all__ = ["http_file"]

# The id is what no text holds, to be replaced; the time is fixed, so that two exports are equal.
_RUN = Run("\ue000run\ue000", datetime(2026, 1, 1, 12, tzinfo=UTC))


def http_file(contract: Contract, callbacks: Iterable[Callback]) -> str:
    """Writes each deliverable example as one request.

    VS Code's REST Client and JetBrains' HTTP client read the same form. `run` stands in every id: whoever changes it
    sends new messages, and whoever does not sends redeliveries.
    """
    lines = [
        f"# {MADE_BY} from {printable(contract.title)} {printable(contract.version)}",
        "#",
        "# Synthetic messages: every id starts with ca11bac4 and the run, phone numbers are reserved for fiction.",
        "# Change `run`, eight hexadecimal digits, for new messages; the same `run` again makes redeliveries.",
        "# Times are fixed: a receiver that refuses old events refuses these.",
        "",
        "@url = http://127.0.0.1:8080/callbacks",
        "@run = 00000001",
    ]
    number = 0
    for callback in callbacks:
        for example in callback.delivered_examples:
            number += 1
            lines += ["", *_request(callback, example, number)]
    return "\n".join(lines) + "\n"


def _request(callback: Callback, example: Example, number: int) -> Iterator[str]:
    yield f"### {printable(callback.name)}: {printable(example.summary)}"
    for header in callback.headers:
        if header.required and header.signature:
            yield f"# {printable(header.name)} is required, and only who holds the key can make it."
    yield f"# @name {''.join(c if c.isascii() and c.isalnum() else '_' for c in f'{callback.name}_{example.name}')}"
    yield f"{callback.method} {{{{url}}}}"
    yield from (f"{name}: {printable(value)}" for name, value in default_headers(callback))
    yield ""
    stamped = stamp(callback, example.value, Identity(_RUN, number))
    if not callback.is_json:
        yield encode_body(callback, stamped).decode().replace(quote(_RUN.id), _RUN.id).replace(_RUN.id, "{{run}}")
        return
    text = json.dumps(stamped, indent=2, ensure_ascii=False)
    # Two braces in a text would be a variable to the editor; their escape means the same to a JSON reader.
    yield text.replace("{{", "\\u007b\\u007b").replace(_RUN.id, "{{run}}")
