"""Reports and `rules ID` lead to the published documentation, in the reader's language, to places that are there."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import unquote

import jsonschema_rs
import pytest

from callback_contract.contract_tests.cli.docs_command import proof
from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.made_reports import SCHEMA, report, rule
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.reporting.formats.html import report_html
from callback_contract.contract_tests.reporting.formats.sarif import sarif_json
from callback_contract.contract_tests.reporting.formats.summary import summary_md
from callback_contract.contract_tests.reporting.model.documentation_links import docs_of
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import CONTRACT_FILE, KitError, load_contract
from callback_contract.openapi.documenting.content.links import address
from callback_contract.openapi.documenting.content.words import LANGUAGES
from callback_contract.openapi.documenting.published import ENVIRONMENT, Site, site_at, site_of
from callback_contract.openapi.documenting.site import pages_of_site
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.message import Text

CONTRACT = load_contract()
URL = "https://docs.example.com/callbacks/"
CALLBACK = CONTRACT.callbacks[0]


def linked(case, site=None, rule_id="PAY-17"):
    """A report of one finding that knows where the documentation is."""
    value = report(rule(rule_id, "fail", case, callback=CALLBACK.name))
    value["docs"] = docs_of(site or Site(URL), CONTRACT, value["rules"])
    jsonschema_rs.validator_for(SCHEMA).validate(value)
    return value


def explained(*arguments, **environment):
    return invoke(cli, ["rules", "ACK-01", *arguments], env=environment).output.splitlines()[-1].strip()


@pytest.mark.parametrize("member", CALLBACK.members, ids=lambda member: member.pointer or "root")
def test_links_of_a_finding_resolve_in_a_built_site_in_both_languages(member, site):
    page = report_html(linked(Text("case.missing", pointer=member.pointer)))
    links = [unescape(link).removeprefix(URL) for link in re.findall(r'href="(https:[^"]*)"', page)]
    assert {link.partition("/")[0] for link in links} == set(LANGUAGES)
    assert len(links) == len(LANGUAGES) * (4 if member.pointer else 3)  # the rule twice, the callback, the field
    for link in links:
        file, _, place = link.partition("#")
        assert not place or f'id="{unquote(place)}"' in site[file], link


@pytest.fixture(scope="module")
def site():
    return dict(pages_of_site(CONTRACT_FILE, tuple(LANGUAGES), proof()))


def test_chinese_text_leads_to_the_chinese_page_and_english_to_the_english_one():
    spans = re.findall(r'<span data-l lang="(\w+)"><a href="([^"]*)"', report_html(linked("a case")))
    assert spans and all(url.startswith(f"{URL}{lang}/") for lang, url in spans)


def test_every_report_leads_to_the_rule():
    value, page = linked("a case"), f"{URL}en/rules.html#PAY-17"
    assert f"[PAY-17 MUST](<{page}>)" in summary_md(value)
    (run,) = json.loads(sarif_json(value))["runs"]
    assert [each["helpUri"] for each in run["tool"]["driver"]["rules"]] == [page]


def test_without_a_site_no_report_has_a_link():
    value = report(rule("PAY-17", "fail", "a case"))
    assert "](" not in summary_md(value) and "helpUri" not in sarif_json(value)
    assert re.findall(r'<a [^>]*href="(?!#)', report_html(value)) == []


def test_edited_report_cannot_make_another_link():
    value = linked("a case")
    value["docs"]["url"] = "javascript:alert(1)"
    with pytest.raises(KitError, match="/docs/url"):
        report_html(value)


def test_rule_is_explained_with_its_page_or_how_to_make_it():
    assert explained("--docs-url", URL) == f"{URL}en/rules.html#ACK-01"
    assert explained(**{ENVIRONMENT: URL}) == f"{URL}en/rules.html#ACK-01"
    assert explained() == "`callback-contract docs --out DIR` writes it: DIR/en/rules.html#ACK-01"


def test_check_tells_the_page_in_the_terminal_and_the_report(tmp_path):
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-17"])) as url:
        arguments = ["check", url, "--rules", "PAY-17", "--report-dir", str(tmp_path), "--docs-url", URL]
        said = invoke(cli, arguments).output
    assert f"Documentation: {URL}en/rules.html#PAY-17" in said
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["docs"]["url"] == URL


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://x.example/docs", "https://x.example/docs/"),
        ("https://x.example", "https://x.example/"),
        ("http://[::1]:8080/a/index.html", "http://[::1]:8080/a/"),
        ("file:///srv/(c)", "file:///srv/%28c%29/"),
        ('https://x.example/"><b>|`', "https://x.example/%22%3E%3Cb%3E%7C%60/"),
        ("https://x.example/文档/%20", "https://x.example/%E6%96%87%E6%A1%A3/%20/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    ],
)
def test_address_is_written_so_that_it_ends_nowhere_too_early(given, url):
    assert site_at(given).url == url


@pytest.mark.parametrize(
    "given",
    "javascript:alert(1) docs /tmp //x/y data:text/html,x https:///x https://u:p@x/ https://x/?a=1 https://x/#a "
    "https://x\\y/ https://[::1/ https://x:y/".split(),
)
def test_what_is_no_address_of_a_site_is_one_error(given):
    with pytest.raises(KitError, match="--docs-url") as caught:
        site_at(given)
    assert caught.value.exit_code == 2


def test_directory_is_told_as_the_url_that_it_would_be(tmp_path):
    with pytest.raises(KitError) as caught:
        site_at(str(tmp_path))
    assert f"{tmp_path.as_uri()}/" in caught.value.remedy


def test_external_docs_of_a_contract_count_only_where_this_kit_made_them():
    theirs = {"externalDocs": {"url": URL}}
    ours = {"externalDocs": {"url": URL, "x-made-by": "callback-contract docs"}}
    assert (site_of(None, theirs), site_of(None, ours), site_of(None, {})) == (None, Site(URL), None)
    assert site_of("https://other.example/", ours) == Site("https://other.example/")


def test_links_of_somebody_elses_contract_lead_to_the_pages_that_docs_writes_of_it(tmp_path):
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps({**CONTRACT.document, "openapi": "3.0.3"}), encoding="utf-8")
    arguments = ["docs", "--contract", str(file), "--out", str(tmp_path / "site")]
    assert invoke(cli, arguments).exit_code == 0
    pointer = CALLBACK.delivery.state
    value = report(rule("PAY-17", "fail", Text("case.missing", pointer=pointer), callback=CALLBACK.name))
    value["docs"] = docs_of(Site(URL), read_contract(file), value["rules"])
    links = set(re.findall(rf'href="{URL}([^"]*)', report_html(value)))
    assert address("field", CALLBACK.name, pointer) in {link.partition("/")[2] for link in links}
    for link in links:
        page, _, fragment = link.partition("#")
        text = (tmp_path / "site" / page).read_text(encoding="utf-8")
        assert not fragment or f'id="{fragment}"' in text, link
