"""Text: something that the kit says, known by a key and arguments, so that it can be said in another language, too.

    Text("expected.applied", count=1)      openapi/messages/expected.yaml:   applied: {en: "applied {count}", zh: …}

A text is its English sentence, and remembers what it was made of. An argument is a number, another text, a tuple of
such, or a plain string: somebody else's words, which stay as they are in every language.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from typing import Any

__all__ = [
    "ENGLISH",
    "Argument",
    "Text",
    "Unknown",
    "beside",
    "both_of",
    "details_of",
    "either",
    "in_detail",
    "joined",
    "lines",
    "listed",
    "reworded",
    "text_of",
    "translated",
    "words_of",
]

ENGLISH = "en"

Argument = str | int | float | tuple[str, ...]

_BETWEEN = {
    "listed": {"en": ", ", "zh": "、"},
    "joined": {"en": "; ", "zh": "；"},
    "either": {"en": " or ", "zh": "或"},
    "both": {"en": " and ", "zh": "和"},
    "detail": {"en": ": ", "zh": "："},
    "beside": {"en": " ", "zh": ""},
    "lines": {"en": "\n  ", "zh": "\n  "},
}


class Unknown(LookupError):
    """A key that no table has."""


class Text(str):
    """A sentence in English that can be said in other languages.

    Args:
        key: `table.name`: the message `name` in `openapi/messages/table.yaml`.
        arguments: By the name of their place in the message; where it has a plural, `count` decides.

    Raises:
        Unknown: No table has the key.
    """

    __slots__ = ("arguments", "key")
    key: str
    arguments: Mapping[str, Argument]

    def __new__(cls, key: str, /, **arguments: Argument) -> Text:
        self = super().__new__(cls, _rendered(key, arguments, ENGLISH))
        self.key, self.arguments = key, arguments
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return text_of, (self.to_dict(),)

    def in_language(self, language: str) -> str:
        """The sentence in a language; in English where nobody has translated it."""
        return str(self) if language == ENGLISH else _rendered(self.key, self.arguments, language)

    def to_dict(self) -> dict[str, Any]:
        """JSON form: key and arguments, each text among these an object of the same form."""
        return {"key": self.key, "arguments": {name: _to_json(value) for name, value in self.arguments.items()}}

    def with_words(self, change: Callable[[str], str]) -> Text:
        """The same text with every plain string in it changed, in the texts within it, too."""
        return Text(self.key, **{name: _changed(value, change) for name, value in self.arguments.items()})


def text_of(value: Mapping[str, Any]) -> Text:
    """The text of its JSON form.

    Raises:
        Unknown: Another version of the kit said it.
    """
    try:
        return Text(value["key"], **{name: _from_json(each) for name, each in value["arguments"].items()})
    except (KeyError, TypeError, AttributeError) as error:
        raise Unknown(f"no message is said by {value!r}"[:200]) from error


def translated(text: str, language: str) -> str:
    """A text in a language; other people's words as they are."""
    return text.in_language(language) if isinstance(text, Text) else text


def reworded(words: str, change: Callable[[str], str]) -> str:
    """Other people's words changed, alone or within a text."""
    return words.with_words(change) if isinstance(words, Text) else change(words)


def joined(parts: Iterable[str]) -> Text:
    """Several sentences as one, each once, with semicolons between them; empty ones are left out."""
    return Text("joined.joined", parts=tuple(dict.fromkeys(filter(None, parts))))


def listed(parts: Iterable[str]) -> Text:
    """A list of words or names, with commas between them."""
    return Text("joined.listed", parts=tuple(parts))


def beside(parts: Iterable[str]) -> Text:
    """Sentences one behind the other; empty ones are left out."""
    return Text("joined.beside", parts=tuple(filter(None, parts)))


def either(parts: Iterable[str]) -> Text:
    """Words or names of which any one will do."""
    return Text("joined.either", parts=tuple(parts))


def lines(parts: Iterable[str]) -> Text:
    """Sentences one below the other, those behind the first indented."""
    return Text("joined.lines", parts=tuple(parts))


def both_of(parts: Iterable[str]) -> Text:
    """A few words or names, with `and` between them."""
    return Text("joined.both", parts=tuple(parts))


def in_detail(what: str, detail: str) -> Text:
    """A sentence and, behind a colon, its cause or what to do about it."""
    return Text("joined.detail", parts=(what, detail))


def details_of(text: Text) -> tuple[str, str]:
    """The two parts of what `in_detail` made; another text whole, and nothing."""
    if text.key != "joined.detail":
        return text, ""
    what, detail = text.arguments["parts"]  # type: ignore[misc,str-unpack]
    return what, detail


def words_of(table: str) -> dict[str, tuple[str, str]]:
    """A whole table of words in English and Chinese, for a page that shows both."""
    return {name: (message["en"], message["zh"]) for name, message in _table(table).items()}


def _rendered(key: str, arguments: Mapping[str, Argument], language: str) -> str:
    table, _, name = key.partition(".")
    if table == "joined":
        return _list(name, arguments["parts"], language)  # type: ignore[arg-type]
    try:
        message = _table(table).get(name)
    except OSError:  # no file can be opened any more, which is what is being said
        return f"{key} {dict(arguments)}"
    if message is None:
        raise Unknown(f"openapi/messages/{table}.yaml has no message {name!r}")
    template = message.get(language) or message[ENGLISH]
    if not isinstance(template, str):
        template = template["one" if arguments.get("count") == 1 else "other"]
    if language == ENGLISH:
        return str(template).format_map({each: _shown(value, language) for each, value in arguments.items()})
    shown = ""
    formatter = string.Formatter()
    for literal, place, spec, conversion in formatter.parse(template):
        shown = _beside(shown, literal)
        if place is not None:
            value = formatter.convert_field(_shown(arguments[place], language), conversion)
            shown = _beside(shown, format(value, spec or ""))
    return shown


@functools.cache
def _table(name: str) -> Mapping[str, Mapping[str, Any]]:
    import yaml

    try:
        source = files("callback_contract.openapi").joinpath(f"messages/{name}.yaml").read_text("utf-8")
    except FileNotFoundError:
        raise Unknown(f"there is no table openapi/messages/{name}.yaml") from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table: Mapping[str, Mapping[str, Any]] = yaml.load(source, loader)  # noqa: S506  # both are safe
    return table


def _shown(value: Argument, language: str) -> str | int | float:
    if isinstance(value, tuple):
        return _list("listed", value, language)
    return translated(value, language) if isinstance(value, str) else value


def _list(kind: str, parts: Iterable[str], language: str) -> str:
    between, said = _BETWEEN[kind][language], [translated(each, language) for each in parts]
    if language == ENGLISH or not said:
        return between.join(said)
    return functools.reduce(lambda before, after: _beside(_beside(before, between), after), said)


def _beside(before: str, after: str) -> str:
    """Two parts of a Chinese sentence, with a blank where its signs meet Latin letters or digits."""
    if not before or not after:
        return before + after
    meets = (_is_han(before[-1]) and _is_latin(after[0])) or (_is_latin(before[-1]) and _is_han(after[0]))
    return f"{before} {after}" if meets else before + after


def _is_han(sign: str) -> bool:
    return "\u3400" <= sign <= "\u9fff"


def _is_latin(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign in "-/`")


def _to_json(value: Argument) -> Any:
    if isinstance(value, tuple):
        return [_to_json(each) for each in value]
    return value.to_dict() if isinstance(value, Text) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_from_json(each) for each in value)
    return text_of(value) if isinstance(value, Mapping) else value


def _changed(value: Argument, change: Callable[[str], str]) -> Argument:
    if isinstance(value, tuple):
        return tuple(reworded(each, change) for each in value)
    return reworded(value, change) if isinstance(value, str) else value
