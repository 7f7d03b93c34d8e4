"""Entry point of the program: ends every command with an exit code and at most one message."""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections.abc import Callable

from callback_contract.openapi.cli.interruption import INTERRUPTION, OutOfTime, flush_streams

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
        from callback_contract.openapi.text.errors import KitError
        from callback_contract.openapi.text.streams import guard_streams
    except KeyboardInterrupt:
        return 130
    guard_streams()
    try:
        # Outside its standalone mode click returns the code of `Exit` instead of leaving with it.
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except KitError as error:
        _say(f"error: {error}")
        return error.exit_code
    except RecursionError:
        _say("error: a document is nested too deeply.\n  Give one of fewer levels.")
        return 2
    except (click.Abort, KeyboardInterrupt):
        INTERRUPTION.ends()
        if isinstance(INTERRUPTION.cause, OutOfTime):
            _say(f"error: {INTERRUPTION.cause}.\n  Allow more, or a smaller contract.")
            return 3
        _say("interrupted")
        return 130
    except BrokenPipeError:
        if sys.stderr:
            sys.stderr.close()  # the reader went away, as in `| head`
        return 0
    except MemoryError:
        _say("error: there is not enough memory for it.\n  Give a smaller document, or fewer callbacks.")
        return 3
    except SystemExit:
        raise
    except BaseException as error:  # what a library in Rust panics with is no Exception
        _say(
            f"error: {type(error).__name__}: {error}"[:600]
            + "\n  This is the kit's; please report it. --debug shows where."
        )
        return 3
    return code if isinstance(code, int) else 0


def _say(text: str) -> None:
    import click

    from callback_contract.mock_server.wire.delivery import printable

    # What a receiver said may stand in it: no line of it may move the cursor.
    click.echo("\n".join(printable(line) for line in text.splitlines()), err=True)
