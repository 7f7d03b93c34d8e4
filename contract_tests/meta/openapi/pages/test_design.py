"""Design of all pages: one set of tokens, readable in both themes, that every page uses and none repeats."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callback_contract import contract_tests, mock_server, openapi
from callback_contract.contract_tests.reporting.partners import page as partners_page
from callback_contract.openapi.pages import design

PAGES = Path(design.__file__).parent
OWN_STYLES = {
    "report": Path(contract_tests.__file__).with_name("reporting") / "formats/page/page.css",
    "partners": Path(partners_page.__file__).with_name("assets") / "board.css",
    "documentation": Path(openapi.__file__).with_name("documenting") / "assets/site.css",
    "inspector": Path(mock_server.__file__).with_name("inspector") / "page/page.css",
}
TOKENS = (PAGES / "tokens.css").read_text("utf-8")
COLOURS = {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", TOKENS)}
NO_TEXTS = {"ground", "paper", "line", "on-accent", "shade"}
TEXTS = [name for name in COLOURS if not name.endswith("-ground") and name not in NO_TEXTS]
PAIRS = [(text, ground) for text in TEXTS for ground in ("paper", "ground", f"{text}-ground") if ground in COLOURS]
PAIRS += [("on-accent", "accent"), ("ink", "accent-ground"), ("quiet", "accent-ground"), ("key", "bad-ground")]


def luminance(colour):
    digits = colour.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read_on_its_grounds_in_both_themes(text, ground):
    for theme in (0, 1):
        low, high = sorted(luminance(COLOURS[name][theme]) for name in (text, ground))
        assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("page", OWN_STYLES)
def test_style_of_a_page_names_no_colour_of_its_own(page):
    style = OWN_STYLES[page].read_text("utf-8")
    assert re.findall(r"[:(\s,](#[0-9a-f]{3,8})\b(?![^{};]*\{)|rgba?\(|hsla?\(|light-dark\(", style) == []


@pytest.mark.parametrize("page", OWN_STYLES)
def test_page_uses_only_tokens_that_there_are(page):
    style = OWN_STYLES[page].read_text("utf-8")
    defined = set(re.findall(r"(--[\w-]+): ?[^;{}]", design.shared_style() + style))
    assert set(re.findall(r"var\((--[\w-]+)", design.shared_style() + style)) <= defined


def test_browser_that_knows_no_pairs_of_colours_reads_the_light_ones():
    before, _, after = design.shared_style().partition("@supports (color:light-dark(#000,#fff)){")
    assert "light-dark" not in before and f"--ink:{COLOURS['ink'][0]};" in before
    assert f"--ink:light-dark({','.join(COLOURS['ink'])})" in after


def test_every_component_is_in_the_style():
    for component in (PAGES / "components").iterdir():
        assert design.packed(component.read_text("utf-8")).strip() in design.shared_style()
