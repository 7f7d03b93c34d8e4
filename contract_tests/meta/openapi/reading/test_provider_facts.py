"""Facts of well-known providers: each has its source, a contract's own facts win, and what does not fit is left out."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from callback_contract.contract_tests.cli.commands import cli
from callback_contract.contract_tests.meta.support.foreign import with_members, with_schema, written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.cli.target_options import with_providers_signature
from callback_contract.mock_server.signing import presets
from callback_contract.openapi.cli.contract_options import contract_of
from callback_contract.openapi.contract.delivery_facts import fact_flaws, facts_from
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.reading.provider_facts import FACTS, OF_DELIVERY, Provider, load_provider, providers
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

ORDER = with_members(id={"type": "string"}, status={"enum": ["created", "paid"]})
OPTIONS: dict[str, Any] = {"contract": "c.yaml", "provider": "stripe", "signature": None, "language": "en"}


def read(tmp_path, provider, schema=ORDER, **operation):
    document = with_schema(schema)
    document["webhooks"]["thing"]["post"].pop("responses")
    document["webhooks"]["thing"]["post"] |= operation
    return read_contract(written(tmp_path, document), provider=load_provider(provider))


def test_eight_providers_and_more_are_known():
    assert {"github", "stripe", "shopify", "adyen", "twilio", "whatsapp-cloud", "gitlab", "standard-webhooks"} < set(
        providers()
    )


@pytest.mark.parametrize("name", providers())
def test_each_fact_has_a_public_source_and_the_day_it_was_read(name):
    for fact in load_provider(name).facts:
        assert fact.name in FACTS
        assert re.fullmatch(r"https://[a-z.]+\.(com|dev)/\S+", fact.source), fact
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", fact.read), fact


@pytest.mark.parametrize("name", providers())
def test_each_signature_is_a_preset(name):
    assert load_provider(name).signature in presets()


@pytest.mark.parametrize("name", providers())
def test_facts_of_delivery_are_such_of_a_contract(name):
    facts = [fact for fact in load_provider(name).facts if fact.name in OF_DELIVERY]
    raw: dict[str, Any] = {}
    for fact in facts:
        key, _, level = fact.name.partition(".")
        raw[key] = {level: fact.as_delivery} if level else fact.as_delivery
    assert [flaw.what for flaw in fact_flaws(raw, (), "") if getattr(flaw.what, "key", "") != _NAMES_NOTHING] == []


_NAMES_NOTHING = "error-contract.names-nothing"  # there is no body here


def test_contract_without_facts_has_the_providers(tmp_path):
    (callback,) = read(tmp_path, "shopify").callbacks
    assert callback.delivery.deadline_s == 5
    assert callback.event_places == ("$request.header.x-shopify-webhook-id",)
    assert "$request.header.x-shopify-event-id" in callback.stamped
    assert callback.delivery.provenance["deadline_s"] == "doc"


def test_fact_of_the_contract_wins_over_the_providers(tmp_path):
    own = {"deadline_s": {"value": 2, "provenance": "house"}}
    (callback,) = read(tmp_path, "shopify", **{"x-delivery": own}).callbacks
    assert callback.delivery.deadline_s == 2
    assert callback.delivery.retry is not None


def test_run_says_which_facts_are_the_providers(tmp_path):
    own = {"deadline_s": {"value": 2, "provenance": "house"}}
    notes = read(tmp_path, "github", **{"x-delivery": own}).notes
    assert notes == (Text("provider.used", title="GitHub", facts=(Text("provider.idempotency"),)),)


def test_fact_about_a_member_that_the_body_lacks_is_left_out(tmp_path):
    bare = with_members(status={"type": "string"})
    assert read(tmp_path, "stripe").callbacks[0].delivery.idempotency == ("/id",)
    assert read(tmp_path, "stripe", bare).callbacks[0].delivery.idempotency == ()


def test_place_that_the_body_has_is_kept_where_another_is_missing(tmp_path):
    item = with_members(id={"type": "string"})
    for kind in ("changes", "entry"):
        inner = with_members(statuses={"type": "array", "items": item}) if kind == "changes" else item
        inner = with_members(value=inner) if kind == "changes" else inner
        item = with_members(**{kind: {"type": "array", "items": inner}})
    (callback,) = read(tmp_path, "whatsapp-cloud", item).callbacks
    assert dict(callback.delivery.stamped) == {"/entry/0/changes/0/value/statuses/0/id": "id"}


def test_documented_response_wins_over_the_providers(tmp_path):
    documented = {"responses": {"202": {"description": "taken"}}}
    assert read(tmp_path, "mailgun").callbacks[0].answer.status == 200
    assert read(tmp_path, "mailgun", **documented).callbacks[0].answer.status == 202


def test_provider_changes_the_digest(tmp_path):
    assert read(tmp_path, "github").digest != read(tmp_path, "gitlab").digest


def test_page_of_a_fact_shows_its_source(tmp_path):
    operation = read(tmp_path, "github").document["webhooks"]["thing"]["post"]
    assert operation["x-delivery"]["deadline_s"]["why"].startswith("https://docs.github.com/en/webhooks/")


def test_unknown_provider_names_the_nearest():
    with pytest.raises(KitError, match=r"Did you mean 'github'\? Known are adyen, github,"):
        load_provider("gitub")


def test_provider_is_for_a_document_of_another():
    with pytest.raises(KitError, match="--provider is for a document of a provider"):
        contract_of({"contract": None, "provider": "github", "overlay": (), "paths": False})


def test_deliveries_are_signed_as_the_provider_does_where_the_key_is_set(monkeypatch, capsys):
    monkeypatch.setenv("CALLBACK_SIGNING_KEY", "a-key")
    assert with_providers_signature(OPTIONS)["signature"] == "stripe-like"
    assert with_providers_signature({**OPTIONS, "signature": "sha256-hex-body"})["signature"] == "sha256-hex-body"
    assert capsys.readouterr().err == ""


def test_missing_key_is_said_and_nothing_is_signed(monkeypatch, capsys):
    monkeypatch.delenv("CALLBACK_SIGNING_KEY", raising=False)
    assert with_providers_signature(OPTIONS)["signature"] is None
    assert "without signatures: Stripe signs by stripe-like" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["check", "http://127.0.0.1:9/"], ["check-sender"]])
def test_check_of_either_side_takes_the_signature_of_the_provider(command, monkeypatch, tmp_path):
    monkeypatch.delenv("CALLBACK_SIGNING_KEY", raising=False)
    contract = written(tmp_path, with_schema(ORDER))
    done = invoke(cli, [*command, "--dry-run", "--contract", str(contract), "--provider", "stripe"])
    assert (done.exit_code, done.stderr.count("without signatures: Stripe signs by stripe-like")) == (0, 1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_command_shows_every_fact_of_every_provider(language, monkeypatch):
    monkeypatch.setenv("LC_ALL", {"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}[language])
    shown = invoke(cli, ["providers", *providers()]).output
    for provider in map(load_provider, providers()):
        assert provider.title in shown
        assert all(fact.source in shown and fact.read in shown for fact in provider.facts)
    assert ("未能证实" in shown, "Not confirmed" in shown) == (language == "zh", language == "en")


def test_list_names_each_provider_and_its_pages():
    shown = invoke(cli, ["providers"]).output
    assert [line.split()[0] for line in shown.splitlines() if not line.startswith(" ")] == list(providers())
    assert "  https://docs.stripe.com/webhooks, read on 2026-11-29\n" in shown


def test_programs_read_the_facts_as_json():
    (shown,) = json.loads(invoke(cli, ["providers", "twilio", "--format", "json"]).output)["providers"]
    assert (shown["name"], shown["facts"][0]["value"], shown["not_confirmed"][0]) == ("twilio", 15, "retry")


def test_fact_that_nobody_confirmed_is_said_to_be_unknown():
    assert Provider("x", "X", (), "").unknown == tuple(
        name for name in FACTS if name not in {"accept_body_bytes.must", "correlation", "state", "stamped"}
    )


@pytest.mark.parametrize(
    ("value", "horizon_s", "waits_s", "tries"),
    [
        ({"after_s": 60, "max_tries": 5}, 300, (60, 60, 60), 5),
        ({"schedule_s": [5, 300]}, 305, (5, 300, 300), 2),
        ({"schedule_s": [5, 300], "within_s": 900}, 900, (5, 300, 300), 2),
        ({"schedule_s": [5, 300], "max_tries": 4}, 905, (5, 300, 300), 4),
        ({"schedule_s": [5, 300], "max_tries": 1}, 5, (5, 300, 300), 1),
        ({"max_tries": 8, "within_s": 14400}, 14400, (1800, 1800, 1800), 8),
        ({"within_s": 900}, 900, (0, 0, 0), 1),
        ({"after_s": 60, "within_s": 900}, 900, (60, 60, 60), 15),
        ({"after_s": 60, "max_tries": 0}, 0, (60, 60, 60), 0),
    ],
)
def test_retries_are_stated_by_a_number_a_schedule_or_an_end(value, horizon_s, waits_s, tries):
    raw = {"retry": {"value": value, "provenance": "doc"}}
    assert list(fact_flaws(raw, (), "")) == []
    retry = facts_from(raw).retry
    assert retry is not None
    assert (retry.horizon_s, tuple(map(retry.wait_s, range(3))), retry.tries) == (horizon_s, waits_s, tries)


def test_fact_of_an_overlay_of_ones_own_needs_no_reason():
    assert list(fact_flaws({"deadline_s": {"value": 5, "provenance": "house"}}, (), "")) == []


def test_fact_of_the_built_in_contract_says_why_it_is_not_documented():
    contract = load_contract()
    for callback in contract.callbacks:
        raw = contract.document["webhooks"][callback.name]["post"]["x-delivery"]
        facts = [each for fact in raw.values() for each in ([fact] if "value" in fact else fact.values())]
        assert all(fact.get("why") for fact in facts if fact["provenance"] != "doc")
