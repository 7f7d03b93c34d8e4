"""Chapter OUT: what a sender sends, each request by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

from callback_contract.contract_tests.chapters.senders.judging import Asked, Check
from callback_contract.contract_tests.model.tries import Recorded, Try
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.mock_server.wire.delivery import header_value, printable
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text, either, listed
from callback_contract.openapi.text.secret_names import is_secret_parameter

__all__ = ["SENT"]

_LONGEST = 80
_MOST_NAMED = 3


def _each(flaw: Callable[[Recorded, Try], tuple[Text, Text] | None], *, of_bodies: bool = False) -> Check:
    """A rule that looks at each whole request.

    Args:
        of_bodies: Whether it looks at a body, which no delivery by query has.
    """

    def check(recorded: Recorded) -> Iterator[Asked]:
        if of_bodies and all(each.by_query for each in recorded.contract.callbacks):
            raise NotApplicable(Text("reason.no-body-documented"))
        for one in recorded.tries:
            if one.is_whole and (one.is_played or flaw is _malformed):
                yield Asked((one,), *(flaw(recorded, one) or ()))

    return check


def _callbacks(recorded: Recorded, one: Try) -> tuple[Callback, ...]:
    """The callbacks that a request may be."""
    named = tuple(each for each in recorded.contract.callbacks if each.name == one.callback)
    return named or recorded.contract.callbacks


def _by_query(recorded: Recorded, one: Try) -> bool:
    """Whether a request has to have no body."""
    return all(each.by_query for each in _callbacks(recorded, one))


def _unparsable(recorded: Recorded, one: Try) -> tuple[Text, Text] | None:
    if one.is_parsable or one.endpoint == "elsewhere" or _by_query(recorded, one):
        return None
    return Text("expected.parsable-body"), Text("actual.unparsable-body", why=_why(one))


def _invalid(recorded: Recorded, one: Try) -> tuple[Text, Text] | None:
    if not one.violations or not one.is_parsable or one.endpoint == "elsewhere":
        return None
    return Text("expected.valid-body"), Text("actual.invalid-body", why=_why(one))


def _why(one: Try) -> Text:
    shown = one.violations[:_MOST_NAMED]
    return listed(f"{printable(place) or '/'} {printable(why)[:_LONGEST]}" for place, why in shown)


def _mislabelled(recorded: Recorded, one: Try) -> tuple[Text, Text] | None:
    if one.endpoint == "elsewhere" or _by_query(recorded, one):
        return None
    wanted = {each.media_type.partition(";")[0].strip().lower() for each in _callbacks(recorded, one)}
    value = header_value(one.delivery.headers, "content-type") or ""
    if value.partition(";")[0].strip().lower() in wanted:
        return None
    came = Text("actual.media-type", value=printable(value)[:_LONGEST]) if value else Text("actual.no-media-type")
    return Text("expected.media-type", names=either(sorted(wanted))), came


def _by_another_method(recorded: Recorded, one: Try) -> tuple[Text, Text] | None:
    wanted = {each.method for each in _callbacks(recorded, one)}
    if one.delivery.method in wanted or one.endpoint == "elsewhere":
        return None
    return Text("expected.method", names=either(sorted(wanted))), Text("actual.method", name=one.delivery.method)


def _malformed(recorded: Recorded, one: Try) -> tuple[Text, Text] | None:
    return (Text("expected.well-formed"), Text("actual.malformed", why=one.flaw)) if one.flaw else None


def _lacking_headers(recorded: Recorded) -> Iterator[Asked]:
    """Each delivery, where the contract requires headers that no signature makes."""
    found = False
    for one in recorded.tries:
        names = _required(_callbacks(recorded, one)[0])
        if not names or not one.is_whole or not one.is_played or one.endpoint == "elsewhere":
            continue
        found = True
        lacking = [name for name in names if header_value(one.delivery.headers, name) is None]
        if lacking:
            expected = Text("expected.headers", names=listed(names))
            yield Asked((one,), expected, Text("actual.headers-lacking", names=listed(lacking)))
        else:
            yield Asked((one,))
    if not found and not any(_required(each) for each in recorded.contract.callbacks):
        raise NotApplicable(Text("reason.no-required-header"))


def _required(callback: Callback) -> list[str]:
    return [header.name for header in callback.headers if header.required and not header.signature]


def _secret_in_url(recorded: Recorded, one: Try) -> tuple[Text, Text] | None:
    pairs = parse_qsl(one.target.partition("?")[2], keep_blank_values=True)
    by_query = [each for each in recorded.contract.callbacks if each.by_query]
    documented = {jp.tokens(member.pointer)[0] for each in by_query for member in each.members if member.pointer}
    names = [printable(name)[:_LONGEST] for name, _ in pairs if is_secret_parameter(name) and name not in documented]
    return (Text("expected.no-secret-in-url"), Text("actual.secret-in-url", names=listed(names))) if names else None


SENT: dict[str, Check] = {
    "OUT-01": _each(_unparsable, of_bodies=True),
    "OUT-02": _each(_invalid),
    "OUT-03": _each(_mislabelled, of_bodies=True),
    "OUT-04": _each(_by_another_method),
    "OUT-05": _lacking_headers,
    "OUT-06": _each(_malformed),
    "OUT-07": _each(_secret_in_url),
}
