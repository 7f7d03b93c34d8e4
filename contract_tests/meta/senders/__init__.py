"""Correct senders: small programs that POST a file's body to a URL twice and print each status.

Each is written as its client's documentation shows it, and sends both over one connection where the client keeps it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

__all__ = ["SENDERS", "CorrectSender"]

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class CorrectSender:
    """One correct sender, and what running it takes.

    Attributes:
        command: The command line, with ``{folder}`` for this folder, ``{url}`` and ``{body}``.
        package: The Python package or the extension of PHP that it needs, if any.
    """

    name: str
    command: tuple[str, ...]
    package: str = ""

    @property
    def lacking(self) -> str:
        """What this machine lacks to run it; empty when nothing is missing."""
        if shutil.which(self.command[0]) is None:
            return f"{self.command[0]} is not installed"
        if self.package and self.command[0] == sys.executable and find_spec(self.package) is None:
            return f"not installed: {self.package}"
        if self.command[0] == "php" and self.package:
            loaded = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True, timeout=60).stdout
            return "" if self.package in loaded.split() else f"PHP has no extension {self.package}"
        return ""

    def filled(self, url: str, body: Path) -> list[str]:
        """The command line for a URL and a file."""
        return [part.format(folder=_FOLDER, url=url, body=body) for part in self.command]


def _curl(name: str, *options: str) -> CorrectSender:
    once = ("-sS", "-o", "/dev/null", "-w", "%{{http_code}}\\n", *options, "-H", "Content-Type: application/json")
    once = (*once, "--data-binary", "@{body}", "{url}")
    return CorrectSender(f"curl, {name}", ("curl", *once, "--next", *once))


def _python(package: str, name: str) -> CorrectSender:
    return CorrectSender(f"Python {name}", (sys.executable, f"{{folder}}/{name}_sender.py", "{url}", "{body}"), package)


SENDERS = (
    CorrectSender("Java", ("java", "{folder}/JavaSender.java", "{url}", "{body}")),
    CorrectSender("Go", ("go", "run", "{folder}/go_sender.go", "{url}", "{body}")),
    CorrectSender("Node, fetch", ("node", "{folder}/node_fetch_sender.mjs", "{url}", "{body}")),
    CorrectSender("Node, http, chunked", ("node", "{folder}/node_http_sender.mjs", "{url}", "{body}")),
    CorrectSender("PHP, curl", ("php", "{folder}/php_curl_sender.php", "{url}", "{body}"), "curl"),
    CorrectSender("PHP, streams", ("php", "{folder}/php_stream_sender.php", "{url}", "{body}")),
    _python("requests", "requests"),
    _python("httpx", "httpx"),
    _python("aiohttp", "aiohttp"),
    _python("", "urllib"),
    _curl("without Expect", "-H", "Expect:"),
    _curl("with Expect", "-H", "Expect: 100-continue"),
    _curl("HTTP/1.0", "--http1.0"),
    _curl("chunked", "-H", "Transfer-Encoding: chunked"),
)
