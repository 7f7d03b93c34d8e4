"""Signature rules: one mistake is one finding, and a callback that has to be signed is not sent unsigned."""

from __future__ import annotations

from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest
import yaml
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.kill_matrix.setups import stock_signature
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.meta.support.judged import broken, judged, run_for, verdicts
from callback_contract.contract_tests.meta.support.providers import document_for, signature_of
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.runner.planning import plans_of
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.certificates import self_made
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import DeliverySigner, load_keys, load_scheme, presets, signature_from
from callback_contract.openapi import ContractError, load_contract
from callback_contract.openapi.contract.loading import CONTRACT_FILE
from callback_contract.openapi.linting.linter import lint_contract
from callback_contract.openapi.reading import read_contract

CONTRACT = load_contract()
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FINER = {f"SIG-{number:02}" for number in (*range(2, 12), 16)}


def judged_with(scheme, keys, *rules, contract=CONTRACT, **more):
    with served(Receiver(contract, signature=(scheme, keys), **more)) as url:
        return judged(Access(url), *rules, contract=contract, signer=DeliverySigner(scheme, keys))


def test_receiver_that_verifies_nothing_gets_one_finding():
    with served(Receiver(CONTRACT)) as url:
        results = judged(Access(url), "ACK-01", "SIG", signer=DeliverySigner(*stock_signature()))
    assert broken(results) == {"SIG-01"}
    assert {rule_id for rule_id, result in results.items() if result.blocked} == FINER


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_judged_without_a_false_alarm(name, tmp_path):
    contract = read_contract(written(tmp_path, document_for(name)))
    said = set(verdicts(judged_with(*signature_of(name), "SIG", contract=contract)).values())
    assert said == {"pass", "not applicable"}


def test_url_is_signed_as_https_where_the_mock_serves_it(tmp_path):
    contract, signature = read_contract(written(tmp_path, document_for("twilio-like"))), signature_of("twilio-like")
    with self_made("127.0.0.1", "") as tls, served(Receiver(contract, signature=signature), tls=tls) as url:
        access = Access(f"{url}/hook?tenant=1", insecure=True)
        results = judged(access, "ACK-01", "SIG-03", contract=contract, signer=DeliverySigner(*signature))
    assert verdicts(results) == {"ACK-01": "pass", "SIG-03": "pass"}


def test_signature_of_a_plugin_is_judged_like_any_other(tmp_path):
    (tmp_path / "ours.py").write_text(
        "import hashlib\n"
        "def signature(key, request):\n"
        "    return hashlib.sha256(key + request.timestamp.encode() + request.body).hexdigest()\n"
    )
    scheme = {"header": "X-Sign", "plugin": "ours.py", "layout": "t={timestamp},v1={signature}", "separator": ","}
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump({**scheme, "key_env": ["KEY"]}))
    said = verdicts(judged_with(*signature_from(str(tmp_path / "ours.yaml"), {"KEY": "a key of ours"}), "SIG"))
    assert {rule for rule, verdict in said.items() if verdict != "pass"} == {"SIG-10", "SIG-14", "SIG-16"}
    assert set(said.values()) == {"pass", "not applicable"}


@pytest.mark.parametrize("name", ["adyen-like", "mailgun-like"])
def test_member_that_the_signer_writes_makes_no_case_and_every_other_does(name, tmp_path):
    contract = read_contract(written(tmp_path, document_for(name)))
    rules = ("ACK-01", "DAT-13", "PAY-18", "PAY-20", "PAY-22", "WIRE-17")
    assert set(verdicts(judged_with(*signature_of(name), *rules, contract=contract)).values()) == {"pass"}


def test_callback_that_a_scheme_cannot_sign_is_not_sent():
    results = judged_with(*signature_of("twilio-like"), "ACK-01")
    reason = "signs the fields of a form, and wabaMessageStatus is application/json: give --signature a scheme for that"
    assert results["ACK-01"].verdict == "not applicable" and reason in results["ACK-01"].reason


def test_age_is_judged_on_the_sides_that_the_provider_limits():
    said = verdicts(judged_with(*signature_of("stripe-like"), "SIG-07", "SIG-08"))
    assert said == {"SIG-07": "pass", "SIG-08": "not applicable"}
    reason = judged_with(*signature_of("vonage-like"), "SIG-07")["SIG-07"].reason
    assert reason.endswith("vonage-like limits no time of signing on this side (tolerance_towards)")


def test_scheme_without_time_says_why_age_is_not_judged():
    scheme = load_scheme("sha256-hex-body")
    results = judged_with(scheme, load_keys(scheme, {"CALLBACK_SIGNING_KEY": "secret"}), "SIG-07", "SIG-13", "SIG-14")
    assert [r.reason.partition("sha256-hex-body ")[2] for r in results.values()] == [
        "signs no time",
        "knows one signature only",
        "has one key only: name two in its key_env to see a rotation",
    ]


def test_unsigned_run_names_the_option():
    with served(Receiver(CONTRACT)) as url:
        results = judged(Access(url), "SIG")
    reasons = {result.reason for rule_id, result in results.items() if rule_id != "SIG-16"}  # which lacks more
    assert reasons == {"needs signed deliveries: give --signature SCHEME, and its keys by environment"}


def test_refusal_of_a_forgery_is_no_lost_credential():
    results = judged_with(*stock_signature(), "SIG-12", "SIG-03", fault=FAULTS["SIG-12"])
    assert verdicts(results) == {"SIG-03": "pass", "SIG-12": "fail"}


def test_secret_in_an_answer_is_told_by_its_name_only():
    access = Access("http://unused", headers=(("Authorization", "Bearer 0123456789abcdef"),))
    with served(Receiver(CONTRACT, fault=FAULTS["SEC-04"])) as url:
        result = judged(replace(access, url=url), "SEC-04")["SEC-04"]
    assert {finding.actual for finding in result.findings} == {"it repeats the header Authorization"}


def test_header_that_proves_nothing_is_no_secret():
    run = run_for(Access("http://127.0.0.1:1", headers=(("X-Environment", "staging-environment"),)), "SEC-04")
    assert run.config.sender.credentials == {}


def test_own_mock_demands_the_signature_that_is_configured(tmp_path):
    more = ("--verbose", "--report-dir", str(tmp_path))
    done = quick("--signature", "standard-webhooks", "--rules", "SIG", *more, CALLBACK_SIGNING_KEY=KEY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pass            SIG-16" in done.stdout
    assert KEY not in (tmp_path / "report.json").read_text()


def test_finding_of_a_signed_run_is_repeated_by_a_command_that_signs(tmp_path):
    scheme = load_scheme("standard-webhooks")
    signature = scheme, load_keys(scheme, {"CALLBACK_SIGNING_KEY": KEY})
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-17"], signature=signature)) as url:
        done = quick(url, "--signature", "standard-webhooks", "--rules", "PAY-17", CALLBACK_SIGNING_KEY=KEY)
    assert "--signature standard-webhooks" in done.stdout
    assert "curl" not in done.stdout


def test_signed_standard_run_fits_what_is_sent_elsewhere_by_default():
    sender = Sender(Access("https://receiver.invalid/"), Pace(), DeliverySigner(*stock_signature()))
    _, catalogue, tests = tools()
    run = run_of(
        CONTRACT, catalogue, catalogue.rules, CONTRACT.default_callbacks, sender, read_back=lambda message_id: None
    )
    assert sum(plan.deliveries for plan in plans_of(run, tests).values()) + 1 <= 1000


# --- a callback that always comes signed ----------------------------------------------------------------------------


@pytest.fixture
def signed_contract(tmp_path):
    """Writes a contract whose callback requires a header; the header's keys are given."""

    def write(**keys):
        document = yaml.safe_load(CONTRACT_FILE.read_text(encoding="utf-8"))
        item, *_ = document["webhooks"].values()
        document["webhooks"] = dict(list(document["webhooks"].items())[:1])
        header = {"name": "X-Made-Up-Sign", "in": "header", "required": True, "description": "Proves who sends."}
        item["post"]["parameters"].append({**header, "schema": {"type": "string"}, **keys})
        file = tmp_path / "contract.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return file

    return write


def test_callback_that_comes_signed_is_not_sent_unsigned(signed_contract):
    contract = load_contract(signed_contract(**{"x-signature": True}))
    with served(Receiver(CONTRACT)) as url:
        run = run_for(Access(url), "ACK", "WIRE", contract=contract)
        results = judge_all(run, tools()[2])
    assert run.state.exchanges == []
    assert set(verdicts(results).values()) == {"not applicable"}
    assert all("X-Made-Up-Sign: give --signature" in result.reason for result in results.values())


def test_check_of_a_callback_that_comes_signed_names_the_option(signed_contract):
    done = quick("--contract", str(signed_contract(**{"x-signature": True})), "--rules", "ACK")
    assert (done.returncode, "give --signature SCHEME" in done.stdout) == (3, True)


def test_scheme_with_another_header_is_not_enough(signed_contract):
    contract = load_contract(signed_contract(**{"x-signature": True}))
    run = run_for(Access("http://127.0.0.1:1"), "ACK", contract=contract, signer=DeliverySigner(*stock_signature()))
    assert "give --signature a scheme with that header" in "".join(run.config.withheld.values())


def test_scheme_with_that_header_sends(signed_contract):
    contract = load_contract(signed_contract(**{"x-signature": True}))
    scheme = replace(load_scheme("sha256-hex-body"), header="x-made-up-SIGN", prefix="")
    signature = scheme, load_keys(scheme, {"CALLBACK_SIGNING_KEY": "a key of ours"})
    with served(Receiver(contract, signature=signature)) as url:
        results = judged(Access(url), "ACK-01", "SIG-01", contract=contract, signer=DeliverySigner(*signature))
    assert verdicts(results) == {"ACK-01": "pass", "SIG-01": "pass"}


@pytest.mark.parametrize(
    ("keys", "said"),
    [({"x-signature": "yes"}, "neither true nor false"), ({"x-signature": True, "in": "query"}, "no header")],
)
def test_unsound_mark_of_a_signature_is_refused(signed_contract, keys, said):
    with pytest.raises(ContractError, match=said):
        load_contract(signed_contract(**keys))


def test_lint_asks_about_a_required_header_that_looks_like_a_signature(signed_contract):
    remarks = [remark.what for remark in lint_contract(signed_contract())]
    assert any("'X-Made-Up-Sign' looks like a signature" in what for what in remarks)


# --- an independent witness -----------------------------------------------------------------------------------------


class Verifying(BaseHTTPRequestHandler):
    """A receiver that leaves signatures to the reference library of Standard Webhooks."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            Webhook(KEY).verify(body, dict(self.headers))
            status = 200
        except (WebhookVerificationError, ValueError):
            status = 401
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


def test_receiver_by_the_reference_library_of_standard_webhooks_breaks_nothing():
    scheme = load_scheme("standard-webhooks")
    signer = DeliverySigner(scheme, load_keys(scheme, {"CALLBACK_SIGNING_KEY": KEY}))
    with http_server(Verifying) as url:
        results = judged(Access(f"{url}/"), "ACK-01", "SIG", signer=signer)
    assert {r.rule.id: [(f.case, f.actual) for f in r.findings] for r in results.values() if r.broken} == {}
    assert {r.rule.id for r in results.values() if r.verdict == "not applicable"} == {"SIG-14", "SIG-16"}
