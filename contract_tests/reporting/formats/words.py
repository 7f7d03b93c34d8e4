"""Words of HTML pages in both of their languages."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from callback_contract.contract_tests.reporting.formats.highlighting import visible
from callback_contract.contract_tests.reporting.model.inert import in_html, one_line
from callback_contract.openapi.text.message import Unknown, text_of, translated, words_of

__all__ = ["LANGUAGES", "both", "inert", "labelled", "of_sender", "plain", "said", "say", "told"]

LANGUAGES = ("en", "zh")


def both(key: str, **values: Any) -> Markup:
    """A word in both languages; the page shows one of them."""
    return told(*(escape(text).format(**values) for text in _texts(key)))


def of_sender(key: str, **values: Any) -> Markup:
    """The same in a report on a sender, of whom some words have to speak otherwise."""
    own = f"{key}_of_sender"
    return both(own if own in words_of("page") else key, **values)


def plain(key: str) -> tuple[str, str]:
    """A word in English and Chinese, for where no element can stand."""
    return _texts(key)


def _texts(key: str) -> tuple[str, str]:
    return words_of("page")[key]


def said(holder: Mapping[str, Any], member: str) -> Markup:
    """A sentence of a report in both languages; other people's words, and those of older reports, as they are."""
    made = holder.get("texts", {}).get(member)
    chinese = ""
    with contextlib.suppress(Unknown):  # a newer kit said it
        chinese = translated(text_of(made), "zh") if made else ""
    return told(visible(holder[member]), visible(chinese))


def told(english: str | Markup, chinese: str | Markup) -> Markup:
    """A text in both languages; once where they are equal or there is no Chinese one."""
    if not chinese or chinese == english:
        return Markup('<span lang="en">{}</span>').format(english) if not chinese else escape(english)
    return Markup('<span data-l lang="en">{}</span><span data-l lang="zh">{}</span>').format(english, chinese)


def inert(text: str) -> Markup:
    """A stranger's text, for an element or a quoted attribute."""
    return Markup(in_html(text))  # noqa: S704  # `in_html` escapes it


def say(text: str) -> Markup:
    """A text of the kit in both languages; the page shows one of them."""
    return told(inert(text), inert(translated(text, "zh")))


def labelled(text: str) -> Markup:
    """The attributes of an element whose label is in both languages."""
    english, chinese = one_line(text), one_line(translated(text, "zh"))
    return Markup('aria-label="{0}" data-en="{0}" data-zh="{1}"').format(english, chinese)
