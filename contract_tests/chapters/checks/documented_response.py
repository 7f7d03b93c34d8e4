"""Check of acknowledgements against the documented response: a compiled schema accepts, Schemathesis explains.

Of Schemathesis' checks, `content_type_conformance`, `response_schema_conformance` and `response_headers_conformance`
judge an acknowledgement as a callback's sender would; they run here. The others judge differently from a sender, so the
rules decide instead: `not_a_server_error` passes a missing response; `positive_data_acceptance` takes 401, 404 and 429
for acceptance; `negative_data_rejection` reports the tolerance of a new value as an error; `status_code_conformance`
reports a 400 as undocumented; `unsupported_method` requires 405, where 404 is as good.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from callback_contract.contract_tests.model.pages import is_page
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.mock_server.wire.delivery import Exchange, Response
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.text.message import Text

__all__ = ["answer_flaws", "explained_flaws", "is_page", "is_plainly_documented", "redirects_documented"]


def redirects_documented(config: RunConfig) -> NotApplicable | None:
    """Why nobody can be wrong by a redirect; None where somebody can."""
    if config.scopes and all(scope.callback.redirects for scope in config.scopes):
        return NotApplicable(Text("reason.redirect-is-documented"))
    return None


def answer_flaws(exchange: Exchange, callback: Callback) -> str:
    """Return the flaws of an acknowledgement's body; empty when it is as documented."""
    answer = exchange.answer
    if answer is None or callback.answer is None or answer.status != callback.answer.status:
        return ""  # another status belongs to another rule
    if callback.answer.other_bodies and answer.media_type != callback.answer.media_type:
        return ""  # the other documented bodies have no further requirements
    if answer.is_coded or (answer.body == b"" and callback.answer.other_bodies):
        return ""
    return "" if is_plainly_documented(answer, callback) else explained_flaws(exchange, answer, callback)


def is_plainly_documented(answer: Response, callback: Callback) -> bool:
    """Return whether a body is certainly as documented.

    It is asked first, since the import of Schemathesis is slow.
    """
    documented = callback.answer
    if documented is None or documented.media_type is None:
        return False
    types = [value for name, value in answer.headers if name.lower() == "content-type"]
    if len(types) != 1 or answer.is_coded:
        return False
    media_type, _, parameters = types[0].lower().partition(";")
    if media_type.strip() != documented.media_type or parameters.strip() not in {"", "charset=utf-8"}:
        return False
    schema = json.dumps(documented.schema or {}, sort_keys=True)
    if '"writeOnly"' in schema:  # a response must not have such a member, which no validator checks
        return False
    try:
        return bool(_validator(schema).is_valid(decode(answer.body)))
    except (Unparsable, Unusable, ValueError):
        return False


@lru_cache(maxsize=16)
def _validator(schema: str) -> Any:
    return validator_of(json.loads(schema), validate_formats=True)


def explained_flaws(exchange: Exchange, answer: Response, callback: Callback) -> str:
    """Return the findings of Schemathesis' checks on a response with that status."""
    import requests
    import schemathesis
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
    )

    from callback_contract.contract_tests.generation.strategies import operation_of

    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        if name.lower() != "content-encoding":  # the body is decoded
            headers.setdefault(name.lower(), []).append(value)
    response = schemathesis.Response(
        status_code=answer.status,
        headers=headers,
        content=answer.body,
        request=requests.Request("POST", "http://receiver.invalid/").prepare(),
        elapsed=exchange.elapsed_s,
        verify=True,
    )
    checks = [content_type_conformance, response_schema_conformance, response_headers_conformance]
    try:
        operation_of(callback).Case(body={}).validate_response(response, checks=checks)
    except FailureGroup as failures:
        return "; ".join(f"{f.title}: {' '.join(f.message.split())}"[:200] for f in failures.exceptions)
    return ""
