"""Recording options of the `mock` command: set up the recorder, scripted responses and the gate."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callback_contract.openapi.cli.ranges import NumberRange
from callback_contract.openapi.documents.output_files import refuse_no_file
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

if TYPE_CHECKING:
    from callback_contract.mock_server.receiver.receiver import Receiver
    from callback_contract.mock_server.store.expectation import Expectation
    from callback_contract.mock_server.store.recorder import Recorder
    from callback_contract.openapi.contract.model import Contract

__all__ = ["concluded", "ending", "expectation_of", "recorded", "recording_options", "scripted_answers"]

_GATE_TIMEOUT_S = 300.0

_OPTIONS = (
    click.option("--store", default=None, metavar="FILE", help="Keep deliveries across restarts. [default: in memory]"),
    click.option(
        "--keep", type=click.IntRange(1, 100_000_000), default=100_000, show_default=True, help="Deliveries kept."
    ),
    click.option(
        "--keep-bytes",
        type=click.IntRange(1, 2**50),
        default=256 * 1024 * 1024,
        show_default=True,
        help="Bytes they have.",
    ),
    click.option(
        "--script",
        default="",
        metavar="STEP,…",
        help="Answers in turn: 503x2,429;retry-after=3,200,x*.",
    ),
    click.option("--delay", type=NumberRange(0, 3600), default=0.0, metavar="S", help="Wait before each answer."),
    click.option(
        "--drop", type=NumberRange(0, 1), default=0.0, metavar="SHARE", help="Close so many without an answer."
    ),
    click.option(
        "--expect", type=click.IntRange(1, 100_000_000), default=None, metavar="N", help="End when N deliveries came."
    ),
    click.option("--exit-on-violation", is_flag=True, help="End at the first refused delivery."),
    click.option("--strict", is_flag=True, help="To the gate, what the contract does not know is a violation, too."),
    click.option("--formats", is_flag=True, help="To the gate, a text of another form than its format is one."),
    click.option(
        "--timeout",
        type=NumberRange(0.001, 604_800),
        default=None,
        metavar="S",
        help=f"End after so long. [default: {_GATE_TIMEOUT_S:g} with --expect]",
    ),
    click.option("--report-dir", default=None, metavar="DIR", help="Write deliveries.json and junit.xml at the end."),
)


def recording_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for recording to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextlib.contextmanager
def recorded(receiver: Receiver, contract: Contract, options: Mapping[str, Any]) -> Iterator[Recorder]:
    """Record a receiver's exchanges while the block runs."""
    from callback_contract.mock_server.store.recorder import Recorder
    from callback_contract.mock_server.store.restored_state import restore

    store = options["store"]
    if store is not None:
        refuse_no_file(store, "--store")

    def trouble(text: Text) -> None:
        told = Text("mock.answered-507", what=text) if store and text.key == "mock.cannot-be-kept" else text
        click.echo(spoken(told), err=True)

    with Recorder(
        contract,
        Path(store) if store else None,
        keep=options["keep"],
        keep_bytes=options["keep_bytes"],
        trouble=trouble,
    ) as recorder:
        restore(receiver, recorder.reader)
        receiver.on_exchange, receiver.keeper = recorder.observe, recorder.keeper
        yield recorder


def scripted_answers(contract: Contract, options: Mapping[str, Any]) -> Any:
    """Return the scripted responses of the options; `Prefer` is always respected."""
    from callback_contract.mock_server.receiver.scripted_responses import Scripted

    return Scripted(contract, options["script"], delay_s=options["delay"], drop=options["drop"])


def expectation_of(recorder: Recorder, options: Mapping[str, Any]) -> Expectation | None:
    """Return the gate of the options; None when the mock serves without end.

    Raises:
        KitError: An option of the gate is given without a gate.
    """
    if not (options["expect"] or options["exit_on_violation"] or options["timeout"]):
        for name in ("report_dir", "strict", "formats"):
            if options[name]:
                raise KitError(
                    Text("error-mock.nothing-ends"),
                    where=f"--{name.replace('_', '-')}",
                    remedy=Text("error-mock.add-end"),
                )
        return None
    from callback_contract.mock_server.store.expectation import Expectation

    if options["report_dir"]:
        _try(Path(options["report_dir"]))
    gate = options["expect"], options["exit_on_violation"], options["strict"], options["formats"]
    return Expectation(recorder.reader, *gate)


def _try(directory: Path) -> None:
    """Reject a directory that cannot be written, before the first delivery."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KitError(
            Text("error-mock.directory-unwritable", directory=str(directory), why=str(error.strerror)),
            where="--report-dir",
            remedy=Text("error-mock.writable-directory"),
        ) from None


@contextlib.contextmanager
def ending(gate: Expectation | None, options: Mapping[str, Any], stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when the gate has seen enough or the time is up."""
    timeout_s = options["timeout"] or (_GATE_TIMEOUT_S if options["expect"] else None)
    timer = threading.Timer(timeout_s, stop) if gate and timeout_s else None
    if gate:
        gate.watch(stop)
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer:
            timer.cancel()


def concluded(gate: Expectation, contract: Contract, options: Mapping[str, Any]) -> int:
    """Print and write the gate's findings; return the exit code."""
    gate.is_over()
    click.echo("\n".join(map(spoken, gate.told())))
    if options["report_dir"]:
        gate.write(Path(options["report_dir"]), contract)
    return 0 if gate.passed else 1
