"""Site writer: writes the documentation to a directory and replaces nothing but an earlier site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.documenting import downloads
from callback_contract.openapi.documenting.content.words import Words
from callback_contract.openapi.documenting.languages import catalogue_in, contract_in
from callback_contract.openapi.documenting.pages import Book, chooser, rendered_pages
from callback_contract.openapi.documenting.proof import Proof
from callback_contract.openapi.documents.output_files import replace_file
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["MARKER", "pages_of_site", "site_files", "write_pages", "write_site", "written_files"]

MARKER = ".callback-contract-docs"
_WRITTEN = (".html", ".json", ".yaml")


def pages_of_site(contract_file: Path, languages: tuple[str, ...], proof: Proof) -> Iterator[tuple[str, str]]:
    """Yield every page: its path within the site, and its content."""
    original = load_contract(contract_file)
    for lang in languages:
        book = Book(contract_in(lang, contract_file), original, catalogue_in(lang), proof, Words(lang), languages)
        for name, text in rendered_pages(book):
            yield f"{lang}/{name}", text
    yield "index.html", chooser(languages, original.title)


def site_files(contract_file: Path, languages: tuple[str, ...], proof: Proof) -> Iterator[tuple[str, str]]:
    """Yield every page, and the contract's documents to download."""
    yield from pages_of_site(contract_file, languages, proof)
    yield downloads.original(load_contract(contract_file))
    for lang in languages:
        for name, text in downloads.documents(contract_in(lang, contract_file)):
            yield f"{lang}/{name}", text


def write_site(out: Path, contract_file: Path, languages: tuple[str, ...], proof: Proof) -> dict[str, int]:
    """Write the site of a contract of the kit's own form, see `write_pages`."""
    return write_pages(out, site_files(contract_file, languages, proof))


def write_pages(out: Path, rendered: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Write a site and returns its files with their sizes in bytes.

    Files of an earlier site that are no longer made are removed. A directory that has files and does not have
    the marker is left alone.

    Raises:
        KitError: The directory is a file, holds something else's files, or cannot be written.
    """
    earlier = written_files(out) if out.exists() else set()
    pages = {name: text.encode() for name, text in rendered}
    try:
        out.mkdir(parents=True, exist_ok=True)
        # The marker is written first and lists all files: an interrupted site is still recognised and written again.
        replace_file(out / MARKER, "\n".join(sorted({*pages, *earlier})).encode() + b"\n")
        for name, content in pages.items():
            (out / name).parent.mkdir(exist_ok=True)
            replace_file(out / name, content)
        for name in earlier - set(pages):
            (out / name).unlink(missing_ok=True)
            if (out / name).parent != out and not any((out / name).parent.iterdir()):
                (out / name).parent.rmdir()
        replace_file(out / MARKER, "\n".join(sorted(pages)).encode() + b"\n")
    except OSError as error:
        raise KitError(
            Text("error-docs.docs-unwritable", why=str(error.strerror)),
            where=str(error.filename or out),
            remedy=Text("error-docs.roomy-directory"),
        ) from None
    return {name: len(content) for name, content in pages.items()}


def written_files(out: Path, option: str = "--out") -> set[str]:
    """Return the files of a site that was written to a directory; none in an empty one.

    Raises:
        KitError: The directory holds something else.
    """
    where = f"{option} {out}"
    if not out.is_dir():
        raise KitError(Text("error-docs.file-of-name"), where=where, remedy=Text("error-docs.name-directory"))
    try:
        if not any(out.iterdir()):
            return set()
        listed = (out / MARKER).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise KitError(
            Text("error-docs.foreign-files"),
            where=where,
            remedy=Text("error-docs.new-directory"),
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KitError(Text("error-docs.directory-unreadable", why=str(error)), where=where) from None
    # Any user can edit the marker: no file outside of the directory is ever removed.
    return {name for name in listed if name.endswith(_WRITTEN) and ".." not in name and not Path(name).is_absolute()}
