"""Masks: another one for each value, the same one for the same value, and never the value itself."""

from __future__ import annotations

import pytest

from callback_contract.mock_server.wire.masks import Masks


def first(masks, value, schema=None, kind=""):
    return next(masks.candidates(value, schema or {}, kind))


@pytest.mark.parametrize(
    "values",
    [
        [f"user{number}@example.org" for number in range(2000)],
        [f"+8613{number:09d}" for number in range(1100)],
        [f"8613{number:09d}" for number in range(1100)],
        [f"{number:08x}-0000-4000-8000-000000000000" for number in range(2000)],
        [f"203.0.{number // 100}.{number % 100}" for number in range(254)],
        [f"2024-05-{number % 28 + 1:02d}T00:{number // 28:02d}:00Z" for number in range(1000)],
        [f"https://example.org/{number}" for number in range(2000)],
        [f"{number:02x}" for number in range(60)],
        [chr(ord("a") + number) for number in range(12)],
        [f"{number:03d}" for number in range(150)],
        list(range(100, 250)),
        [number / 8 for number in range(2000)],
    ],
    ids=lambda values: str(values[1]),
)
def test_different_values_have_different_masks(values):
    masks = Masks()
    made = [first(masks, value) for value in values]
    assert len(set(made)) == len(values)
    assert [first(masks, value) for value in values] == made


@pytest.mark.parametrize("value", ["a", "0", "7", "f", "ab", "0x", "Ab-9", "ÄÖ", 7, 10, 2**40])
def test_mask_of_a_value_is_of_its_length_and_another_value(value):
    for others in range(20):
        masks = Masks()
        for other in range(others):
            first(masks, f"another {other}")
        mask = first(masks, value)
        assert mask != value and len(str(mask)) == len(str(value)) and type(mask) is type(value)


@pytest.mark.parametrize("kind", ["email", "phone", "uuid", "ipv4"])
def test_value_inside_of_a_text_has_the_mask_that_it_has_alone(kind):
    values = {
        "email": "a@b.cd",
        "phone": "+8613912345678",
        "uuid": f"{1:08x}-0000-4000-8000-{1:012x}",
        "ipv4": "1.2.3.4",
    }
    masks = Masks()
    assert masks.text(values[kind], kind) == first(masks, values[kind], kind=kind)
    assert masks.text("another one", kind) != masks.text(values[kind], kind)
