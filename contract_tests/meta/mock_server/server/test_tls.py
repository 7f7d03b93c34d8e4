"""TLS rules: judged by separate handshakes; a flaw is a finding, and no session at all ends the run."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from urllib.parse import urlsplit

import pytest

from callback_contract.contract_tests.chapters.checks import tls
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import PROGRAM, quick, run
from callback_contract.contract_tests.meta.support.judged import broken, judged, verdicts
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.target import tls_probe
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.certificates import FLAWS, self_made
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import KitError, load_contract

CONTRACT = load_contract()


@pytest.fixture
def reached():
    """Serves the right mock over HTTPS with one flaw; gives how to get there."""
    with contextlib.ExitStack() as stack:

        def reach(flaw="", **more):
            tls = stack.enter_context(self_made("127.0.0.1", flaw))
            url = stack.enter_context(served(Receiver(CONTRACT), tls=tls))
            return Access(url, **{"ca": str(tls.authority), **more})

        yield reach


@pytest.mark.slow
def test_handshake_that_ends_after_the_server_leaves_nothing_open():
    answers = []

    def shake_hands_late():
        with contextlib.suppress(OSError), ssl._create_unverified_context().wrap_socket(raw) as secured:
            answers.append(secured.recv(1))

    with self_made("127.0.0.1", "") as tls, served(Receiver(CONTRACT), tls=tls) as url:
        raw = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port))
        late = threading.Timer(0.4, shake_hands_late)
        late.start()
    late.join()
    assert answers == [b""]  # what is left open fails this test as a warning


def test_right_certificate_passes_all(reached):
    assert set(verdicts(judged(reached(), "TLS")).values()) == {"pass"}


def test_plain_http_on_this_machine_is_not_judged():
    with served(Receiver(CONTRACT)) as url:
        assert set(verdicts(judged(Access(url), "TLS")).values()) == {"not applicable"}


@pytest.mark.parametrize(
    ("flaw", "rule"),
    [("untrusted", "TLS-03"), ("expired", "TLS-04"), ("other host", "TLS-05"), ("old only", "TLS-02")],
)
def test_flaw_without_insecure_is_a_finding_and_blocks_the_deliveries(reached, flaw, rule):
    results = judged(reached(flaw), "TLS", "ACK-01")
    assert broken(results) == {rule}
    assert results["ACK-01"].reason.startswith("blocked: no TLS session can be trusted")


def test_insecure_lets_the_rest_be_judged_and_excuses_nothing(reached):
    results = judged(reached("untrusted", insecure=True), "TLS-03", "ACK-01")
    assert verdicts(results) == {"ACK-01": "pass", "TLS-03": "fail"}


def test_flaw_ends_a_run_that_does_not_judge_tls(reached):
    with pytest.raises(KitError, match="no TLS session") as caught:
        judged(reached("untrusted"), "ACK-01")
    assert caught.value.exit_code == 3


def test_no_session_at_all_ends_the_run():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            for _ in range(9):
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(KitError) as caught:
            judged(Access(url, timeout_s=2), "TLS", "ACK-01")
    assert caught.value.exit_code == 3


def test_version_that_openssl_cannot_offer_is_not_judged(reached, monkeypatch):
    def cannot(*args, **more):
        raise ssl.SSLError("no protocols available")

    monkeypatch.setattr(tls_probe, "allow_old", cannot)
    result = judged(reached(), "TLS-06")["TLS-06"]
    assert (result.verdict.value, "cannot offer TLS 1.0" in result.reason) == ("not applicable", True)


def test_host_that_is_not_reached_says_nothing_about_its_tls():
    with pytest.raises(NotApplicable, match="not reached"):
        tls_probe.handshake(Access("https://127.0.0.1:1/"))


def test_tls_is_not_judged_through_a_proxy(reached):
    config = type("Config", (), {"sender": type("Sender", (), {"access": reached(proxy="http://127.0.0.1:1")})})
    assert "--proxy" in str(tls.https(config))


def test_check_reports_an_untrusted_chain_and_exits_1(reached):
    access = reached("untrusted")
    done = quick(access.url, "--ca", access.ca)
    assert done.returncode == 1
    assert "fail TLS-03 MUST" in done.stdout
    assert "--ca FILE or --insecure" in done.stdout


def test_every_flaw_belongs_to_a_fault():
    from callback_contract.mock_server.faults.registry import FAULTS

    assert {fault.tls for fault in FAULTS.values()} - {""} == set(FLAWS)


def test_file_of_authorities_that_holds_none_is_wrong_use(reached, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    done = quick(reached().url, "--ca", str(tmp_path / "ca.pem"))
    assert (done.returncode, "--ca" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_key_of_a_self_made_certificate_stands_in_no_file():
    with self_made("localhost") as tls:
        folder = tls.authority.parent
        assert b"PRIVATE KEY" in tls.certificate
        assert "PRIVATE KEY" not in repr(tls)
        assert [file.name for file in folder.iterdir()] == ["ca.pem"]
        assert b"PRIVATE KEY" not in tls.authority.read_bytes()
    assert not folder.exists()


def test_mock_by_https_that_is_killed_leaves_no_key(tmp_path):
    command = [*PROGRAM, "mock", "--port", "0", "--https"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    ) as mock:
        assert "https://" in mock.stdout.readline()
        mock.kill()
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"PRIVATE KEY" in file.read_bytes()]


def test_file_that_is_no_certificate_is_one_error(tmp_path):
    file = tmp_path / "no.pem"
    file.write_text("no certificate")
    with self_made("localhost") as tls, pytest.raises(KitError, match="no certificate with its key"):
        dataclasses.replace(tls, certificate=file).context()


def test_mock_by_https_says_whom_to_trust_and_is_judged(tmp_path):
    mock = subprocess.Popen([*PROGRAM, "mock", "--port", "0", "--fault", "TLS-07"], stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"https://\S+", mock.stdout.readline())[0]
        ca = mock.stdout.readline().partition(": ")[2].strip()
        done = quick(url, "--ca", ca, "--rules", "TLS")
    finally:
        mock.send_signal(signal.SIGINT)
        mock.wait(timeout=20)
        mock.stdout.close()
    assert done.returncode == 0, done.stderr
    assert "warn TLS-07 SHOULD" in done.stdout
    assert f"--rules TLS-07 --depth quick --ca {ca}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--fault", "SIG-03"), "Add --signature"), (("--cert", "/dev/null"), "no certificate with its key")],
)
def test_mock_that_could_not_show_what_it_should_is_wrong_use(arguments, said):
    done = run("mock", "--port", "0", *arguments)
    assert (done.returncode, said in done.stderr, done.stdout) == (2, True, "")
