"""`reproduce` command: plays a finding of a report again, and reports whether it still fails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from callback_contract.contract_tests.reproduce.options import restored
from callback_contract.contract_tests.runner.setup import read_back_options
from callback_contract.mock_server.cli.target_options import pace_options, reach_options
from callback_contract.openapi.cli.contract_options import contract_options, identity_option
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["reproduce"]


@click.command()
@click.argument("report", type=click.Path(path_type=Path))
@click.argument("finding", metavar="ID")
@click.option("--url", metavar="URL", help="The receiver. [default: the report's, unless it held secrets]")
@contract_options
@identity_option
@click.option(
    "--tries",
    type=click.IntRange(1, 1000),
    default=None,
    metavar="N",
    help="Play it so often. [1; 10 where deliveries race or the finding was flaky, 3 where it may harm]",
)
@click.option("--dry-run", is_flag=True, help="Print what would be sent; send nothing.")
@click.option("--acknowledges-unread", is_flag=True, help="See `check`.")
@reach_options
@pace_options
@read_back_options
def reproduce(report: Path, finding: str, **_: Any) -> None:
    """Play a finding of REPORT again, freshly stamped and signed, and say whether it still fails.

    REPORT is a report.json or its directory. ID is a finding's, as in IDM-02-1, or a rule's: then all of its
    findings are played. Seed, depth, callback, contract, URL, signature scheme, pace and read-back are the
    report's unless they are given; credentials and a --plugin have to be given again.

    \b
    Exit codes: 0 it holds now, 1 it still fails, 2 wrong use, 3 it could not be judged.
    """
    from callback_contract.contract_tests.reproduce.recorded_findings import read_report

    recorded = read_report(report)
    if recorded.value.get("side") == "sender":  # its deliveries came to the kit
        remedy = Text("error-report.check-sender-again", finding=finding)
        raise KitError(Text("error-report.report-on-sender"), where=str(report), remedy=remedy)
    chosen = recorded.chosen(finding)
    value = recorded.value
    options = restored(click.get_current_context(), value["run"]["options"], value["receiver"]["url"])

    from callback_contract.contract_tests.reproduce.playing import play_findings

    with INTERRUPTION.heard(options["max_time"]):
        code = play_findings(recorded, chosen, options | _choice(value))
    raise click.exceptions.Exit(code)


def _choice(report: Mapping[str, Any]) -> dict[str, Any]:
    run = report["run"]
    return {"rules": "", "callback": (), "depth": run["depth"], "seed": run["seed"]}
