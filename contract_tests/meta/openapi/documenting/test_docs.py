"""The documentation: complete in every language, self-contained, made from nothing but the contract and its proof."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import openapi_spec_validator
import pytest

from callback_contract.contract_tests.cli import docs_command
from callback_contract.contract_tests.cli.commands import _LazyGroup
from callback_contract.contract_tests.cli.docs_command import docs, proof
from callback_contract.contract_tests.meta.generating.translations import missing
from callback_contract.contract_tests.meta.openapi.rules.test_translations import OTHER_WORDS
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.signing import load_keys, load_scheme
from callback_contract.openapi import CONTRACT_FILE, KitError, load_contract
from callback_contract.openapi.contract.members import FORMATS
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.documenting import address
from callback_contract.openapi.documenting.content.delivery import _told, apart
from callback_contract.openapi.documenting.content.lifecycle_diagram import life_cycle
from callback_contract.openapi.documenting.content.links import rule_page
from callback_contract.openapi.documenting.content.syntax_colouring import coloured_json, coloured_source
from callback_contract.openapi.documenting.content.wire_example import request_text
from callback_contract.openapi.documenting.content.words import LANGUAGES, Words, languages_from, table
from callback_contract.openapi.documenting.languages import catalogue_in, contract_in
from callback_contract.openapi.documenting.pages import Book, rendered_pages
from callback_contract.openapi.documenting.proof import Proof
from callback_contract.openapi.documenting.search import Entry, index, rows_of
from callback_contract.openapi.documenting.site import MARKER, pages_of_site, site_files, write_site
from callback_contract.openapi.documenting.templating import dressed
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.rules.catalogue import PROFILES, load_catalogue

CONTRACT, CATALOGUE = load_contract(), load_catalogue()
MOST_BYTES, MOST_PAGE_BYTES = 4_000_000, 400_000


class Parsed(HTMLParser):
    """Collects what a page names and what it leads to."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.attributes = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])


@pytest.fixture(scope="module")
def site():
    return dict(pages_of_site(CONTRACT_FILE, tuple(LANGUAGES), proof()))


@pytest.fixture(scope="module")
def documents(site):
    """What the site has besides its pages."""
    files = dict(site_files(CONTRACT_FILE, tuple(LANGUAGES), proof()))
    return {name: text for name, text in files.items() if name not in site}


@pytest.fixture(scope="module")
def parsed(site):
    return {name: Parsed(text) for name, text in site.items()}


# --- what it is -------------------------------------------------------------------------------------------------


def test_every_internal_link_resolves(parsed, documents):
    for name, page in parsed.items():
        for link in page.links:
            if re.match(r"https?://", link):
                continue
            file, _, place = link.partition("#")
            target = f"{name.rpartition('/')[0]}/{file}" if file else name
            folder, _, other = target.rpartition("/../")
            target = other if folder else target.lstrip("/")
            if target in documents:
                continue
            assert target in parsed, f"{name} leads to {link}"
            assert not place or unquote(place) in parsed[target].ids, f"{name} leads to {link}"


def test_no_page_has_an_id_twice(parsed):
    for name, page in parsed.items():
        assert len(page.ids) == len(set(page.ids)), name


def test_site_is_smaller_than_four_megabytes_and_each_page_than_400_kb(site, documents):
    sizes = {name: len(text.encode()) for name, text in site.items()}
    assert sum(sizes.values()) + sum(len(text.encode()) for text in documents.values()) < MOST_BYTES
    assert [name for name, size in sizes.items() if size >= MOST_PAGE_BYTES] == []


def test_pages_load_nothing(parsed):
    for name, page in parsed.items():
        assert not {"img", "iframe", "object", "embed", "form", "base", "video", "audio"} & set(page.tags), name
        for tag, attribute, value in page.attributes:
            assert attribute not in {"src", "srcset", "style"} and not attribute.startswith("on"), (name, tag)
            assert tag != "link" or attribute != "href" or value.startswith("data:"), (name, value)


def test_policy_allows_exactly_the_scripts_and_the_style_that_are_there(site):
    for name, text in site.items():
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
        assert policy.startswith("default-src 'none';"), name
        for part in re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", text, re.DOTALL):
            assert base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() in policy, name
        assert "unsafe" not in policy


def test_page_has_the_style_of_its_classes_and_of_no_other():
    page = dressed('<meta http-equiv="Content-Security-Policy" content=""><style></style><p class="rule chips">')
    assert ".rule{" in page and ".chips{" in page and ".copy{" in page
    assert ".matrix" not in page and ".exchange" not in page


def test_every_rule_and_every_field_stands_at_its_address(parsed):
    addresses = [address("rule", rule.id) for rule in CATALOGUE.rules]
    addresses += [address("fault", row.fault) for row in proof().matrix]
    for callback in CONTRACT.callbacks:
        addresses += [address("field", callback.name, member.pointer) for member in callback.members if member.pointer]
        addresses += [address("example", callback.name, example.name) for example in callback.examples]
        addresses += [address("header", callback.name, header.name) for header in callback.headers]
    for lang in LANGUAGES:
        for each in addresses:
            file, _, place = each.partition("#")
            assert place in parsed[f"{lang}/{file}"].ids, each


def test_addresses_that_others_link_to_do_not_change():
    assert address("rule", "ACK-01") == "rules.html#ACK-01"
    assert address("field", "wabaMessageStatus", "/msg_id") == "callback-wabaMessageStatus.html#field-msg_id"
    assert address("field", "a", "/rows/0/b c") == "callback-a.html#field-rows.0.b~20c"


def test_every_rule_is_told_on_the_page_of_its_chapter_where_its_row_leads(site, parsed):
    for rule in CATALOGUE.rules:
        file, _, place = rule_page(rule.id).partition("#")
        assert place in parsed[f"en/{file}"].ids
        row = re.search(rf'<li class="rule" id="{rule.id}".*?</li>', site["en/rules.html"])[0]
        assert f'href="{rule_page(rule.id)}"' in row


def test_every_rule_on_senders_is_told_where_its_row_leads(site, parsed):
    for lang in LANGUAGES:
        rules = catalogue_in(lang, "sender").rules
        assert {rule.id for rule in rules} <= set(parsed[f"{lang}/rules.html"].ids)
        for rule in rules:
            row = re.search(rf'<li class="rule" id="{rule.id}".*?</li>', site[f"{lang}/rules.html"])[0]
            assert f'href="senders.html#{rule.id}"' in row
            told = re.search(
                rf'<details class="rule" id="{rule.id}".*?</details>', site[f"{lang}/senders.html"], re.DOTALL
            )
            assert f"callback-contract check-sender --rules {rule.id}" in told[0]


def test_profile_names_each_of_its_rules_and_no_other(site):
    for profile in PROFILES:
        for lang in LANGUAGES:
            shown = re.findall(r'<li><a class="id" href="[^"]*">([^<]*)<', site[f"{lang}/profile-{profile}.html"])
            assert sorted(shown) == sorted(rule.id for rule in CATALOGUE.rules if rule.profile == profile)


def test_contract_can_be_downloaded_as_written_in_one_document_and_as_paths(documents):
    assert documents["openapi-as-written.yaml"] == CONTRACT_FILE.read_text("utf-8")
    for lang in LANGUAGES:
        summary = contract_in(lang, CONTRACT_FILE).callbacks[0].summary
        for name, within in (("openapi.json", "webhooks"), ("openapi-paths.json", "paths")):
            document = json.loads(documents[f"{lang}/{name}"])
            openapi_spec_validator.validate(document)
            assert summary in {item["post"]["summary"] for item in document[within].values()}


def test_two_pointers_never_share_an_anchor():
    pointers = ["/a/b", "/a.b", "/a~1b", "/a~0b", "/a b", "/a~01b", "/ä"]
    assert len({address("field", "x", pointer) for pointer in pointers}) == len(pointers)


def searched(site, lang):
    return rows_of(re.search(r'id="search-index">(.*?)</script>', site[f"{lang}/index.html"], re.DOTALL)[1])


@pytest.mark.parametrize(
    "word", "idempotent timeout starter curl 500 --samples get_json() 9.3.8 key_env 超时 去重".split()
)
def test_search_finds_what_readers_type_in_both_languages(site, word):
    for lang in LANGUAGES if word.isascii() else ["zh"]:
        assert [e for e in searched(site, lang) if word in f"{e.name} {e.text} {e.words}".lower()], lang


def test_other_names_of_a_thing_stand_in_a_line_of_their_own(site):
    (found,) = [e for e in searched(site, "en") if e.name == Words("en")("page.delivery") and not e.text]
    names, _, words = found.words.partition("\n")
    assert "timeout" in names.lower() and words


def test_each_page_leads_to_the_one_before_and_the_one_after(site, parsed):
    pages = [name for name in site if name.startswith("en/")]
    turned = {name: re.findall(r'rel="(?:prev|next)" href="([^"]*)"', site[name]) for name in pages}
    assert turned[pages[0]] == [pages[1].removeprefix("en/")]
    for before, page, after in zip(pages, pages[1:], pages[2:], strict=False):
        assert turned[page] == [before.removeprefix("en/"), after.removeprefix("en/")]


def test_search_index_is_read_as_it_was_written():
    entries = [Entry("a", "p.html#a", "b"), Entry("<!--", "p.html", "é" * 7, "c", "</script>"), Entry("x", "q.html#y")]
    assert rows_of(index(entries)) == entries
    assert not set("<>\"'&") - {">", "&"} & set(index(entries))


def test_search_finds_every_rule_and_field_in_both_languages(site):
    for lang in LANGUAGES:
        names = {entry.name for entry in searched(site, lang)}
        assert {rule.id for rule in CATALOGUE.rules} <= names
        assert {m.pointer[1:] for c in CONTRACT.callbacks for m in c.members if m.pointer.count("/") == 1} <= names


def test_made_twice_it_is_the_same(site):
    assert dict(pages_of_site(CONTRACT_FILE, tuple(LANGUAGES), proof())) == site


# --- languages --------------------------------------------------------------------------------------------------


def test_word_is_there_in_english_and_in_languages_that_there_are():
    for key, texts in table().items():
        assert {"en"} <= texts.keys() <= LANGUAGES.keys(), key
        assert all(isinstance(text, str) for text in texts.values()), key
        values = {frozenset(re.findall(r"\{(\w+)\}", text)) for text in texts.values()}
        assert len(values) == 1, key


@pytest.mark.parametrize(
    ("retry", "said"),
    [
        ({"max_tries": 5, "after_s": 60}, "after 60 s, at most 5 tries"),
        ({"within_s": 900, "max_tries": 5}, "at most 5 tries within 900 s"),
        ({"schedule_s": [5, 300], "max_tries": 5}, "after 5, 300 s"),
        ({"after_s": 60, "within_s": 900}, "within 900 s"),
    ],
)
def test_retries_are_told_as_far_as_they_are_stated_in_any_order(retry, said):
    assert _told("retry", retry, Words("en")) == (said, ())


def test_chinese_words_are_chinese_and_one_for_one_thing():
    for key, texts in ((key, texts) for key, texts in table().items() if "zh" in texts):
        assert re.search("[\u3400-\u9fff、：]", texts["zh"]) or texts["zh"] == texts["en"], key
        assert not OTHER_WORDS.search(texts["zh"]), (key, texts["zh"])
        assert not re.search("[\u3400-\u9fff]", texts["en"]), key


def test_no_word_is_idle():
    used = set()
    for lang in LANGUAGES:
        words = Words(lang)
        contract = contract_in(lang, CONTRACT_FILE)
        list(rendered_pages(Book(contract, CONTRACT, catalogue_in(lang), proof(), words, tuple(LANGUAGES))))
        used |= words.used
    # Said only of contracts and receivers that have what these lack, or lack what these have.
    rare = (
        "alias.",
        "apart.",
        "aside.",
        "callback.observed",  # with a report of `drift`, see test_drift.py
        "fact.acknowledges_unread",
        "fact.none",
        "fact.retry.",
        "field.",
        "format.",
        "home.answer.",
        "mark.",
        "role.",
        "rules.note",
    )
    rare += (
        "rules.untestable",
        "site.choose",
        "site.english",
        "receivers.nothing",
        "receivers.warns",
        "callback.query",
        "callback.send.query",
        "callback.wire.",
    )
    assert [key for key in table() if key not in used and not key.startswith(rare)] == []


def test_every_format_and_every_fact_has_its_words():
    facts = json.loads(CONTRACT_FILE.with_name("schemas").joinpath("x-delivery.schema.json").read_text("utf-8"))
    assert all(f"format.{name}" in table() for name in FORMATS)
    for key, fact in facts["properties"].items():
        levels = (
            [f"{key}.{level}" for level in fact["properties"]] if "properties" in fact and "$ref" not in fact else []
        )
        named = [key] if "allOf" in fact or not levels else levels
        assert all(f"fact.{name}" in table() for name in named), key


def test_questions_and_known_callbacks_are_told_in_both_languages(site):
    for lang in LANGUAGES:
        for row in read_yaml(CONTRACT_FILE.with_name("open-questions.yaml"), error=KitError).value["questions"]:
            assert f'id="{row["id"]}"' in site[f"{lang}/open.html"]
        assert not OTHER_WORDS.search(site["zh/open.html"])


def test_known_callback_that_the_contract_describes_is_left_out(tmp_path):
    text = CONTRACT_FILE.read_text("utf-8").replace(CONTRACT.callbacks[0].summary, "Webhook of Task")
    for name in ("known-callbacks.yaml", "open-questions.yaml"):
        (tmp_path / name).write_text(CONTRACT_FILE.with_name(name).read_text("utf-8"), "utf-8")
    (tmp_path / "openapi.yaml").write_text(text, "utf-8")
    page = dict(pages_of_site(tmp_path / "openapi.yaml", ("en",), Proof()))["en/open.html"]
    assert "Webhook of Plan" in page and "Webhook of Task" not in page


def test_chinese_pages_have_no_english_sentence(site):
    if missing():
        pytest.skip("English stands where Chinese is missing, which another test tells")
    quoted = r"<(code|pre|script|style|kbd|svg)\b.*?</\1>"
    for name in (name for name in site if name.startswith("zh/")):
        text = re.sub(quoted, "", site[name], flags=re.DOTALL)
        if name == "zh/open.html":  # the names that the provider gave stand beside ours
            text = re.sub(r'<(\w+)[^>]* lang="en".*?</\1>', "", text)
        text = re.sub(r"<[^>]*>", "\n", text)
        assert re.findall(r"(?:[A-Za-z][a-z']+[ ,;]+){4,}[a-z']+", text) == [], name


def test_changelog_without_a_chinese_one_says_that_it_is_english(tmp_path):
    for name in ("openapi.yaml", "CHANGELOG.md"):
        (tmp_path / name).write_text(CONTRACT_FILE.with_name(name).read_text("utf-8"), "utf-8")
    page = dict(pages_of_site(tmp_path / "openapi.yaml", ("zh",), Proof()))["zh/changelog.html"]
    assert table()["site.english"]["zh"] in page and '<div lang="en">' in page


@pytest.mark.parametrize("wanted", ["fr", "", "en,de"])
def test_unknown_language_is_refused(wanted):
    with pytest.raises(KitError, match="--lang") as caught:
        languages_from(wanted)
    assert caught.value.exit_code == 2 and "中文" in str(caught.value)


def test_one_language_leads_to_no_other(tmp_path):
    written = write_site(tmp_path / "out", CONTRACT_FILE, ("zh",), Proof())
    assert not any(name.startswith("en/") for name in written)
    assert "../en/" not in (tmp_path / "out/zh/index.html").read_text("utf-8")


# --- other contracts --------------------------------------------------------------------------------------------

SECOND = """
  somethingElse:
    post:
      operationId: somethingElse
      summary: A made-up callback
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [msg_id, lines]
              properties:
                msg_id: {type: string, maxLength: 64, pattern: '^<'}
                lines:
                  type: array
                  items: {type: object, required: [sku], properties: {sku: {type: string}}}
      responses: {'204': {description: taken}}
components:
"""


@pytest.fixture
def with_second(tmp_path):
    file = tmp_path / "openapi.yaml"
    file.write_text(CONTRACT_FILE.read_text("utf-8").replace("\ncomponents:\n", SECOND, 1), "utf-8")
    return file


def test_callback_that_is_only_a_yaml_edit_has_its_page(with_second):
    pages = dict(pages_of_site(with_second, ("en",), Proof()))
    page = pages["en/callback-somethingElse.html"]
    assert 'id="field-lines.0.sku"' in page and "lines[].sku" in page and "HTTP/1.1 204 No Content" in page
    assert "<code>204</code> without a body" in page and "no example" in page
    assert "maxLength: 64" in page and "pattern: &#34;^&lt;&#34;" in page
    assert "callback-somethingElse.html" in pages["en/delivery.html"]


def test_callbacks_are_told_apart_by_required_members_of_their_own(with_second):
    first, *_, second = apart(load_contract(with_second).callbacks)
    assert second.tells == ("/lines",) and not second.like
    assert first.tells and any(second.callback.member(pointer) is None for pointer in first.tells)


def test_callback_whose_members_another_one_has_is_not_told_apart(with_second):
    text = with_second.read_text("utf-8").replace("required: [msg_id, lines]", "required: [msg_id]")
    with_second.write_text(text, "utf-8")
    second = apart(load_contract(with_second).callbacks)[-1]
    assert CONTRACT.callbacks[0].name in second.like


HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> ![x](http://evil.test/x) [x](javascript:alert(1)) <!--"
)


def test_markup_in_a_contract_is_inert(tmp_path):
    said = json.dumps(HOSTILE)
    text = CONTRACT_FILE.read_text("utf-8")
    for old in (
        "title: AI Rudder WhatsApp callbacks",
        "summary: The message was sent",
        "description: The node's name.",
    ):
        assert old in text
        text = text.replace(old, f"{old.partition(':')[0]}: {said}")
    text = text.replace("project: Voicebot", f"{said}: {said}")
    (tmp_path / "openapi.yaml").write_text(text, "utf-8")
    for name, page in pages_of_site(tmp_path / "openapi.yaml", ("en",), Proof()):
        found = Parsed(page)
        assert "img" not in found.tags and found.tags.count("script") == (1 if name == "index.html" else 3), name
        assert not any(link.lower().startswith(("javascript:", "data:")) for link in found.links), name
        assert "<!--" not in page, name


def test_shown_request_has_the_length_that_it_says():
    head, _, body = request_text(CONTRACT.callbacks[0]).partition("\n\n")
    assert f"Content-Length: {len(body.encode())}" in head.splitlines()
    assert json.loads(body) == CONTRACT.callbacks[0].delivered_examples[0].value


def test_shown_json_is_the_json():
    value = {"a": [1, {"b": "<&>\"'"}, [], {}], "ü": None, "": 1.5}
    shown = Parsed("")
    texts = []
    shown.handle_data = texts.append
    shown.feed(str(coloured_json(value, lambda pointer: "#x")))
    assert json.loads("".join(texts)) == value


@pytest.mark.parametrize("sample", proof().receivers, ids=lambda sample: sample.name)
def test_shown_source_is_the_source(sample):
    texts = []
    shown = Parsed("")
    shown.handle_data = texts.append
    shown.feed(str(coloured_source(sample.text, sample.language)))
    assert "".join(texts).rstrip() == sample.text.rstrip()


def test_life_cycle_shows_every_state_and_every_step():
    order = Order((("a", "b"), ("b", "c"), ("a", "x"), ("b", "x"), ("c", "y")), ("x",))
    for upright in (False, True):
        drawn = str(life_cycle(order, title="t", text="w", links={"a": "#a"}, upright=upright))
        assert [drawn.count(f">{state}</text>") for state in order.states] == [1] * len(order.states)
        assert drawn.count('class="edge"') == len(order.edges)
        assert drawn.count('class="state terminal"') == 1


# --- where it is written ----------------------------------------------------------------------------------------


def test_command_writes_the_site_and_says_where(tmp_path):
    result = invoke(docs, ["--out", str(tmp_path / "new/docs")])
    assert result.exit_code == 0, result.output
    assert re.search(r"\d+ pages, \d\.\d\d MB: .*index\.html", result.output)
    assert (tmp_path / "new/docs/zh/rules.html").exists()


def test_site_is_written_over_an_earlier_one_and_leaves_nothing_of_it(tmp_path):
    write_site(tmp_path, CONTRACT_FILE, ("en", "zh"), Proof())
    (tmp_path / "mine.txt").write_text("kept")
    write_site(tmp_path, CONTRACT_FILE, ("en",), Proof())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(MARKER, "en", "index.html", "mine.txt", "openapi-as-written.yaml"),
    ]


def test_directory_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "index.html").write_text("somebody's")
    with pytest.raises(KitError, match="not this documentation's"):
        write_site(tmp_path, CONTRACT_FILE, ("en",), Proof())
    assert (tmp_path / "index.html").read_text() == "somebody's"


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_file_in_the_way_is_one_error(tmp_path, out):
    (tmp_path / "file").write_text("x")
    with pytest.raises(KitError, match="file"):
        write_site(tmp_path / out, CONTRACT_FILE, ("en",), Proof())


def test_edited_marker_removes_nothing_elsewhere(tmp_path):
    out = tmp_path / "out"
    write_site(out, CONTRACT_FILE, ("en",), Proof())
    (tmp_path / "other.html").write_text("kept")
    (out / MARKER).write_text(f"../other.html\n{tmp_path}/other.html\n")
    write_site(out, CONTRACT_FILE, ("en",), Proof())
    assert (tmp_path / "other.html").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("open-questions.yaml", "questions: [{id: Q-01, topic: {en: x}}]"),
        ("open-questions.yaml", "[]"),
        ("known-callbacks.yaml", "groups: [{title: {zh: x}, what: {zh: x}, callbacks: [x]}]"),
        ("known-callbacks.yaml", "groups: [{title: {zh: x}, what: {zh: x}, callbacks: {en: x}}]"),
    ],
)
def test_broken_file_beside_the_contract_is_named(tmp_path, name, text):
    (tmp_path / "openapi.yaml").write_text(CONTRACT_FILE.read_text("utf-8"), "utf-8")
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(KitError, match=rf"{name}:1"):
        write_site(tmp_path / "out", tmp_path / "openapi.yaml", ("zh",), Proof())


# --- what it shows of the kit -----------------------------------------------------------------------------------


def test_kill_matrix_is_shown_whole():
    written = (Path(docs_command.__file__).parents[1] / "KILL-MATRIX.md").read_text("utf-8")
    rows = re.findall(r"^\| (none|secured|[A-Z]+-\d\d) \| (.*?) \| (.*?) \| (.*?) ?\|$", written, re.MULTILINE)
    assert [(row.fault, row.deviation, row.noticed, row.blocked) for row in proof().matrix] == rows
    assert len(rows) > 100


def test_every_fault_is_told_in_every_language(site):
    for lang in LANGUAGES:
        rules = {rule.id: rule.fault for rule in catalogue_in(lang).rules}
        told = {row.fault: rules.get(row.fault) or Words(lang)(f"matrix.{row.fault}") for row in proof().matrix}
        page = unescape(site[f"{lang}/matrix.html"])
        assert [fault for fault, text in told.items() if f"<td>{text}</td>" not in page] == []
        assert lang != "en" or [row.fault for row in proof().matrix if row.deviation != told[row.fault]] == []


def test_commands_that_are_shown_exist(site):
    told = "".join(page for name, page in site.items() if name.startswith(("en/testing", "en/rules", "en/senders")))
    shown = re.findall(r"<code>callback-contract ([\w-]+)([^<]*)</code>", told)
    assert len(shown) > len(CATALOGUE.rules)
    for command, rest in set(shown):
        known = {option for each in _LazyGroup().get_command(None, command).params for option in each.opts}
        assert set(re.findall(r" (--[a-z-]+)", rest)) <= known, (command, rest)


def test_options_that_are_shown_exist(site):
    known = {option for each in _LazyGroup().get_command(None, "check").params for option in each.opts}
    shown = re.search(r'aria-labelledby="options">(.*?)</section>', site["en/testing.html"], re.DOTALL)[1]
    assert len(named := set(re.findall(r"(?<![\w-])(--?[A-Za-z][a-z-]*)", re.sub("<[^>]*>", " ", shown)))) > 20
    assert named <= known


def test_signature_scheme_that_is_shown_is_one(site, tmp_path, monkeypatch):
    monkeypatch.setenv("CALLBACK_SIGNING_KEY", "x" * 32)
    monkeypatch.setenv("CALLBACK_SIGNING_KEY_OLD", "y" * 32)
    for lang in LANGUAGES:
        shown = re.search(r"<code>(header: X-Signature.*?)</code>", site[f"{lang}/testing.html"], re.DOTALL)[1]
        (tmp_path / "my-scheme.yaml").write_text(unescape(re.sub("<[^>]*>", "", shown)))
        scheme = load_scheme(str(tmp_path / "my-scheme.yaml"))
        assert scheme.timed and len(load_keys(scheme, os.environ).values) == 2


def test_part_that_is_empty_is_left_out():
    pages = dict(pages_of_site(CONTRACT_FILE, ("en",), replace(proof(), matrix=(), receivers=(), runs=())))
    assert "en/matrix.html" not in pages and "en/receivers.html" not in pages
