"""Comparison of documented responses: judges changes where the receiver writes and the provider reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callback_contract.openapi.comparing.change import Finding, fact
from callback_contract.openapi.comparing.operations.operation_parts import Operation, resolved
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.schema_nodes import Reader
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["compared_answers"]

_Answer = tuple[Mapping[str, jp.Json], str]


def compared_answers(old: Operation, new: Operation) -> Iterator[Finding]:
    """Yield the changes between the statuses, headers and bodies of the responses."""
    before, after = old.answers, new.answers
    for status, answer in before.items():
        covering = _covering(status, after)
        if covering is None:
            narrower = tuple(other for other in after if status.endswith("XX") and other[:1] == status[:1])
            gone = fact("diff.status-gone", status=status)
            what = fact("diff.status-narrowed", status=status, narrower=narrower) if narrower else gone
            yield Finding("breaking", answer[1], what, "diff-why.not-understood")
        else:
            yield from _answer(old, new, answer, after[covering])
    for status, (_, where) in after.items():
        if _covering(status, before) is None:
            yield Finding("safe", where, fact("diff.status-new", status=status), "diff-why.need-not-answer")
        elif status not in before:
            yield Finding(
                "safe",
                where,
                fact("diff.status-described", status=status),
                "diff-why.allowed-before",
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
        what = fact("diff.part-changed", keyword="description")
        yield Finding("safe", f"{after[1]}/description", what, "diff-why.text", words=True)
    yield from _headers(old, new, before, after)
    contents = before[0].get("content", {}), after[0].get("content", {})
    if not contents[0]:
        for media_type in contents[1]:
            where = after[1] + jp.join(["content", media_type])
            yield Finding("breaking", where, fact("diff.body-described", type=media_type), "diff-why.answers-no-body")
        return
    if not contents[1]:
        yield Finding("safe", f"{before[1]}/content", fact("diff.body-undescribed"), "diff-why.breaks-nothing")
        return
    for media_type, entry in contents[0].items():
        where = jp.join(["content", media_type])
        covering = _media(media_type, contents[1])
        if covering is None:
            what = fact("diff.media-type-gone", type=media_type)
            yield Finding("breaking", before[1] + where, what, "diff-why.not-understood")
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
                fact("diff.media-type-new", type=media_type),
                "diff-why.need-not-answer",
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
                fact("diff.answer-header-required", name=name),
                "diff-why.right-to-leave-out",
            )
        elif was is None:
            yield Finding("safe", where, fact("diff.answer-header-new", name=name), "diff-why.need-not-send")
        if was is not None:
            yield from compared_schemas(_reader(old, was[0], was[1]), _reader(new, header, where), answer=True)
