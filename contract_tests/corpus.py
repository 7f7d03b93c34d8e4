"""Decides which contents a run shares: drawn once through Schemathesis and Hypothesis, from the seed alone."""

from __future__ import annotations

import copy
import random
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from contract_tests.drawing import MAX_INTEGER, MAX_TEXT, boundary_bodies, draw_bodies, pinned_values
from mock_server.signing import Scheme
from mock_server.wireform import encode, with_integers
from openapi import pointer as jp
from openapi.members import Member
from openapi.model import Callback

__all__ = ["DEPTHS", "MAX_INTEGER", "MAX_TEXT", "Depth", "Scope"]

T = TypeVar("T")

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Depth:
    """How much of each kind of stimulus a run sends.

    Attributes:
        contents: Valid contents drawn by Schemathesis.
        negations: Broken contents drawn by Schemathesis.
        boundaries: Broken contents that Schemathesis' walk along the schema's boundaries gives, at most.
    """

    name: str
    contents: int
    negations: int
    boundaries: int

    def pick(self, quick: T, standard: T, thorough: T) -> T:
        """Chooses by depth."""
        return {"quick": quick, "standard": standard, "thorough": thorough}[self.name]


DEPTHS = {
    "quick": Depth("quick", contents=10, negations=8, boundaries=0),
    "standard": Depth("standard", contents=30, negations=20, boundaries=12),
    "thorough": Depth("thorough", contents=200, negations=200, boundaries=1000),
}


@dataclass(frozen=True)
class Scope:
    """What stimuli are made from: one callback, a depth, and chance that depends on the seed alone.

    Attributes:
        signature: The scheme by which deliveries are signed, when one is configured.
    """

    callback: Callback
    depth: Depth
    seed: int
    signature: Scheme | None = None
    refused: frozenset[str] = frozenset()

    def without(self, refused: frozenset[str]) -> Scope:
        """The same scope for a receiver that refuses some states: stories do without them."""
        narrowed = copy.copy(self)  # with what is drawn already
        object.__setattr__(narrowed, "refused", refused)
        return narrowed

    def random(self, purpose: str) -> random.Random:
        """A source of chance of its own, so that one rule's draws never shift another's."""
        return random.Random(f"{self.seed}/{self.callback.name}/{purpose}")

    @property
    def plain(self) -> jp.Json:
        """The content of a plain valid delivery: the first deliverable example, else a drawn one."""
        examples = self.callback.delivered_examples
        return examples[0].value if examples else self.contents[0]

    @property
    def plain_contents(self) -> list[jp.Json]:
        """The plain content in each state that the contract knows."""
        state = self.callback.delivery.state
        member = self.callback.member(state) if state else None
        if not state or member is None or not member.enum:
            return [self.plain]
        return [jp.replaced(self.plain, state, value) for value in member.enum]

    @cached_property
    def contents(self) -> list[jp.Json]:
        """Valid contents, all different."""
        drawn = draw_bodies(self.callback, self.depth.contents, self.seed, negated=False)
        if self.depth.name != "quick":
            drawn = boundary_bodies(self.callback, negated=False) + drawn
        limit = self.callback.delivery.accept_body_bytes.must
        tidy = {repr(content): content for content in map(_tidy, drawn)}.values()
        # Beyond the obligatory size a receiver may refuse what is otherwise valid; ids of full length come on top.
        return [content for content in tidy if limit is None or len(encode(content, "compact, escaped")) <= limit - 512]

    @cached_property
    def negations(self) -> list[jp.Json | bytes]:
        """Contents that Schemathesis broke on purpose, at boundaries and by chance; some are raw bytes."""
        walked = boundary_bodies(self.callback, negated=True)
        chance = self.random("boundaries")
        chosen = chance.sample(walked, min(self.depth.boundaries, len(walked)))
        return chosen + draw_bodies(self.callback, self.depth.negations, self.seed, negated=True)

    @cached_property
    def pinned(self) -> dict[str, jp.Json]:
        """What stands in drawn contents at the pointers that are stamped."""
        return pinned_values(self.callback)

    def with_members(self, wanted: Any) -> list[Member]:
        """The members below the root that satisfy a predicate and stand in the plain content."""
        return [m for m in self.callback.members if m.pointer and wanted(m) and _present(self.plain, m.pointer)]


def _present(value: jp.Json, pointer: str) -> bool:
    try:
        jp.get(value, pointer)
    except LookupError:
        return False
    return True


def _tidy(value: jp.Json) -> jp.Json:
    """Brings a drawn content into the class "valid": no C0 controls, integers written as integers."""
    if isinstance(value, str):
        return _CONTROLS.sub(" ", value)
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if isinstance(value, dict):
        return {_CONTROLS.sub(" ", key): _tidy(item) for key, item in value.items()}
    return with_integers(value)
