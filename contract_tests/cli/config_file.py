"""Configuration file: defines its keys, and checks and converts their values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import click

from callback_contract.mock_server.cli.target_options import Lines
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.secret_names import is_secret_parameter
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = [
    "OWN_FILE",
    "Setting",
    "Settings",
    "keys_of",
    "line_of",
    "near",
    "parsed",
    "setting_of",
    "settings_for",
    "text_of_file",
    "value_of",
    "variables_in",
]

OWN_FILE = "callback-contract.toml"
_TABLE = "callback-contract"
_VARIABLE = re.compile(r"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}")  # `$${NAME}` stays `${NAME}`
_URL = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z0-9+.-]++://.*", re.DOTALL)


@dataclass
class Setting:
    """One value of the file, as it stands there; `where` adds its key to its place."""

    raw: Any
    place: str
    where: str


@dataclass
class Settings:
    """What a file says about one command."""

    file: Path | None = None
    found: dict[str, Setting] = field(default_factory=dict)


def settings_for(command: click.Command, name: str, names: tuple[str, ...], asked: str | None) -> Settings:
    """Reads a command's section of the file that was asked for, or of the working directory's.

    Raises:
        KitError: The file cannot be read, or something in it is unknown, of another type, or a secret.
    """
    file = (
        Path(asked)
        if asked is not None
        else next((f for f in (Path(OWN_FILE), Path("pyproject.toml")) if f.exists()), None)
    )
    if file is None:
        return Settings()
    text = text_of_file(file)
    in_pyproject = file.name == "pyproject.toml"
    if in_pyproject and _TABLE not in text:
        return Settings()  # nothing in it is for the kit, not even its mistakes
    whole = parsed(file, text)
    tables: Any = whole
    if in_pyproject:
        tables = whole["tool"].get(_TABLE, {}) if isinstance(whole.get("tool"), dict) else {}
    above = f"tool.{_TABLE}." if in_pyproject else ""
    if not isinstance(tables, dict):
        raise KitError(
            Text("error-options.no-table-above", above=above[:-1]),
            where=str(file),
            remedy=Text("error-options.write-table", above=above, name=name),
        )
    keys = keys_of(command)
    for key in tables:
        if key not in names:
            below = Text("error-options.put-below", above=above, name=name)
            remedy = below if _plain(key) in keys else near(key, names, "error-options.sections")
            raise KitError(Text("error-options.no-command", key=key), where=str(file), remedy=remedy)
    section = tables.get(name, {})
    if not isinstance(section, dict):
        raise KitError(
            Text("error-options.no-table", name=name),
            where=str(file),
            remedy=Text("error-options.write-table", above=above, name=name),
        )
    settings = Settings(file)
    for key, raw in section.items():
        place = f"{file}{line_of(text, f'{above}{name}', key)}"
        param, setting = setting_of(keys, name, key, raw, place)
        settings.found[param] = setting
    return settings


def setting_of(keys: dict[str, click.Parameter], section: str, key: str, raw: Any, place: str) -> tuple[str, Setting]:
    """One line of a section: the parameter's name and its setting.

    Raises:
        KitError: There is no such option, the value is of another type, or it is a secret.
    """
    param = keys.get(_plain(key))
    where = f"{place}, {section}.{key}"
    if param is None or param.name is None:
        raise KitError(
            Text("error-options.no-option", name=section, key=key),
            where=where,
            remedy=near(_plain(key), keys, "error-options.has-options"),
        )
    _refuse_wrong_type(param, raw, where)
    _refuse_literal_secret(param, raw, where)
    return param.name, Setting(raw, place, where)


def variables_in(raw: Any) -> list[str]:
    """The environment variables that a value names."""
    texts = [text for text in (raw if isinstance(raw, list) else [raw]) if isinstance(text, str)]
    return [found[2] for text in texts for found in _VARIABLE.finditer(text) if not found[1]]


def text_of_file(file: Path) -> str:
    """The text of a configuration file.

    Raises:
        KitError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise KitError(
            Text("error-options.config-unreadable", why=str(error.strerror)),
            where=str(file),
            remedy=Text("error-options.other-config"),
        ) from None
    except UnicodeDecodeError:
        raise KitError(
            Text("error-options.config-not-utf-8"), where=str(file), remedy=Text("error-options.save-utf-8")
        ) from None


def parsed(file: Path, text: str) -> dict[str, Any]:
    """A configuration file's tables.

    Raises:
        KitError: It is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise KitError(
            Text("error-options.not-toml", why=str(error)), where=str(file), remedy=Text("error-options.mend-config")
        ) from None


def keys_of(command: click.Command) -> dict[str, click.Parameter]:
    """The options by the key that they have in the file: the long name without its dashes."""
    keys: dict[str, click.Parameter] = {}
    for param in command.params:
        long = [name.removeprefix("--") for name in param.opts if name.startswith("--")] or [param.name or ""]
        if param.expose_value:
            keys[_plain(long[0])] = param
    return keys


def _plain(key: str) -> str:
    return key.replace("_", "-")


def near(key: str, known: Iterable[str], otherwise: str) -> str:
    """Asks whether a known name was meant, or lists all of them."""
    names = list(known)
    return did_you_mean(nearest(key, names)) or Text(otherwise, names=tuple(names))


def line_of(text: str, table: str, key: str) -> str:
    """`:LINE` of a key below a table's head; empty where it is written in another way."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[([^\[\]]+)\]", line):
            inside = re.sub(r"[\s\"']", "", head[1]) == table
        elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f":{number}"
    return ""


def _refuse_wrong_type(param: click.Parameter, raw: Any, where: str) -> None:
    wanted, fits = _wanted(param, raw)
    # A text that the environment completes becomes a number or a yes only then.
    if not fits and not (isinstance(raw, str) and _VARIABLE.search(raw)):
        # The value is not repeated here: it may be a secret.
        raise KitError(Text("error-options.wrong-kind", wanted=wanted, kind=_kind(raw)), where=where)


def _wanted(param: click.Parameter, raw: Any) -> tuple[str, bool]:
    is_text = isinstance(raw, str)
    if getattr(param, "multiple", False) or param.nargs != 1:
        texts = isinstance(raw, list) and all(isinstance(item, str) for item in raw)
        return Text("error-options.list-of-texts"), is_text or texts
    if _takes_commas(param):
        texts = isinstance(raw, list) and all(isinstance(item, str) for item in raw)
        return Text("error-options.text-or-list"), is_text or texts
    if isinstance(param, click.Option) and param.is_flag:
        return Text("error-options.true-or-false"), isinstance(raw, bool)
    if isinstance(param.type, click.types.IntParamType):
        return Text("error-options.whole-number"), isinstance(raw, int) and not isinstance(raw, bool)
    if isinstance(param.type, click.types.FloatParamType):
        return Text("error-options.number"), isinstance(raw, (int, float)) and not isinstance(raw, bool)
    return Text("error-options.text"), is_text


def _takes_commas(param: click.Parameter) -> bool:
    """Whether the option is one text of several parts, for which a file's list is as good."""
    return (param.metavar or "").endswith(",…")


def _kind(raw: Any) -> str:
    kinds = {
        bool: "error-options.true-or-false",
        int: "error-options.number",
        float: "error-options.number",
        str: "error-options.text",
        list: "error-options.such-a-list",
        dict: "error-options.table",
    }
    return Text(kinds.get(type(raw), "error-options.date-or-time"))


def _refuse_literal_secret(param: click.Parameter, raw: Any, where: str) -> None:
    for text in raw if isinstance(raw, list) else [raw]:
        if isinstance(text, str) and (what := _literal_secret(param, text)):
            raise KitError(
                Text("error-options.secret-in-file", what=what),
                where=where,
                remedy=Text("error-options.to-environment"),
            )


def _literal_secret(param: click.Parameter, text: str) -> str:
    """Which secret a text holds to the letter, empty when there is none."""
    literal = _VARIABLE.sub(lambda found: found[0] if found[1] else "", text)
    if param.name == "auth":
        return Text("error-options.a-password") if "${" not in text or literal.partition(":")[2] else ""
    if isinstance(param.type, Lines):
        name, _, value = text.partition(":")
        return (
            Text("error-options.value-of", name=name.strip())
            if is_secret_parameter(name.strip()) and value == literal[len(name) + 1 :]
            else ""
        )
    if url := _URL.search(literal):  # the whole text, or what follows the name in NAME=URL
        parts = urlsplit(url[0])
        if parts.netloc.rpartition("@")[0].strip(":"):
            return Text("error-options.user-or-password")
        for name, value in parse_qsl(parts.query):
            if is_secret_parameter(name) and value:
                return Text("error-options.value-of", name=name)
    return ""


def value_of(ctx: click.Context, param: click.Parameter, setting: Setting, file: Path | None) -> Any:
    """A setting with the environment's values in it and its paths relative to the file."""
    raw = setting.raw
    items = [
        _completed(item, setting.where) if isinstance(item, str) else item
        for item in (raw if isinstance(raw, list) else [raw])
    ]
    if file is not None:
        items = [str(file.parent / item) if _is_path(param, item) else item for item in items]
    value: Any = items
    if _takes_commas(param):
        value = ",".join(items)
    elif not (getattr(param, "multiple", False) or param.nargs != 1):
        value = items[0]
    try:
        param.type_cast_value(ctx, value)
    except click.BadParameter as error:
        raise KitError(error.message.rstrip("."), where=setting.where) from None
    return value


def _completed(text: str, where: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        # Pipelines set a secret that they do not have to nothing.
        if not os.environ.get(found[2]):
            raise KitError(
                Text("error-options.no-variable", variable=found[2]),
                where=where,
                remedy=Text("error-options.set-variable", variable=found[2]),
            )
        return os.environ[found[2]]

    return _VARIABLE.sub(value, text)


def _is_path(param: click.Parameter, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if param.metavar == "SCHEME":  # a preset's name, or a file
        return value.endswith((".yaml", ".yml"))
    return isinstance(param.type, click.Path) or param.metavar in {"FILE", "DIR"}
