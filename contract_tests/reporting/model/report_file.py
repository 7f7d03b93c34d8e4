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
from callback_contract.openapi.text.message import Text

__all__ = ["read_report_file", "report_files"]

_MOST_BYTES = 256 * 1024 * 1024  # no report comes near; what is larger is none
_MOST_FILES = 10_000


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
            raise KitError(Text("error-report.too-large"), where=where, remedy=_give())
        value = json.loads(file.read_bytes(), parse_constant=_no_number)
    except OSError as error:
        raise KitError(
            Text("error-report.report-unreadable", why=str(error.strerror)), where=where, remedy=_give()
        ) from None
    except (ValueError, RecursionError) as error:
        what = Text("error-report.not-whole", why=printable(str(error))[:200])
        remedy = Text("error-report.cut-off") if file.suffix == ".json" else _give()
        raise KitError(what, where=where, remedy=remedy) from None
    schema_file = files("callback_contract.contract_tests") / "schemas/report.schema.json"
    schema = json.loads(schema_file.read_text(encoding="utf-8"))
    ours = schema["properties"]["schema_version"]["const"]
    theirs = value.get("schema_version") if isinstance(value, dict) else None
    if theirs in EARLIER:
        value = _converted(value)
    elif theirs is not None and theirs != ours:
        raise KitError(
            Text("error-report.report-version", theirs=str(theirs)[:40], ours=ours).with_words(printable),
            where=where,
            remedy=Text("error-report.kit-of-report"),
        )
    flaw = next(jsonschema_rs.validator_for(schema).iter_errors(value), None)
    if flaw is not None:
        at = "/".join(map(str, ["", *flaw.instance_path]))
        raise KitError(
            Text("error-report.no-report", flaw=flaw.message[:200], at=at or Text("error-report.its-root")).with_words(
                printable
            ),
            where=where,
            remedy=_give(),
        )
    return value, file


def _give() -> Text:
    return Text("error-report.give-report", report=REPORT_FILE)


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
            what = Text("error-report.none-below", report=REPORT_FILE)
            raise KitError(what, where=printable(str(path)), remedy=_give())
        for file in below:
            found.setdefault(file.resolve(), file)
        if len(found) > _MOST_FILES:
            raise KitError(
                Text("error-report.too-many-reports", most=_MOST_FILES), remedy=Text("error-report.fewer-directories")
            )
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
