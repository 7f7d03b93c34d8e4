"""Judging of a fleet: one `check` process for each partner, a few at once, each with a folder and an end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from callback_contract.contract_tests.cli.fleet.partners_file import PartnerRow
from callback_contract.contract_tests.reporting.model.history import Folder
from callback_contract.contract_tests.reporting.model.reproduction import REPORT_FILE
from callback_contract.contract_tests.reporting.partners.reading import LOG

__all__ = ["MOST_S", "Ended", "begin_anew", "check_line", "code_before", "judge_all", "worst"]

MOST_S = 3600  # of a partner without `max-time`
_GRACE_S = 60  # `check` ends by itself when its time is over, and writes its reports
_WRITING_S = 20  # what one that was told to end has for its reports
_LOOK_S = 0.05
_GRAVITY = (0, 1, 3, 2)  # the less is known of a receiver, the graver


@dataclass(frozen=True)
class Ended:
    """The end of one partner's process.

    Attributes:
        code: Its exit code; 3 where it was killed.
        out_of_time: Whether it had to be stopped.
    """

    row: PartnerRow
    code: int
    seconds: float
    out_of_time: bool = False


@dataclass
class _Running:
    row: PartnerRow
    process: subprocess.Popen[bytes]
    began: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def is_late(self) -> bool:
        most = self.row.value("max_time", MOST_S)
        # A text is one that the environment completes; then `check` alone knows the time.
        return self.seconds > (most if isinstance(most, (int, float)) else MOST_S) + _GRACE_S


def begin_anew(folder: Path, rows: Sequence[PartnerRow]) -> None:
    """Moves each partner's report into its history, which keeps the newest ones: the folder is this run's now."""
    for row in rows:
        own = Folder(folder / row.name)
        own.move_older()
        own.prune_history()


def code_before(folder: Path, row: PartnerRow) -> int | None:
    """The exit code that a partner's report tells; None without a whole report of a run that was not interrupted."""
    try:
        code = json.loads((folder / row.name / REPORT_FILE).read_bytes())["exit_code"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return code if code in _GRAVITY else None


def worst(codes: Sequence[int]) -> int:
    """The exit code of a fleet."""
    return max((3 if code == 130 else code for code in codes), key=_GRAVITY.index, default=0)


def check_line(row: PartnerRow, folder: Path) -> list[str]:
    """The command line of a partner's process; its options stand in the file, and its secrets in the environment."""
    line = [sys.executable, "-P", "-m", "callback_contract.contract_tests", "check"]
    line += ["--config", f"{row.settings.file}#{row.name}", "--report-dir", str(folder / row.name)]
    line += [] if row.value("name", "") else ["--name", row.name]
    line += [] if row.value("annotations", "") else ["--annotations", "none"]
    return line + ([] if row.value("max_time", 0) else ["--max-time", str(MOST_S)])


def judge_all(
    rows: Sequence[PartnerRow],
    folder: Path,
    at_once: int,
    on_start: Callable[[PartnerRow, list[str]], None],
    on_end: Callable[[Ended, list[str]], None],
) -> list[Ended]:
    """Judges partners, `at_once` at a time; whatever ends it ends their processes, too, with their reports.

    Args:
        on_start: Called with a partner that begins, and the names of those under way.
        on_end: Called with one that ended, and the names of those under way.
    """
    waiting, running, ended = list(rows), list[_Running](), list[Ended]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_started(waiting.pop(0), folder))
                on_start(running[-1].row, [each.row.name for each in running])
            for each in [each for each in running if each.process.poll() is not None or each.is_late]:
                out_of_time = each.process.poll() is None
                if out_of_time:
                    _end([each])
                running.remove(each)
                code = each.process.returncode
                ended.append(Ended(each.row, code if code in {*_GRAVITY, 130} else 3, each.seconds, out_of_time))
                on_end(ended[-1], [other.row.name for other in running])
            time.sleep(_LOOK_S)
    finally:
        _end(running)
    return ended


def _started(row: PartnerRow, folder: Path) -> _Running:
    own = folder / row.name
    own.mkdir(parents=True, exist_ok=True)
    # A variable for all would win over what the file says of each: every partner would be judged at one URL.
    environment = {name: text for name, text in os.environ.items() if not name.startswith("CALLBACK_CONTRACT_CHECK_")}
    with (own / LOG).open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # the kit itself
            check_line(row, folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches it through this process alone, once
        )
    return _Running(row, process, time.monotonic())


def _end(running: Sequence[_Running]) -> None:
    for each in running:
        each.process.terminate()
    end = time.monotonic() + _WRITING_S
    for each in running:
        try:
            each.process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            each.process.kill()
            each.process.wait()
