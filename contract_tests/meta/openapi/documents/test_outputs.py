"""Output files of a command: written atomically, and never over a foreign file."""

from __future__ import annotations

import os

import pytest

from callback_contract.openapi.documents import output_files as outputs


def test_file_is_replaced_and_keeps_its_mode(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"before")
    file.chmod(0o640)
    outputs.replace_file(file, b"after")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"after", 0o640)


def test_new_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "other").touch()
    outputs.replace_file(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("ends_it", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_file_that_cannot_be_written_leaves_the_one_before_and_no_half_of_it(ends_it, tmp_path, monkeypatch):
    opened = os.fdopen

    def full(*arguments):
        file = opened(*arguments)
        file.write(b"half")
        file.close()
        raise ends_it

    (tmp_path / "file").write_bytes(b"before")
    monkeypatch.setattr(outputs.os, "fdopen", full)
    with pytest.raises(type(ends_it)):
        outputs.replace_file(tmp_path / "file", b"after")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("file", b"before")]
