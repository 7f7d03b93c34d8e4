"""Combined cases: several harmless cases in one delivery, as many as a receiver has to take together.

A receiver that acknowledges such a delivery took each of its cases. One that does not may have stumbled over any of
them: `runner/sharing` then looks for those that it stumbles over alone.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, Stimuli, declaration_of, default_headers
from callback_contract.contract_tests.stimuli.applicable_cases import is_applicable
from callback_contract.mock_server.wire.delivery import PLAIN, Framing, Headers
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = ["Part", "combined_case", "packs_of"]

_MOST_CHARACTERS = 255
"""Characters of joined texts: what a common column holds, so that their number breaks nothing."""

_MOST_BYTES = 20_480  # where the contract says nothing, see "valid" in the table of classes


@dataclass(frozen=True)
class Part:
    """A case that may share a delivery.

    Attributes:
        place: By what its exchange is known: the purpose, the callback, and the index among the stimuli.
    """

    place: tuple[str, str, int]
    stimuli: Stimuli = field(compare=False)
    case: Case = field(compare=False)

    @property
    def kind(self) -> tuple[str, str, str]:
        """Parts of one kind may go together."""
        joins = self.case.joins
        assert joins is not None
        # Whether a text is written raw or escaped is part of how hard it is.
        return (declaration_of(self.stimuli).kind, joins.among, self.case.spelling if joins.values else "")


@dataclass
class _Open:
    """A combination that is being filled."""

    parts: list[Part]
    values: dict[str, jp.Json]
    texts: set[str]
    size: int
    headers: dict[str, str] = field(default_factory=dict)
    spelling: str = ""
    framing: Framing = PLAIN

    def takes(self, part: Part, limit: int) -> bool:
        joins = part.case.joins
        assert joins is not None
        added = self.size + sum(len(name) + len(value) for name, value in joins.headers)
        if PLAIN not in (joins.framing, self.framing) or len({joins.spelling, self.spelling, ""}) > 2:
            return False
        if any(self.headers.get(name.lower(), value) != value for name, value in joins.headers):
            return False
        for pointer, value in joins.values.items():
            if pointer not in self.values:
                added += len(json.dumps(value)) + len(json.dumps(pointer)) + 2
            elif not _is_same(held := self.values[pointer], value):
                both_texts = joins.are_texts and pointer in self.texts
                if not both_texts or len(held) + 1 + len(value) > _MOST_CHARACTERS:
                    return False
                added += len(json.dumps(value))
        if added > limit:
            return False
        self.parts.append(part)
        self.size = added
        self.values = _joined(self.values, part)
        self.headers |= {name.lower(): value for name, value in joins.headers}
        self.spelling = joins.spelling or self.spelling
        self.framing = joins.framing if self.framing == PLAIN else self.framing
        if joins.are_texts:
            self.texts |= joins.values.keys()
        return True


def _is_same(one: jp.Json, other: jp.Json) -> bool:
    return json.dumps(one) == json.dumps(other)  # 1 and True are equal to Python


def _joined(values: Mapping[str, jp.Json], part: Part) -> dict[str, jp.Json]:
    joins = part.case.joins
    assert joins is not None
    added = {
        pointer: f"{values[pointer]} {value}" if pointer in values and not _is_same(values[pointer], value) else value
        for pointer, value in joins.values.items()
    }
    return {**values, **added}


def packs_of(scope: Scope, parts: Iterable[Part]) -> list[tuple[Part, ...]]:
    """Return which parts go together, the same each time; a part that goes with no other is left out."""
    limit = scope.callback.delivery.accept_body_bytes.must or _MOST_BYTES
    base = len(json.dumps(scope.plain)) + 512  # ids of full length come in addition
    packs: dict[tuple[str, str, str], list[_Open]] = {}
    for part in parts:
        if part.case.joins is None:
            continue
        of_kind = packs.setdefault(part.kind, [])
        if not any(pack.takes(part, limit) for pack in of_kind):
            fresh = _Open([], {}, set(), base)
            if fresh.takes(part, limit):
                of_kind.append(fresh)
    found = (tuple(pack.parts) for of_kind in packs.values() for pack in of_kind)
    return [pack for some in found for pack in _applicable(scope, some)]


def _applicable(scope: Scope, parts: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """Halve what is together no longer what its parts are: a contract may bound a text's length or a map's size."""
    if len(parts) < 2:
        return []
    if is_applicable(parts[0].stimuli, scope, combined_case(scope, parts)):
        return [parts]
    middle = len(parts) // 2
    return [*_applicable(scope, parts[:middle]), *_applicable(scope, parts[middle:])]


def combined_case(scope: Scope, parts: Sequence[Part]) -> Case:
    """Return the case that holds what each of the parts changes; of one part it is the case itself."""
    if len(parts) == 1:
        return parts[0].case
    values: dict[str, jp.Json] = functools.reduce(_joined, parts, {})
    label = Text("case.combined", cases=tuple(part.case.label for part in parts))
    edit = functools.partial(_with_values, values)
    own = {name.lower(): (name, value) for name, value in itertools.chain(*(_headers_of(part) for part in parts))}
    usual = tuple(header for header in default_headers(scope.callback) if header[0].lower() not in own)
    headers = (*usual, *own.values()) if own else None
    joins = [part.case.joins for part in parts if part.case.joins is not None]
    return Case(
        scope.callback,
        label,
        scope.plain if values else parts[0].case.content,
        edit=edit,
        spelling=next((each.spelling for each in joins if each.spelling), parts[0].case.spelling),
        headers=headers,
        framing=next((each.framing for each in joins if each.framing != PLAIN), PLAIN),
    )


def _headers_of(part: Part) -> Headers:
    assert part.case.joins is not None
    return part.case.joins.headers


def _with_values(values: Mapping[str, jp.Json], body: jp.Json) -> jp.Json:
    for pointer, value in values.items():
        body = jp.replaced(body, pointer, value)
    return body
