"""Ways to deviate from a right receiver, which the tables of faults fill in with when and how.

A fault sees what any receiver sees: the request, what the contract makes of it, and what came before. It never
looks at anything that only this kit would send.
"""

from __future__ import annotations

from collections.abc import Callable

from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Request, Response, Right, problem
from callback_contract.mock_server.validation.validator import Assessment

__all__ = ["CRASH", "REFUSED", "TAKEN", "When", "changed", "of_kind", "to_accepted", "to_bodies", "to_requests"]

When = Callable[[Request, Assessment], bool]

CRASH = Response(500, b'{"error":"internal"}', "application/json")
REFUSED = problem(422, "Unprocessable Content", "The body is not what this receiver expects.")
TAKEN = Response(200, b"{}", "application/json")


def to_bodies(reply: Response, when: When) -> Fault:
    """Answers otherwise to some bodies, refused or not."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        return reply if assessment is not None and when(request, assessment) else right()

    return Fault(answer)


def to_accepted(reply: Response, when: When) -> Fault:
    """Answers otherwise to some deliveries that a right receiver acknowledges."""
    return to_bodies(reply, lambda request, a: a.accepted and when(request, a))


def to_requests(reply: Response, when: Callable[[Request, Receiver], bool]) -> Fault:
    """Answers otherwise to some requests, whatever their body."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        return reply if when(request, receiver) else right()

    return Fault(answer)


def changed(change: Callable[[Response, Request], Response], when: When) -> Fault:
    """Changes some right answers."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        reply = right()
        return change(reply, request) if assessment is not None and when(request, assessment) else reply

    return Fault(answer)


def of_kind(name: str) -> When:
    """Bodies that the contract refuses for one reason, a kind of `Assessment`."""
    return lambda request, a: a.kind == name
