"""Maker of translated.zh.json: which Chinese text translates which English one.

It holds a digest of both texts of each pair. When the English changed, its Chinese is stale until it changed, too, or
until somebody says that it is still right. No text is ever taken as translated by itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping

from callback_contract.contract_tests.meta.generating.made import ROOT, Made
from callback_contract.contract_tests.receivers import RECEIVERS
from callback_contract.openapi import CONTRACT_FILE, KitError
from callback_contract.openapi.documenting.content.words import table
from callback_contract.openapi.documents.json_pointer import get
from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.rules.catalogue import RULE_TEXTS, load_catalogue
from callback_contract.openapi.rules.translations import overlay_path, prose
from callback_contract.openapi.text.message import words_of

RECORD = ROOT / "contract_tests/meta/translated.zh.json"
Pair = tuple[str, str]


def pairs() -> dict[str, Pair]:
    """Every text in English and Chinese, by a name that says where it stands; missing Chinese is empty."""
    return {name: (english, chinese) for name, english, chinese in _pairs()}


def _pairs() -> Iterator[tuple[str, str, str]]:
    for file in (CONTRACT_FILE, CONTRACT_FILE.with_name("read-back.yaml")):
        document = read_yaml(file, error=KitError).value
        translated = apply_overlay(document, load_overlay(overlay_path("zh", file)))
        for pointer, text in prose(document).items():
            chinese = get(translated, pointer)
            yield file.name + pointer, text, "" if chinese == text else chinese
    catalogue = load_catalogue()
    chapters = catalogue.translated.get("zh", {})
    yield from ((f"chapter {name}", title, chapters.get(name, "")) for name, title in catalogue.chapters.items())
    for rule in catalogue.rules:
        chinese = rule.translated.get("zh", {})
        texts = {key: text for key in RULE_TEXTS if (text := getattr(rule, key))}
        yield from ((f"{rule.id} {key}", text, chinese.get(key, "")) for key, text in texts.items())
    yield from ((f"words.yaml {key}", text["en"], text.get("zh", "")) for key, text in table().items())
    for table_name in ("page", "inspector"):
        for key, (english, chinese) in words_of(table_name).items():
            yield f"{table_name} {key}", english, chinese
    for row in read_yaml(CONTRACT_FILE.with_name("open-questions.yaml"), error=KitError).value["questions"]:
        yield from ((f"{row['id']} {key}", text["en"], text.get("zh", "")) for key, text in row.items() if key != "id")
    yield from ((f"receiver {each.name}", each.untested, each.untested_zh) for each in RECEIVERS if each.untested)
    yield from _changes()


def _changes() -> Iterator[tuple[str, str, str]]:
    ours, theirs = changes("CHANGELOG.md"), changes("CHANGELOG.zh.md")
    for version in {**ours, **theirs}:
        yield f"changelog {version}", "\n".join(ours.get(version, ())), "\n".join(theirs.get(version, ()))


def changes(name: str) -> dict[str, list[str]]:
    """Return the entries of a changelog by version.

    Text before the first version has an empty name.
    """
    found: dict[str, list[str]] = {"": []}
    for line in CONTRACT_FILE.with_name(name).read_text("utf-8").splitlines():
        if line.startswith("## "):
            found[line[3:]] = []
        elif line.startswith("- ") or not found[[*found][-1]]:
            found[[*found][-1]].append(line)
        else:
            found[[*found][-1]][-1] += " " + line.strip()
    return found


def digest(text: str) -> str:
    """Return a short digest that ignores line breaks."""
    return hashlib.sha256(re.sub(r"\s+", " ", text).strip().encode()).hexdigest()[:10]


def digests() -> dict[str, list[str]]:
    """What the record holds when every translation is up to date."""
    return {name: [digest(text) for text in pair] for name, pair in sorted(pairs().items()) if all(pair)}


def recorded() -> dict[str, list[str]]:
    """What it holds."""
    read: dict[str, list[str]] = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    return read


def stale(now: Mapping[str, list[str]], before: Mapping[str, list[str]]) -> list[str]:
    """Texts whose English changed while their Chinese stayed."""
    both = [name for name in now if name in before]
    return [name for name in both if now[name][0] != before[name][0] and now[name][1] == before[name][1]]


def made(right: Collection[str] = ()) -> Made:
    """Takes what was translated; what is stale or lacks its Chinese is left for a person.

    Args:
        right: Names of texts whose Chinese needs no change although their English changed.
    """
    now, before, texts = digests(), recorded(), pairs()
    waiting = [name for name in stale(now, before) if name not in right]
    kept = now | {name: before[name] for name in (*waiting, *missing()) if name in before}
    rows = ",\n".join(f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(kept[name])}" for name in sorted(kept))
    lines = [f"change the Chinese, or add --still-right '{name}': {' = '.join(texts[name])}" for name in waiting]
    lines += [f"write the Chinese of {name}: {texts[name][0]}" for name in missing()]
    return Made({RECORD: f"{{\n{rows}\n}}\n"}, tuple(lines))


def missing() -> list[str]:
    """Names of texts that lack their Chinese."""
    return [name for name, (english, chinese) in pairs().items() if english and not chinese]
