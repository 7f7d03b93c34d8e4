"""Forking test runner: runs the same tests once for each mutant of a module, and imports once what no mutant changes.

`mutation.py` starts it with ``-P`` in a copy of the tree, so that its own folder is no place to import from. It reads
a job as JSON, and writes for each mutant how its tests ended: ``passed``, ``failed`` or ``hung``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

_LEAST_S = 60  # time limit for the tests of one mutant, and as many times as long as they take unchanged
_TIMES = 10


def main():
    job = json.load(sys.stdin)
    file, module, options = Path(job["file"]), job["module"], job["options"]
    modules = _loaded(options)
    # Whatever imports the module fails, and is imported afresh for each mutant.
    sys.modules[module] = None
    for name in modules:
        if not name.rpartition(".")[2].startswith(("test_", "conftest", "__main__")):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    del sys.modules[module]
    begun = time.monotonic()
    if _ended(options) != "passed":
        raise SystemExit("the tests of the unchanged module pass only in an interpreter of their own")
    limit_s = int(_LEAST_S + _TIMES * (time.monotonic() - begun))
    for mutant in job["mutants"]:
        file.write_text(mutant, "utf-8")
        print(_ended(options, limit_s), flush=True)


def _loaded(options):
    """Run the tests in a process of their own, and return the names of the modules that they load."""
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        code = pytest.main(options)
        with open(writer, "w") as names:
            json.dump(list(sys.modules), names)
        os._exit(code)
    os.close(writer)
    with open(reader) as names:
        modules = json.load(names)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the tests of the unchanged module fail")
    return modules


def _ended(options, limit_s=0):
    """Run the tests in a fork, and say how they ended."""
    if not (child := os.fork()):
        signal.alarm(limit_s)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        os._exit(pytest.main(options))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return "hung"
    return "failed" if status else "passed"


if __name__ == "__main__":
    main()
