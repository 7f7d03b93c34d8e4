"""Worth of rules: which ones are judged where not all of them fit into the deliveries that a user allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["fitting", "worthy"]

_FIRST = (
    "ACK-01 ACK-03 ACK-04 FWD-01 FWD-02 FWD-04 FWD-06 DAT-01 DAT-02 DAT-04 DAT-06 PAY-17 PAY-19 PAY-21 PAY-03 PAY-15"
    " PAY-25 PAY-31 PAY-32 SEC-01 WIRE-01 WIRE-10 WIRE-18 SIG-02 SIG-01 SIG-04 STA-01 STA-02 IDM-01 IDM-03 IDM-04"
    " ORD-01 ORD-02 LOD-01"
).split()
"""What most mistakes break that were planted in the receivers of real frameworks (meta, test_mistakes), or seen in
public ones; the others follow in the catalogue's order."""

_NARROWING = 0.1
"""Share of the deliveries that is kept for second tries, and to find what of a combined delivery breaks."""


def worthy(rules: Sequence[Rule]) -> list[Rule]:
    """The rules, those first that break most receivers; each after what explains its breaking."""
    by_id = {rule.id: rule for rule in rules}
    found: dict[str, Rule] = {}

    def take(rule: Rule) -> None:
        for required in rule.requires:
            if required in by_id and required not in found:
                take(by_id[required])
        found.setdefault(rule.id, rule)

    for rule in [*(by_id[rule_id] for rule_id in _FIRST if rule_id in by_id), *rules]:
        take(rule)
    return list(found.values())


def fitting(rules: Sequence[Rule], most: int, cost: Callable[[Sequence[Rule]], int]) -> list[Rule]:
    """The worthiest rules that cost no more than may be sent; all of them where they do.

    Args:
        cost: Deliveries that some rules take; what several share counts once, so it is no sum.
    """
    if cost(rules) <= most:
        return list(rules)
    ordered, allowed = worthy(rules), int(most * (1 - _NARROWING))
    least, beyond = 0, len(ordered)
    while beyond - least > 1:
        middle = (least + beyond) // 2
        if cost(ordered[:middle]) <= allowed:
            least = middle
        else:
            beyond = middle
    kept = ordered[:least]
    for rule in ordered[least:]:  # cheap ones behind a dear one
        if len(rules) - len(kept) > 1 and cost([*kept, rule]) <= allowed:
            kept.append(rule)
    return kept or list(rules)  # where not even one fits, the run says so
