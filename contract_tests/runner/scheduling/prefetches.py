"""Register of prefetched stimuli: what was sent ahead of its rule's turn, so that nothing is sent twice."""

from __future__ import annotations

from collections.abc import Hashable
from concurrent.futures import Future
from typing import Any

__all__ = ["Prefetches"]

_Key = tuple[str, str]


class Prefetches:
    """Stimuli that were begun before their rule's turn, each by what it is numbered by and its callback.

    Attributes:
        has_begun_all: Whether all that waits for no turn was begun, of all chapters.
        has_begun_pauses: Whether what is sent with pauses was begun.
    """

    def __init__(self) -> None:
        self.has_begun_all = self.has_begun_pauses = False
        self._marked: set[_Key] = set()
        self._stories: set[Hashable] = set()
        self._begun: dict[_Key, dict[int, Future[Any]]] = {}

    def begin_all(self) -> None:
        """All that waits for no turn is going to be begun."""
        self.has_begun_all = True

    def begin_pauses(self) -> None:
        """What is sent with pauses is going to be begun."""
        self.has_begun_pauses = True

    def mark(self, key: _Key) -> None:
        """Keeps others that have the same stimuli from sending them, too."""
        self._marked.add(key)

    def is_marked(self, key: _Key) -> bool:
        """Whether somebody sends these stimuli already."""
        return key in self._marked

    def claim(self, story: Hashable) -> bool:
        """Whether the asker is the first one; a story is begun once."""
        is_first = story not in self._stories
        self._stories.add(story)
        return is_first

    def begin(self, key: _Key, index: int, future: Future[Any]) -> None:
        """One of the cases is under way."""
        self._begun.setdefault(key, {})[index] = future

    def begun(self, key: _Key) -> dict[int, Future[Any]]:
        """The cases that are under way or came back, by index."""
        return self._begun.get(key, {})
