"""Comparison of documented responses: judges changes where the receiver writes and the provider reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callback_contract.openapi.comparing.operations.operation_parts import Operation, resolved
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.schema_nodes import Reader
from callback_contract.openapi.comparing.schemas.walk import Finding
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["compared_answers"]

_Answer = tuple[Mapping[str, jp.Json], str]


def compared_answers(old: Operation, new: Operation) -> Iterator[Finding]:
    """Yield the changes between the statuses, headers and bodies of the responses."""
    before, after = old.answers, new.answers
    for status, answer in before.items():
        covering = _covering(status, after)
        if covering is None:
            narrower = [other for other in after if status.endswith("XX") and other[:1] == status[:1]]
            change = f"narrowed to {', '.join(narrower)}" if narrower else "gone"
            yield Finding(
                "breaking",
                answer[1],
                f"the status {status} is {change}",
                "A receiver that answers it is no longer understood.",
            )
        else:
            yield from _answer(old, new, answer, after[covering])
    for status, (_, where) in after.items():
        if _covering(status, before) is None:
            yield Finding("safe", where, f"the status {status} is new", "A receiver need not answer it.")
        elif status not in before:
            yield Finding(
                "safe",
                where,
                f"the status {status} is described on its own now",
                "It was allowed before; how its body changed is told beside it.",
                words=True,
            )
            yield from _answer(old, new, before[str(_covering(status, before))], after[status])


def _covering(status: str, answers: Mapping[str, _Answer]) -> str | None:
    """Return the key of the entry that describes a status.

    It is the status itself, its range or `default` (OpenAPI 3.1, Responses Object).
    """
    return next((key for key in (status, f"{status[:1]}XX", "default") if key in answers), None)


def _answer(old: Operation, new: Operation, before: _Answer, after: _Answer) -> Iterator[Finding]:
    if before[0].get("description") != after[0].get("description"):
        yield Finding("safe", f"{after[1]}/description", "description changed", "Only words changed.", words=True)
    yield from _headers(old, new, before, after)
    contents = before[0].get("content", {}), after[0].get("content", {})
    if not contents[0]:
        for media_type in contents[1]:
            where = after[1] + jp.join(["content", media_type])
            yield Finding(
                "breaking",
                where,
                f"a body of {media_type} is described",
                "A receiver that answers without a body, as the old contract has it, may not be understood.",
            )
        return
    if not contents[1]:
        yield Finding(
            "safe",
            f"{before[1]}/content",
            "the answer's body is no longer described",
            "The provider says nothing about it any more, so it can break nothing.",
        )
        return
    for media_type, entry in contents[0].items():
        where = jp.join(["content", media_type])
        covering = _media(media_type, contents[1])
        if covering is None:
            yield Finding(
                "breaking",
                before[1] + where,
                f"the media type {media_type} is gone",
                "A receiver that answers it is no longer understood.",
            )
            continue
        yield from compared_schemas(
            _reader(old, entry, before[1] + where),
            _reader(new, contents[1][covering], after[1] + jp.join(["content", covering])),
            answer=True,
        )
    for media_type in contents[1]:
        if _media(media_type, contents[0]) is None:
            yield Finding(
                "safe",
                after[1] + jp.join(["content", media_type]),
                f"the media type {media_type} is new",
                "A receiver need not answer it.",
            )


def _media(media_type: str, content: Mapping[str, jp.Json]) -> str | None:
    main = media_type.partition("/")[0]
    return next((key for key in (media_type, f"{main}/*", "*/*") if key in content), None)


def _reader(operation: Operation, entry: Mapping[str, jp.Json], where: str) -> Reader:
    return operation.readers.bundled(entry.get("schema", {}), f"{where}/schema")


def _headers(old: Operation, new: Operation, before: _Answer, after: _Answer) -> Iterator[Finding]:
    known = {
        name.lower(): resolved(old.contract, header, f"{before[1]}/headers" + jp.join([name]))
        for name, header in before[0].get("headers", {}).items()
    }
    for name, raw in after[0].get("headers", {}).items():
        header, where = resolved(new.contract, raw, f"{after[1]}/headers" + jp.join([name]))
        was = known.get(name.lower())
        if header.get("required", False) and not (was and was[0].get("required", False)):
            yield Finding(
                "breaking",
                where,
                f"the answer's header {name} is required now",
                "A receiver that was right to leave it out is now wrong.",
            )
        elif was is None:
            yield Finding("safe", where, f"the answer's header {name} is new", "A receiver need not send it.")
        if was is not None:
            yield from compared_schemas(_reader(old, was[0], was[1]), _reader(new, header, where), answer=True)
