"""Partners' file: the receivers of a fleet by name, each with options of `check`, and the options that all share."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from callback_contract.contract_tests.cli.config_file import (
    Setting,
    Settings,
    keys_of,
    line_of,
    near,
    parsed,
    setting_of,
    text_of_file,
    value_of,
    variables_in,
)
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, lines

__all__ = ["PartnerRow", "partner_settings", "read_partners"]

_PARTNERS, _DEFAULTS = "partners", "defaults"
_NAME = re.compile(r"\w[\w.-]{0,63}")  # a folder's name, too
_NO_FOLDERS = {"history"}
_FLEETS_OWN = {"report-dir", "dry-run", "jsonl"}  # one run's; a fleet gives each partner its own
_READ = {"waivers", "cert", "key", "ca", "plugin", "samples"}
_OWN_URL = re.compile(r"[^=]*=([A-Za-z][A-Za-z0-9+.-]*://.*)", re.DOTALL)


@dataclass(frozen=True)
class PartnerRow:
    """One partner of the file.

    Attributes:
        variables: The environment variables that its options name.
    """

    name: str
    settings: Settings
    variables: tuple[str, ...]

    @property
    def urls(self) -> list[str]:
        """Where its callbacks go, as it stands in the file."""
        return _urls({name: setting.raw for name, setting in self.settings.found.items()})

    def value(self, option: str, otherwise: Any) -> Any:
        """An option as it stands in the file."""
        setting = self.settings.found.get(option)
        return otherwise if setting is None else setting.raw


def partner_settings(check: click.Command, asked: str) -> Settings | None:
    """The settings of `FILE#NAME`: what a partners' file says of one partner; None where a file has that whole name.

    Raises:
        KitError: The file has no such partner, or its options have a flaw.
    """
    path, _, name = asked.rpartition("#")
    if not path or Path(asked).exists():
        return None
    return read_partners(Path(path), check, [name])[0].settings


def read_partners(
    file: Path, check: click.Command, only: Collection[str] = (), *, complete: bool = False
) -> list[PartnerRow]:
    """Reads the partners of a file, in its order.

    Args:
        check: The command whose options they are.
        only: Names of those that are wanted; empty for all.
        complete: Whether the environment has to have what they name.

    Raises:
        KitError: Names every flaw of the partners that are wanted.
    """
    text = text_of_file(file)
    tables = parsed(file, text)
    flaws = list(_flaws_of_tables(file, tables))
    if flaws:
        raise _all(flaws)
    reader = _Reader(file, text, check)
    shared = reader.settings(_DEFAULTS, tables.get(_DEFAULTS, {}))
    partners = tables[_PARTNERS]
    for name in only:
        if name not in partners:
            what = Text("error-fleet.no-partner", name=name)
            reader.flaws.append(
                KitError(what, where=str(file), remedy=near(name, partners, "error-fleet.has-partners"))
            )
    rows = [reader.row(name, own, shared) for name, own in partners.items() if not only or name in only]
    reader.refuse_twice({row.name: reader.completed_urls(row) if complete else row.urls for row in rows})
    if reader.flaws:
        raise _all(reader.flaws)
    return rows


def _all(flaws: list[KitError]) -> KitError:
    said = list(dict.fromkeys(flaw.text for flaw in flaws))
    return flaws[0] if len(said) == 1 else KitError(lines([Text("error-fleet.flaws", count=len(said)), *said]))


def _flaws_of_tables(file: Path, tables: dict[str, Any]) -> Iterator[KitError]:
    known = (_DEFAULTS, _PARTNERS)
    for key, value in tables.items():
        if key not in known:
            what = Text("error-fleet.no-table", key=key)
            yield KitError(what, where=str(file), remedy=near(key, known, "error-options.sections"))
        elif not isinstance(value, dict):
            remedy = Text("error-fleet.write-partner")
            yield KitError(Text("error-options.no-table", name=key), where=str(file), remedy=remedy)
    partners = tables.get(_PARTNERS)
    if partners is None or partners == {}:
        yield KitError(Text("error-fleet.no-partners"), where=str(file), remedy=Text("error-fleet.write-partner"))
        return
    seen: dict[str, str] = {}
    for name, own in partners.items() if isinstance(partners, dict) else ():
        where = f"{file}, {_PARTNERS}.{name}"
        if not _NAME.fullmatch(name) or name.casefold() in _NO_FOLDERS:
            yield KitError(Text("error-fleet.no-name"), where=where, remedy=Text("error-fleet.write-name"))
        elif other := seen.get(name.casefold()):
            yield KitError(Text("error-fleet.same-folder", other=other), where=where)
        elif not isinstance(own, dict):
            remedy = Text("error-fleet.write-partner")
            yield KitError(Text("error-options.no-table", name=name), where=where, remedy=remedy)
        seen[name.casefold()] = name


class _Reader:
    """Reads sections of one file, and keeps their flaws."""

    def __init__(self, file: Path, text: str, check: click.Command) -> None:
        self._file, self._text, self._keys = file, text, keys_of(check)
        self._context = click.Context(check, info_name=check.name)
        self.flaws: list[KitError] = []

    def settings(self, section: str, table: dict[str, Any]) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for key, raw in table.items():
            place = f"{self._file}{line_of(self._text, section, key)}"
            if key.replace("_", "-") in _FLEETS_OWN:
                where = f"{place}, {section}.{key}"
                self.flaws.append(
                    KitError(Text("error-fleet.fleets-own"), where=where, remedy=Text("error-fleet.leave-out"))
                )
                continue
            try:
                param, setting = setting_of(self._keys, section, key, raw, place)
                found[param] = setting
            except KitError as flaw:
                self.flaws.append(flaw)
        return found

    def row(self, name: str, own: dict[str, Any], shared: dict[str, Setting]) -> PartnerRow:
        section = f"{_PARTNERS}.{name}"
        found = shared | self.settings(section, own)
        variables = [each for setting in found.values() for each in variables_in(setting.raw)]
        row = PartnerRow(name, Settings(self._file, found), tuple(dict.fromkeys(variables)))
        # `check` without a URL judges the kit's own mock, which would be taken for the partner.
        if not row.urls and "url" not in own:
            where = f"{self._file}, {section}"
            self.flaws.append(KitError(Text("error-fleet.no-url"), where=where, remedy=Text("error-fleet.add-url")))
        return row

    def refuse_twice(self, urls: dict[str, list[str]]) -> None:
        seen: dict[str, str] = {}
        for name, each in urls.items():
            for url in dict.fromkeys(map(_same, each)):
                if url in seen:
                    where = f"{self._file}, {_PARTNERS}.{name}.url"
                    what = Text("error-fleet.url-twice", other=seen[url])
                    self.flaws.append(KitError(what, where=where, remedy=Text("error-fleet.one-row")))
                seen.setdefault(url, name)

    def completed_urls(self, row: PartnerRow) -> list[str]:
        """Tries each value of a row with the environment's in it; gives the URLs on a network."""
        params = {param.name: param for param in self._keys.values()}
        values: dict[str, Any] = {}
        for name, setting in row.settings.found.items():
            try:
                values[name] = value_of(self._context, params[name], setting, self._file)
            except KitError as flaw:
                self.flaws.append(flaw)
                continue
            if name in _READ and not Path(values[name]).exists():
                self.flaws.append(KitError(Text("error-fleet.no-file", file=str(values[name])), where=setting.where))
        if "app" in row.settings.found:
            return []  # paths of an application that is served for this run alone
        for url in _urls(values):
            if not _is_http(url):  # it is not repeated here: it may hold a secret
                where = f"{self._file}, {_PARTNERS}.{row.name}.url"
                self.flaws.append(KitError(Text("error-fleet.no-http"), where=where))
        return _urls(values)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)


def _urls(values: dict[str, Any]) -> list[str]:
    given = values.get("callback", ())
    own = [_OWN_URL.fullmatch(text) for text in ([given] if isinstance(given, str) else given)]
    return [url for url in (values.get("url"), *(found[1] for found in own if found)) if isinstance(url, str) and url]


def _same(url: str) -> str:
    """A URL without what makes no other place of it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), fragment="").geturl()
