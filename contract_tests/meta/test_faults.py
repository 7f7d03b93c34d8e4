"""Each rule can fail: its fault fails it and no other; the right mock fails none."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.matrix import kill_matrix
from contract_tests.matrix_command import as_markdown
from contract_tests.setups import RIGHT
from mock_server.faults import FAULTS
from openapi.catalogue import load_catalogue

WRITTEN = Path(__file__).parents[1] / "KILL-MATRIX.md"

# A taste here; the whole matrix is a higher tier.
SAMPLE = [*RIGHT, "ACK-03", "PAY-17", "WIRE-14", "SIG-03", "TLS-03"]


@pytest.mark.parametrize("fault", SAMPLE, ids=lambda fault: fault or "right")
def test_fault_fails_exactly_its_rule(fault):
    (row,) = kill_matrix([fault])
    assert row.exact, (row.broken, row.other)


@pytest.mark.slow
def test_every_fault_fails_exactly_its_rule_and_the_documentation_says_so():
    rows = list(kill_matrix([*RIGHT, *(rule.id for rule in load_catalogue().rules if rule.id in FAULTS)]))
    assert [(row.fault, row.broken, row.other) for row in rows if not row.exact] == []
    assert WRITTEN.read_text(encoding="utf-8") == as_markdown(rows)
