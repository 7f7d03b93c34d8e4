"""Reproduction command: the command in a report that plays a finding again."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callback_contract.mock_server.client.sender import Access
from callback_contract.openapi.text.printable import shell_word, shell_words

__all__ = [
    "REPORT_FILE",
    "contract_words",
    "curl_file",
    "from_here",
    "header_words",
    "program",
    "reach_words",
    "reproduce_command",
    "run_words",
    "sender_words",
]

REPORT_FILE = "report.json"
_PROGRAM = "callback-contract"
_COMMAND = f"{_PROGRAM} reproduce {REPORT_FILE} "


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
    words += ["--refs-below", str(options["refs_below"])] if options.get("refs_below") else []
    url = ' --url "$URL"' if access.shown_url != access.url else ""
    return _COMMAND + shell_words(words) + _contract_to_fill_in(options) + url + reach_words(access)


def curl_file(finding_id: str) -> str:
    """Where a finding's curl line stands beside its report."""
    return f"findings/{finding_id}.sh"


def header_words(access: Access, option: str = "--header") -> str:
    """The headers that go with every request, their values to be filled in by the reader."""
    return "".join(f' {option} {shell_word(f"{name}: ")}"$SECRET"' for name, _ in access.headers)


def reach_words(access: Access) -> str:
    """The options by which a receiver is reached; what is secret is the reader's to fill in."""
    words = ['--auth "$AUTH"'] if access.basic_auth is not None else []
    words += ['--proxy "$PROXY"'] if access.proxy and "@" in access.proxy else []
    plain = {"--cert": access.client_cert, "--key": access.client_key, "--ca": access.ca}
    plain["--proxy"] = "" if "@" in (access.proxy or "") else access.proxy
    words += [shell_words((name, value)) for name, value in plain.items() if value]
    return header_words(access) + "".join(f" {word}" for word in words)


def run_words(options: Mapping[str, Any]) -> str:
    """The options of a run that decide what is sent and what is found, where they are not the default."""
    words = [word for pair in options.get("state_map") or () for word in ("--state-map", str(pair))]
    for name, default in (("timeout", 30.0), ("rate", None), ("at_once", None), ("state_patience", 5.0)):
        if options.get(name, default) != default:
            words += [f"--{name.replace('_', '-')}", f"{options[name]:g}"]
    return (f" {shell_words(words)}" if words else "") + ' --start "$START"' * bool(options.get("is_started"))


def sender_words(options: Mapping[str, Any]) -> str:
    """The options of a run of `check-sender`; how the sender is triggered may be secret, and is the reader's."""
    words = ["--speed", f"{options['speed']:g}"] if options["speed"] != 1 else []
    words += ["--signature", str(options["signature"])] if options["signature"] else []
    words += ["--tls"] if options["tls"] else []
    trigger = ' --trigger "$TRIGGER"' if options["is_triggered"] else ""
    return (f" {shell_words(words)}" if words else "") + trigger


def contract_words(options: Mapping[str, Any]) -> str:
    """What follows a `check` to judge by the same contract; nothing where it was the kit's own."""
    words = ["--provider", str(options["provider"])] if options.get("provider") else []
    words += [word for overlay in options.get("overlay") or () for word in ("--overlay", str(overlay))]
    words += ["--paths"] if options.get("paths") else []
    words += [word for place in options.get("identity") or () for word in ("--identity", str(place))]
    words += ["--acknowledges-unread"] if options.get("acknowledges_unread") else []
    words += ["--allow-remote-refs"] if options.get("allow_remote_refs") else []
    words += ["--refs-below", str(options["refs_below"])] if options.get("refs_below") else []
    filled = _contract_to_fill_in(options)
    if options.get("contract") and not filled:
        words = ["--contract", str(options["contract"]), *words]
    return filled + (f" {shell_words(words)}" if words else "")


def _contract_to_fill_in(options: Mapping[str, Any]) -> str:
    """A contract's URL that held secrets is the reader's to fill in."""
    source = str(options.get("contract") or "")
    return ' --contract "$CONTRACT"' if source.startswith(("http://", "https://")) and "…" in source else ""


def from_here(command: str, directory: Path | None) -> str:
    """The same command for whoever is not in the report's directory, and called this program by a path.

    Without a report it judges again, and leaves one.
    """
    if not command.startswith(f"{_PROGRAM} "):
        return command
    if directory is None or not command.startswith(_COMMAND):
        return f"{program()}{command[len(_PROGRAM) :]}{' --report-dir callback-report' * (directory is None)}"
    file = str(directory / REPORT_FILE)
    file = f"./{file}" if file.startswith("-") else file  # else it would be an option
    return f"{program()} reproduce {shell_word(file)} {command[len(_COMMAND) :]}"


def program() -> str:
    """How this program was called: in a virtual environment that is not active its bare name finds nothing."""
    called = sys.argv[0]
    if os.path.basename(called) != _PROGRAM or os.path.dirname(called) == "":
        return _PROGRAM
    found = shutil.which(_PROGRAM)
    return _PROGRAM if found and os.path.realpath(found) == os.path.realpath(called) else shell_word(called)
