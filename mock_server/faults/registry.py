"""Registry of the mock's faults: what the mock does wrong on purpose, by the id of the rule that it breaks.

The sentence that tells a fault stands in the rule's row of `rules.yaml`.
"""

from __future__ import annotations

from callback_contract.mock_server.faults.bodies import BODY_FAULTS
from callback_contract.mock_server.faults.http import HTTP_FAULTS
from callback_contract.mock_server.faults.signing import SIGNING_FAULTS
from callback_contract.mock_server.faults.stored import STORED_FAULTS
from callback_contract.mock_server.receiver.receiver import Fault

__all__ = ["FAULTS"]

FAULTS: dict[str, Fault] = BODY_FAULTS | HTTP_FAULTS | STORED_FAULTS | SIGNING_FAULTS
