"""Report files: find and read reports, and validate them as untrusted input."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.reporting.model.earlier_reports import EARLIER, as_of_today
from callback_contract.contract_tests.reporting.model.history import HISTORY
from callback_contract.contract_tests.reporting.model.reproduction import REPORT_FILE
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.errors import KitError

__all__ = ["read_report_file", "report_files"]

_MOST_BYTES = 256 * 1024 * 1024  # no report comes near; what is larger is none
_MOST_FILES = 10_000
_GIVE = f"Give the {REPORT_FILE} that check --report-dir wrote, or its directory."


def read_report_file(path: Path) -> tuple[dict[str, Any], Path]:
    """Reads a report, given by its file or its directory; gives its value and its file.

    Raises:
        KitError: There is none, it is cut off, or a kit of another schema version wrote it.
    """
    import jsonschema_rs

    file = path / REPORT_FILE if path.is_dir() else path
    where = printable(str(file))
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise KitError("that is too large for a report", where=where, remedy=_GIVE)
        value = json.loads(file.read_bytes(), parse_constant=_no_number)
    except OSError as error:
        raise KitError(f"the report cannot be read: {error.strerror}", where=where, remedy=_GIVE) from None
    except (ValueError, RecursionError) as error:
        what = f"the report is no whole JSON document ({printable(str(error))[:200]})"
        remedy = "Was it cut off? Copy it again, or run check again." if file.suffix == ".json" else _GIVE
        raise KitError(what, where=where, remedy=remedy) from None
    schema_file = files("callback_contract.contract_tests") / "schemas/report.schema.json"
    schema = json.loads(schema_file.read_text(encoding="utf-8"))
    ours = schema["properties"]["schema_version"]["const"]
    theirs = value.get("schema_version") if isinstance(value, dict) else None
    if theirs in EARLIER:
        value = _converted(value)
    elif theirs is not None and theirs != ours:
        raise KitError(
            printable(f"the report has the schema version {str(theirs)[:40]!r}, and this kit reads {ours!r}"),
            where=where,
            remedy="Use the kit that wrote it, or run check again.",
        )
    flaw = next(jsonschema_rs.validator_for(schema).iter_errors(value), None)
    if flaw is not None:
        at = "/".join(map(str, ["", *flaw.instance_path]))
        raise KitError(
            printable(f"that is no report of this kit: {flaw.message[:200]} (at {at or 'its root'})"),
            where=where,
            remedy=_GIVE,
        )
    return value, file


def _converted(value: dict[str, Any]) -> dict[str, Any]:
    try:
        return as_of_today(value)
    except (LookupError, TypeError, ValueError, AttributeError):
        return value  # it is no report, as the schema is going to say


def report_files(paths: tuple[Path, ...]) -> list[Path]:
    """The reports that are named or stand anywhere below a named directory, each once.

    Directories that start with a dot, links to directories, and `history`, where older reports of a run that left none
    are kept, are not entered.

    Raises:
        KitError: A directory holds no report, or too many.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        below = _below(path) if path.is_dir() else [path]
        if not below:
            what = f"no {REPORT_FILE} stands there or below"
            raise KitError(what, where=printable(str(path)), remedy=_GIVE)
        for file in below:
            found.setdefault(file.resolve(), file)
        if len(found) > _MOST_FILES:
            raise KitError(f"these are more than {_MOST_FILES} reports", remedy="Name fewer directories.")
    return list(found.values())


def _below(directory: Path) -> list[Path]:
    found = []
    for parent, children, names in os.walk(directory):
        children[:] = sorted(child for child in children if not child.startswith(".") and child != HISTORY)
        if REPORT_FILE in names:
            found.append(Path(parent) / REPORT_FILE)
        if len(found) > _MOST_FILES:
            break
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
