"""Measurements in a report: latency and bursts beside the verdicts, and nothing confidential."""

from __future__ import annotations

import copy
import ctypes
import json
import time
from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.reporting.model.measures import EDGES_S, latency
from callback_contract.contract_tests.reporting.model.pointed import masked
from callback_contract.contract_tests.reporting.model.redaction import Redaction, checked_pointers, said
from callback_contract.contract_tests.reporting.model.stable import stable
from callback_contract.contract_tests.runner.scheduling import cpu_contention as measuring
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Framing, Response
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, joined, text_of

RUN = Run("0badcafe", datetime(2026, 1, 1, tzinfo=UTC))


def exchange(elapsed_s, *, framing=None, answer=True):
    came = Response(200, "OK", (), b"") if answer else None
    return Exchange(Delivery("c", "POST", (), b"{}", framing or Framing()), came, "", "", elapsed_s)


def test_latency_counts_each_answer_in_one_bucket():
    told = latency([exchange(s) for s in (0.0005, 0.001, 0.003, 99.0)])
    counts = {bucket["up_to_s"]: bucket["count"] for bucket in told["histogram"]}
    assert (counts[0.001], counts[0.005], counts[None], sum(counts.values())) == (2, 1, 1, told["count"])
    assert list(counts) == [*EDGES_S, None]


def test_latency_leaves_out_what_the_kit_itself_made_slow_and_what_had_no_answer():
    told = latency([exchange(0.1), exchange(3.0, framing=Framing(pause_s=1)), exchange(30.0, answer=False)])
    assert (told["count"], told["no_answer"], told["max_s"]) == (1, 1, 0.1)


def test_latency_of_nothing_is_null():
    assert latency([])["median_s"] is None


def test_percentiles_are_nearest_ranks():
    told = latency([exchange(number / 1000) for number in range(1, 101)])
    assert (told["p95_s"], told["p99_s"], told["max_s"]) == (0.095, 0.099, 0.1)


@pytest.mark.parametrize(
    ("text", "pointers", "shown"),
    [
        ('{"a": "x", "b": 1}', ["/a"], '{"a": "***", "b": 1}'),
        ('{"a":{"b":[1,{"c":"x"}]}}', ["/a/b/1/c"], '{"a":{"b":[1,{"c":"***"}]}}'),
        ('{"a":{"b":"x"},"c":2}', ["/a"], '{"a":"***","c":2}'),
        ('{"a":"one","a":"two"}', ["/a"], '{"a":"***","a":"***"}'),
        ('{"\\u0061":"x"}', ["/a"], '{"\\u0061":"***"}'),
        ('{"a":"cut in the midd', ["/a"], '{"a":"***"'),
        ('{"a":{"b":"cut', ["/a"], '{"a":"***"'),
        ('{"a":NaN}', ["/a"], '{"a":"***"}'),
        ('{"b":{"a":"kept"}}', ["/a"], '{"b":{"a":"kept"}}'),
        ('{"a/b":{"~":"x"}}', ["/a~1b/~0"], '{"a/b":{"~":"***"}}'),
        ('[{"a":"x"},{"a":"y"}]', ["/1/a"], '[{"a":"x"},{"a":"***"}]'),
        ('{"a":"x"}{"a":"y"}', ["/a"], '{"a":"***"}{"a":"***"}'),
        ("no JSON at all", ["/a"], "no JSON at all"),
        ('{"a":"x \\" , \\"b\\": y","b":"z"}', ["/b"], '{"a":"x \\" , \\"b\\": y","b":"***"}'),
    ],
)
def test_value_at_a_pointer_is_masked_in_any_text(text, pointers, shown):
    assert masked(text, pointers) == shown


def test_deep_nesting_is_masked_without_an_end_of_the_stack():
    assert masked('{"a":' + "[" * 100_000, ["/a"]) == '{"a":"***"'


def test_value_at_a_pointer_is_redacted_wherever_it_is_quoted():
    redaction = Redaction.of([], RUN, ("/name",)).knowing([b'{"name":"Ada Lovelace"}'])
    assert Redaction.of([], RUN, ("/a",)).knowing([b'{"a":{"nickname":["Countess"]}}']).values == ("Countess",)
    assert redaction.text("it stored Ada Lovelace") == "it stored ***"
    assert redaction.received(b"<p>Ada Lovelace 0badcafe</p>") == b"<p>*** {run}</p>"


DEVIATION = Text("actual.other-value", pointer="/person/name", was='"Ada"', now='"Eve"')
FROM = Text("actual.other-from", what=DEVIATION, pointer="/person/name", at=2, was='"da"', now='"ve"')


@pytest.mark.parametrize("pointer", ["/person/name", "/person", "/person/name/first"])
@pytest.mark.parametrize("text", [FROM, joined(["it fell silent", FROM])])
def test_value_that_a_sentence_quotes_of_a_pointer_is_redacted(pointer, text):
    shown = Redaction.of([], RUN, (pointer,)).said(actual=text)
    assert shown["actual"].endswith("/person/name is *** instead of ***, from character 2 on: *** instead of ***")
    assert "da" not in json.dumps(shown) and "ve" not in text_of(shown["texts"]["actual"]).in_language("zh")


@pytest.mark.parametrize("pointer", ["/person/names", "/name", "/person/surname", "/0"])
def test_value_at_another_pointer_stays(pointer):
    assert Redaction.of([], RUN, (pointer,)).words(FROM) == FROM


@pytest.mark.parametrize("pointer", ["name", "", "#/name"])
def test_redact_refuses_what_is_no_pointer_to_a_member(pointer):
    with pytest.raises(KitError) as caught:
        checked_pointers([pointer])
    assert caught.value.where == "--redact"


def test_stable_changes_no_report():
    report = {"run": {"id": "x", "seed": 0}, "rules": [{"reason": "took 3.2 s", "duration_s": 1, "findings": []}]}
    before = copy.deepcopy(report)
    assert stable(report) == {"run": {"seed": 0}, "rules": [{"reason": "took # s", "findings": []}]}
    assert report == before
    json.dumps(stable(report))


def test_stable_keeps_what_a_sentence_was_made_of_but_for_what_was_measured():
    found = [said(actual=Text("actual.days-left", days=days)) for days in (3.25, 3.5)]
    first, second = (stable({"rules": [{"findings": [finding]}]}) for finding in found)
    assert first == second
    assert first["rules"][0]["findings"] == [
        {"texts": {"actual": {"key": "actual.days-left", "arguments": {"days": "#"}}}}
    ]


@pytest.mark.parametrize(("took_s", "times"), [(0.01, 1.0), (0.036, 1.0), (0.06, 2.0), (9.0, 3.0)])
def test_times_are_stretched_by_what_a_busy_machine_withholds(monkeypatch, took_s, times):
    work, wall = iter([0.0, 0.03]), iter([0.0, took_s])
    monkeypatch.setattr(measuring.time, "thread_time", lambda: next(work))
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: next(wall))
    assert measuring.slowdown_factor() == pytest.approx(times)


def test_time_that_a_process_is_not_let_run_is_known():
    with measuring.Withheld() as withheld:
        time.sleep(0.05)
    assert withheld.longest_s < 0.25  # nobody is kept from running for as long as a burst may take
    with measuring.Withheld() as withheld:
        time.sleep(0.05)
        ctypes.PyDLL(None).usleep(300_000)  # holds the interpreter's lock: no other thread runs
        time.sleep(0.05)
    assert withheld.longest_s > 0.2
