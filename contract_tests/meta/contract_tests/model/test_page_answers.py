"""Pages for people: HTML that the contract does not document is one, XML and documented HTML are none."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.meta.support.foreign import contract_of
from callback_contract.contract_tests.model.pages import challenger, is_page
from callback_contract.mock_server.wire.delivery import Response

HTML = "text/html; charset=utf-8"


def answered(body, media_type=HTML, status=200, **headers):
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, "", (("Content-Type", media_type), *named), body.encode())


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ("<!doctype html><title>Sign in</title>", "application/json"),
        ("\ufeff \n<HTML>", "text/plain"),
        ("<p>Welcome", HTML),
        ("ok <b>then</b>", HTML),
        ("<!-- made by us --><div>", HTML),
        ("<my-app></my-app>", HTML),
        ('<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "d"><html/>', "application/xhtml+xml"),
    ],
)
def test_html_is_a_page(body, media_type):
    assert answered(body, media_type).is_html


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ('<?xml version="1.0" encoding="UTF-8"?><Response />', HTML),
        ("<Response><Message>a &lt;b></Message></Response>", HTML),
        ("<!-- TwiML -->\n<response/>", HTML),
        ('<?xml version="1.0"?>\n<p/>', HTML),
        ("<soap:Envelope/>", HTML),
        ("ok", HTML),
        ("", HTML),
        ("<p>", "text/plain"),
        ("{}", "application/json"),
    ],
)
def test_xml_and_plain_text_are_no_page(body, media_type):
    assert not answered(body, media_type).is_html


@pytest.mark.parametrize("documented", ["text/html", "text/*", "Text/HTML; charset=utf-8"])
def test_documented_html_is_no_page(tmp_path, documented):
    contract = contract_of(tmp_path, answers={"200": {"description": "", "content": {documented: {}}}})
    assert not is_page(answered("<p>ok"), contract.callbacks[0])


def test_html_beside_a_documented_type_is_a_page(tmp_path):
    contract = contract_of(tmp_path, answers={"200": {"description": "", "content": {"text/xml": {}}}})
    assert is_page(answered("<p>ok"), contract.callbacks[0])
    assert is_page(answered("<p>ok"), contract_of(tmp_path).callbacks[0])


@pytest.mark.parametrize(
    ("answer", "who"),
    [
        (answered("<html>", status=403, cf_mitigated="challenge"), "Cloudflare"),
        (answered("<!doctype html><script>window._cf_chl_opt={}</script>", status=503), "Cloudflare"),
        (answered("", status=202, x_amzn_waf_action="Challenge"), "AWS WAF"),
        (answered('<html><script src="/_Incapsula_Resource?x">'), "Imperva"),
    ],
)
def test_challenge_is_called_by_its_maker(answer, who):
    assert challenger(answer) == who


@pytest.mark.parametrize(
    "answer", [answered('{"a":"_cf_chl_opt"}', "application/json"), answered("<html>"), answered("", cf_mitigated="no")]
)
def test_other_answer_is_no_challenge(answer):
    assert challenger(answer) == ""
