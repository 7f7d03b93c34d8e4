"""Entry point of the program: ends every command with an exit code and at most one message."""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from callback_contract.openapi.cli.interruption import INTERRUPTION, OutOfTime, flush_streams

if TYPE_CHECKING:
    from callback_contract.openapi.text.errors import KitError
    from callback_contract.openapi.text.message import Text

__all__ = ["leaving_threads", "main", "run_command"]

_GRACE_S = 1.0  # what has nothing to do any more ends within it


def leaving_threads(main: Callable[[], None]) -> Callable[[], None]:
    """Gives a program's entry point, which ends by `sys.exit`, an end that waits for no thread that it started.

    The interpreter would wait for each thread of a pool: one that reads from a receiver ends at its exchange's end,
    and one inside a plugin or a driver when it likes.
    """

    @functools.wraps(main)
    def left() -> None:
        before = set(threading.enumerate())
        try:
            main()
        except SystemExit as leave:
            if _lingers(before):
                flush_streams()
                os._exit(leave.code if isinstance(leave.code, int) else 0)
            raise

    return left


def _lingers(before: set[threading.Thread]) -> bool:
    """Whether a thread that is not among those before, and that the interpreter waits for, goes on after a moment."""
    threads = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    end = time.monotonic() + _GRACE_S
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return any(thread.is_alive() for thread in threads)


@leaving_threads
def main() -> None:
    """Runs the program; a user's mistake is one message and never a stack trace."""
    INTERRUPTION.install()  # first: the rest takes its time to load
    try:
        code = run_command()
    except KeyboardInterrupt:  # a second one, while the first was told
        code = 130
    INTERRUPTION.over(code)
    sys.exit(code)


def __getattr__(name: str) -> object:
    if name != "cli":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from callback_contract.contract_tests.cli.commands import cli

    return cli


def run_command() -> int:
    """Runs the command of `sys.argv` and returns its exit code; the signals are left as they are."""
    try:
        import click

        from callback_contract.contract_tests.cli.commands import cli
        from callback_contract.openapi.cli.usage_errors import show_usage_error
        from callback_contract.openapi.text.errors import KitError
        from callback_contract.openapi.text.language import chosen_language
        from callback_contract.openapi.text.message import Text, lines
        from callback_contract.openapi.text.streams import guard_streams
    except KeyboardInterrupt:
        return 130
    guard_streams()
    try:
        # Outside its standalone mode click returns the code of `Exit` instead of leaving with it.
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        show_usage_error(error, chosen_language(sys.argv[1:], os.environ))
        return 2
    except KitError as error:
        _say_error(error)
        return error.exit_code
    except RecursionError:
        _say_error(KitError(Text("error.too-deep"), remedy=Text("error.fewer-levels")))
        return 2
    except (click.Abort, KeyboardInterrupt):
        INTERRUPTION.ends()
        if isinstance(INTERRUPTION.cause, OutOfTime):
            _say_error(KitError(INTERRUPTION.cause.text, remedy=Text("error.allow-more")))
            return 3
        _say(Text("ended.interrupted"))
        return 130
    except BrokenPipeError:
        if sys.stderr:
            sys.stderr.close()  # the reader went away, as in `| head`
        return 0
    except MemoryError:
        _say_error(KitError(Text("error.no-memory"), remedy=Text("error.smaller")))
        return 3
    except SystemExit:
        raise
    except BaseException as error:  # what a library in Rust panics with is no Exception
        what = f"{type(error).__name__}: {error}"[:600]
        _say(lines([Text("error.error", said=what), Text("error.report-the-kit")]))
        return 3
    return code if isinstance(code, int) else 0


def _say_error(error: KitError) -> None:
    from callback_contract.openapi.text.message import Text

    _say(Text("error.error", said=error.text))


def _say(text: Text) -> None:
    import click

    from callback_contract.mock_server.wire.delivery import printable
    from callback_contract.openapi.text.spoken import spoken

    # What a receiver said may stand in it: no line of it may move the cursor.
    lines = [printable(line) for line in spoken(text).splitlines()]
    if not (sys.stderr and sys.stderr.isatty()):
        click.echo("\n".join(lines), err=True)
        return
    from callback_contract.contract_tests.reporting.terminal.console import console

    out = console(stderr=True)
    for line in lines:
        out.paragraph(line.lstrip(), indent=len(line) - len(line.lstrip()))
