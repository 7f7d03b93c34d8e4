"""Python without POSIX, as far as the kit's own modules see it: names that Windows lacks are gone for them.

The standard library keeps them: it is another one there, and works.
"""

from __future__ import annotations

import builtins
import types
from pathlib import Path

GONE = {
    "os": frozenset(
        "fork killpg setsid setpgid getpgid getuid geteuid getgid getegid pread pwrite waitid wait3 wait4 mkfifo chown "
        "fchown fchmod nice sched_getaffinity getloadavg sysconf uname statvfs openpty fchdir posix_spawn WNOHANG "
        "P_PID WEXITED WNOWAIT O_NONBLOCK O_NOFOLLOW O_DIRECTORY O_CLOEXEC".split()
    ),
    "signal": frozenset(
        "SIGKILL SIGHUP SIGALRM SIGQUIT SIGPIPE SIGUSR1 SIGUSR2 SIGCHLD SIGTSTP SIGCONT SIGSTOP setitimer getitimer "
        "ITIMER_REAL alarm pause sigwait pthread_sigmask pthread_kill".split()
    ),
    "socket": frozenset("AF_UNIX SO_REUSEPORT socketpair fromfd send_fds recv_fds".split()),
}
MODULES = frozenset("fcntl resource pwd grp termios tty pty syslog uvloop".split())
_KIT = str(Path(__file__).parents[3])
_META = str(Path(__file__).parents[1])


class _Without(types.ModuleType):
    """A module without some of its names."""

    def __init__(self, module: types.ModuleType, gone: frozenset[str]) -> None:
        super().__init__(module.__name__)
        self.__dict__["_module"], self.__dict__["_gone"] = module, gone

    def __getattr__(self, name: str) -> object:
        if name in self.__dict__["_gone"]:
            raise AttributeError(f"{name} is not there on this system")
        return getattr(self.__dict__["_module"], name)


def install() -> None:
    """Takes the names away from every module of the kit that is loaded from now on."""
    imported = builtins.__import__
    seen: dict[str, types.ModuleType] = {}

    def without(name, globals=None, locals=None, fromlist=(), level=0):
        file = str((globals or {}).get("__file__") or "")
        is_kits = file.startswith(_KIT) and not file.startswith(_META) and level == 0
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = imported(name, globals, locals, fromlist, level)
        if not is_kits or module.__name__ not in GONE:
            return module
        return seen.setdefault(module.__name__, _Without(module, GONE[module.__name__]))

    builtins.__import__ = without
