"""`callback-contract send`, and the campaigns behind it."""

from __future__ import annotations

import json
import os
import random
import shlex
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest

from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.provider.campaign import Campaign
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lifecycles import Mix
from callback_contract.mock_server.validation.validator import Validator
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi import load_contract
from callback_contract.openapi.contract.model import Retry
from callback_contract.openapi.text.errors import KitError

CONTRACT = load_contract()
CALLBACK = CONTRACT.callbacks[0]
FACTS = CALLBACK.delivery
STATE = FACTS.state[1:]
MAP = next(member for member in CALLBACK.members if member.is_free_map).pointer[1:]


def bodies_of(request):
    return json.loads(request.partition(b"\r\n\r\n")[2])


def key(body):
    return body[FACTS.correlation[1:]], body[FACTS.state[1:]]


def campaign(url, messages=6, at_once=8, composer=None, **more):
    sender = Sender(Access(url), Pace(at_once=at_once))
    return Campaign(
        composer or Composer(CALLBACK), sender, Run.fresh(), seed=1, messages=messages, speed=100_000, **more
    )


def went(act=None, **more):
    """Runs a campaign before a receiver that notes what came, and answers as `act` says."""
    seen = []

    def note(connection, request):
        seen.append(request.partition(b"\r\n\r\n")[2])
        connection.sendall(act(seen) if act else answer())

    with raw_server(note) as url:
        made = campaign(url, **more)
        made.go()
    return made, seen


def send(*arguments, **environment):
    return run_program(
        [sys.executable, "-m", "callback_contract.contract_tests", "send", *arguments],
        timeout=60,
        env={**os.environ, **environment},
    )


def test_every_event_of_every_life_is_delivered_once():
    made, seen = went()
    assert made.tally.delivered == made.planned() == len(seen) == len(set(seen))


def test_states_of_a_message_go_out_in_their_order():
    _, seen = went()
    told = defaultdict(list)
    for body in map(json.loads, seen):
        message, state = key(body)
        told[message].append(state)
    states = FACTS.order.states
    assert all(lives == sorted(lives, key=states.index) for lives in told.values())


def test_answers_that_are_not_2xx_are_retried_with_equal_bytes():
    made, seen = went(lambda seen: answer("503 Service Unavailable") if len(seen) <= 2 else answer(), messages=1)
    assert made.tally.retried == 2
    assert made.tally.delivered == made.planned()
    assert sum(count > 1 for count in Counter(seen).values()) in {1, 2}


def test_what_is_never_acknowledged_is_given_up_after_the_contracts_tries():
    made, seen = went(lambda seen: answer("500 Internal Server Error"), messages=1)
    assert made.tally.given_up == made.planned()
    assert set(Counter(seen).values()) == {1 + FACTS.retry.max_tries}


@pytest.mark.parametrize(
    ("retry", "tries"), [(Retry(0.0, 0, within_s=900.0, is_spread=True), 2), (Retry(60.0, 0, within_s=200.0), 4)]
)
def test_retries_that_are_stated_without_a_number_are_made(retry, tries):
    stated = replace(CALLBACK, delivery=replace(FACTS, retry=retry))
    _, seen = went(lambda seen: answer("500 Internal Server Error"), messages=1, composer=Composer(stated))
    assert set(Counter(seen).values()) == {tries}


def test_duplicates_have_equal_bytes():
    made, seen = went(mix=Mix(duplicates=1.0))
    assert set(Counter(seen).values()) == {2}
    assert made.tally.repeated == len(set(seen))


def test_concurrent_deliveries_of_an_event_have_equal_bytes():
    _, seen = went(mix=Mix(concurrent=1.0))
    assert set(Counter(seen).values()) == {2}


def test_reordered_message_has_one_overtaken_event_with_an_older_time():
    _, seen = went(messages=1, mix=Mix(failing=0.0, reordered=1.0))
    bodies = [json.loads(body) for body in seen]
    states = [FACTS.order.states.index(key(body)[1]) for body in bodies]
    assert sum(a > b for a, b in pairwise(states)) == 1
    times = [pointer[1:] for pointer, kind in FACTS.stamped.items() if kind == "time"]
    late = next(i for i, (a, b) in enumerate(pairwise(states)) if a > b)
    assert all(bodies[late + 1][name] <= bodies[late][name] for name in times)


def test_seed_decides_the_lives_and_a_second_run_has_fresh_ids():
    first, other = (campaign("http://127.0.0.1:1/") for _ in "ab")
    told = [[key(json.loads(d.body)) for d in made.deliveries()] for made in (first, other)]
    assert [state for _, state in told[0]] == [state for _, state in told[1]]
    assert not {message for message, _ in told[0]} & {message for message, _ in told[1]}


def test_all_messages_of_a_share_of_one_fail():
    made = campaign("http://127.0.0.1:1/", mix=Mix(failing=1.0))
    assert {made.lives.of(n).steps[-1].state for n in range(20)} <= set(FACTS.order.terminal)


@pytest.mark.parametrize("callback", CONTRACT.callbacks, ids=lambda callback: callback.name)
def test_every_callback_can_be_composed_and_is_valid(callback):
    composer = Composer(callback)
    delivery = composer.delivery(composer.content(random.Random(0)), Identity(Run.fresh(), 1))
    assert Validator(CONTRACT).assess(delivery.body).callback is callback


def test_command_sends_one_state_with_a_value_set():
    seen = []

    def act(connection, request):
        seen.append(bodies_of(request))
        connection.sendall(answer())

    with raw_server(act) as url:
        done = send(url, "--status", FACTS.order.states[1], "--set", f"{MAP}.name=李雷")
    assert done.returncode == 0, done.stderr
    assert (key(seen[0])[1], seen[0][MAP]["name"]) == (FACTS.order.states[1], "李雷")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", f"{STATE}x=1"), [f"note: /{STATE}x: the contract names no such member. Did you mean {STATE!r}?"]),
        (("--set", f"{MAP}.count:=3"), [f"note: /{MAP}: the contract has only texts there"]),
        (("--set", f"{STATE}=seen"), [f"note: /{STATE}: the contract does not list this value"]),
        (("--status", "seen"), ["note: the contract does not know the state 'seen'"]),
        (("--status", FACTS.order.states[0]), []),
    ],
)
def test_what_the_contract_does_not_know_is_noted(arguments, said):
    with raw_server(lambda connection, _: connection.sendall(answer())) as url:
        notes = [line for line in send(url, *arguments).stderr.splitlines() if line.startswith("note: ")]
    assert len(notes) == len(said) and all(note.startswith(text) for note, text in zip(notes, said, strict=True))


def test_command_says_how_a_campaign_went():
    with raw_server(lambda connection, request: connection.sendall(answer())) as url:
        done = send(url, "--messages", "3", "--speed", "100000")
    assert done.returncode == 0, done.stderr
    assert "acknowledged" in done.stdout and "median" in done.stdout


def test_campaign_that_is_not_acknowledged_exits_with_1():
    with raw_server(lambda connection, request: connection.sendall(answer("400 Bad Request"))) as url:
        done = send(url, "--messages", "1", "--speed", "1000000")
    assert done.returncode == 1
    assert "given up" in done.stdout and "400" in done.stdout


@pytest.mark.parametrize("more", [[], ["--messages", "2"]])
def test_nobody_there_exits_with_3(more):
    assert send("http://127.0.0.1:9/", *more).returncode == 3


def test_file_goes_out_as_it_is(tmp_path):
    seen = []

    def act(connection, request):
        seen.append(request.partition(b"\r\n\r\n")[2])
        connection.sendall(answer())

    broken = tmp_path / "body"
    broken.write_bytes(b'{"a": \xff')
    with raw_server(act) as url:
        done = send(url, "--file", str(broken))
    assert seen == [b'{"a": \xff']
    assert "breaks the contract" in done.stderr


def test_editor_changes_the_body(tmp_path):
    seen = []

    def act(connection, request):
        seen.append(bodies_of(request))
        connection.sendall(answer())

    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho \'{"edited": true}\' > "$1"\n')
    editor.chmod(0o755)
    with raw_server(act) as url:
        send(url, "--edit", EDITOR=str(editor), VISUAL=str(editor))
    assert seen == [{"edited": True}]


def test_dry_run_prints_a_curl_per_event_and_sends_nothing():
    done = send("http://127.0.0.1:9/", "--messages", "2", "--dry-run")
    assert done.returncode == 0
    run, *events = done.stdout.splitlines()
    assert run.startswith("RUN=")  # once: run by a shell, the states of a message are one message's
    assert events and all(line.startswith("curl -sS") and "$RUN" in line for line in events)


def test_repeated_ids_are_the_same_in_both_runs():
    first, second = (send("http://127.0.0.1:9/", "--dry-run", "--repeat-ids").stdout for _ in "ab")
    assert key(json.loads(shlex.split(first)[-1]))[0] in second


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "nothing"],
        ["--set", "a:={"],
        ["--example", "no such"],
        ["--file", "/no/such/file"],
        ["--messages", "2", "--edit"],
        ["--callback", "none"],
    ],
)
def test_wrong_use_is_one_message(arguments):
    done = send("http://127.0.0.1:9/", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr


@pytest.mark.parametrize("more", [(), ("--messages", "2")])
def test_callback_that_requires_a_signature_is_withheld_without_a_scheme(more):
    seen = []
    signed = next(c for c in CONTRACT.callbacks if any(h.required and h.signature for h in c.headers))
    with raw_server(lambda connection, request: (seen.append(request), connection.sendall(answer()))) as url:
        done = send(url, "--callback", signed.name, *more)
        (name,) = [header.name for header in signed.headers if header.required and header.signature]
        by_hand = send(url, "--callback", signed.name, "-H", f"{name}: made by hand")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"nothing was sent: {signed.name} requires a signature in {name}" in done.stderr
    assert "--signature SCHEME" in done.stderr
    assert (by_hand.returncode, len(seen)) == (0, 1)


def test_illustrative_example_is_never_sent():
    name = next(e.name for e in CALLBACK.examples if e.illustrative)
    with pytest.raises(KitError, match="illustrative"):
        Composer(CALLBACK, example=name)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (lambda free, text: f"{free[:-1]}.x=1", "Did you mean"),
        (lambda free, text: f"{free}.no.x=1", "has no member 'no'"),
        (lambda free, text: f"{text}.x=1", "is a text"),
        (lambda free, text: "no.x=1", "the body has no member 'no'"),
    ],
)
def test_place_that_is_not_there_is_one_clear_error(way, said):
    free = next(m.pointer[1:] for m in CALLBACK.members if m.is_free_map)
    done = send("http://127.0.0.1:9/", "--set", way(free, FACTS.state[1:]))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert said in done.stderr


def test_credentials_without_a_colon_are_refused_and_not_repeated():
    done = send("http://127.0.0.1:9/", "--auth", "hush")
    assert (done.returncode, "--auth" in done.stderr, "hush" in done.stderr) == (2, True, False)


def test_answer_that_asked_to_wait_is_counted():
    made, _ = went(
        lambda seen: answer("429 Too Many Requests", b"", "Retry-After: 0") if len(seen) == 1 else answer(), messages=1
    )
    assert (made.tally.answers["429"], made.tally.waits) == (1, 1)
