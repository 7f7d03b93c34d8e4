"""Addresses in the documentation: file and anchor of each page, rule, field and fact, for links in reports."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Literal

__all__ = ["Kind", "address", "anchor", "chapter_file", "file_name", "rule_page"]

Kind = Literal[
    "page",
    "callback",
    "header",
    "field",
    "example",
    "delivery",
    "fact",
    "rule",
    "chapter",
    "fault",
    "question",
    "receiver",
]

_LONGEST = 150

_PLACES: dict[str, tuple[str, str]] = {
    # kind: file and anchor; {0} is the name, {1} the place inside the named thing
    "page": ("{0}", ""),
    "callback": ("callback-{0}", ""),
    "header": ("callback-{0}", "header-{1}"),
    "field": ("callback-{0}", "field-{1}"),
    "example": ("callback-{0}", "example-{1}"),
    "delivery": ("delivery", "delivery-{0}"),
    "fact": ("delivery", "fact-{0}.{1}"),
    "rule": ("rules", "{0}"),
    "chapter": ("rules", "{0}"),
    "fault": ("matrix", "fault-{0}"),
    "question": ("open", "{0}"),
    "receiver": ("receivers", "receiver-{0}"),
}


def address(kind: Kind, name: str, inner: str = "") -> str:
    """Return the URL of a thing relative to the folder of a language.

    The site is `DIR/index.html` (chooses a language) and one folder for each, as in `DIR/en/rules.html#ACK-01`:

        page      NAME            NAME.html
        callback  CALLBACK        callback-CALLBACK.html
        header    CALLBACK, NAME  callback-CALLBACK.html#header-NAME
        field     CALLBACK, /a/b  callback-CALLBACK.html#field-a.b
        example   CALLBACK, NAME  callback-CALLBACK.html#example-NAME
        delivery  CALLBACK        delivery.html#delivery-CALLBACK
        fact      CALLBACK, NAME  delivery.html#fact-CALLBACK.NAME    (a key of x-delivery)
        rule      ACK-01          rules.html#ACK-01
        chapter   ACK             rules.html#ACK
        fault     ACK-01          matrix.html#fault-ACK-01
        question  Q-01            open.html#Q-01
        receiver  NAME            receivers.html#receiver-NAME

    In names everything but ASCII letters, digits, `_` and `-` is written as `~` and its UTF-8 bytes in hexadecimal;
    of what is longer than 150 characters then, a file's name has the beginning and a digest of all;
    the slashes of a JSON pointer become dots.
    """
    file, fragment = _PLACES[kind]
    place = f"#{fragment.format(_token(name), _inner(inner))}" if fragment else ""
    return f"{file.format(_file_token(name))}.html{place}"


def chapter_file(chapter: str) -> str:
    """Return the page of one chapter of rules."""
    return f"rules-{_file_token(chapter)}.html"


def rule_page(rule_id: str) -> str:
    """Return where a rule is told in full: on the page of its chapter.

    `address` names its row in the index of all rules, which leads there, and stays as long as the rule does.
    """
    return f"{chapter_file(rule_id.partition('-')[0])}#{anchor('rule', rule_id)}"


def anchor(kind: Kind, name: str, inner: str = "") -> str:
    """Return the part of an address after `#`: the `id` of the element."""
    return address(kind, name, inner).partition("#")[2]


def _file_token(text: str) -> str:
    # A file's name has at most 255 bytes on every file system in use, and a letter may take nine.
    token = _token(text)
    return token if len(token) <= _LONGEST else f"{token[:_LONGEST]}~{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def file_name(kind: Kind, name: str) -> str:
    """Return the part of an address before `#`."""
    return address(kind, name).partition("#")[0]


@lru_cache(maxsize=4096)
def _token(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", lambda m: "".join(f"~{byte:02X}" for byte in m[0].encode()), text)


def _inner(text: str) -> str:
    # A pointer's own escapes (~0, ~1) go through the same writing, so that two pointers never share an anchor.
    return ".".join(_token(token) for token in text.removeprefix("/").split("/"))
