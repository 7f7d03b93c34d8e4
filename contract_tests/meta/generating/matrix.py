"""Maker of KILL-MATRIX.md and KILL-MATRIX-SENDERS.md: judges the mock, and the provider, once with each fault."""

from __future__ import annotations

from callback_contract.contract_tests.cli.matrix_command import as_markdown
from callback_contract.contract_tests.kill_matrix.matrix import kill_matrix
from callback_contract.contract_tests.kill_matrix.senders import RIGHT_SENDER, sender_matrix
from callback_contract.contract_tests.kill_matrix.setups import RIGHT
from callback_contract.contract_tests.meta.generating.made import ROOT, Made
from callback_contract.openapi.rules.catalogue import load_catalogue

MATRIX = ROOT / "contract_tests/KILL-MATRIX.md"
SENDER_MATRIX = MATRIX.with_stem("KILL-MATRIX-SENDERS")
DEPTH = "standard"  # the depth that a partner runs, and that the gate proves


def faults() -> list[str]:
    """The mocks of the matrix in its order: the right ones first, then one for each rule that can be tested."""
    return [*RIGHT, *(rule.id for rule in load_catalogue().rules if rule.fault)]


def sender_faults() -> list[str]:
    """The senders of the matrix: the right one, then one for each rule on senders."""
    return [RIGHT_SENDER, *(rule.id for rule in load_catalogue(side="sender").rules if rule.fault)]


def made() -> Made:
    """Makes the whole matrix, and shows each row when it is there."""
    names, rows = faults(), []
    for row in kill_matrix(names, depth=DEPTH):
        rows.append(row)
        told = ", ".join(row.broken) or "no rule"
        print(f"  {len(rows)}/{len(names)} {row.fault or 'none'}: noticed by {told}", flush=True)
    of_senders = list(sender_matrix(sender_faults()))
    every = [*rows, *of_senders]
    inexact = [f"{row.fault or 'none'} is noticed by {[*row.broken]}, {row.other}" for row in every if not row.exact]
    return Made({MATRIX: as_markdown(rows), SENDER_MATRIX: as_markdown(of_senders, "sender")}, tuple(inexact))
