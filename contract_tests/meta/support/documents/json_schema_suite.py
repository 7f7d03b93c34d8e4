"""JSON Schema Test Suite for draft 2020-12, from the source package of jsonschema, which carries it.

It is fetched into the folder of `CALLBACK_CONTRACT_DOCUMENTS`, as the providers' documents are.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.meta.support.documents.real_documents import Unavailable

_PACKAGE, _VERSION = "jsonschema", "4.26.0"
_INSIDE = f"{_PACKAGE}-{_VERSION}/json/tests/draft2020-12/"
UNREAD = ("$dynamicRef", "$dynamicAnchor", "$id", "$anchor", "$vocabulary", "http://", "https://", "$defs", "#")
"""What the kit refuses in a schema of a contract, or what cannot stand inside of one: references to its own root."""


def archive_in(folder: Path) -> Path:
    """Return the package; fetch it unless it is in the folder.

    Raises:
        Unavailable: No network, or no such package.
    """
    file = folder / f"{_PACKAGE}-{_VERSION}.tar.gz"
    if not file.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
        command += ["--no-binary", _PACKAGE, "--dest", str(folder), f"{_PACKAGE}=={_VERSION}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"pip download {_PACKAGE} failed: {error}") from None
    return file


def groups_of(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the groups of tests, without those of optional behaviour, each with the name of its file."""
    with tarfile.open(file) as tar:
        for member in sorted(tar.getnames()):
            if member.startswith(_INSIDE) and member.endswith(".json") and "/" not in member.removeprefix(_INSIDE):
                opened = tar.extractfile(member)
                assert opened is not None
                name = member.removeprefix(_INSIDE).removesuffix(".json")
                yield from ((name, group) for group in json.loads(opened.read()))


def is_readable(group: dict[str, Any]) -> bool:
    """Return whether a group's schema may be the body of a callback."""
    schema = group["schema"]
    plain = {key: value for key, value in schema.items() if key != "$schema"} if isinstance(schema, dict) else schema
    return not any(word in json.dumps(plain) for word in UNREAD)
