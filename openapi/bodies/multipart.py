"""Multipart codec (multipart/form-data, RFC 7578): writes and reads the parts of a body with werkzeug."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from callback_contract.openapi.bodies.fields import Field, Undecodable, Unencodable

__all__ = ["BOUNDARY", "read_parts", "write_parts"]

BOUNDARY = "callback-contract-4f1c0de95a7b4d36"
"""Constant, so that equal contents give equal bytes."""

_MOST_PARTS = 1000
_MOST_BYTES = 2 * 1024 * 1024  # the mock takes no body of half that size


def write_parts(texts: Iterable[tuple[Field, str, str]]) -> bytes:
    """Write names and texts as parts with the media types that the contract gives.

    Raises:
        Unencodable: A text or a name has no form as a part.
    """
    from werkzeug.datastructures import Headers
    from werkzeug.sansio.multipart import Data, Epilogue, MultipartEncoder, Preamble
    from werkzeug.sansio.multipart import Field as Part

    encoder = MultipartEncoder(BOUNDARY.encode())
    written = [encoder.send_event(Preamble(b""))]
    for field, name, text in texts:
        if any(sign in name for sign in '"\r\n\\'):
            raise Unencodable("a part's name holds what a header cannot")
        headers = Headers([("Content-Type", field.media_type)] if field.media_type else _implied(field))
        try:
            data = text.encode()
            written += [encoder.send_event(Part(name, headers)), encoder.send_event(Data(data, more_data=False))]
        except UnicodeEncodeError:
            raise Unencodable("a lone surrogate has no UTF-8") from None
        if BOUNDARY.encode() in data:
            raise Unencodable("a text holds the boundary")
    return b"".join([*written, encoder.send_event(Epilogue(b""))]).removeprefix(b"\r\n")  # an empty preamble


def _implied(field: Field) -> list[tuple[str, str]]:
    """Return the default headers of a part (OpenAPI 3.1, "Encoding Object").

    An object's part is JSON. A scalar's part is text, which needs no header (RFC 7578, section 4.4).
    """
    return [("Content-Type", "application/json")] if field.kinds & {"object", "array"} else []


def read_parts(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Read names and texts in the order of the parts.

    The content of a file part is decoded as UTF-8, with replacement characters.

    Raises:
        Undecodable: The header names no boundary, or the body has no such parts.
    """
    boundary = _boundary(content_type)
    if not boundary:
        raise Undecodable("boundary", "the Content-Type names no boundary (RFC 7578 §4.1)")
    try:
        return list(_pairs(body, boundary))
    except UnicodeDecodeError:
        raise Undecodable("encoding", "a field is not UTF-8") from None
    except ValueError as error:
        raise Undecodable("syntax", f"not multipart/form-data: {str(error)[:80]}") from None


def _pairs(body: bytes, boundary: str) -> Iterator[tuple[str, str]]:
    from werkzeug.exceptions import RequestEntityTooLarge
    from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder, NeedData
    from werkzeug.sansio.multipart import Field as Part

    decoder = MultipartDecoder(boundary.encode("latin-1"), _MOST_BYTES, max_parts=_MOST_PARTS)
    part: Part | File | None = None
    data = b""
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        while True:
            event = decoder.next_event()
            if isinstance(event, (Part, File)):
                if event.name is None:
                    raise ValueError("a part without a name")
                part, data = event, b""
            elif isinstance(event, Data) and part is not None:
                data += event.data
                if not event.more_data:
                    # A file may hold any bytes and is recorded unchanged; this text only serves validation.
                    yield part.name, data.decode(errors="replace" if isinstance(part, File) else "strict")
            elif isinstance(event, (Epilogue, NeedData)):
                return
    except RequestEntityTooLarge:
        raise ValueError("too many parts") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a part whose headers cannot be read ({type(error).__name__})") from None


def _boundary(content_type: str) -> str:
    from email.message import Message

    message = Message()
    try:
        message["content-type"] = content_type
        return str(message.get_boundary("") or "")
    except ValueError:
        return ""
