"""Wording of counts and errors: singular, plural and articles are right."""

from __future__ import annotations

from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.mock_server.wire.delivery import Delivery, Exchange
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.plural import counted


def test_one_has_no_plural():
    assert (counted(1, "rule"), counted(2, "rule"), counted(1, "delivery", "deliveries")) == (
        "1 rule",
        "2 rules",
        "1 delivery",
    )


def test_error_that_asks_has_no_full_stop_after_its_question_mark():
    assert str(KitError("is this the right URL?", remedy="Look.")) == "is this the right URL?\n  Look."


def test_refused_connection_is_said_once():
    nothing = Delivery("", "GET", (), b"")
    assert Exchange(nothing, None, "refused", "", 0.0).described() == "the connection was refused"
    assert Exchange(nothing, None, "refused", "No route to host", 0.0).described().endswith(": No route to host")


def test_one_rule_is_announced_as_one():
    assert ", 1 rule, " in quick("--rules", "ACK-01").stdout
