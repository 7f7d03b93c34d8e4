"""Corpus of a run: the contents that all rules share, drawn from the contract and the seed alone."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from callback_contract.contract_tests.generation.bounds import (
    FEWEST,
    MAX_INTEGER,
    MAX_TEXT,
    drawn_at_all,
    generative,
    pinned_values,
    share_of,
)
from callback_contract.contract_tests.generation.pregenerated import drawn_bodies, walked_bodies
from callback_contract.contract_tests.generation.strategies import text_of_pattern
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.mock_server.signing import Scheme
from callback_contract.mock_server.wire.bodies import encode_body, travels
from callback_contract.mock_server.wire.json_spelling import with_integers
from callback_contract.openapi.contract.example_value import sample_of, why_no_sample
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text, in_detail

if TYPE_CHECKING:
    from callback_contract.contract_tests.model.cases import Case, Sample

__all__ = ["DEPTHS", "MAX_INTEGER", "MAX_TEXT", "Depth", "Scope"]

T = TypeVar("T")

_MOST_MEMBERS = 24
_FEW = 4
"""Callbacks for each of which all is drawn that a depth draws."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Depth:
    """The number of each kind of stimulus in a run.

    Attributes:
        contents: Valid contents drawn by Schemathesis.
        negations: Broken contents drawn by Schemathesis.
        walked: The most valid contents from Schemathesis' walk along the schema's boundaries.
        boundaries: The most broken contents from Schemathesis' walk along the schema's boundaries.
        alone: The most cases of a stimulus that share a delivery with no other; None for all.
        most: The most deliveries for a callback, of the rules that break most receivers; None for all.
    """

    name: str
    contents: int
    negations: int
    boundaries: int
    walked: int = 0
    alone: int | None = None
    most: int | None = None

    def shared_by(self, callbacks: int) -> Depth:
        """Return the depth for each of several callbacks: many share what is drawn for a few."""

        def share(whole: int) -> int:
            return max(min(FEWEST, whole), whole * _FEW // max(_FEW, callbacks))

        return replace(self, contents=share(self.contents), negations=share(self.negations), walked=share(self.walked))

    def pick(self, quick: T, standard: T, thorough: T) -> T:
        """Return the value for this depth."""
        return {"quick": quick, "standard": standard, "thorough": thorough}[self.name]


DEPTHS = {
    "quick": Depth("quick", contents=10, negations=8, boundaries=0, alone=2, most=150),
    "standard": Depth("standard", contents=30, negations=20, boundaries=12, walked=200),
    "thorough": Depth("thorough", contents=200, negations=200, boundaries=1000, walked=1000),
}


@dataclass(frozen=True)
class Scope:
    """The source of stimuli: one callback, a depth, and chance by the seed alone.

    Attributes:
        signature: The scheme by which deliveries are signed, when one is configured.
        samples: Recorded deliveries of the callback; None where the user gave none.
        given: Lower-case names of headers that the user gives, which replace a delivery's own.
        methods: Methods by which callbacks of the contract come to the URL.
        beside: The scopes of all callbacks of the run: a broken body for one may be valid for another.
        made: The result for each kind of stimulus: its cases, or why there are none.
    """

    callback: Callback
    depth: Depth
    seed: int
    signature: Scheme | None = None
    refused: frozenset[str] = frozenset()
    samples: tuple[Sample, ...] | None = field(default=None, repr=False, compare=False)
    given: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    beside: list[Scope] = field(default_factory=list, repr=False, compare=False)
    made: dict[object, list[Case] | NotApplicable] = field(default_factory=dict, repr=False, compare=False)

    def without(self, refused: frozenset[str]) -> Scope:
        """Return the scope for a receiver that rejects some states: stories omit them."""
        narrowed = copy.copy(self)  # with the contents that are already drawn
        object.__setattr__(narrowed, "refused", refused)
        object.__setattr__(narrowed, "made", {})
        return narrowed

    def random(self, purpose: str) -> random.Random:
        """Return a random generator per purpose, so that rules do not shift each other."""
        return random.Random(f"{self.seed}/{self.callback.name}/{purpose}")

    @cached_property
    def strict(self) -> Any:
        """Validates a body by what the contract says."""
        return validator_of(self.callback.strict)

    @cached_property
    def tolerant(self) -> Any:
        """Validates a body by what next year's contract may say."""
        return validator_of(self.callback.tolerant)

    @cached_property
    def bounded(self) -> Any:
        """Validates a body by what is drawn from."""
        return validator_of(generative(self.callback))

    def is_some_callback(self, body: jp.Json) -> bool:
        """Return whether a body is valid for a callback at the same URL."""
        return any(scope.tolerant.is_valid(body) for scope in (self, *self.beside))

    @property
    def plain(self) -> jp.Json:
        """The content of a plain valid delivery.

        It is the first deliverable example, or else all members with plain values.

        Raises:
            NotApplicable: The kit finds no body that the contract accepts.
        """
        if isinstance(self._plain, NotApplicable):
            raise self._plain.with_traceback(None)
        return self._plain

    @cached_property
    def _plain(self) -> jp.Json | NotApplicable:  # the failure is cached, too: each kind of stimulus asks for it
        examples = self.callback.delivered_examples
        if examples:
            return examples[0].value
        made = sample_of(self.callback.schema, text_of_pattern)
        if made is not None and self._travels(made.value):
            return made.value
        if (drawn := next(filter(self._travels, self.contents), None)) is not None:
            return drawn
        if made is not None:
            return NotApplicable(Text("reason.no-body-travels", media_type=self.callback.media_type))
        why = why_no_sample(self.callback.schema, text_of_pattern)
        return NotApplicable(in_detail(Text("reason.no-body"), why))

    @property
    def plain_contents(self) -> list[jp.Json]:
        """The plain content in each state of the contract."""
        state = self.callback.delivery.state
        member = self.callback.member(state) if state else None
        if not state or member is None or not member.enum:
            return [self.plain]
        return [jp.replaced(self.plain, state, value) for value in member.enum]

    @cached_property
    def contents(self) -> list[jp.Json]:
        """The valid contents, all different."""
        wanted = share_of(self.callback, self.depth.contents)
        drawn = self._drawn(lambda: drawn_bodies(self.callback, wanted, self.seed, negated=False))
        if self.depth.walked:
            walked = self._drawn(lambda: walked_bodies(self.callback, negated=False))
            drawn = self.some(walked, self.depth.walked, "walked") + drawn
        limit = self.callback.delivery.accept_body_bytes.must
        whole = [content for content in map(_tidy, drawn) if self._is_valid(content)]
        tidy = {repr(content): content for content in whole}.values()
        # A receiver may reject a body above the obligatory size; ids of full length come in addition.
        return [content for content in tidy if limit is None or self._size(content) <= limit - 512]

    @cached_property
    def negations(self) -> list[jp.Json | bytes]:
        """The contents that Schemathesis broke, at boundaries and by chance.

        Some are raw bytes.
        """
        walked = self._drawn(lambda: walked_bodies(self.callback, negated=True))
        chance = self.random("boundaries")
        chosen = chance.sample(walked, min(self.depth.boundaries, len(walked)))
        wanted = share_of(self.callback, self.depth.negations)
        return chosen + self._drawn(lambda: drawn_bodies(self.callback, wanted, self.seed, negated=True))

    @cached_property
    def _is_drawn(self) -> bool:
        return drawn_at_all(self.callback)

    def _drawn(self, draw: Callable[[], list[Any]]) -> list[Any]:
        if not self._is_drawn:
            return []
        try:
            return draw()
        except Exception:
            # A foreign schema beyond the generators is not drawn; for the kit's own contract it is an error.
            if not self.callback.origin:
                raise
            return []

    def _size(self, content: jp.Json) -> int:
        return len(encode_body(self.callback, content, "compact-escaped"))

    def _travels(self, content: jp.Json) -> bool:
        return self.callback.is_json or travels(self.callback, content, self.strict.is_valid)

    def _is_valid(self, content: jp.Json) -> bool:
        try:
            return bool(self.strict.is_valid(content))
        except (TypeError, ValueError):  # a value without a JSON form
            return False

    @cached_property
    def pinned(self) -> dict[str, jp.Json]:
        """The values in drawn contents at the stamped pointers."""
        return pinned_values(self.callback)

    def with_members(self, wanted: Callable[[Member], Any]) -> list[Member]:
        """Return the members below the root that satisfy a predicate and are in `plain`.

        Of very many members a selection is returned, the same each time: a body of hundreds of members would otherwise
        cost thousands of deliveries.
        """
        found = [m for m in self.callback.members if m.pointer and wanted(m) and _present(self.plain, m.pointer)]
        most = self.depth.pick(_MOST_MEMBERS, _MOST_MEMBERS, 10 * _MOST_MEMBERS)
        return self.some(found, most, "members")

    def some(self, things: Sequence[T], most: int, purpose: str) -> list[T]:
        """Return all things, or of too many a selection in their order."""
        if len(things) <= most:
            return list(things)
        return [things[index] for index in sorted(self.random(purpose).sample(range(len(things)), most))]


def _present(value: jp.Json, pointer: str) -> bool:
    try:
        jp.get(value, pointer)
    except LookupError:
        return False
    return True


def _tidy(value: jp.Json) -> jp.Json:
    """Return a content without C0 controls, and with whole numbers as integers."""
    if isinstance(value, str):
        return _CONTROLS.sub(" ", value)
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if isinstance(value, dict):
        return {_CONTROLS.sub(" ", key): _tidy(item) for key, item in value.items()}
    return with_integers(value)
