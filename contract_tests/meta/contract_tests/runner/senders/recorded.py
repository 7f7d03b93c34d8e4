"""Recordings of a sender made by hand: tries at endpoints, with seconds of a clock that nobody waits for."""

from __future__ import annotations

from dataclasses import replace

from callback_contract.contract_tests.chapters.senders import CHECKS, judge_sender
from callback_contract.contract_tests.kill_matrix.senders import quick_contract
from callback_contract.contract_tests.model.tries import Recorded, Schedule, Seen, Try
from callback_contract.contract_tests.model.verdicts import RuleResult
from callback_contract.mock_server.wire.delivery import Delivery, Response
from callback_contract.openapi.contract.model import Retry
from callback_contract.openapi.rules.catalogue import load_catalogue

SCHEDULE = Schedule(Retry(1.0, 2, final=("410",)), after_s=1.0, deadline_s=1.0, grace_s=0.5)
RULES = load_catalogue(side="sender")


def tried(endpoint: str, at_s: float, status: int = 200, *, event: str = "e1", body: bytes = b"{}", **facts) -> Try:
    """A try of an event; status 0 is none, and a reset unless `failure` says otherwise."""
    contract = quick_contract()
    first = contract.callbacks[0]
    headers = (("Content-Type", first.media_type), *((each.name, "x") for each in first.headers))
    answer = Response(status, "", facts.pop("answered", ()), b"") if status else None
    made = Try(
        endpoint,
        at_s,
        1000.0 + at_s,
        Delivery(first.name, first.method, headers, body),
        f"/{endpoint}",
        0.0,
        answer,
        failure="" if status else "reset",
        key=(event,),
        has_id=True,
        message=event,
        callback=first.name,
    )
    return replace(made, **facts)


def recorded(*tries: Try, until_s: float = 100.0, alone: bool = True, **facts) -> Recorded:
    """What came, by endpoint."""
    contract = quick_contract()
    seen: dict[str, list[Try]] = {}
    for one in tries:
        seen.setdefault(one.endpoint, []).append(one)
    made = {name: Seen(tuple(found), alone, contract.callbacks) for name, found in seen.items()}
    return Recorded(contract, facts.pop("schedule", SCHEDULE), made, until_s, **facts)


def judged(rule: str, what: Recorded) -> RuleResult:
    """The result of one rule."""
    (result,) = judge_sender([RULES[rule]], CHECKS, what)
    return result
