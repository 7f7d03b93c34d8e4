"""Companion files of a contract: open questions, known callbacks and the changelog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.rules.translations import ORIGINAL
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text

__all__ = ["Known", "Question", "changelog", "known_callbacks", "open_questions"]

QUESTIONS_FILE = "open-questions.yaml"
KNOWN_FILE = "known-callbacks.yaml"
CHANGELOG_FILE = "CHANGELOG.md"


@dataclass(frozen=True)
class Question:
    """A question that only the provider can answer, and the kit's assumption."""

    id: str
    topic: str
    question: str
    known: str
    taken: str


@dataclass(frozen=True)
class Known:
    """A group of callbacks that the provider names without a specification."""

    title: str
    what: str
    callbacks: tuple[tuple[str, str], ...]


def open_questions(contract: Contract, lang: str) -> tuple[Question, ...]:
    """Read the open questions of a contract; none when there is no such file.

    Raises:
        ContractError: A question lacks a part, lacks it in this language, or has the id of another.
    """
    file = _beside(contract, QUESTIONS_FILE)
    if file is None:
        return ()
    questions: list[Question] = []
    for index, row in enumerate(_rows(file, "questions")):
        texts = [_text(file, f"/questions/{index}", row, key, lang) for key in ("topic", "question", "known", "taken")]
        if any(row.get("id") == earlier.id for earlier in questions) or not isinstance(row.get("id"), str):
            raise _flaw(file, f"/questions/{index}/id", "a question without an id of its own")
        questions.append(Question(row["id"], *texts))
    return tuple(questions)


def known_callbacks(contract: Contract, lang: str) -> tuple[Known, ...]:
    """Read the known callbacks, except those that the contract specifies by now.

    They are compared by their summary.

    Args:
        contract: With its original texts, since the provider's English names are compared.
        lang: The language of the result.

    Raises:
        ContractError: A group or a callback lacks a part.
    """
    file = _beside(contract, KNOWN_FILE)
    if file is None:
        return ()
    described = {callback.summary for callback in contract.callbacks}
    groups: list[Known] = []
    for index, row in enumerate(_rows(file, "groups")):
        where = f"/groups/{index}"
        callbacks = row.get("callbacks")
        if not isinstance(callbacks, list):
            raise _flaw(file, where, "no list `callbacks`")
        names = [
            (_name(file, where, i, entry, ORIGINAL), _name(file, where, i, entry, lang))
            for i, entry in enumerate(callbacks)
        ]
        entries = tuple(pair for pair in names if pair[0] not in described)
        if entries:
            groups.append(Known(_text(file, where, row, "title", lang), _text(file, where, row, "what", lang), entries))
    return tuple(groups)


def _name(file: YamlFile, where: str, index: int, entry: jp.Json, lang: str) -> str:
    return _text(file, f"{where}/callbacks", {str(index): entry}, str(index), lang)


def changelog(contract: Contract, lang: str) -> tuple[str, str]:
    """Return the changelog of a contract as Markdown, and its language.

    It is empty when there is none.

    Without a file in this language (`CHANGELOG.zh.md`) the original is shown: it is history, not an obligation.
    """
    for name, found in ((f"CHANGELOG.{lang}.md", lang), (CHANGELOG_FILE, ORIGINAL)):
        try:
            return contract.path.with_name(name).read_text(encoding="utf-8"), found
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(Text("error-docs.changelog-unreadable", why=str(error)), where=name) from None
    return "", ORIGINAL


def _beside(contract: Contract, name: str) -> YamlFile | None:
    path = Path(contract.path).with_name(name)
    return read_yaml(path, error=ContractError) if path.exists() else None


def _rows(file: YamlFile, key: str) -> list[Mapping[str, jp.Json]]:
    rows = file.value.get(key) if isinstance(file.value, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise _flaw(file, "", Text("error-docs.no-list", key=key))
    return rows


def _text(file: YamlFile, where: str, row: Mapping[str, jp.Json], key: str, lang: str) -> str:
    texts = row.get(key)
    if not isinstance(texts, Mapping) or not isinstance(texts.get(lang), str) or not texts[lang].strip():
        raise _flaw(file, f"{where}/{key}", Text("error-docs.no-text", key=key, lang=lang))
    return str(texts[lang])


def _flaw(file: YamlFile, pointer: str, what: str) -> ContractError:
    return ContractError(what, where=file.place(pointer), remedy=Text("error-docs.add-language"))
