"""Decides which codec writes and reads a callback's body: JSON, or fields in a form or in parts."""

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

_TURNED = "reversed key order"
_WITHOUT_PLUS = "compact, escaped"


def content_type(callback: Callback) -> str:
    """The `Content-Type` of a delivery: the media type, and the boundary where parts have one."""
    return content_type_of(callback.media_type)


def encode_body(callback: Callback, value: Json, spelling: str = "compact, raw UTF-8") -> bytes:
    """Writes a value as the callback's media type has it.

    Args:
        spelling: A key of `wireform.SPELLINGS`; fields know the order, and a form knows two spellings of a blank.

    Raises:
        Unencodable: It has no form as fields.
    """
    if callback.is_json:
        return encode(value, spelling)
    if spelling == _TURNED and isinstance(value, dict):
        value = {key: value[key] for key in reversed(value)}
    return write_fields(callback.media_type, value, callback.fields, plus=spelling != _WITHOUT_PLUS)


def decode_body(callback: Callback, body: bytes, header: str = "") -> Json:
    """Reads a body as the callback's media type and schema have it.

    Args:
        header: The whole `Content-Type`; the one that `encode_body` goes with when it is empty.

    Raises:
        Unparsable: It is not of that media type.
        Unusable: It holds JSON that this receiver chooses not to take.
    """
    if callback.is_json:
        return decode(body)
    return value_of(callback, read_texts(callback.media_type, body, header or content_type(callback)))


def travels(callback: Callback, value: Json, is_valid: Callable[[Json], bool]) -> bool:
    """Whether a value is still right for whoever reads it: in fields, null and what is empty leave no trace."""
    try:
        return is_valid(decode_body(callback, encode_body(callback, value)))
    except (Unencodable, Unparsable, Unusable):
        return False


def read_texts(media_type: str, body: bytes, header: str) -> list[tuple[str, str]]:
    """Reads names and texts of a body of fields.

    Raises:
        Unparsable: It is not of that media type.
    """
    try:
        return read_fields(media_type, body, header)
    except Undecodable as error:
        raise Unparsable(error.kind, error.detail) from None


def value_of(callback: Callback, texts: list[tuple[str, str]]) -> Json:
    """What names and texts mean to one callback.

    Raises:
        Unusable: A text holds JSON that this receiver chooses not to take.
    """
    return from_texts(texts, callback.fields, _json)


def _json(text: str) -> Json:
    try:
        return decode(text.encode())
    except Unparsable as error:
        raise ValueError(str(error)) from None
