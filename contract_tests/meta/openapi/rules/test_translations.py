"""Translations: the Chinese texts match the English ones, and are Chinese."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.generating import translations
from callback_contract.contract_tests.meta.generating.made import COMMAND
from callback_contract.openapi import CONTRACT_FILE, CatalogueError, ContractError, load_contract
from callback_contract.openapi.documents.json_pointer import without
from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.rules.catalogue import CATALOGUE_FILE, LANGUAGES, RULE_TEXTS, load_catalogue
from callback_contract.openapi.rules.translations import load_translation, overlay_path, prose

FILES = (CONTRACT_FILE, CONTRACT_FILE.with_name("read-back.yaml"))
TRANSLATED = LANGUAGES[1:]
HAN = "\u3400-\u9fff"
# One word for one thing: what the glossary at the top of rules.yaml does not use.
OTHER_WORDS = re.compile("接收端|接收者|服务方|提供方|提供商|供应商|合作伙伴|应答|成员|回执")
LEVEL_WORDS = re.compile("必须|应当|不得|不应|应该|可以")


def document(file, language):
    english = read_yaml(file, error=ContractError).value
    return english if language == "en" else apply_overlay(english, load_overlay(overlay_path(language, file)))


def documents(language):
    """The English document and the translated one: of the contract, and of the read-back."""
    return [(document(file, "en"), document(file, language)) for file in FILES]


@pytest.fixture(scope="module")
def pairs():
    """Every text with its Chinese; one that has none is for one test to tell."""
    return {name: pair for name, pair in translations.pairs().items() if all(pair)}


def structure(document):
    for pointer in sorted(prose(document), reverse=True):
        document = without(document, pointer)
    return document


def test_every_text_has_its_chinese():
    assert translations.missing() == [], "write their Chinese beside the English; until then the English is shown"


@pytest.mark.parametrize("language", TRANSLATED)
def test_document_is_the_english_one_up_to_its_texts(language):
    for english, translated in documents(language):
        assert prose(translated).keys() == prose(english).keys()
        assert structure(translated) == structure(english)
        assert structure(english) != english


@pytest.mark.parametrize("language", TRANSLATED)
def test_translated_contract_judges_alike(language):
    ours, theirs = load_contract(), load_contract(overlays=[overlay_path(language)])
    assert [c.delivery for c in theirs.callbacks] == [c.delivery for c in ours.callbacks]
    assert [e.value for c in theirs.callbacks for e in c.examples] == [
        e.value for c in ours.callbacks for e in c.examples
    ]


@pytest.mark.parametrize("language", TRANSLATED)
def test_translation_of_the_rules_changes_their_texts_and_nothing_else(language):
    english, translated = load_catalogue(), load_translation(language)
    assert list(translated.chapters) == list(english.chapters)
    for rule, other in zip(english.rules, translated.rules, strict=True):
        assert replace(other, **{key: getattr(rule, key) for key in RULE_TEXTS}) == rule
        assert [bool(getattr(rule, key)) for key in RULE_TEXTS] == [bool(getattr(other, key)) for key in RULE_TEXTS]


def test_chinese_text_has_chinese_in_it(pairs):
    neutral = re.compile(r"[、：]|[A-Za-z]+|(≤ |> )?{\w+}( B)?")  # signs, names and numbers
    found = [name for name, (_, text) in pairs.items() if not re.search(f"[{HAN}]", text)]
    assert [name for name in found if not neutral.fullmatch(pairs[name][1])] == []


def test_chinese_and_latin_stand_apart_and_the_punctuation_is_chinese(pairs):
    flaw = re.compile(f"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]|[{HAN}] ?[,.;:!?()]|[{HAN}] [{HAN}]|[，。；：、] ")
    listed = re.compile(r"words\.yaml alias\.|changelog ")  # words to search for, and Markdown with its line breaks
    assert [(name, zh) for name, (_, zh) in pairs.items() if flaw.search(zh) and not listed.match(name)] == []


def test_chinese_sentence_ends_as_the_english_one_does(pairs):
    ends = {name: (en.rstrip()[-1] == ".", zh.rstrip()[-1] == "。") for name, (en, zh) in pairs.items()}
    assert [name for name, (ours, theirs) in ends.items() if ours != theirs] == []


def test_chinese_keeps_to_its_glossary(pairs):
    assert [(name, zh) for name, (_, zh) in pairs.items() if OTHER_WORDS.search(zh)] == []


def test_chinese_statement_leaves_the_level_to_the_level():
    assert [rule.id for rule in load_translation("zh").rules if LEVEL_WORDS.search(rule.statement)] == []


def test_equal_texts_have_equal_translations():
    said = {}
    for rule in load_catalogue().rules:
        for key in ("why", "remedy", "source"):
            chinese = rule.translated["zh"].get(key)
            assert chinese in {None, said.setdefault(getattr(rule, key), chinese)}, rule.id


def test_text_without_its_translation_is_english(tmp_path):
    file = tmp_path / "rules.yaml"
    text = CATALOGUE_FILE.read_text("utf-8")
    for chinese in ("      statement: 接收方对普通的合法投递返回 2xx。\n", ", zh: 确认"):
        assert chinese in text
        text = text.replace(chinese, "", 1)
    file.write_text(text, "utf-8")
    original, chinese = load_catalogue(file), load_catalogue(file).in_language("zh")
    assert (chinese.chapters["ACK"], chinese.rules[0].statement) == ("Acknowledgement", original.rules[0].statement)
    assert (chinese.chapters["DAT"], chinese.rules[0].fault) == ("边界但合法的数据", "只确认第一次投递，其余一概不确认")


def test_unknown_language_says_which_there_are():
    with pytest.raises(CatalogueError, match="It has en, zh"):
        load_translation("xx")


def test_prose_is_what_readers_read_and_no_data():
    document = {
        "info": {"title": "a title", "x-other": {"title": "data"}},
        "webhooks": {"title": {"post": {"x-delivery": {"state": {"value": {"why": "data"}, "why": "a reason"}}}}},
        "components": {
            "schemas": {
                "summary": {
                    "properties": {"description": {"description": "a text", "x-provenance": {"description": "data"}}},
                    "examples": [{"title": "data"}],
                    "default": {"title": "data"},
                }
            },
            "examples": {"title": {"summary": "a summary", "value": {"title": "data"}}},
        },
    }
    assert sorted(prose(document).values()) == ["a reason", "a summary", "a text", "a title"]


def test_no_english_text_changed_without_its_chinese():
    waiting = translations.stale(translations.digests(), translations.recorded())
    assert waiting == [], f"change the Chinese of these, too, or run {COMMAND} --still-right NAME"


@pytest.mark.parametrize(
    ("now", "is_stale"),
    [(["b", "z"], True), (["b", "y"], False), (["a", "y"], False), (["a", "z"], False)],
    ids=["English", "both", "Chinese", "nothing"],
)
def test_text_is_stale_when_only_its_english_changed(now, is_stale):
    assert translations.stale({"text": now, "new": ["c", "w"]}, {"text": ["a", "z"]}) == ["text"] * is_stale


def test_stale_text_stays_so_until_it_is_changed_or_said_to_be_right(tmp_path, monkeypatch):
    name = "ACK-01 why"
    monkeypatch.setattr(translations, "RECORD", tmp_path / "translated.json")
    translations.made().write()
    before = translations.pairs()
    monkeypatch.setattr(translations, "pairs", lambda: before | {name: ("It changed.", before[name][1])})
    for _ in range(2):
        made = translations.made()
        made.write()
        assert [line for line in made.by_hand if name in line and "It changed." in line]
    translations.made([name]).write()
    assert [line for line in translations.made().by_hand if name in line] == []


def test_text_that_lost_its_chinese_is_named_and_its_record_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(translations, "RECORD", tmp_path / "translated.json")
    translations.made().write()
    before = translations.pairs()
    monkeypatch.setattr(translations, "pairs", lambda: before | {"ACK-01 why": (before["ACK-01 why"][0], "")})
    made = translations.made()
    assert made.stale() == [] and [line for line in made.by_hand if "ACK-01 why" in line]


def test_changelog_has_the_same_versions_and_entries_in_both_languages():
    ours, theirs = (translations.changes(name) for name in ("CHANGELOG.md", "CHANGELOG.zh.md"))
    assert {version: len(entries) for version, entries in ours.items() if version} == {
        version: len(entries) for version, entries in theirs.items() if version
    }
    assert len(ours) > 1 and all(ours.values())
