"""Media types of field bodies: names them and selects the codec for each."""

from __future__ import annotations

from collections.abc import Mapping

from callback_contract.openapi.bodies.fields import Field, to_texts
from callback_contract.openapi.bodies.form import read_form, write_form
from callback_contract.openapi.bodies.multipart import BOUNDARY, read_parts, write_parts
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["FORM", "MULTIPART", "content_type_of", "is_fields", "read_fields", "write_fields"]

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def is_fields(media_type: str) -> bool:
    """Return whether bodies of this media type are fields and not JSON."""
    return media_type in {FORM, MULTIPART}


def content_type_of(media_type: str) -> str:
    """Return the `Content-Type` of a body that `write_fields` writes.

    It is the media type, with the boundary for multipart.
    """
    return f"{media_type}; boundary={BOUNDARY}" if media_type == MULTIPART else media_type


def write_fields(media_type: str, value: jp.Json, fields: Mapping[str, Field], *, plus: bool = True) -> bytes:
    """Write an object.

    Args:
        plus: Whether a form writes a blank as `+`.

    Raises:
        Unencodable: The value cannot be written as fields.
    """
    texts = to_texts(value, fields)
    if media_type == MULTIPART:
        return write_parts(texts)
    return write_form([(name, text) for _, name, text in texts], plus=plus)


def read_fields(media_type: str, body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Read names and texts in the order of arrival.

    `from_texts` turns them into a value.

    Args:
        content_type: The whole header.

    Raises:
        Undecodable: The body is not of this media type.
    """
    return read_parts(body, content_type) if media_type == MULTIPART else read_form(body)
