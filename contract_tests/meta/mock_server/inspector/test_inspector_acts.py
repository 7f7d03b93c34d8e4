"""The inspector in a real browser, where it writes, edits, compares, exports and deletes."""

from __future__ import annotations

import json

import pytest

from callback_contract.contract_tests.meta.mock_server.inspector.test_inspector_page import browser, live, show
from callback_contract.contract_tests.meta.support.browser import axe_violations, poor_contrasts
from callback_contract.contract_tests.meta.support.inspecting import body, inspecting

__all__ = ["browser", "show"]  # fixtures
pytestmark = pytest.mark.slow  # a browser takes its time
ROW = "#scroller [role=option]"


@pytest.fixture
def mock():
    with inspecting() as started:
        for status in ("wait", "send"):
            started.post(body(status=status))
        yield started


def test_any_state_is_written_and_sent_to_the_mock(show, mock):
    page = live(show(mock))
    page.keyboard.press("c")
    page.locator("#composer[open]").wait_for()
    page.locator("#composer [name=state]").select_option("read")
    page.wait_for_function("document.querySelector('#composer [name=body]').value.includes('\"read\"')")
    page.locator("#composer-send").click()
    page.locator("#composer-answer .good").wait_for()
    page.keyboard.press("Escape")
    page.locator("#row-3", has_text="read").wait_for()
    assert page.said == []


def test_delivery_that_came_is_edited_and_sent(show, mock):
    page = live(show(mock, "#1"))
    page.locator("#edit").click()
    field = page.locator("#composer [name=body]")
    assert json.loads(field.input_value())["status"] == "wait"
    field.fill('{"a": 1}')
    page.locator("#composer-send").click()
    page.locator("#composer-answer .bad").wait_for()
    assert mock.ask("deliveries/3/body").body == b'{"a": 1}'


def test_two_deliveries_are_compared_member_by_member(show, mock):
    mock.post(body(status="send", extra=1))
    page = live(show(mock, "#3"))
    page.locator("#tab-compare").click()
    page.locator(".compared .more", has_text="/extra").wait_for()
    assert page.locator("#compare-with").input_value() == "2"
    page.locator("#compare-with").fill("1")
    page.keyboard.press("Enter")
    page.locator(".compared .other", has_text="/status").wait_for()
    assert '"wait"' in page.locator(".compared .other", has_text="/status").inner_text()


def test_what_is_filtered_is_saved(show, mock, tmp_path):
    page = live(show(mock))
    page.locator("#filter-state").select_option("send")
    page.locator("#listed", has_text="1 listed").wait_for()
    with page.expect_download() as saving:
        page.locator("#export").select_option("jsonl")
    saving.value.save_as(tmp_path / "saved")
    (line,) = (tmp_path / "saved").read_text("utf-8").splitlines()
    assert json.loads(json.loads(line)["body"])["status"] == "send"


def test_deliveries_are_deleted_only_after_a_question(show, mock):
    page = live(show(mock, "#1"))
    page.locator("#delete").click()
    page.locator("#ask button", has_text="Keep").click()
    assert page.locator(ROW).count() == 2
    page.locator("#delete").click()
    page.locator("#sure").click()
    page.wait_for_function("document.querySelectorAll('#scroller [role=option]').length === 1")
    page.locator("#delete-all").click()
    page.locator("#sure").click()
    page.locator("#empty").wait_for()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_dialogs_are_accessible_and_fit(show, mock, width, theme):
    page = live(show(mock, "#2", width=width, color_scheme=theme, bypass_csp=True))
    page.locator("#tab-compare").click()
    page.locator(".compared").wait_for()
    assert axe_violations(page) == {}
    page.locator("#edit").click()
    page.locator("#composer[open]").wait_for()
    assert axe_violations(page) == {} and poor_contrasts(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('#composer'))")
