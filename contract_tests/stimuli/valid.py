"""Decides which valid deliveries are sent: plain, every listed value, every example, hard but legal data."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator

from contract_tests.cases import Case, in_turn
from contract_tests.corpus import MAX_INTEGER, MAX_TEXT, Scope
from contract_tests.lacking import lacking
from contract_tests.verdicts import NotApplicable
from openapi import pointer as jp
from openapi.members import Member

__all__ = [
    "answered_examples",
    "awkward_keys",
    "empty_maps",
    "examples",
    "generated",
    "id_forms",
    "integers",
    "invisible_texts",
    "lengths",
    "line_ends",
    "listed_values",
    "many_keys",
    "markup_texts",
    "phone_forms",
    "plain",
    "put",
    "scripts",
    "sizes_must",
    "sizes_should",
    "symbols",
    "text_members",
    "weighty",
    "with_keys",
    "with_text",
]

SCRIPTS = {
    "Latin with diacritics": "Zoë Ångström Łukasz Nguyễn",
    "Chinese": "李雷和韩梅梅的语音机器人",
    "Traditional Chinese": "臺灣繁體測試",
    "Japanese": "山田さん、コンニチハ",
    "Korean": "김철수 안녕하세요",
    "Cyrillic": "Привет, Йосиф Ёлкин",
    "Greek": "Γειά σου Κόσμε",
    "Arabic": "مرحبا يا أحمد",
    "Hebrew": "שלום עולם",
    "Hindi": "नमस्ते दुनिया",
    "Bengali": "বাংলা ভাষা",
    "Tamil": "தமிழ் மொழி",
    "Thai": "สวัสดีครับ",
    "Khmer": "ភាសាខ្មែរ",
    "Burmese": "မြန်မာဘာသာ",
    "Amharic": "ሰላም ለዓለም",
    "Georgian": "გამარჯობა",
    "Armenian": "Բարեւ աշխարհ",
}
SYMBOLS = {
    "an emoji": "Hi 😀",
    "an emoji of several code points": "👩‍👩‍👧‍👦 🇮🇩 👍🏽",
    "a rare Chinese character": "𠮷野家 𡃁",
    "mathematical letters": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "a character of the last plane": "\U0010fffd",
}
INVISIBLE = {
    "a zero-width space": "a\u200bb",
    "direction marks": "\u202eabc\u202c \u200f!",
    "combining marks": "e\u0301 a\u0308 q\u0323\u0307",
    "a line separator": "a\u2028b\u2029c",
    "a byte order mark inside": "a\ufeffb",
    "a soft hyphen and a no-break space": "co\u00adop\u00a0x",
    "a noncharacter": "a\ufffeb",
}
MARKUP = {
    "an apostrophe": "Zoe O'Connor",
    "quotation marks and backslashes": 'say "hi" \\ to C:\\new',
    "an SQL fragment": "Robert'); DROP TABLE messages;--",
    "a script element": "<script>alert(1)</script>",
    "an HTML entity": "Tom &amp; Jerry <b>&nbsp;",
    "double braces": "{{7*7}} {{name}}",
    "dollar braces": "${7*7} ${jndi:ldap://localhost/a}",
    "percent signs": "100% %s %(name)s %n %x",
    "a template tag": "{% raw %} <%= 1 %> #{1}",
    "a shell fragment": "$(id) `id` ; ls | cat",
    "a path": "../../etc/passwd",
    "a formula": "=1+1",
    "text that is JSON": '{"a": [1, null]}',
}
LINE_ENDS = {
    "a line feed": "a\nb",
    "a carriage return and a line feed": "a\r\nb",
    "a carriage return": "a\rb",
    "a tab": "a\tb",
    "line ends around": "\n a \n",
}
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
# Reserved for fiction: NANP 555-01xx, Ofcom's and the Bundesnetzagentur's drama numbers, ACMA's for creative works.
# No regulator reserves shorter ones than of eleven digits, or longer ones than of thirteen.
PHONES = (
    "+12025550143",
    "+447700900077",
    "+4917604069012",
    "+61255501234",
    "+61491570006",
    "+442079460123",
    "+14165550199",
)


def plain(scope: Scope) -> Iterable[Case]:
    """The plain valid delivery, in both common spellings."""
    yield Case(scope.callback, "a plain valid delivery", scope.plain)
    yield Case(scope.callback, "a plain valid delivery, escaped", scope.plain, spelling="compact, escaped")


def listed_values(scope: Scope) -> Iterable[Case]:
    """Every value of every closed list."""
    members = scope.with_members(lambda member: member.enum)
    if not members:
        raise NotApplicable("the contract has no closed list")
    for member in members:
        for value in member.enum:
            yield Case(
                scope.callback,
                f"{member.pointer} = {value!r}",
                jp.replaced(scope.plain, member.pointer, value),
                listed=(member.pointer, value),
            )


def examples(scope: Scope) -> Iterable[Case]:
    """Every named example that may be delivered; the plain delivery in a contract without any."""
    if not scope.callback.delivered_examples:
        yield Case(scope.callback, "a plain valid delivery, for want of an example", scope.plain)
    for example in scope.callback.delivered_examples:
        yield Case(scope.callback, f"the example {example.name!r}", example.value)


def answered_examples(scope: Scope) -> Iterable[Case]:
    """The examples, where the contract documents an answer."""
    if scope.callback.answer is None:
        raise NotApplicable("the contract documents no answer")
    yield from examples(scope)


def generated(scope: Scope) -> Iterable[Case]:
    """Contents that the contract allows, drawn by Schemathesis."""
    if not scope.contents:
        raise NotApplicable("no content could be drawn from the contract")
    for index, content in enumerate(scope.contents):
        spelling = "compact, escaped" if index % 2 else "compact, raw UTF-8"
        yield Case(scope.callback, f"generated content {index + 1}", content, spelling=spelling)


def text_members(scope: Scope) -> list[Member]:
    """Free texts, and maps whose values are free texts."""
    found = scope.with_members(lambda member: member.is_free_text or member.is_free_map)
    found = [m for m in found if m.is_free_text or _is_map_of_texts(scope, m)]
    if not found:
        raise NotApplicable("the contract has no free text")
    return found


def _is_map_of_texts(scope: Scope, member: Member) -> bool:
    return member.is_free_map and all(isinstance(text, str) for text in jp.get(scope.plain, member.pointer).values())


def with_text(scope: Scope, member: Member, text: str) -> jp.Json:
    """The plain content with a text in one free text or, as one more value, in one free map."""
    return _put_text(scope.plain, member, text)


def _put_text(content: jp.Json, member: Member, text: str) -> jp.Json:
    if not member.is_free_map:
        return jp.replaced(content, member.pointer, text)
    # The example's keys stay: a receiver that misses one of them has a rule of its own.
    keys = [*jp.get(content, member.pointer), "text"]
    return jp.replaced(content, member.pointer, dict.fromkeys(keys, text))


def with_keys(scope: Scope, member: Member, more: dict[str, jp.Json]) -> jp.Json:
    """The plain content with more keys in one free map."""
    return jp.replaced(scope.plain, member.pointer, {**jp.get(scope.plain, member.pointer), **more})


def _texts(scope: Scope, texts: dict[str, str]) -> Iterator[Case]:
    members = text_members(scope)
    everywhere = functools.partial(_everywhere, scope, members)
    for index, (label, text) in enumerate(texts.items()):
        spelling = "compact, escaped" if index % 2 else "compact, raw UTF-8"
        yield Case(scope.callback, f"{label} in every free text", everywhere(text), spelling=spelling)
        if scope.depth.name == "thorough":
            other = "compact, raw UTF-8" if index % 2 else "compact, escaped"
            yield Case(scope.callback, f"{label} in every free text, otherwise spelt", everywhere(text), spelling=other)


def _everywhere(scope: Scope, members: list[Member], text: str) -> jp.Json:
    content = scope.plain
    for member in members:
        content = _put_text(content, member, text)
    return content


def scripts(scope: Scope) -> Iterable[Case]:
    """Free texts in many scripts."""
    yield from _texts(scope, SCRIPTS)
    if scope.depth.name == "thorough":
        chance = scope.random("scripts")
        letters = [chr(c) for c in range(0xA1, 0xD800) if unicodedata.category(chr(c))[0] == "L"]
        yield from _texts(scope, {f"drawn letters {i}": "".join(chance.sample(letters, 60)) for i in range(30)})


def symbols(scope: Scope) -> Iterable[Case]:
    """Free texts with characters beyond the first 65536."""
    yield from _texts(scope, SYMBOLS)


def invisible_texts(scope: Scope) -> Iterable[Case]:
    """Free texts with characters that show nothing or change what stands beside them."""
    yield from _texts(scope, INVISIBLE)


def markup_texts(scope: Scope) -> Iterable[Case]:
    """Free texts that something might take for markup, code or a template."""
    yield from _texts(scope, MARKUP)


def line_ends(scope: Scope) -> Iterable[Case]:
    """Free texts with line ends and tabs."""
    yield from _texts(scope, LINE_ENDS)


def lengths(scope: Scope) -> Iterable[Case]:
    """One free text at a time, at the lengths where limits lie."""
    chosen = scope.depth.pick((0, 256, MAX_TEXT), (0, 1, 255, 256, 1024, MAX_TEXT), LENGTHS)
    for member in text_members(scope):
        for length in chosen:
            yield Case(
                scope.callback, f"{length} characters at {member.pointer}", with_text(scope, member, "a" * length)
            )


def integers(scope: Scope) -> Iterable[Case]:
    """Integers at the limits of common types, where no format narrows them to something else."""
    members = [
        m
        for m in scope.with_members(lambda m: m.types == ("integer",) and m.format in {"", "serial"})
        if m.pointer not in scope.callback.delivery.stamped
    ]
    if not members:
        raise NotApplicable("the contract has no integer that is free")
    for member in members:
        for value in (1, 32768, 2**31 - 1, 2**31, 2**32, MAX_INTEGER):
            yield Case(scope.callback, f"{member.pointer} = {value}", jp.replaced(scope.plain, member.pointer, value))


def phone_forms(scope: Scope) -> Iterable[Case]:
    """Phone numbers in the forms of several countries, from ranges reserved for fiction where there is one."""
    found = scope.with_members(lambda member: member.format in {"e164", "msisdn"})
    if not found:
        raise NotApplicable("the contract has no phone number")
    for member in found:
        for number in PHONES:
            shown = number if member.format == "e164" else number.lstrip("+")
            yield Case(
                scope.callback,
                f"{member.pointer} = {shown}",
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=shown),
            )


def put(body: jp.Json, pointer: str, value: jp.Json) -> jp.Json:
    """An edit for `Case`: after stamping, since it replaces something stamped."""
    return jp.replaced(body, pointer, value)


def id_forms(scope: Scope) -> Iterable[Case]:
    """Ids of digits only, and ids that read like a number with an exponent."""
    facts = scope.callback.delivery
    found = scope.with_members(
        lambda member: member.format == "hex32" and member.pointer not in {facts.correlation, *facts.idempotency}
    )
    if not found:
        raise NotApplicable("the contract has no id beside the message's own")
    for form in ("0" * 31 + "1", "1" * 32, "12345678" + "0" * 20 + "1234", "1" * 15 + "e" + "1" * 16, "0" * 32):
        for member in found[: scope.depth.pick(2, len(found), len(found))]:
            yield Case(
                scope.callback,
                f"{member.pointer} = {form}",
                scope.plain,
                edit=functools.partial(put, pointer=member.pointer, value=form),
            )


def _free_maps(scope: Scope) -> list[Member]:
    found = [member for member in scope.with_members(lambda m: m.is_free_map) if _is_map_of_texts(scope, member)]
    if not found:
        raise NotApplicable("the contract has no map whose keys are the customer's own")
    return found


def empty_maps(scope: Scope) -> Iterable[Case]:
    """Maps without a key."""
    for member in _free_maps(scope):
        yield Case(scope.callback, f"an empty map at {member.pointer}", jp.replaced(scope.plain, member.pointer, {}))


def many_keys(scope: Scope) -> Iterable[Case]:
    """Maps of hundreds of keys."""
    for member in _free_maps(scope):
        for count in (50, 300):
            full = {f"k{index}": str(index) for index in range(count)}
            yield Case(scope.callback, f"{count} keys at {member.pointer}", with_keys(scope, member, full))


def awkward_keys(scope: Scope) -> Iterable[Case]:
    """Maps whose keys mean something to some database or language."""
    for member in _free_maps(scope):
        for key in KEYS[:: scope.depth.pick(3, 2, 1)]:
            shown = key if len(key) < 40 else f"{key[:10]}… ({len(key)} characters)"
            yield Case(
                scope.callback,
                f"the key {shown!r} at {member.pointer}",
                with_keys(scope, member, {key: "value"}),
            )
        yield Case(
            scope.callback,
            f"all those keys at {member.pointer}",
            with_keys(scope, member, dict.fromkeys(KEYS, "value")),
        )


def filled_to(scope: Scope, size: int) -> Iterator[Case]:
    """The plain content, filled with short texts until the body has exactly `size` bytes."""
    maps = scope.with_members(lambda member: member.is_free_map)
    if not maps or not scope.callback.is_json:
        raise NotApplicable("the contract has no map that could fill a body of JSON to that size")
    member = maps[0]

    def fill(value: jp.Json) -> jp.Json:
        from mock_server.wireform import encode

        full: dict[str, str] = dict(jp.get(value, member.pointer))
        room = size - len(encode(value))
        while room > 0:
            key = f"k{len(full):04}"
            overhead = len(key) + 5 + bool(full)  # quotes, colon and comma
            length = min(250, room - overhead)
            if 0 < room - overhead - length < 24:
                length -= 24  # leaves room for one more pair, so that the size comes out exactly
            if length < 0:
                break
            full[key] = "v" * length
            room -= overhead + length
        return jp.replaced(value, member.pointer, full)

    yield Case(scope.callback, f"a body of {size} bytes", scope.plain, edit=fill)


def sizes_must(scope: Scope) -> Iterable[Case]:
    """Bodies up to the size that every receiver has to accept."""
    limit = scope.callback.delivery.accept_body_bytes.must
    if limit is None:
        raise NotApplicable(lacking("accept_body_bytes.must"))
    for size in (limit // 2, limit):
        yield from filled_to(scope, size)


def sizes_should(scope: Scope) -> Iterable[Case]:
    """Bodies up to the contract's larger size."""
    limit = scope.callback.delivery.accept_body_bytes.should
    if limit is None:
        raise NotApplicable(lacking("accept_body_bytes.should"))
    for size in (limit // 2, limit):
        yield from filled_to(scope, size)


@in_turn
def weighty(scope: Scope) -> Iterable[Case]:
    """Each state and a large body: what a receiver may do at length before it answers."""
    if scope.callback.delivery.deadline_s is None:
        raise NotApplicable(lacking("deadline_s"))
    state = scope.callback.delivery.state
    known = scope.callback.member(state) if state else None
    if state is None or known is None or not known.enum:
        yield Case(scope.callback, "a plain valid delivery", scope.plain)
    else:
        for value in known.enum:
            yield Case(scope.callback, f"{state} = {value}", jp.replaced(scope.plain, state, value))
    limit = scope.callback.delivery.accept_body_bytes.must
    if limit and scope.callback.is_json and scope.with_members(lambda member: member.is_free_map):
        yield from filled_to(scope, limit)
