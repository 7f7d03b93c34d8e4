"""Run of a sender: pulls the triggers, and listens until every endpoint can be judged or nothing more comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from callback_contract.contract_tests.runner.senders.listeners import Listening
from callback_contract.contract_tests.runner.senders.triggers import Started, Trigger
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Waiting", "listen"]

_FIRST_S = 10.0  # for the first delivery of a trigger, before the next one is pulled anyway
_AT_ONCE = 4  # triggers whose first delivery is awaited; each may be a program that has to start
_LOOK_S = 0.05


@dataclass(frozen=True)
class Waiting:
    """What a run waits for.

    Attributes:
        silent: Endpoints to which nothing came yet.
        open: Endpoints whose schedule goes on.
        came: Deliveries so far.
    """

    silent: tuple[str, ...]
    open: tuple[str, ...]
    came: int


@dataclass
class _Run:
    listening: Listening
    trigger: Trigger | None
    values: Mapping[str, str]
    tell: Callable[[Waiting], None]
    started: dict[str, Started] = field(default_factory=dict)
    changed_s: float = field(default_factory=time.perf_counter)
    came: int = 0
    came_before: int = 0

    def look(self) -> Waiting:
        """What is still awaited now."""
        listening = self.listening
        came = listening.endpoints.count() + sum(seen.connections for seen in listening.handshakes.values())
        if came != self.came:
            self.came, self.changed_s = came, time.perf_counter()
        unfinished = listening.endpoints.open()
        silent = tuple(name for name in listening.urls if not listening.came(name))
        waiting = Waiting(silent, tuple(name for name in unfinished if name not in silent), came)
        self.tell(waiting)
        return waiting

    def pause(self) -> None:
        """Wait for a moment, or until something comes."""
        with self.listening.endpoints.changed:
            self.listening.endpoints.changed.wait(_LOOK_S)

    def pull(self, name: str, url: str, count: int = 1) -> None:
        """Pull the trigger for an endpoint, or for all."""
        assert self.trigger is not None
        self.started[name] = self.trigger.start({**self.values, "url": url, "count": str(count), "name": name})

    def refuse_failed(self) -> None:
        """Raise what the triggers failed with, where all ended and nothing came.

        Raises:
            KitError: Nothing came.
        """
        if self.came or not self.started or not all(each.ended() for each in self.started.values()):
            return
        failure = next(filter(None, (each.failure() for each in self.started.values())), None)
        if failure is not None and self.trigger is not None:
            raise KitError(Text("sender.trigger-failed", why=failure), where=self.trigger.option, exit_code=3)


def listen(
    listening: Listening,
    trigger: Trigger | None,
    *,
    each: bool = False,
    wait_s: float = 15.0,
    values: Mapping[str, str] | None = None,
    tell: Callable[[Waiting], None] = lambda waiting: None,
) -> None:
    """Make the sender deliver, and wait until every endpoint can be judged.

    Args:
        trigger: None where a person does it.
        each: Whether the trigger is pulled for each endpoint.
        wait_s: Seconds without anything new after which nothing more is awaited at endpoints to which nothing came.

    Raises:
        KitError: The trigger failed, or nothing came at all.
    """
    urls = listening.urls
    told = {"base": listening.base, "urls": " ".join(urls.values()), "ca": str(listening.ca or ""), **(values or {})}
    run = _Run(listening, trigger, told, tell)
    try:
        if trigger is not None and each:
            _pull_each(run, urls)
        elif trigger is not None:
            run.pull("", listening.base)
        _wait(run, wait_s, each=each)
    finally:
        for one in run.started.values():
            one.stop()
    if not run.came:
        remedy = Text("sender.name-the-url") if trigger is not None else Text("sender.deliver-to-url")
        raise KitError(Text("sender.nothing-came", seconds=wait_s), where=listening.base, remedy=remedy, exit_code=3)


def _pull_each(run: _Run, urls: Mapping[str, str]) -> None:
    """Pull the trigger for each endpoint, a few ahead of their first deliveries; the dead one alone before all."""
    pulled: dict[str, float] = {}

    def awaited() -> int:
        now = time.perf_counter()
        return sum(
            not run.listening.came(name) and now - at_s < _FIRST_S and not run.started[name].ended()
            for name, at_s in pulled.items()
        )

    for name, url in urls.items():
        while awaited() >= (1 if "dead" in pulled and len(pulled) == 1 else _AT_ONCE):
            run.look()
            run.pause()
        pulled[name] = time.perf_counter()
        run.pull(name, url, run.listening.endpoints.wanted.get(name, 1))
        run.refuse_failed()


def _wait(run: _Run, wait_s: float, *, each: bool) -> None:
    while True:
        waiting = run.look()
        run.refuse_failed()
        if not waiting.open and not waiting.silent:
            return
        # An endpoint to which something came is complete by itself in the end; the others may wait for ever.
        is_idle = time.perf_counter() - run.changed_s >= wait_s
        if not waiting.open and is_idle:
            if each or not _pull_again(run, waiting):
                return
            run.changed_s = time.perf_counter()
        run.pause()


def _pull_again(run: _Run, waiting: Waiting) -> bool:
    """Pull the trigger once more where the last time brought something new, for endpoints without a message."""
    if run.trigger is None or run.came == run.came_before or not all(one.ended() for one in run.started.values()):
        return False
    run.came_before = run.came
    run.pull(str(len(run.started)), run.listening.base)
    return True
