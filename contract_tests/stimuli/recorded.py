"""Recorded stimuli: the user's recordings that satisfy their contract."""

from __future__ import annotations

from collections.abc import Iterable

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, stimuli
from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, NotApplicable
from callback_contract.openapi.text.message import Text, in_detail

__all__ = ["samples"]


@stimuli("recorded", in_turn=True)
def samples(scope: Scope) -> Iterable[Case]:
    """The recordings of one callback, exact and in order."""
    if scope.samples is None:
        needs = in_detail(Text("reason.needs-recordings"), Text("reason.give-recordings"))
        raise LacksMeans(Means.RECORDINGS, needs)
    if not scope.samples:
        raise NotApplicable(Text("reason.no-recording", callback=scope.callback.name))
    return [
        Case(scope.callback, Text("case.recording", place=sample.place), sample.content, sent=sample.delivery)
        for sample in scope.samples
    ]
