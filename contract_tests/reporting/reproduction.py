"""Decides which command a report names for playing a finding again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mock_server.sending import Access

__all__ = ["REPORT_FILE", "contract_words", "from_here", "reproduce_command"]

REPORT_FILE = "report.json"
_COMMAND = f"callback-contract reproduce {REPORT_FILE} "


def reproduce_command(finding_id: str, access: Access, options: Mapping[str, Any]) -> str:
    """The command that plays a finding again, as it is typed in the report's directory.

    Two runs into two directories give the same report, so the directory is no part of it; see `from_here`.

    Args:
        options: Those that the report tells of the run.
    """
    words = [finding_id]
    # Neither is taken from a report: a file that somebody sent must not make a program run or trust a stranger.
    words += ["--plugin", str(options["plugin"])] if options.get("plugin") else []
    words += ["--insecure"] if options.get("insecure") else []
    words += ["--allow-remote-refs"] if options.get("allow_remote_refs") else []
    url = ' --url "$URL"' if access.shown_url != access.url else ""
    return _COMMAND + shlex.join(words) + _contract_to_fill_in(options) + url


def contract_words(options: Mapping[str, Any]) -> str:
    """What follows a `check` to judge by the same contract; nothing where it was the kit's own."""
    words = [word for overlay in options.get("overlay") or () for word in ("--overlay", str(overlay))]
    words += ["--paths"] if options.get("paths") else []
    words += ["--allow-remote-refs"] if options.get("allow_remote_refs") else []
    filled = _contract_to_fill_in(options)
    if options.get("contract") and not filled:
        words = ["--contract", str(options["contract"]), *words]
    return filled + (f" {shlex.join(words)}" if words else "")


def _contract_to_fill_in(options: Mapping[str, Any]) -> str:
    """A contract's URL that held secrets is the reader's to fill in."""
    return ' --contract "$CONTRACT"' if "…" in str(options.get("contract") or "") else ""


def from_here(command: str, directory: Path | None) -> str:
    """The same command for whoever is not in the report's directory."""
    if directory is None or not command.startswith(_COMMAND):
        return command
    return f"callback-contract reproduce {shlex.quote(str(directory / REPORT_FILE))} {command[len(_COMMAND) :]}"
