"""Chinese says all that English says and nothing more, and is Chinese."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.support import translations
from callback_contract.openapi import CONTRACT_FILE, CatalogueError, ContractError, load_contract
from callback_contract.openapi.documents.json_pointer import get, without
from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.rules.catalogue import CATALOGUE_FILE, load_catalogue
from callback_contract.openapi.rules.translations import (
    languages,
    load_translation,
    overlay_path,
    prose,
    translation_path,
)

FILES = (CONTRACT_FILE, CONTRACT_FILE.with_name("read-back.yaml"))
LANGUAGES = languages()[1:]
TEXTS = ("statement", "why", "remedy", "source", "note", "untestable")
HAN = "\u3400-\u9fff"
# One word for one thing: what the glossary at the top of rules.zh.yaml does not use.
OTHER_WORDS = re.compile("接收端|接收者|服务方|提供方|提供商|供应商|合作伙伴|应答|成员|回执")
LEVEL_WORDS = re.compile("必须|应当|不得|不应|应该|可以")


def document(file, language):
    english = read_yaml(file, error=ContractError).value
    return english if language == "en" else apply_overlay(english, load_overlay(overlay_path(language, file)))


def documents(language):
    """The English document and the translated one: of the contract, and of the read-back."""
    return [(document(file, "en"), document(file, language)) for file in FILES]


def texts(language):
    """Every text in a language, by where it stands."""
    for file in FILES:
        yield from ((file.name + pointer, text) for pointer, text in prose(document(file, language)).items())
    catalogue = load_translation(language)
    yield from catalogue.chapters.items()
    for rule in catalogue.rules:
        yield from ((f"{rule.id} {key}", getattr(rule, key)) for key in TEXTS if getattr(rule, key))


def structure(document):
    for pointer in sorted(prose(document), reverse=True):
        document = without(document, pointer)
    return document


def test_chinese_is_there():
    assert languages() == ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_a_document_has_its_translation(language):
    for english, translated in documents(language):
        assert [pointer for pointer, text in prose(english).items() if get(translated, pointer) == text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_document_is_the_english_one_up_to_its_texts(language):
    for english, translated in documents(language):
        assert prose(translated).keys() == prose(english).keys()
        assert structure(translated) == structure(english)
        assert structure(english) != english


@pytest.mark.parametrize("language", LANGUAGES)
def test_translated_contract_judges_alike(language):
    ours, theirs = load_contract(), load_contract(overlays=[overlay_path(language)])
    assert [c.delivery for c in theirs.callbacks] == [c.delivery for c in ours.callbacks]
    assert [e.value for c in theirs.callbacks for e in c.examples] == [
        e.value for c in ours.callbacks for e in c.examples
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_a_rule_has_its_translation_and_nothing_else_changes(language):
    english, translated = load_catalogue(), load_translation(language)
    assert list(translated.chapters) == list(english.chapters)
    for rule, other in zip(english.rules, translated.rules, strict=True):
        assert replace(other, **{key: getattr(rule, key) for key in TEXTS}) == rule
        assert [key for key in TEXTS if getattr(rule, key) and getattr(rule, key) == getattr(other, key)] == []


def test_chinese_text_has_chinese_in_it():
    assert [where for where, text in texts("zh") if not re.search(f"[{HAN}]", text)] == []


def test_chinese_and_latin_stand_apart_and_the_punctuation_is_chinese():
    flaw = re.compile(f"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]|[{HAN}] ?[,.;:!?()]|[{HAN}] [{HAN}]|[，。；：、] ")
    assert [(where, text) for where, text in texts("zh") if flaw.search(text)] == []


def test_chinese_sentence_ends_as_the_english_one_does():
    english, chinese = (dict(texts(language)) for language in ("en", "zh"))
    ends = {where: (text.rstrip()[-1] == ".", chinese[where].rstrip()[-1] == "。") for where, text in english.items()}
    assert [where for where, (ours, theirs) in ends.items() if ours != theirs] == []


def test_chinese_keeps_to_its_glossary():
    assert [(where, text) for where, text in texts("zh") if OTHER_WORDS.search(text)] == []


def test_chinese_statement_leaves_the_level_to_the_level():
    assert [rule.id for rule in load_translation("zh").rules if LEVEL_WORDS.search(rule.statement)] == []


def test_equal_texts_have_equal_translations():
    said = {}
    for ours, zh in zip(load_catalogue().rules, load_translation("zh").rules, strict=True):
        for key in ("why", "remedy", "source"):
            assert said.setdefault(getattr(ours, key), getattr(zh, key)) == getattr(zh, key), ours.id


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  ACK-02:", "  ACK-99:", "no translation of ACK-02"),
        (
            "rules:\n",
            "rules:\n  ACK-99: {statement: 一, why: 二, remedy: 三, source: 四}\n",
            "rules.yaml has no ACK-99",
        ),
        ("  LOD: 并发\n", "", "no translation of LOD"),
        ("  ACK-01:\n", "  ACK-01:\n    note: 多余\n", "ACK-01 has no note"),
        ("  ACK-01:\n", "  ACK-01:\n    level: MUST\n", "level"),
        ("    why: POST", "    whi: POST", '"why" is a required'),
    ],
)
def test_translation_that_does_not_fit_is_refused_with_its_line(tmp_path, old, new, said):
    text = translation_path("zh").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "rules.zh.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"rules\.zh\.yaml:\d+") as caught:
        load_translation("zh", file)
    assert said in str(caught.value)


def test_note_without_its_translation_is_refused(tmp_path):
    file = tmp_path / "rules.yaml"
    text = CATALOGUE_FILE.read_text(encoding="utf-8")
    file.write_text(text.replace("    since: '1.0'\n", "    since: '1.0'\n    note: A remark.\n", 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match="ACK-01 lacks a translation of its note"):
        load_translation("zh", original=load_catalogue(file))


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
    now, before = translations.digests(), translations.recorded()
    changed = [name for name in {**now, **before} if now.get(name) != before.get(name)]
    assert changed == [], f"translate these, then run python -m {translations.__name__}"


@pytest.mark.parametrize(
    ("now", "is_stale"),
    [(["b", "z"], True), (["b", "y"], False), (["a", "y"], False), (["a", "z"], False)],
    ids=["English", "both", "Chinese", "nothing"],
)
def test_text_is_stale_when_only_its_english_changed(now, is_stale):
    assert translations.stale({"text": now, "new": ["c", "w"]}, {"text": ["a", "z"]}) == ["text"] * is_stale


def test_stale_text_stays_so_until_it_is_changed_or_said_to_be_right(tmp_path, monkeypatch, capsys):
    name = "ACK-01 why"
    monkeypatch.setattr(translations, "RECORD", tmp_path / "translated.json")
    assert translations.main([]) == 0
    before = translations.pairs()
    monkeypatch.setattr(translations, "pairs", lambda: before | {name: ("It changed.", before[name][1])})
    assert translations.main([]) == translations.main([]) == 1
    assert f"stale: {name}" in capsys.readouterr().out
    assert translations.main(["--still-right", name]) == translations.main([]) == 0


def test_changelog_has_the_same_versions_and_entries_in_both_languages():
    ours, theirs = (translations.changes(name) for name in ("CHANGELOG.md", "CHANGELOG.zh.md"))
    assert {version: len(entries) for version, entries in ours.items() if version} == {
        version: len(entries) for version, entries in theirs.items() if version
    }
    assert len(ours) > 1 and all(ours.values())
