"""Drift: planted differences between traffic and contract are found, none is invented, and the draft makes it true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from callback_contract.contract_tests.cli.docs_command import docs
from callback_contract.contract_tests.drift.command import drift
from callback_contract.contract_tests.drift.documented import observed_in
from callback_contract.contract_tests.drift.formats import as_markdown
from callback_contract.contract_tests.drift.observing import observe
from callback_contract.contract_tests.drift.report import known_ids
from callback_contract.contract_tests.meta.contract_tests.drift.planted import (
    CALLBACK,
    CONTRACT,
    clean,
    planted,
    wanted,
    written,
)
from callback_contract.contract_tests.meta.support.foreign import with_schema
from callback_contract.contract_tests.meta.support.foreign import written as document_at
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.samples.masking import masker_of
from callback_contract.contract_tests.samples.reading import read_recordings
from callback_contract.contract_tests.samples.selection import choose
from callback_contract.mock_server.testing.mock_receiver import MockReceiver
from callback_contract.openapi.cli.diff_command import diff
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.model import CONTRACT_FILE
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.linting.linter import lint_contract
from callback_contract.openapi.linting.remark import Manner
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import KitError

SCHEMA = Path(__file__).parents[3] / "schemas" / "drift.schema.json"


def bodies(tmp_path, *values, **more):
    return written(tmp_path / "t.jsonl", [{"headers": {}, "body": value, **more} for value in values])


def drifts(tmp_path, schema, *values, **more):
    contract = read_contract(document_at(tmp_path, with_schema(schema, **more)))
    return {each.id.removeprefix("thing ") for each in observe([bodies(tmp_path, *values)], contract).drifts}


def shaped(**properties):
    return {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, **properties}}


def test_planted_drifts_are_found_and_none_is_invented(tmp_path):
    report = observe([written(tmp_path / "t.jsonl", planted(60))], CONTRACT)
    assert {each.id for each in report.drifts} == wanted()
    assert observe([written(tmp_path / "c.jsonl", clean(60))], CONTRACT).drifts == ()


def test_report_follows_its_schema(tmp_path):
    ran = invoke(drift, [written(tmp_path / "t.jsonl", planted(20)), "--format", "json"])
    report = json.loads(ran.stdout)
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()), validate_formats=True).validate(report)
    (callback,) = report["callbacks"]
    member = next(each for each in callback["drifts"] if each["place"] == "/error_code")
    assert (member["types"], member["count"], member["always"]) == ({"integer": 1}, 1, False)
    assert callback["retries"]["after"] == {"503": 9}


def test_examples_are_masked(tmp_path):
    values = [{"id": "1", "who": {"phone": "+4915112345678", "name": "Ada Lovelace", "age": 36}}]
    ran = invoke(drift, [bodies(tmp_path, *values), "--contract", document_at(tmp_path, with_schema(shaped()))])
    assert "/who" in ran.output
    assert not any(secret in ran.output for secret in ("4915112345678", "Lovelace", "36"))


def test_markdown_makes_no_link_and_mentions_nobody(tmp_path):
    hostile = "@octocat #1 www.evil.example <b>"
    contract = read_contract(document_at(tmp_path, with_schema(shaped())))
    told = as_markdown(observe([bodies(tmp_path, {"id": "1", hostile: 1})], contract))
    (shown,) = [line for line in told.splitlines() if "octocat" in line]
    assert not re.search(r"@o|#1|www\.|<b|\\u2060", shown)


def test_a_value_that_is_no_word_is_counted_and_not_told(tmp_path):
    schema = shaped(state={"enum": ["a"]})
    found = drifts(tmp_path, schema, {"id": "1", "state": "called Ada Lovelace"}, {"id": "2", "state": "b"})
    assert found == {"value /state", 'value /state "b"'}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (shaped(more={"anyOf": [{"type": "object", "properties": {"a": {}}}, {"type": "null"}]}), {"more": {"a": 1}}),
        (shaped(more={"type": "object"}), {"more": {"any": 1}}),
        (shaped(more={"type": "object", "additionalProperties": {"type": "integer"}}), {"more": {"any": 1}}),
        ({"allOf": [shaped(), {"properties": {"b": {}}}]}, {"b": 1}),
        ({**shaped(), "if": {"required": ["b"]}, "then": {"properties": {"b": {}}}}, {"b": 1}),
        (shaped(list={"type": "array", "items": {"properties": {"b": {}}}}), {"list": [{"b": 1}, {}]}),
    ],
)
def test_a_member_of_any_alternative_is_documented(tmp_path, schema, value):
    assert drifts(tmp_path, schema, {"id": "1", **value}) == set()


def test_drifts_within_alternatives_are_told_at_their_place(tmp_path):
    state = {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}
    assert drifts(tmp_path, shaped(state=state), {"id": "1", "state": "b"}) == {'value /state "b"'}
    assert drifts(tmp_path, shaped(s={"oneOf": [{"type": "string"}]}), {"id": "1", "s": None}) == {"null /s"}


def test_what_never_came_is_listed(tmp_path):
    schema = shaped(state={"enum": ["a", "b"]}, more={"type": "object", "properties": {"c": {}}})
    contract = read_contract(document_at(tmp_path, with_schema(schema)))
    (seen,) = observe([bodies(tmp_path, {"id": "1", "state": "a"})], contract).callbacks
    assert (seen.never["members"], seen.never["values"]) == (["/more"], ['/state = "b"'])


def test_a_known_drift_is_not_new(tmp_path):
    traffic, report = bodies(tmp_path, {"id": "1", "x": 1}), tmp_path / "known.json"
    options = ["--contract", document_at(tmp_path, with_schema(shaped())), "--fail-on", "new"]
    ran = invoke(drift, [traffic, *options, "--format", "json"])
    assert ran.exit_code == 1
    report.write_text(ran.stdout)
    assert invoke(drift, [traffic, *options, "--baseline", report]).exit_code == 0
    more = written(tmp_path / "more.jsonl", [{"headers": {}, "body": {"id": "1", "y": 1}}])
    assert invoke(drift, [traffic, more, *options, "--baseline", report]).exit_code == 1


def test_traffic_of_another_contract_is_one_sentence(tmp_path):
    with pytest.raises(KitError, match="none of the 1 deliveries is a callback of AI Rudder") as error:
        observe([bodies(tmp_path, {"type": "payment", "amount": 1})], CONTRACT)
    assert error.value.exit_code == 3
    with pytest.raises(KitError) as error:
        observe([document_at(tmp_path, {"some": "database"}, "x.db")], CONTRACT)
    assert (error.value.exit_code, error.value.where) == (2, str(tmp_path / "x.db"))
    with pytest.raises(KitError, match="no delivery in it") as error:
        observe([document_at(tmp_path, {"log": {"entries": [{"request": {"method": "GET"}}]}}, "x.har")], CONTRACT)
    assert error.value.exit_code == 3
    (tmp_path / "no.json").write_text("[]")
    with pytest.raises(KitError, match="no report of `drift"):
        known_ids(tmp_path / "no.json")


def test_a_store_and_its_answers_are_read(tmp_path):
    store = tmp_path / "s.db"
    with MockReceiver(script="503,200", store=store) as mock:
        for _ in range(2):
            _post(mock.url)
        mock.wait_for(count=2)
    (seen,) = observe([store], CONTRACT).callbacks
    assert dict(seen.traffic.answers) == {503: 1, 200: 1}
    assert (seen.traffic.lives.retried, dict(seen.traffic.lives.after)) == (1, {503: 1})


def _post(url):
    import urllib.error
    import urllib.request

    body = json.dumps(CALLBACK.delivered_examples[0].value).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request).close()
    except urllib.error.HTTPError as error:
        error.close()


def test_an_archive_tells_times_and_answers(tmp_path):
    entry = {
        "startedDateTime": "2026-11-01T00:00:00.000Z",
        "time": 12.5,
        "request": {
            "method": "POST",
            "headers": [],
            "postData": {"text": '{"id": "1"}', "mimeType": "application/json"},
        },
        "response": {"status": 202},
    }
    archive = document_at(tmp_path, {"log": {"entries": [entry]}}, "t.har")
    (seen,) = observe([archive], read_contract(document_at(tmp_path, with_schema(shaped())))).callbacks
    assert [each.id for each in seen.drifts] == ["thing answer 202"]
    assert seen.to_dict()["first_at"] == "2026-11-01T00:00:00Z"
    assert seen.to_dict()["answer_s"]["greatest"] == 0.0125


def drafted(tmp_path, contract, traffic, *options):
    out = tmp_path / "draft.overlay.yaml"
    ran = invoke(drift, [traffic, "--contract", contract, "--write-overlay", out, *options])
    assert ran.exit_code == 0
    return out


BROKEN = {
    "new member in a closed object": ({**shaped(), "additionalProperties": False}, {"id": "1", "x": [1, 2.5]}),
    "missing": (shaped(), {"x": 1}),
    "null": (shaped(), {"id": None}),
    "null in a list of values": (shaped(s={"type": "string", "enum": ["a"]}), {"id": "1", "s": None}),
    "other type": (shaped(), {"id": 1}),
    "other value": (shaped(s={"type": "string", "enum": ["a"]}), {"id": "1", "s": "b"}),
    "other constant": (shaped(s={"const": "a"}, t={}, u={}), {"id": "1", "s": "b"}),
    "a value that is no word": (shaped(s={"enum": ["a"]}), {"id": "1", "s": "b c"}),
    "pattern": (shaped(s={"type": "string", "pattern": "^a$", "maxLength": 1}), {"id": "1", "s": "it's"}),
    "within items": (
        shaped(l={"type": "array", "items": shaped(s={"enum": ["a"]})}),
        {"id": "1", "l": [{"s": "b", "n'\\ew": {"deep": [None]}}]},
    ),
    "within an alternative": (
        shaped(s={"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "integer"}]}),
        {"id": "1", "s": "b"},
    ),
}


@pytest.mark.parametrize("version", ["3.1.0", "3.0.3"])
@pytest.mark.parametrize("name", BROKEN)
def test_drafted_contract_accepts_what_came(tmp_path, name, version):
    schema, value = BROKEN[name]
    if version == "3.0.3" and "const" in json.dumps(schema):
        pytest.skip("3.0 has no const")
    reference = {"$ref": "#/components/schemas/Thing"}
    contract = document_at(tmp_path, with_schema(reference, schemas={"Thing": schema}, version=version))
    values = [value, {"id": "1"}]
    traffic = bodies(tmp_path, *values, callback="thing")
    before = contract.read_bytes()
    out = drafted(tmp_path, contract, traffic)
    assert contract.read_bytes() == before
    (callback,) = read_contract(contract, [out]).callbacks
    assert [error.message for each in values for error in validator_of(callback.strict).iter_errors(each)] == []
    flaws = [{each.what for each in lint_contract(contract, manner=Manner(over))} for over in ((), (str(out),))]
    assert {what for what in flaws[1] if "x-provenance" in what or "type" in what} <= flaws[0]


def test_what_no_schema_says_is_left_to_a_person(tmp_path):
    traffic = written(tmp_path / "t.jsonl", planted(40))
    ran = invoke(drift, [traffic, "--write-overlay", tmp_path / "o.yaml"])
    left = ran.stderr.splitlines()[-1]
    assert "read → send" in left and "/error_code" not in left


@pytest.mark.slow
def test_draft_makes_a_contract_true_of_a_thousand_deliveries(tmp_path):
    taken_out = ("waba_template_id", "waba_template_name", "variables")
    document = yaml.safe_load(CONTRACT_FILE.read_text("utf-8"))
    schema = document["components"]["schemas"]["WabaMessageStatus"]
    for name in taken_out:
        del schema["properties"][name]
        schema["required"].remove(name)
    schema["properties"]["status"]["enum"] = ["wait", "send", "delivery", "failed"]
    operation = document["webhooks"][CALLBACK.name]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    for name in ("read", "replied"):
        del examples[name]
    operation["x-delivery"]["order"]["value"]["edges"] = [["wait", "send"], ["send", "delivery"], ["wait", "failed"]]
    contract = document_at(tmp_path, document, "contract.yaml")
    load_contract(contract)
    deliveries = list(clean(1000))
    out = drafted(tmp_path, contract, written(tmp_path / "t.jsonl", deliveries))

    callback = load_contract(contract, [out]).callbacks[0]
    assert {name: callback.member(f"/{name}").types for name in taken_out} == {
        "waba_template_id": ("integer",),
        "waba_template_name": ("string",),
        "variables": ("object",),
    }
    assert all(callback.member(f"/{name}").required for name in taken_out)
    marks = callback.member("/variables").schema
    assert (marks["x-provenance"], marks["x-observed"]["count"], marks["x-observed"]["of"]) == ("observed", 1000, 1000)
    accepts = validator_of(callback.strict).is_valid
    assert all(accepts(one["body"]) for one in deliveries)
    assert not any(each.level == "error" for each in lint_contract(contract, manner=Manner((str(out),))))
    told = invoke(diff, [contract, contract, "--overlay", out, "--format", "json"])
    assert {"variables" in change["what"] for change in json.loads(told.stdout)["changes"]} == {True, False}


def test_documentation_shows_what_was_observed_in_each_language(tmp_path):
    contract = document_at(tmp_path, with_schema(shaped(never={"type": "string"})))
    ran = invoke(drift, [bodies(tmp_path, {"id": "1", "x<y": True}), "--contract", contract, "--format", "json"])
    (report := tmp_path / "drift.json").write_text(ran.stdout)
    options = ["--contract", contract, "--lang", "en", "--drift", report, "--out", tmp_path / "site"]
    assert invoke(docs, options).exit_code == 0
    page = (tmp_path / "site/en/callback-thing.html").read_text("utf-8")
    assert "/x&lt;y is not documented: boolean 100%" in page and "always, 1 times" in page
    assert '<span class="badge observed"' in page and "<code>/never</code>" in page
    (drifts,) = [each.drifts for each in observed_in(report).values()]
    assert drifts[0].what.in_language("zh") == "/x<y 没有记录：boolean 100%"
    with pytest.raises(KitError, match="no report of `drift"):
        observed_in(contract)


def test_recorded_deliveries_are_samples_with_their_answers(tmp_path):
    file = written(tmp_path / "t.jsonl", clean(3))
    read = list(read_recordings(file))
    assert [each.answer.status for each in read] == [200] * 3 and read[0].method == "POST"
    samples = choose(read_recordings(file), "t", CONTRACT, CONTRACT.default_callbacks, masker_of((), CONTRACT))
    assert samples.delivered == 3
