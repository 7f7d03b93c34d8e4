"""A masked recording keeps its form and stays valid; the value itself is in nothing that leaves the machine."""

from __future__ import annotations

import json
import re

import pytest

from callback_contract.contract_tests.cli.check_command import check
from callback_contract.contract_tests.meta.contract_tests.samples.test_samples import (
    BODIES,
    CALLBACK,
    CONTRACT,
    THEIRS,
    aside,
    chosen,
    delivered,
    lines,
)
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.samples.masking import masker_of
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import KitError


def schema_of(tmp_path, **properties):
    body = {"type": "object", "required": list(properties), "properties": properties}
    hook = {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": {"204": {}}}
    folder = tmp_path / "contract"
    folder.mkdir()
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": {"a": {"post": hook}}}
    return read_contract(written(folder, document))


def masked(tmp_path, value, *masks, **properties):
    samples = chosen(lines(tmp_path, value), *masks, contract=schema_of(tmp_path, **properties))
    return json.loads(delivered(samples)[0].body)


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("value", "schema", "form"),
    [
        ("ada@lovelace.org", TEXT, r"masked\d+@example\.com"),
        ("+8613912345678", TEXT, r"\+447700900\d{3}"),
        ("8613912345678", TEXT, r"447700900\d{3}"),
        ("8f14e45f-ceea-467f-9575-4d2f0f3cd30e", TEXT, r"ca11bac4-0000-4000-8000-[0-9a-f]{12}"),
        ("203.0.113.9", TEXT, r"192\.0\.2\.\d+"),
        ("2024-05-06T07:08:09Z", TEXT, r"2001-\d\d-\d\dT00:00:00Z"),
        ("https://lovelace.org/ada", TEXT, r"https://example\.com/masked\d+"),
        ("8f14e45fceea467f", TEXT, r"[0-9a-f]{16}"),
        ("Ada Lovelace", TEXT, r"[A-Z][a-z]{2} [A-Z][a-z]{7}"),
        ("李雷", TEXT, r"[甲乙丙丁戊己庚辛壬癸]{2}"),
        ("abc", {"type": "string", "pattern": "^x[0-9]{3}$|^abc$"}, r"x[0-9]{3}|abc"),
        ("red", {"enum": ["red", "blue"]}, "blue"),
        (4711, {"type": "integer"}, r"[1-9]\d{3}"),
        (17, {"type": "integer", "maximum": 20, "minimum": 15}, r"\d\d"),
        (1.25, {"type": "number"}, r"\d+\.5"),
        (True, {"type": "boolean"}, "False"),
        (None, {"type": ["string", "null"]}, "None"),
    ],
)
def test_mask_keeps_type_and_form_and_stays_valid(tmp_path, value, schema, form):
    mask = masked(tmp_path, {"a": value}, "/a", a=schema)["a"]
    assert type(mask) is type(value) and re.fullmatch(form, str(mask)), mask
    assert value in (None, "abc") or mask != value


def test_same_value_has_the_same_mask_and_another_one_another(tmp_path):
    items = {"type": "array", "items": TEXT}
    masks = masked(tmp_path, {"a": ["Ada", "Bob", "Ada"]}, "/a/-", a=items)["a"]
    assert masks[0] == masks[2] != masks[1]


def test_two_runs_mask_alike(tmp_path):
    file = lines(tmp_path, *BODIES)
    first, second = (delivered(chosen(file, CALLBACK.delivery.correlation)) for _ in range(2))
    assert first == second


def test_star_names_every_member_and_item(tmp_path):
    value = {"a": [{"n": "Ada", "k": "keep"}, {"n": "Bob", "k": "keep"}]}
    told = json.dumps(masked(tmp_path, value, "/a/*/n", a={"type": "array"}))
    assert "Ada" not in told and "Bob" not in told and told.count("keep") == 2


def test_everything_below_a_pointer_is_masked_but_names(tmp_path):
    told = masked(tmp_path, {"a": {"name": "Ada", "tags": ["x1y2z3"], "age": 36}}, "/a", a={"type": "object"})["a"]
    assert list(told) == ["name", "tags", "age"] and "Ada" not in str(told) and "x1y2z3" not in str(told)


def test_escaped_pointer_is_followed(tmp_path):
    assert masked(tmp_path, {"a": {"x/y~z": "Ada"}}, "/a/x~1y~0z", a={"type": "object"})["a"]["x/y~z"] != "Ada"


def test_format_is_found_inside_of_texts_and_in_names(tmp_path):
    value = {"a": {"write to ada@lovelace.org!": "or call +86 139 1234 5678, 3 times"}}
    told = json.dumps(masked(tmp_path, value, "format:email", "format:phone", a={"type": "object"}))
    assert "lovelace" not in told and "139" not in told and "3 times" in told


def test_format_that_the_contract_gives_a_place_is_masked_there(tmp_path):
    told = masked(tmp_path, {"a": 8613912345678, "b": 8613912345678}, "format:msisdn", a={"format": "msisdn"}, b={})
    assert str(told["a"]).startswith("447700900") and told["b"] == 8613912345678


def test_long_value_is_masked_wherever_the_delivery_quotes_it(tmp_path):
    value = {"headers": {"X-About": "Ada Lovelace"}, "body": {"a": "Ada Lovelace", "b": "Hi Ada Lovelace!"}}
    samples = chosen(lines(tmp_path, value), "/a", contract=schema_of(tmp_path, a=TEXT, b=TEXT))
    assert "Lovelace" not in str(delivered(samples))


@pytest.mark.parametrize(
    ("name", "text"),
    [("Ada", "Dear Ada, hello"), ("李雷", "你好李雷，订单已发"), ("Zoë", "Zoë's order"), ("O'Br", "for O'Br.")],
)
def test_short_value_is_masked_where_it_is_a_word(tmp_path, name, text):
    told = masked(tmp_path, {"a": name, "b": text}, "/a", a=TEXT, b=TEXT)
    assert name not in told["b"] and told["a"] in told["b"]


@pytest.mark.parametrize(("name", "text"), [("Ada", "Adapter of McAda"), ("12", "2024-05-12, 12 pieces"), ("a", "a b")])
def test_short_value_that_stands_there_by_chance_is_left(tmp_path, name, text):
    assert masked(tmp_path, {"a": name, "b": text}, "/a", a=TEXT, b=TEXT)["b"] == text


def test_short_value_is_left_in_what_has_a_form_and_in_the_contracts_names(tmp_path):
    dated = {"type": "string", "format": "date-time"}
    months = {"type": "object", "properties": {"May": {}}}
    value = {"a": "May", "b": "Sun, 12 May 2024", "c": {"May": 1}}
    told = masked(tmp_path, value, "/a", a=TEXT, b=dated, c=months)
    assert told["a"] != "May" and told["b"] == "Sun, 12 May 2024" and told["c"] == {"May": 1}


def test_run_says_that_values_too_short_were_left(tmp_path):
    contract = schema_of(tmp_path, a=TEXT)
    assert chosen(lines(tmp_path, {"a": "7"}), "/a", contract=contract).short_masks_left
    assert not chosen(lines(tmp_path, {"a": "Ada"}), "/a", contract=contract).short_masks_left
    words = ["--rules", "SMP", "--samples", str(lines(tmp_path, BODIES[0] | {"x": "7"})), "--mask", "/x"]
    assert "stay where other texts" in invoke(check, words).output


def test_header_whose_value_the_contract_lists_keeps_it(tmp_path):
    folder = tmp_path / "contract"
    folder.mkdir()
    entry = {"headers": {"X-Event": "opened", "X-About": "opened"}, "body": {"id": "opened"}}
    theirs = read_contract(written(folder, THEIRS))
    (delivery,) = delivered(chosen(lines(tmp_path, entry), "/id", contract=theirs))
    headers = dict(delivery.headers)
    assert headers["X-Event"] == "opened" and headers["X-About"] == json.loads(delivery.body)["id"] != "opened"


def test_digest_of_the_body_is_not_sent_when_the_body_is_masked(tmp_path):
    file = lines(tmp_path, {"headers": {"Content-Digest": "sha-256=:x:"}, "body": BODIES[0]})
    assert "Content-Digest" in dict(delivered(chosen(file))[0].headers)
    assert "Content-Digest" not in dict(delivered(chosen(file, CALLBACK.delivery.correlation))[0].headers)


def test_value_without_a_valid_mask_is_never_sent(tmp_path):
    contract = schema_of(tmp_path, a={"const": "Ada"})
    samples = chosen(lines(tmp_path, {"a": "Ada"}, {"b": 1}), contract=contract)
    assert samples.delivered == 1
    with pytest.raises(KitError, match="no plausible mask"):
        chosen(lines(tmp_path, {"a": "Ada"}), "/a", contract=contract)


def test_value_that_a_duplicate_name_hides_does_not_survive_masking(tmp_path):
    file = lines(tmp_path, BODIES[0], '{"headers": {}, "body": "{\\"a\\": \\"Ada\\", \\"a\\": 1}"}')
    assert all(b"Ada" not in delivery.body for delivery in delivered(chosen(file, CALLBACK.delivery.correlation)))


def test_mistyped_pointer_sends_nothing(tmp_path):
    with pytest.raises(KitError, match="in no sample"):
        chosen(lines(tmp_path, BODIES[0]), "/calee")


def test_pointer_that_the_contract_knows_may_be_in_no_recording(tmp_path):
    contract = schema_of(tmp_path, a=TEXT)
    assert chosen(lines(tmp_path, {"a": "x"}), "/a", contract=contract).delivered == 1


@pytest.mark.parametrize("mask", ["callee", "", "format:shoe-size"])
def test_mask_that_is_none_is_refused(mask):
    with pytest.raises(KitError, match="--mask"):
        masker_of([mask], CONTRACT)


def test_masked_value_is_in_no_report(tmp_path):
    person = {CALLBACK.delivery.correlation[1:]: "8f14e45fceea467f8f14e45fceea467f", "note": "ada@lovelace.org"}
    file = lines(tmp_path, *(body | person for body in BODIES), {"note": "ada@lovelace.org"})
    with served(Receiver(CONTRACT, fault=FAULTS["SMP-01"])) as url:
        words = [url, "--rules", "SMP", "--samples", str(file), "--report-dir", str(tmp_path / "r")]
        done = invoke(check, [*words, "--mask", CALLBACK.delivery.correlation, "--mask", "format:email"])
    assert done.exit_code == 1
    written_files = [path.read_text(errors="replace") for path in (tmp_path / "r").rglob("*") if path.is_file()]
    assert not any(secret in text for secret in person.values() for text in [done.output, *written_files])


def test_printed_command_masks_what_this_run_masked(tmp_path):
    file, mask = lines(tmp_path, BODIES[0]), CALLBACK.delivery.correlation
    with served(Receiver(CONTRACT, fault=FAULTS["SMP-01"])) as url:
        done = invoke(check, [url, "--rules", "SMP", "--samples", str(file), "--mask", mask])
    assert f"--samples {file} --mask {mask}" in done.output


def test_masking_leaves_the_others_valid(tmp_path):
    assert aside(chosen(lines(tmp_path, *BODIES), "format:phone", "format:hex32")) == {}


@pytest.mark.parametrize("quoted", ["name=Jo+Ann+Smyth", "name=Jo%20Ann%20Smyth", "Jo Ann Smyth"])
def test_name_is_masked_as_a_form_inside_a_text_writes_it(tmp_path, quoted):
    contract = schema_of(tmp_path, a=TEXT, b=TEXT)
    entry = {"headers": {}, "body": {"a": "Jo Ann Smyth", "b": quoted}}
    (delivery,) = delivered(chosen(lines(tmp_path, entry), "/a", contract=contract))
    assert b"Smyth" not in delivery.body


def test_name_is_masked_as_json_inside_a_text_escapes_it(tmp_path):
    contract = schema_of(tmp_path, a=TEXT, b=TEXT)
    entry = {"headers": {}, "body": {"a": "René Légère", "b": json.dumps({"name": "René Légère"})}}
    (delivery,) = delivered(chosen(lines(tmp_path, entry), "/a", contract=contract))
    assert b"00e9" not in delivery.body


def test_value_is_masked_in_the_other_spellings_of_the_same_delivery(tmp_path):
    number, link = "+8613912345678", "https://example.org/?to=%2B8613912345678&mail=ada%40lovelace.org"
    body = {"a": number, "b": number[1:], "c": int(number[1:]), "d": link}
    entry = {"headers": {"Content-Type": "application/json", "X-To": number[1:]}, "body": body}
    contract = schema_of(tmp_path, a=TEXT, b=TEXT, c={"type": "integer"}, d=TEXT)
    (delivery,) = delivered(chosen(lines(tmp_path, entry), "/a", "format:email", contract=contract))
    made = json.loads(delivery.body)
    assert made["a"][1:] == made["b"] == str(made["c"]) == dict(delivery.headers)["X-To"]
    assert not any(word in f"{made}{delivery.headers}" for word in (number[1:], "lovelace"))
