"""Plugin loader: loads a partner's own read-back, and reports its mistakes as the plugin's."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from callback_contract.contract_tests.model.observations import NOTHING_SHOWN, ReadBack, Stored
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.errors import KitError

__all__ = ["load_plugin"]

_PLUGIN_RETURNS = (
    "read_back has to return None for an unknown message, or {'state': text, 'applied': how many callbacks took"
    " effect}, with 'last' where it is stored."
)


def load_plugin(file: Path, words: Mapping[str, str]) -> ReadBack:
    """Load a partner's own read-back from a Python file.

    The file defines `read_back(message_id)`, which returns None or a mapping with `state`, `applied` and, where it is
    stored, `last`.

    Raises:
        KitError: There is no such file or function, or the file does not run.
    """
    import importlib.util

    spec = importlib.util.spec_from_file_location("callback_contract_plugin", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise KitError(f"{file} is no Python file", where="--plugin", remedy="Give a file that defines read_back(id).")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it may exit, as a script does
        raise KitError(
            f"{file} does not run{_place_in(module, error)}: {type(error).__name__}: {error}", where="--plugin"
        ) from error
    function = getattr(module, "read_back", None)
    if not callable(function):
        remedy = "Write def read_back(message_id): …"
        raise KitError(f"{file} defines no function read_back", where="--plugin", remedy=remedy)

    def read(message_id: str) -> Stored | None:
        asked = f"read_back({message_id!r})"
        try:
            value = function(message_id)
            value = dict(value) if hasattr(value, "keys") else value  # a row of a database, too
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # it may exit or skip, which is not a verdict
            what = f"{asked} failed{_place_in(module, error)}: {type(error).__name__}"
            raise ReadBackError(what, where="--plugin", exit_code=3, private=str(error)) from error
        if value is None:
            return None
        if wrong := _why_not_stored(value):
            raise ReadBackError(f"{asked} {wrong}", where="--plugin", remedy=_PLUGIN_RETURNS, exit_code=3)
        return Stored(words.get(value["state"], value["state"]), value["applied"], value.get("last", NOTHING_SHOWN))

    read.plugin = str(file)  # type: ignore[attr-defined]  # a report has the way of reading
    return read


def _why_not_stored(value: object) -> str:
    """Return the flaw of a plugin's result; empty for none."""
    if not isinstance(value, dict):
        return f"returned {type(value).__name__}, and no mapping"
    lacking = [name for name in ("state", "applied") if name not in value]
    if lacking:
        has = ", ".join(map(repr, value)) or "nothing"
        return f"returned a mapping without {' and '.join(map(repr, lacking))}; it has {printable(has[:200])}"
    for name, kind in (("state", str), ("applied", int)):
        if not isinstance(value[name], kind) or isinstance(value[name], bool):
            return f"returned {name!r} as {type(value[name]).__name__}, and not as {kind.__name__}"
    return ""


def _place_in(module: ModuleType, error: BaseException) -> str:
    """Return file and line of the plugin where an error came from; empty if elsewhere."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == module.__file__]
    return f" at {module.__file__}:{lines[-1]}" if lines else ""
