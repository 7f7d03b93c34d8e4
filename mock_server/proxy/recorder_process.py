"""Recorder process of the proxy: takes records from a pipe, judges them by the contract, and keeps and shows them.

It is a process of its own, so that no error, no full disk and no lack of memory in it holds up a delivery. The proxy
starts it as `python -m`, with its options as JSON, and reads one line from it: where its inspector is, or why it ends.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from callback_contract.mock_server.inspector.app import Inspector
from callback_contract.mock_server.proxy.archives import HarFile, LinesFile, headers_in
from callback_contract.mock_server.proxy.masking import PassedMasker
from callback_contract.mock_server.proxy.record import Passed, records_in
from callback_contract.mock_server.receiver.guard import Guard
from callback_contract.mock_server.receiver.receiver import Receiver, Response
from callback_contract.mock_server.receiver.request import MAX_BODY_BYTES, Head, Request
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.store.recorder import Recorder
from callback_contract.mock_server.validation.error_details import Violation
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.mock_server.wire.masks import Masked
from callback_contract.openapi.cli.contract_options import contract_of
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import printable
from callback_contract.openapi.text.spoken import spoken

__all__ = ["main"]

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_HOP = b"content-length transfer-encoding".split()
_MOST_HEADS = 256
_UNMASKABLE = Assessment(None, "unmaskable", None, (Violation("", Text("proxy.left-out")),))


def main() -> int:
    """Record until the pipe is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the proxy ends it by the pipe, when all is written
    options: dict[str, Any] = json.loads(sys.argv[1])
    with contextlib.ExitStack() as stack:
        try:
            keeping, told = _started(options, stack)
        except KitError as error:
            _tell({"error": spoken(error.text), "exit_code": error.exit_code})
            return error.exit_code
        _tell(told)
        for passed in records_in(sys.stdin.buffer):
            keeping.add(passed)
    return 0


def _tell(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _complain(text: Text) -> None:
    sys.stderr.write(printable(spoken(text)) + "\n")


def _started(options: Mapping[str, Any], stack: contextlib.ExitStack) -> tuple[_Keeping, dict[str, Any]]:
    contract = contract_of(options, quietly=True)
    receiver = Receiver(contract)
    recorder = stack.enter_context(
        Recorder(
            contract,
            Path(options["store"]) if options["store"] else None,
            keep=options["keep"],
            keep_bytes=options["keep_bytes"],
            trouble=_complain,
        )
    )
    files: list[HarFile | LinesFile] = []
    if options["har"]:
        files.append(HarFile(options["har"], options["to"]))
    if options["jsonl"]:
        files.append(LinesFile(options["jsonl"]))
    for file in files:
        stack.callback(file.close)
    masker = PassedMasker(Masked.of(options["mask"], contract), contract) if options["mask"] else None
    told: dict[str, Any] = {"found": recorder.found, "inspector": ""}
    if options["inspect"]:
        # It takes no delivery: the pages are all that it serves, and nothing sent to it is recorded.
        shown = Receiver(contract, path="/-")
        base = stack.enter_context(served(shown))
        shown.pages = Inspector(receiver, recorder.reader, options["front"], Guard(loopback=True))
        told["inspector"] = base + receiver.prefix
    return _Keeping(receiver, recorder, files, masker), told


class _Keeping:
    """Keeper of what passed."""

    def __init__(
        self, receiver: Receiver, recorder: Recorder, files: list[HarFile | LinesFile], masker: PassedMasker | None
    ) -> None:
        self._receiver, self._recorder, self._files, self._masker = receiver, recorder, files, masker
        self._heads: dict[bytes, Head] = {}

    def add(self, passed: Passed) -> None:
        """Keep one exchange; an error of the kit costs the record and no other one."""
        try:
            self._add(passed)
        except Exception as error:
            _complain(Text("proxy.not-recorded", why=repr(error)[:200]))

    def _add(self, passed: Passed) -> None:
        head, assessment = self._head(passed.head), None
        if self._masker is not None:  # everything below sees the masks alone
            plain = _decoded(Request.with_head(head, passed.body[: MAX_BODY_BYTES + 1], 0), head)
            masked = self._masker.masked(passed, plain.media_type, plain.body)
            if masked is None:
                masked, assessment = self._masker.without_body(passed), _UNMASKABLE
            passed = masked
            head = self._head(passed.head)
        request = Request.with_head(head, passed.body[: MAX_BODY_BYTES + 1], 0)
        assessment = assessment or self._receiver.assessed(_decoded(request, head))
        request.arrived = time.perf_counter() - passed.elapsed_s
        headers = [(n, v) for n, v in headers_in(passed.answer_head) if n.lower() not in _HOP]
        texts = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        wire = "" if passed.status else "reset"
        reply = Response(passed.status, passed.answer_body, headers=texts, wire=wire)
        self._recorder.observe(request, assessment, reply, passed.at)
        for file in self._files:
            file.add(passed, head, None if assessment is _UNMASKABLE else passed.body)

    def _head(self, raw: bytes) -> Head:
        """Return a parsed head; senders repeat theirs."""
        head = self._heads.get(raw)
        if head is None:
            method, target, _ = raw.partition(b"\r\n")[0].split(b" ", 2)
            path = unquote(target.partition(b"?")[0].decode("latin-1"))
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            head = self._heads[raw] = Head(method.decode("latin-1"), path, headers_in(raw), target)
        return head


def _decoded(request: Request, head: Head) -> Request:
    """Return the request with its body decompressed, as the receiver reads it."""
    coding = next((value.strip().lower() for name, value in head.headers if name.lower() == "content-encoding"), "")
    if coding not in _WINDOWS:
        return request
    try:
        body = zlib.decompressobj(_WINDOWS[coding]).decompress(request.body, MAX_BODY_BYTES + 1)
    except zlib.error:
        return request
    return Request.with_head(head, body, 0)


if __name__ == "__main__":
    sys.exit(main())
