"""Layout of the house: small folders, packages that are all shipped, one name and one summary for each module."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from callback_contract.contract_tests.meta.support.processes import run_program

ROOT = Path(__file__).parents[3]
TOPS = ("openapi", "mock_server", "contract_tests")
# Data, pages, and programs that are no part of the product.
NO_ROOMS = {
    "receivers",
    "page",
    "pages",
    "assets",
    "templates",
    "schemas",
    "schemes",
    "pictures",
    "mistakes",
    "senders",
}


def folders():
    for top in TOPS:
        found = [ROOT / top, *(path for path in (ROOT / top).rglob("*") if path.is_dir())]
        yield from (path for path in found if any(path.glob("*.py")) and path.name != "__pycache__")


def test_every_folder_of_the_product_is_packaged():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    wanted = {
        ".".join(("callback_contract", *path.relative_to(ROOT).parts))
        for path in folders()
        if "meta" not in path.relative_to(ROOT).parts
    }
    assert set(listed) == wanted


@pytest.mark.parametrize("folder", list(folders()), ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_folder_is_surveyed_at_a_glance(folder):
    if folder == ROOT / "contract_tests/receivers":
        pytest.skip("programs, each of its own")
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    rooms = [
        path for path in folder.iterdir() if path.is_dir() and path.name not in NO_ROOMS and any(path.glob("*.py"))
    ]
    assert (len(modules) <= 16, len(rooms) <= 18) == (True, True)


def test_no_test_runs_a_program_whose_output_is_lost_when_it_fails():
    silent = {"subprocess.run", "subprocess.check_output", "subprocess.check_call", "subprocess.call", "CliRunner"}
    calls = [
        (path.name, ast.unparse(node.func))
        for path in (ROOT / "contract_tests/meta").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in silent
    ]
    assert calls == []


def test_no_module_of_these_tests_has_a_second_name():
    assert [name for name in sys.modules if name.partition(".")[0] in TOPS] == []
    named = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("callback_contract.") and getattr(module, "__file__", None):
            named.setdefault(Path(module.__file__).resolve(), []).append(name)
    assert [names for names in named.values() if len(names) > 1] == []


def test_no_module_of_a_check_has_a_second_name(tmp_path):
    code = (
        "import sys\n"
        "from callback_contract.contract_tests.cli.main import run_command\n"
        "sys.argv[1:] = ['check', '--depth', 'quick', '--rules', 'ACK-01']\n"
        "run_command()\n"
        f"print([name for name in sys.modules if name.partition('.')[0] in {TOPS}])"
    )
    done = run_program([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("top", TOPS)
def test_first_sentence_of_every_module_names_the_module_in_one_line(top):
    docstrings = {
        path.relative_to(ROOT).as_posix(): ast.get_docstring(ast.parse(source)) or ""
        for path in (ROOT / top).rglob("*.py")
        if (source := path.read_text("utf-8")).strip()
    }
    lines = {path: text.partition("\n\n")[0] for path, text in docstrings.items()}
    assert [path for path, line in lines.items() if not line.endswith(".") or len(line) > 120 or "\n" in line] == []
    assert [path for path, line in lines.items() if line.startswith(("Decides", "What ", "Whether "))] == []


def test_each_dependency_is_pinned_within_its_range():
    pinned = dict(re.findall(r"(?m)^([\w.-]+)==(\S+)$", (ROOT / ".ci/constraints.txt").read_text()))
    known = {canonicalize_name(name): version for name, version in pinned.items()}
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(known[canonicalize_name(wanted.name)]), line


def version():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_newest_entry_of_the_kit_s_changelog_is_of_its_version():
    first, *_ = re.findall(r"(?m)^## (\S+) \(.+\)$", (ROOT / ".github/CHANGELOG.md").read_text("utf-8"))
    assert first == version()


@pytest.mark.parametrize(
    "file", ["contract_tests/CI.md", ".github/workflows/callback-contract.yml", ".gitlab/callback-contract.yml"]
)
def test_tag_in_an_example_is_of_the_kit_s_version(file):
    tags = re.findall(r"(?:callback-contract\S*@|ref: |rev: |`)v(\d[\w.]*)", (ROOT / file).read_text("utf-8"))
    assert set(tags) == {version()}
