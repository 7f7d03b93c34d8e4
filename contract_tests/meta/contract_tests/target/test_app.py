"""`check --app`: an ASGI or WSGI app is imported, served to the suite alone, and judged."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.processes import invoke, run_program
from callback_contract.openapi.rules.catalogue import load_catalogue

ROOT = Path(__file__).parents[4]
RECEIVERS = ROOT / "contract_tests/receivers"

ASGI = """
import pathlib
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            with pathlib.Path("events").open("a") as file:
                file.write(message["type"] + " ")
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})
"""
WSGI = """
import os
seen = []
def app(environ, start_response):
    seen.append(environ["PATH_INFO"])
    if len(seen) == int(os.environ.get("DIES_AT", -1)):
        os._exit(9)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]
def create_app(name, *, debug):
    assert (name, debug) == ("x", True)
    return app
class App: pass
number = 3
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "asgi.py").write_text(ASGI)
    (tmp_path / "wsgi.py").write_text(WSGI)
    return tmp_path


def check(app, *more, cwd, rules="ACK-01", **environment):
    return run_program(
        [
            sys.executable,
            "-P",
            "-m",
            "callback_contract.contract_tests",
            "check",
            "--app",
            app,
            "--rules",
            rules,
            "--depth",
            "quick",
            *more,
        ],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        timeout=60,
    )


def test_asgi_app_is_judged_and_its_lifespan_runs(folder):
    done = check("asgi:app", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "events").read_text().split() == ["lifespan.startup", "lifespan.shutdown"]


@pytest.mark.parametrize("app", ["wsgi:app", "wsgi:create_app('x', debug=True)"])
def test_wsgi_app_is_judged_and_a_factory_is_called(folder, app):
    done = check(app, "/any/path", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_correct_wsgi_receiver_is_clean_at_the_wire_and_in_its_store(tmp_path):
    shutil.copy(RECEIVERS / "flask_receiver.py", tmp_path)
    stored = next(rule.id for rule in load_catalogue().rules if rule.evidence == "read-back")
    path = "/callbacks/whatsapp"
    options = ("--state-url", f"{path}/{{id}}", "--verbose")
    done = check("flask_receiver:app", path, *options, cwd=tmp_path, rules=f"WIRE,{stored}", STORE="s.db")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not {"not applicable", "warn"} & {line[:16].strip() for line in done.stdout.splitlines()}


def test_report_names_the_app_and_not_the_passing_port(folder):
    (folder / "bad.py").write_text(WSGI.replace("200 OK", "500 Oops"))
    done = check("bad:app", "/hook", "--report-dir", "out", cwd=folder)
    text = (folder / "out/report.json").read_text()
    assert done.returncode == 1
    assert json.loads(text)["receiver"] == {"name": "bad:app/hook", "url": "bad:app/hook"}
    assert "callback-contract check --app bad:app /hook --rules ACK-01" in text
    assert "127.0.0.1" not in text


@pytest.mark.slow
def test_app_that_dies_is_a_finding_and_the_judge_survives(folder):
    done = check("wsgi:app", cwd=folder, DIES_AT="2")
    assert done.returncode == 1
    assert "The receiver of --app wsgi:app ended with exit code 9" in done.stderr


def test_app_may_have_packages_of_the_kit_s_names(folder):
    (folder / "openapi").mkdir()
    (folder / "openapi/__init__.py").write_text("from wsgi import app")
    assert check("openapi:app", cwd=folder).returncode == 0


BAD = {
    "a module that is not there": ("nowhere:app", "No module named 'nowhere'"),
    "a name that is not there": ("wsgi:nope", "It has app"),
    "a factory without its brackets": ("lazy:make", "Write lazy:make()"),
    "a class": ("wsgi:App", "but a class"),
    "a number": ("wsgi:number", "no ASGI and no WSGI app"),
    "no app at all": ("wsgi", "Write MODULE:APP"),
    "a file": ("./wsgi.py:app", "--app wsgi:app"),
    "code": ("wsgi:open('x').read", "no name of an app"),
    "an import that fails": ("broken:app", "helper.py:2: return 1 / 0"),
    "a factory that fails": ("wsgi:create_app('y', debug=True)", "wsgi.py:11: assert"),
    "a syntax error": ("syntax:app", "syntax.py:1"),
    "a program": ("program:app", "SystemExit: bye"),
    "a URL": ("wsgi:app", "Give the path alone", "http://127.0.0.1/"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_app_is_one_message_and_exit_2(folder, kind):
    (folder / "lazy.py").write_text("def make(): ...")
    (folder / "broken.py").write_text("import helper")
    (folder / "helper.py").write_text("def f():\n    return 1 / 0\nf()\n")
    (folder / "syntax.py").write_text("def (")
    (folder / "program.py").write_text("import sys\nsys.exit('bye')")
    app, said, *more = BAD[kind]
    done = check(app, *more, cwd=folder)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert "app_server" not in done.stderr


def test_app_that_does_not_start_is_exit_3_with_its_last_words(folder):
    failing = ASGI.replace('message["type"] + ".complete"', 'message["type"] + ".failed", "message": "no database"')
    (folder / "late.py").write_text(failing)
    done = check("late:app", cwd=folder)
    assert (done.returncode, "before it was ready" in done.stderr) == (3, True)
    assert "no database" in done.stderr


def test_app_of_another_environment_is_served_by_its_python(folder):
    link = folder / "python"
    link.write_text(f'#!/bin/sh\necho served by mine >&2\nexec {sys.executable} "$@"\n')
    link.chmod(0o755)
    done = check("asgi:app", "--app-python", str(link), "--report-dir", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "served by mine" in (folder / "out/receiver.log").read_text()


def test_python_without_a_server_says_what_to_install(folder):
    wrapped = folder / "python"
    wrapped.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    wrapped.chmod(0o755)
    (folder / "bare.py").write_text("def app(environ, start_response):\n    return []\n")
    done = check("bare:app", "--app-python", str(wrapped), cwd=folder)
    assert (done.returncode, "has no waitress" in done.stderr, "-m pip install waitress" in done.stderr) == (
        2,
        True,
        True,
    )


def test_python_of_no_app_is_wrong_use():
    assert "--app-python: there is no app" in str(invoke(cli, ["check", "--app-python", "x"]).exception)
