"""Worth of rules: which ones are judged first, and which ones at all where not all fit into the deliveries allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["NARROWING", "fitting", "in_order", "worthy"]

_FIRST = (
    "ACK-01 ACK-03 ACK-04 FWD-01 FWD-02 FWD-04 FWD-06 DAT-01 DAT-02 DAT-04 DAT-06 PAY-17 PAY-19 PAY-21 PAY-03 PAY-15"
    " PAY-25 PAY-31 PAY-32 SEC-01 WIRE-01 WIRE-10 WIRE-18 SIG-02 SIG-01 SIG-04 STA-01 STA-02 IDM-01 IDM-03 IDM-04"
    " ORD-01 ORD-02 LOD-01"
).split()
"""What most mistakes break that were planted in the receivers of real frameworks (meta, test_mistakes), or seen in
public ones; the others follow in the catalogue's order."""

_EARLY = (
    "ACK STA-01 IDM-01 IDM-03 FWD DAT WIRE-01 WIRE-02 WIRE-10 WIRE-11 WIRE-12 WIRE-13 WIRE-17 WIRE-18 WIRE-20 PAY-17"
    " PAY-19 PAY-21 PAY-03 PAY-15 SIG-02 SIG-01 SIG-04 STA-02 IDM-07 ORD-01 ORD-02 IDM-04"
).split()
"""Rules and chapters that are judged first. Redeliveries come while what they repeat is recent; bursts stay behind all
that goes side by side, since they explain what breaks there."""

NARROWING = 0.1
"""Share of the deliveries that is kept for second tries, and to find what of a combined delivery breaks."""


def in_order(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules in the order of judging: a run that ends early has found what breaks most receivers."""
    first = [rule.id for name in _EARLY for rule in rules if name in {rule.id, rule.chapter}]
    return tuple(_led_by(first, rules))


def worthy(rules: Sequence[Rule]) -> list[Rule]:
    """The rules, those first that break most receivers; each after what explains its breaking."""
    return _led_by(_FIRST, rules)


def _led_by(first: Sequence[str], rules: Sequence[Rule]) -> list[Rule]:
    by_id = {rule.id: rule for rule in rules}
    found: dict[str, Rule] = {}

    def take(rule: Rule) -> None:
        for required in rule.requires:
            if required in by_id and required not in found:
                take(by_id[required])
        found.setdefault(rule.id, rule)

    for rule in [*(by_id[rule_id] for rule_id in first if rule_id in by_id), *rules]:
        take(rule)
    return list(found.values())


def fitting(
    rules: Sequence[Rule], most: int, cost: Callable[[Sequence[Rule]], int], *, kept: float = NARROWING
) -> list[Rule]:
    """The worthiest rules that cost no more than may be sent; all of them where they do.

    Args:
        cost: Deliveries that some rules take; what several share counts once, so it is no sum.
        kept: The share of the deliveries that is not for them.
    """
    if cost(rules) <= most:
        return list(rules)
    ordered, allowed = worthy(rules), int(most * (1 - kept))
    least, beyond = 0, len(ordered)
    while beyond - least > 1:
        middle = (least + beyond) // 2
        if cost(ordered[:middle]) <= allowed:
            least = middle
        else:
            beyond = middle
    chosen = ordered[:least]
    for rule in ordered[least:]:  # cheap ones behind a dear one
        if len(rules) - len(chosen) > 1 and cost([*chosen, rule]) <= allowed:
            chosen.append(rule)
    return chosen or list(rules)  # where not even one fits, the run says so
