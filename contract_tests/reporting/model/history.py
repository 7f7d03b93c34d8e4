"""Reports of earlier runs in a folder: moved away from those of a run that left none, and read by a later report."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.reporting.model.outcome import BROKEN, UNJUDGED
from callback_contract.contract_tests.reporting.model.reproduction import REPORT_FILE, curl_file

__all__ = ["HISTORY", "KEPT", "Folder", "broken_since"]

HISTORY = "history"
KEPT = 20  # runs of a partner of a fleet
_BESIDE = (
    *("junit.xml", "report.sarif", "findings.har", "summary.md", "report.html", "conformance.md", "conformance.svg"),
    "gl-code-quality-report.json",
)
_MOST_BYTES = 256 * 1024 * 1024
_MOST_READ, _MOST_READ_BYTES = KEPT, 16 * 1024 * 1024  # reports that a later one looks at, the newest ones


class Folder:
    """The folder of a run's reports, as it was when the run began."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._before = self._identity()

    def move_older(self) -> Path | None:
        """Moves the reports that were there before, unless this run replaced them; gives where they are now.

        Only files that the kit wrote are touched: a report.json, what names the same run beside it, and the bytes
        that it lists. No link is followed.
        """
        if self._before is None or self._identity() != self._before:
            return None
        report = self._report()
        if report is None:
            return None
        name = f"{report['run']['started_at'][:19].replace(':', '-')}-{report['run']['id']}"
        return self._moved(self._files(report), name)

    def prune_history(self, kept: int = KEPT) -> None:
        """Removes the reports of earlier runs but for the newest ones, and as `move_older` no file of anybody else."""
        history = self._directory / HISTORY
        runs = sorted(filter(_is_folder, history.iterdir()), reverse=True) if _is_folder(history) else []
        for run in [run for run in runs if (run / REPORT_FILE).exists()][kept:]:
            Folder(run).remove()

    def remove(self) -> None:
        """Removes a run's reports, and its folder where nothing else stands there."""
        report = self._report()
        if report is None:
            return
        with contextlib.suppress(OSError):
            for file in reversed(self._files(report)):  # report.json last: what it lists can be removed later, too
                file.unlink()
        for folder in (self._directory / "findings", self._directory):
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()

    def _files(self, report: dict[str, Any]) -> list[Path]:
        """The files that the kit wrote of a run, report.json first."""
        run = str(report["run"]["id"])
        files = [self._directory / REPORT_FILE]
        files += [file for name in _BESIDE if _is_of(file := self._directory / name, run)]
        bodies = (
            [self._directory / name for name in _bodies(report)] if _is_folder(self._directory / "findings") else []
        )
        return files + [file for file in bodies if _is_file(file)]

    def _moved(self, files: list[Path], name: str) -> Path | None:
        history = self._directory / HISTORY
        try:
            history.mkdir(exist_ok=True)
            if history.is_symlink():
                raise OSError("it is a link")
            target = history / name
            target.mkdir()
        except OSError:  # somebody else's: what is left is put out of the way where it stands
            with contextlib.suppress(OSError):
                os.replace(files[0], files[0].with_name(f"older-{name}.json"))
            return None
        for file in files:
            to = target / file.relative_to(self._directory)
            with contextlib.suppress(OSError):
                to.parent.mkdir(exist_ok=True)
                os.replace(file, to)
        return target

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.lstat(self._directory / REPORT_FILE)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _report(self) -> dict[str, Any] | None:
        return _read(self._directory / REPORT_FILE, _MOST_BYTES)


def broken_since(directory: Path, report: dict[str, Any]) -> dict[str, str]:
    """The day since which each broken rule is known to be broken, by the older reports of a folder.

    They are those in its history and the one that the report is about to replace, of the same receiver. A report that
    did not judge a rule says nothing about it; one in which the rule held ends the search.
    """
    still = {rule["id"] for rule in report["rules"] if rule["verdict"] in BROKEN}
    since: dict[str, str] = {}
    for earlier in sorted(_older(directory, report), key=lambda value: value["run"]["started_at"], reverse=True):
        with contextlib.suppress(LookupError, TypeError, ValueError):  # an older kit wrote it
            day = datetime.fromisoformat(earlier["run"]["started_at"]).date().isoformat()
            verdicts = {rule["id"]: rule["verdict"] for rule in earlier["rules"]}
            still = {rule for rule in still if verdicts.get(rule) in {None, *BROKEN, *UNJUDGED}}
            since |= {rule: day for rule in still if verdicts.get(rule) in BROKEN}
    return since


def _older(directory: Path, report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    history = directory / HISTORY
    folders = sorted(history.iterdir(), reverse=True)[:_MOST_READ] if _is_folder(history) else []
    for folder in (directory, *filter(_is_folder, folders)):
        value = _read(folder / REPORT_FILE, _MOST_READ_BYTES)
        is_older = value is not None and value["run"]["started_at"] < report["run"]["started_at"]
        if value is not None and is_older and value.get("receiver") == report["receiver"]:
            yield value


def _read(file: Path, most_bytes: int) -> dict[str, Any] | None:
    """The report in a file, if the kit wrote it."""
    try:
        if not _is_file(file) or file.stat().st_size > most_bytes:
            return None
        value = json.loads(file.read_bytes())
        is_ours = value["kit"]["name"] == "callback-contract" and value["run"]["id"].isalnum()
        return value if is_ours and isinstance(value["run"]["started_at"], str) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _bodies(report: dict[str, Any]) -> list[str]:
    """The files of a report's findings, each by a name right in their folder."""
    with contextlib.suppress(LookupError, TypeError):
        findings = [finding for rule in report["rules"] for finding in rule["findings"]]
        names = [exchange["body_file"] for finding in findings for exchange in finding["exchanges"]]
        names += [curl_file(finding["id"]) for finding in findings]
        return [name for name in dict.fromkeys(names) if Path(name).parent == Path("findings")]
    return []


def _is_of(file: Path, run: str) -> bool:
    """Whether a file was written for a run."""
    if not _is_file(file):
        return False
    with contextlib.suppress(OSError):
        return file.stat().st_size <= _MOST_BYTES and run.encode() in file.read_bytes()
    return False


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
