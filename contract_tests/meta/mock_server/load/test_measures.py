"""Measures: they add up over workers, and stay small however long a campaign is."""

from __future__ import annotations

import json
import random

import pytest

from callback_contract.mock_server.load.measures import Histogram, Measures


def test_percentile_is_right_to_a_few_percent():
    seconds = sorted(random.Random(0).lognormvariate(-5, 1) for _ in range(2000))
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    for share in (0.5, 0.95, 0.99):
        assert histogram.percentile(share) == pytest.approx(seconds[int(share * 2000) - 1], rel=0.05)
    assert Histogram().percentile(0.5) == 0


def test_what_two_workers_report_adds_up():
    whole, parts = Measures(), [Measures(), Measures()]
    for number in range(100):
        for each in (whole, parts[number % 2]):
            each.answered("read" if number % 3 else "sent", "200" if number % 5 else "timeout", 0.01, number / 10)
    total = Measures()
    for part in parts:
        total.add(Measures.of(json.loads(json.dumps(part.to_dict()))))
    assert total == whole


def test_course_of_a_long_campaign_stays_small_and_loses_no_delivery():
    total = Measures()
    for second in range(5000):
        one = Measures()
        one.answered("sent", "200", 0.01, second)
        total.add(one)
    assert len(total.course) <= 600
    assert sum(moment.answers.total() for moment in total.course.values()) == total.tries == 5000
    assert max(total.course) * total.stretch_s <= 5000
