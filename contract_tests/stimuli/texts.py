"""Text stimuli: legal texts and keys of every script and kind that a person or a template engine may cause."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import MAX_TEXT, Scope
from callback_contract.contract_tests.model.cases import Case, Joins, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.mock_server.wire.bodies import encode_body
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = [
    "MARKUP",
    "accepted_bytes",
    "awkward_keys",
    "empty_maps",
    "invisible_texts",
    "keys_case",
    "lengths",
    "line_ends",
    "many_keys",
    "markup_texts",
    "named",
    "scripts",
    "symbols",
    "text_members",
    "value_like_texts",
    "with_keys",
    "with_text",
]


SCRIPTS = {
    "term.latin-with-diacritics": "Zoë Ångström Łukasz Nguyễn",
    "term.chinese": "李雷和韩梅梅的语音机器人",
    "term.traditional-chinese": "臺灣繁體測試",
    "term.japanese": "山田さん、コンニチハ",
    "term.korean": "김철수 안녕하세요",
    "term.cyrillic": "Привет, Йосиф Ёлкин",
    "term.greek": "Γειά σου Κόσμε",
    "term.arabic": "مرحبا يا أحمد",
    "term.hebrew": "שלום עולם",
    "term.hindi": "नमस्ते दुनिया",
    "term.bengali": "বাংলা ভাষা",
    "term.tamil": "தமிழ் மொழி",
    "term.thai": "สวัสดีครับ",
    "term.khmer": "ភាសាខ្មែរ",
    "term.burmese": "မြန်မာဘာသာ",
    "term.amharic": "ሰላም ለዓለም",
    "term.georgian": "გამარჯობა",
    "term.armenian": "Բարեւ աշխարհ",
}


SYMBOLS = {
    "term.emoji": "Hi 😀",
    "term.emoji-sequence": "👩‍👩‍👧‍👦 🇮🇩 👍🏽",
    "term.rare-chinese": "𠮷野家 𡃁",
    "term.mathematical-letters": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "term.last-plane": "\U0010fffd",
}


INVISIBLE = {
    "term.zero-width-space": "a\u200bb",
    "term.direction-marks": "\u202eabc\u202c \u200f!",
    "term.combining-marks": "e\u0301 a\u0308 q\u0323\u0307",
    "term.line-separator": "a\u2028b\u2029c",
    "term.inner-byte-order-mark": "a\ufeffb",
    "term.soft-hyphen": "co\u00adop\u00a0x",
    "term.noncharacter": "a\ufffeb",
}


MARKUP = {
    "term.apostrophe": "Zoe O'Connor",
    "term.quotation-marks": 'say "hi" \\ to C:\\new',
    "term.sql": "Robert'); DROP TABLE messages;--",
    "term.script-element": "<script>alert(1)</script>",
    "term.html-entity": "Tom &amp; Jerry <b>&nbsp;",
    "term.double-braces": "{{7*7}} {{name}}",
    "term.dollar-braces": "${7*7} ${jndi:ldap://localhost/a}",
    "term.percent-signs": "100% %s %(name)s %n %x",
    "term.template-tag": "{% raw %} <%= 1 %> #{1}",
    "term.shell": "$(id) `id` ; ls | cat",
    "term.path": "../../etc/passwd",
    "term.formula": "=1+1",
    "term.json-text": '{"a": [1, null]}',
}


LINE_ENDS = {
    "term.line-feed": "a\nb",
    "term.crlf": "a\r\nTold-By-Text: b",
    "term.carriage-return": "a\rb",
    "term.tab": "a\tb",
    "term.line-ends-around": "\n a \n",
}


_MOST_ITEMS = _MANY_KEYS = 300
_ACCEPTED_BYTES = 20_480  # where the contract names no number

VALUES = ("0", "null", "false", "undefined", "   ")
WHOLE_VALUES = {"term.path", "term.formula", "term.json-text", "term.line-ends-around"}
"""Texts that matter as a whole, or by how they begin or end; of the others only the characters matter."""


LENGTHS = (0, 1, 2, 191, 255, 256, 1000, 1024, 2048, MAX_TEXT)


KEYS = (
    "first.name",
    "$set",
    "a b",
    "__proto__",
    "constructor",
    "0",
    "客户姓名",
    "Ключ",
    "a/b~c",
    "id",
    "null",
    "x" * 200,
    "select",
    "UPPER",
    "upper",
    "-",
    "a[0]",
    "{{name}}",
    "名前",
    "status",
)


def text_members(scope: Scope) -> list[Member]:
    """Return free texts, and maps whose values are free texts."""
    found = scope.with_members(lambda member: member.is_free_text or member.is_free_map)
    found = [m for m in found if m.is_free_text or _is_map_of_texts(scope, m)]
    if not found:
        raise NotApplicable(Text("reason.no-free-text"))
    return found


def _is_map_of_texts(scope: Scope, member: Member) -> bool:
    return member.is_free_map and all(isinstance(text, str) for text in jp.get(scope.plain, member.pointer).values())


def with_text(scope: Scope, member: Member, text: str) -> jp.Json:
    """Return the plain content with a text in one free text or free map."""
    return _put_text(scope.plain, member, text)


def _put_text(content: jp.Json, member: Member, text: str) -> jp.Json:
    return functools.reduce(
        lambda made, pointer: jp.replaced(made, pointer, text), _text_pointers(content, member), content
    )


def _text_pointers(content: jp.Json, member: Member) -> list[str]:
    """Return where a text stands that fills a free text, or a free map."""
    if not member.is_free_map:
        return [member.pointer]
    # The example's keys stay: another rule covers a missing key.
    keys = dict.fromkeys([*jp.get(content, member.pointer), "text"])
    return [jp.join((*jp.tokens(member.pointer), key)) for key in keys]


def accepted_bytes(scope: Scope) -> int:
    """Return the size of a body that every receiver has to accept."""
    return scope.callback.delivery.accept_body_bytes.must or _ACCEPTED_BYTES


def with_keys(scope: Scope, member: Member, more: dict[str, jp.Json]) -> jp.Json:
    """Return the plain content with more keys in one free map."""
    return jp.replaced(scope.plain, member.pointer, {**jp.get(scope.plain, member.pointer), **more})


def keys_case(scope: Scope, label: Text, member: Member, more: dict[str, jp.Json]) -> Case:
    """Return the case of more keys in one free map, which other cases may share."""
    joins = Joins({jp.join((*jp.tokens(member.pointer), key)): value for key, value in more.items()})
    return Case(scope.callback, label, with_keys(scope, member, more), joins=joins)


def named(texts: Mapping[str, str]) -> dict[Text, str]:
    """Return texts by their names; `texts` has the keys of the names."""
    return {Text(key): text for key, text in texts.items()}


def _texts(scope: Scope, texts: Mapping[Text, str]) -> Iterator[Case]:
    every = text_members(scope)
    for index, (name, text) in enumerate(texts.items()):
        is_whole = name.key in WHOLE_VALUES or text in VALUES
        # Where few deliveries are wanted, several of those that matter as a whole share one, each in a member.
        members = scope.depth.pick([every[index % len(every)]] if is_whole else every, every, every)
        pointers = [pointer for member in members for pointer in _text_pointers(scope.plain, member)]
        content = functools.reduce(lambda made, member: _put_text(made, member, text), members, scope.plain)
        joins = Joins(dict.fromkeys(pointers, text), are_texts=not is_whole)
        spellings = ["compact-raw", "compact-escaped"]
        if index % 2 and not text.isascii():  # else either spelling writes the same
            spellings.reverse()
        label = Text("case.everywhere", what=name)
        if members != every:
            label = Text("case.at", what=name, pointer=members[0].pointer)
        yield Case(scope.callback, label, content, spelling=spellings[0], joins=joins)
        if scope.depth.name == "thorough":
            label = Text("case.everywhere-respelt", what=name)
            yield Case(scope.callback, label, content, spelling=spellings[1], joins=joins)


@stimuli("valid")
def scripts(scope: Scope) -> Iterable[Case]:
    """Free texts in many scripts."""
    yield from _texts(scope, named(SCRIPTS))
    if scope.depth.name == "thorough":
        chance = scope.random("scripts")
        letters = [chr(c) for c in range(0xA1, 0xD800) if unicodedata.category(chr(c))[0] == "L"]
        drawn = {Text("term.drawn-letters", number=i): "".join(chance.sample(letters, 60)) for i in range(30)}
        yield from _texts(scope, drawn)


@stimuli("valid")
def symbols(scope: Scope) -> Iterable[Case]:
    """Free texts with characters beyond the first 65536."""
    yield from _texts(scope, named(SYMBOLS))


@stimuli("valid")
def invisible_texts(scope: Scope) -> Iterable[Case]:
    """Free texts with characters that are invisible or change their neighbours."""
    yield from _texts(scope, named(INVISIBLE))


@stimuli("valid")
def markup_texts(scope: Scope) -> Iterable[Case]:
    """Free texts that resemble markup, code or a template."""
    yield from _texts(scope, named(MARKUP))


@stimuli("valid")
def value_like_texts(scope: Scope) -> Iterable[Case]:
    """Free texts that a language may take for a value, or for none."""
    yield from _texts(
        scope, {Text("term.text-that-is", value=repr(text)): text for text in VALUES[: scope.depth.pick(2, 5, 5)]}
    )


@stimuli("valid")
def line_ends(scope: Scope) -> Iterable[Case]:
    """Free texts with line ends and tabs."""
    yield from _texts(scope, named(LINE_ENDS))


@stimuli("valid")
def lengths(scope: Scope) -> Iterable[Case]:
    """One free text at a time, at the lengths of common limits."""
    chosen = scope.depth.pick((0, 256, MAX_TEXT), (0, 1, 255, 256, 1024, MAX_TEXT), LENGTHS)
    for member in text_members(scope):
        for length in chosen:
            label = Text("case.characters-at", count=length, pointer=member.pointer)
            joins = Joins(dict.fromkeys(_text_pointers(scope.plain, member), "a" * length))
            yield Case(scope.callback, label, with_text(scope, member, "a" * length), joins=joins)


def _maps(scope: Scope) -> list[Member]:
    return [member for member in scope.with_members(lambda m: m.is_free_map) if _is_map_of_texts(scope, member)]


def _free_maps(scope: Scope) -> list[Member]:
    found = _maps(scope)
    if not found:
        raise NotApplicable(Text("reason.no-customer-map"))
    return found


@stimuli("valid")
def empty_maps(scope: Scope) -> Iterable[Case]:
    """Map without a key."""
    for member in _free_maps(scope):
        label = Text("case.empty-map", pointer=member.pointer)
        yield Case(scope.callback, label, jp.replaced(scope.plain, member.pointer, {}))


@stimuli("valid")
def many_keys(scope: Scope) -> Iterable[Case]:
    """Maps of hundreds of keys, and arrays of hundreds of items where nothing bounds them."""
    batch = scope.callback.batch
    arrays = scope.with_members(lambda m: m.types == ("array",) and (m.pointer == batch or "maxItems" not in m.schema))
    arrays += scope.callback.members[:1] if batch == "" else []
    for member in _free_maps(scope) if not arrays else _maps(scope):
        for count in scope.depth.pick((_MANY_KEYS,), (50, _MANY_KEYS), (50, _MANY_KEYS)):
            full = {f"k{index}": str(index) for index in range(count)}
            label = Text("case.keys-at", count=count, pointer=member.pointer)
            made = keys_case(scope, label, member, dict(full))
            yield made if count < _MANY_KEYS else replace(made, joins=None)  # of the most, the number matters
    for member in arrays:
        items = jp.get(scope.plain, member.pointer)
        if items and not member.schema.get("uniqueItems"):
            one, two = (jp.replaced(scope.plain, member.pointer, items[:1] * count) for count in (1, 2))
            each = len(encode_body(scope.callback, two)) - len(encode_body(scope.callback, one))
            count = min(_MOST_ITEMS, _room(scope) // max(1, each), member.schema.get("maxItems", _MOST_ITEMS))
            label = Text("case.items-at", count=count, pointer=member.pointer or "/")
            yield Case(scope.callback, label, jp.replaced(scope.plain, member.pointer, items[:1] * count))


def _room(scope: Scope) -> int:
    return accepted_bytes(scope) - len(encode_body(scope.callback, scope.plain))


@stimuli("valid")
def awkward_keys(scope: Scope) -> Iterable[Case]:
    """Map with keys that have a meaning to a database or language."""
    for member in _free_maps(scope):
        for key in KEYS[:: scope.depth.pick(3, 2, 1)]:
            if len(key) < 40:
                label = Text("case.key-at", key=repr(key), pointer=member.pointer)
            else:
                label = Text("case.long-key-at", beginning=key[:10], length=len(key), pointer=member.pointer)
            yield keys_case(scope, label, member, {key: "value"})
        label = Text("case.at", what=Text("term.those-keys"), pointer=member.pointer)
        yield keys_case(scope, label, member, dict.fromkeys(KEYS, "value"))
