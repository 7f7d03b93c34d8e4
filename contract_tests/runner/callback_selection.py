"""Callback selection: chooses the callbacks that can be judged, those with known headers and bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.generation.notes import Note
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.mock_server.provider.composer import what_was_cut
from callback_contract.mock_server.signing import Scheme, lacking_signature, load_scheme
from callback_contract.openapi.contract.extent import refuse_too_many
from callback_contract.openapi.contract.model import Callback, Contract, HeaderParameter, contract_in_words, means_all
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import language_of
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.message import lines as in_lines
from callback_contract.openapi.text.printable import shell_word

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
    refuse_too_many(len(chosen), Text("error-contract.judged-in-one-run"))
    scheme = load_scheme(options["signature"]) if options["signature"] else None
    given = _given(options, scheme)
    kept, left, cut = [], list[Note](), list[Note]()
    for callback in chosen:
        reason = None if own_mock else _missing_header(callback, given)
        reason = reason or _missing_body(callback, options)
        if reason is not None:
            left.append(Note("not judged", reason, callback.name))
        else:
            kept.append(_with_given(callback, given))
            cut += _cut(callback, options)
    lines = [Text("note.callback-not-judged", callback=note.callback, why=note.text) for note in left]
    if not kept:
        where = contract_in_words(contract.path)
        raise KitError(Text("error-receiver.no-callback-judged"), where=where, remedy=in_lines(lines[:_MOST_SHOWN]))
    if options["callback"] and not means_all(options["callback"]):
        # One that was asked for by its name and left out would make a run green that judged something else.
        lines += _unsigned(kept, scheme, given) if len(kept) + len(left) > 1 else []
        if lines:
            raise KitError(Text("error-receiver.not-all-judged"), where="--callback", remedy=in_lines(lines))
    say = language_of(options)
    for line in lines[:_MOST_SHOWN]:
        click.echo(Text("terminal.note", said=line).in_language(say), err=True)
    if len(left) > _MOST_SHOWN:
        more = Text("note.more-lines", count=len(left) - _MOST_SHOWN)
        click.echo(Text("terminal.note", said=more).in_language(say), err=True)
    for note in cut[:_MOST_SHOWN]:
        click.echo(Text("terminal.note", said=note.text).in_language(say), err=True)
    return tuple(kept), (*left, *cut)


def _given(options: Mapping[str, Any], scheme: Scheme | None) -> set[str]:
    """Names of the headers that the run gives by itself, in lower case.

    Raises:
        KitError: One is given twice: a receiver would read either of the two.
    """
    given = {header.partition(":")[0].strip().lower() for header in options["header"]}
    for name in scheme.headers if scheme is not None else ():
        if name.lower() in given:
            raise KitError(
                Text("error-receiver.header-twice", name=name),
                where="--header",
                remedy=Text("error-receiver.leave-one-out"),
            )
        if options["auth"] and name.lower() == "authorization":
            raise KitError(
                Text("error-receiver.auth-twice", name=name),
                where="--auth",
                remedy=Text("error-receiver.leave-one-out"),
            )
        given.add(name.lower())
    if options["auth"]:
        given.add("authorization")
    return given


def _unsigned(callbacks: Sequence[Callback], scheme: Scheme | None, given: set[str]) -> list[Text]:
    return [reason for callback in callbacks if (reason := lacking_signature(callback, scheme, given))]


def _missing_header(callback: Callback, given: set[str]) -> Text | None:
    required = [header for header in callback.headers if header.required and not header.signature]
    missing = [header.name for header in required if _value(header) is None and header.name.lower() not in given]
    if not missing:
        return None
    lines = " ".join(f"--header {shell_word(f'{name}: …')}" for name in missing)
    return Text("note.needs-header", lines=lines)


def _value(header: HeaderParameter) -> str | None:
    return header.default if header.default is not None else header.value


def _cut(callback: Callback, options: Mapping[str, Any]) -> list[Note]:
    """Note what was cut from a body that was made, since no example may be delivered."""
    if callback.delivered_examples:
        return []
    said = what_was_cut(callback, Scope(callback, DEPTHS[options["depth"]], options["seed"]).plain)
    return [Note("contract", said, callback.name)] if said is not None else []


def _missing_body(callback: Callback, options: Mapping[str, Any]) -> Text | None:
    try:
        _ = Scope(callback, DEPTHS[options["depth"]], options["seed"]).plain
    except NotApplicable as reason:
        return Text("note.needs-example", why=reason.text)
    return None


def _with_given(callback: Callback, given: set[str]) -> Callback:
    """The callback without the header values that the user gives by themselves."""
    if not any(header.name.lower() in given for header in callback.headers):
        return callback
    headers = tuple(
        replace(header, default=None, value=None) if header.name.lower() in given else header
        for header in callback.headers
    )
    return replace(callback, headers=headers)
