"""Entry point of the program: every end of a command is an exit code and at most one message."""

from __future__ import annotations

import sys

from contract_tests.leaving import leaving_threads
from mock_server.interruption import INTERRUPTION, OutOfTime

__all__ = ["main"]


@leaving_threads
def main() -> None:
    """Runs the program; a user's mistake is one message and never a stack trace."""
    INTERRUPTION.install()  # first: the rest takes its time to load
    try:
        code = _code_of_run()
    except KeyboardInterrupt:  # a second one, while the first was told
        code = 130
    INTERRUPTION.over(code)
    sys.exit(code)


def __getattr__(name: str) -> object:
    if name != "cli":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from contract_tests.commands import cli

    return cli


def _code_of_run() -> int:
    try:
        import click

        from contract_tests.commands import cli
        from openapi.errors import KitError
        from openapi.streams import guard_streams
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
        sys.stderr.close()  # the reader went away, as in `| head`
        return 0
    except MemoryError:
        _say("error: there is not enough memory for it.\n  Give a smaller document, or fewer callbacks.")
        return 3
    except Exception as error:
        _say(
            f"error: {type(error).__name__}: {error}"[:600]
            + "\n  This is the kit's; please report it. --debug shows where."
        )
        return 3
    return code if isinstance(code, int) else 0


def _say(text: str) -> None:
    import click

    from mock_server.delivery import printable

    # What a receiver said may stand in it: no line of it may move the cursor.
    click.echo("\n".join(printable(line) for line in text.splitlines()), err=True)
