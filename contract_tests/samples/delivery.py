"""Delivery of a recording: exact bytes, or a masked body written anew, with the headers to send."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from callback_contract.contract_tests.samples.bodies import Body, rewritten, why_unmaskable
from callback_contract.contract_tests.samples.headers import replayed
from callback_contract.contract_tests.samples.masking import Masker, UnmaskableError
from callback_contract.contract_tests.samples.recorded_delivery import RecordedDelivery
from callback_contract.mock_server.provider.composer import default_headers, unstamped
from callback_contract.mock_server.wire.delivery import Delivery, Headers
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import is_in_body
from callback_contract.openapi.text.message import Text

__all__ = ["delivery_of"]


def delivery_of(
    recording: RecordedDelivery,
    read: Body,
    callback: Callback,
    masker: Masker,
    is_valid: Callable[[jp.Json], bool],
    *,
    without: Collection[str],
) -> tuple[jp.Json, Delivery, frozenset[str]]:
    """Return a valid recording's content, its delivery, and left-out header names.

    Args:
        read: Its body.
        is_valid: Whether a body satisfies the contract.
        without: Lower-case names of headers that the run sets itself.

    Raises:
        UnmaskableError: A value cannot be masked safely.
    """
    body, content, mask = recording.body, read.value(callback), None
    if masker:
        if reason := why_unmaskable(recording, read):
            raise UnmaskableError(reason)
        content, mask = masker.masked(content, callback, is_valid)
    headers, left = default_headers(callback), frozenset[str]()
    if recording.headers is not None:
        kept, left = replayed(recording.headers, without=without, mask=mask, fixed=_fixed(callback))
        headers = _completed(kept, headers)
    if masker:
        made = rewritten(callback, content, headers)
        if made is None:
            raise UnmaskableError(Text("sample.masked-fields"))
        body, headers = made
    delivery = Delivery(callback.name, callback.method, headers, body, by_query=callback.by_query)
    if recording.headers is None:  # recorded ids are kept
        delivery = unstamped(callback, delivery)
    return content, replace(delivery, ids=_ids(content, callback)), left


def _completed(recorded: Headers, defaults: Headers) -> Headers:
    """Return the recorded headers, and the contract's where they are missing.

    Recorders keep only some headers.
    """
    names = {name.lower() for name, _ in recorded}
    return (*recorded, *((name, value) for name, value in defaults if name.lower() not in names))


def _fixed(callback: Callback) -> frozenset[str]:
    """Return the headers whose values the contract lists; they are not personal."""
    return frozenset(header.name.lower() for header in callback.headers if {"enum", "const"} & header.schema.keys())


def _ids(content: jp.Json, callback: Callback) -> tuple[str, ...]:
    try:
        place = callback.delivery.correlation or ""
        found = jp.get(content, place) if is_in_body(place) else None
    except LookupError:
        return ()
    return (found,) if isinstance(found, str) else ()
