"""Step printer: shows a sequence of deliveries with request, response and read-back in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.wire.delivery import (
    PLAIN,
    Delivery,
    Exchange,
    Headers,
    printable,
    replaced_by,
    status_line,
)
from callback_contract.openapi.text.secret_names import masked_header

if TYPE_CHECKING:
    from callback_contract.contract_tests.reproduce.reproducing import Look

__all__ = ["steps_in_words"]

_SHOWN_BODY = 800  # most bodies fit
_VOLATILE = {"date", "age", "expires", "last-modified", "etag"}


@dataclass
class _Told:
    """The lines of the previous delivery, so that a redelivery is shown briefly."""

    headers: list[str] = field(default_factory=list)
    body: bytes = b""
    answered: list[str] = field(default_factory=list)


def steps_in_words(
    steps: Iterable[Exchange | Look],
    sender: Sender,
    redact: Callable[[str], str],
    *,
    url: str,
    answers: bool = True,
) -> Iterator[str]:
    """Yield the lines of a sequence; parts equal to the previous delivery are omitted.

    Args:
        redact: Masks secrets in a text.
        url: The receiver's URL in its printable form.
        answers: Whether responses are shown; without them it is a plan.
    """
    number, told = 0, _Told()
    for step in steps:
        if isinstance(step, Exchange):
            number += 1
            lines = [*_request(step.delivery, sender, url, told), *(_answer(step, told) if answers else ())]
            for position, line in enumerate(lines):
                yield printable(redact(f"  {f'{number}.' if position == 0 else '':4} {line}"))
        elif answers:
            shown = "not known" if step.stored is None else step.stored.described()
            yield printable(redact(f"       read-back of {step.message_id}: {shown}"))


def _request(delivery: Delivery, sender: Sender, url: str, told: _Told) -> Iterator[str]:
    yield f"> {delivery.method} {delivery.target_from(url)}"
    own = tuple((name, "***") for name, _ in sender.access.secret_headers)
    headers = [f"> {name}: {value}" for name, value in replaced_by(delivery.headers, own)]
    headers += ["> (signed)"] if sender.signer is not None else []
    yield from ["> (the same headers)"] if headers == told.headers else headers
    yield from _framing(delivery)
    content = delivery.content
    same = content and content == told.body
    yield f"> (the same {len(content)} bytes)" if same else f"> {_shown(content)}"
    told.headers, told.body = headers, content


def _framing(delivery: Delivery) -> Iterator[str]:
    framing = delivery.framing
    if framing == PLAIN:
        return
    said = []
    if framing.chunks:
        said.append(f"in chunks of {', '.join(map(str, framing.chunks))} bytes")
    if framing.parts > 1:
        said.append(f"in {framing.parts} parts, {framing.pause_s:g} s apart")
    if framing.expect_continue:
        said.append("the body after 100 Continue")
    if framing.fresh_connection:
        said.append("on a connection of its own")
    yield f"> ({', '.join(said)})"


def _answer(exchange: Exchange, told: _Told) -> Iterator[str]:
    took = f"{exchange.elapsed_s * 1000:.0f} ms"
    if exchange.answer is None:
        yield f"< {exchange.described()} ({took})"
        return
    answer = exchange.answer
    yield f"< {status_line(answer.status)} ({took})"
    headers = [f"< {name}: {masked_header(name, value)[:200]}" for name, value in _worth_showing(answer.headers)]
    yield from [] if headers == told.answered else headers
    told.answered = headers
    yield f"< {_shown(answer.body)}"


def _worth_showing(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in _VOLATILE)


def _shown(body: bytes) -> str:
    if not body:
        return "(no body)"
    text = body[: 4 * _SHOWN_BODY].decode("utf-8", "backslashreplace")
    return text if len(text) <= _SHOWN_BODY else f"{text[:_SHOWN_BODY]}… ({len(body)} bytes)"
