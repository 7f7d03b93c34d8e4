"""Maker of the output that pages show: what the program really prints, in their marked blocks.

A block of output stands below a line `<!-- output: NAME -->`. One that differs from today's output in times, ports and
ids alone is left as it is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from callback_contract.contract_tests.meta.contract_tests.receivers.test_mistakes import SUBJECTS
from callback_contract.contract_tests.meta.generating.made import ROOT, Made
from callback_contract.contract_tests.meta.support.processes import missing_means, running
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract

WIDTH = 118
CUT = "…"
FENCE = re.compile(r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_MARK = "output: "
_PORT = (r"127\.0\.0\.1:\d+", "127.0.0.1:8080")
_VARYING = (
    _PORT,
    (r"\b\d+(\.\d+)? (ms|s)\b", "TIME"),
    (r"\brun [0-9a-f]{8}\b", "RUN"),
    (r"ca11bac4[0-9a-f]{24}", "ID"),
)
_HISTORY = ("--report-dir", "callback-report")


@dataclass(frozen=True)
class Shown:
    """Output that a page shows.

    Attributes:
        printed: Runs the program in a folder.
        parts: Which lines are shown, one after the other: the beginning of the first one, and how many; None for all
            that follow. An ellipsis stands between two parts.
        lacking: What this machine lacks to print it; empty when nothing is missing.
        width: Where a line is cut.
    """

    printed: Callable[[Path], str]
    parts: tuple[tuple[str, int | None], ...] = (("", None),)
    lacking: Callable[[], str] = str
    width: int = WIDTH

    def block(self, folder: Path) -> str:
        """What a page shows of what is printed now."""
        lines = [cut(line, self.width) for line in re.sub(*_PORT, self.printed(folder)).rstrip().splitlines()]
        return "".join(f"{line}\n" for line in _chosen(lines, self.parts))


def _chosen(lines: list[str], parts: tuple[tuple[str, int | None], ...]) -> Iterator[str]:
    at = 0
    for start, count in parts:
        first = next((n for n in range(at, len(lines)) if lines[n].startswith(start)), None)
        if first is None:
            raise SystemExit(f"no line begins with {start!r} in:\n" + "\n".join(lines))
        if first > at and at:
            yield CUT
        at = len(lines) if count is None else first + count
        yield from lines[first:at]


def cut(line: str, width: int = WIDTH) -> str:
    """A line that fits into a page."""
    return line if len(line) <= width else line[: width - 2].rstrip() + " " + CUT


def masked(text: str) -> str:
    """A text without what differs from run to run; a line that was cut ends earlier, since ports differ in length."""
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text)
    return "\n".join(line[: WIDTH - 30] if line.endswith(CUT) else line for line in text.splitlines())


def _program(folder: Path, *arguments: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "120"}
    command = [sys.executable, "-m", "callback_contract.contract_tests", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300).stdout


def _finding(folder: Path) -> str:
    with served(Receiver(load_contract(), fault=FAULTS["PAY-17"])) as url:
        return _program(folder, "check", f"{url}/callbacks/whatsapp", "--rules", "PAY-17", *_HISTORY)


def _profiles(folder: Path) -> str:
    with served(Receiver(load_contract())) as url:
        return _program(folder, "check", f"{url}/callbacks/whatsapp")


def _causes(folder: Path) -> str:
    with running(SUBJECTS["fastapi"], {"MISTAKE": "uncaught"}) as (url, _):
        return _program(folder, "check", url, "--rules", "PAY", *_HISTORY)


def _messages(folder: Path) -> str:
    with served(Receiver(load_contract())) as url:
        options = ("--messages", "500", "--rate", "200", "--duplicates", "0.1", "--reordered", "0.1")
        return _program(folder, "send", f"{url}/", *options)


def _mock(folder: Path) -> str:
    command = [sys.executable, "-m", "callback_contract.contract_tests", "mock", "--port", "0", "--fault", "PAY-17"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        lines = iter(process.stdout.readline, "")
        printed = []
        for line in lines:
            printed.append(line)
            if line.startswith("Ctrl-C"):
                process.terminate()
        return "".join(printed)


OUTPUTS = {
    "first-run": Shown(lambda folder: _program(folder, "check"), (("Judging", 6), ("http://", None))),
    "finding": Shown(_finding, (("fail PAY-17 MUST", 9),)),
    "profiles": Shown(_profiles, (("answers:", 2), ("nothing failed", 1)), width=200),
    "causes": Shown(
        _causes,
        (("  The same kind of answer broke 1", 3), ("     Play one again:", 2)),
        lambda: missing_means(SUBJECTS["fastapi"]),
    ),
    "messages": Shown(_messages),
    "mock": Shown(_mock),
}


def pages() -> list[Path]:
    """The pages of the project."""
    found = {*ROOT.glob("*.md"), *ROOT.glob(".github/*.md")}
    for top in ("openapi", "mock_server", "contract_tests"):
        found.update((ROOT / top).rglob("*.md"))
    return sorted(found)


def blocks(page: Path) -> dict[str, str]:
    """The blocks of output in a page, by name."""
    found = [fence for fence in FENCE.finditer(page.read_text("utf-8")) if _name(fence)]
    return {_name(fence): fence["text"] for fence in found}


def _name(fence: re.Match[str]) -> str:
    mark = fence["mark"] or ""
    return mark.removeprefix(_MARK) if mark.startswith(_MARK) else ""


def refreshed(text: str, fresh: dict[str, str]) -> str:
    """A page's text with today's output where it says something else than its blocks."""

    def block(fence: re.Match[str]) -> str:
        new = fresh.get(_name(fence), fence["text"])
        if masked(new) == masked(fence["text"]):
            return fence[0]
        return f"<!-- {_MARK}{_name(fence)} -->\n```\n{new}```"

    return FENCE.sub(block, text)


def made() -> Made:
    """Prints every output anew that this machine can print."""
    lacking = {name: reason for name, shown in OUTPUTS.items() if (reason := shown.lacking())}
    files = {}
    for page in pages():
        fresh = {}
        for name in blocks(page).keys() - lacking.keys():
            with tempfile.TemporaryDirectory() as folder:
                fresh[name] = OUTPUTS[name].block(Path(folder))
        files[page] = refreshed(page.read_text("utf-8"), fresh)
    return Made(files, tuple(f"the output {name!r} is left as it was: {reason}" for name, reason in lacking.items()))
