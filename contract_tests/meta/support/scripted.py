"""Scripted receivers without a network: each delivery gets the next response of a list."""

from __future__ import annotations

import itertools
from dataclasses import replace

from callback_contract.contract_tests.chapters.receivers import test_ack, test_dat
from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.model.cases import Case, stimuli
from callback_contract.contract_tests.model.verdicts import check
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Response
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.text.message import Text, joined

CONTRACT, CATALOGUE = load_contract(), load_catalogue()
FIRST, SECOND = CONTRACT.callbacks[:2]
PLAIN = {callback.name: Scope(callback, DEPTHS["quick"], 0).plain for callback in (FIRST, SECOND)}
MUST, SHOULD, BURSTS = CATALOGUE["DAT-01"], CATALOGUE["ACK-06"], CATALOGUE["LOD-01"]

# Checks of real rules: the module of a check decides whether its error is a verdict or an error of the kit.
ACKNOWLEDGES = test_dat.test_every_script_is_acknowledged.rule_test.check


@check
def ACKNOWLEDGES_TWO(receiver):
    """Tells a state twice."""
    (state,) = receiver.case.states
    receiver.tell(state)
    assert receiver.tell(state).acknowledged, Text("expected.redelivery-acknowledged")


LOOKS_AT_CALLBACK = test_ack.test_acknowledgement_has_the_documented_status.rule_test.check


def exchange(answer=200, delivery=None):
    """Return an exchange with a status, or with the given failure."""
    came = Response(answer, "", (), b"") if isinstance(answer, int) else None
    return Exchange(delivery or Delivery("", "POST", (), b""), came, "" if came else answer, "", 0.01)


class ScriptedSender(Sender):
    """Sender without a network: returns the next response, and repeats the last one.

    Attributes:
        sent: The deliveries, in order.
        renewed: The number of calls of `renew`.
    """

    def __init__(self, *answers, pace=None, url="http://127.0.0.1:1/"):
        super().__init__(Access(url), pace or Pace(at_once=1))
        self.sent, self.renewed = [], 0
        self._answers = itertools.chain(answers, itertools.repeat(answers[-1]))

    def _once(self, delivery, waited=()):
        self.sent.append(delivery)
        answer = next(self._answers)
        return answer(delivery) if callable(answer) else replace(exchange(answer, delivery), waited=waited)

    def renew(self):
        self.renewed += 1


def run_of(*given, **more):
    """A run that is configured so; what it needs is given as to `RunConfig`."""
    return RunContext.of(RunConfig(*given, **more))


def reconfigured(run, **changes):
    """The same run as if other things had been asked for."""
    return replace(run, config=replace(run.config, **changes))


def run_before(*answers, rules=(MUST,), callbacks=(FIRST,), pace=None, **more):
    """Return a run with these responses, one delivery at a time."""
    sender = ScriptedSender(*answers or (200,), pace=pace)
    return run_of(CONTRACT, CATALOGUE, tuple(rules), tuple(callbacks), sender, **more)


def case(label="a case", callback=FIRST, **more):
    """A plain case."""
    return Case(callback, joined([label]), PLAIN[callback.name], **more)


def asked(*cases, check=ACKNOWLEDGES, is_hostile=False, **more):
    """A rule's test of these cases; of one case where none is given."""

    @stimuli("valid", hostile=is_hostile)
    def asked_cases(scope):
        return [each for each in cases or (case(callback=scope.callback),) if each.callback is scope.callback]

    return RuleTest(asked_cases, check, **more)
