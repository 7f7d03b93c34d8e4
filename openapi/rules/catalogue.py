"""Catalogue of the rules: each rule with its texts in every language; `rules.yaml` is its only source."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.text.errors import CatalogueError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = [
    "CATALOGUE_FILE",
    "HARMS",
    "LANGUAGES",
    "ORIGINAL",
    "PROFILES",
    "RULE_TEXTS",
    "SEEN",
    "SENDER_PROFILES",
    "SIDES",
    "Catalogue",
    "Rule",
    "load_catalogue",
]

CATALOGUE_FILE = Path(__file__).parents[1] / "rules.yaml"
ORIGINAL = "en"
LANGUAGES = (ORIGINAL, "zh")
SEEN = ("refused", "crashed", "silent", "always")
"""What a receiver did in the place of what was expected: a 4xx, a 5xx, no answer; or it failed each time."""

RULE_TEXTS = (
    *("statement", "why", "remedy", *(f"remedy_{seen}" for seen in SEEN), "source", "note", "untestable", "fault"),
)

PROFILES = ("answers", "state", "load", "signatures", "transport", "recordings")
"""What a receiver is called conformant in, one by one, in the order in which that is said."""

SENDER_PROFILES = ("payload", "delivery", "signatures", "transport")
"""The same for a sender."""

SIDES = ("receiver", "sender")
"""Whom rules are about; a catalogue holds those of one side."""

HARMS = ("loses", "crashes", "other")
"""What a receiver does with messages when it breaks a rule, the gravest first."""


@dataclass(frozen=True)
class Rule:
    """One obligation of a receiver that a sender can observe, or of a sender that a receiver can.

    Attributes:
        level: MUST or SHOULD (RFC 2119).
        should_if: The declaration of a receiver that makes it a SHOULD; empty for none.
        side: Whose obligation it is, one of `SIDES`.
        profile: The part of a receiver that it belongs to, one of `PROFILES`; of a sender, one of `SENDER_PROFILES`.
        statement: What a correct receiver does, in the indicative.
        why: The consequence for a partner whose receiver breaks it.
        remedy: What to change in a receiver.
        remedy_refused: The same where it answered 4xx; `remedy_crashed` where 5xx, `remedy_silent` where nothing, and
            `remedy_always` where each delivery failed, of a rule that asks whether some do.
        evidence: black-box, read-back or load.
        requires: Rules whose violation explains a violation of this one.
        source: The RFC section, the provider's documentation, or "house rule" with its reason.
        since: The version of the kit that introduced the rule.
        untestable: Why no test can judge it; empty for all others.
        fault: What the mock does that breaks it, a sentence without a subject; empty for an untestable rule.
        harm: What a receiver that breaks it does, one of `HARMS`; the chapter's unless the row has its own.
        translated: Its texts by language, as far as somebody has written them.
    """

    id: str
    chapter: str
    level: str
    statement: str
    why: str
    remedy: str
    evidence: str
    requires: tuple[str, ...]
    source: str
    since: str
    profile: str
    side: str = SIDES[0]
    harm: str = HARMS[-1]
    remedy_refused: str = ""
    remedy_crashed: str = ""
    remedy_silent: str = ""
    remedy_always: str = ""
    note: str = ""
    untestable: str = ""
    fault: str = ""
    should_if: str = ""
    translated: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)

    def in_language(self, language: str) -> Rule:
        """The rule with its texts in a language; a text that nobody has translated stays English."""
        texts: Mapping[str, Any] = self.translated.get(language, {})
        return replace(self, **texts)

    def remedy_when(self, seen: str) -> str:
        """What to change in a receiver that did one of `SEEN`, or something else."""
        return (getattr(self, f"remedy_{seen}") if seen in SEEN else "") or self.remedy

    @property
    def means(self) -> str:
        """The options of `check` or `check-sender` without which it is not applicable, as they follow the others."""
        if self.side == "sender":
            return {"signatures": " --signature SCHEME", "transport": " --tls"}.get(self.profile, "")
        signed = {"signatures": " --signature SCHEME", "recordings": " --samples DIR"}.get(self.profile, "")
        return signed + (" --state-url 'https://…/{id}'" if self.evidence == "read-back" else "")


@dataclass(frozen=True)
class Catalogue:
    """All rules of one side in their order (a rule comes after those that it requires), and the chapters' titles.

    Attributes:
        side: One of `SIDES`.
        translated: Titles of chapters by language, as far as somebody has written them.
    """

    chapters: dict[str, str]
    rules: tuple[Rule, ...]
    translated: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    side: str = SIDES[0]

    @property
    def profiles(self) -> tuple[str, ...]:
        """What those whom the rules are about are called conformant in."""
        return SENDER_PROFILES if self.side == "sender" else PROFILES

    def __getitem__(self, rule_id: str) -> Rule:
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def in_language(self, language: str) -> Catalogue:
        """The catalogue with its texts in a language; a text that nobody has translated stays English."""
        return replace(
            self,
            chapters={**self.chapters, **self.translated.get(language, {})},
            rules=tuple(rule.in_language(language) for rule in self.rules),
        )

    def with_declared(self, declared: Collection[str]) -> Catalogue:
        """The catalogue for a receiver that declares something: what that excuses is a SHOULD."""
        rules = (replace(rule, level="SHOULD") if rule.should_if in declared else rule for rule in self.rules)
        return replace(self, rules=tuple(rules)) if declared else self

    def with_required(self, rule_id: str) -> tuple[Rule, ...]:
        """Return a rule after all rules that it requires."""
        wanted = {rule_id}
        for rule in reversed(self.rules):  # a rule comes after those that it requires
            if rule.id in wanted:
                wanted.update(rule.requires)
        return tuple(rule for rule in self.rules if rule.id in wanted)

    def select(self, names: tuple[str, ...]) -> tuple[Rule, ...]:
        """Return the rules of some ids (`ACK-01`) or chapters (`ACK`); all without names.

        Letter case is ignored.

        Raises:
            CatalogueError: A name is neither an id nor a chapter; suggests the nearest ones.
        """
        wanted = [name.upper() for name in names]
        known = {*self.chapters, *(rule.id for rule in self.rules)}
        for name in wanted:
            if name not in known:
                near = nearest(name, sorted(known), most=3)
                raise CatalogueError(
                    Text("error-catalogue.no-rule", name=name),
                    where="--rules",
                    remedy=did_you_mean(near, Text("error-catalogue.rules-lists")),
                )
        return tuple(r for r in self.rules if not wanted or r.id in wanted or r.chapter in wanted)


def load_catalogue(path: Path = CATALOGUE_FILE, side: str = SIDES[0]) -> Catalogue:
    """Read the catalogue strictly, and return the rules of one of `SIDES`.

    The kit's own is read once a process.

    Raises:
        CatalogueError: A row lacks a key, has an unknown one, repeats an id, or requires a later rule.
    """
    return (_own_catalogues() if path == CATALOGUE_FILE else _read_catalogues(path))[side]


@cache
def _own_catalogues() -> Mapping[str, Catalogue]:
    return _read_catalogues(CATALOGUE_FILE)


def _read_catalogues(path: Path) -> Mapping[str, Catalogue]:
    file = read_yaml(path, error=CatalogueError)
    for pointer, what in _flaws(file):
        raise CatalogueError(what, where=file.place(pointer), remedy=Text("error-catalogue.see-schema"))
    chapters = file.value["chapters"]
    rules = tuple(_rule({**_of_chapter(chapters[row["chapter"]]), **row}) for row in file.value["rules"])
    return {side: _of_side(side, chapters, rules) for side in SIDES}


def _of_side(side: str, chapters: Mapping[str, Any], rules: tuple[Rule, ...]) -> Catalogue:
    own = {name: row for name, row in chapters.items() if row.get("side", SIDES[0]) == side}
    return Catalogue(
        chapters={name: row["title"] for name, row in own.items()},
        rules=tuple(rule for rule in rules if rule.side == side),
        translated={lang: {name: row[lang] for name, row in own.items() if lang in row} for lang in LANGUAGES[1:]},
        side=side,
    )


def _of_chapter(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("harm", "side") if key in row}


def _rule(row: dict[str, Any]) -> Rule:
    own = {key: value for key, value in row.items() if key not in LANGUAGES}
    there = {lang: row[lang] for lang in LANGUAGES if lang in row}
    translated = {lang: {key: texts[key] for key in RULE_TEXTS if key in texts} for lang, texts in there.items()}
    return Rule(**{**own, "requires": tuple(row["requires"]), "translated": translated})


def _side_of(file: YamlFile, row: Mapping[str, Any]) -> str:
    return str(file.value["chapters"].get(row["chapter"], {}).get("side", SIDES[0]))


def _flaws(file: YamlFile) -> Iterator[tuple[str, str]]:
    import jsonschema_rs

    schema = json.loads(files("callback_contract.openapi").joinpath("schemas/rules.schema.json").read_text("utf-8"))
    errors = list(jsonschema_rs.validator_for(schema).iter_errors(file.value))
    for error in errors:
        yield jp.join(error.instance_path), error.message
    if errors:
        return
    seen: set[str] = set()
    for index, row in enumerate(file.value["rules"]):
        where = f"/rules/{index}"
        if row["id"] in seen:
            yield f"{where}/id", Text("error-catalogue.id-twice", id=row["id"])
        if row["chapter"] not in file.value["chapters"] or not row["id"].startswith(row["chapter"] + "-"):
            yield f"{where}/chapter", Text("error-catalogue.other-chapter", id=row["id"], chapter=row["chapter"])
        if row["profile"] not in (SENDER_PROFILES if _side_of(file, row) == "sender" else PROFILES):
            yield f"{where}/profile", Text("error-catalogue.other-profile", id=row["id"], profile=row["profile"])
        for required in row["requires"]:
            if required not in seen:
                yield f"{where}/requires", Text("error-catalogue.requires-later", id=row["id"], required=required)
        for lang in LANGUAGES[1:]:
            for key in sorted(row.get(lang, {}).keys() - row.keys()):
                yield f"{where}/{lang}/{key}", Text("error-catalogue.nothing-to-translate", id=row["id"], key=key)
        seen.add(row["id"])
