"""Terminal output at the end of a run: each finding in the order of mending, then the sum and where to begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from callback_contract.contract_tests.reporting.formats.profile_words import judged_names, profiles_line, unjudged_names
from callback_contract.contract_tests.reporting.model.accepted import accepted_lines
from callback_contract.contract_tests.reporting.model.causes import beginning, by_cause, explained
from callback_contract.contract_tests.reporting.model.outcome import counts, outcome
from callback_contract.contract_tests.reporting.model.redaction import in_language, said_text
from callback_contract.contract_tests.reporting.model.report import Report
from callback_contract.contract_tests.reporting.terminal.console import Terminal, console, verdict_text
from callback_contract.contract_tests.reporting.terminal.findings import show_findings
from callback_contract.contract_tests.reporting.terminal.progress import Bar, ChapterLines
from callback_contract.contract_tests.reporting.terminal.tables import show_plan, show_verdicts
from callback_contract.openapi.rules.catalogue import Catalogue
from callback_contract.openapi.text.message import Text, both_of, in_detail, listed

__all__ = ["Bar", "ChapterLines", "console", "show_plan", "show_report"]

_MOST_EXPLAINED = 10
_SAID = {"conformant", "broken", "nothing", "error"}


def show_report(
    target: Terminal,
    report: Report,
    catalogue: Catalogue,
    directory: Path | None = None,
    *,
    at_length: bool = False,
    verbose: bool = False,
) -> None:
    """Prints a report, which is going to stand in the directory: its findings, and its sum.

    Args:
        at_length: Whether each finding is told in full, also where one cause breaks many rules.
        verbose: Whether the verdict on each rule is told before.
    """
    value, catalogue = report.value, catalogue.in_language(target.language)
    if verbose:
        show_verdicts(target, value, catalogue)
    show_findings(target, value, catalogue, directory, at_length=at_length)
    _show_summary(target, value, catalogue)


def _show_summary(target: Terminal, value: dict[str, Any], catalogue: Catalogue) -> None:
    run = value["run"]
    urls = value["receiver"].get("urls", {}).values() or [value["receiver"]["url"]]
    tallied = listed(
        Text("terminal.tallied", count=count, verdict=verdict_text(verdict)) for verdict, count in counts(value).items()
    )
    judged = in_detail(both_of(dict.fromkeys(urls)), tallied or Text("terminal.no-rule-judged"))
    by = Text(
        "terminal.by-sender" if value.get("side") == "sender" else "terminal.by",
        version=value["contract"]["version"],
        depth=run["depth"],
        seed=run["seed"],
        run=run["id"],
        deliveries=Text("terminal.deliveries", count=run["deliveries"]),
        seconds=run["duration_s"],
    )
    for rule in value["rules"]:
        if rule["verdict"] == "pass" and rule["reason"]:  # as a stop that nothing explains
            target.say(Text("terminal.passed-with", rule=rule["id"], said=said_text(rule, "reason")))
    target.put("")
    begin, read_back = _begin_with(value, catalogue), _how_to_read_back(value)
    profiles = profiles_line(value, target.language)
    for line in filter(None, (judged, begin, profiles, read_back, by, _in_a_word(value))):
        target.say(line)
    for line in accepted_lines(value):
        target.say(line, style="yellow")
    for note in value.get("notes", ()):
        if note["about"] == "not shown":
            target.say(Text("terminal.sentence", said=in_language(note, "text", target.language)))
    if value["not_reached"]:
        target.say(Text("terminal.not-reached", rules=Text("terminal.rules", count=len(value["not_reached"]))))
    if run["incomplete"] and outcome(value) != "incomplete":
        why = in_language(run, "incomplete", target.language)
        target.say(Text("terminal.ended-early", why=why), style="bold red")


def _begin_with(value: dict[str, Any], catalogue: Catalogue) -> Text | None:
    """The cause that explains most other rules, and which; nothing where there is only one."""
    first = beginning(value, by_cause(value))
    if first is None:
        return None
    ids = explained(value, first)
    rules: Text = listed(ids[:_MOST_EXPLAINED])
    if len(ids) > _MOST_EXPLAINED:
        rules = Text("terminal.places", first=rules, more=len(ids) - _MOST_EXPLAINED)
    more = Text("terminal.explains", count=len(ids), rules=rules) if ids else Text("terminal.explains-none")
    rule_id = first.rule["id"]
    return Text("terminal.begin-with", rule=rule_id, statement=catalogue[rule_id].statement, more=more)


def _how_to_read_back(value: dict[str, Any]) -> Text | None:
    """How to let the rules on stored state be judged; nothing where they were."""
    wants = {gap["want"] for profile in value["profiles"] for gap in profile["gaps"]}
    framework = value["receiver"].get("framework") or "FRAMEWORK"
    return Text("terminal.how-to-read-back", framework=framework) if "read-back" in wants else None


def _in_a_word(value: dict[str, Any]) -> Text:
    """What it comes to, as the other reports say it; a broken SHOULD of a strict run is only told here."""
    result = outcome(value)
    if result == "incomplete":
        return Text("terminal.incomplete", why=said_text(value["run"], "incomplete"))
    asked = [name.strip().lower() for name in (value["run"]["options"].get("require") or "").split(",")]
    required = tuple(name for name in asked if name and name not in judged_names(value))
    if result in _SAID or value["exit_code"]:
        said = Text(f"terminal.{result if result in _SAID else 'broken'}")
        is_told = required and result != "nothing"
        return Text("terminal.required-unjudged", said=said, names=required) if is_told else said
    return _nothing_failed(value)


def _nothing_failed(value: dict[str, Any]) -> Text:
    """What else has to be judged before the word is said."""
    names = unjudged_names(value)
    if not names or any(profile["verdict"] == "not conformant" for profile in value["profiles"]):
        return Text("terminal.nothing-failed")
    named = [Text(f"profile.{name}") for name in names]
    last = both_of([listed(named[:-1]), named[-1]] if len(named) > 1 else named)
    return Text("terminal.nothing-failed-until", count=len(names), names=last)
