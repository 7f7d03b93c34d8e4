"""Comparison of two contracts: pairs the callbacks and compares bodies, headers, responses and facts.

What the model keeps (body, headers, delivery) is read from it; what it does not keep (every documented answer, the
names of schemas in the document) from the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from callback_contract.openapi.comparing.change import Change, Finding, fact
from callback_contract.openapi.comparing.operations.callback_pairs import callback_pairs, is_renamed, place_of
from callback_contract.openapi.comparing.operations.delivery_facts import compared_facts
from callback_contract.openapi.comparing.operations.headers import compared_headers
from callback_contract.openapi.comparing.operations.operation_parts import Operation, operation_of
from callback_contract.openapi.comparing.operations.responses import compared_answers
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.schema_nodes import Readers
from callback_contract.openapi.comparing.schemas.structural_equality import StructuralEquality
from callback_contract.openapi.comparing.schemas.walk import changed_value
from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text

__all__ = ["compare"]


def compare(old: Contract, new: Contract) -> tuple[Change, ...]:
    """Return the changes, judged for a receiver that satisfied the old contract.

    Raises:
        ContractError: The two contracts have no callback in common.
    """
    pairs = callback_pairs(old.callbacks, new.callbacks)
    if not pairs:
        raise ContractError(
            Text("error-contract.no-common-callback"),
            where=f"{old.path}, {new.path}",
            remedy=Text("error-contract.give-two-versions", old=_names(old), new=_names(new)),
        )
    changes: list[Change] = []
    alike = StructuralEquality()
    readers = Readers(old.document, alike), Readers(new.document, alike)
    for before, after in pairs:
        changes += _callback_changes(operation_of(old, before, readers[0]), operation_of(new, after, readers[1]))
    paired_old = {before.pointer for before, _ in pairs}
    paired_new = {after.pointer for _, after in pairs}
    changes += [_removed(callback) for callback in old.callbacks if callback.pointer not in paired_old]
    changes += [_added(callback, old) for callback in new.callbacks if callback.pointer not in paired_new]
    return tuple(dict.fromkeys(changes))


def _names(contract: Contract) -> str:
    return ", ".join(callback.name for callback in contract.callbacks)


def _callback_changes(old: Operation, new: Operation) -> Iterator[Change]:
    for direction, findings in (
        ("delivery", [*_operation(old, new), *_body(old, new), *compared_headers(old, new)]),
        ("answer", compared_answers(old, new)),
        ("delivery facts", compared_facts(old.callback, new.callback)),
    ):
        for finding in findings:
            what, why = finding.what.said(), Text(finding.why)
            yield Change(finding.level, new.callback.name, finding.where, what, why, direction, finding.words)


def _operation(old: Operation, new: Operation) -> Iterator[Finding]:
    before, after = old.callback, new.callback
    if is_renamed(before.name, after.name):
        yield Finding(
            "safe",
            f"{after.pointer}/operationId",
            fact("diff.callback-renamed", old=before.name, new=after.name),
            "diff-why.only-name",
            words=True,
        )
    if before.method != after.method:
        yield Finding(
            "breaking",
            after.pointer,
            changed_value("method", before.method, after.method),
            "diff-why.method",
        )
    for key in ("summary", "description", "tags", "deprecated", "externalDocs"):
        if old.raw.get(key) != new.raw.get(key):
            place = (new if key in new.raw else old).callback.pointer
            what = fact("diff.part-changed", keyword=key)
            yield Finding("safe", f"{place}/{key}", what, "diff-why.text", words=True)
    for key in ("security", "servers", "callbacks"):
        if old.raw.get(key, old.contract.document.get(key)) != new.raw.get(key, new.contract.document.get(key)):
            what = fact("diff.part-changed", keyword=key)
            yield Finding("unclear", f"{after.pointer}/{key}", what, "diff-why.not-judged")
    if _parameters(old) != _parameters(new):
        yield Finding(
            "unclear",
            f"{after.pointer}/parameters",
            fact("diff.other-parameters"),
            "diff-why.url-of-receiver",
        )
    yield from _examples(before, after)


def _parameters(operation: Operation) -> list[jp.Json]:
    return [
        parameter
        for parameter in operation.raw.get("parameters", ())
        if isinstance(parameter, Mapping) and parameter.get("in") not in {"header", None}
    ]


def _examples(old: Callback, new: Callback) -> Iterator[Finding]:
    why = "diff-why.example"
    before = {example.name: example for example in old.examples}
    after = {example.name: example for example in new.examples}
    for name in dict.fromkeys([*before, *after]):
        if name not in after or name not in before:
            gone = name not in after
            what = fact("diff.example-gone", name=name) if gone else fact("diff.example-new", name=name)
            yield Finding("safe", (before if gone else after)[name].pointer, what, why, words=True)
        elif replace(before[name], pointer="") != replace(after[name], pointer=""):
            yield Finding("safe", after[name].pointer, fact("diff.example-changed", name=name), why, words=True)


def _body(old: Operation, new: Operation) -> Iterator[Finding]:
    before, after = old.callback.media_type, new.callback.media_type
    place = new.body_pointer
    if old.callback.by_query != new.callback.by_query:
        what = fact("diff.into-query" if new.callback.by_query else "diff.into-body")
        yield Finding("breaking", place, what, "diff-why.reads-elsewhere")
    elif before.lower() != after.lower():
        what = fact("diff.media-type-changed", old=before, new=after)
        if before.partition(";")[0].strip().lower() == after.partition(";")[0].strip().lower():
            yield Finding("risky", place, what, "diff-why.whole-content-type")
        else:
            yield Finding("breaking", place, what, "diff-why.parses-old-type")
    if not (old.callback.by_query or new.callback.by_query) and old.body_is_required != new.body_is_required:
        where = new.callback.pointer + "/requestBody"
        if new.body_is_required:
            yield Finding("safe", where, fact("diff.body-always"), "diff-why.relied-on-less")
        else:
            yield Finding("breaking", where, fact("diff.body-optional"), "diff-why.parses-empty")
    yield from compared_schemas(
        old.readers.reader(old.callback.schema, f"{old.body_pointer}/schema"),
        new.readers.reader(new.callback.schema, f"{place}/schema"),
    )


def _removed(callback: Callback) -> Change:
    return Change(
        "breaking",
        callback.name,
        callback.pointer,
        Text("diff.callback-gone"),
        Text("diff-why.callback-gone"),
        "delivery",
    )


def _added(callback: Callback, old: Contract) -> Change:
    """Return the change for a new callback, by the URL to which it is sent.

    No receiver was written for it. It breaks receivers whose URL already gets other callbacks.
    """
    url = _url(callback)
    if url and any(_url(other) == url for other in old.callbacks):
        return Change(
            "breaking",
            callback.name,
            callback.pointer,
            Text("diff.callback-new-on-url"),
            Text("diff-why.expects-others"),
            "delivery",
        )
    return Change(
        "risky",
        callback.name,
        callback.pointer,
        Text("diff.callback-new"),
        Text("diff-why.callback-new"),
        "delivery",
    )


def _url(callback: Callback) -> tuple[str, ...]:
    """Return the operation and the expression that name the URL of a 3.0 callback; empty for a webhook.

    The URL of a webhook is known to the partner only, and one expression means another URL in another operation.
    """
    path = tuple(jp.tokens(place_of(callback)))
    is_callback = "callbacks" in path and path[-1] in derive.METHODS
    return (*path[: path.index("callbacks")], path[-2]) if is_callback else ()
