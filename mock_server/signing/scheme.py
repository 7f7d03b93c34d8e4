"""Signature scheme: how deliveries are signed, as declared, and what follows from the declaration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.text.message import Text

__all__ = ["FORM_FIELDS", "OF_THE_BODY", "Scheme", "split"]

FORM_FIELDS = "application/x-www-form-urlencoded"
OF_THE_BODY = ("body", "body_sha256", "form")
"""Placeholders that stand for the whole body."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Scheme:
    """A signature scheme; the fields are those of its file.

    A place is a header, by its name, or a member of the body, by a JSON pointer: `header` or `member`, and so on.

    Attributes:
        name: The preset, or the file without its suffix.
        header: The header that holds the signature; empty where it is in the body.
        algorithm: hmac-sha1, hmac-sha256, hmac-sha512, ed25519 or token (the key itself); empty with a plugin.
        encoding: hex or base64, of the signature.
        signed: Template of what is signed; `content` lists its placeholders.
        key_env: Environment variables that hold the keys, the current one first.
        key_encoding: raw, hex, base64 or whsec.
        prefix: Text before each signature.
        separator: Text between several signatures, and between the parts of `layout`; empty for one signature.
        layout: Template of the signature's place; every part ends in {signature} or {timestamp}.
        id_header: Empty when the scheme has no id, or has it in the body or in a claim.
        timestamp_header: Empty when the time is elsewhere, or absent.
        timestamp_unit: s or ms since 1970.
        tolerance_s: Seconds between signing and now that are still fresh.
        tolerance_towards: The sides that are judged: past, future, both or none.
        member, id_member, timestamp_member: Pointers, for what stands in the body instead.
        claims: Names and templates of the claims; the signature is a JWT with them.
        plugin: A Python file that makes the signature.
    """

    name: str
    header: str = ""
    algorithm: str = ""
    encoding: str = ""
    signed: str = ""
    key_env: tuple[str, ...] = ()
    key_encoding: str = "raw"
    prefix: str = ""
    separator: str = ""
    layout: str = "{signature}"
    id_header: str = ""
    timestamp_header: str = ""
    timestamp_unit: str = "s"
    tolerance_s: float = 300.0
    tolerance_towards: tuple[str, ...] = ("past", "future")
    member: str = ""
    id_member: str = ""
    timestamp_member: str = ""
    claims: tuple[tuple[str, str], ...] = ()
    plugin: str = ""

    @property
    def place(self) -> str:
        """Where the signature stands."""
        return self.header or self.member

    @property
    def id_place(self) -> str:
        """Where the id of the delivery stands by itself; empty for nowhere."""
        return self.id_header or self.id_member

    @property
    def timestamp_place(self) -> str:
        """Where the time of signing stands by itself; empty for nowhere."""
        return self.timestamp_header or self.timestamp_member

    @cached_property
    def placeholders(self) -> tuple[str, ...]:
        """The names of everything that is signed."""
        return tuple(name for template in (self.signed, *dict(self.claims).values()) for name in split(template)[1::2])

    @property
    def timed(self) -> bool:
        """Whether the time is signed; a plugin signs what it is given.

        A time that is not signed proves nothing; it is sent and never judged.
        """
        is_given = self.timestamp_place or "{timestamp}" in self.layout
        return "timestamp" in self.placeholders or bool(self.plugin and is_given)

    @property
    def identified(self) -> bool:
        """Whether the id of the delivery is signed."""
        return "id" in self.placeholders or bool(self.plugin and self.id_place)

    @property
    def headers(self) -> tuple[str, ...]:
        """All headers of the scheme, in the order in which they are sent."""
        return tuple(name for name in (self.id_header, self.timestamp_header, self.header) if name)

    @property
    def members(self) -> tuple[str, ...]:
        """All members of the body that the scheme writes."""
        return tuple(pointer for pointer in (self.id_member, self.timestamp_member, self.member) if pointer)

    @property
    def signs_the_body(self) -> bool:
        """Whether a change anywhere in the body breaks the signature."""
        return bool(self.plugin) or any(name in OF_THE_BODY for name in self.placeholders)

    @property
    def signs_the_url(self) -> bool:
        """Whether a change of the URL's query breaks the signature."""
        return bool(self.plugin) or any(name in {"url", "path"} for name in self.placeholders)

    def covers(self, pointer: str) -> bool:
        """Whether a change of one member of the body breaks the signature."""
        return self.signs_the_body or pointer in self.placeholders

    def unfit(self, callback: Callback) -> Text | None:
        """Why the scheme cannot sign a callback; None when it can."""
        needed = FORM_FIELDS if "form" in self.placeholders else ""
        if needed and callback.media_type.partition(";")[0].strip().lower() != needed:
            return self._other("scheme-signs-form", callback)
        if (self.members or any(name.startswith("/") for name in self.placeholders)) and not callback.is_json:
            return self._other("scheme-signs-json", callback)
        return None

    def _other(self, key: str, callback: Callback) -> Text:
        return Text(f"reason.{key}", scheme=self.name, callback=callback.name, media_type=callback.media_type)

    @property
    def pieces(self) -> tuple[tuple[str, str], ...]:
        """The parts of the signature's place: the text before a value, and its name."""
        return tuple(
            (before + (self.prefix if name == "signature" else ""), name)
            for before, name, *_ in map(split, self.layout.split(self.separator) if self.separator else [self.layout])
        )

    @property
    def mark(self) -> str:
        """The text before each signature, as in `sha256=` or `v1,`."""
        return next(before for before, name in self.pieces if name == "signature")

    def claim_of(self, placeholder: str) -> str:
        """The name of the claim that is a placeholder and nothing else; empty for none."""
        return next((name for name, template in self.claims if template == f"{{{placeholder}}}"), "")


def split(template: str) -> list[str]:
    """Split a template: literals at even places, names of placeholders at odd ones."""
    return _PLACEHOLDER.split(template)
