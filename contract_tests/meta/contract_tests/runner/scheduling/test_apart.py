"""Several callbacks in one run: a broken rule of one callback blocks no other callback."""

from __future__ import annotations

import json

import pytest
import yaml

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import signature_from
from callback_contract.mock_server.signing.scheme_file import PRESETS_FOLDER
from callback_contract.openapi import KitError, load_contract

CONTRACT = load_contract()
FIRST, SECOND = (callback.name for callback in CONTRACT.callbacks[:2])
SIGNED = next(c for c in CONTRACT.callbacks if any(h.required and h.signature for h in c.headers))
HEADER = next(h.name for h in SIGNED.headers if h.signature)
KEY = {"CALLBACK_SIGNING_KEY": "hush-hush-hush-hush"}


def check(*arguments, **environ):
    return invoke(cli, ["check", "--depth", "quick", *arguments], env=environ, catch_exceptions=False)


def rules_of(directory):
    return {rule["id"]: rule for rule in json.loads((directory / "report.json").read_text())["rules"]}


@pytest.fixture
def scheme(tmp_path):
    """A scheme that signs in the header that the contract requires."""
    preset = yaml.safe_load((PRESETS_FOLDER / "sha256-hex-body.yaml").read_text())
    file = tmp_path / "scheme.yaml"
    file.write_text(yaml.safe_dump({**preset, "header": HEADER}))
    return str(file)


def test_what_breaks_one_callback_blocks_no_other(tmp_path):
    with served(Receiver(CONTRACT)) as right, served(Receiver(CONTRACT, fault=FAULTS["ACK-01"])) as wrong:
        urls = ("--callback", f"{FIRST}={right}/", "--callback", f"{SECOND}={wrong}/")
        ran = check(*urls, "--rules", "ACK-01,ACK-03", "--report-dir", str(tmp_path))
    assert ran.exit_code == 1, ran.output
    rule = rules_of(tmp_path)["ACK-03"]
    assert (rule["verdict"], rule["reason"]) == ("pass", f"not judged of {SECOND}: ACK-01 is broken")


def test_signed_callback_is_judged_by_its_scheme_alone(scheme, tmp_path):
    signing = signature_from(scheme, KEY)
    with served(Receiver(CONTRACT, signature=signing)) as url:
        arguments = ("--callback", SIGNED.name, "--signature", scheme, "--rules", "ACK-01,SIG-01")
        ran = check(f"{url}/", *arguments, "--report-dir", str(tmp_path), **KEY)
    assert ran.exit_code == 0, ran.output
    assert {rule["verdict"] for rule in rules_of(tmp_path).values() if rule["id"] in {"ACK-01", "SIG-01"}} == {"pass"}


def test_signature_by_hand_and_by_scheme_is_one_too_many(scheme):
    with pytest.raises(KitError, match=f"{HEADER} is given, and --signature writes it, too"):
        check("http://127.0.0.1:1/", "-c", SIGNED.name, "--signature", scheme, "-H", f"{HEADER}: abc", **KEY)


def test_named_callback_that_cannot_be_judged_is_no_green_run():
    with pytest.raises(KitError, match="not all callbacks can be judged") as caught:
        check("http://127.0.0.1:1/", "--callback", FIRST, "--callback", SIGNED.name)
    assert f"{SIGNED.name} requires a signature in {HEADER}: give --signature" in caught.value.remedy


def dies_of_a_broken_body():
    dead = []

    def answer(request, assessment, receiver, right):
        dead.extend([True] if assessment is not None and not assessment.accepted else [])
        return Response(503, b"", "text/plain") if dead else right()

    return Fault(answer)


def test_what_kills_one_url_leaves_the_other_to_be_judged(tmp_path):
    with served(Receiver(CONTRACT)) as right, served(Receiver(CONTRACT, fault=dies_of_a_broken_body())) as wrong:
        urls = ("--callback", f"{FIRST}={right}/", "--callback", f"{SECOND}={wrong}/")
        check(*urls, "--rules", "PAY-03,PAY-05", "--report-dir", str(tmp_path))
    rule = rules_of(tmp_path)["PAY-05"]
    assert rule["verdict"] == "pass"
    assert rule["reason"].startswith(f"not judged of {SECOND}: the receiver acknowledged no valid delivery any more")
