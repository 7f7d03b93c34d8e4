"""URLs of the receiver under test: lists its hosts, and names its URLs in a report."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.runner.bench import Bench

__all__ = ["hosts", "judged_in_words", "short_names", "urls_in_words"]


def hosts(bench: Bench) -> tuple[Scope, ...]:
    """A scope for each host and port: there is one kind of connection to it, however many callbacks travel on it."""
    found: dict[tuple[str, str], Scope] = {}
    for scope in bench.scopes:
        parts = urlsplit(bench.sender_of(scope.callback.name).access.url)
        found.setdefault((parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()), scope)
    return tuple(found.values())


def urls_in_words(bench: Bench) -> str:
    """The URLs without their secrets."""
    return _listed(dict.fromkeys(sender.access.shown_url for sender in bench.senders))


def short_names(bench: Bench) -> str:
    """The URLs without scheme and query, as a receiver is called that has no name."""
    shown = (sender.access.shown_url for sender in bench.senders)
    return _listed(dict.fromkeys(url.split("://", 1)[-1].partition("?")[0] for url in shown))


def judged_in_words(bench: Bench) -> str:
    """Which callbacks go to which URL, where there are several URLs; else the URL alone."""
    if not bench.elsewhere:
        return urls_in_words(bench)
    names: dict[str, list[str]] = {}
    for callback in bench.callbacks:
        names.setdefault(bench.sender_of(callback.name).access.shown_url, []).append(callback.name)
    return _listed(f"{', '.join(called)} at {url}" for url, called in names.items())


def _listed(items: Iterable[str]) -> str:
    return " and ".join(items)
