"""Decides what is taken from a report that somebody wrote before: findings, and the bytes beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs

from contract_tests.reporting.reproduction import REPORT_FILE
from mock_server.delivery import Delivery, Framing, printable
from mock_server.stamping import MARK, Run
from openapi.errors import KitError

__all__ = ["Recorded", "read_report"]

_MOST_BYTES = 256 * 1024 * 1024  # no report comes near; what is larger is none


@dataclass(frozen=True)
class Recorded:
    """A report as it was written."""

    value: dict[str, Any]
    file: Path

    def chosen(self, wanted: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """The rule and the finding of an id; of a rule's id, all of its findings.

        Raises:
            KitError: The report has no such finding; says which it has.
        """
        having = [(rule, finding) for rule in self.value["rules"] for finding in rule["findings"]]
        found = [pair for pair in having if wanted in {pair[0]["id"], pair[1]["id"]}]
        if found:
            return found
        rule = next((rule for rule in self.value["rules"] if rule["id"] == wanted), None)
        what = (
            f"no finding is called {wanted!r}" if rule is None else f"{wanted} has no finding, it is {rule['verdict']}"
        )
        ids = ", ".join(finding["id"] for _, finding in having)
        raise KitError(
            printable(what),
            where=str(self.file),
            remedy=printable(f"It has these: {ids}." if ids else "It has no findings at all: nothing was broken."),
        )

    def deliveries(self, finding: dict[str, Any], run: Run) -> Iterator[Delivery]:
        """The recorded bytes of a finding, with another run's id and nothing else fresh.

        Raises:
            KitError: Bytes are missing beside the report.
        """
        for exchange in finding["exchanges"]:
            body = self._body(exchange["body_file"]).replace(b"{run}", run.id.encode())
            message = re.search(re.escape(MARK + run.id).encode() + b"[0-9a-f]{16}", body)
            framing = dict(exchange.get("framing", {}))
            framing["chunks"] = tuple(framing.get("chunks", ()))
            yield Delivery(
                callback=finding["callback"],
                method=exchange["method"],
                headers=tuple((name, value.replace("{run}", run.id)) for name, value in exchange["headers"]),
                body=body,
                framing=Framing(**framing),
                ids=(message[0].decode(),) if message else (),
            )

    def _body(self, name: str) -> bytes:
        beside = self.file.parent
        # A report may come from anybody: only what the kit itself writes beside one is read and sent.
        if not re.fullmatch(r"findings/[\w.-]+\.body", name) or (beside / name).is_symlink():
            raise KitError(printable(f"{name!r} is no file of a finding"), where=str(self.file))
        try:
            return (beside / name).read_bytes()
        except OSError as error:
            raise KitError(
                f"the bytes of the finding cannot be read: {error.strerror}",
                where=str(beside / name),
                remedy=f"Keep {REPORT_FILE} and the directory findings/ together, as check wrote them.",
            ) from None


def read_report(path: Path) -> Recorded:
    """Reads a report, given by its file or its directory.

    Raises:
        KitError: There is none, it is cut off, or another version of the kit wrote it.
    """
    file = path / REPORT_FILE if path.is_dir() else path
    remedy = f"Give the {REPORT_FILE} that check --report-dir wrote, or its directory."
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise KitError("that is too large for a report", where=str(file), remedy=remedy)
        value = json.loads(file.read_bytes())
    except OSError as error:
        raise KitError(f"the report cannot be read: {error.strerror}", where=str(file), remedy=remedy) from None
    except (ValueError, RecursionError) as error:
        what = f"the report is no whole JSON document ({printable(str(error))[:200]})"
        raise KitError(what, where=str(file), remedy="Was it cut off? Copy it again, or run check again.") from None
    schema = json.loads(files("contract_tests").joinpath("schemas/report.schema.json").read_text(encoding="utf-8"))
    ours = schema["properties"]["schema_version"]["const"]
    theirs = value.get("schema_version") if isinstance(value, dict) else None
    if theirs is not None and theirs != ours:
        raise KitError(
            printable(f"the report has the schema version {str(theirs)[:40]!r}, and this kit reads {ours!r}"),
            where=str(file),
            remedy="Use the kit that wrote it, or run check again.",
        )
    flaw = next(jsonschema_rs.validator_for(schema).iter_errors(value), None)
    if flaw is not None:
        at = "/".join(map(str, ["", *flaw.instance_path]))
        raise KitError(
            printable(f"that is no report of this kit: {flaw.message[:200]} (at {at or 'its root'})"),
            where=str(file),
            remedy=remedy,
        )
    return Recorded(value, file)
