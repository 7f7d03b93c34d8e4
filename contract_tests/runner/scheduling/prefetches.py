"""Register of prefetched stimuli: what was sent ahead of its rule's turn, so that nothing is sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["Once", "Prefetches"]

T = TypeVar("T")

_Key = tuple[str, str]

_LONG_LOOK_S = 0.5


class Prefetches:
    """Stimuli that were begun before their rule's turn, each by what it is numbered by and its callback.

    Attributes:
        has_begun_all: Whether all that waits for no turn was begun, of all chapters.
        has_begun_pauses: Whether what is sent with pauses was begun.
        looks_take_long: Whether what is stored was waited for.
        has_parted_hostile: Whether hostile stimuli go rule by rule, whatever a receiver takes for them.
    """

    def __init__(self) -> None:
        self.has_begun_all = self.has_begun_pauses = self.has_parted_hostile = False
        self.looks_take_long = False
        self._marked: set[_Key] = set()
        self._stories: set[Hashable] = set()
        self._begun: dict[_Key, dict[int, Future[Any]]] = {}

    def begin_all(self) -> None:
        """All that waits for no turn is going to be begun."""
        self.has_begun_all = True

    def begin_pauses(self) -> None:
        """What is sent with pauses is going to be begun."""
        self.has_begun_pauses = True

    def looked_for(self, took_s: float) -> None:
        """What is stored was looked for so long."""
        self.looks_take_long |= took_s >= _LONG_LOOK_S

    def part_hostile(self) -> None:
        """Hostile stimuli of several rules together have harmed the receiver."""
        self.has_parted_hostile = True

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


class Once:
    """What is done once for a key; whoever asks for it meanwhile waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._done: dict[Hashable, Any] = {}

    def done(self, key: Hashable, work: Callable[[], T]) -> T:
        """What the work for a key gave, which is done now where it was not; an exception leaves it undone."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._done:
                self._done[key] = work()
            done: T = self._done[key]
        return done

    def clear(self) -> None:
        """All is to be done again."""
        self._done.clear()
