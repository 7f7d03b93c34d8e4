"""Codecs of form and multipart bodies: write an object as named fields and read it back by its schema."""

from callback_contract.openapi.bodies.fields import Field, Undecodable, Unencodable, fields_of, from_texts, to_texts
from callback_contract.openapi.bodies.media import (
    FORM,
    MULTIPART,
    content_type_of,
    is_fields,
    read_fields,
    write_fields,
)

__all__ = [
    "FORM",
    "MULTIPART",
    "Field",
    "Undecodable",
    "Unencodable",
    "content_type_of",
    "fields_of",
    "from_texts",
    "is_fields",
    "read_fields",
    "to_texts",
    "write_fields",
]
