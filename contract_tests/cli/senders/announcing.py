"""Words of `check-sender` before and while it listens: the endpoints, the time that it takes, and what it waits for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from callback_contract.openapi.text.message import Text, listed

if TYPE_CHECKING:
    from callback_contract.contract_tests.model.tries import Schedule
    from callback_contract.contract_tests.reporting.terminal.console import Terminal
    from callback_contract.contract_tests.runner.config import RunConfig
    from callback_contract.contract_tests.runner.senders.running import Waiting
    from callback_contract.openapi.contract.model import Retry

__all__ = ["announce", "progress", "show_urls"]

_MOST_NAMED = 4
_SAID_EVERY_S = 10.0
_IN_MINUTES_S = 120


def announce(
    out: Terminal, config: RunConfig, schedule: Schedule, options: Mapping[str, Any], base: str, names: tuple[str, ...]
) -> None:
    """Say where the kit listens, and how long the contract's schedule takes."""
    from callback_contract.contract_tests.runner.senders.scenarios import takes_s

    callbacks, rules = listed(each.name for each in config.callbacks), Text("terminal.rules", count=len(config.rules))
    out.say(Text("sender.listening", base=base, callbacks=callbacks, rules=rules, count=len(names)))
    seconds = round(takes_s(schedule, names))
    unit, number = ("minutes", round(seconds / 60)) if seconds >= _IN_MINUTES_S else ("seconds", seconds)
    takes = Text(f"terminal.{unit}", number=number)
    if schedule.retry is None:
        out.say(Text("sender.takes-without-retries", time=takes))
        return
    speed = Text("sender.at-speed", speed=options["speed"]) if options["speed"] != 1 else ""
    out.say(Text("sender.takes-with-retries", time=takes, **_retries(schedule, schedule.retry), speed=speed))
    if not speed and seconds >= _IN_MINUTES_S:
        out.say(Text("sender.speed-hint"))


def _retries(schedule: Schedule, retry: Retry) -> dict[str, Text | str]:
    pauses: str = listed(f"{seconds:g}" for seconds in retry.schedule_s[:_MOST_NAMED] or (retry.after_s,))
    if len(retry.schedule_s) > _MOST_NAMED:
        pauses = f"{pauses}, …"
    after = "" if retry.is_spread else Text("sender.after", seconds=pauses)
    if not schedule.max_tries:
        return {"after": after, "tries": Text("sender.as-often")}
    return {"after": after, "tries": Text("sender.at-most", count=schedule.max_tries)}


def show_urls(
    out: Terminal,
    base: str,
    names: tuple[str, ...],
    options: Mapping[str, Any],
    flawed: Mapping[str, str] | None = None,
) -> None:
    """Say which URLs there are, and what each does."""
    from callback_contract.contract_tests.runner.senders.scenarios import BY_MESSAGE

    out.say(Text("sender.instruct", base=base, count=sum(name in BY_MESSAGE for name in names)))
    many = {"burst": 2 * options["at_once"], "stream": int(2 * (options["rate"] or 0))}
    urls = {name: f"{base}/{name}" for name in names} | dict(flawed or {})
    for name, url in urls.items():
        told = {"count": many[name]} if name in many else {}
        out.put(out.words(Text("sender.endpoint", url=url, what=Text(f"sender.endpoint-{name}", **told))))


@contextlib.contextmanager
def progress(out: Terminal, *, quiet: bool) -> Iterator[Any]:
    """What the run waits for: a line that changes in a terminal, one every ten seconds in a pipe."""
    if out.is_terminal and not quiet:
        with out.status("") as status:
            yield lambda waiting: status.update(out.words(_awaited(waiting)))
        return
    said = {"at": time.monotonic()}

    def tell(waiting: Waiting) -> None:
        if not quiet and time.monotonic() - said["at"] >= _SAID_EVERY_S:
            said["at"] = time.monotonic()
            out.say(_awaited(waiting))

    yield tell


def _awaited(waiting: Waiting) -> Text:
    names = waiting.silent or waiting.open
    shown: Text | str = listed(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        shown = Text("sender.and-others", names=shown, count=len(names) - _MOST_NAMED)
    return Text(f"sender.waits-for-{'first' if waiting.silent else 'end'}", came=waiting.came, names=shown)
