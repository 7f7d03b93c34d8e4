"""Pages of the site in one language: their order, their navigation and the data of each template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documenting import downloads
from callback_contract.openapi.documenting.content import companion_files as beside
from callback_contract.openapi.documenting.content import markdown
from callback_contract.openapi.documenting.content.callback_page import Reference, reference
from callback_contract.openapi.documenting.content.delivery import ShownFact, apart, facts
from callback_contract.openapi.documenting.content.lifecycle_diagram import life_cycle
from callback_contract.openapi.documenting.content.links import (
    address,
    anchor,
    chapter_file,
    file_name,
    rule_page,
)
from callback_contract.openapi.documenting.content.listed_fields import MOST_FIELDS
from callback_contract.openapi.documenting.content.words import Words, table
from callback_contract.openapi.documenting.languages import catalogue_in, read_back_in
from callback_contract.openapi.documenting.proof import Proof
from callback_contract.openapi.documenting.search import Entry, index, names_alone, texts_below
from callback_contract.openapi.documenting.templating import dressed, environment
from callback_contract.openapi.rules.catalogue import PROFILES, Catalogue
from callback_contract.openapi.rules.translations import ORIGINAL

__all__ = ["Book", "Page", "chooser", "rendered_pages"]

_MARKS = ("doc", "example", "inferred", "observed", "house")
_VERDICTS = ("pass", "warn", "fail", "flaky", "not applicable", "blocked", "waived", "error")
_EXIT_CODES = (0, 1, 2, 3, 130)
_WITH_BODY = {"index", "testing", "delivery", "profile", "open", "aside"}  # other pages have entries for their content
_LARGE = 20_000  # fields in all callbacks; a larger site would take tens of megabytes


@dataclass(frozen=True)
class Page:
    """One page: its file, its place in the navigation, and its headings there.

    Attributes:
        callback: The callback that it describes.
        name: The chapter or the profile whose rules it tells.
    """

    file: str
    template: str
    group: str
    title: str
    headings: tuple[markdown.Heading, ...] = ()
    callback: str = ""
    name: str = ""


@dataclass(frozen=True)
class Book:
    """The sources of all pages of one language, contract and rules included.

    Attributes:
        original: The contract with its own texts.
        foreign: For a foreign contract, the option by which a command names it.
    """

    contract: Contract
    original: Contract
    catalogue: Catalogue
    proof: Proof
    words: Words
    languages: tuple[str, ...]
    foreign: str = ""

    @cached_property
    def is_large(self) -> bool:
        """Whether pages are kept short, since there are so many."""
        return sum(len(callback.members) for callback in self.contract.callbacks) > _LARGE

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The callbacks as their pages show them."""
        most = MOST_FIELDS if self.is_large else None
        return tuple(reference(self.contract, callback, self.words, most) for callback in self.contract.callbacks)

    def command(self, text: str) -> str:
        """Return a command as it is typed for this contract."""
        judging = ("callback-contract check", "callback-contract mock")
        return f"{text} {self.foreign}" if self.foreign and text.startswith(judging) else text

    def without_folder(self, text: str) -> str:
        """Return a reason without the folders of the machine that made the site."""
        folder = str(self.contract.path.parent)
        return text if folder in {".", "/"} else text.replace(f"{folder}/", "")

    @cached_property
    def facts(self) -> dict[str, tuple[ShownFact, ...]]:
        """The facts of delivery by callback."""
        return {
            callback.name: facts(self.contract, callback, self.catalogue, self.words)
            for callback in self.contract.callbacks
        }

    @cached_property
    def senders(self) -> Catalogue:
        """The rules on senders."""
        return catalogue_in(self.words.lang, "sender")

    @property
    def both(self) -> tuple[Catalogue, Catalogue]:
        """The rules of both sides."""
        return self.catalogue, self.senders

    def page_of(self, rule_id: str) -> str:
        """Return where a rule is told in full; all that are on senders stand on one page."""
        is_of_senders = rule_id.partition("-")[0] in self.senders.chapters
        return f"senders.html#{anchor('rule', rule_id)}" if is_of_senders else rule_page(rule_id)

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """The documents to download."""
        return downloads.names(self.original, foreign=bool(self.foreign))

    @property
    def receiver_tabs(self) -> list[tuple[str, str]]:
        """The panel and the framework of each correct receiver."""
        return [(anchor("receiver", each.name), each.framework) for each in self.proof.receivers]

    @cached_property
    def questions(self) -> tuple[beside.Question, ...]:
        """The open questions."""
        return () if self.foreign else beside.open_questions(self.contract, self.words.lang)

    @cached_property
    def known(self) -> tuple[beside.Known, ...]:
        """The callbacks that are known and not specified."""
        return () if self.foreign else beside.known_callbacks(self.original, self.words.lang)

    @cached_property
    def changelog(self) -> tuple[Markup, list[markdown.Heading], str]:
        """The changelog, its versions, and its language."""
        text, lang = ("", self.words.lang) if self.foreign else beside.changelog(self.contract, self.words.lang)
        return (*markdown.page(text, "version"), lang) if text else (Markup(""), [], lang)

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The pages in the order of the navigation."""
        return tuple(self._pages())

    def _pages(self) -> Iterator[Page]:
        t = self.words

        def page(name: str, group: str, *headings: markdown.Heading) -> Page:
            return Page(f"{name}.html", f"{name}.html", group, t(f"page.{name}"), headings)

        start = (("exchange", "home.exchange"), ("try", "home.try"), ("callbacks", "home.all"), ("files", "home.files"))
        yield page("index", "start", *((place, t(key)) for place, key in start))
        sections = ["install", "commands", "options", *(["runs"] if self.proof.runs else []), "states"]
        sections += [*(["signing"] if self.proof.schemes else []), "verdicts", "codes"]
        headings = [(name, t(f"testing.{name}")) for name in sections]
        yield page("testing", "start", *headings)
        if self.proof.receivers:
            yield page("receivers", "start")
        for shown in self.references:
            headings = [("headers", t("callback.headers")), ("fields", t("callback.fields"))]
            if shown.states:
                headings.append(("states", t("callback.states")))
            if shown.name in self.proof.observed:
                headings.append(("observed", t("callback.observed")))
            headings += [("examples", t("callback.examples"))] if shown.examples else []
            headings.append(("wire", t("callback.wire")))
            headings += [("send", t("callback.send"))] if shown.samples else []
            headings.append(("answer", t("callback.answer")))
            yield Page(
                file_name("callback", shown.name), "callback.html", "reference", shown.name, tuple(headings), shown.name
            )
        callbacks = [(anchor("delivery", name), name) for name, told in self.facts.items() if told or not self.foreign]
        yield page("delivery", "reference", *callbacks, ("telling-apart", t("apart.title")))
        for profile in (name for name in PROFILES if any(rule.profile == name for rule in self.catalogue.rules)):
            levels = dict.fromkeys(sorted(rule.level for rule in self.catalogue.rules if rule.profile == profile))
            parts = [(place, t(f"profile.{place}")) for place in ("do", "judge", *levels)]
            yield Page(
                f"profile-{profile}.html", "profile.html", "todo", t(f"profile.{profile}"), tuple(parts), name=profile
            )
        ours, theirs = ([(anchor("chapter", c), title) for c, title in each.chapters.items()] for each in self.both)
        yield page("rules", "judged", *ours, ("senders", t("page.senders")))
        yield page("senders", "judged", *theirs)
        for chapter, title in self.catalogue.chapters.items():
            rules = [rule for rule in self.catalogue.rules if rule.chapter == chapter]
            told = tuple((anchor("rule", rule.id), f"{rule.id} {rule.statement}") for rule in rules)
            yield Page(chapter_file(chapter), "chapter.html", "judged", title, told, name=chapter)
        if self.proof.matrix:
            yield page("matrix", "judged")
        if self.questions or self.known:
            yield page("open", "background", *([("known", t("open.others"))] if self.known else []))
        if self.contract.set_aside or self.contract.notes:
            yield Page("aside.html", "aside.html", "background", t("aside.title"))
        if self.changelog[0]:
            yield page("changelog", "background", *self.changelog[1])

    def listed(self, page: Page) -> tuple[Page, ...]:
        """Return the pages in the navigation of a page.

        For a large contract, the only callback in it is the page's own. Chapters stand beside each other alone.
        """
        among = page.template in {"rules.html", "chapter.html"}
        return tuple(each for each in self._near(page) if among or each.template != "chapter.html")

    def _near(self, page: Page) -> tuple[Page, ...]:
        return tuple(each for each in self.pages if not self.is_large or not each.callback or each is page)

    def turned(self, page: Page, by: int) -> Page | None:
        """Return the page before or after a page in the order of the navigation."""
        pages = self._near(page)
        at = pages.index(page) + by
        return pages[at] if 0 <= at < len(pages) else None

    def entries(self, page: Page, below: Mapping[str, str]) -> Iterator[Entry]:
        """Yield the search entries, the most wanted ones first.

        For a large contract, fields are limited to those of the page.

        Args:
            below: The words of the pages' bodies, by the address that they follow.
        """
        t = self.words
        for each in self.pages:
            if each.template == "chapter.html":  # its chapter and its rules follow, with more words
                continue
            yield Entry(each.title, each.file, words=self._alias(each.file.removesuffix(".html"), below.get(each.file)))
            if self.is_large and each is not page:
                continue
            if each.template not in {"rules.html", "receivers.html"}:  # their entries follow, with more words
                for place, title in each.headings:
                    url = f"{each.file}#{place}"
                    yield Entry(title, url, "", each.title, self._alias(place, below.get(url)))
        for shown in self.references:
            if self.is_large and shown.name != page.callback:
                continue
            for field in shown.fields:
                text = markdown.plain(" ".join([field.meaning, *field.enum]))
                yield Entry(field.name, address("field", shown.name, field.pointer), text, shown.name)
            for header in shown.headers:
                name, text = str(header["name"]), markdown.plain(str(header["meaning"]))
                yield Entry(name, address("header", shown.name, name), text, shown.name)
            for fact in self.facts[shown.name]:
                url = address("fact", shown.name, fact.key)
                told = f"x-delivery.{fact.key} {fact.value}"
                yield Entry(fact.title, url, told, shown.name, self._alias(fact.key, fact.why))
        for chapter, title in self.catalogue.chapters.items():
            yield Entry(title, chapter_file(chapter), chapter, t("page.rules"), self._alias(chapter))
        for rule in (rule for each in self.both for rule in each.rules):
            words = markdown.plain(f"{rule.remedy} {rule.source}")
            yield Entry(rule.id, self.page_of(rule.id), markdown.plain(rule.statement), rule.level, words)
        for question in self.questions:
            words = markdown.plain(question.taken)
            yield Entry(question.id, address("question", question.id), markdown.plain(question.question), "", words)
        for sample in self.proof.receivers:
            url = address("receiver", sample.name)
            words = " ".join(sample.packages)
            yield Entry(sample.framework, url, f"{sample.language} {sample.name}", t("page.receivers"), words)

    def _alias(self, key: str, more: str | None = "") -> str:
        """Return other names of a thing, in this language and in English, and in the next line more words.

        The page finds a thing by its other names and does not show them.
        """
        names = [text for lang, text in table().get(f"alias.{key}", {}).items() if lang in {self.words.lang, ORIGINAL}]
        return "\n".join((" · ".join(names), markdown.plain(more or ""))) if names else markdown.plain(more or "")

    def picture(self, callback: Callback, upright: bool) -> Markup:
        """Return the diagram of a callback's life cycle; empty without an order."""
        order, t = callback.delivery.order, self.words
        if order is None:
            return Markup("")
        shown = next(each for each in self.references if each.name == callback.name)
        text = t("home.life.text", steps=t("site.comma").join(f"{a} → {b}" for a, b in order.edges))
        if order.terminal:
            text += " " + t("home.life.terminal", states=t("site.comma").join(order.terminal))
        links = {state.name: address("example", shown.name, state.example) for state in shown.states if state.example}
        title = t("home.life.title", name=callback.name)
        return life_cycle(order, title=title, text=text, links=links, upright=upright)


def rendered_pages(book: Book) -> Iterator[tuple[str, str]]:
    """Yield the pages of one language: file names within its folder, and contents."""
    templates = environment()
    t = book.words
    values: dict[str, Any] = {
        "book": book,
        "t": t,
        "lang": t.lang,
        "marks": _MARKS,
        "verdicts": _VERDICTS,
        "exit_codes": _EXIT_CODES,
        "groups": ("start", "todo", "reference", "judged", "background"),
        "apart": apart(book.contract.callbacks),
        "read_back": read_back_in(t.lang),
        "deviations": {rule.id: rule.fault for rule in book.catalogue.rules},
        "proved": {row.fault for row in book.proof.matrix},
        "stored": [rule for rule in book.catalogue.rules if rule.evidence == "read-back"],
    }
    by_name = {each.name: each for each in book.references}

    def rendered(page: Page) -> str:
        shown = by_name.get(page.callback)
        text = dressed(str(templates.get_template(page.template).render(values, page=page, shown=shown)))
        # A link within the page needs no file name: it is shorter and does not reload the page.
        return text.replace(f'href="{page.file}#', 'href="#')

    if book.is_large:
        for page in book.pages:
            yield page.file, _searched(rendered(page), index(book.entries(page, {})))
        return
    texts = {page.file: rendered(page) for page in book.pages}
    entries = list(book.entries(book.pages[0], _below(book, texts)))
    # The words of all texts are a third of a page: the first one has them, and the others lead there.
    everything, names = index(entries), index(names_alone(entries))
    for file, text in texts.items():
        yield file, _searched(text, everything if file == "index.html" else names)


def _below(book: Book, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the words of the pages' bodies by address.

    Fields and rules have entries with their own words.
    """
    below: dict[str, str] = {}
    for page in book.pages:
        if page.template.removesuffix(".html") in _WITH_BODY:
            told = texts_below(texts[page.file]).items()
            below |= {f"{page.file}#{place}".rstrip("#"): text for place, text in told}
    return below


def _searched(text: str, found: str) -> str:
    # No text of a contract can contain these quotes: they are escaped everywhere.
    return text.replace('id="search-index"><', f'id="search-index">{found}<', 1)


def chooser(languages: tuple[str, ...], title: str) -> str:
    """Return the page at the root of the site, which leads to the reader's language."""
    words = {lang: Words(lang) for lang in languages}
    page = environment().get_template("chooser.html").render(languages=languages, words=words, title=title)
    return dressed(str(page))
