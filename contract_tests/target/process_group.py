"""Process group: a command and its children, started apart from the terminal's signals and ended as one.

POSIX has groups and signals for it. Windows has groups that take Ctrl-Break, and `taskkill`, which ends a tree.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import Any

__all__ = ["is_alive", "kill_group", "popen_group", "terminate_group"]


def popen_group(command: Sequence[str] | str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a command in a group of its own.

    Args:
        options: Those of `subprocess.Popen`.
    """
    new_group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows alone has it, and ignores a session
    return subprocess.Popen(command, start_new_session=True, creationflags=new_group, **options)  # noqa: S603  # the user's


def terminate_group(process: subprocess.Popen[bytes]) -> None:
    """Ask a group to end."""
    if hasattr(os, "killpg"):
        _signal(process, signal.SIGTERM)
        return
    with contextlib.suppress(OSError):  # it has no console, or is gone
        process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a group."""
    if hasattr(os, "killpg"):
        _signal(process, signal.SIGKILL)
        return
    if os.name == "nt" and process.poll() is None:
        tree = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(tree, check=False, capture_output=True)  # noqa: S603  # a program of the system
    process.kill()


def is_alive(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the group has a process; elsewhere than on POSIX, whether its first one lives."""
    return _signal(process, 0) if hasattr(os, "killpg") else process.poll() is None


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to the group; return False when the group is gone."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # the rest is another user's, or a process that is just ending (macOS)
        return False
    return True
