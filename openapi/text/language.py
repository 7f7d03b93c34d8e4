"""Language of what the kit says in a terminal: as `--language` or the environment has it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from callback_contract.openapi.text.message import ENGLISH

__all__ = ["SPOKEN", "chosen_language", "language_of"]

SPOKEN = (ENGLISH, "zh")

_OPTION = "--language"
_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


def chosen_language(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the language that a command line asks for, else that of the locale; English where neither has one.

    Args:
        argv: The arguments behind the program's name, not yet parsed: an error in them is said in their language.
    """
    named = [argv[at + 1] for at, each in enumerate(argv[:-1]) if each == _OPTION]
    named += [each.removeprefix(f"{_OPTION}=") for each in argv if each.startswith(f"{_OPTION}=")]
    named += [environ.get(f"CALLBACK_CONTRACT_{argv[0].upper()}_LANGUAGE", "")] if argv else []
    for name in named:
        if name in SPOKEN:
            return name
    locale = next(filter(None, map(environ.get, _LOCALES)), "")
    return next((each for each in SPOKEN if locale == each or locale.startswith((f"{each}_", f"{each}-"))), ENGLISH)


def language_of(options: Mapping[str, Any]) -> str:
    """Return the language that a command's options name, or the one of the environment."""
    return options.get("language") or chosen_language((), os.environ)
