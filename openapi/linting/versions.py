"""Version of a contract: whether `info.version` is raised as far as the change demands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callback_contract.openapi.comparing.change import Change, worst
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.linting.remark import Remark
from callback_contract.openapi.text.message import Text

__all__ = ["compared_version"]

_PARTS = ("major", "minor", "patch")


def _demanded_part(changes: tuple[Change, ...]) -> str:
    """Return the part of the version that has to be raised: major, minor or patch.

    Breaking changes require a major version, risky and unclear ones a minor one, all others a patch (as in
    CHANGELOG.md). It is empty without changes.
    """
    if not changes:
        return ""
    return {"breaking": "major", "risky": "minor", "unclear": "minor"}.get(worst(c.level for c in changes), "patch")


def compared_version(old: Contract, new: Contract) -> Iterator[Remark]:
    """Yield a remark if `info.version` is not raised as far as the change demands."""
    from callback_contract.openapi.comparing import compare

    where = "/info/version"
    before, after = _numbers(old.version), _numbers(new.version)
    if before is None or after is None:
        odd = old.version if before is None else new.version
        yield Remark("error", where, Text("lint.odd-version", version=odd), Text("lint.use-semantic"))
        return
    demanded = _demanded_part(compare(old, new))
    if after < before:
        what = Text("lint.version-back", old=old.version, new=new.version)
        yield Remark("error", where, what, Text("lint.raise-it"))
    elif demanded:
        at = _PARTS.index(demanded)
        if before[0] == 0:
            at = min(at + 1, 2)  # before 1.0.0 a minor version may break (semver.org, 4)
        if after[: at + 1] <= before[: at + 1]:
            raised = ".".join(str(n) for n in (*before[:at], before[at] + 1, *[0] * (2 - at)))
            part = Text(f"lint.{demanded}")
            what = Text("lint.version-not-raised", old=old.version, new=new.version, part=part)
            yield Remark("error", where, what, Text("lint.raise-to", version=raised))


def _numbers(version: str) -> tuple[int, ...] | None:
    match = re.fullmatch(r"v?(\d+)(?:\.(\d+)(?:\.(\d+)(?:[-+][0-9A-Za-z.+-]+)?)?)?", version)
    return tuple(int(number or 0) for number in match.groups()) if match else None
