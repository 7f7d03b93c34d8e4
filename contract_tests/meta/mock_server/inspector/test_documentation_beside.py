"""The documentation beside the mock: served as it was written, and an example that leads to where it is sent."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.cli.docs_command import docs
from callback_contract.contract_tests.meta.mock_server.inspector.test_inspector_page import browser, show
from callback_contract.contract_tests.meta.support.inspecting import asked, inspecting
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.cli.inspector_options import _documents
from callback_contract.mock_server.cli.mock_command import mock
from callback_contract.openapi import CONTRACT_FILE, KitError, load_contract
from callback_contract.openapi.documenting import address
from callback_contract.openapi.documenting.proof import Proof
from callback_contract.openapi.documenting.site import MARKER, write_site

__all__ = ["browser", "show"]  # fixtures
CALLBACK = load_contract().callbacks[0]
DOCS = "/callback-contract/docs/"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    write_site(out, CONTRACT_FILE, ("en",), Proof())
    return out


def test_site_is_served_as_it_was_written(site):
    with inspecting(docs=_documents(site)) as beside:
        for name in ("index.html", "en/rules.html", "en/openapi.json"):
            answer = asked(beside.url, DOCS + name)
            assert answer.body == (site / name).read_bytes()
            assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert asked(beside.url, DOCS[:-1]).headers["location"] == DOCS + "index.html"
        assert beside.get("about")["docs"] is True


@pytest.mark.parametrize("path", [MARKER, "../deliveries.db", "%2e%2e/x", "en/mine.txt"])
def test_nothing_else_of_the_directory_is_served(site, path):
    (site / "en" / "mine.txt").write_text("secret")
    with inspecting(docs=_documents(site)) as beside:
        assert b"secret" not in asked(beside.url, DOCS + path).body
        assert asked(beside.url, DOCS + path).status in {404, 405}


def test_directory_without_a_site_is_one_error(tmp_path):
    for directory in (tmp_path, tmp_path / "none"):
        with pytest.raises(KitError, match="no documentation"):
            _documents(directory)
    ran = invoke(mock, ["--port", "0", "--docs", str(tmp_path), "--no-inspect"])
    assert isinstance(ran.exception, KitError) and "--docs" in ran.exception.where


@pytest.mark.slow
def test_docs_serve_runs_the_mock_beside_what_it_wrote(tmp_path, monkeypatch):
    monkeypatch.setattr("callback_contract.mock_server.server.serving.serve", lambda *given: None)
    said = invoke(docs, ["--out", str(tmp_path / "site"), "--serve", "--port", "0"]).output
    assert "67 pages" in said and "Documentation: http://127.0.0.1:" in said and DOCS in said


@pytest.mark.slow
def test_example_leads_to_the_mock_beside_it(site, show):
    with inspecting(docs=_documents(site)) as beside:
        example = CALLBACK.delivered_examples[1].name
        page = show(beside, "docs/en/" + address("example", CALLBACK.name, example))
        page.get_by_role("link", name="Send this example to the mock").and_(page.locator(":visible")).click()
        page.locator("#composer[open]").wait_for()
        assert page.locator("#composer [name=example]").input_value() == example
        page.locator("#composer-send").click()
        page.locator("#composer-answer .good").wait_for()
        assert page.said == [] and beside.get("deliveries")["rows"][0]["verdict"] == "accepted"
