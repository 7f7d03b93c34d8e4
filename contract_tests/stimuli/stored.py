"""Repeated stimuli: cases of other rules, whose answers and traces are looked at once more."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, Stimuli, purpose_of, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli import forward, http, off_schema, texts, unparsable, valid
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.contract_tests.stimuli.missing_facts import lacking
from callback_contract.openapi.text.message import Text, in_detail

__all__ = ["MOST_LOOKED_UP", "STORED", "acknowledged_contents", "answered_contents", "repeated"]

MOST_LOOKED_UP = 200

_SOURCES: tuple[Stimuli, ...] = (
    # What is hard to store comes first: of very many contents the last ones are left out.
    valid.id_forms,
    valid.sizes_must,
    forward.unknown_members,
    forward.structured_members,
    forward.several_members,
    texts.empty_maps,
    texts.awkward_keys,
    texts.many_keys,
    texts.lengths,
    texts.symbols,
    texts.line_ends,
    texts.invisible_texts,
    texts.value_like_texts,
    texts.markup_texts,
    valid.phone_forms,
    valid.integers,
    http.chunked,
    http.slow,
    http.spellings,
    texts.scripts,
    valid.generated,
    valid.listed_values,
    valid.examples,
)

STORED = frozenset(purpose_of(source) for source in (valid.plain, *_SOURCES))
"""Purposes of the stimuli whose contents a receiver has to keep where it acknowledged them."""


@stimuli("story", in_turn=True)
def acknowledged_contents(scope: Scope) -> Iterable[Case]:
    """Valid contents, and those with unknown members: the first two hundred, what is hard to store before the rest."""
    facts = scope.callback.delivery
    if facts.correlation is None or facts.state is None:
        missing = [name for name in ("correlation", "state") if getattr(facts, name) is None]
        raise NotApplicable(in_detail(Text("reason.no-message-to-follow"), lacking(*missing)))
    yield from itertools.islice(_contents(scope), MOST_LOOKED_UP)


_MOST_OF_ONE_KIND = 3

_ANSWERED: tuple[Stimuli, ...] = (
    valid.plain,
    texts.scripts,
    texts.lengths,
    valid.generated,
    off_schema.wrong_roots,
    off_schema.missing_members,
    off_schema.mistyped_members,
    unparsable.empty_bodies,
    unparsable.syntax_errors,
    unparsable.truncations,
    http.unknown_media_types,
)


@stimuli("http", hostile=True)
def answered_contents(scope: Scope) -> Iterable[Case]:
    """Some deliveries of each kind, whose answers are looked at once more."""
    for source in _ANSWERED:
        with contextlib.suppress(NotApplicable):
            yield from itertools.islice(repeated(source, scope), _MOST_OF_ONE_KIND)


def _contents(scope: Scope) -> Iterator[Case]:
    for source in _SOURCES:
        with contextlib.suppress(NotApplicable):
            yield from repeated(source, scope)


def repeated(source: Stimuli, scope: Scope) -> Iterator[Case]:
    """Yield the cases of other stimuli, each to be looked at once more instead of sent.

    Raises:
        NotApplicable: There are none.
    """
    for index, case in enumerate(applicable_cases(source, scope)):
        yield replace(case, looks_at=(purpose_of(source), index))
