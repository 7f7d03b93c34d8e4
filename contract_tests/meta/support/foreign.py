"""Foreign documents in tests: sends everything that counts as valid to the mock made from the document."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli import forward, http, texts, valid
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.receiver.receiver import Receiver, Request
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.reading import read_contract

ACKNOWLEDGED = (
    valid.plain,
    valid.listed_values,
    valid.examples,
    valid.generated,
    texts.scripts,
    texts.symbols,
    texts.markup_texts,
    texts.line_ends,
    texts.lengths,
    valid.integers,
    texts.empty_maps,
    texts.many_keys,
    texts.awkward_keys,
    forward.unknown_members,
    forward.structured_members,
    forward.several_members,
    forward.unknown_values,
    forward.other_types,
    http.media_type_parameters,
    http.media_type_cases,
    http.spellings,
    http.unknown_headers,
)


def written(tmp_path, document, name="contract.json"):
    """The document as a file."""
    file = tmp_path / name
    file.write_text(json.dumps(document))
    return file


def with_schema(schema, *, version="3.1.0", schemas=None, **entry):
    """A document of one webhook with this body."""
    content = {"application/json": {"schema": schema, **entry}}
    return {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "webhooks": {"thing": {"post": {"requestBody": {"content": content}, "responses": {"200": {}}}}},
        "components": {"schemas": schemas or {}},
    }


def read_schema(tmp_path, schema, **more):
    """The callback of such a document."""
    (callback,) = read_contract(written(tmp_path, with_schema(schema, **more))).callbacks
    return callback


def scope_of(callback, depth="quick"):
    """What stimuli are made from."""
    return Scope(callback, DEPTHS[depth], 0)


def refused_by_its_mock(contract, depth="quick"):
    """Return the labels of valid cases that the contract's own mock rejects."""
    receiver = Receiver(contract)
    identity = Identity(Run("0badcafe", datetime.now(UTC)), 1)
    refused = []
    for callback in contract.callbacks:
        scope = scope_of(callback, depth)
        for stimuli in ACKNOWLEDGED:
            try:
                cases = applicable_cases(stimuli, scope)
            except NotApplicable:
                continue
            for case in cases:
                delivery = case.delivery(identity)
                headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in delivery.headers]
                reply = receiver.answer(Request(delivery.method, "/", headers, delivery.body))
                if not 200 <= reply.status < 300:
                    refused.append((callback.name, stimuli.__name__, case.label, reply.body[:300]))
    return refused


def with_members(**properties):
    """The schema of an object with these members, all required."""
    return {"type": "object", "required": list(properties), "properties": properties}


def contract_of(tmp_path, schema=None, *, headers=(), facts=None, answers=None, **entry):
    """The contract of one webhook with these headers and facts of delivery."""
    document = with_schema(schema or {"type": "object"}, **entry)
    operation = document["webhooks"]["thing"]["post"]
    operation["parameters"] = [{"in": "header", "schema": {"type": "string"}, **header} for header in headers]
    if answers:
        operation["responses"] = answers
    if facts:
        told = {name: {"value": value, "provenance": "house", "why": "a test"} for name, value in facts.items()}
        operation["x-delivery"] = told
    return read_contract(written(tmp_path, document))
