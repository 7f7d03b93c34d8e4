"""Signature plugin: a user's Python file that makes a signature which no template can say."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["signature_function"]


@functools.cache
def signature_function(path: str) -> Callable[[bytes, Any], str]:
    """Load `signature(key, request)` from a file.

    `key` is bytes; `request` has `method`, `url`, `path`, `body` (bytes), `message_id` and `timestamp`.

    Raises:
        KitError: There is no such file or function, or the file does not run.
    """
    import importlib.util

    file = Path(path)
    spec = importlib.util.spec_from_file_location(f"callback_contract_signature_{file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise _unusable(Text("error-signing.no-plugin-file", file=str(file)))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it may exit, as a script does
        raise _failed("plugin-does-not-run", file, error, exit_code=2) from error
    function = getattr(module, "signature", None)
    if not callable(function):
        raise _unusable(Text("error-signing.no-plugin-function", file=str(file)))

    def signature(key: bytes, request: Any) -> str:
        try:
            text = function(key, request)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise _failed("plugin-failed", file, error, exit_code=3) from error
        if not isinstance(text, str) or not text.isascii() or not text.isprintable():
            kind = type(text).__name__
            raise _unusable(Text("error-signing.plugin-returned", file=str(file), kind=kind), exit_code=3)
        return text

    return signature


def _unusable(what: Text, *, exit_code: int = 2) -> KitError:
    where, remedy = Text("error-signing.of-plugin"), Text("error-signing.write-plugin")
    return KitError(what, where=where, remedy=remedy, exit_code=exit_code)


def _failed(key: str, file: Path, error: BaseException, *, exit_code: int) -> KitError:
    """Return the error with its line in the plugin; the text of the exception may hold the key."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    line = getattr(error, "lineno", None) or (lines[-1] if lines else 1)  # a syntax error has its own
    return KitError(
        Text(f"error-signing.{key}", file=str(file), line=line or 1, error=type(error).__name__),
        where=Text("error-signing.of-plugin"),
        remedy=Text("error-signing.mend-plugin"),
        exit_code=exit_code,
        private=str(error),
    )
