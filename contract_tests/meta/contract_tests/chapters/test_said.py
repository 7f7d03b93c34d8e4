"""Findings of every chapter: expected and actual are texts, and none of their arguments is English of the kit's own."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.kill_matrix.setups import reached, stock_samples
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.reporting.model.report import build_report
from callback_contract.openapi.text.message import text_of

CONTRACT, CATALOGUE, TESTS = tools()

# A fault of each chapter, and of what is said in no other way.
FAULTS = (
    *("ACK-06", "ACK-08", "DAT-01", "FWD-04", "PAY-18", "WIRE-08", "SEC-01", "SEC-04", "STA-02", "STA-05", "STA-07"),
    *("IDM-03", "ORD-02", "ORD-04", "LOD-01", "SIG-16", "TLS-01", "TLS-05", "SMP-01"),
)
ORDERS = [callback.delivery.order for callback in CONTRACT.callbacks if callback.delivery.order]
STATES = {state for order in ORDERS for state in order.states}
NOT_OURS = re.compile(
    r"""['"{\[].* | /[\w/]+ | \d{3}.* | \w+/[\w.+-]+ | TLS.* | Authorization""", re.VERBOSE | re.DOTALL
)


def findings(fault):
    """What `report.json` says of a mock with one fault, by the fault's own rule."""
    with contextlib.ExitStack() as stack:
        sender, state = stack.enter_context(reached(CONTRACT, fault))
        scheme = getattr(sender.signer, "scheme", None)
        callbacks = CONTRACT.default_callbacks
        drawn = tuple(
            Scope(callback, DEPTHS["standard"], 0, scheme, samples=stock_samples(callback) if scheme else None)
            for callback in callbacks
        )
        chosen = (CONTRACT, CATALOGUE, CATALOGUE.with_required(fault), callbacks, sender, DEPTHS["standard"])
        run = run_of(*chosen, read_back=state, patience_s=0.3, drawn=drawn)
        stack.callback(run.close)
        judge_all(run, TESTS)
        what = {"kit_version": "1", "receiver_name": "", "options": {}, "incomplete": "", "code": 1}
        report = build_report(run, started_at=datetime.now(UTC), duration_s=1.0, **what).value
        return [finding for rule in report["rules"] for finding in rule["findings"] if rule["id"] == fault]


def words_in(value):
    """Plain strings among the arguments of a text, and of the texts within it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from words_in(list(value["arguments"].values()))
    elif isinstance(value, list):
        for each in value:
            yield from words_in(each)


@pytest.mark.parametrize("fault", FAULTS)
def test_finding_is_made_of_texts_that_have_chinese(fault):
    found = findings(fault)
    assert found
    for text in (text_of(finding["texts"][member]) for finding in found for member in ("expected", "actual")):
        if text.key != "actual.in-own-words":
            assert [w for w in words_in(text.to_dict()) if w not in STATES and not NOT_OURS.fullmatch(w)] == []


def test_faults_are_of_every_chapter_that_few_deliveries_break():
    over_the_run = {"LIVE"}  # its faults need a hundred deliveries; runner/attribution/test_watch.py reads its findings
    assert {fault.partition("-")[0] for fault in FAULTS} == set(CATALOGUE.chapters) - over_the_run
