"""The pages hold what they say: links, options, commands, imports, layers, and examples that run."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import sqlite3
import sys
import tomllib
from datetime import UTC, datetime

import click
import pytest
import yaml

from callback_contract.contract_tests.cli.commands import cli
from callback_contract.contract_tests.meta.generating.made import ROOT
from callback_contract.contract_tests.meta.generating.output import FENCE, pages
from callback_contract.contract_tests.meta.scripts.generate import PARTS
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import sign, signature_from
from callback_contract.mock_server.signing.scheme_file import load_scheme
from callback_contract.openapi import load_contract

PAGES = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in pages()}
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")
# Options that the pages name of other programs.
OTHERS = {"--receiver-url", "--editable", "--callback-url", "--callback-app", "--callback-report-dir"}
OTHERS |= {"--headless", "--master-bind-host", "--build-arg"}  # of Locust and of what makes images
PROGRAM = "callback-contract"
BY_HAND = "CI.md"  # has tests of its own


def commands():
    context = click.Context(cli)
    return {name: cli.get_command(context, name) for name in cli.list_commands(context)}


COMMANDS = commands()
OPTIONS = {
    text for command in COMMANDS.values() for option in command.params for text in option.opts + option.secondary_opts
}
OPTIONS |= {"--help", "--version"} | OTHERS


def fences(page, kind):
    return [found for found in FENCE.finditer(PAGES[page]) if found["kind"] == kind]


def prose(page):
    return FENCE.sub("", PAGES[page])


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def lines_of_shell(page):
    return [line for found in fences(page, "sh") for line in found["text"].splitlines() if line.strip()]


def calls(line):
    """The commands of the kit in a line of shell: name and arguments."""
    words = shlex.split(line, comments=True)
    for at, word in enumerate(words):
        name = "".join(words[at + 1 : at + 2])
        if word.endswith(PROGRAM) and name and not name.endswith(PROGRAM):
            rest = words[at + 2 :]
            ends = [n for n, part in enumerate(rest) if part in {"&&", "||", "|", ";"}]
            yield name, rest[: ends[0]] if ends else rest


@pytest.mark.parametrize("page", PAGES)
def test_link_leads_somewhere(page):
    for target, anchor in LINK.findall(prose(page)):
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), f"{target}#{anchor}"


def test_every_block_of_code_ends_and_no_placeholder_is_left():
    open_ended = [page for page, text in PAGES.items() if len(re.findall(r"^ *```", text, re.MULTILINE)) % 2]
    assert (open_ended, [page for page, text in PAGES.items() if "@@" in text]) == ([], [])


@pytest.mark.parametrize("page", PAGES)
def test_option_in_a_text_exists(page):
    named = re.findall(r"(?<![\w-])--[a-z][a-z-]*", " ".join(re.findall("`[^`]+`", prose(page))))
    assert set(named) - OPTIONS == set()


@pytest.mark.parametrize(("page", "line"), [(page, line) for page in PAGES for line in lines_of_shell(page)])
def test_command_in_an_example_has_its_options(page, line):
    for name, arguments in calls(line):
        command = COMMANDS[name]
        command.make_parser(click.Context(command, info_name=name)).parse_args(list(arguments))


def test_module_in_an_example_exists():
    named = {name for text in PAGES.values() for name in re.findall(r"python -m ([\w.]+)", text)}
    assert named and [name for name in named if importlib.util.find_spec(name) is None] == []


def test_every_command_stands_in_the_readme():
    shown = set(re.findall(r"^\| `([\w-]+)", PAGES["README.md"], re.MULTILINE)) | {"check"}
    assert set(COMMANDS) <= shown


def test_what_may_be_imported_is_what_the_packages_offer():
    table = dict(
        re.findall(r"^\| `(callback_contract[\w.]+)` \| (.*) \|$", PAGES[".github/CONTRIBUTING.md"], re.MULTILINE)
    )
    for package, names in table.items():
        assert set(re.findall(r"`(\w+)`", names)) == set(importlib.import_module(package).__all__)
    assert len(table) == 3


@pytest.mark.parametrize("top", ["openapi", "mock_server", "contract_tests"])
def test_layers_are_shown_in_their_order(top):
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (held,) = [c["layers"] for c in contracts if c.get("containers") == [f"callback_contract.{top}"]]
    section = PAGES[f"{top}/README.md"].partition("## Layers")[2]
    diagram = FENCE.search(section)["text"]
    shown = re.findall(r"^(?:├─ )?(\w+) {2,}\S", diagram, re.MULTILINE)
    assert [layer for layer in shown if layer in held] == held


@pytest.mark.parametrize("page", PAGES)
def test_data_in_an_example_is_what_it_says(page, tmp_path):
    for found in fences(page, "json"):
        json.loads(found["text"])
    for found in fences(page, "toml"):
        tomllib.loads(found["text"])
    for found in fences(page, "yaml"):
        if found["mark"] == "signature scheme":
            (tmp_path / "mine.yaml").write_text(found["text"])
            assert load_scheme(str(tmp_path / "mine.yaml")).key_env == ("CALLBACK_SIGNING_KEY",)
        else:
            yaml.safe_load(found["text"])


def test_signature_plugin_of_the_page_signs(tmp_path):
    (example,) = (each for each in fences("contract_tests/USING.md", "python") if each["mark"] == "signature plugin")
    (tmp_path / "ours.py").write_text(example["text"])
    (tmp_path / "ours.yaml").write_text("{header: X, timestamp_header: T, plugin: ours.py, key_env: [KEY]}")
    scheme, keys = signature_from(str(tmp_path / "ours.yaml"), {"KEY": "a key"})
    at = datetime(2026, 3, 4, tzinfo=UTC)
    made = sign(scheme, keys, body=b"{}", method="POST", url="http://h/", message_id="1", at=at)
    assert dict(made)["X"] == hashlib.sha256(b"a key1772582400{}").hexdigest()


def test_tests_of_the_example_pass(pytester_free, tmp_path):
    examples = [found["text"] for found in fences("mock_server/README.md", "python")]
    (tmp_path / "conftest.py").write_text(examples[1])
    (tmp_path / "test_example.py").write_text(SENDER + examples[0] + FIXTURES)
    done = pytester_free(tmp_path)
    assert "5 passed" in done.stdout, done.stdout + done.stderr


SENDER = """
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from callback_contract.openapi import load_contract

CALLBACK = load_contract().callbacks[0]

def send_something_to(url):
    import json
    body = json.dumps(next(e.value for e in CALLBACK.examples if not e.illustrative)).encode()
    for _ in range(2):
        try:
            return urlopen(Request(url, body, {"Content-Type": "application/json"}, method="POST")).close()
        except HTTPError as error:
            error.close()

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b"{}"]
"""
FIXTURES = """

def test_fixture_of_the_receiver(mock_receiver):
    assert mock_receiver.url


def test_fixture_of_the_provider(callback_provider):
    assert callback_provider(app).status == 200
"""


@pytest.fixture
def pytester_free():
    """pytest in a process and a folder of its own, without this project's configuration."""

    def run(folder):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            str(folder),
        ]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        return run_program(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)

    return run


THEIRS = {
    "openapi": "3.1.0",
    "info": {"title": "theirs", "version": "1"},
    "webhooks": {
        "issues/opened": {
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"type": "object"}, "example": {"id": "1"}}}
                },
                "responses": {"200": {"description": "taken"}},
            }
        }
    },
}
WAIVERS = "- {{rule: PAY-17, reason: known, owner: us, until: {year}-01-01}}\n"
OVERLAY = """overlay: 1.0.0
info: {title: facts, version: '1'}
actions:
  - target: $.webhooks['issues/opened'].post
    update: {x-delivery: {deadline_s: {value: 5, provenance: house, why: theirs}}}
"""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder as the examples expect it, and the addresses that take the place of theirs."""
    kit = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m callback_contract.contract_tests "$@"\n'
    (tmp_path / ".venv/bin").mkdir(parents=True)
    program = tmp_path / ".venv/bin/callback-contract"
    program.write_text(kit)
    program.chmod(0o755)
    shutil.copy(ROOT / "openapi/openapi.yaml", tmp_path)
    shutil.copy(ROOT / "openapi/openapi.yaml", tmp_path / "OLD.yaml")
    (tmp_path / "their-openapi.json").write_text(json.dumps(THEIRS))
    (tmp_path / "delivery.yaml").write_text(OVERLAY)
    (tmp_path / "recorded").mkdir()
    example = next(e.value for e in load_contract().callbacks[0].examples if not e.illustrative)
    (tmp_path / "recorded/one.json").write_text(json.dumps(example))
    (tmp_path / "read_back.py").write_text(fences("contract_tests/USING.md", "python")[0]["text"])
    with sqlite3.connect(tmp_path / "receiver.db") as database:
        database.execute("CREATE TABLE messages (id, state, applied)")
    database.close()
    with served(Receiver(load_contract(), fault=FAULTS["PAY-17"])) as url:
        base = url.removesuffix("/")
        monkeypatch.setenv("URL", f"{base}/callbacks/whatsapp")
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))

        def run(line):
            named = [name for name, _ in calls(line)]
            line = line.split("  #")[0].rstrip()
            if "mock" in named:
                line = line.replace("8080", "0") + (" --timeout 1" if "--list-faults" not in line else "")
            for theirs, ours in (
                ("https://staging.example.com/callbacks/whatsapp?tenant=7", f"{base}/callbacks/whatsapp"),
                ("https://staging.example.com/state/{id}", f"{base}/callback-contract/state/{{id}}"),
                ("http://127.0.0.1:8080", base),
            ):
                line = line.replace(theirs, ours)
            env = dict(os.environ)
            if "--rules" not in line and "check" in named:
                env["CALLBACK_CONTRACT_CHECK_RULES"] = "ACK-01"
            return run_program(
                ["sh", "-c", line], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
            )

        run.folder = tmp_path
        yield run


def runs(line):
    """Whether a line is one of the kit's commands that needs nothing but the kit."""
    return list(calls(line)) and not re.search(r"YOUR-GIT-HOST|venv|CA\.pem", line.replace(".venv/bin/callback", ""))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if BY_HAND not in page and any(map(runs, lines_of_shell(page)))]
)
def test_no_example_is_wrong_use(clone, monkeypatch, page):
    prepare(clone)
    for line in lines_of_shell(page):
        if line.startswith("export "):
            monkeypatch.setenv(*line.removeprefix("export ").split("=", 1))
        if "--waivers " in line:  # somebody filled it in
            (clone.folder / "waivers.yaml").write_text(WAIVERS.format(year=datetime.now(UTC).year + 1))
        if runs(line):
            done = clone(line)
            assert done.returncode in {0, 1}, f"{line}\n{done.stdout}{done.stderr}"


def prepare(clone):
    """Reports that the examples name."""
    assert clone('callback-contract check "$URL" --rules PAY-17 --report-dir callback-report').returncode == 1
    for name in ("old-report", "new-report", "reports"):
        shutil.copytree(clone.folder / "callback-report", clone.folder / name)


def test_code_in_an_example_compiles():
    for page in PAGES:
        for found in fences(page, "python"):
            ast.parse(found["text"])


def test_calls_are_found_in_a_line():
    line = "python3 -m venv .venv && .venv/bin/callback-contract check 'a b' --strict && x  # callback-contract mock"
    assert list(calls(line)) == [("check", ["a b", "--strict"])]


def test_no_page_names_a_place_of_the_machine_that_it_was_written_on():
    assert [page for page, text in PAGES.items() if re.search(r"(?<![\w.])/(work|tmp|opt|root|home)/", text)] == []


def test_every_part_of_the_generator_is_explained():
    table = PAGES[".github/CONTRIBUTING.md"].partition("## Generated files")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(PARTS)
