"""Wiring of a Locust process: makes it a master, a worker, or both, by the options of `load`.

Imported in processes of Locust alone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

import click
import gevent
from locust import LoadTestShape, User, events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from callback_contract.contract_tests.cli.commands import cli
from callback_contract.contract_tests.cli.load.ending import Ending, differing_in_words, nobody_came
from callback_contract.contract_tests.cli.load.setup import Setup, setup_of
from callback_contract.contract_tests.cli.report_output import kit_version
from callback_contract.mock_server.load.locust_roles import (
    noted_by,
    sender_of,
    user_and_shape,
    wire_master,
    wire_worker,
)
from callback_contract.mock_server.load.master import Master
from callback_contract.mock_server.load.worker import Means, Worker, peak_memory
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import language_of
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

__all__ = ["ARGUMENTS", "user_and_shape_of_the_environment"]

ARGUMENTS = "CALLBACK_CONTRACT_CAMPAIGN"
"""Names the variable by which `load` hands its own command line to Locust, as JSON."""

_TOLD_S, _LOGGED_S = 10.0, 60.0  # between two lines on the progress, in a terminal and in a log


def user_and_shape_of_the_environment() -> tuple[type[User], type[LoadTestShape]]:
    """Return what Locust runs; a mistake in the options ends the process with one message."""
    handed = os.environ.get(ARGUMENTS)
    try:
        options = _options(json.loads(handed) if handed else [])
        setup = setup_of(options, kit_version(), quietly=handed is not None)
    except (KitError, click.ClickException) as error:
        _leave(error)
    process = _Process(setup, is_announced=handed is not None)
    events.init.add_listener(process.begin)
    url = setup.sender.access.shown_url
    at_once = setup.pace.at_once
    return user_and_shape(url, at_once, lambda: process.worker, lambda: process.is_running, lambda: process.is_over)


def _options(arguments: list[str]) -> dict[str, Any]:
    group = click.Context(cli, info_name="callback-contract", auto_envvar_prefix="CALLBACK_CONTRACT")
    command = cli.get_command(group, "load")
    assert command is not None
    return command.make_context("load", arguments, parent=group).params


def _leave(error: KitError | click.ClickException) -> Any:
    text = spoken(Text("error.error", said=error.text if isinstance(error, KitError) else error.format_message()))
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # Locust has the logs
    sys.exit(error.exit_code)


class _Process:
    """One process of Locust: master, worker, or both."""

    worker: Worker
    master: Master | None = None

    def __init__(self, setup: Setup, *, is_announced: bool) -> None:
        self._setup, self._is_announced = setup, is_announced

    @property
    def is_running(self) -> bool:
        """Whether the campaign has begun."""
        return self.master is not None and self.master.is_running

    @property
    def is_over(self) -> bool:
        """Whether it is over."""
        return self.master is not None and self.ending.is_over(self.master)

    def begin(self, environment: Environment, **_: Any) -> None:
        """Take the roles that Locust's runner has."""
        self._environment = environment
        if self._is_announced:  # `load` started it: the master ends the campaign, and then its workers
            gevent.signal_handler(signal.SIGINT, self._interrupt)
        if not isinstance(environment.runner, WorkerRunner):
            self._be_master(environment)
        if not isinstance(environment.runner, MasterRunner):
            self._be_worker(environment)

    def _be_master(self, environment: Environment) -> None:
        setup = self._setup
        self.ending = Ending(setup, environment)
        pilot, send = self.ending.search, sender_of(environment)
        self.master = self.ending.master = Master(setup.settings, setup.agreement, send, pilot, self.ending.clock)
        if not self._is_announced:
            self._say(setup.plan())
        wire_master(environment, self.master, self._lost)
        assert environment.runner is not None
        environment.runner.greenlet.spawn(self._tell_progress, self.master)
        events.test_start.add_listener(self._refuse_other_host)
        events.test_stop.add_listener(lambda **_: self.ending.end())
        if isinstance(environment.runner, MasterRunner):
            gevent.spawn(self._await_workers)  # not in the runner's group: that ends when its last worker quits

    def _be_worker(self, environment: Environment) -> None:
        setup, o = self._setup, self._setup.options
        send = sender_of(environment)
        self.worker = Worker(
            Means(setup.lives, setup.sender, o["speed"], o["start_rate"], o["burst"]),
            setup.agreement,
            lambda kind, data: send(kind, data, ""),
            peak_memory,
            self._leave,
            noted_by(environment),
        )
        wire_worker(environment, self.worker)

    def _tell_progress(self, master: Master) -> None:
        before = 0
        every_s = _TOLD_S if sys.stderr.isatty() else _LOGGED_S
        while True:
            gevent.sleep(every_s)
            if master.is_running:
                tries = master.measures.tries
                self._say(
                    Text(
                        "load.progress",
                        seconds=master.now(),
                        over=master.deal.finished,
                        messages=Text("send.messages", count=master.deal.messages),
                        rate=max(0, tries - before) / every_s,
                        given_up=master.measures.given_up,
                    )
                )
                before = tries

    def _await_workers(self) -> None:
        """End the process when no worker comes."""
        gevent.sleep(self._setup.options["wait_workers"])
        if self.master is not None and not self.master.workers:
            self._say(Text("error.error", said=nobody_came(self.master).text))
            os._exit(3)  # Locust itself would wait on

    def _interrupt(self) -> None:
        if self.master is not None:
            self.ending.is_interrupted = True

    def _refuse_other_host(self, environment: Environment, **_: Any) -> None:
        declared = self._setup.sender.access.shown_url
        if environment.host not in (None, declared):
            self._say(Text("load.other-host", host=str(environment.host), url=declared))
            environment.host = declared

    def _lost(self, worker: str) -> None:
        assert self.master is not None
        self._say(Text("load.worker-gone", worker=worker, count=self.master.deal.moved))

    def _leave(self, why: str, data: Mapping[str, Any]) -> None:
        text = differing_in_words(data["differing"]) if why == "refused" else Text("load.dismissed")
        self._say(Text("error.error", said=text))
        self._environment.process_exit_code = 2
        gevent.spawn_later(0.1, self._environment.runner.quit)  # type: ignore[union-attr]  # it runs

    def _say(self, text: Text) -> None:
        print(text.in_language(language_of(self._setup.options)), file=sys.stderr, flush=True)  # noqa: T201  # Locust has the logs
