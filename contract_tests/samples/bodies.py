"""Bodies of recordings: decode JSON, or fields that are interpreted by the schema of a callback.

The label decides. Without one, a body that is not JSON is read as a form if the contract has one; multipart needs its
label, which has the boundary.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from callback_contract.contract_tests.samples.recorded_delivery import RecordedDelivery
from callback_contract.mock_server.wire.bodies import content_type, encode_body, read_texts, travels, value_of
from callback_contract.mock_server.wire.delivery import Headers, header_value
from callback_contract.mock_server.wire.strict_json import Unparsable, decode
from callback_contract.openapi.bodies import FORM, MULTIPART
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents.json_pointer import Json
from callback_contract.openapi.text.message import Text

__all__ = ["Body", "read_body", "rewritten", "why_unmaskable"]

_NAMES = {FORM: "a form", MULTIPART: "multipart/form-data"}
# Parts that no mask reaches: a file's bytes, and texts in another encoding.
_FILE = re.compile(rb"(?i)\bfilename\*?\s*=")
_WRITTEN_OTHERWISE = re.compile(rb"(?im)^content-transfer-encoding:[ \t]*+(?!(?:7bit|8bit|binary)\s*$)")


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded body.

    Attributes:
        media_type: The media type of fields; empty for JSON.
        content: The value of JSON; None for fields, see `value`.
        texts: Names and texts of fields.
    """

    media_type: str = ""
    content: Json = None
    texts: tuple[tuple[str, str], ...] = ()

    def is_for(self, callback: Callback) -> bool:
        """Return whether the callback's bodies are of this kind."""
        return callback.media_type == self.media_type if self.media_type else callback.is_json

    def value(self, callback: Callback) -> Json:
        """Return the body's value for a callback.

        Raises:
            Unusable: A field has JSON that a receiver may reject.
        """
        if not self.media_type:
            return self.content
        return value_of(callback, list(self.texts)) if self.is_for(callback) else dict(self.texts)

    @property
    def named(self) -> str:
        """The kind of body, in words."""
        return _NAMES[self.media_type] if self.media_type else "JSON"


def read_body(recording: RecordedDelivery, known: Collection[str]) -> Body:
    """Decode the body of a recording.

    Args:
        known: The contract's media types of fields.

    Raises:
        Unparsable: It is not of its media type.
        Unusable: It is JSON that a receiver may reject.
    """
    if recording.by_query:
        return Body(FORM, texts=tuple(read_texts(FORM, recording.body, FORM)))
    label = header_value(recording.headers or (), "content-type")
    media_type = (label or "").partition(";")[0].strip().lower()
    if media_type in known:
        return Body(media_type, texts=tuple(read_texts(media_type, recording.body, label or "")))
    try:
        return Body(content=decode(recording.body))
    except Unparsable:
        if label is not None or FORM not in known or not re.match(rb"[^\s{\[=&]+=", recording.body):
            raise
        return Body(FORM, texts=tuple(read_texts(FORM, recording.body, FORM)))


def why_unmaskable(recording: RecordedDelivery, body: Body) -> Text | None:
    """Return why a body cannot be masked safely; None where it can."""
    if body.media_type == MULTIPART and _FILE.search(recording.body):
        return Text("sample.holds-file")
    if body.media_type == MULTIPART and _WRITTEN_OTHERWISE.search(recording.body):
        return Text("sample.part-encoded")
    return None


def rewritten(callback: Callback, value: Json, headers: Headers) -> tuple[bytes, Headers] | None:
    """Return a masked body and its headers; None where fields cannot carry it."""
    if not callback.is_json and not travels(callback, value, lambda read: bool(read == value)):
        return None
    if callback.media_type != MULTIPART:
        return encode_body(callback, value), headers
    kept = tuple((name, text) for name, text in headers if name.lower() != "content-type")
    return encode_body(callback, value), (("Content-Type", content_type(callback)), *kept)  # its boundary differs
