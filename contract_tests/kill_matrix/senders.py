"""Kill matrix of the rules on senders: judges the kit's own provider with each fault, and shows which rules notice."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache

from callback_contract.contract_tests.chapters.senders import CHECKS, judge_sender
from callback_contract.contract_tests.kill_matrix.matrix import Row
from callback_contract.contract_tests.kill_matrix.setups import stock_signature
from callback_contract.contract_tests.model.tries import Recorded, Schedule
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.runner.senders.endpoints import Endpoints
from callback_contract.contract_tests.runner.senders.listeners import listening
from callback_contract.contract_tests.runner.senders.running import listen
from callback_contract.contract_tests.runner.senders.scenarios import ENDPOINTS, FLAWS
from callback_contract.contract_tests.runner.senders.triggers import CallTrigger
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.provider.campaign import Campaign
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lifecycles import Mix
from callback_contract.mock_server.provider.sender_faults import RIGHT, SenderFault, sender_fault
from callback_contract.mock_server.signing import DeliverySigner, Keys, Scheme
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.model import Contract, HeaderParameter, Retry
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.text.errors import KitError

__all__ = ["RIGHT_SENDER", "judge_own_sender", "quick_contract", "record", "sender_matrix"]

RIGHT_SENDER = "right"
"""The row of the provider without a fault."""

_SPEED = 60.0
_RETRY = Retry(24.0, 2, final=("410",))  # 0.4 s at this speed
_DEADLINE_S = 1.2
_GRACE_S = 2.0
_ENDLESS_S = 6.0
_AT_ONCE, _PER_SECOND = 4, 60  # bounds; the right provider stays below both


@lru_cache(maxsize=1)
def quick_contract() -> Contract:
    """The kit's contract with times of less than a second, and with facts for every rule."""
    contract = load_contract()
    first = contract.callbacks[0]
    header = HeaderParameter("X-Sent-By", required=True, default="callbacks", schema={"type": "string"})
    quick = replace(
        first,
        delivery=replace(first.delivery, retry=_RETRY, deadline_s=_DEADLINE_S),
        headers=(*first.headers, header),
    )
    return replace(contract, callbacks=(quick,))


class _Provider:
    """The kit's own provider as a sender under test: one campaign for each endpoint."""

    def __init__(self, contract: Contract, fault: SenderFault, signature: tuple[Scheme, Keys] | None) -> None:
        self._callback, self._fault, self._signature = contract.callbacks[0], fault, signature

    def __call__(self, values: Mapping[str, str]) -> None:
        pace = self._fault.pace(Pace(per_second=_PER_SECOND / 3, at_once=_AT_ONCE // 2))
        access = Access(values["url"], ca=values["ca"] or None, timeout_s=2.5 * _DEADLINE_S)
        sender = Sender(access, pace, DeliverySigner(*self._signature) if self._signature else None)
        campaign = Campaign(
            Composer(self._callback),
            sender,
            Run.fresh(),
            seed=0,
            messages=int(values["count"]),
            mix=Mix(failing=0.0),
            speed=_SPEED,
            fault=self._fault,
        )
        with contextlib.closing(sender), contextlib.suppress(KitError, RuntimeError):  # it may outlive the run
            campaign.go()


def record(
    fault: SenderFault, *, signed: bool = False, tls: bool = False, only: tuple[str, ...] = tuple(ENDPOINTS)
) -> Recorded:
    """Let the provider deliver to the endpoints, and return what came."""
    contract = quick_contract()
    signature = stock_signature() if signed else None
    schedule = replace(Schedule.of(contract.callbacks[0], _SPEED, grace_s=_GRACE_S), endless_s=_ENDLESS_S)
    endpoints = Endpoints(
        contract,
        contract.callbacks,
        schedule,
        only=only,
        wanted={"burst": 2 * _AT_ONCE, "stream": 2 * _PER_SECOND},
        signature=signature,
        is_alone=True,
    )
    provider = _Provider(contract, fault, signature)
    flaws = tuple(FLAWS) if tls else ()
    with listening(endpoints, tls=tls, flaws=flaws) as served:
        listen(served, CallTrigger(provider), each=True, wait_s=3.0)
        return endpoints.recorded(
            handshakes=served.handshakes,
            at_once=_AT_ONCE,
            per_second=float(_PER_SECOND),
            is_signed=signed,
            is_timed=signed,
            by_tls=tls,
        )


def judge_own_sender(fault: str) -> dict[str, RuleResult]:
    """Judge the provider with one fault, or the right one."""
    planted = RIGHT if fault == RIGHT_SENDER else sender_fault(fault)
    recorded = record(planted, signed=True, tls=True)
    return {each.rule.id: each for each in judge_sender(load_catalogue(side="sender").rules, CHECKS, recorded)}


def sender_matrix(faults: Iterable[str]) -> Iterator[Row]:
    """Judge the provider with each fault; yield rows in order."""
    names = list(faults)
    if len(names) == 1:
        yield _row(names[0])
        return
    with ProcessPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        yield from pool.map(_row, names)


def _row(fault: str) -> Row:
    results = judge_own_sender(fault)
    rest = {name: each for name, each in results.items() if not each.broken and each.verdict is not Verdict.PASS}
    return Row(
        "" if fault == RIGHT_SENDER else fault,
        {name: each.verdict.value for name, each in results.items() if each.broken},
        tuple(name for name, each in rest.items() if each.blocked),
        {name: f"{each.verdict.value}: {each.reason}" for name, each in rest.items() if not each.blocked},
    )
