"""End of a campaign: its summary in the terminal, its reports, and the exit code."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from locust.env import Environment

from callback_contract.contract_tests.cli.load.setup import Setup
from callback_contract.mock_server.load.master import Master
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, joined
from callback_contract.openapi.text.spoken import spoken

__all__ = ["Ending", "differing_in_words", "nobody_came"]


class Ending:
    """What a master does when its campaign is over.

    Attributes:
        is_interrupted: Whether the user ends it.
    """

    clock = staticmethod(time.time)

    def __init__(self, setup: Setup, environment: Environment) -> None:
        self._setup, self._environment = setup, environment
        self._out_of_time = False
        self.is_interrupted = False

    def is_over(self, master: Master) -> bool:
        """Whether the campaign is, or its time."""
        most_s = self._setup.options["max_time"]
        self._out_of_time = bool(most_s) and master.is_running and master.now() > most_s
        return master.is_over or self._out_of_time or self.is_interrupted

    def end(self, master: Master | None) -> None:
        """Say what came of it, write the reports, and set the exit code."""
        if master is None or not master.is_running:
            return
        master.is_running = False
        if not master.workers:
            self._say(Text("error.error", said=nobody_came(master).text))
            self._environment.process_exit_code = 3
            return
        for line in summary(master):
            self._say(line)
        self._environment.process_exit_code = self._code(master)

    def _code(self, master: Master) -> int:
        measures = master.measures
        if master.is_unreachable:
            self._say(Text("error.error", said=_nobody(self._setup, master).text))
            return 3
        if master.workers and not master.alive:
            self._say(Text("error.error", said=Text("error-load.all-lost")))
            return 3
        if master.deal.is_over:
            return 1 if measures.given_up else 0
        return 1 if self._out_of_time or master.is_spent else 130

    def _say(self, text: Text) -> None:
        print(spoken(text), flush=True)  # noqa: T201  # no click: Locust has the streams


def nobody_came(master: Master) -> KitError:
    """Return the error that no worker took part, with the reasons of those that were refused."""
    what = Text("error-load.no-worker")
    refused = joined(differing_in_words(each) for each in master.refused.values())
    said = Text("error-load.only-refused", what=what, refused=refused) if master.refused else what
    return KitError(said, remedy=Text("error-load.start-workers"), exit_code=3)


def differing_in_words(differing: Mapping[str, tuple[str, str]]) -> Text:
    """Return the parts in which a worker differs from its master."""
    parts = (
        Text("error-load.differs", part=Text(f"error-load.part-{name}"), ours=ours or "-", theirs=theirs or "-")
        for name, (ours, theirs) in differing.items()
    )
    return Text("error-load.refused", parts=tuple(parts))


def _nobody(setup: Setup, master: Master) -> KitError:
    why = next(iter(master.measures.answers))
    return KitError(
        Text("error-send.nobody-answers", answer=Text(f"no-answer.{why}")),
        where=setup.sender.access.shown_url,
        remedy=Text("error-send.start-receiver"),
        exit_code=3,
    )


def summary(master: Master) -> list[Text]:
    """Return the lines that say what came of a campaign."""
    measures, deal = master.measures, master.deal
    events = measures.delivered + measures.given_up
    parts = [Text("send.acknowledged", delivered=measures.delivered, events=Text("send.events", count=events))]
    counts: dict[str, Any] = {"retried": measures.retried, "repeated": measures.repeated}
    counts |= {"given-up": measures.given_up}
    parts += [Text(f"send.{name}", number=number) for name, number in counts.items() if number]
    parts += [Text("send.waited", count=measures.waits)] if measures.waits else []
    parts += [Text("load.taken-over", count=deal.moved, deliveries=measures.taken_over)] if deal.moved else []
    parts += [] if deal.is_over else [Text("load.not-over", count=deal.messages - deal.finished)]
    seconds = max(master.ended_s, 1e-3)
    lines = [Text("send.summary", parts=tuple(parts))]
    lines.append(Text("load.rate", tries=measures.tries, seconds=seconds, rate=measures.tries / seconds))
    for state, histogram in {"": measures.latencies, **measures.states}.items():
        if histogram:
            shares = ((Text("send.median"), 0.5), ("p95", 0.95), ("p99", 0.99), (Text("send.max"), 1.0))
            times = tuple(Text("send.time", name=name, ms=histogram.percentile(share) * 1000) for name, share in shares)
            lines.append(
                Text("load.latency-of", state=state, times=times) if state else Text("send.latency", times=times)
            )
    if set(measures.answers) - {"200"}:
        kinds = tuple(
            Text("send.answer", what=what if what.isdigit() else Text(f"no-answer.{what}"), number=number)
            for what, number in measures.answers.most_common(8)
        )
        lines.append(Text("send.answers", kinds=kinds))
    for row in master.workers.values():
        lines.append(
            Text(
                "load.worker-lost" if row.lost else "load.worker",
                name=row.name[-6:],
                tries=row.tries,
                cpu=row.most_cpu * 100,
                megabytes=row.memory_bytes / 1e6,
            )
        )
    return lines
