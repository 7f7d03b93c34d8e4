"""Liveness check: sends a plain valid delivery, to see that the receiver lives and accepts the credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import Finding
from callback_contract.contract_tests.runner.attempts import Outcome
from callback_contract.contract_tests.runner.case_session import CaseSession, plain_exchange
from callback_contract.contract_tests.runner.rule_tests import story, story_key
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = [
    "credentials_error",
    "death",
    "look_after",
    "plain_after",
    "refuse_lost_credentials",
    "valid_after_hostile",
]


@story(sends=2)
def valid_after_hostile(receiver: CaseSession) -> Exchange:
    """Something hostile, and a valid delivery after it."""
    receiver.deliver()
    return receiver.deliver_plain()


def look_after(run: RunContext, scope: Scope, rule: Rule, case: Case | None = None) -> list[Finding]:
    """Sends one valid delivery after something hostile: a receiver that died is found at once, and by whom.

    Args:
        case: The first of the hostile ones. Where the delivery is acknowledged, that one needs none of its own.
    """
    came: list[Exchange] = []

    def deliver() -> Exchange:
        # What others could explain is seen again without them.
        if not came:
            came.append(plain_after(run, scope, [case] if case else []))
        else:
            with run.dispatcher.hurry.suspended():  # nobody is called dead before the whole time-out
                came.append(plain_exchange(run, scope))
        return came[-1]

    finding = death(deliver, scope.callback.name, Text("case.plain-after-all"))
    if finding is None:
        return []
    run.state.receiver_stopped(run.config.sender_of(scope.callback.name), rule)
    return [finding]


def plain_after(run: RunContext, scope: Scope, hostile: Iterable[Case]) -> Exchange:
    """Sends one valid delivery after hostile ones; acknowledged, it is the one that follows each of these."""
    run.config.sender_of(scope.callback.name).renew()  # no later rule pays for what a broken body left on a connection
    with run.dispatcher.concurrency.let_along():
        exchange = plain_exchange(run, scope, along=True)
    for case in hostile if exchange.acknowledged else ():
        session = replace(CaseSession.of(run, case, 0), exchanges=[exchange], told=exchange)
        run.state.story_told(story_key(valid_after_hostile, case), session)
    return exchange


def death(deliver: Callable[[], Exchange], callback: str, case: str) -> Finding | None:
    """What shows that no plain valid delivery is acknowledged any more; a second one confirms it.

    Args:
        deliver: Sends a plain valid delivery, another one each time.
        case: What the finding says of it.
    """
    if deliver().acknowledged:
        return None
    after = deliver()
    if after.acknowledged:
        return None
    return Finding(
        callback=callback,
        case=case,
        expected=Text("expected.acknowledged-as-before"),
        actual=after.described(),
        exchanges=(after,),
        repeated=True,
        curl_suffices=False,
    )


def refuse_lost_credentials(run: RunContext, scope: Scope, outcome: Outcome) -> None:
    """Ends the run where a plain delivery shows that the receiver knows the sender no more.

    Raises:
        KitError: It was refused with 401 or 403.
    """
    # A 401 or 403 to a hostile body alone may be a firewall; to a plain delivery it is the credentials.
    if not any(exchange.status in {401, 403} for exchange in outcome.contact.exchanges):
        return
    plain = plain_exchange(run, scope)
    if plain.status in {401, 403}:
        raise credentials_error(plain)


def credentials_error(exchange: Exchange) -> KitError:
    """Says that the receiver wants to know who sends."""
    return KitError(
        Text("error-receiver.credentials-refused", answer=exchange.described()),
        remedy=Text("error-receiver.give-credentials"),
        exit_code=3,
    )
