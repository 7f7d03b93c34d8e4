"""A receiver that demands signatures is judged with a scheme, and refuses to be judged without one."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import signature_from
from callback_contract.openapi import load_contract

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def url():
    signature = signature_from("standard-webhooks", {"CALLBACK_SIGNING_KEY": KEY})
    with served(Receiver(load_contract(), signature=signature)) as base:
        yield base


def test_signed_deliveries_are_judged(url, tmp_path):
    done = quick(url, "--signature", "standard-webhooks", "--report-dir", str(tmp_path), CALLBACK_SIGNING_KEY=KEY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert KEY not in (tmp_path / "report.json").read_text() + done.stdout


def test_unsigned_deliveries_are_refused_credentials(url):
    done = quick(url)
    assert (done.returncode, "credentials" in done.stderr) == (3, True)


def test_key_that_is_not_set_is_found_before_anything_is_sent(url):
    done = quick("http://127.0.0.1:1/", "--signature", "standard-webhooks", CALLBACK_SIGNING_KEY="")
    assert (done.returncode, "CALLBACK_SIGNING_KEY" in done.stderr) == (2, True)
