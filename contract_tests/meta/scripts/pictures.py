"""Pictures of the README: makes them from real runs.

    python -m callback_contract.contract_tests.meta.scripts.pictures

Needs Chromium and Playwright. Nothing is loaded from the network: the terminal's picture names only the reader's fonts.
"""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from callback_contract.contract_tests.cli.docs_command import proof
from callback_contract.contract_tests.meta.support.browser import chromium
from callback_contract.contract_tests.meta.support.inspecting import body, inspecting
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import CONTRACT_FILE, load_contract
from callback_contract.openapi.documenting.site import write_site

FOLDER = Path(__file__).parents[1] / "pictures"
MOST_BYTES = 150_000
NAMES = ("terminal.svg", "report.png", "inspector.png", "docs-zh.png")
_WIDTH = 116
_ROOT = Path(__file__).parents[3]


def program(*arguments: str, cwd: Path, **environment: str) -> str:
    """What the program prints in a terminal with colours."""
    done = subprocess.run(
        [sys.executable, "-m", "callback_contract.contract_tests", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "COLUMNS": str(_WIDTH), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout


def terminal(folder: Path) -> str:
    """Return a finding in the terminal: a planted mistake, judged by one rule."""
    with served(Receiver(load_contract(), fault=FAULTS["PAY-17"])) as url:
        command = ("check", f"{url}/callbacks/whatsapp", "--rules", "PAY-17", "--report-dir", "callback-report")
        shown = program(*command, cwd=folder, FORCE_COLOR="1", TERM="xterm-256color")
    return as_svg(f"\x1b[1m$ callback-contract {' '.join(command[:4])}\x1b[0m\n{shown}")


def as_svg(text: str) -> str:
    """Draw a terminal's text; long lines are cut."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    for line in Text.from_ansi(text).split():
        line.truncate(_WIDTH, overflow="ellipsis")
        console.print(line, soft_wrap=True, highlight=False)
    drawn = console.export_svg(title="callback-contract")
    # rich loads its font from a server; the reader's own monospaced font is used instead.
    return re.sub(r"@font-face\s*{.*?}\s*", "", drawn, flags=re.DOTALL).replace("Fira Code", "ui-monospace")


def report(folder: Path, browser) -> bytes:
    """A report whose finding is a status that went backwards."""
    with served(Receiver(load_contract(), fault=FAULTS["ORD-02"])) as url:
        program(
            *("check", f"{url}/callbacks", "--rules", "ACK,ORD", "--name", "a receiver with one planted mistake"),
            *("--state-url", f"{url}/callback-contract/state/{{id}}", "--report-dir", "report"),
            cwd=folder,
        )
    page = _opened(browser, (folder / "report/report.html").as_uri(), width=880)
    start, end = (page.locator(part).first.bounding_box() for part in ("#findings", ".finding .chart"))
    height = end["y"] + end["height"] - start["y"] + 60
    return page.screenshot(full_page=True, clip={"x": 0, "y": start["y"] - 20, "width": 880, "height": height})


def inspector(browser) -> bytes:
    """The inspector with the life of a message whose older status came late."""
    with inspecting() as mock:
        for status in ("wait", "send", "read", "read", "delivery"):
            mock.post(body(status=status))
        for content in (body(msg_id="ca11bac402", status="archived"), body(msg_id="ca11bac403", timestamp="soon")):
            mock.post(content)
        page = _opened(browser, f"{mock.page}#5", width=1200)
        page.locator("#tab-life").click()
        page.locator(".step").nth(4).wait_for()
        return page.screenshot(clip={"x": 0, "y": 0, "width": 1200, "height": 700})


def docs(folder: Path, browser) -> bytes:
    """The first page in Chinese."""
    write_site(folder / "docs", CONTRACT_FILE, ("zh", "en"), proof())
    page = _opened(browser, (folder / "docs/zh/index.html").as_uri(), width=1100)
    return page.screenshot(clip={"x": 0, "y": 0, "width": 1100, "height": 640})


def _opened(browser, url: str, *, width: int):
    context = browser.new_context(
        viewport={"width": width, "height": 760}, locale="en-US", color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_load_state()
    return page


def deflated(png: bytes) -> bytes:
    """Return the same picture in fewer bytes.

    A browser deflates fast and not well (PNG third edition, 5.3 and 10).
    """
    chunks, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    pixels = zlib.compress(zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT")), 9)
    kept = [(b"IHDR", chunks[0][1]), (b"IDAT", pixels), (b"IEND", b"")]
    written = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in kept
    )
    return png[:8] + b"".join(written)


def draw(folder: Path) -> None:
    """Make every picture in a folder."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        work = Path(name)
        (folder / "terminal.svg").write_text(terminal(work), encoding="utf-8")
        (folder / "report.png").write_bytes(deflated(report(work, browser)))
        (folder / "inspector.png").write_bytes(deflated(inspector(browser)))
        (folder / "docs-zh.png").write_bytes(deflated(docs(work, browser)))


if __name__ == "__main__":
    draw(FOLDER)
