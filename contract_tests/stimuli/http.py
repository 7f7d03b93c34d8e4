"""HTTP stimuli: media types, methods, headers and framings around a plain valid delivery."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import KIT_AGENT, Case, Joins, default_headers, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli.off_schema import missing_members, wrong_roots
from callback_contract.contract_tests.stimuli.texts import MARKUP, text_members, with_text
from callback_contract.contract_tests.stimuli.unparsable import syntax_errors
from callback_contract.contract_tests.stimuli.valid import put
from callback_contract.mock_server.wire.bodies import content_type, decode_body
from callback_contract.mock_server.wire.delivery import Framing, Headers
from callback_contract.mock_server.wire.json_spelling import SPELLINGS, encode
from callback_contract.openapi.bodies import FORM
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = [
    "accented",
    "changing_methods",
    "chunked",
    "expecting",
    "header_cases",
    "kept_connections",
    "media_type_cases",
    "media_type_parameters",
    "no_agent",
    "other_agents",
    "other_methods",
    "provoking",
    "reading_methods",
    "slow",
    "spellings",
    "trace",
    "unknown_headers",
    "unknown_media_types",
]


def _with_media_type(scope: Scope, value: str | None) -> Headers:
    rest = tuple(header for header in default_headers(scope.callback) if header[0].lower() != "content-type")
    return rest if value is None else (("Content-Type", value), *rest)


@stimuli("http", about_body=True)
def media_type_parameters(scope: Scope) -> Iterable[Case]:
    """The media type with parameters."""
    media_type = content_type(scope.callback)
    for parameters in (
        "; charset=utf-8",
        ";charset=UTF-8",
        '; charset="utf-8"',
        "; profile=x; charset=utf-8",
        " ; v=1",
    )[: scope.depth.pick(3, 5, 5)]:
        yield Case(
            scope.callback,
            Text("case.header", name="Content-Type", value=media_type + parameters),
            scope.plain,
            headers=_with_media_type(scope, media_type + parameters),
            joins=_joins(("Content-Type", media_type + parameters)),
        )


@stimuli("http", about_body=True)
def media_type_cases(scope: Scope) -> Iterable[Case]:
    """The media type in other letter cases."""
    media_type, semicolon, parameters = content_type(scope.callback).partition(";")
    for spelt in (media_type.title(), media_type.upper()):
        value = spelt + semicolon + parameters
        label = Text("case.header", name="Content-Type", value=value)
        headers = _with_media_type(scope, value)
        yield Case(scope.callback, label, scope.plain, headers=headers, joins=_joins(("Content-Type", value)))


def _joins(*headers: tuple[str, str]) -> Joins:
    return Joins({}, "headers", headers=headers)


@stimuli("http", hostile=True, about_body=True)
def unknown_media_types(scope: Scope) -> Iterable[Case]:
    """Media types that the contract does not name, with bodies of that kind and JSON."""

    def as_json(body: bytes) -> bytes:
        return body if scope.callback.is_json else encode(decode_body(scope.callback, body))

    def form(body: bytes) -> bytes:
        from urllib.parse import quote_plus

        return b"payload=" + quote_plus(as_json(body)).encode()

    # The media type of another callback at the same URL is not unknown.
    known = {each.callback.media_type for each in (scope, *scope.beside)}
    if FORM not in known:
        headers = _with_media_type(scope, FORM)
        yield Case(scope.callback, Text("case.form-with-json"), scope.plain, mangle=form, headers=headers)
    if not any(each.callback.is_json for each in (scope, *scope.beside)):
        headers = _with_media_type(scope, "application/json")
        yield Case(scope.callback, Text("case.as-json"), scope.plain, mangle=as_json, headers=headers)
    for value in (
        "text/plain",
        "application/xml",
        "application/octet-stream",
        "application/x-protobuf",
        "multipart/form-data; boundary=x",
    ):
        if value.partition(";")[0] in known:
            continue
        label = Text("case.header", name="Content-Type", value=value)
        yield Case(scope.callback, label, scope.plain, headers=_with_media_type(scope, value))


def _methods(scope: Scope, *methods: str) -> Iterable[Case]:
    bare = {"GET", "HEAD", "OPTIONS", "TRACE"}
    documented = {scope.callback.method, *scope.methods}
    documented |= {"HEAD"} if "GET" in documented else set()  # a GET without the body of its answer (RFC 9110 §9.3.2)
    for method in methods:
        if method in documented:
            continue
        label = Text("case.method", method=method)
        if method in bare:
            yield Case(
                scope.callback,
                label,
                scope.plain,
                method=method,
                headers=KIT_AGENT,
                mangle=lambda body: b"",
            )
        else:
            headers = (*_with_media_type(scope, content_type(scope.callback))[:1], *KIT_AGENT)
            yield Case(scope.callback, label, scope.plain, method=method, headers=headers)


@stimuli("http", hostile=True)
def other_methods(scope: Scope) -> Iterable[Case]:
    """Every other common method."""
    yield from _methods(scope, "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")


@stimuli("http")
def changing_methods(scope: Scope) -> Iterable[Case]:
    """Methods that change something."""
    yield from _methods(scope, "PUT", "PATCH", "DELETE")


@stimuli("http")
def reading_methods(scope: Scope) -> Iterable[Case]:
    """Methods that only read."""
    yield from _methods(scope, "GET", "HEAD")


@stimuli("http")
def trace(scope: Scope) -> Iterable[Case]:
    """TRACE."""
    yield from _methods(scope, "TRACE")


def accented(scope: Scope, text: str) -> jp.Json:
    """Return the plain content with a text in the first free place that accepts it."""
    try:
        members = text_members(scope)
    except NotApplicable:
        return scope.plain
    made = (with_text(scope, member, text) for member in members)
    return next((content for content in made if scope.strict.is_valid(content)), scope.plain)


@stimuli("http", about_body=True)
def chunked(scope: Scope) -> Iterable[Case]:
    """Bodies in chunks of odd sizes, with characters split across chunks."""
    several = ((1,), (7, 1, 13), (100,), (10**6,))
    for sizes in scope.depth.pick(several[::3], several, several):
        spelling = "compact-raw" if min(sizes) == 1 else ""  # only there is a character split
        yield _framed(scope, Text("case.chunks", sizes=tuple(map(str, sizes))), Framing(chunks=sizes), spelling)


_ACCENTED = "naïve 李雷 text a/b é 中"


def _framed(scope: Scope, label: Text, framing: Framing, spelling: str = "") -> Case:
    joins = Joins({}, "framings and spellings", framing=framing, spelling=spelling)
    return Case(scope.callback, label, accented(scope, _ACCENTED), framing=framing, joins=joins)


@stimuli("http")
def no_agent(scope: Scope) -> Iterable[Case]:
    """No User-Agent."""
    headers = tuple(h for h in default_headers(scope.callback) if h[0].lower() != "user-agent")
    yield Case(scope.callback, Text("case.no-user-agent"), scope.plain, headers=headers)


@stimuli("http")
def other_agents(scope: Scope) -> Iterable[Case]:
    """Names of other HTTP libraries."""
    headers = tuple(h for h in default_headers(scope.callback) if h[0].lower() != "user-agent")
    for name in ("Go-http-client/2.0", "Apache-HttpClient/5.3 (Java/17)", "Mozilla/5.0", "x"):
        label = Text("case.header", name="User-Agent", value=name)
        agent = ("User-Agent", name)
        yield Case(scope.callback, label, scope.plain, headers=(*headers, agent), joins=_joins(agent))


@stimuli("http")
def header_cases(scope: Scope) -> Iterable[Case]:
    """Header names in lower and in upper case."""
    for key, change in (("case.header-names-lower", str.lower), ("case.header-names-upper", str.upper)):
        headers = tuple((change(name), value) for name, value in default_headers(scope.callback))
        yield Case(scope.callback, Text(key), scope.plain, headers=headers)


@stimuli("http", in_turn=True)
def kept_connections(scope: Scope) -> Iterable[Case]:
    """A broken body, followed by a valid delivery on the same connection."""
    for each in (syntax_errors, wrong_roots, missing_members)[: scope.depth.pick(1, 3, 3)]:
        try:
            yield next(iter(each(scope)))
        except NotApplicable:
            continue


@stimuli("http", about_body=True)
def expecting(scope: Scope) -> Iterable[Case]:
    """A sender that waits for 100 Continue."""
    label = Text("case.header", name="Expect", value="100-continue")
    yield _framed(scope, label, Framing(expect_continue=True))


@stimuli("http", about_body=True)
def slow(scope: Scope) -> Iterable[Case]:
    """A body in several pieces with pauses between them, which split characters of several bytes."""
    content = accented(scope, "长" * 200)
    for parts, pause_s in ((4, 0.2), (2, scope.depth.pick(0.5, 0.5, 1.0))):
        framing = Framing(parts=parts, pause_s=pause_s)
        label = Text("case.pieces", parts=parts, pause_s=pause_s)
        yield Case(scope.callback, label, content, framing=framing)


@stimuli("http", about_json=True)
def spellings(scope: Scope) -> Iterable[Case]:
    """The same JSON in every spelling."""
    content, every = accented(scope, _ACCENTED), tuple(SPELLINGS)
    for name in scope.depth.pick((every[0], every[-1]), every, every):
        label = Text("case.spelling", what=Text(f"spelling.{name}"))
        joins = Joins({}, "framings and spellings", spelling=name)
        yield Case(scope.callback, label, content, spelling=name, joins=joins)


@stimuli("http")
def unknown_headers(scope: Scope) -> Iterable[Case]:
    """Headers that proxies, tracing or a later provider version add."""
    headers = default_headers(scope.callback)
    for more in (
        (("X-Request-Id", "4b1c"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
        (("X-Provider-Event", "status"), ("X-Provider-Version", "2")),
        (("X-Forwarded-Prefix", "/"), ("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678")),
    ):
        label = Text("case.headers", names=tuple(name for name, _ in more))
        yield Case(scope.callback, label, scope.plain, headers=(*headers, *more), joins=_joins(*more))


@stimuli("http", hostile=True)
def provoking(scope: Scope) -> Iterable[Case]:
    """Deliveries with markup that provoke a receiver's error pages."""
    markup = MARKUP["term.script-element"]
    yield Case(scope.callback, Text("case.markup-instead"), scope.plain, mangle=lambda body: markup.encode())
    for each in (syntax_errors, wrong_roots, missing_members, other_methods, unknown_media_types):
        try:
            yield next(iter(each(scope)))
        except NotApplicable:
            continue
    for member in scope.with_members(lambda m: m.required and m.types == ("integer",))[:1]:
        edit = functools.partial(put, pointer=member.pointer, value=markup)
        label = Text("case.at", what=Text("term.markup"), pointer=member.pointer)
        yield Case(scope.callback, label, scope.plain, edit=edit)
