"""Mutual TLS: the client certificate is sent on request, and flaws of its files are reported first."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.certificates import demanding, write_client, write_self_made
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import KitError, load_contract


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Certificates of a server and of a client, and keys that do not fit."""
    folder = tmp_path_factory.mktemp("certificates")
    server = write_self_made("127.0.0.1", folder)
    (folder / "server.pem").write_bytes(server.certificate)
    authority, client = write_client(folder)
    key = serialization.load_pem_private_key(client.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"passphrase")
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "locked.pem").write_bytes(key.private_bytes(pem, pkcs8, locked))
    (folder / "junk.pem").write_text("no PEM")
    return folder, replace(server, clients=authority), client


@pytest.fixture(scope="module")
def url(files):
    with served(Receiver(load_contract()), tls=files[1]) as base:
        yield base + "/"


def run(*words):
    return invoke(cli, [str(word) for word in words])


def test_check_shows_its_certificate_and_no_report_does(files, url, tmp_path):
    folder, _, client = files
    ran = run(
        *("check", url, "--ca", folder / "ca.pem", "--cert", client, "--rules", "ACK-01,TLS-03"),
        *("--depth", "quick", "--report-dir", tmp_path),
    )
    assert ran.exit_code == 0, ran.output
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"PRIVATE KEY" not in written
    assert str(client).encode() not in written
    assert json.loads((tmp_path / "report.json").read_text())["rules"]


def test_send_shows_its_certificate(files, url):
    folder, _, client = files
    ran = run("send", url, "--ca", folder / "ca.pem", "--cert", client)
    assert ran.exit_code == 0, ran.output


def test_missing_certificate_says_which_option_gives_it(files, url):
    ran = run("check", url, "--ca", files[0] / "ca.pem", "--rules", "ACK-01")
    assert isinstance(ran.exception, KitError)
    assert ran.exception.exit_code == 3
    assert "--cert FILE" in str(ran.exception)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("server.pem", "is not that of the certificate"),
        ("locked.pem", "has a passphrase"),
        ("junk.pem", "no certificate with its key can be read"),
        ("none.pem", "there is no such file"),
    ],
)
def test_key_that_cannot_be_used_is_told(files, key, said):
    with pytest.raises(KitError, match=said):
        Access("https://127.0.0.1/", client_cert=str(files[2]), client_key=str(files[0] / key))


def test_key_without_its_certificate_is_told(files):
    with pytest.raises(KitError, match="a key without its certificate"):
        Access("https://127.0.0.1/", client_key=str(files[2]))


def test_authority_that_cannot_be_read_is_told(files):
    with pytest.raises(KitError, match="no certificate authority can be read"):
        Access("https://127.0.0.1/", ca=str(files[0] / "junk.pem"))


def test_mock_demands_certificates_over_https_alone(files):
    with pytest.raises(KitError, match="over HTTPS alone"):
        demanding(None, str(files[0] / "clients-ca.pem"))


def test_mock_that_demands_certificates_reads_their_authorities_first(files):
    with pytest.raises(KitError, match="no certificate authority can be read"):
        demanding(replace(files[1], clients=None), str(files[0] / "junk.pem"))


def test_mock_demands_certificates(files):
    demands = demanding(replace(files[1], clients=None), str(files[0] / "clients-ca.pem"))
    assert demands.context().verify_mode is ssl.CERT_REQUIRED
