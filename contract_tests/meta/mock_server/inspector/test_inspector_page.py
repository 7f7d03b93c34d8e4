"""Inspector page in a real browser, with hostile deliveries."""

from __future__ import annotations

import json
import re

import pytest

from callback_contract.contract_tests.meta.support.browser import axe_violations, chromium, poor_contrasts
from callback_contract.contract_tests.meta.support.inspecting import GOOD, body, inspecting
from callback_contract.mock_server.receiver.guard import Guard

pytestmark = pytest.mark.slow  # a browser takes its time

TOKEN = "a-token-of-enough-characters"
MARKUP = '</script><img src=/x onerror="owned=1"><svg onload=owned=1>\'"`${owned=1}<a href=javascript:owned=1>'
ROW = "#scroller [role=option]"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def mock():
    with inspecting() as started:
        yield started


@pytest.fixture
def show(browser):
    contexts = []

    def opened(mock, fragment="", *, width=1280, **more):
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **{"locale": "en-US", **more}))
        page = contexts[-1].new_page()
        page.said, page.asked_for = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: page.said.append(dialog.message))
        page.on("request", lambda request: page.asked_for.append(request.url))
        page.goto(mock.page + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()


def live(page):
    page.locator("#connection[data-state=live]").wait_for()
    return page


def test_deliveries_arrive_live(show, mock):
    page = live(show(mock))
    assert "Nothing came yet" in page.locator("#empty").inner_text()
    mock.post(body(status="read"))
    page.locator(ROW, has_text="read").wait_for()
    mock.post(body(status="replied"))
    page.locator(ROW, has_text="replied").wait_for()
    assert page.locator(ROW).first.inner_text().split() == page.locator("#row-2").inner_text().split()
    page.locator("#counts button", has_text="2 All").wait_for()
    assert page.said == []


def test_paused_page_stays_as_it_is_until_it_goes_on(show, mock):
    page = live(show(mock))
    page.locator("#pause").click()
    mock.post(body())
    page.wait_for_timeout(600)
    assert page.locator(ROW).count() == 0
    page.locator("#pause").click()
    page.locator(ROW).wait_for()


def test_newest_delivery_is_shown_before_one_is_chosen_and_none_on_a_phone(show, mock):
    mock.post(body(status="wait"))
    mock.post(body(status="read"))
    page = live(show(mock))
    page.locator("h2", has_text="#2 read").wait_for()
    assert page.locator("#row-2").get_attribute("aria-selected") == "true"
    assert "#" not in page.url
    page.keyboard.press("Escape")
    page.locator(".nothing").wait_for()
    narrow = live(show(mock, width=390))
    narrow.locator("#row-2").wait_for()
    assert not narrow.locator("#detail").is_visible()


def test_followed_page_shows_each_delivery_until_another_is_chosen(show, mock):
    mock.post(body(status="wait"))
    page = live(show(mock))
    page.locator("#row-1").wait_for()
    page.keyboard.press("f")
    mock.post(body(status="send"))
    page.locator("h2", has_text="#2 send").wait_for()
    page.locator("#row-1").click()
    page.locator("h2", has_text="#1 wait").wait_for()
    assert page.locator("#follow").get_attribute("aria-pressed") == "false"
    mock.post(body(status="read"))
    page.locator("#row-3").wait_for()
    assert page.url.endswith("#1")


def test_list_is_filtered_and_goes_on_live(show, mock):
    mock.post(body(msg_id="ca11bac402"))
    mock.post(b'{"name": "\\u674e"}')
    page = live(show(mock))
    page.locator("#filter-verdict").select_option("refused")
    page.locator("#row-1").wait_for(state="detached")
    page.locator("#filter-text").fill("李")
    assert page.locator(ROW).count() == 1
    mock.post(body())
    mock.post(b'{"name": "\xe6\x9d\x8e"}')
    page.locator("#row-4").wait_for()
    assert page.locator("#row-3").count() == 0
    page.locator("#clear").click()
    page.locator("#row-1").wait_for()
    assert page.locator(ROW).count() == 4


def test_number_filters_by_what_it_counts(show, mock):
    mock.post(body())
    mock.post(body())
    page = show(mock)
    page.locator("#counts button", has_text="duplicate").click()
    page.locator("#row-1").wait_for(state="detached")
    assert page.locator("#filter-marked").input_value() == "duplicate"


def test_violation_is_marked_where_it_is(show, mock):
    mock.post(body(timestamp="x", variables={"a": "b"}))
    page = show(mock, "#1")
    page.locator(".json").wait_for()
    assert page.locator(".code.bad").count() == 1
    assert page.locator(".code.bad").inner_text().split("\n")[-1].endswith("'x' is not of type 'integer'")
    assert '"timestamp"' in page.locator(".code.bad").inner_text()
    assert page.locator(".code").count() == len(json.dumps({**GOOD, "variables": {"a": "b"}}, indent=1).split("\n"))


def test_what_is_missing_is_marked_where_it_should_be(show, mock):
    mock.post(json.dumps({name: value for name, value in GOOD.items() if name != "callee"}).encode())
    page = show(mock, "#1")
    page.locator(".json").wait_for()
    assert page.locator(".code.bad").count() == 1
    assert "'callee' is a required property" in page.locator(".code").first.inner_text()


def test_text_keeps_its_spelling(show, mock):
    sent = b'{"a":1.10E+2,"a":12345678901234567890,"\\u0062":"\\ud83d\\ude00","c":[],"d":{},"e":[{}, [[]], null]}'
    mock.post(sent)
    page = show(mock, "#1")
    page.locator(".json").wait_for()
    shown = page.evaluate("[...document.querySelectorAll('.json [class^=t-]')].map(e => e.textContent).join('')")
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", sent.decode())


@pytest.mark.parametrize(
    ("content", "tab", "marked"), [(b'{"\xf0\x9f\x98\x80": tru}', "body", "t"), (b'{"a": "\xc3("}', "bytes", "c3")]
)
def test_place_at_which_a_body_stops_being_json_is_marked(show, mock, content, tab, marked):
    mock.post(content)
    page = show(mock, "#1")
    page.locator(f"#tab-{tab}").click()
    assert page.locator("#panel mark").inner_text() == marked


def test_novelty_is_marked_where_it_is(show, mock):
    mock.post(body(status="archived"))
    page = show(mock, "#1")
    assert "unknown value" in page.locator(".code.new", has_text='"status"').inner_text()


@pytest.mark.parametrize("content", [b"[" * 50_000 + b"]" * 50_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000])
def test_body_that_only_nests_can_be_looked_at(show, mock, content):
    mock.post(content)
    page = show(mock, "#1")
    page.locator(".json button", has_text="Show more").wait_for()
    assert page.locator(".code.bad").first.inner_text().endswith("nests too deeply")


def test_novelty_that_occurs_a_thousand_times_is_told_once(show, mock):
    mock.post(body(variables={f"k{n}": n for n in range(1000)}))
    page = show(mock, "#1")
    page.locator(".json").wait_for()
    assert page.locator(".code.new .note").count() == page.locator(".found li").count() == 1


def test_life_shows_what_came_twice_and_what_came_late(show, mock):
    for status in ("wait", "read", "read", "send"):
        mock.post(body(status=status))
    page = show(mock, "#1")
    page.locator("#tab-life").click()
    assert page.locator(".step").count() == page.locator(".chart .dot").count() == 4
    assert "duplicate" in page.locator(".step.repeated").inner_text()
    assert "late" in page.locator(".step.late").inner_text()
    assert page.locator(".chart .point.again").count() == page.locator(".chart .point.late").count() == 1
    mock.post(body(status="replied"))
    page.locator(".step").nth(4).wait_for()
    page.locator(".step button").nth(3).click()
    page.locator("h2", has_text="#4 send").wait_for()


def test_delivery_is_sent_again_to_the_given_url(show):
    with inspecting() as other, inspecting(forward_to=other.url) as mock:
        mock.post(body())
        page = live(show(mock, "#1"))
        page.locator("#send").click()
        page.locator(".answer.good").wait_for()
        assert "200 OK" in page.locator(".answer").inner_text()
        assert other.ask("deliveries/1/body").body == body()


def test_without_a_url_the_page_says_how_to_give_one(show, mock):
    mock.post(body())
    page = show(mock, "#1")
    page.locator("#send").wait_for()
    assert page.locator("#send").is_disabled()
    assert "--forward-to" in page.locator(".actions").inner_text()


def hostile(mock):
    everywhere = body(msg_id=MARKUP, status=MARKUP, workflow_name=MARKUP, variables={MARKUP: MARKUP})
    mock.post(everywhere, ("X-A", MARKUP), path="/" + MARKUP.replace(" ", "%20"))
    mock.post(json.dumps({MARKUP: MARKUP, "msg_id": MARKUP, "status": "__proto__", "timestamp": MARKUP}).encode())
    mock.post(MARKUP.encode())
    mock.post(body(workflow_name="a\u202egnp.exe\u0085\u200b\ufeff", msg_id="__proto__", status="constructor"))


def test_hostile_deliveries_stay_text_wherever_they_are_shown(show):
    with inspecting() as other, inspecting(forward_to=other.url) as mock:
        hostile(mock)
        page = live(show(mock))
        for id in ("1", "2", "3", "4"):
            page.locator(f"#row-{id}").click()
            page.locator("h2", has_text=f"#{id} ").wait_for()
            for tab in ("body", "life", "headers", "answer", "bytes"):
                page.locator(f"#tab-{tab}").click()
            page.locator("#send").click()
            page.locator("#answers .answer").first.wait_for()
            page.locator("#language").click()
        assert page.said == []
        assert page.evaluate("typeof owned") == "undefined"
        foreign = "img, iframe, object, embed, base, script:not(head script), main a, main svg:not(.chart), main script"
        assert page.locator(foreign).count() == 0
        assert page.evaluate(
            "[...document.querySelectorAll('*')].every(e => !e.getAttributeNames().some(n => /^on/.test(n)))"
        )
        assert {url for url in page.asked_for if not url.startswith(mock.page)} == set()


def test_what_cannot_be_seen_is_written_out(show, mock):
    hostile(mock)
    page = show(mock, "#4")
    page.locator(".json").wait_for()
    assert "a⟨U+202E⟩gnp.exe⟨U+0085⟩⟨U+200B⟩⟨U+FEFF⟩" in page.locator(".json").inner_text()


def test_policy_lets_no_markup_in(show, mock):
    page = show(mock)
    assert (
        page.evaluate("() => { try { document.body.innerHTML = '<b>x</b>'; } catch (e) { return e.name; } }")
        == "TypeError"
    )


def test_beyond_loopback_the_page_asks_for_the_token(show):
    with inspecting(guard=Guard(loopback=False, token=TOKEN)) as mock:
        mock.post(body())
        page = show(mock)
        page.locator("#token").fill("wrong")
        page.keyboard.press("Enter")
        page.locator("dialog .bad").wait_for()
        assert page.locator(ROW).count() == 0
        page.locator("#token").fill(TOKEN)
        page.keyboard.press("Enter")
        live(page).locator(ROW).wait_for()


def test_token_is_taken_out_of_the_address(show):
    with inspecting(guard=Guard(loopback=False, token=TOKEN)) as mock:
        mock.post(body())
        page = live(show(mock, f"#token={TOKEN}"))
        page.locator(ROW).wait_for()
        assert TOKEN not in page.url
        page.reload()
        live(page).locator(ROW).wait_for()
        assert not any(TOKEN in url for url in page.asked_for[1:])


def test_key_that_moves_in_the_list_takes_the_focus_there_from_a_filter_that_was_pressed(show, mock):
    mock.post(body())
    mock.post(body())
    page = live(show(mock))
    page.locator("#row-2").wait_for()
    page.locator(".chip").first.click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("h2", has_text="#2").wait_for()


def test_page_is_worked_by_keyboard(show, mock):
    for status in ("wait", "send", "read"):
        mock.post(body(status=status))
    page = live(show(mock))
    page.locator("#row-3").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "scroller"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator("#scroller").get_attribute("aria-activedescendant") == "row-2"
    page.keyboard.press("Enter")
    page.locator("h2", has_text="#2 send").wait_for()
    page.locator("#detail:focus").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("[role=tab][aria-selected=true]").get_attribute("id") == "tab-life"
    page.keyboard.press("j")
    page.locator("h2", has_text="#1 wait").wait_for()
    page.keyboard.press("Escape")
    page.locator(".nothing").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("read")
    page.locator("#row-1").wait_for(state="detached")
    page.keyboard.press("Escape")
    page.locator("#row-1").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()
    assert page.said == []


def test_focus_can_be_seen(show, mock):
    mock.post(body())
    page = live(show(mock))
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_thousands_of_deliveries_are_listed_by_few_elements(show, mock):
    for _ in range(1200):
        mock.receiver.answer(received(body()))
    page = live(show(mock))
    page.locator("#row-1200").wait_for()
    page.locator("#scroller").focus()
    for _ in range(15):
        page.keyboard.press("End")
        page.wait_for_timeout(50)
        if page.locator("#row-1").count():
            break
    page.locator("#row-1").wait_for()
    assert page.locator(ROW).count() < 60
    mock.post(body())
    page.locator("#new", has_text="1 new").click()
    page.locator("#row-1201").wait_for()


def test_burst_is_shown_as_one_and_fetched_when_somebody_looks(show, mock):
    for _ in range(60):
        mock.receiver.answer(received(body()))
    page = live(show(mock))
    page.locator("#row-60").wait_for()
    page.locator("#scroller").evaluate("e => { e.scrollTop = 1000 }")
    page.locator("#pause").click()  # it looks once, after all have come: while they come it may see them in parts
    for _ in range(300):
        mock.receiver.answer(received(body()))
    page.locator("#pause").click()
    page.locator("#new", has_text="many new").click()
    page.locator("#row-360").wait_for()
    assert page.locator("#new").is_hidden()


def received(content):
    from callback_contract.mock_server.receiver.receiver import Request

    return Request("POST", "/", [(b"content-type", b"application/json")], content)


def test_list_begins_anew_with_a_mock_that_was_started_anew(show, mock):
    for _ in range(3):
        mock.post(body())
    page = live(show(mock))
    page.locator("#row-3").wait_for()
    with inspecting() as another:
        another.post(body(status="read"))
        mock.receiver.pages = another.receiver.pages
        page.reload()
        page.locator("#row-1", has_text="read").wait_for()
        assert page.locator(ROW).count() == 1


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_page_fits_its_window(show, mock, locale):
    hostile(mock)
    page = live(show(mock, locale=locale))
    page.locator("#row-2").click()
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for tab in ("body", "life", "headers", "answer", "bytes"):
            page.locator(f"#tab-{tab}").click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("(d => d.scrollWidth - d.clientWidth)(document.getElementById('detail'))") <= 0
        page.keyboard.press("Escape")
        page.locator("#row-2").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("#row-2").click()


def test_phone_shows_one_thing_at_a_time(show, mock):
    mock.post(body())
    page = live(show(mock, width=390))
    page.locator("#row-1").click()
    page.locator("#detail").wait_for()
    page.go_back()
    page.locator("#detail").wait_for(state="hidden")


def test_language_is_the_browsers_until_another_is_chosen(show, mock):
    page = show(mock, locale="zh-CN")
    assert page.locator("h1").inner_text() == "投递查看器"
    page.locator("#language").click()
    assert page.locator("h1").inner_text() == "Inspector"
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    assert page.locator("h1").inner_text() == "Inspector"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_enough_contrast(show, scheme):
    with inspecting() as other, inspecting(forward_to=other.url) as mock:
        for content in (body(), body(), body(status="archived"), b'{"a": tru', body(timestamp="x")):
            mock.post(content)
        page = live(show(mock, color_scheme=scheme, reduced_motion="reduce"))
        for id in (3, 4, 5, 2):
            page.locator(f"#row-{id}").click()
            page.locator("h2", has_text=f"#{id} ").wait_for()
            for tab in ("body", "headers", "life"):
                page.locator(f"#tab-{tab}").click()
                assert poor_contrasts(page, besides="svg, svg *, :disabled") == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "light"), (1280, "dark")])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_axe_finds_no_violation_and_nothing_leaves_the_page(show, width, scheme, locale):
    with inspecting() as mock:
        for content in (body(), body(), body(status="archived"), b'{"a": tru', body(timestamp="x")):
            mock.post(content)
        page = live(show(mock, width=width, color_scheme=scheme, locale=locale, bypass_csp=True))
        page.locator("#row-5").wait_for()
        found = {"list": axe_violations(page)}
        tabs = {2: ("headers", "answer", "life"), 4: ("body", "bytes"), 5: ("body",)}
        for id, shown in tabs.items():
            page.locator(f"#row-{id}").click()
            page.locator("h2", has_text=f"#{id} ").wait_for()
            for tab in shown:
                page.locator(f"#tab-{tab}").click()
                found[f"{id} {tab}"] = axe_violations(page)
            page.keyboard.press("Escape")
            page.locator(f"#row-{id}").wait_for()
        assert {where: what for where, what in found.items() if what} == {}
        assert page.said == []
        assert {url for url in page.asked_for if not url.startswith(mock.page)} == set()
