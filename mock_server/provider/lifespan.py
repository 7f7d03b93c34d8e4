"""ASGI lifespan runner: runs an application in its own event loop, from its startup to its shutdown.

An application with a lifespan is started at its first callback, keeps its resources from one callback to the next, and
is stopped by `close`. An application without one gets a fresh loop for each callback.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, reworded

__all__ = ["Apps"]

_PATIENCE_S = 60.0
_INSIDE: contextvars.ContextVar[tuple[_Life, ...]] = contextvars.ContextVar("inside", default=())
"""Applications that are running around the current code, also in their threads."""

_T = TypeVar("_T")
Call = Callable[[dict[str, Any]], Coroutine[Any, Any, _T]]
"""Makes a request of the application; receives the scope members of the lifespan."""


class Apps:
    """The running applications."""

    def __init__(self) -> None:
        self._started: dict[int, _Life] = {}
        self._lock = threading.RLock()

    def run(self, app: Any, call: Call[_T]) -> _T:
        """Run a request to its end; start the application first if necessary.

        Raises:
            KitError: The application reports a failed startup, or is silent for a minute; or it
                makes the request itself, and would wait for itself.
        """
        if any(life.owner is self and life.app is app and life.busy for life in _INSIDE.get()):
            raise KitError(
                Text("error-send.callback-before-itself"),
                where="app",
                remedy=Text("error-send.waits-for-ever"),
            )
        life = self._life(app)
        try:
            return life.run(call(life.told()))
        finally:
            if not life.supported:
                life.end()

    def _life(self, app: Any) -> _Life:
        with self._lock:  # callbacks may come from several threads, and it is started once
            life = self._started.get(id(app))
            if life is None:
                life = _Life(app, self)
                try:
                    if life.run(life.start()):
                        self._started[id(app)] = life
                except BaseException:
                    life.end()
                    raise
        return life

    def close(self) -> None:
        """Stop the running applications, the last one first.

        Raises:
            KitError: An application reports a failed shutdown.
        """
        trouble: KitError | None = None
        while self._started:
            _, life = self._started.popitem()
            try:
                life.run(life.stop())
            except KitError as error:
                trouble = error
            finally:
                life.end()
        if trouble is not None:
            raise trouble


class _Life:
    """One application in its event loop."""

    def __init__(self, app: Any, owner: Apps) -> None:
        self.app, self.owner = app, owner
        self.supported = False
        self.reentrant = False  # an application without a lifespan has a loop for each callback
        self._state: dict[str, Any] = {}
        self._loop = asyncio.new_event_loop()
        self._turn = threading.Lock()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a further request has to wait for the running one."""
        return self._turn.locked() and not self.reentrant

    def told(self) -> dict[str, Any]:
        """The scope members of a request from the lifespan; each gets a copy (ASGI)."""
        return {"state": dict(self._state)} if self.supported else {}

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine in the application's loop; in this thread where it is free."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._run(coroutine)
        # Called inside a coroutine: a running loop cannot be entered again, so another thread runs the application's.
        with ThreadPoolExecutor(1) as other:
            return other.submit(self._run, coroutine).result()

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        with self._turn:  # a loop runs in one thread at a time: a second thread waits
            before = _INSIDE.set((*_INSIDE.get(), self))
            try:
                return self._loop.run_until_complete(coroutine)
            finally:
                _INSIDE.reset(before)

    async def start(self) -> bool:
        """Start the application; return False when it has no lifespan."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        self._task = asyncio.ensure_future(self.app(scope, self._told.get, self._said.put))
        said = await self._asked("startup")
        self.supported = said == "lifespan.startup.complete"
        self.reentrant = not self.supported
        return self.supported

    async def stop(self) -> None:
        """Let the application shut down."""
        await self._asked("shutdown")

    async def _asked(self, event: str) -> str:
        """Send the application an event; return its reply, or "" if it ended without one."""
        assert self._task is not None
        self._told.put_nowait({"type": f"lifespan.{event}"})
        heard = asyncio.ensure_future(self._said.get())
        done, _ = await asyncio.wait({heard, self._task}, timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise _stuck(event, Text("error-send.said-nothing", patience=_PATIENCE_S))
        if heard not in done and self._said.empty():
            heard.cancel()
            if not self._task.cancelled():
                self._task.exception()  # an exception at an unknown scope is allowed and means no lifespan
            return ""
        message = await heard
        if message["type"] == f"lifespan.{event}.failed":
            cause = None
            if await asyncio.wait({self._task}, timeout=1) and self._task.done() and not self._task.cancelled():
                cause = self._task.exception()
            lines = [line.strip() for line in str(message.get("message", "")).splitlines() if line.strip()]
            told = lines[-1] if lines else repr(cause) if cause else Text("error-send.no-reason")
            raise _stuck(event, reworded(told, printable)) from cause
        return str(message["type"])

    def end(self) -> None:
        """End the remaining tasks and close the loop."""

        async def rest() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.get_running_loop().shutdown_asyncgens()
            await asyncio.get_running_loop().shutdown_default_executor()

        self.run(rest())
        self._loop.close()


def _stuck(event: str, why: str) -> KitError:
    could = Text("error-send.start" if event == "startup" else "error-send.end")
    return KitError(
        Text("error-send.lifespan-failed", could=could, why=why),
        where="app",
        remedy=Text("error-send.lifespan-event", event=event),
    )
