"""Subject of a run: the receiver under test, as a URL, a started server, an imported app, or the mock."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import click
from click.core import ParameterSource

from callback_contract.mock_server.cli.target_options import access_to, with_options
from callback_contract.openapi.cli.ranges import NumberRange
from callback_contract.openapi.documents.output_files import replace_file
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

if TYPE_CHECKING:
    from callback_contract.contract_tests.target.process import Started

__all__ = ["Subject", "start_options", "subject_of"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_WAIT_S = 30.0
_KEPT_BYTES = 1024 * 1024


@dataclass
class Subject:
    """The receiver under test.

    Attributes:
        url: The URL for deliveries; None for the mock.
        options: The command's options, adapted to this URL.
        redact: Masks the run's secrets in the receiver's output.
        process: Its server, where `--start` started it.
    """

    url: str | None
    options: Mapping[str, Any]
    redact: Callable[[str], str] = str
    process: Started | None = None


def start_options(command: _Command) -> _Command:
    """Add the options that start a receiver to be judged."""
    return with_options(
        command,
        [
            click.option("--start", metavar="CMD", help="Start the receiver, judge it at URL, stop it."),
            click.option("--wait-for", metavar="URL", help="It is ready when this answers. [URL's port]"),
            click.option(
                "--wait-timeout",
                type=NumberRange(0.1, 3600),
                metavar="S",
                help=f"Seconds until then. [{_WAIT_S:g}]",
            ),
            click.option("--app", metavar="MODULE:APP", help="Judge an ASGI or WSGI app; URL is a path."),
            click.option("--app-python", metavar="PATH", help="The Python of the environment that the app lives in."),
        ],
    )


@contextlib.contextmanager
def subject_of(url: str | None, options: Mapping[str, Any], report_dir: Path | None) -> Iterator[Subject]:
    """Start the subject of the options, and stop it after the block.

    Raises:
        KitError: The options contradict each other, or the subject does not start.
    """
    command, app = _chosen(options)
    if options["app_python"] and not app:
        raise KitError(Text("error-app.none"), where="--app-python", remedy=Text("error-app.goes-with-app"))
    options = {**options, "start": command, "app": app}
    if options["wait_for"] and not command and not app:
        raise KitError(
            Text("error-receiver.nothing-to-wait-for"),
            where="--wait-for",
            remedy=Text("error-receiver.goes-with-start"),
        )
    if app:
        with _app(url, app, options, report_dir) as subject:
            yield subject
    elif command and not options["dry_run"]:
        with _server(url, command, options, report_dir) as subject:
            yield subject
    else:
        yield Subject(url, _based(url, options))


def _chosen(options: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the command or the app; of two, the one with the closer source.

    The command line is closer than the environment, and that than a file.
    """
    command, app = options["start"] or None, options["app"] or None
    if not command or not app:
        return command, app
    context = click.get_current_context()
    nearness = [ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT]
    ranks = [
        nearness.index(source) if (source := context.get_parameter_source(name)) in nearness else len(nearness)
        for name in ("start", "app")
    ]
    if ranks[0] == ranks[1]:
        raise KitError(
            Text("error-receiver.command-and-app"), where="--start, --app", remedy=Text("error-receiver.give-one")
        )
    return (command, None) if ranks[0] < ranks[1] else (None, app)


@contextlib.contextmanager
def _server(url: str | None, command: str, options: Mapping[str, Any], report_dir: Path | None) -> Iterator[Subject]:
    from callback_contract.contract_tests.target.process import await_answer, command_words, refuse_taken, started
    from callback_contract.contract_tests.target.readiness import Place

    if url is None:
        raise KitError(Text("error-receiver.no-url"), where="--start", remedy=Text("error-receiver.beside-command"))
    access_to(url, options)  # an invalid URL is reported before anything starts
    words = command_words(command)
    place = Place.of(options["wait_for"], "--wait-for") if options["wait_for"] else Place.below(url)
    refuse_taken(place)
    subject = Subject(url, _based(url, options))
    with started(words, "--start") as receiver, _output_kept(receiver, subject, report_dir):
        await_answer(receiver, place, options["wait_timeout"] or _WAIT_S)
        subject.process = receiver
        with _death_told(receiver, subject):
            yield subject


@contextlib.contextmanager
def _app(url: str | None, spec: str, options: Mapping[str, Any], report_dir: Path | None) -> Iterator[Subject]:
    from callback_contract.contract_tests.target.app import app_served

    path = _path(url or "/")
    for own in options.get("callback_urls", {}).values():
        _path(own)
    with app_served(spec, options["wait_timeout"] or _WAIT_S, options["app_python"] or "") as (base, receiver):
        own = {name: base + _path(own) for name, own in options.get("callback_urls", {}).items()}
        subject = Subject(base + path, {**_based(base, options), "callback_urls": own})
        with _output_kept(receiver, subject, report_dir), _death_told(receiver, subject):
            yield subject


def _path(url: str) -> str:
    if not url.startswith("/"):
        raise KitError(Text("error-receiver.app-has-no-url"), where="--app", remedy=Text("error-receiver.path-alone"))
    return url


def _based(url: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with a read-back path as URL, without the credentials."""
    state = options["state_url"]
    if url is None or state is None or not state.startswith("/"):
        return dict(options)
    parts = urlsplit(url)
    base = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
    return {**options, "state_url": base + state}


@contextlib.contextmanager
def _death_told(receiver: Started, subject: Subject) -> Iterator[None]:
    """Report a receiver that ended by itself during the judgement."""
    try:
        yield
    finally:
        told = receiver.ended()
        ends = [*receiver.ends, (told, receiver.last_lines())] if told else receiver.ends
        if ends:
            ended, last_lines = ends[0]
            key = "error-receiver.ended-and-started-again" if receiver.ends else "error-receiver.ended-meanwhile"
            said = Text(key, shown=receiver.shown, ended=ended, last_lines=subject.redact(last_lines))
            click.echo(spoken(said), err=True)


@contextlib.contextmanager
def _output_kept(receiver: Started, subject: Subject, report_dir: Path | None) -> Iterator[None]:
    """Write the receiver's output without secrets beside the reports."""
    try:
        yield
    finally:
        if report_dir is not None:
            text = receiver.printed(_KEPT_BYTES)
            with contextlib.suppress(OSError):  # the reports report a full disk themselves
                replace_file(report_dir / "receiver.log", subject.redact(text).encode())
