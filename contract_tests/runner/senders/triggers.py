"""Triggers: make a sender under test deliver, by a command, by an HTTP request, or by a function."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

from callback_contract.contract_tests.target.process_group import kill_group, popen_group, terminate_group
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import printable, shell_word

__all__ = ["CallTrigger", "CommandTrigger", "Started", "Trigger", "UrlTrigger", "is_each", "knows_urls"]

_ANSWER_S = 30.0
_LONGEST = 200


class Started(Protocol):
    """A trigger that was pulled."""

    def ended(self) -> bool:
        """Whether it has done what it does."""

    def failure(self) -> Text | None:
        """How it failed; None where it did not."""

    def stop(self) -> None:
        """End what is left of it."""


class Trigger(Protocol):
    """What makes the sender deliver."""

    @property
    def option(self) -> str:
        """The option that names it."""

    def start(self, values: Mapping[str, str]) -> Started:
        """Pull it; `values` fill its placeholders."""


def is_each(text: str) -> bool:
    """Whether a trigger is pulled for each endpoint, since it names the URL of one."""
    return "{url}" in text


def knows_urls(text: str) -> bool:
    """Whether a trigger names the URLs of the endpoints, one or all."""
    return "{url}" in text or "{urls}" in text


def _filled(text: str, values: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
    for name, value in values.items():
        words = " ".join(map(quote, value.split(" "))) if name == "urls" else quote(value)
        text = text.replace(f"{{{name}}}", words)
    return text


@dataclass(frozen=True)
class CommandTrigger:
    """A command for the shell."""

    text: str
    option: str = "--trigger"

    def start(self, values: Mapping[str, str]) -> Started:
        """Start it in a session of its own."""
        errors = tempfile.TemporaryFile()  # noqa: SIM115  # the process writes to it as long as it lives
        process = popen_group(  # noqa: S604  # it is the user's own command
            _filled(self.text, values, shell_word),
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, "CALLBACK_URL": values["url"]},
        )
        return _Process(process, errors)


@dataclass(frozen=True)
class _Process:
    _process: subprocess.Popen[bytes]
    _errors: IO[bytes]

    def ended(self) -> bool:
        return self._process.poll() is not None

    def failure(self) -> Text | None:
        code = self._process.poll()
        if not code:
            return None
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        said = printable(lines[-1])[:_LONGEST] if lines else ""
        return (
            Text("sender.trigger-exit-says", code=code, said=said) if said else Text("sender.trigger-exit", code=code)
        )

    def stop(self) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                terminate_group(self._process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                kill_group(self._process)
            self._process.wait()
        self._errors.close()


class CallTrigger:
    """A function that delivers, called in a thread of its own."""

    option = "trigger"

    def __init__(self, call: Callable[[Mapping[str, str]], None]) -> None:
        self._call = call

    def start(self, values: Mapping[str, str]) -> Started:
        """Call it."""
        return _Call(self._call, values)


class _Call:
    def __init__(self, call: Callable[[Mapping[str, str]], Any], values: Mapping[str, str]) -> None:
        self._failure: Text | None = None

        def run() -> None:
            try:
                call(values)
            except Exception as error:
                self._failure = Text("sender.trigger-said", why=f"{type(error).__name__}: {error}"[:_LONGEST])

        self._thread = threading.Thread(target=run, name="trigger", daemon=True)
        self._thread.start()

    def ended(self) -> bool:
        return not self._thread.is_alive()

    def failure(self) -> Text | None:
        return self._failure

    def stop(self) -> None:
        """Leave it: a request ends by its own time-out."""


@dataclass(frozen=True)
class UrlTrigger:
    """A POST to a URL of the sender; what is in braces is filled in URL and body.

    Attributes:
        body: JSON; empty for an object with the values.
    """

    url: str
    body: str = ""
    option: str = "--trigger-url"

    def start(self, values: Mapping[str, str]) -> Started:
        """Send it."""
        return _Call(self._post, values)

    def _post(self, values: Mapping[str, str]) -> None:
        import json
        from urllib.parse import quote

        import urllib3

        told = {key: value.split(" ") if key == "urls" else value for key, value in values.items()}
        body = _filled(self.body, values) if self.body else json.dumps(told)
        answer = urllib3.request(
            "POST",
            _filled(self.url, values, lambda text: quote(text, safe="")),
            body=body.encode(),
            headers={"Content-Type": "application/json", "User-Agent": "callback-contract"},
            timeout=_ANSWER_S,
            retries=False,
        )
        if not 200 <= answer.status < 300:
            raise OSError(f"it answered {answer.status}")
