"""Remote documents: fetches the targets of references by http(s), each once, and only on request."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

from callback_contract.openapi.documents.yaml_file import MAX_BYTES, YamlFile, parsed
from callback_contract.openapi.reading.fetching import fetched
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text

__all__ = ["Remote"]

_MOST_FILES = 100
_MOST_BYTES = 2 * MAX_BYTES  # for all of them together
_MOST_S = 60.0  # for all of them together: a hundred slow documents would delay a pipeline for hours


class Remote:
    """The fetched documents by URL; a failed one is not requested again."""

    def __init__(self) -> None:
        self._files: dict[str, YamlFile | ContractError] = {}
        self._urls: dict[Path, str] = {}
        self._bytes = 0
        self._spent_s = 0.0

    def knows(self, file: YamlFile) -> bool:
        """Return whether a file came from the network."""
        return file.path in self._urls

    def base(self, file: YamlFile, url: str) -> None:
        """Set the URL from which the contract itself was fetched."""
        self._urls[file.path] = url
        self._files[urldefrag(url).url] = file

    def at(self, file: YamlFile, address: str) -> YamlFile:
        """Return the document at an address that is written in a file.

        Raises:
            ContractError: It cannot be fetched or read, or its scheme is not http(s).
        """
        url = urldefrag(urljoin(self._urls.get(file.path, ""), address)).url
        if url not in self._files:
            try:
                self._files[url] = self._fetched(url)
            except ContractError as error:
                self._files[url] = error
        found = self._files[url]
        if isinstance(found, ContractError):
            raise found
        return found

    def _fetched(self, url: str) -> YamlFile:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or parts.username or parts.password:
            raise ContractError(Text("error-contract.only-http"), remedy=Text("error-contract.mend-reference"))
        if len(self._files) >= _MOST_FILES or self._bytes > _MOST_BYTES:
            what = Text("error-contract.too-many-documents", documents=_MOST_FILES, most=_MOST_BYTES // 2**20)
            raise ContractError(what, remedy=Text("error-contract.bundle"))
        body = self._in_time(url)
        self._bytes += len(body)
        # Without its query, which may hold a secret; a number distinguishes two that differ only in it.
        shown, number = Path(f"{parts.netloc}{parts.path}"), 2
        while shown in self._urls:
            shown, number = Path(f"{parts.netloc}{parts.path}~{number}"), number + 1
        self._urls[shown] = url
        return parsed(body, shown, error=ContractError)

    def _in_time(self, url: str) -> bytes:
        """Return the bytes at a URL, within the time left for all documents."""
        too_long = ContractError(
            Text("error-contract.references-too-long", most_s=_MOST_S),
            remedy=Text("error-contract.bundle-or-copy"),
        )
        if self._spent_s >= _MOST_S:
            raise too_long
        begun = time.monotonic()
        try:
            return fetched(url, within_s=_MOST_S - self._spent_s)
        except ContractError:
            if self._spent_s + time.monotonic() - begun >= _MOST_S:
                raise too_long from None
            raise
        finally:
            self._spent_s += time.monotonic() - begun
