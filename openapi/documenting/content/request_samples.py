"""Request samples: one delivery as a program in each language that the provider's page has, from a small template each.

A program reads the receiver's address from the environment variable `URL`, sends the bytes of one example, and prints
the answer. A test runs each whose tools a Debian has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from callback_contract.openapi.contract.model import Callback, Example
from callback_contract.openapi.documenting.content.wire_example import as_curl, request_text, sent_body, sent_headers

__all__ = ["LANGUAGES", "Language", "RequestSample", "request_samples"]

_PROGRAMS = Path(__file__).parents[1] / "programs"
Quote = Callable[[str], str]


@dataclass(frozen=True)
class Language:
    """A language, and how a delivery is written in it.

    Attributes:
        lexer: Its name in Pygments.
        file: Where the program is kept; empty for what is pasted.
        start: The command that runs it.
        is_run: Whether the kit's tests run it against the mock.
        quote: Writes a text as a literal.
        header: One line for each header besides Content-Type, with {name} and {value}.
    """

    name: str
    lexer: str
    file: str
    start: str
    is_run: bool
    quote: Quote = str
    header: str = ""

    @property
    def program(self) -> str:
        """The template, with places for «method», «type», «headers» and «body»."""
        return _PROGRAMS.joinpath(f"{self.lexer}.txt").read_text("utf-8")


@dataclass(frozen=True)
class RequestSample:
    """The program of one language for one example."""

    language: Language
    text: str


_WITHOUT_A_BODY = frozenset({"Shell", "HTTP"})  # languages whose sample needs no body; the programs send one


def request_samples(callback: Callback) -> Iterator[RequestSample]:
    """Yield the first delivered example as a program of each language; nothing where there is none."""
    for example in callback.delivered_examples[:1]:
        for language in LANGUAGES:
            if callback.by_query and language.name not in _WITHOUT_A_BODY:
                continue
            yield RequestSample(language, _written(language, callback, example))


def _written(language: Language, callback: Callback, example: Example) -> str:
    if language.name == "Shell":
        return as_curl(callback, example.value)
    if language.name == "HTTP":
        return request_text(callback)
    (_, media_type), *others = sent_headers(callback)
    quote = language.quote
    lines = [language.header.format(name=quote(name), value=quote(value)) + "\n" for name, value in others]
    parts = {
        "method": quote(callback.method),
        "type": quote(media_type),
        "headers": "".join(lines),
        "body": quote(sent_body(callback, example.value)),
    }
    # Each place is filled once, so that a body may contain the name of a place.
    pieces = language.program.strip("\n").split("«")
    filled = (parts[name] + rest for name, _, rest in (piece.partition("»") for piece in pieces[1:]))
    return pieces[0] + "".join(filled)


def _escaping(quote: str, hidden: Quote, also: str = "") -> Quote:
    """Return a writer of literals between two quotes.

    Args:
        hidden: Writes a character that cannot be seen.
        also: Characters with a meaning in such a literal, which a backslash takes from them.
    """
    plain = {"\n": "\\n", "\r": "\\r", "\t": "\\t", **{sign: f"\\{sign}" for sign in f"\\{quote}{also}"}}

    def written(text: str) -> str:
        inside = "".join(plain.get(sign) or (sign if sign.isprintable() else hidden(sign)) for sign in text)
        return f"{quote}{inside}{quote}"

    return written


def _preferring(opening: str, closing: str, otherwise: Quote, but: str = "") -> Quote:
    """Return a writer that takes a literal without escapes where the text allows it.

    Args:
        but: Characters that such a literal cannot contain.
    """

    def written(text: str) -> str:
        is_plain = text.isprintable() and closing not in text and not set(but) & set(text)
        return f"{opening}{text}{closing}" if is_plain else otherwise(text)

    return written


def _utf16(sign: str) -> str:
    units = sign.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _braced(sign: str) -> str:
    return f"\\u{{{ord(sign):x}}}"


def _long(sign: str) -> str:
    return f"\\U{ord(sign):08x}"


def _octal(sign: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in sign.encode())


def _decimal(sign: str) -> str:
    return "".join(f"\\{byte:03d}" for byte in sign.encode())


_C = _escaping('"', _octal, "?")
_CSHARP_OR_JAVA = _escaping('"', _utf16)

LANGUAGES = (
    Language("Shell", "bash", "", "", is_run=True),
    Language(
        "JavaScript",
        "javascript",
        "send.mjs",
        "node send.mjs",
        True,
        _escaping("'", _utf16),
        "    {name}: {value},",
    ),
    Language(
        "Java",
        "java",
        "Send.java",
        "java Send.java",
        True,
        _CSHARP_OR_JAVA,
        "            .header({name}, {value})",
    ),
    Language(
        "Swift",
        "swift",
        "send.swift",
        "swift send.swift",
        False,
        _preferring('#"', '"#', _escaping('"', _braced), "\\"),
        "request.setValue({value}, forHTTPHeaderField: {name})",
    ),
    Language(
        "Go",
        "go",
        "send.go",
        "go run send.go",
        True,
        _preferring("`", "`", _escaping('"', _long)),
        "\trequest.Header.Set({name}, {value})",
    ),
    Language(
        "PHP",
        "php",
        "send.php",
        "php send.php",
        True,
        _preferring("'", "'", _escaping('"', _braced, "$"), "\\"),
        "        {name} . ': ' . {value},",
    ),
    Language(
        "Python",
        "python",
        "send.py",
        "python3 send.py",
        True,
        _escaping("'", _long),
        "    {name}: {value},",
    ),
    Language("HTTP", "http", "", "", is_run=True),
    Language(
        "C",
        "c",
        "send.c",
        "gcc send.c -o send -lcurl && ./send",
        True,
        _C,
        '    headers = curl_slist_append(headers, {name} ": " {value});',
    ),
    Language(
        "C#",
        "csharp",
        "Send.cs",
        "mcs -r:System.Net.Http Send.cs && mono Send.exe",
        True,
        _CSHARP_OR_JAVA,
        "        request.Headers.TryAddWithoutValidation({name}, {value});",
    ),
    Language(
        "Objective-C",
        "objective-c",
        "send.m",
        "gcc $(gnustep-config --objc-flags) send.m -o send $(gnustep-config --base-libs) && ./send",
        True,
        _C,
        "    [request setValue:@{value} forHTTPHeaderField:@{name}];",
    ),
    Language(
        "Ruby",
        "ruby",
        "send.rb",
        "ruby send.rb",
        True,
        _preferring("'", "'", _escaping('"', _braced, "#"), "\\"),
        "request[{name}] = {value}",
    ),
    Language(
        "OCaml",
        "ocaml",
        "send.ml",
        "ocamlfind ocamlopt -package curl -linkpkg send.ml -o send && ./send",
        True,
        _preferring("{|", "|}", _escaping('"', _decimal)),
        '    {name} ^ ": " ^ {value};',
    ),
    Language(
        "Dart",
        "dart",
        "send.dart",
        "dart run send.dart",
        False,
        _preferring("r'", "'", _escaping("'", _braced, "$")),
        "  request.headers.set({name}, {value});",
    ),
    Language(
        "R",
        "r",
        "send.R",
        "Rscript send.R",
        True,
        _escaping("'", _long),
        ",\n  {name} = {value}",
    ),
)
