"""Mistakes of real receivers, planted in receivers of three frameworks, are found; without one they are clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import missing_means, running
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.receivers import Receiver
from callback_contract.mock_server.client.sender import NO_ANSWER_S, Access, Pace, Sender
from callback_contract.openapi.text.errors import KitError

pytestmark = pytest.mark.slow

_FOLDER = Path(__file__).parents[2] / "mistakes"
_PYTHON = ("{python}", "{file}")

SUBJECTS = {
    "flask": Receiver("flask", str(_FOLDER / "flask_mistakes.py"), "Python", "Flask", ("flask",), _PYTHON),
    "fastapi": Receiver(
        "fastapi", str(_FOLDER / "fastapi_mistakes.py"), "Python", "FastAPI", ("fastapi", "uvicorn"), _PYTHON
    ),
    "express": Receiver(
        "express",
        str(_FOLDER / "express_mistakes.js"),
        "JavaScript",
        "Express",
        ("express",),
        ("node", "{file}"),
        tool="node",
    ),
}

# Each mistake with the rule that has to be among the broken ones; empty where chance decides which rule meets it.
MISTAKES = {
    "flask": {
        "absent_variable": "DAT-10",
        "ascii_body": "DAT-01",
        "ascii_log": "DAT-01",
        "conflict": "IDM-01",
        "content_length": "WIRE-10",
        "exact_media_type": "WIRE-01",
        "fromtimestamp": "PAY-31",
        "integer_column": "PAY-25",
        "lock_kept": "LIVE-01",  # it hangs for good, so no suspect can be played again
        "mail_on_failure": "ACK-05",
        "locked_database": "LOD-01",
        "null_variables": "PAY-19",
        "phone_as_integer": "PAY-31",
        "phone_pattern": "DAT-08",
        "status_table": "FWD-04",
        "strptime": "PAY-31",
        "surrogates": "PAY-27",
        "template_variable": "ACK-04",
        "three_byte_name": "DAT-02",
    },
    "fastapi": {
        "agent_version": "WIRE-11",
        "content_length": "WIRE-10",
        "debug_page": "SEC-01",
        "extra_forbid": "FWD-01",
        "literal_status": "FWD-05",
        "milliseconds_guess": "PAY-25",
        "model_parameter": "PAY-13",
        "naive_time": "PAY-31",
        "text_variables": "FWD-07",
        "typed_answer": "FWD-04",
        "uncaught": "PAY-17",
    },
    "express": {
        "any_root": "PAY-15",
        "big_int": "PAY-25",
        "first_piece": "WIRE-16",
        "greeting": "ACK-04",
        "grouped": "DAT-12",
        "header_text": "DAT-01",
        "iso_time": "PAY-31",
        "letter_case": "WIRE-02",
        "small_limit": "WIRE-18",
        "stack_page": "SEC-01",
        "throws_later": "LIVE-01",  # its process ends, and nobody starts it again to play suspects
        "unanswered": "FWD-04",
        "upper_values": "FWD-06",
    },
}

# Mistakes that no rule notices yet, or not the rule that should: strict xfail, so that whoever mends it moves it up.
UNSEEN = {
    ("flask", "csrf_origin"): ("WIRE-20", "the suite sends no Origin: refusing a foreign one is right"),
}

HANGING = {"first_piece", "lock_kept", "unanswered"}
"""Mistakes that leave deliveries without an answer; waiting for each as long as a provider does takes minutes."""


def judged(framework, mistake, depth="standard", seed=0):
    subject = SUBJECTS[framework]
    if lacking := missing_means(subject):
        do_without(lacking)
    contract, catalogue, tests = tools()
    with running(subject, {"MISTAKE": mistake}) as (url, _):
        sender = Sender(Access(url, timeout_s=1 if mistake in HANGING else NO_ANSWER_S), Pace.towards(url))
        run = run_of(contract, catalogue, catalogue.rules, contract.default_callbacks, sender, DEPTHS[depth], seed)
        try:
            return judge_all(run, tests)
        finally:
            run.close()


def broken(results):
    return {rule_id: result.verdict.value for rule_id, result in results.items() if result.broken}


@pytest.mark.parametrize("framework", SUBJECTS)
def test_receiver_without_a_mistake_is_clean(framework):
    assert broken(judged(framework, "")) == {}


@pytest.mark.parametrize(("framework", "mistake"), [(f, m) for f, found in MISTAKES.items() for m in found])
def test_mistake_is_found(framework, mistake):
    found = broken(judged(framework, mistake))
    assert found, "no rule noticed it"
    assert MISTAKES[framework][mistake] in {"", *found}


def unseen(key):
    return pytest.param(*key, marks=pytest.mark.xfail(reason=UNSEEN[key][1], raises=AssertionError))


@pytest.mark.parametrize(("framework", "mistake"), [unseen(key) for key in UNSEEN])
def test_unseen_mistake_is_found(framework, mistake):
    found = broken(judged(framework, mistake))
    expected = UNSEEN[framework, mistake][0]
    assert expected in found if expected else found


def test_csrf_protection_stops_the_run_at_first_contact():
    with pytest.raises(KitError, match="403 Forbidden"):
        judged("flask", "csrf")
