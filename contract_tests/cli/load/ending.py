"""End of a campaign: its audit, its summary in the terminal, its reports, and the exit code.

Imported in processes of Locust alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import gevent
from gevent.pool import Pool
from locust.env import Environment

from callback_contract.contract_tests.cli.load.setup import Setup
from callback_contract.contract_tests.load.audit import Audit, audited, evenly
from callback_contract.contract_tests.load.comparison import RESULT_FILE
from callback_contract.contract_tests.load.markdown import result_markdown
from callback_contract.contract_tests.load.page import result_html
from callback_contract.contract_tests.load.results import result_of
from callback_contract.contract_tests.load.words import latency_in_words, latency_rows, step_in_words, summary
from callback_contract.contract_tests.runner.setup import read_back_of
from callback_contract.mock_server.client.pacing import OutOfBudget, Pace
from callback_contract.mock_server.load.master import Master
from callback_contract.mock_server.load.worker import peak_memory
from callback_contract.openapi.documents.output_files import replace_file
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import language_of
from callback_contract.openapi.text.message import Text, joined

__all__ = ["Ending", "differing_in_words", "nobody_came"]

_AT_ONCE = 16
_SAMPLE = 1000  # messages that are read back without --audit
_STEP_SAMPLE = 100
_TOLD = ("messages", "rate", "speed", "start_rate", "burst", "failing", "duplicates", "concurrent", "reordered", "seed")


class Ending:
    """What a master does when its campaign is over.

    Attributes:
        is_interrupted: Whether the user ends it.
        search: The search for the capacity; None where a rate was given.
    """

    clock = staticmethod(time.time)

    def __init__(self, setup: Setup, environment: Environment) -> None:
        self._setup, self._environment = setup, environment
        self._language = language_of(setup.options)
        self._out_of_time = False
        self.is_interrupted = False
        self._read = read_back_of(setup.contract, Pace(at_once=_AT_ONCE), setup.options)
        self.search = setup.search(self._lost_of)
        self.master: Master | None = None

    def is_over(self, master: Master) -> bool:
        """Whether the campaign is, or its time."""
        most_s = self._setup.options["max_time"]
        self._out_of_time = bool(most_s) and master.is_running and master.now() > most_s
        return master.is_over or self._out_of_time or self.is_interrupted

    def end(self) -> None:
        """Say what came of it, write the reports, and set the exit code."""
        master = self.master
        if master is None or not master.is_running:
            return
        master.is_running = False
        if not master.workers:
            self.say(Text("error.error", said=nobody_came(master).text))
            self._environment.process_exit_code = 3
            return
        audit = self._audit(master)
        code = self._code(master, audit)
        result = self._result(master, audit, code)
        for line in self._lines(result):
            self.say(line)
        self._environment.process_exit_code = code
        self._write(result)

    def say(self, text: Text) -> None:
        """Print a line."""
        print(text.in_language(self._language), flush=True)  # noqa: T201  # no click: Locust has the streams

    def _lines(self, result: Mapping[str, Any]) -> Iterable[Text]:
        yield from summary(result)
        for step in (result["capacity"] or {"steps": []})["steps"]:
            yield step_in_words(step, result["capacity"])
        for name, latency in latency_rows(result):
            yield latency_in_words(name, latency)
        if set(result["answers"]) - {"200"}:
            answers = [*result["answers"].items()][:8]
            kinds = tuple(
                Text("send.answer", what=what if what.isdigit() else Text(f"no-answer.{what}"), number=number)
                for what, number in answers
            )
            yield Text("send.answers", kinds=kinds)
        for each in (result["audit"] or {"findings": []})["findings"]:
            stored = each["stored"] or Text("load.nothing")
            yield Text(
                "load.stored",
                id=each["id"],
                fault=Text(f"load.fault-{each['fault']}"),
                expected=each["expected"],
                stored=stored if each["applied"] is None else f"{stored} ({each['applied']})",
            )
        for row in result["workers"]:
            shown = {"name": row["name"][-6:], "deliveries": Text("load.deliveries", count=row["tries"])}
            worker = Text("load.worker", **shown, cpu=row["cpu"] * 100, megabytes=row["memory_bytes"] / 1e6)
            yield Text("load.worker-lost", worker=worker) if row["lost"] else worker
        if len(result["workers"]) > 1:
            yield Text("load.master", megabytes=peak_memory() / 1e6)

    def _audit(self, master: Master) -> Audit | None:
        """Read back a sample of the messages, or all; of a campaign that was ended early, some that were over."""
        if self._read is None or not master.measures.delivered or self.is_interrupted:
            return None
        most = None if self._setup.options["audit"] else _SAMPLE
        numbers = [*evenly(master.deal.messages, most)] if master.deal.is_over else [*master.recent]
        self.say(Text("load.reading-back", messages=Text("send.messages", count=len(numbers))))
        return self._audited(master, numbers, lambda: gevent.sleep(self._setup.options["state_patience"]))

    def _audited(self, master: Master, numbers: Collection[int], settle: Callable[[], None]) -> Audit:
        assert self._read is not None
        pool = Pool(_AT_ONCE)
        try:
            return audited(
                self._setup.lives(master.run),
                numbers,
                self._read,
                is_spoiled=master.is_spoiled,
                each=pool.imap_unordered,
                settle=settle,
            )
        except (KitError, OutOfBudget) as error:
            return Audit(len(numbers), error=str(error))

    def _lost_of(self, numbers: Collection[int]) -> int:
        if self._read is None or self.master is None:
            return 0
        some = [*numbers][-_STEP_SAMPLE:]
        audit = self._audited(self.master, some, lambda: gevent.sleep(self._setup.options["state_patience"]))
        return sum(audit.counts.values())

    def _code(self, master: Master, audit: Audit | None) -> int:
        if master.is_unreachable:
            self.say(Text("error.error", said=_nobody(self._setup, master).text))
            return 3
        if not master.alive and not master.deal.is_over:
            self.say(Text("error.error", said=Text("error-load.all-lost")))
            return 3
        if self.is_interrupted:
            return 130
        if audit is not None and audit.error:
            return 3
        faulty = audit is not None and not audit.is_clean
        if self.search is not None:
            return 3 if self.search.capacity is None else int(faulty)
        if master.deal.is_over:
            return int(bool(master.measures.given_up) or faulty)
        return 1 if self._out_of_time or master.is_spent else 130

    def _result(self, master: Master, audit: Audit | None, code: int) -> dict[str, Any]:
        setup = self._setup
        contract = {
            "title": setup.contract.title,
            "version": setup.contract.version,
            "digest": setup.contract.digest,
            "callback": setup.callback.name,
        }
        options = {name: setup.options[name] for name in _TOLD} | {"at_once": setup.pace.at_once}
        return result_of(
            master,
            kit=setup.kit,
            contract=contract,
            url=setup.sender.access.shown_url,
            options=options | {"rate": setup.pace.per_second, "messages": setup.messages},
            code=code,
            states=setup.callback.delivery.order.states if setup.callback.delivery.order else (),
            audit=audit,
            search=self.search,
        )

    def _write(self, result: Mapping[str, Any]) -> None:
        folder = self._setup.options["report_dir"]
        if folder is None:
            return
        texts = {
            RESULT_FILE: json.dumps(result, ensure_ascii=False, indent=2) + "\n",
            "load.md": result_markdown(result, self._language),
            "load.html": result_html(result) + "\n",
        }
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                replace_file(Path(folder) / name, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            self.say(
                Text("error.error", said=Text("error-load.unwritable", folder=str(folder), why=str(error.strerror)))
            )
            self._environment.process_exit_code = 2
            return
        self.say(Text("load.written", file=str(Path(folder) / "load.html")))


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
