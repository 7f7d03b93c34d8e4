"""Maker of what is counted and listed in pages: the numbers of rules, and the packages of pyproject.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from callback_contract.contract_tests.meta.generating.made import ROOT, Made
from callback_contract.contract_tests.meta.generating.recorded_runs import ran
from callback_contract.openapi.rules.catalogue import load_catalogue

PAGES = ("*.md", "openapi/*.md", "mock_server/*.md", "contract_tests/*.md")

# Each sentence that counts rules or deliveries; every group is a figure of `figures`.
SENTENCES = (
    r"(?P<rules>\d+) rules, (?P<deliveries>\d+) deliveries, no limit",
    r"(?P<passed>\d+) pass, (?P<not_applicable>\d+) not applicable",
    r"contract 1\.0\.0, depth standard, seed 0, run \w+, (?P<deliveries>\d+) deliveries",
    r"- (?P<first>\d+) rules for receivers",
    r"- 面向接收方的 (?P<first>\d+) 条规则",
)


def packages() -> Made:
    """Lists every folder of the product in pyproject.toml."""
    file = ROOT / "pyproject.toml"
    listed = "".join(f'    "{name}",\n' for name in sorted(package_names(), key=_in_layers))
    text = re.sub(r"(?ms)^(packages = \[[^\n]*\n).*?^\]$", rf"\g<1>{listed}]", file.read_text("utf-8"), count=1)
    return Made({file: text})


def package_names() -> Iterator[str]:
    """The import names of the folders with modules, without the kit's own tests."""
    for top in ("openapi", "mock_server", "contract_tests"):
        for folder in (ROOT / top, *(ROOT / top).rglob("*")):
            parts = folder.relative_to(ROOT).parts
            if folder.is_dir() and any(folder.glob("*.py")) and not {"meta", "__pycache__"} & set(parts):
                yield ".".join(("callback_contract", *parts))


def _in_layers(name: str) -> tuple[int, str]:
    return ("openapi", "mock_server", "contract_tests").index(name.split(".")[1]), name


def counts() -> Made:
    """Writes the figures of today into the sentences that count."""
    now = figures()
    files = {file: file.read_text("utf-8") for pattern in PAGES for file in sorted(ROOT.glob(pattern))}
    lost = [sentence for sentence in SENTENCES if not any(re.search(sentence, text) for text in files.values())]
    right = {file: corrected(text, now) for file, text in files.items()}
    return Made(right, tuple(f"no page says {sentence!r} any more: change SENTENCES in pages.py" for sentence in lost))


def corrected(text: str, now: Mapping[str, int]) -> str:
    """A page with the figures of now in its sentences that count."""
    for sentence in SENTENCES:
        text = re.sub(sentence, lambda found: _with(found, now), text)
    return text


def figures() -> dict[str, int]:
    """What is counted: the first run's figures, and rules of the catalogue."""
    _, told = ran("callback-contract check")  # not its plan: what is asked may depend on how long the run takes
    counted = re.search(r"(\d+) pass, (\d+) not applicable\n(?:.*\n)?.*, (\d+) deliveries", told)
    assert counted, told
    passed, idle, deliveries = map(int, counted.groups())
    catalogue = load_catalogue().rules
    return {
        "rules": passed + idle,  # the mock is right
        "passed": passed,
        "not_applicable": idle,
        "deliveries": deliveries,
        "first": sum(rule.since == "1.0" for rule in catalogue),
    }


def _with(found: re.Match[str], now: Mapping[str, int]) -> str:
    told = found[0]
    for name in sorted(found.groupdict(), key=found.start, reverse=True):
        begin, end = (place - found.start() for place in found.span(name))
        told = f"{told[:begin]}{now[name]}{told[end:]}"
    return told
