"""Test vectors: a correct receiver passes all of them, and a wrong one does not."""

from __future__ import annotations

import base64
import importlib.util
import json
from functools import lru_cache
from importlib.resources import files

import jsonschema_rs
import pytest

from callback_contract.contract_tests.cli.export_command import export
from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.processes import FOLDER, invoke
from callback_contract.contract_tests.runner.collection import collect_tests
from callback_contract.contract_tests.vectors.using_vectors import broken_expectations
from callback_contract.contract_tests.vectors.vectors import vectors_document
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi import KitError, load_contract
from callback_contract.openapi.rules.catalogue import load_catalogue

CONTRACT, CATALOGUE = load_contract(), load_catalogue()


@lru_cache
def document():
    return vectors_document(CONTRACT, CONTRACT.callbacks, CATALOGUE, DEPTHS["quick"], 0)


def of_class(name):
    return [vector for vector in document()["vectors"] if vector["class"] == name]


def body_of(vector):
    return base64.b64decode(vector["body_base64"]) if "body_base64" in vector else vector["body"].encode()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    out = tmp_path_factory.mktemp("vectors") / "vectors.json"
    invoke(export, ["--as", "vectors", "--out", str(out)], catch_exceptions=False)
    return out


@pytest.fixture
def flask(file, monkeypatch):
    """A correct receiver as a unit test has it: no server, no network."""
    pytest.importorskip("flask")
    monkeypatch.setenv("STORE", ":memory:")
    spec = importlib.util.spec_from_file_location("flask_receiver", FOLDER / "flask_receiver.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    module.database.close()


def broken(file, flask):
    client = flask.app.test_client()

    def deliver(method, query, headers, body):
        sent = client.open("/callbacks/whatsapp", method=method, query_string=query, headers=headers, data=body)
        return sent.status_code

    return list(broken_expectations(file, deliver))


def test_correct_receiver_breaks_no_expectation(file, flask):
    assert broken(file, flask) == []


def test_query_of_a_vector_is_delivered(tmp_path):
    (tmp_path / "v.json").write_text(
        json.dumps({"vectors": [{"method": "GET", "query": "a=1", "headers": [], "body": "", "expect": []}]})
    )
    sent = []
    assert list(broken_expectations(tmp_path / "v.json", lambda *parts: sent.append(parts) or 204)) == []
    assert sent == [("GET", "a=1", [], b"")]


def rules(lines):
    return {line.split()[0] for line in lines}


def test_receiver_that_reads_without_checking_is_found(file, flask, monkeypatch):
    monkeypatch.setattr(flask, "REQUIRED", {})
    assert {"PAY-17", "PAY-18", "PAY-20"} <= rules(broken(file, flask))


def test_receiver_with_a_small_limit_is_found(file, flask, monkeypatch):
    monkeypatch.setitem(flask.app.config, "MAX_CONTENT_LENGTH", 10_000)
    assert {"WIRE-18", "WIRE-19"} <= rules(broken(file, flask))


def test_receiver_that_takes_what_is_no_json_is_found(file, flask, monkeypatch):
    monkeypatch.setattr(flask, "refuse_constant", lambda name: None)
    assert rules(broken(file, flask)) == {"PAY-14"}


def test_file_is_as_its_schema_says(file):
    file_of_schema = files("callback_contract.contract_tests") / "schemas/vectors.schema.json"
    schema = json.loads(file_of_schema.read_text("utf-8"))
    jsonschema_rs.validator_for(schema).validate(json.loads(file.read_text("utf-8")))


def test_every_rule_has_a_vector_or_a_reason_why_not():
    shown = {rule["rule"] for vector in document()["vectors"] for rule in vector["expect"]}
    left_out = document()["left_out"]["rules"]
    assert shown | set(left_out) == {rule.id for rule in CATALOGUE.rules} and not shown & set(left_out)
    assert all(left_out.values())


def test_rule_that_one_status_decides_is_not_left_out():
    left_out = set(document()["left_out"]["rules"])
    assert {rule for rule in collect_tests() if rule.startswith(("DAT", "FWD", "PAY"))} & left_out == {"PAY-32"}


def test_what_may_be_answered_follows_the_words():
    words = {rule["expected"]: rule["statuses"] for vector in document()["vectors"] for rule in vector["expect"]}
    assert words["an acknowledgement (2xx)"] == ["2xx"]
    assert words["a rejection (4xx)"] == ["4xx"]
    assert words["a complete answer below 500"] == ["2xx", "3xx", "4xx"]
    assert words["a complete answer below 500, or 501"] == ["2xx", "3xx", "4xx", "501"]
    assert words["415 Unsupported Media Type"] == ["415"]


def test_ids_are_unique():
    ids = [vector["id"] for vector in document()["vectors"]]
    assert len(ids) == len(set(ids))


def test_same_seed_gives_the_same_vectors_and_another_one_others():
    zero, again, one = (
        vectors_document(CONTRACT, CONTRACT.callbacks[1:2], CATALOGUE, DEPTHS["quick"], seed) for seed in (0, 0, 1)
    )
    assert zero == again and zero["vectors"] != one["vectors"]


def test_no_message_comes_twice_among_valid_vectors():
    callback = CONTRACT.callbacks[0]
    names = [callback.delivery.correlation[1:]]
    ids = [json.loads(body_of(v))[n] for v in of_class("valid") if v["callback"] == callback.name for n in names]
    assert len(set(ids)) == len(ids) and all(i.startswith(document()["identities"]["prefix"]) for i in ids)


@pytest.mark.parametrize(("name", "form"), [("valid", "strict"), ("forward-compatible", "tolerant")])
def test_class_is_what_its_schema_takes(name, form):
    schemas = {c.name: jsonschema_rs.validator_for(dict(getattr(c, form))) for c in CONTRACT.callbacks}
    assert of_class(name)
    assert [v["id"] for v in of_class(name) if not schemas[v["callback"]].is_valid(json.loads(body_of(v)))] == []


def test_unparsable_bodies_are_no_json_and_off_schema_ones_are():
    for vector in of_class("unparsable"):
        with pytest.raises(Unparsable):
            decode(body_of(vector))
    for vector in of_class("off-schema"):
        try:
            decode(body_of(vector))
        except Unusable:
            continue


def test_callback_that_always_comes_signed_is_left_out_with_the_reason():
    signed = {c.name for c in CONTRACT.callbacks if any(h.signature and h.required for h in c.headers)}
    assert set(document()["left_out"]["callbacks"]) == signed != set()
    assert {vector["callback"] for vector in document()["vectors"]} == {c.name for c in CONTRACT.callbacks} - signed


def test_signed_callback_alone_is_one_message():
    (signed,) = document()["left_out"]["callbacks"]
    with pytest.raises(KitError, match=r"nothing to deliver: .* requires a signature"):
        invoke(export, ["--as", "vectors", "--callback", signed], catch_exceptions=False)


def test_callback_without_a_body_says_why_there_is_nothing_to_deliver(tmp_path):
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "not": {}}}}
    options = ["--as", "vectors", "--contract", str(written(tmp_path, with_schema(schema)))]
    with pytest.raises(KitError, match=r"nothing to deliver: .* at /a its parts"):
        invoke(export, options, catch_exceptions=False)
