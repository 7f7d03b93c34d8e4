"""Decides which callbacks of a contract can be put before a receiver: those whose headers and bodies are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from contract_tests.corpus import DEPTHS, Scope
from contract_tests.notes import Note
from contract_tests.verdicts import NotApplicable
from openapi.errors import KitError
from openapi.model import Callback, Contract, HeaderParameter

__all__ = ["chosen_callbacks"]

_MOST_SHOWN = 6


def chosen_callbacks(
    contract: Contract, options: Mapping[str, Any], *, own_mock: bool
) -> tuple[tuple[Callback, ...], tuple[Note, ...]]:
    """The callbacks that a run judges; says and notes which others are left out, and what would let them in.

    Raises:
        KitError: There is no callback of a given name, or none is left.
    """
    # A foreign document was read for the named ones alone, which it may call by another name than the contract.
    chosen = contract.callbacks if contract.is_foreign else contract.chosen(options["callback"])
    given = {header.partition(":")[0].strip().lower() for header in options["header"]}
    if options["auth"]:
        given.add("authorization")
    kept, left = [], list[Note]()
    for callback in chosen:
        reason = "" if own_mock else _missing_header(callback, given)
        reason = reason or _missing_body(callback, options)
        if reason:
            left.append(Note("not judged", reason, callback.name))
        else:
            kept.append(_with_given(callback, given))
    lines = [f"{note.callback} is not judged: {note.text}" for note in left]
    if not kept:
        raise KitError("no callback can be judged", where=str(contract.path), remedy="\n  ".join(lines[:_MOST_SHOWN]))
    for line in lines[:_MOST_SHOWN]:
        click.echo(f"note: {line}", err=True)
    if len(left) > _MOST_SHOWN:
        click.echo(f"note: and {len(left) - _MOST_SHOWN} more", err=True)
    return tuple(kept), tuple(left)


def _missing_header(callback: Callback, given: set[str]) -> str:
    missing = [h.name for h in callback.headers if h.required and _value(h) is None and h.name.lower() not in given]
    if not missing:
        return ""
    lines = " ".join(f"--header '{name}: …'" for name in missing)
    return f"its contract requires a header and shows no value for it; give {lines}"


def _value(header: HeaderParameter) -> str | None:
    return header.default if header.default is not None else header.value


def _missing_body(callback: Callback, options: Mapping[str, Any]) -> str:
    try:
        _ = Scope(callback, DEPTHS[options["depth"]], options["seed"]).plain
    except NotApplicable as reason:
        return f"{reason}; give it an example"
    return ""


def _with_given(callback: Callback, given: set[str]) -> Callback:
    """The callback without the header values that the user gives by themselves."""
    if not any(header.name.lower() in given for header in callback.headers):
        return callback
    headers = tuple(
        replace(header, default=None, value=None) if header.name.lower() in given else header
        for header in callback.headers
    )
    return replace(callback, headers=headers)
