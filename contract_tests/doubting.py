"""Decides when a finding asks whether read-back looks in the right place, or in the right words."""

from __future__ import annotations

from contract_tests.bench import Bench
from contract_tests.readback import HttpReadBack, known_states
from contract_tests.verdicts import RuleResult
from mock_server.delivery import printable

__all__ = ["doubt_read_back"]

_MOST_NAMED = 5
_LONGEST = 40


def doubt_read_back(bench: Bench, result: RuleResult) -> None:
    """Adds a question to the reason of a broken rule; the verdict stays, since either answer is possible."""
    if result.rule.evidence == "read-back" and result.findings and (doubt := _doubt(bench)):
        result.reason = "; ".join(filter(None, (result.reason, doubt)))


def _doubt(bench: Bench) -> str:
    shown, known = bench.states_shown, known_states(bench.contract)
    if not shown and isinstance(bench.state, HttpReadBack):
        return f"read-back showed none of the messages at all; is {bench.state.access.shown_url} the right --state-url?"
    if not shown:
        return "read-back showed none of the messages at all; does the --plugin look in the right place?"
    if known and not shown & known:
        words = ", ".join(repr(printable(word[:_LONGEST])) for word in sorted(shown)[:_MOST_NAMED])
        return f"read-back showed only states that the contract does not know ({words}): --state-map translates them"
    return ""
