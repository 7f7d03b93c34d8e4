"""Chapters SGN and CRT: how a sender proves who it is, and what it takes for proof of a receiver."""

from __future__ import annotations

from collections.abc import Iterator

from callback_contract.contract_tests.chapters.senders.judging import Asked, Check
from callback_contract.contract_tests.model.tries import Recorded
from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, NotApplicable
from callback_contract.openapi.text.message import Text

__all__ = ["TRUST"]

_APART_S = 2.0  # seconds between two tries whose signed times differ in whole seconds, too
_TIME_FLAWS = ("is stale", "is from the future")


def _signs_its_bytes(recorded: Recorded) -> Iterator[Asked]:
    _refuse_without_scheme(recorded)
    for one in recorded.tries:
        if not one.is_whole or not one.is_played or one.endpoint == "elsewhere":
            continue
        if one.signature_flaw and not one.signature_flaw.endswith(_TIME_FLAWS):
            yield Asked((one,), Text("expected.signed"), Text("actual.signature-flaw", flaw=one.signature_flaw))
        else:
            yield Asked((one,))


def _refuse_without_scheme(recorded: Recorded) -> None:
    if not recorded.is_signed:
        raise LacksMeans(Means.SCHEME, Text("reason.no-scheme-of-sender"))


def _signs_with_its_time(recorded: Recorded) -> Iterator[Asked]:
    _refuse_without_scheme(recorded)
    if not recorded.is_timed:
        raise NotApplicable(Text("reason.scheme-signs-no-time"))
    for event in recorded.at():
        for before, after in event.pairs:
            if after.wall_s - before.wall_s < _APART_S or not (before.signed_at and after.signed_at):
                continue
            if after.signed_at == before.signed_at or after.signature_flaw.endswith(_TIME_FLAWS):
                apart = Text("actual.signed-time", seconds=f"{after.wall_s - before.wall_s:.1f}")
                yield Asked((before, after), Text("expected.signed-time"), apart)
            else:
                yield Asked((before, after))


def _refuses(flaw: str) -> Check:
    """A rule that wants no request over a connection whose TLS has a flaw."""

    def check(recorded: Recorded) -> Iterator[Asked]:
        if not recorded.by_tls:
            raise LacksMeans(Means.TLS_ENDPOINTS, Text("reason.no-tls-of-sender"))
        came = recorded.handshakes.get(flaw)
        if came is None or not came.connections:
            raise LacksMeans(Means.EVENT, Text("reason.no-event-at", endpoints=(flaw,)))
        right = [one for one in recorded.tries if one.endpoint not in recorded.handshakes]
        if not right:
            raise LacksMeans(Means.EVENT, Text("reason.trusts-nothing"))
        if came.tries:
            yield Asked(came.tries[:1], Text("expected.refused-tls"), Text(f"actual.sent-over-{flaw}"))
        else:
            yield Asked(())

    return check


TRUST: dict[str, Check] = {
    "SGN-01": _signs_its_bytes,
    "SGN-02": _signs_with_its_time,
    "CRT-01": _refuses("untrusted"),
    "CRT-02": _refuses("expired"),
    "CRT-03": _refuses("other-host"),
    "CRT-04": _refuses("old-tls"),
}
