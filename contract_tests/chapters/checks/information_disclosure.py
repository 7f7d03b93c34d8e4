"""Check of information disclosure: finds stack traces, framework versions and echoed markup in responses."""

from __future__ import annotations

import html
import re

from callback_contract.contract_tests.model.verdicts import LacksMeans, Means
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.contract_tests.stimuli.texts import MARKUP
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.text.message import Text

__all__ = [
    "exception_in",
    "framework_version",
    "has_markup",
    "header_from_text",
    "holds_trace",
    "secrets_to_look_for",
    "stack_trace",
]

_LOOKED_AT = 64 * 1024  # bytes of a response to search; a trace or a version is on its first page

# Untrusted text: every repetition is bounded, so that the time grows linearly with the text.
_TRACES = re.compile(
    r"Traceback \(most recent call last\)"  # Python
    r'|File "[^"]{1,300}", line \d{1,9}'
    r"|^\s[^\S\n]{0,80}at [\w.$<>]{1,200} ?\([^)\n]{0,300}:\d{1,9}\)"  # JavaScript, Java
    r"|\bat [^\n<]{0,200}\.[cm]?[jt]s:\d{1,9}:\d{1,9}"  # the same in an HTML page
    r"|\bat [\w.$]{1,200}\(\w{1,200}\.java:\d{1,9}\)"
    r"|goroutine \d{1,9} \[running\]"  # Go
    r"|#\d{1,9} [^\n]{0,300}\.php\(\d{1,9}\)"  # PHP
    r"|\.php:\d{1,9}\b|on line <b>\d{1,9}</b>"
    r"|\.rb:\d{1,9}:in [`']"  # Ruby
    r"|\bat [\w.`<>]{1,200} in [^\n]{1,300}:line \d{1,9}",  # .NET
    re.MULTILINE,
)
# The line of a trace that says what went wrong: `KeyError: 'name'`, `java.lang.IllegalStateException: closed`.
_EXCEPTIONS = re.compile(r"(?<![\w.])[A-Za-z_][\w.]{0,100}(?:Error|Exception)\b: [^\n<\\]{1,300}")
_HEADER_LINES = re.compile(rb"\\[rn]([A-Za-z][\w-]{0,80}):")  # as JSON spells line ends
_VERSIONS = re.compile(
    r"\b(?:Werkzeug|Flask|Django|Gunicorn|uvicorn|aiohttp|Tornado|CherryPy|waitress|Express|Apache|Tomcat|Jetty|nginx|"
    r"openresty|PHP|Laravel|Symfony|Rails|Puma|Passenger|ASP\.NET|Kestrel|Spring Boot|Python|BaseHTTP|SimpleHTTP)"
    r"(?:/| Version:? ?| )v?\d{1,9}(?:\.\d{1,9}){1,9}",
    re.IGNORECASE,
)


def stack_trace(exchange: Exchange) -> str:
    """Return the first line that resembles a stack trace; empty when there is none."""
    return _first(_TRACES, exchange)


def holds_trace(text: str) -> bool:
    """Return whether a text has a stack trace."""
    return _TRACES.search(text[:_LOOKED_AT]) is not None


def exception_in(text: str) -> str:
    """Return the exception of a stack trace with what it says; empty where a text has no trace, or none is named."""
    found = _EXCEPTIONS.findall(text[:_LOOKED_AT]) if holds_trace(text) else []
    is_python = "Traceback (most" in text  # the exception stands last there, else first
    return html.unescape(found[-1 if is_python else 0]).strip() if found else ""


def framework_version(exchange: Exchange) -> str:
    """Return a framework's name and version in an error's body; empty without one."""
    return "" if exchange.acknowledged else _first(_VERSIONS, exchange)


def secrets_to_look_for(config: RunConfig) -> LacksMeans | None:
    """What is missing to see whether a receiver repeats a secret."""
    if any(sender.credentials for sender in config.senders):
        return None
    return LacksMeans(Means.SECRET, Text("reason.needs-secret"))


def header_from_text(exchange: Exchange) -> str:
    """Return the name of a header of the answer that a text of the delivery has on a line of its own; else empty."""
    names = {name.lower() for name, _ in exchange.answer.headers} if exchange.answer else set()
    told = (match[1].decode() for match in _HEADER_LINES.finditer(exchange.delivery.body))
    return next((name for name in told if name.lower() in names), "")


def has_markup(exchange: Exchange) -> bool:
    """Return whether the response is HTML and repeats the sent markup."""
    answer = exchange.answer
    if answer is None or answer.media_type in {"application/json", "application/problem+json", "text/plain"}:
        return False
    return (answer.is_html or answer.media_type == "") and MARKUP["term.script-element"].encode() in answer.body


def _first(pattern: re.Pattern[str], exchange: Exchange) -> str:
    if exchange.answer is None:
        return ""
    found = pattern.search(exchange.answer.body[:_LOOKED_AT].decode("utf-8", "replace"))
    return found[0].strip()[:120] if found else ""
