"""Planted drift: our own deliveries as recordings, clean or with drifts planted in them."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime

from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.provider.campaign import Campaign
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.contract.loading import load_contract

CONTRACT = load_contract()
CALLBACK = CONTRACT.default_callbacks[0]
_START = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
_EVERY_S = 0.25
_SHARE = 0.01


def clean(count, seed=0):
    """Recorded deliveries of whole lives, as `proxy --jsonl` writes them; the contract says all of it."""
    sender = Sender(Access("http://127.0.0.1:9/"), Pace())
    campaign = Campaign(
        Composer(CALLBACK), sender, Run(f"{seed:08x}", datetime.fromtimestamp(_START, UTC)), seed, count
    )
    for number, delivery in zip(range(count), campaign.deliveries(), strict=False):
        yield {
            "method": delivery.method,
            "headers": dict(delivery.headers),
            "body": json.loads(delivery.body),
            "at": _START + number * _EVERY_S,
            "status": 200,
            "elapsed_s": 0.02,
        }


def _set(name, value):
    return lambda one: one["body"].update({name: value})


PLANTED = {
    "new-member /error_code": _set("error_code", 131026),
    "new-member /pricing": _set("pricing", {"billable": True, "category": "utility"}),
    "missing /callee": lambda one: one["body"].pop("callee"),
    "null /variables": _set("variables", None),
    "type /waba_template_id string": _set("waba_template_id", "288"),
    'value /status "expired"': _set("status", "expired"),
    "format /send_time date-time": _set("send_time", "2026-11-01 00:00:00"),
    "format /workflow_id hex32": _set("workflow_id", "0b6f3d7e-5a91"),
    "size 20480": _set("workflow_name", "x" * 21_000),
    "header x-attempt": lambda one: one["headers"].update({"X-Attempt": "1"}),
    "media-type text/plain": lambda one: one["headers"].update({"Content-Type": "text/plain"}),
    "method PUT": lambda one: one.update({"method": "PUT"}),
    "answer 204": lambda one: one.update({"status": 204}),
    "deadline 5": lambda one: one.update({"elapsed_s": 7.5}),
}
"""What is planted in some of the deliveries, by the end of the drift's id."""

STORIES = {"retry-early 60", "tries 5", "order /status read → send"}
"""What only several deliveries of one message show."""


def planted(count, seed=0):
    """Deliveries with drifts; each drift is in about one of a hundred, and none hides another."""
    chance, kinds = random.Random(seed), list(PLANTED.values())
    for number, one in enumerate(clean(count, seed)):
        if number < len(kinds) or chance.random() < _SHARE * len(kinds):
            kinds[number % len(kinds) if number < len(kinds) else chance.randrange(len(kinds))](one)
        yield one
    yield from _stories(next(clean(1, seed + 1)), _START + count * _EVERY_S)


def _stories(first, at):
    for waits in ((60, 60, 60, 60, 60, 60), (3,)):
        one = copy.deepcopy(first)
        one["body"]["msg_id"] = f"{len(waits):032x}"
        for wait_s in (0, *waits):
            at += wait_s
            yield {**one, "at": at, "status": 503}
        yield {**one, "at": at + 60, "status": 200}
        at += 120
    for state in ("read", "send"):
        body = {**first["body"], "msg_id": "f" * 32, "status": state}
        yield {**first, "body": body, "at": at}


def wanted():
    return {f"{CALLBACK.name} {name}" for name in {*PLANTED, *STORIES}}


def written(file, deliveries):
    with file.open("w", encoding="utf-8") as lines:
        for one in deliveries:
            lines.write(json.dumps(one) + "\n")
    return file
