"""Check of TLS: the cases of the TLS rules, and their preconditions."""

from __future__ import annotations

from collections.abc import Iterable

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, stimuli
from callback_contract.contract_tests.runner.bench import Bench
from callback_contract.contract_tests.runner.liveness import plain_case
from callback_contract.contract_tests.target.tls_probe import HARMLESS, OLD, PLAIN, is_https, may_be_asked

__all__ = ["away_from_here", "connection", "https", "old_versions"]


@stimuli("connection")
def connection(scope: Scope) -> Iterable[Case]:
    """The connection, without a delivery."""
    yield Case(scope.callback, "a handshake", plain_case(scope).content)


@stimuli("connection")
def old_versions(scope: Scope) -> Iterable[Case]:
    """Handshakes that offer one old version each."""
    for version in OLD:
        yield Case(scope.callback, version, plain_case(scope).content)


def https(bench: Bench) -> str:
    """Return what is missing to judge TLS; empty for nothing."""
    if bench.sender.access.proxy:
        return "TLS is judged without --proxy, which stands between"
    return "" if any(is_https(sender.access) for sender in bench.senders) else PLAIN


def away_from_here(bench: Bench) -> str:
    """Return what is missing to require HTTPS; empty for nothing."""
    return "" if any(may_be_asked(sender.access) for sender in bench.senders) else HARMLESS
