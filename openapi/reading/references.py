"""Reference resolver of a foreign document: follows references inside its files and below its folder only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.reading.remote_documents import Remote
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["Fault", "Faulty", "Library", "Place"]

_MOST_STEPS = 50  # references that lead to references


@dataclass(frozen=True, eq=False)
class Fault:
    """A mistake in a document, or an unsupported part, with its place."""

    file: YamlFile = field(repr=False)
    pointer: str
    what: str
    remedy: str = ""

    @property
    def place(self) -> str:
        """File, line and JSON pointer."""
        return self.file.place(self.pointer)

    def __str__(self) -> str:
        return f"{self.what} ({self.place})"


class Faulty(Exception):
    """Stops the reading of one callback."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.what)


@dataclass(frozen=True, eq=False)
class Place:
    """A value in one of the files."""

    file: YamlFile = field(repr=False)
    pointer: str
    value: jp.Json = field(repr=False)

    @property
    def key(self) -> tuple[Path, str]:
        """A key that is equal for equal places."""
        return self.file.path, self.pointer

    def child(self, *parts: str | int) -> Place:
        """The place of a member or an item that exists."""
        value = self.value
        for part in parts:
            value = value[part]
        return Place(self.file, self.pointer + jp.join(parts), value)

    def members(self, key: str) -> list[tuple[str, Place]]:
        """The members of the object under a key; none when it is absent or no object."""
        inside = self.value.get(key) if isinstance(self.value, Mapping) else None
        return [(name, self.child(key, name)) for name in inside] if isinstance(inside, Mapping) else []

    def fault(self, what: str, remedy: str = "") -> Fault:
        """Return a fault at this place."""
        return Fault(self.file, self.pointer, what, remedy)


class Library:
    """The files of one contract, each read when a reference first leads into it.

    Args:
        root: The document that was named.
        folder: The folder of files that it may refer to; None without a folder (standard input, a URL).
        remote: Fetches documents by http(s); None when none may be fetched.
    """

    def __init__(self, root: YamlFile, folder: Path | None, remote: Remote | None = None) -> None:
        self.root = root
        self._remote = remote
        self._folder = folder.resolve() if folder else None
        self._files = {root.path.resolve(): root} if folder else {}

    def is_old(self, file: YamlFile) -> bool:
        """Return whether a file is OpenAPI 3.0, whose schemas are not JSON Schema."""
        own = file.value.get("openapi") if isinstance(file.value, Mapping) else None
        return str(own or self.root.value.get("openapi", "")).startswith("3.0")

    def target(self, place: Place, reference: str) -> Place:
        """Return the target of a reference at a place.

        Raises:
            Faulty: It leads nowhere, out of the folder, or to the network.
        """
        address, _, fragment = reference.partition("#")
        file = self._file(place, address) if address else place.file
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            raise Faulty(
                place.fault(
                    Text("error-contract.named-anchor", reference=reference), Text("error-contract.write-json-pointer")
                )
            )
        value = file.value
        for token in jp.tokens(pointer):
            try:
                value = jp.get(value, jp.join([token]))
            except LookupError:
                near = nearest(token, value) if isinstance(value, Mapping) else []
                hint = did_you_mean(near) or Text("error-contract.mend-pointer")
                what = Text("error-contract.reference-to-nothing", reference=reference)
                raise Faulty(place.fault(what, hint)) from None
        return Place(file, pointer, value)

    def followed(self, place: Place) -> Place:
        """Return the place itself, or the final target of its `$ref`."""
        begun = place
        for _ in range(_MOST_STEPS):
            reference = place.value.get("$ref") if isinstance(place.value, Mapping) else None
            if not isinstance(reference, str):
                return place
            place = self.target(place, reference)
        raise Faulty(begun.fault(Text("error-contract.references-in-a-ring"), Text("error-contract.lead-to-value")))

    def _file(self, place: Place, address: str) -> YamlFile:
        is_remote = urlsplit(address).scheme not in {"", "file"} or address.startswith("//")
        if self._remote is not None and (is_remote or self._remote.knows(place.file)):
            # A document of the network never refers to files of this machine.
            try:
                return self._remote.at(place.file, address)
            except (ContractError, ValueError) as error:
                what, remedy = (error.what, error.remedy) if isinstance(error, ContractError) else (str(error), "")
                raise Faulty(
                    place.fault(Text("error-contract.reference-fault", reference=address, what=what), remedy)
                ) from None
        if is_remote:
            raise Faulty(
                place.fault(
                    Text("error-contract.reference-to-network", reference=address),
                    Text("error-contract.bundle-or-fetch"),
                )
            )
        if self._folder is None:
            what = Text("error-contract.reference-to-file", reference=address)
            raise Faulty(place.fault(what, Text("error-contract.bundle-or-fetch")))
        path = (place.file.path.parent / unquote(address.removeprefix("file:"))).resolve()
        if not path.is_relative_to(self._folder):
            what = Text("error-contract.reference-leaves-folder", reference=address)
            raise Faulty(place.fault(what, Text("error-contract.only-beside")))
        if path not in self._files:
            shown = place.file.path.parent / unquote(address)
            try:
                found = read_yaml(path, error=ContractError)
            except ContractError as error:
                raise Faulty(
                    place.fault(
                        Text("error-contract.reference-fault", reference=address, what=error.what), error.remedy
                    )
                ) from None
            self._files[path] = YamlFile(shown, found.text, found.value)
        return self._files[path]
