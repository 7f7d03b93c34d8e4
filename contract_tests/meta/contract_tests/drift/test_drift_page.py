"""Page of a drift report: it holds both languages, keeps its size, and shows a stranger's text as text."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.drift.command import drift
from callback_contract.contract_tests.drift.observing import observe
from callback_contract.contract_tests.drift.page import drift_html
from callback_contract.contract_tests.meta.contract_tests.drift.planted import CALLBACK, CONTRACT, planted, written
from callback_contract.contract_tests.meta.support.browser import chromium
from callback_contract.contract_tests.meta.support.made_reports import HOSTILE
from callback_contract.contract_tests.meta.support.processes import invoke

VALUE = CALLBACK.delivered_examples[0].value


def page(tmp_path, *more, known=frozenset()):
    traffic = [{"headers": {"X-" + HOSTILE: HOSTILE}, "body": VALUE | each} for each in more]
    return drift_html(observe([written(tmp_path / "t.jsonl", [*planted(20), *traffic])], CONTRACT, known))


def test_strangers_text_is_text(tmp_path):
    told = page(tmp_path, {HOSTILE: HOSTILE, "status": HOSTILE})
    assert told.count("<script") == 1 and "&lt;script&gt;document.title" in told
    assert not any(sign in told for sign in "\u202e\x1b\x00")


def test_page_holds_both_languages(tmp_path):
    told = page(tmp_path)
    assert "/callee is required and was missing" in told and "/callee 是必需的，却缺失" in told


def test_page_of_very_different_traffic_can_be_forwarded(tmp_path):
    told = page(
        tmp_path, *({f"{number}{'é' * 300}": number for number in range(100 * n, 100 * n + 100)} for n in range(5))
    )
    assert len(told.encode()) < 400_000 and "more are in the report as JSON" in told


def test_command_prints_the_page(tmp_path):
    ran = invoke(drift, [written(tmp_path / "t.jsonl", planted(20)), "--format", "html"])
    assert ran.exit_code == 0 and ran.output.startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_rows_are_filtered_and_nothing_of_a_stranger_runs(tmp_path):
    (file := tmp_path / "drift.html").write_text(
        page(tmp_path, {HOSTILE: 1}, known={f"{CALLBACK.name} missing /callee"}), "utf-8"
    )
    with chromium() as browser:
        opened = browser.new_page()
        opened.goto(file.as_uri() + "#lang=zh")
        rows = opened.locator("[data-row]:visible")
        total = rows.count()
        opened.locator("#filter").fill("/callee")
        assert rows.count() == 1 and opened.locator("#count").inner_text() == "1"
        opened.locator("#only-new").click()
        assert rows.count() == 0
        opened.locator("#filter").fill("")
        assert rows.count() == total - 1 and opened.title().startswith("流量与")
