"""Liveness check: sends a plain valid delivery, to see that the receiver lives and accepts the credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.identity_ranges import plain_identity
from callback_contract.contract_tests.model.verdicts import Finding
from callback_contract.contract_tests.runner.attempts import Outcome
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.wire.delivery import Exchange, Framing
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["credentials_error", "death", "look_after", "plain_case", "plain_exchange", "refuse_lost_credentials"]


def plain_case(scope: Scope) -> Case:
    """One plain valid delivery, as first contact and after anything hostile."""
    return Case(scope.callback, Text("case.plain"), scope.plain)


def plain_exchange(run: RunContext, scope: Scope, *, along: bool = False) -> Exchange:
    """Sends one plain valid delivery of another message."""
    number = run.state.number("a plain valid delivery", scope, 1)
    delivery = plain_case(scope).delivery(plain_identity(run.state.run, number, run.state.count_plain()))
    # On a connection of its own: what a kept connection does after a broken body is another rule's matter.
    exchange = run.dispatcher.send(replace(delivery, framing=Framing(fresh_connection=True)), along=along)
    if exchange.answer is not None:
        run.state.plain_answered(exchange)
    return exchange


def look_after(run: RunContext, scope: Scope, rule: Rule) -> list[Finding]:
    """Sends one valid delivery after something hostile: a receiver that died is found at once, and by whom."""
    sender = run.config.sender_of(scope.callback.name)
    sender.renew()  # no later rule pays for what a broken body left on a connection
    takes_others_along = iter([True])

    def deliver() -> Exchange:
        if not next(takes_others_along, False):  # what others could explain is seen again without them
            return plain_exchange(run, scope)
        with run.dispatcher.concurrency.let_along():
            return plain_exchange(run, scope, along=True)

    finding = death(deliver, scope.callback.name, Text("case.plain-after-all"))
    if finding is None:
        return []
    run.state.receiver_stopped(sender, rule)
    return [finding]


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
