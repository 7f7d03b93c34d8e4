"""Mock receiver for a partner's own tests: starts in one line, records deliveries and responds by script.

>>> from urllib.request import Request, urlopen
>>> from callback_contract.mock_server import MockReceiver
>>> with MockReceiver() as mock:
...     mock.answers("202")
...     request = Request(mock.url, b"{}", {"Content-Type": "application/json"}, method="POST")
...     try:
...         urlopen(request)
...     except OSError as error:
...         print(error.code)
...     [delivery] = mock.wait_for(count=1)
422
>>> delivery.accepted, delivery.json, delivery.violations[0].pointer
(False, {}, '')
"""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path
from types import TracebackType

from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Pages, Receiver
from callback_contract.mock_server.receiver.scripted_responses import Scripted
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.store.recorder import KEEP, KEEP_BYTES, Recorder
from callback_contract.mock_server.store.restored_state import restore
from callback_contract.mock_server.store.stored_delivery import Filter, StoredDelivery
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.contract.loading import CONTRACT_FILE, load_contract
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["DidNotArrive", "MockReceiver"]

_MOST_LISTED = 20
_LOG = logging.getLogger("mock_server")


class DidNotArrive(AssertionError):
    """The expected deliveries did not arrive in time; lists those that did."""


class MockReceiver:
    """A receiver on a free port of this machine while a `with` block runs.

    Args:
        path: The only path at which it takes deliveries; None for any.
        fault: A rule's id; the receiver breaks exactly this rule.
        script: Its responses, see `callback-contract mock --help`; `answers` changes them.
        delay_s: Delay of every response in seconds.
        drop: Share of deliveries whose connection is closed without a response.
        contract: Another contract than the built-in one.
        store: A file that keeps deliveries; None for memory.
        inspector: Whether a page at `inspector_url` shows the deliveries, as while a test is at a breakpoint.

    Raises:
        KitError: An argument is invalid.
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        fault: str | None = None,
        script: str = "",
        delay_s: float = 0.0,
        drop: float = 0.0,
        contract: str | Path | None = None,
        store: str | Path | None = None,
        keep: int = KEEP,
        keep_bytes: int = KEEP_BYTES,
        inspector: bool = False,
    ) -> None:
        if fault is not None and fault.upper() not in FAULTS:
            raise KitError(
                Text("error-mock.no-fault", fault=fault), where="fault", remedy=Text("error-mock.mock-lists-faults")
            )
        if path is not None and not path.startswith("/"):
            raise KitError(
                Text("error-mock.no-path", path=path), where="path", remedy=Text("error-mock.write-path", path=path)
            )
        self.contract = load_contract(contract or CONTRACT_FILE)
        self._script = Scripted(self.contract, script, delay_s=delay_s, drop=drop)
        self._script.in_place = False  # `answers` may be called at any time
        self._path = path
        self._receiver = Receiver(
            self.contract, path=path, fault=FAULTS[fault.upper()] if fault else None, script=self._script
        )
        self._store, self._keep, self._keep_bytes = Path(store) if store else None, keep, keep_bytes
        self._open = contextlib.ExitStack()
        self._url, self._base, self._inspector = "", "", inspector
        self._recorder: Recorder | None = None

    def __enter__(self) -> MockReceiver:
        with contextlib.ExitStack() as opening:
            # Nothing is redacted: the tests belong to the sender of the credentials.
            bounds = {"keep": self._keep, "keep_bytes": self._keep_bytes}
            recorder = Recorder(self.contract, self._store, **bounds, redact=False, trouble=_LOG.warning)
            self._recorder = opening.enter_context(recorder)
            restore(self._receiver, recorder.reader)
            self._receiver.on_exchange, self._receiver.keeper = recorder.observe, recorder.keeper
            self._base = opening.enter_context(served(self._receiver))
            self._url = self._base + (self._path or "/")
            if self._inspector:
                self._receiver.pages = self._page(recorder)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        self._recorder = None

    @property
    def url(self) -> str:
        """The URL for deliveries."""
        return self._url

    @property
    def inspector_url(self) -> str:
        """The URL of the page with the deliveries, for a browser of this machine.

        Raises:
            KitError: There is no such page.
        """
        if not self._inspector:
            raise KitError(
                Text("error-mock.no-inspector"), where="MockReceiver", remedy=Text("error-mock.start-inspector")
            )
        _ = self._reading
        return self._base + self._receiver.prefix

    def _page(self, recorder: Recorder) -> Pages:
        from callback_contract.mock_server.inspector.app import Inspector
        from callback_contract.mock_server.receiver.guard import Guard

        return Inspector(self._receiver, recorder.reader, self._base, Guard(loopback=True))

    @property
    def deliveries(self) -> tuple[StoredDelivery, ...]:
        """All kept deliveries in the order of arrival."""
        return tuple(self._fitting(Filter()))

    def answers(self, script: str = "") -> None:
        """Respond by a script from now on; without one, by the contract.

        Raises:
            KitError: The script is invalid.
        """
        self._script.play(script)

    def wait_for(
        self,
        *,
        count: int = 1,
        state: str | None = None,
        message: str | None = None,
        callback: str | None = None,
        verdict: str | None = None,
        timeout: float = 5.0,
    ) -> tuple[StoredDelivery, ...]:
        """Wait for `count` matching deliveries; return the matching ones in order.

        Raises:
            DidNotArrive: They did not arrive within `timeout` seconds; lists the others.
        """
        wanted = Filter(state=state, message=message, callback=callback, verdict=verdict)
        end = time.monotonic() + timeout
        while True:
            last = self._reading.reader.last_id
            found = self._fitting(wanted)
            if len(found) >= count:
                return tuple(found)
            left = end - time.monotonic()
            if left <= 0:
                raise DidNotArrive(self._missed(count, wanted, len(found), timeout))
            self._reading.reader.wait(last, left)

    @property
    def _reading(self) -> Recorder:
        if self._recorder is None:
            raise KitError(
                Text("error-mock.mock-not-running"), where="MockReceiver", remedy=Text("error-mock.use-with")
            )
        return self._recorder

    def _fitting(self, wanted: Filter) -> list[StoredDelivery]:
        found: list[StoredDelivery] = []
        while some := self._reading.reader.after(found[-1].id if found else 0, wanted, limit=500, whole=True):
            found += some
        return found

    def _missed(self, count: int, wanted: Filter, came: int, timeout_s: float) -> str:
        asked = ", ".join(f"{name}={value!r}" for name, value in vars(wanted).items() if value is not None)
        newest = self._reading.reader.page(limit=_MOST_LISTED)
        lines = [f"{came} of {count} deliveries{' with ' if asked else ''}{asked} came within {timeout_s:g} s"]
        lines += ["nothing else came" if not newest else "what came:"]
        lines += ["  " + printable(arrival.told()) for arrival in reversed(newest)]
        return "\n".join(lines)
