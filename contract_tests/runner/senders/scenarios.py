"""Endpoints of the kit for a sender under test: what each answers on purpose, and when enough has come to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from callback_contract.contract_tests.model.tries import Event, Schedule, Seen

__all__ = ["BY_MESSAGE", "ENDPOINTS", "FLAWS", "Endpoint", "Step", "is_complete", "takes_s"]


@dataclass(frozen=True)
class Step:
    """What one try gets.

    Attributes:
        status: 0 for no answer.
        wait: Empty, or `seconds` or `date`, the form of `Retry-After`.
        wire: Empty, `hold` (no answer until the time is over), `reset` after the body, `cut` before it, or `trickle`
            (an answer without an end).
        within: Share of the deadline after which the answer comes.
    """

    status: int = 200
    wait: str = ""
    wire: str = ""
    within: float = 0.0


OK = Step()
_ENDED = "ended"  # nothing else may come
_RETRIED = "retried"  # a second try
_GIVEN_UP = "given up"  # the last one
_MANY = "many"  # as many as were asked for
_LET_GO = "let go"  # the end of the first try
_ANY = "any"  # as long as the others last


@dataclass(frozen=True)
class Endpoint:
    """An endpoint: the last of its steps goes on for ever.

    Attributes:
        ends: What has to come, or not to come, before it can be judged.
        many: Whether many events are asked for, and not one.
    """

    steps: tuple[Step, ...]
    ends: str = _RETRIED
    many: bool = False

    def step(self, number: int) -> Step:
        """What the try of this number gets, from 0."""
        return self.steps[min(number, len(self.steps) - 1)]


ENDPOINTS: Mapping[str, Endpoint] = {
    "dead": Endpoint((Step(0, wire="hold"),), _ANY),
    "ok": Endpoint((OK,), _ENDED),
    "accepted": Endpoint((Step(202),), _ENDED),
    "no-content": Endpoint((Step(204),), _ENDED),
    "error": Endpoint((Step(500), OK)),
    "down": Endpoint((Step(500),), _GIVEN_UP),
    "busy": Endpoint((Step(503, "seconds"), OK)),
    "busy-date": Endpoint((Step(503, "date"), OK)),
    "limited": Endpoint((Step(429, "seconds"), OK)),
    "rejected": Endpoint((Step(400),)),
    "missing": Endpoint((Step(404),)),
    "gone": Endpoint((Step(410),)),
    "redirect": Endpoint((Step(302), OK)),
    "silent": Endpoint((Step(0, wire="hold"), OK)),
    "reset": Endpoint((Step(0, wire="reset"), OK)),
    "cut": Endpoint((Step(0, wire="cut"), OK)),
    "endless": Endpoint((Step(200, wire="trickle"), OK), _LET_GO),
    "slow": Endpoint((Step(within=0.7),), _ENDED),
    "burst": Endpoint((Step(within=0.4),), _MANY, many=True),
    "stream": Endpoint((OK,), _MANY, many=True),
}
"""By the last part of their URLs; the first comes first, since the others are triggered while it is silent."""

FLAWS: Mapping[str, str] = {
    "untrusted": "untrusted",
    "expired": "expired",
    "other-host": "other host",
    "old-tls": "old only",
}
"""Endpoints whose TLS is wrong, each with its flaw, a key of `certificates.FLAWS`."""

BY_MESSAGE = tuple(name for name, each in ENDPOINTS.items() if not each.many and name not in {"dead", "cut"})
"""Endpoints that a message can be given whose sender knows one URL alone."""

ELSEWHERE = "elsewhere"
"""The last part of the URL that the redirect leads to."""

_QUIET_S = 1.5  # without a further one of many events


def is_complete(name: str, seen: Seen, schedule: Schedule, now_s: float, wanted: int = 1) -> bool:
    """Whether what came to an endpoint can be judged.

    Args:
        wanted: Events that were asked for where many are.
    """
    endpoint = ENDPOINTS[name]
    if not seen.tries:
        return False
    quiet_s = now_s - max(each.ended_s for each in seen.tries)
    if endpoint.ends == _ANY:
        return True
    if endpoint.ends == _LET_GO:
        return now_s >= seen.tries[0].ended_s
    if endpoint.ends == _MANY:
        return len(seen.tries) >= wanted or quiet_s >= _QUIET_S + schedule.grace_s
    return any(_is_over(endpoint, event, schedule, now_s) for event in seen.events)


def _is_over(endpoint: Endpoint, event: Event, schedule: Schedule, now_s: float) -> bool:
    """Whether an event can be judged: what had to come came, or nothing more is going to."""
    asks_to_wait = any(step.wait for step in endpoint.steps)
    if now_s - event.last.ended_s >= schedule.patience_s + asks_to_wait * (schedule.retry_after_s + 1):
        return True
    enough = {_RETRIED: 2, _GIVEN_UP: schedule.max_tries + 2}.get(endpoint.ends)
    return enough is not None and len(event.tries) >= enough


def takes_s(schedule: Schedule, names: Iterable[str] = tuple(ENDPOINTS)) -> float:
    """Seconds from the first delivery on until a sender that keeps to its contract is judged at some endpoints."""
    return max((_takes_s(ENDPOINTS[name], schedule) for name in names if name in ENDPOINTS), default=0.0)


def _takes_s(endpoint: Endpoint, schedule: Schedule) -> float:
    first = endpoint.steps[0]
    answered_s = schedule.hold_s if first.wire == "hold" else first.within * schedule.deadline_s
    if endpoint.ends == _GIVEN_UP:
        return schedule.retries_s + schedule.patience_s
    if endpoint.ends == _RETRIED and (first.wire or first.wait or first.status >= 500):
        asked_s = schedule.retry_after_s if first.wait else 0.0
        return answered_s + max(schedule.wait_s(0), asked_s)
    if endpoint.ends in {_RETRIED, _ENDED}:  # nothing more comes
        return answered_s + schedule.patience_s
    return {_LET_GO: schedule.deadline_s, _MANY: answered_s + _QUIET_S}.get(endpoint.ends, 0.0)
