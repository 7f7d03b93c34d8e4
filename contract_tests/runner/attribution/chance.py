"""Verdict on failures by chance (LIVE-02): parts what fails whatever is sent from what fails for what it is.

The material is what was sent alone, since beside others a receiver may be full. Each kind that failed is asked afresh;
one that fails more often than all others do keeps its rule. The others' rules are blocked.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.verdicts import Block, Finding, NotApplicable, RuleResult, Verdict
from callback_contract.contract_tests.runner.attempts import run_case
from callback_contract.contract_tests.runner.attribution.likelihood import rejected, tail, tail_after
from callback_contract.contract_tests.runner.case_session import plain_exchange
from callback_contract.contract_tests.runner.planning import STOP_RULE
from callback_contract.contract_tests.runner.rule_tests import Stimulus
from callback_contract.contract_tests.runner.scheduling.dispatcher import Dispatcher
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text, joined

__all__ = ["CHANCE_RULE", "may_be_chance", "verdict_on_chance"]

CHANCE_RULE = "LIVE-02"
"""The rule that a receiver breaks which fails at some deliveries, whatever they are."""

_ENOUGH = 60  # deliveries that were sent alone
_FAILURES = 3  # that end the adding of plain ones
_ASKED = 5
_LONGEST_S = 10.0
_LEVEL = 0.01
_LARGE_SHARE = 0.2
_MOST_SHOWN = 3


def may_be_chance(run: RunContext, result: RuleResult) -> bool:
    """Whether a verdict may change: a case got no answer or a server error, and that one or another did not repeat."""
    is_due = CHANCE_RULE not in run.state.results and any(rule.id == CHANCE_RULE for rule in run.config.rules)
    failed = [finding for finding in result.findings if _failed(finding)]
    was_seen = run.state.holds_verdicts or run.state.contended or any(_is_mixed(run, finding) for finding in failed)
    return is_due and bool(failed) and bool(was_seen)


@dataclass
class _Kind:
    """A kind of stimulus that failed, the findings that tell of it, and what came of asking it afresh."""

    findings: list[tuple[RuleResult, Finding]] = field(default_factory=list)
    stimuli: list[Stimulus] = field(default_factory=list)
    asked: int = 0
    failed: int = 0
    sent: int = 0

    @property
    def always_fails(self) -> bool:
        """Whether it failed each time, and one delivery in five by chance would not do that."""
        if not self.asked or self.failed < self.asked:
            return False
        return tail(self.failed, self.asked, 1 - (1 - _LARGE_SHARE) ** (self.sent / self.asked)) < _LEVEL

    def likelihood(self, others: list[Exchange]) -> float:
        """The probability that chance alone makes it fail so often, as far as others tell how often that is.

        Each try but the first of a case is as good as one that is asked afresh: only the first was chosen for failing.
        """
        if not self.failed:
            return 1.0
        again = [(finding.tries - 1, finding.broke - 1, len(finding.exchanges)) for _, finding in self.findings]
        tries = self.asked + sum(each for each, _, _ in again)
        failed = self.failed + sum(broke for _, broke, _ in again)
        sent = self.sent + sum(each * count for each, _, count in again)
        return tail_after(failed, tries, sent / tries, seen=sum(map(_is_failure, others)), of=len(others))


def verdict_on_chance(run: RunContext, rule: Rule) -> RuleResult:
    """Blames chance for what it explains; every verdict of the run is final then."""
    result = RuleResult(rule, Verdict.PASS, cases=1)
    before = len(run.state.exchanges)
    kinds = _failed_kinds(run)
    if run.config.scopes and (_is_intermittent(run, kinds) or any(map(_counts_against(run), _plain(run)))):
        _weigh(run, kinds, result)
    result.deliveries = len(run.state.exchanges) - before
    run.state.verdicts_are_final()
    return result


def _weigh(run: RunContext, kinds: dict[str, _Kind], result: RuleResult) -> None:
    unwatched = replace(run, dispatcher=Dispatcher(run.config, run.config.most_at_once, run.state.delivery_sent))
    material = _material(run, kinds)  # before anything is asked afresh: that would count twice
    for kind in kinds.values():
        _ask(unwatched, kind)
    always = {name for name, kind in kinds.items() if kind.always_fails}
    material = [exchange for exchange in material if _kind(run, exchange) not in always]
    _add_plain(unwatched, run.config.scopes[0], material)
    names = [name for name in kinds if name not in always]
    others = {name: [exchange for exchange in material if _kind(run, exchange) != name] for name in names}
    likely = [kinds[name].likelihood(others[name]) for name in names]
    kept = {names[place] for place in rejected(likely, _LEVEL)}
    material = [exchange for exchange in material if _kind(run, exchange) not in kept]
    failures = [exchange for exchange in material if _is_failure(exchange)]
    if not failures:
        return
    by_chance = [kinds[name] for name in names if name not in kept]
    result.verdict = Verdict.FAIL
    result.findings = [_finding(failures, len(material))]
    touched = _touched(run, by_chance)
    if touched:
        result.reason = Text("reason.by-chance-too", rules=tuple(touched))


def _failed(finding: Finding) -> bool:
    return any(map(_is_failure, finding.exchanges))


def _is_failure(exchange: Exchange) -> bool:
    return not exchange.answered and exchange.status != 501  # to a method that a server implements nowhere it is right


def _kind(run: RunContext, exchange: Exchange) -> str:
    stimulus = run.state.sent_for.get(id(exchange))
    return "" if stimulus is None else stimulus.kind


def _failed_kinds(run: RunContext) -> dict[str, _Kind]:
    kinds: dict[str, _Kind] = {}
    for result in run.state.results.values():
        for finding in result.findings:
            stimulus = _stimulus(run, finding)
            if stimulus is not None and _failed(finding):
                kind = kinds.setdefault(stimulus.kind, _Kind())
                kind.findings.append((result, finding))
                kind.stimuli.append(stimulus)
    return kinds


def _is_intermittent(run: RunContext, kinds: dict[str, _Kind]) -> bool:
    """Whether anything failed at one time and not at another: without that nothing speaks for chance."""
    return any(_is_mixed(run, finding) for kind in kinds.values() for _, finding in kind.findings)


def _is_mixed(run: RunContext, finding: Finding) -> bool:
    """Whether it held at another time, or failed for some only of the deliveries that went out together."""
    stimulus = _stimulus(run, finding)
    is_burst = stimulus is not None and stimulus.test.together
    return not finding.repeated or (is_burst and not all(map(_is_failure, finding.exchanges)))


def _stimulus(run: RunContext, finding: Finding) -> Stimulus | None:
    return next(filter(None, (run.state.sent_for.get(id(exchange)) for exchange in finding.exchanges)), None)


def _plain(run: RunContext) -> list[Exchange]:
    return [exchange for exchange in run.state.exchanges if id(exchange) not in run.state.sent_for]


def _counts_against(run: RunContext) -> Callable[[Exchange], bool]:
    def counts(exchange: Exchange) -> bool:
        is_alone = not run.dispatcher.overlapped(exchange) and id(exchange) not in run.state.excused
        return is_alone and _is_failure(exchange)

    return counts


def _material(run: RunContext, kinds: dict[str, _Kind]) -> list[Exchange]:
    """What was sent alone, but for what nobody asked about.

    That are kinds that failed and that no rule tells of, and plain deliveries: they follow hostile ones.
    """
    counts_against = _counts_against(run)
    failed = {_kind(run, exchange) for exchange in run.state.exchanges if counts_against(exchange)}
    untold = (failed | {""}) - set(kinds)
    return [
        exchange
        for exchange in run.state.exchanges
        if not run.dispatcher.overlapped(exchange)
        and id(exchange) not in run.state.excused
        and _kind(run, exchange) not in untold
    ]


def _ask(run: RunContext, kind: _Kind) -> None:
    begun = time.monotonic()
    while kind.asked < _ASKED and time.monotonic() - begun < _LONGEST_S:
        stimulus = kind.stimuli[kind.asked % len(kind.stimuli)]
        with contextlib.suppress(NotApplicable, ReadBackError):
            outcome = run_case(run, stimulus.test, stimulus.case, stimulus.number, None, run.state.number_attempt())
            kind.failed += any(map(_is_failure, outcome.contact.exchanges))
            kind.sent += len(outcome.contact.exchanges)
        kind.asked += 1


def _add_plain(run: RunContext, scope: Scope, material: list[Exchange]) -> None:
    failures = sum(map(_is_failure, material))
    while len(material) < _ENOUGH and failures < _FAILURES:
        exchange = plain_exchange(run, scope)
        material.append(exchange)
        failures += _is_failure(exchange)


def _finding(failures: list[Exchange], tries: int) -> Finding:
    shown = failures[:_MOST_SHOWN]
    return Finding(
        callback=shown[0].delivery.callback,
        case=Text("case.sent-alone", count=tries),
        expected=Text("expected.no-server-error-ever"),
        actual=Text(
            "actual.failed-by-chance",
            count=len(failures),
            share=f"{len(failures) / tries:.1%}",
            first=shown[0].described(),
        ),
        exchanges=tuple(shown),
        repeated=True,
        curl_suffices=False,
        tries=tries,
        broke=len(failures),
    )


def _touched(run: RunContext, by_chance: list[_Kind]) -> list[str]:
    """Blocks the rules whose findings chance explains; gives their ids."""
    explained = {id(finding) for kind in by_chance for _, finding in kind.findings}
    touched: list[str] = []
    for result in run.state.results.values():
        is_stop = result.rule.id == STOP_RULE and all(stop.came_back for stop in run.state.stops)
        left = [finding for finding in result.findings if id(finding) not in explained and not is_stop]
        if len(left) == len(result.findings):
            continue
        callbacks = {finding.callback for finding in result.findings} - {finding.callback for finding in left}
        result.findings = left
        if not left:
            touched.append(result.rule.id)
            result.verdict = Verdict.BLOCKED
            result.blocked_for = {**result.blocked_for, **{name: Block(CHANCE_RULE) for name in callbacks}}
    for result in run.state.results.values():
        result.blocked_for = {
            name: Block(CHANCE_RULE, block.through or block.by) if block.by in touched else block
            for name, block in result.blocked_for.items()
        }
        if result.blocked:
            result.reason = joined(block.text for block in result.blocked_for.values()) or result.reason
    return touched
