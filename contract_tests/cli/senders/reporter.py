"""Reporter of `check-sender`: judges what was recorded, shows and writes the report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callback_contract.contract_tests.cli.report_output import (
    code_of,
    draft_waivers,
    kit_version,
    reportable_error,
    why_incomplete,
    write,
)
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from callback_contract.contract_tests.model.tries import Recorded
    from callback_contract.contract_tests.reporting.terminal.console import Terminal
    from callback_contract.contract_tests.runner.state import RunContext

__all__ = ["Reporter"]


@dataclass
class Reporter:
    """What a run's user gets at its end."""

    run: RunContext
    options: Mapping[str, Any]
    out: Terminal
    report_dir: Path | None
    started_at: datetime
    begun_s: float

    def report(self, recorded: Recorded, stopped: BaseException | None) -> int:
        """Judges what was recorded, shows and writes the report; gives the exit code.

        Raises:
            KitError: What stopped the run.
        """
        from callback_contract.contract_tests.chapters.senders import CHECKS, judge_sender
        from callback_contract.contract_tests.model.verdicts import exit_code
        from callback_contract.contract_tests.reporting.model.profiles import profiles_of
        from callback_contract.contract_tests.reporting.terminal.terminal import show_report

        o = self.options
        run, config = self.run, self.run.config
        for one in recorded.tries:
            run.state.delivery_sent(one.exchange)
        if recorded.tries or stopped is None:
            for result in judge_sender(config.rules, CHECKS, recorded):
                config.policy.apply(result)
                run.state.rule_judged(result)
        results = run.state.results
        code = exit_code(results.values(), strict=o["strict"])
        code = config.policy.exit_code(code, config, results, profiles_of(run))
        if stopped is not None:
            code = code_of(stopped)
        report = self._built(code, why_incomplete(stopped))
        if results:
            told = {"at_length": o["all_findings"], "verbose": o["verbose"]}
            show_report(self.out, report, config.catalogue, self.report_dir, **told)
        elif isinstance(stopped, KeyboardInterrupt):
            self.out.say(Text("terminal.nothing-was-judged", why=why_incomplete(stopped)))
        if self.report_dir is not None:
            names = [file.name for file in write(report, self.report_dir, self.out.language)]
            names += ["findings/"] * (self.report_dir / "findings").is_dir()
            self.out.say(Text("terminal.reports-in", directory=str(self.report_dir), files=tuple(names)))
        if o["write_waivers"] is not None:
            self.out.say(draft_waivers(o["write_waivers"], run, stopped))
        if stopped is not None and not isinstance(stopped, KeyboardInterrupt):
            raise reportable_error(stopped, run)
        return code

    def _built(self, code: int, incomplete: str) -> Any:
        from callback_contract.contract_tests.reporting.model.report import build_report

        o = self.options
        return build_report(
            self.run,
            kit_version=kit_version(),
            receiver_name=o["name"] or str(Text("sender.the-sender")),
            options=_told(o),
            started_at=self.started_at,
            duration_s=time.monotonic() - self.begun_s,
            incomplete=incomplete,
            code=code,
            is_written=self.report_dir is not None,
        )


_TOLD = ("rules", "callback", "contract", "overlay", "paths", "identity", "strict", "signature", "rate", "at_once")
_TOLD_MORE = ("max_time", "speed", "wait", "tls", "listen", "waivers", "strict_waivers", "require", "rules_as_of")


def _told(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a report may have; a trigger may hold secrets, so that it only says that there was one."""
    told = {name: options[name] for name in (*_TOLD, *_TOLD_MORE)}
    told = {name: str(value) if isinstance(value, Path) else value for name, value in told.items()}
    told |= {name: list(value) for name, value in told.items() if isinstance(value, tuple)}
    source = told["contract"]
    if source and source.startswith(("http://", "https://")):
        from callback_contract.mock_server.client.sender import Access

        told["contract"] = Access(source).shown_url
    return told | {"is_triggered": bool(options["trigger"] or options["trigger_url"])}
