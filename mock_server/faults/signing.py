"""Signature faults of the mock: deviations that show only where a signature scheme is configured."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Request, Response, Right, problem
from callback_contract.mock_server.signing import Keys, Scheme
from callback_contract.mock_server.signing.algorithms import SIGNATURE_BYTES
from callback_contract.mock_server.signing.content import Signed
from callback_contract.mock_server.signing.signatures import Parts, decoded, parts_of, received, signature
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.mock_server.wire.delivery import header_value
from callback_contract.mock_server.wire.json_spelling import encode
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["SIGNING_FAULTS"]

CRASH = Response(500, b'{"error":"internal"}', "application/json")
WRONG = problem(401, "Unauthorized", "The signature is wrong.")
_LONGEST_EVENT_AGE = timedelta(minutes=5)

When = Callable[[Request, Receiver], bool]


def _trusting(when: When) -> Fault:
    """Takes some deliveries without a right signature."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        trusts = receiver.signature_flaw(request) and when(request, receiver)
        return receiver.trusting(request) if trusts else right()

    return Fault(answer, needs="signature")


def _instead(reply: Response, when: When) -> Fault:
    """Answers otherwise to some deliveries."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        return reply if receiver.signature and when(request, receiver) else right()

    return Fault(answer, needs="signature")


def _configured(receiver: Receiver) -> tuple[Scheme, Keys]:
    assert receiver.signature is not None
    return receiver.signature


def _parts(request: Request, receiver: Receiver) -> Parts:
    scheme, _ = _configured(receiver)
    return parts_of(scheme, received(scheme, request.headers, request.body))


def _received(request: Request, receiver: Receiver) -> list[bytes]:
    scheme, _ = _configured(receiver)
    return [decoded(scheme, text) for text in _parts(request, receiver).signatures]


def _expected_text(request: Request, receiver: Receiver, key: int = 0, algorithm: str = "") -> str:
    scheme, keys = _configured(receiver)
    parts = _parts(request, receiver)
    url = receiver.url_of(request)
    signed = Signed(request.method, url, request.body, parts.message_id or "", parts.timestamp or "")
    return signature(replace(scheme, algorithm=algorithm or scheme.algorithm), keys.values[key], signed)


def _expected(request: Request, receiver: Receiver, key: int = 0, algorithm: str = "") -> bytes:
    return decoded(_configured(receiver)[0], _expected_text(request, receiver, key, algorithm))


def _unsigned(request: Request, receiver: Receiver) -> bool:
    scheme, _ = _configured(receiver)
    return header_value(received(scheme, request.headers, request.body), scheme.place) is None


def _shaped_right(request: Request, receiver: Receiver) -> bool:
    size = SIGNATURE_BYTES.get(_configured(receiver)[0].algorithm)
    fresh = not re.search("(stale|future|missing|malformed)", receiver.signature_flaw(request))
    return fresh and any(size in {None, len(value)} for value in _received(request, receiver))


def _begins_right(request: Request, receiver: Receiver) -> bool:
    expected = _expected(request, receiver)
    return any(value and value != expected and expected.startswith(value) for value in _received(request, receiver))


def _has_other_bytes(request: Request, receiver: Receiver) -> bool:
    scheme, _ = _configured(receiver)
    return not (header_value(received(scheme, request.headers, request.body), scheme.place) or "").isascii()


def _lacks_time_or_id(request: Request, receiver: Receiver) -> bool:
    scheme, _ = _configured(receiver)
    parts = _parts(request, receiver)
    no_time = scheme.timed and not re.fullmatch("[0-9]+", parts.timestamp or "")
    return no_time or (scheme.identified and parts.message_id is None)


def _other_hash(request: Request, receiver: Receiver) -> bool:
    other = _expected(request, receiver, algorithm="hmac-sha1")
    return any(hmac.compare_digest(other, value) for value in _received(request, receiver))


def _names_in_other_case(request: Request, receiver: Receiver) -> bool:
    return not set(_configured(receiver)[0].headers) <= {name for name, _ in request.headers}


def _first_is_wrong(request: Request, receiver: Receiver) -> bool:
    received = _received(request, receiver)
    keys = range(len(_configured(receiver)[1].values))
    return bool(received) and all(_expected(request, receiver, key) != received[0] for key in keys)


def _by_another_key(request: Request, receiver: Receiver) -> bool:
    return _expected(request, receiver) not in _received(request, receiver)


def _was_spelt_otherwise(request: Request, receiver: Receiver) -> bool:
    try:
        return encode(json.loads(request.body)) != request.body
    except (ValueError, RecursionError):
        return False


def _remembers(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    seen = receiver.memory.setdefault("right signatures", set())
    signatures = frozenset(_received(request, receiver))
    if not receiver.signature_flaw(request):
        seen.add(signatures)
        return right()
    return receiver.trusting(request) if signatures in seen else right()


def _tells_the_right_one(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    if not receiver.signature_flaw(request).endswith("is wrong"):
        return right()
    return problem(401, "Unauthorized", f"The signature has to be {_expected_text(request, receiver)}.")


def _stores_first(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    if receiver.signature_flaw(request):
        receiver.trusting(request)
    return right()


def _judges_the_event(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    callback = assessment.callback if assessment else None
    if assessment is None or callback is None:
        return right()
    for pointer in (pointer for pointer, kind in callback.delivery.stamped.items() if kind == "time"):
        try:
            value = jp.get(assessment.value, pointer)
            at = datetime.fromtimestamp(value, UTC) if isinstance(value, (int, float)) else None
        except (LookupError, ValueError, OverflowError, OSError):
            continue
        if at is not None and datetime.now(UTC) - at > _LONGEST_EVENT_AGE:
            return replace(WRONG, status=400)
    return right()


SIGNING_FAULTS: dict[str, Fault] = {
    "SIG-01": _trusting(_unsigned),
    "SIG-02": _instead(CRASH, _unsigned),
    "SIG-03": _trusting(_shaped_right),
    "SIG-04": Fault(_remembers, needs="signature"),
    "SIG-05": _trusting(_begins_right),
    "SIG-06": _instead(CRASH, _has_other_bytes),
    "SIG-07": _trusting(lambda q, r: r.signature_flaw(q).endswith("is stale")),
    "SIG-08": _trusting(lambda q, r: r.signature_flaw(q).endswith("the future")),
    "SIG-09": _instead(CRASH, _lacks_time_or_id),
    "SIG-10": _trusting(_other_hash),
    "SIG-11": Fault(_tells_the_right_one, needs="signature"),
    "SIG-12": _instead(WRONG, _names_in_other_case),
    "SIG-13": _instead(WRONG, _first_is_wrong),
    "SIG-14": _instead(WRONG, _by_another_key),
    "SIG-15": Fault(_judges_the_event, needs="signature"),
    "SIG-16": Fault(_stores_first, needs="signature"),
    "SIG-17": _instead(WRONG, _was_spelt_otherwise),
}
