"""Template cache: saves time, and changes nothing else."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader, Environment

from callback_contract.openapi.documents.templates import kept_templates


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "callback-contract" / "templates"


def rendered(text="{{ 1 + 1 }}", pages="tests", **options):
    loader = DictLoader({"t": text})
    return Environment(loader=loader, bytecode_cache=kept_templates(pages), **options).get_template("t").render()


def test_template_is_compiled_once(folder, monkeypatch):
    assert rendered() == "2"
    monkeypatch.setattr(Environment, "_compile", None)
    assert rendered() == "2"


def test_template_that_changed_is_compiled_again(folder):
    assert rendered() == "2"
    assert rendered("{{ 1 + 2 }}") == "3"


def test_other_options_have_a_file_of_their_own(folder):
    assert rendered("{{ '<b>' }}") == "<b>"
    assert rendered("{{ '<b>' }}", autoescape=True) == "&lt;b&gt;"
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, 50])
def test_damaged_file_is_compiled_again(folder, damage):
    rendered()
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:damage] if isinstance(damage, int) else damage)
    assert rendered() == "2"


def test_folder_that_cannot_be_is_done_without(folder):
    folder.parent.write_text("a file")
    assert rendered() == "2"


def test_home_that_nobody_knows_is_done_without(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "nowhere")
    assert kept_templates("tests") is None
