"""Formats: the `format` names to which the kit gives a meaning, and how stamped values are written in each."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["FORMATS", "STAMPS", "render"]

FORMATS = {
    "hex32": "32 lower-case hexadecimal digits",
    "unix-seconds": "seconds since 1970-01-01T00:00:00Z, as an integer",
    "date-time": "an RFC 3339 time",
    "serial": "an integer from 1 to 2^53",
    "msisdn": "a phone number in international form, digits only",
    "e164": "a phone number in international form with a leading plus sign",
}

STAMPS = {
    # Values that a sender can stamp so that no test message is taken for a real one.
    "id": {"hex32", "uuid", ""},
    "time": {"unix-seconds", "date-time"},
    "phone": {"msisdn", "e164"},
}


def render(value: str | datetime, format_name: str) -> str | int:
    """Return a stamped value in the form that its format requires.

    Args:
        value: An id as text, a phone number in E.164, or an aware time.
        format_name: The member's `format`; an unknown one leaves text as it is.
    """
    if isinstance(value, datetime):
        if format_name == "unix-seconds":
            return int(value.timestamp())
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.lstrip("+") if format_name == "msisdn" else value
