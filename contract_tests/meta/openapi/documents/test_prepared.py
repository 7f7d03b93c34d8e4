"""Parse cache: a large YAML document is parsed once; the cached values are the same and bounded."""

from __future__ import annotations

import os

import pytest
import yaml

from callback_contract.contract_tests.meta.support.foreign import with_schema
from callback_contract.openapi.documents import parse_cache as prepared
from callback_contract.openapi.documents import yaml_file as yamlfile
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import ContractError

DOCUMENT = with_schema({"type": "object", "properties": {"a": {"type": "string", "examples": ["é\n", "1.0"]}}})


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(prepared, "_SMALLEST_BYTES", 100)
    monkeypatch.setenv(prepared.CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def readings(monkeypatch):
    """Counts how often YAML is read."""
    counted, load = [], yaml.load

    def counting(text, Loader):
        counted.append(len(text))
        return load(text, Loader=Loader)

    monkeypatch.setattr(yamlfile.yaml, "load", counting)
    return counted


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(DOCUMENT))
    return path


def test_second_reading_is_none_and_means_the_same(file, readings, folder):
    first, second = read_contract(file), read_contract(file)
    assert len(readings) == 1
    assert (first.document, first.digest, first.callbacks) == (second.document, second.digest, second.callbacks)
    assert len(list(folder.iterdir())) == 1
    assert folder.stat().st_mode & 0o777 == 0o700


def test_changed_document_is_read_again(file, readings):
    read_contract(file)
    file.write_text(file.read_text() + "# changed\n")
    read_contract(file)
    assert len(readings) == 2


def test_newer_kit_reads_again(file, readings, monkeypatch):
    read_contract(file)
    monkeypatch.setattr(prepared, "_FORM", 2)
    read_contract(file)
    assert len(readings) == 2


def test_errors_tell_their_line_from_a_kept_document_too(file):
    file.write_text(file.read_text().replace("type: string", "type: text"))
    told = []
    for _ in range(2):
        with pytest.raises(ContractError) as caught:
            read_contract(file)
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert "contract.yaml:" in told[0]


def test_document_that_cannot_be_read_leaves_nothing(file, folder):
    file.write_text(file.read_text() + "\n  - [")
    with pytest.raises(ContractError):
        read_contract(file)
    assert not folder.exists()


def test_broken_file_in_the_cache_is_replaced(file, folder):
    read_contract(file)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:50])
    assert read_contract(file).callbacks
    assert kept.read_bytes() == whole


def test_cache_that_cannot_be_written_is_not_told(file, monkeypatch, capsys):
    monkeypatch.setenv(prepared.CACHE, "/proc/none")
    assert read_contract(file).callbacks
    assert capsys.readouterr() == ("", "")


def test_empty_variable_switches_it_off(file, folder, monkeypatch):
    monkeypatch.setenv(prepared.CACHE, "")
    read_contract(file)
    assert not folder.exists()


@pytest.mark.parametrize("text", ["a: !!omap [b: 1]\n", '{"a": 1}'])
def test_what_json_would_change_or_is_already_is_not_kept(folder, text):
    raw = (text + " " * 200).encode()
    prepared.kept_or_made(raw, lambda: [("a", 1)])
    assert not folder.exists()


def test_aliases_are_not_written_out_without_bound(folder):
    prepared.kept_or_made(b"a" * 200, lambda: ["x" * 1000] * 10)
    assert not folder.exists()


def test_oldest_make_room(folder, monkeypatch):
    monkeypatch.setattr(prepared, "_MOST_FILES", 2)
    for number in range(4):
        prepared.kept_or_made(b"%d" % number * 200, lambda number=number: number)
        for file in folder.iterdir():
            os.utime(file, (file.stat().st_mtime - 10,) * 2)
    assert sorted(file.read_text() for file in folder.iterdir()) == ["2", "3"]


def test_files_of_others_stay(folder, monkeypatch):
    monkeypatch.setattr(prepared, "_MOST_FILES", 0)
    folder.mkdir()
    (folder / "mine.json").write_text("{}")
    prepared.kept_or_made(b"a" * 200, lambda: 1)
    assert [file.name for file in folder.iterdir()] == ["mine.json"]


def test_usual_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv(prepared.CACHE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert prepared._folder() == tmp_path / "callback-contract" / "documents"
