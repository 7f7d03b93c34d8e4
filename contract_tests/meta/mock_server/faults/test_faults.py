"""Each rule can fail: its fault fails it and no other; the right mock fails none."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.cli.matrix_command import as_markdown
from callback_contract.contract_tests.kill_matrix.matrix import kill_matrix
from callback_contract.contract_tests.kill_matrix.setups import RIGHT
from callback_contract.contract_tests.meta.generating.made import COMMAND
from callback_contract.contract_tests.meta.generating.matrix import DEPTH, MATRIX, faults

# A taste here; the whole matrix is a higher tier.
SAMPLE = [*RIGHT, "ACK-03", "PAY-17", "WIRE-14", "SIG-03", "TLS-03"]


@pytest.mark.parametrize("fault", SAMPLE, ids=lambda fault: fault or "right")
def test_fault_fails_exactly_its_rule(fault):
    (row,) = kill_matrix([fault])
    assert row.exact, (row.broken, row.other, row.unexpected)


@pytest.mark.slow
def test_every_fault_fails_exactly_its_rule_and_the_documentation_says_so():
    rows = list(kill_matrix(faults(), depth=DEPTH))
    assert [(row.fault, row.broken, row.other, row.unexpected) for row in rows if not row.exact] == []
    assert MATRIX.read_text(encoding="utf-8") == as_markdown(rows), f"run: {COMMAND} matrix"
