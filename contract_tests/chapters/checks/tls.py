"""Check of TLS: the cases of the TLS rules, and their preconditions."""

from __future__ import annotations

from collections.abc import Iterable

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, stimuli
from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, NotApplicable
from callback_contract.contract_tests.runner.case_session import plain_case
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.contract_tests.target.tls_probe import OLD, is_https, may_be_asked
from callback_contract.openapi.text.message import Text

__all__ = ["away_from_here", "connection", "https", "old_versions"]


@stimuli("connection")
def connection(scope: Scope) -> Iterable[Case]:
    """The connection, without a delivery."""
    yield Case(scope.callback, Text("case.handshake"), plain_case(scope).content)


@stimuli("connection")
def old_versions(scope: Scope) -> Iterable[Case]:
    """Handshakes that offer one old version each."""
    for version in OLD:
        yield Case(scope.callback, Text("case.tls", version=version), plain_case(scope).content, tls=version)


def https(config: RunConfig) -> NotApplicable | None:
    """What is missing to judge TLS."""
    if config.sender.access.proxy:
        return LacksMeans(Means.TLS, Text("reason.tls-behind-proxy"))
    return (
        None
        if any(is_https(sender.access) for sender in config.senders)
        else LacksMeans(Means.TLS, Text("reason.no-tls"))
    )


def away_from_here(config: RunConfig) -> NotApplicable | None:
    """Why HTTPS is not asked for."""
    return (
        None
        if any(may_be_asked(sender.access) for sender in config.senders)
        else NotApplicable(Text("reason.harmless-plain"))
    )
