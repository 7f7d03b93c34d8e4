"""Missing facts: states which `x-delivery` lines a contract needs for a rule to apply."""

from __future__ import annotations

from callback_contract.openapi.text.message import Text, both_of, in_detail, listed

__all__ = ["LINES", "lacking"]

LINES = {
    "deadline_s": "deadline_s: {value: 10, provenance: house, why: …}",
    "accept_body_bytes.must": "accept_body_bytes: {must: {value: 20480, provenance: house, why: …}}",
    "accept_body_bytes.should": "accept_body_bytes: {should: {value: 65536, provenance: house, why: …}}",
    "correlation": "correlation: {value: /POINTER-TO-THE-ID, provenance: inferred, why: …}",
    "state": "state: {value: /POINTER-TO-THE-STATE, provenance: inferred, why: …}",
    "idempotency": "idempotency: {value: [/POINTER-TO-THE-ID], provenance: inferred, why: …}",
    "order": "order: {value: {edges: [[FIRST, NEXT]], terminal: []}, provenance: inferred, why: …}",
    "order.terminal": "order: {value: {edges: [[FIRST, LAST]], terminal: [LAST]}, provenance: inferred, why: …}",
    "groups": "groups: {value: [/POINTER-TO-WHAT-IS-SHARED], provenance: inferred, why: …}",
    "retry": "retry: {value: {after_s: 60, max_tries: 5}, provenance: house, why: …}",
    "stamped": "stamped: {value: {/POINTER-TO-A-TIME: time}, provenance: house, why: …}",
}


def lacking(*facts: str) -> Text:
    """Return why a rule is not applicable, with the lines to add.

    Args:
        facts: Names of facts that the callback's `x-delivery` does not have, as in `accept_body_bytes.must`.
    """
    missing = Text("reason.facts-missing", count=len(facts), facts=both_of(facts))
    return in_detail(missing, listed(f"`{LINES[fact]}`" for fact in facts))
