"""Body codec of a callback: writes and reads JSON, forms and multipart bodies by its media type."""

from __future__ import annotations

from collections.abc import Callable

from callback_contract.mock_server.wire.json_spelling import encode
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi.bodies import (
    Undecodable,
    Unencodable,
    content_type_of,
    from_texts,
    read_fields,
    write_fields,
)
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents.json_pointer import Json

__all__ = ["content_type", "decode_body", "encode_body", "read_texts", "travels", "value_of"]

_TURNED = "reversed-keys"
_WITHOUT_PLUS = "compact-escaped"


def content_type(callback: Callback) -> str:
    """Return the `Content-Type` of a delivery, with the boundary for multipart."""
    return content_type_of(callback.media_type)


def encode_body(callback: Callback, value: Json, spelling: str = "compact-raw") -> bytes:
    """Write a value in the callback's media type.

    Args:
        spelling: A key of `json_spelling.SPELLINGS`; fields have an order, and a form has two spellings of a blank.

    Raises:
        Unencodable: The value cannot be written as fields.
    """
    if callback.is_json:
        return encode(value, spelling)
    if spelling == _TURNED and isinstance(value, dict):
        value = {key: value[key] for key in reversed(value)}
    return write_fields(callback.media_type, value, callback.fields, plus=spelling != _WITHOUT_PLUS)


def decode_body(callback: Callback, body: bytes, header: str = "") -> Json:
    """Read a body by the callback's media type and schema.

    Args:
        header: The whole `Content-Type`; empty for the one of `encode_body`.

    Raises:
        Unparsable: It is not of that media type.
        Unusable: It has JSON that this receiver does not accept.
    """
    if callback.is_json:
        return decode(body)
    return value_of(callback, read_texts(callback.media_type, body, header or content_type(callback)))


def travels(callback: Callback, value: Json, is_valid: Callable[[Json], bool]) -> bool:
    """Return whether a value is still valid after encoding.

    In fields, null and empty values leave no trace.
    """
    try:
        return is_valid(decode_body(callback, encode_body(callback, value)))
    except (Unencodable, Unparsable, Unusable):
        return False


def read_texts(media_type: str, body: bytes, header: str) -> list[tuple[str, str]]:
    """Read names and texts of a body of fields.

    Raises:
        Unparsable: It is not of that media type.
    """
    try:
        return read_fields(media_type, body, header)
    except Undecodable as error:
        raise Unparsable(error.kind, error.detail) from None


def value_of(callback: Callback, texts: list[tuple[str, str]]) -> Json:
    """Return the value of names and texts for one callback.

    Raises:
        Unusable: A text has JSON that this receiver does not accept.
    """
    return from_texts(texts, callback.fields, _json)


def _json(text: str) -> Json:
    try:
        return decode(text.encode())
    except Unparsable as error:
        raise ValueError(str(error)) from None
