"""Redaction of reports: removes secrets, the values at the user's pointers, and the run's random id."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from callback_contract.contract_tests.reporting.model.pointed import masked, values_at
from callback_contract.contract_tests.reporting.model.pointed_fields import field_values_at, masked_fields
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import ENGLISH, Argument, Text, Unknown, text_of, translated
from callback_contract.openapi.text.secret_names import MASK
from callback_contract.openapi.text.secret_spellings import SHORTEST, Secrets

__all__ = ["Redaction", "checked_pointers", "in_language", "said", "said_text"]

_VALUES = frozenset({"value", "was", "now"})
"""Arguments of a `Text` that show what stands at its `pointer`."""


@dataclass(frozen=True)
class Redaction:
    """Replaces each secret, however it is spelt, by `***` and the run's id by `{run}`.

    Attributes:
        pointers: JSON pointers into sent and received bodies; what stands there is a secret.
        values: What stands there in the bodies at hand, for whatever quotes it elsewhere.
    """

    secrets: tuple[str, ...]
    run_id: str
    pointers: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str], run: Run, pointers: tuple[str, ...] = ()) -> Redaction:
        """Knows these secrets."""
        return cls(tuple(secrets), run.id, pointers)

    def knowing(self, bodies: Iterable[bytes]) -> Redaction:
        """The same, which also knows what these bodies hold at the pointers."""
        if not self.pointers:
            return self
        found = {
            value
            for body in bodies
            for reads in (values_at, field_values_at)
            for value in reads(body.decode("utf-8", "replace"), self.pointers)
            if len(value) >= SHORTEST  # what stands at a pointer is often an ordinary word, as a state is
        }
        return replace(self, values=tuple(sorted(found)))

    @cached_property
    def _all(self) -> Secrets:
        return Secrets.of((*self.secrets, *self.values))

    def text(self, value: str) -> str:
        """Redacts a text."""
        return self._all.masked_text(value).replace(self.run_id, "{run}")

    def words(self, said: str) -> str:
        """Redacts a sentence; a `Text` stays one, without the values that it quotes of a pointer that is a secret."""
        return self._unquoted(said).with_words(self.text) if isinstance(said, Text) else self.text(said)

    def _unquoted(self, text: Text) -> Text:
        shown = {name: self._argument(value) for name, value in text.arguments.items()}
        if self._holds(text.arguments.get("pointer")):
            shown |= dict.fromkeys(_VALUES & shown.keys(), MASK)
        return Text(text.key, **shown)

    def _argument(self, value: Argument) -> Argument:
        if isinstance(value, tuple):
            return tuple(self._unquoted(each) if isinstance(each, Text) else each for each in value)
        return self._unquoted(value) if isinstance(value, Text) else value

    def _holds(self, pointer: Argument | None) -> bool:
        """Whether what stands at a pointer is a secret, or has one within, or is within one."""
        if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
            return False
        path = jp.tokens(pointer)
        return any(path[: len(secret)] == secret[: len(path)] for secret in map(jp.tokens, self.pointers))

    def said(self, **texts: str) -> dict[str, Any]:
        """Redacted sentences by name, and under `texts` what they were made of, for other languages."""
        return said(**{name: self.words(text) for name, text in texts.items()})

    def received(self, value: bytes) -> bytes:
        """Redacts bytes that came back."""
        return self._all.masked(self._pointed(value)).replace(self.run_id.encode(), b"{run}")

    def sent(self, value: bytes) -> bytes:
        """Redacts bytes that were sent; a delivery's body holds no secret but what the user names by pointer."""
        value = Secrets.of(self.values).masked(self._pointed(value))
        return value.replace(self.run_id.encode(), b"{run}")

    def _pointed(self, value: bytes) -> bytes:
        if self.pointers:
            # Latin-1 keeps every byte, and the signs of JSON are ASCII.
            text = masked(value.decode("latin-1"), self.pointers)
            value = masked_fields(text, self.pointers).encode("latin-1")
        return value


def said(**texts: str) -> dict[str, Any]:
    """Sentences by name, and under `texts` what they were made of, for other languages."""
    made = {name: text.to_dict() for name, text in texts.items() if isinstance(text, Text)}
    return {name: str(text) for name, text in texts.items()} | ({"texts": made} if made else {})


def in_language(holder: Mapping[str, Any], member: str, language: str) -> str:
    """A sentence of a report in a language; other people's words, and those of another version, as they are."""
    return str(holder[member]) if language == ENGLISH else translated(said_text(holder, member), language)


def said_text(holder: Mapping[str, Any], member: str) -> str:
    """A sentence of a report as it was made; other people's words, and those of another version, as they are."""
    made = holder.get("texts", {}).get(member)
    if made:
        with contextlib.suppress(Unknown):  # a newer kit said it
            return text_of(made)
    return str(holder[member])


def checked_pointers(pointers: Iterable[str]) -> tuple[str, ...]:
    """The pointers of `--redact`, each once.

    Raises:
        KitError: One is no JSON pointer, or names a whole body.
    """
    for pointer in pointers:
        try:
            jp.tokens(pointer)
        except ValueError:
            raise KitError(
                Text("error-report.no-pointer", pointer=pointer),
                where="--redact",
                remedy=Text("error-report.write-pointer"),
            ) from None
        if not pointer:
            raise KitError(
                Text("error-report.empty-pointer"), where="--redact", remedy=Text("error-report.write-pointer")
            )
    return tuple(dict.fromkeys(pointers))
