"""Judge for tests: lets some rules judge a receiver in this process."""

from __future__ import annotations

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.runner.bench import Bench
from callback_contract.mock_server.client.sender import Pace, Sender


def bench_for(access, *rules, signer=None, contract=None, state=None):
    own, catalogue, _ = tools()
    contract = contract or own
    chosen = catalogue.select(rules)
    sender = Sender(access, Pace(), signer)
    return Bench(contract, catalogue, chosen, contract.default_callbacks, sender, DEPTHS["quick"], state=state)


def judged(access, *rules, **more):
    bench = bench_for(access, *rules, **more)
    try:
        return judge_all(bench, tools()[2])
    finally:
        bench.close()


def verdicts(results):
    return {rule_id: result.verdict.value for rule_id, result in results.items()}


def broken(results):
    return {rule_id for rule_id, result in results.items() if result.broken}
