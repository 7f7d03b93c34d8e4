"""The wheel, and its installation into a project that has packages of the same names, beside PyPI's `openapi`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import printed_url, run_program

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
TOPS = ("openapi", "mock_server", "contract_tests")
REMOVED = "callback_contract/contract_tests/chapters/receivers/test_removed.py"
OWN = 'WHOSE = "the shop\'s"\n'
PROJECT = {
    **{f"{top}/__init__.py": OWN for top in TOPS},
    "mock_server/app.py": """
from openapi import WHOSE
import contract_tests

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})
""",
    "contract_tests/test_own.py": """
import openapi, mock_server, contract_tests

def test_packages_are_the_shop_s(shop):
    assert {openapi.WHOSE, mock_server.WHOSE, contract_tests.WHOSE} == {shop}
""",
    "tests/conftest.py": 'pytest_plugins = ["callback_contract.mock_server.testing.fixtures"]\n',
    "tests/test_callbacks.py": """
import asyncio
import urllib.request

from mock_server.app import app

def test_mock_takes_a_callback(mock_receiver, callback_provider, shop):
    made = callback_provider.delivery()
    urllib.request.urlopen(urllib.request.Request(mock_receiver.url, made.body, dict(made.headers))).close()
    assert mock_receiver.wait_for(count=1)[0].accepted

def test_provider_calls_the_shop_s_app(callback_provider):
    assert callback_provider(app).status == 200

async def test_async_test_has_a_loop(mock_receiver):
    assert asyncio.get_running_loop().is_running() and mock_receiver.url

def test_mock_is_judged_in_one_item(mock_receiver, callback_contract):
    assert callback_contract(mock_receiver.url, "--rules", "ACK-01,PAY-17")["exit_code"] == 0
""",
    "conftest.py": """
import pytest
import openapi

@pytest.fixture
def shop():
    return openapi.WHOSE
""",
    "pytest.ini": """[pytest]
addopts = --strict-markers --strict-config
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
markers = rule: the shop's own
""",
}


def tracked():
    listed = run_program(["git", "ls-files"], cwd=ROOT, check=True).stdout.splitlines()
    return [path for path in listed if (ROOT / path).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of this tree, which was built before, when it had a module more."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        do_without("needs a clone and git")
    tree = tmp_path_factory.mktemp("tree")
    for path in tracked():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tree / path)
    removed = tree / "build/lib" / REMOVED
    removed.parent.mkdir(parents=True)
    removed.write_text("")
    maker = tmp_path_factory.mktemp("maker")
    run_program([sys.executable, "-m", "venv", maker], check=True)
    return built(maker, tree, maker)


def built(maker, tree, folder):
    """The wheel of a tree, made as of a moment, so that it can be made again byte by byte."""
    command = [maker / "bin/pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, tree]
    run_program(command, check=True, timeout=300, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    return next(folder.glob("*.whl"))


def test_wheel_of_one_tree_is_the_same_each_time(wheel, tmp_path):
    tree = tmp_path / "tree"
    for path in tracked():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tree / path)
    assert built(wheel.parent, tree, tmp_path).read_bytes() == wheel.read_bytes()


class Shop:
    """The project, in a virtual environment of its own that also sees the packages of this one."""

    def __init__(self, folder, wheel, pytest_version):
        self.folder, self.wheel, self.venv = folder, wheel, folder / ".venv"
        for name, text in PROJECT.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        run_program([sys.executable, "-m", "venv", self.venv], check=True)
        (packages,) = self.venv.glob("lib/python*/site-packages")
        (packages / "zz.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")))
        more = [f"pytest{pytest_version}", "pytest-asyncio>=1", "openapi", "inflection"]
        self.pip("install", "--no-deps", "--ignore-installed", *more, wheel)

    def run(self, program, *words, cwd=None):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
        return run_program([self.venv / "bin" / program, *words], cwd=cwd or self.folder, env=env, timeout=120)

    def pip(self, *words):
        assert self.run("pip", "--quiet", *words).returncode == 0

    def checks(self):
        """Whether the program judges the mock from the folder of the project, and nothing fails."""
        return self.run("callback-contract", "check", "--depth", "quick").returncode == 0

    def tests(self, *words):
        """The last line of the project's own tests."""
        return self.run("pytest", "-q", "-p", "no:cacheprovider", *words).stdout.splitlines()[-1]

    def openapi(self):
        """Which `openapi` the project's environment has outside of the project's folder."""
        done = self.run("python", "-c", "import openapi.model; print(openapi.__file__)", cwd=self.venv)
        return Path(done.stdout.strip())


@pytest.fixture(scope="module", params=["==8.4.*", ">=9,<10"])
def shop(request, wheel, tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"), wheel, request.param)


def test_wheel_has_every_file_of_the_product_and_no_other(wheel):
    product = [path for path in tracked() if path.startswith(TOPS) and not path.startswith("contract_tests/meta/")]
    with zipfile.ZipFile(wheel) as archive:
        packed = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert sorted(packed) == sorted(f"callback_contract/{path}" for path in product)


def test_own_tests_of_the_project_run_and_have_the_fixtures(shop):
    assert shop.tests().startswith("5 passed")


def test_each_rule_is_an_item_of_the_project_s_own_tests(shop):
    of_the_app = ["--callback-url", "/callbacks", "--callback-app", "mock_server.app:app"]
    assert shop.tests(*of_the_app, "-k", "ACK-01 or PAY-02").startswith("1 failed, 1 passed")
    assert shop.tests(*of_the_app, "-k", "ACK-01 or ACK-04", "-n", "2").startswith("2 passed")


def test_check_judges_the_mock_from_the_project_s_folder(shop):
    assert shop.checks()


def test_check_judges_the_project_s_app(shop):
    done = shop.run("callback-contract", "check", "--app", "mock_server.app:app", "--rules", "ACK")
    assert done.returncode == 0


def test_mock_takes_what_send_sends(shop):
    mock = subprocess.Popen(
        [shop.venv / "bin/callback-contract", "mock", "--port", "0"], cwd=shop.folder, stdout=subprocess.PIPE, text=True
    )
    with mock:
        try:
            assert "< 200 OK" in shop.run("callback-contract", "send", printed_url(mock)).stdout
        finally:
            mock.kill()


def test_uninstalling_either_harms_neither(shop):
    assert shop.openapi().is_relative_to(shop.venv)
    shop.pip("uninstall", "--yes", "openapi")
    assert shop.checks() and shop.tests().startswith("5 passed")
    shop.pip("install", "--no-deps", "openapi")
    shop.pip("uninstall", "--yes", "callback-contract")
    assert shop.openapi().is_relative_to(shop.venv)
    # The environment below, which has the kit's tools, still names the plugin, and has no packages of the kit.
    assert shop.tests("contract_tests", "-p", "no:callback-contract").startswith("1 passed")
