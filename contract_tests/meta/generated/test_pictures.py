"""The README's pictures are small, load nothing, and can be made again."""

from __future__ import annotations

import re

import pytest

from callback_contract.contract_tests.meta.scripts.pictures import FOLDER, MOST_BYTES, NAMES, draw


def harmless(folder):
    """Whether exactly the pictures are there, each small, and the drawing asks for nothing."""
    assert sorted(file.name for file in folder.iterdir()) == sorted(NAMES)
    assert [file.name for file in folder.iterdir() if not 5_000 < file.stat().st_size < MOST_BYTES] == []
    drawing = (folder / "terminal.svg").read_text("utf-8")
    assert not re.search(r"@font-face|url\((?!#)|href|<image|<script|cdn", drawing)
    assert "PAY-17" in drawing


def test_pictures_are_small_and_load_nothing():
    harmless(FOLDER)


@pytest.mark.slow
def test_pictures_can_be_made_again(tmp_path):
    draw(tmp_path / "pictures")
    harmless(tmp_path / "pictures")
