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
from callback_contract.openapi.text.message import Text

__all__ = ["load_plugin"]


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
        raise KitError(
            Text("error-receiver.no-python-file", file=str(file)),
            where="--plugin",
            remedy=Text("error-receiver.give-plugin"),
        )
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it may exit, as a script does
        raise KitError(
            Text(
                "error-receiver.plugin-does-not-run",
                file=str(file),
                place=_place_in(module, error),
                kind=type(error).__name__,
                why=str(error),
            ),
            where="--plugin",
        ) from error
    function = getattr(module, "read_back", None)
    if not callable(function):
        remedy = Text("error-receiver.write-read-back")
        raise KitError(Text("error-receiver.no-read-back-function", file=str(file)), where="--plugin", remedy=remedy)

    def read(message_id: str) -> Stored | None:
        asked = f"read_back({message_id!r})"
        try:
            value = function(message_id)
            value = dict(value) if hasattr(value, "keys") else value  # a row of a database, too
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # it may exit or skip, which is not a verdict
            place, kind = _place_in(module, error), type(error).__name__
            what = Text("error-receiver.plugin-failed", asked=asked, place=place, kind=kind)
            raise ReadBackError(what, where="--plugin", exit_code=3, private=str(error)) from error
        if value is None:
            return None
        if wrong := _why_not_stored(value):
            raise ReadBackError(
                Text("error-receiver.plugin-wrong", asked=asked, wrong=wrong),
                where="--plugin",
                remedy=Text("error-receiver.plugin-returns"),
                exit_code=3,
            )
        return Stored(words.get(value["state"], value["state"]), value.get("applied"), value.get("last", NOTHING_SHOWN))

    read.plugin = str(file)  # type: ignore[attr-defined]  # a report has the way of reading
    return read


def _why_not_stored(value: object) -> str:
    """Return the flaw of a plugin's result; empty for none."""
    if not isinstance(value, dict):
        return Text("error-receiver.returned-no-mapping", kind=type(value).__name__)
    if "state" not in value:
        has = printable(", ".join(map(repr, value))[:200]) or Text("error-receiver.nothing")
        return Text("error-receiver.mapping-without", lacking=repr("state"), has=has)
    for name, kind in (("state", str), ("applied", int)):
        if value.get(name) is None and name != "state":
            continue
        if not isinstance(value[name], kind) or isinstance(value[name], bool):
            return Text("error-receiver.returned-as", name=name, given=type(value[name]).__name__, wanted=kind.__name__)
    return ""


def _place_in(module: ModuleType, error: BaseException) -> str:
    """Return file and line of the plugin where an error came from; empty if elsewhere."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == module.__file__]
    return Text("error-receiver.at-line", file=str(module.__file__), line=str(lines[-1])) if lines else ""
