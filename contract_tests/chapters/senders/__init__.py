"""Chapters of rules on senders: each rule is a function from what was recorded to the cases that show it."""

from callback_contract.contract_tests.chapters.senders.events import EVENTS
from callback_contract.contract_tests.chapters.senders.judging import Check, judge_sender
from callback_contract.contract_tests.chapters.senders.retries import RETRIES
from callback_contract.contract_tests.chapters.senders.sent import SENT
from callback_contract.contract_tests.chapters.senders.trust import TRUST

__all__ = ["CHECKS", "endpoints_of", "judge_sender"]

CHECKS: dict[str, Check] = SENT | EVENTS | RETRIES | TRUST

_BY_CHAPTER = {"OUT": ("ok", "error"), "SGN": ("ok", "busy"), "CRT": ("ok",)}
_BY_RULE: dict[str, tuple[str, ...]] = {
    "EVT-01": ("ok", "error"),
    "EVT-02": ("error", "busy", "reset"),
    "EVT-03": ("error", "busy", "reset"),
    "EVT-04": ("ok", "accepted", "no-content"),
    "EVT-05": ("burst",),
    "EVT-06": ("stream",),
    "EVT-07": ("dead", "ok"),
    "RET-01": ("error", "down", "busy", "busy-date"),
    "RET-02": ("silent",),
    "RET-03": ("reset", "cut"),
    "RET-04": ("error", "down"),
    "RET-05": ("down",),
    "RET-06": ("ok", "accepted", "no-content"),
    "RET-07": ("busy", "limited"),
    "RET-08": ("busy-date",),
    "RET-09": ("limited",),
    "RET-10": ("rejected", "missing", "gone"),
    "RET-11": ("rejected", "missing", "gone"),
    "RET-12": ("redirect",),
    "RET-13": ("slow",),
    "RET-14": ("endless",),
    "CRT-01": ("ok", "untrusted"),
    "CRT-02": ("ok", "expired"),
    "CRT-03": ("ok", "other-host"),
    "CRT-04": ("ok", "old-tls"),
}


def endpoints_of(rule_id: str) -> tuple[str, ...]:
    """The endpoints at which a rule shows."""
    return _BY_RULE.get(rule_id) or _BY_CHAPTER[rule_id.partition("-")[0]]
