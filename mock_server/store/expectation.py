"""Gate of a pipeline: ends the mock when the expected deliveries have arrived, and reports the violations."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from callback_contract.mock_server.store.reader import Reader
from callback_contract.mock_server.store.stored_delivery import FORWARD, REFUSED, Filter, StoredDelivery
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.documents.output_files import replace_file
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import exact_json

__all__ = ["Expectation"]

_MOST_SHOWN = 50
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Expectation:
    """Counter of deliveries and violations since it was opened.

    Attributes:
        expect: The number of deliveries to wait for; None for any number.
        exit_on_violation: Whether the first violation ends it.
        strict: Whether an unknown member or value is a violation, too.
        formats: Whether a text of another form than its documented format is one.
    """

    reader: Reader
    expect: int | None
    exit_on_violation: bool
    strict: bool = False
    formats: bool = False

    def __post_init__(self) -> None:
        self.opened_after = self._seen = self.reader.last_id
        self.came = self.violating = 0

    def watch(self, stop: Callable[[], None]) -> None:
        """Call `stop` once enough deliveries are kept, in the writer's thread."""

        def look(_: int) -> None:
            if self.is_over():
                stop()

        self.reader.listen(look)

    def is_over(self) -> bool:
        """Read the new deliveries, and return whether they are enough."""
        while new := self.reader.after(self._seen, limit=1000):
            self._seen = new[-1].id
            self.came += len(new)
            self.violating += sum(map(self._violates, new))
        enough = self.expect is not None and self.came >= self.expect
        return enough or (self.exit_on_violation and self.violating > 0)

    @property
    def passed(self) -> bool:
        """Whether the expected number arrived, and nothing violated the contract."""
        return not self.violating and (self.expect is None or self.came >= self.expect)

    def _violates(self, arrival: StoredDelivery) -> bool:
        if self.formats and any(novelty.kind == "format" for novelty in arrival.novelties):
            return True
        return arrival.verdict == REFUSED or (self.strict and arrival.verdict == FORWARD)

    def told(self) -> list[str]:
        """Return the final lines of the command, without control characters."""
        came = Text("mock.came", count=self.came)
        if self.expect is not None and self.came <= self.expect:
            came = Text("mock.some-came", came=self.came, expected=self.expect)
        elif self.expect is not None:
            came = Text("mock.more-came", came=came, expected=self.expect)
        lines: list[str] = [Text("mock.concluded", came=came, count=self.violating)]
        shown = 0
        for verdict in (REFUSED, FORWARD):
            for arrival in self.reader.after(self.opened_after, Filter(verdict=verdict), limit=_MOST_SHOWN):
                lines.append(printable(arrival.told()))
                lines += [Text("mock.new", kind=n.kind, place=printable(n.pointer)) for n in arrival.novelties]
                shown += 1
        return lines if shown <= _MOST_SHOWN else lines[: 1 + _MOST_SHOWN]

    def write(self, directory: Path, contract: Contract) -> None:
        """Write `deliveries.json` and `junit.xml`.

        Deliveries that were forgotten meanwhile are only counted.

        Raises:
            KitError: The directory is not writable.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            arrivals = self._all()
            report = {
                "contract": {"title": contract.title, "version": contract.version, "digest": contract.digest},
                "expected": self.expect,
                "came": self.came,
                "violating": self.violating,
                "passed": self.passed,
                "deliveries": [_shown(arrival) for arrival in arrivals],
            }
            text = exact_json(report, indent=1)
            replace_file(directory / "deliveries.json", text.encode())
            replace_file(directory / "junit.xml", self._junit(arrivals).encode())
        except OSError as error:
            raise KitError(
                Text("error-mock.directory-unwritable", directory=str(directory), why=str(error.strerror)),
                where="--report-dir",
                remedy=Text("error-mock.writable-directory"),
            ) from None

    def _all(self) -> list[StoredDelivery]:
        arrivals: list[StoredDelivery] = []
        last = self.opened_after
        while last < self._seen and (some := self.reader.after(last, limit=200, whole=True)):
            arrivals += [arrival for arrival in some if arrival.id <= self._seen]
            last = some[-1].id
        return arrivals

    def _junit(self, arrivals: list[StoredDelivery]) -> str:
        short = self.expect is not None and self.came < self.expect
        root = ET.Element("testsuites", name="callback-contract mock")
        failures = sum(map(self._violates, arrivals)) + short
        counts = {"tests": str(len(arrivals) + 1), "failures": str(failures), "errors": "0", "skipped": "0"}
        suite = ET.SubElement(root, "testsuite", {"name": "deliveries", **counts})
        expected = ET.SubElement(suite, "testcase", classname="deliveries", name="as many came as expected")
        if short:
            ET.SubElement(expected, "failure", message=f"{self.came} of {self.expect} came")
        for arrival in arrivals:
            name = " ".join(filter(None, (f"#{arrival.id}", arrival.callback, arrival.state, arrival.message)))
            case = ET.SubElement(suite, "testcase", classname="deliveries", name=_clean(name))
            if self._violates(arrival):
                what = [f"{v.pointer or 'the body'}: {v.message}" for v in arrival.violations]
                what += [f"{n.pointer}: new {n.kind}" for n in arrival.novelties]
                ET.SubElement(case, "failure", message=_clean(arrival.verdict)).text = _clean("\n".join(what))
        ET.indent(root)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _shown(arrival: StoredDelivery) -> dict[str, Any]:
    told = asdict(arrival)
    told |= {"at": arrival.at.isoformat(), "answer": arrival.answer.decode("utf-8", "backslashreplace")}
    try:
        told["body"] = arrival.body.decode()
    except UnicodeDecodeError:
        told["body_base64"] = base64.b64encode(told.pop("body")).decode()
    return told


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
