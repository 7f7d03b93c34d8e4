"""Recorded findings: reads a report with its findings and the bytes beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from callback_contract.contract_tests.reporting.model.report_file import read_report_file
from callback_contract.contract_tests.reporting.model.reproduction import REPORT_FILE
from callback_contract.mock_server.wire.delivery import Delivery, Framing, printable
from callback_contract.mock_server.wire.identity import MARK, Run
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["ReportFile", "read_report"]


@dataclass(frozen=True)
class ReportFile:
    """A report as it was written."""

    value: dict[str, Any]
    file: Path

    def chosen(self, wanted: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return the rule and the finding of an id; all findings for a rule's id.

        Raises:
            KitError: The report has no such finding; the message lists the existing ones.
        """
        having = [(rule, finding) for rule in self.value["rules"] for finding in rule["findings"]]
        found = [pair for pair in having if wanted in {pair[0]["id"], pair[1]["id"]}]
        if found:
            return found
        rule = next((rule for rule in self.value["rules"] if rule["id"] == wanted), None)
        if rule is None:
            what = Text("error-report.no-finding", name=wanted)
        else:
            what = Text("error-report.rule-without-finding", rule=wanted, verdict=rule["verdict"])
        ids = ", ".join(finding["id"] for _, finding in having)
        raise KitError(
            what.with_words(printable),
            where=str(self.file),
            remedy=(
                Text("error-report.has-findings", ids=printable(ids)) if ids else Text("error-report.has-no-findings")
            ),
        )

    def deliveries(self, finding: dict[str, Any], run: Run) -> Iterator[Delivery]:
        """Yield the recorded bytes of a finding, with a new run id and no other change.

        Raises:
            KitError: A file is missing beside the report.
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
                query=tuple((name, text.replace("{run}", run.id)) for name, text in self._added(finding, exchange)),
                framing=Framing(**framing),
                ids=(message[0].decode(),) if message else (),
            )

    def _added(self, finding: dict[str, Any], exchange: dict[str, Any]) -> list[tuple[str, str]]:
        """The parameters that a delivery added to its URL; the URL's own stand in the report without their values."""
        receiver = self.value["receiver"]
        own = _query_of(receiver.get("urls", {}).get(finding["callback"], receiver["url"]))
        return [pair for pair in _query_of(exchange["url"]) if pair not in own]

    def _body(self, name: str) -> bytes:
        beside = self.file.parent
        # A report may be foreign: only the files of the kit beside it are read and sent.
        if not re.fullmatch(r"findings/[\w.-]+\.body", name) or _leads_away(beside, name):
            raise KitError(Text("error-report.no-finding-file", name=name).with_words(printable), where=str(self.file))
        try:
            return (beside / name).read_bytes()
        except OSError as error:
            raise KitError(
                Text("error-report.finding-unreadable", why=str(error.strerror)),
                where=str(beside / name),
                remedy=Text("error-report.keep-together", report=REPORT_FILE),
            ) from None


def _query_of(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def _leads_away(beside: Path, name: str) -> bool:
    return (beside / name).is_symlink() or (beside / name).parent.is_symlink()


def read_report(path: Path) -> ReportFile:
    """Read a report, given by its file or its directory.

    Raises:
        KitError: It does not exist, is truncated, or is of another version of the kit.
    """
    return ReportFile(*read_report_file(path))
