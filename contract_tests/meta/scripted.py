"""Scripted receivers without a network: a bench whose deliveries get the next answer of a list."""

from __future__ import annotations

import itertools
from dataclasses import replace

from contract_tests.bench import Bench
from contract_tests.cases import Case, hostile
from contract_tests.chapters import test_ack, test_dat, test_idm
from contract_tests.corpus import DEPTHS, Scope
from contract_tests.rule_tests import RuleTest
from mock_server.delivery import Answer, Delivery, Exchange
from mock_server.sending import Access, Pace, Sender
from openapi.catalogue import load_catalogue
from openapi.loading import load_contract

CONTRACT, CATALOGUE = load_contract(), load_catalogue()
FIRST, SECOND = CONTRACT.callbacks[:2]
PLAIN = {callback.name: Scope(callback, DEPTHS["quick"], 0).plain for callback in (FIRST, SECOND)}
MUST, SHOULD, BURSTS = CATALOGUE["DAT-01"], CATALOGUE["ACK-06"], CATALOGUE["LOD-01"]

# Checks of real rules: what is a verdict and what an error of the kit's hangs on where a check comes from.
ACKNOWLEDGES = test_dat.test_every_script_is_acknowledged.rule_test.check
ACKNOWLEDGES_TWO = test_idm.test_redelivery_is_acknowledged.rule_test.check
LOOKS_AT_CALLBACK = test_ack.test_acknowledgement_has_the_documented_status.rule_test.check


def exchange(answer=200, delivery=None):
    """An exchange that came to a status, or to nothing for the reason that is named."""
    came = Answer(answer, "", (), b"") if isinstance(answer, int) else None
    return Exchange(delivery or Delivery("", "POST", (), b""), came, "" if came else answer, "", 0.01)


class ScriptedSender(Sender):
    """Sends nothing; each delivery gets the next answer, and the last one again and again.

    Attributes:
        sent: The deliveries, in order.
        renewed: How often the kept connections were dropped.
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


def bench_before(*answers, rules=(MUST,), callbacks=(FIRST,), pace=None, **more):
    """A bench before a receiver that answers so, one delivery at a time."""
    sender = ScriptedSender(*answers or (200,), pace=pace)
    return Bench(CONTRACT, CATALOGUE, tuple(rules), tuple(callbacks), sender, DEPTHS["quick"], **more)


def case(label="a case", callback=FIRST, **more):
    """A plain case."""
    return Case(callback, label, PLAIN[callback.name], **more)


def asked(*cases, check=ACKNOWLEDGES, is_hostile=False, **more):
    """A rule's test of these cases; of one case where none is given."""

    def stimuli(scope):
        return [each for each in cases or (case(callback=scope.callback),) if each.callback is scope.callback]

    return RuleTest(hostile(stimuli) if is_hostile else stimuli, check, **more)
