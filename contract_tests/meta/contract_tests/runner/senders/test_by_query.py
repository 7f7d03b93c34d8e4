"""Senders whose deliveries are queries: judged by what applies to them, and not by a body that they have not."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from callback_contract.contract_tests.chapters.senders import CHECKS, judge_sender
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.model.tries import Schedule
from callback_contract.contract_tests.runner.senders.endpoints import Endpoints
from callback_contract.contract_tests.runner.senders.listeners import listening
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.rules.catalogue import load_catalogue

PARAMETERS = [
    {"name": "to", "in": "query", "required": True, "schema": {"type": "string"}},
    {"name": "count", "in": "query", "required": True, "schema": {"type": "integer"}},
    {"name": "token", "in": "query", "schema": {"type": "string"}},
]
RETRY = {"retry": {"value": {"max_tries": 2, "within_s": 1}, "provenance": "doc"}}
GET = {"parameters": PARAMETERS, "x-delivery": RETRY, "responses": {"200": {"description": "ok"}}}
RECEIPT = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": {"receipt": {"get": GET}}}
RIGHT, OTHER = "to=447700900000&count=1", "to=447700900001&count=2"


@pytest.fixture
def results(tmp_path):
    """The verdicts on a sender that sends these queries, each by the name of an endpoint."""
    contract = read_contract(written(tmp_path, RECEIPT))

    def judge(*sent, method="GET"):
        schedule = Schedule.of(contract.callbacks[0], 1.0, grace_s=0.1)
        endpoints = Endpoints(contract, contract.callbacks, schedule, only=("ok", "error"))
        with listening(endpoints) as open_:
            parts = urlsplit(open_.base)
            for name, query in sent:
                connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
                connection.request(method, f"/{name}?{query}")
                connection.getresponse().read()
                connection.close()
            recorded = endpoints.recorded()
        judged = judge_sender(load_catalogue(side="sender").rules, CHECKS, recorded)
        return {each.rule.id: each.verdict.value for each in judged}, recorded

    return judge


def test_right_queries_break_nothing_and_bodies_are_not_asked_for(results):
    verdicts, recorded = results(("ok", RIGHT), ("ok", OTHER), ("error", RIGHT), ("error", RIGHT))
    assert [len(event.tries) for event in recorded.at("ok", "error")] == [1, 1, 2]
    assert {verdicts[rule] for rule in ("OUT-02", "OUT-04", "OUT-06", "OUT-07", "EVT-03", "RET-01")} == {"pass"}
    assert verdicts["OUT-01"] == verdicts["OUT-03"] == "not applicable"
    assert {"fail", "warn"}.isdisjoint(verdicts.values())


def test_query_that_breaks_the_contract_breaks_its_rule_alone(results):
    verdicts, _ = results(("ok", "to=447700900000&count=many"))
    assert {rule for rule, verdict in verdicts.items() if verdict in {"fail", "warn"}} == {"OUT-02"}


def test_secret_is_one_only_where_the_contract_does_not_ask_for_it(results):
    assert results(("ok", RIGHT + "&token=t"))[0]["OUT-07"] == "pass"
    assert results(("ok", RIGHT + "&api_key=t"))[0]["OUT-07"] in {"fail", "warn"}
