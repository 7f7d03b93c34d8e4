"""Place in a delivery: a JSON pointer into its body, or an OpenAPI runtime expression for a header or a parameter.

A place has one spelling here: the pointer for a body, the expression for the rest, with a header's name in lower case.
"""

from __future__ import annotations

import re

from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["HEADER", "QUERY", "as_member", "canonical", "header_of", "is_in_body", "query_of"]

HEADER, QUERY, _BODY = "$request.header.", "$request.query.", "$request.body#"

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 section 5.6.2
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)+")  # RFC 6901, but for the whole body


def canonical(place: str) -> str:
    """Return the one spelling of a place (OpenAPI 3.1.1, "Runtime Expressions").

    Raises:
        ValueError: It is neither a JSON pointer nor such an expression.
    """
    if place.startswith(HEADER) and _TOKEN.fullmatch(place, len(HEADER)):
        return place.lower()
    if place.startswith(QUERY) and len(place) > len(QUERY):
        return place
    pointer = place.removeprefix(_BODY)
    if not _POINTER.fullmatch(pointer):
        raise ValueError(f"{place!r} is no place of a delivery")
    return jp.join(jp.tokens(pointer))


def as_member(place: str, *, by_query: bool) -> str:
    """Return a place as its callback has it: where the members are the query's parameters, it is the pointer to one."""
    return jp.join([query_of(place)]) if by_query and query_of(place) else place


def is_in_body(place: str) -> bool:
    """Return whether a place is a pointer into the body."""
    return place.startswith("/")


def header_of(place: str) -> str:
    """Return the lower-case name of the header at a place; empty for another place."""
    return place.removeprefix(HEADER) if place.startswith(HEADER) else ""


def query_of(place: str) -> str:
    """Return the name of the query parameter at a place; empty for another place."""
    return place.removeprefix(QUERY) if place.startswith(QUERY) else ""
