"""`callback-contract send` of a foreign contract: what is made, what is said to be missing, and what is written out."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.text.errors import KitError

TEXT = {"type": "string"}


@pytest.fixture
def dry(tmp_path):
    """What a dry run of a contract prints."""

    def run(schema, *arguments, headers=(), **entry):
        document = with_schema(schema, **entry)
        document["webhooks"]["thing"]["post"]["parameters"] = [
            {"in": "header", "required": True, **header} for header in headers
        ]
        words = ["send", "http://127.0.0.1:1/", "--dry-run", "--contract", str(written(tmp_path, document))]
        return invoke(cli, [*words, *arguments])

    return run


def an_object(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


def test_required_header_of_a_known_format_is_made_and_a_free_one_is_said_to_lack(dry):
    headers = [{"name": "X-Id", "schema": {**TEXT, "format": "uuid"}}, {"name": "X-Topic", "schema": TEXT}]
    ran = dry(an_object(a=TEXT), headers=headers)
    assert "X-Id: ca11bac4-" in ran.stdout and "X-Topic" not in ran.stdout
    assert "requires the header X-Topic" in ran.stderr and "X-Id" not in ran.stderr


def test_header_that_is_given_lacks_nothing(dry):
    ran = dry(an_object(a=TEXT), "--header", "X-Topic: a", headers=[{"name": "X-Topic", "schema": TEXT}])
    assert "requires the header" not in ran.stderr


def test_text_of_a_pattern_is_made(dry):
    assert '{"a":"AB-' in dry(an_object(a={**TEXT, "pattern": "^(?:AB|AB)-[0-9]{3}$"})).stdout


def test_assignment_completes_a_body_that_nobody_can_make(dry):
    contradictory = an_object(a={**TEXT, "not": {}})
    refused = dry(contradictory).exception
    assert isinstance(refused, KitError) and "at /a its parts seem to contradict" in str(refused)
    assert """--data-raw '{"a":"x"}'""" in dry(contradictory, "--set", "a=x").stdout


def test_body_of_any_usual_length_is_written_out(dry):
    ran = dry(an_object(a={**TEXT, "minLength": 9000}))
    assert ran.stdout.startswith("curl") and len(ran.stdout) > 9000


def test_named_example_that_breaks_its_schema_is_sent_and_said(dry):
    ran = dry(an_object(a=TEXT), "--example", "bad", examples={"bad": {"value": {"a": 7}}})
    assert '{"a":7}' in ran.stdout and "'bad' breaks its own schema" in ran.stderr
