"""Judge for tests: lets some rules judge a receiver in this process."""

from __future__ import annotations

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.mock_server.client.sender import Pace, Sender


def run_for(access, *rules, signer=None, contract=None, depth="quick", **more):
    own, catalogue, _ = tools()
    contract = contract or own
    chosen = catalogue.select(rules)
    sender = Sender(access, Pace(), signer)
    return run_of(contract, catalogue, chosen, contract.default_callbacks, sender, DEPTHS[depth], **more)


def judged(access, *rules, **more):
    run = run_for(access, *rules, **more)
    try:
        return judge_all(run, tools()[2])
    finally:
        run.close()


def verdicts(results):
    return {rule_id: result.verdict.value for rule_id, result in results.items()}


def broken(results):
    return {rule_id for rule_id, result in results.items() if result.broken}
