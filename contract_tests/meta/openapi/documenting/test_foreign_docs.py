"""Documentation of a foreign contract: its own texts, made inert, and none of the kit's provider."""

from __future__ import annotations

import json
import re

import pytest

from callback_contract.contract_tests.cli.docs_command import docs, proof
from callback_contract.contract_tests.meta.openapi.documenting.test_docs import HOSTILE, Parsed
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.cli.contract_options import contract_of
from callback_contract.openapi.documenting import pages as site_pages
from callback_contract.openapi.documenting.content.links import address
from callback_contract.openapi.documenting.downloads import names
from callback_contract.openapi.documenting.foreign import foreign_pages
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import KitError

BODY = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "description": "Names the order."},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
    },
}


def document(*, said="An order was paid.", name="orderPaid", schema=None, version="3.0.3"):
    """A document of one callback that can be taken and one that cannot."""
    paid = {
        "summary": said,
        "description": said,
        "tags": [said],
        "parameters": [{"name": "X-Event", "in": "header", "description": said, "schema": {"type": "string"}}],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": schema or BODY,
                    "examples": {said: {"summary": said, "value": {"id": said}}, "broken": {"value": {}}},
                }
            }
        },
        "responses": {"202": {"description": said}},
    }
    events = {"{$request.body#/url}": {"post": paid}, "{$request.body#/other}": {"head": {"summary": said}}}
    subscribe = {"post": {"callbacks": {name: events}, "responses": {"200": {"description": ""}}}}
    info = {"title": said, "version": "7", "description": said}
    return {"openapi": version, "info": info, "paths": {"/subscribe": subscribe}}


def pages(file, *, lang=None, only=(), **options):
    """The site of a document, by page."""
    given = {"contract": str(file), "overlay": (), "paths": False, "strict_contract": False, **options}
    files = foreign_pages(given, only, lang, proof(), contract_of)
    return {name: text for name, text in files if name.endswith(".html")}


def test_page_of_a_callback_by_query_says_why_two_samples_are_all(tmp_path):
    form = {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}, "example": {"id": "1"}}
    whole = {"name": "all", "in": "querystring", "content": {"application/x-www-form-urlencoded": form}}
    got = {"get": {"parameters": [whole], "responses": {"200": {"description": ""}}}}
    info = {"title": "t", "version": "1"}
    file = written(tmp_path, {"openapi": "3.2.0", "info": info, "webhooks": {"receipt": got}})
    (page,) = [text for name, text in pages(file, lang="en").items() if "receipt" in name]
    assert "this callback has none" in page and len(re.findall('class="panel" id="send-', page)) == 2


def test_texts_are_the_documents_own_and_of_no_other_provider(tmp_path):
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 9.9\n\nof another project\n")
    site = pages(written(tmp_path, document()))
    page = site["en/callback-orderPaid.html"]
    assert "Names the order." in page and "An order was paid." in page and "HTTP/1.1 202 Accepted" in page
    for name, text in site.items():
        assert not re.search("rudder|waba|whatsapp|of another project", text, re.IGNORECASE), name
    assert not {"en/open.html", "en/changelog.html", "en/receivers.html", "zh/index.html"} & set(site)


def test_links_resolve_and_no_id_stands_twice(tmp_path):
    documents = {f"en/{file}" for file, _ in names(read_contract(written(tmp_path, document())), foreign=True)}
    site = {name: Parsed(text) for name, text in pages(written(tmp_path, document())).items()}
    for name, page in site.items():
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            file, _, place = link.partition("#")
            target = f"{name.rpartition('/')[0]}/{file}".lstrip("/") if file else name
            assert target in documents or (target in site and (not place or place in site[target].ids)), (name, link)


def test_what_is_set_aside_is_listed_with_its_reason(tmp_path):
    page = pages(written(tmp_path, document()))["en/aside.html"]
    assert "no request body: nothing is delivered" in page and "breaks its own schema" in page


def test_markup_in_a_foreign_document_is_inert(tmp_path):
    schema = {"type": "object", "properties": {HOSTILE: {"type": "string", "description": HOSTILE, "enum": [HOSTILE]}}}
    schema["required"] = ["id"]
    schema["description"] = f"{HOSTILE}\n\n<javascript:alert(1)> [y]: javascript:alert(2)\n\n[y] <b onclick=x>"
    site = pages(written(tmp_path, document(said=HOSTILE, name=HOSTILE, schema=schema)))
    assert sum(HOSTILE.partition(" ")[0].replace("<", "&lt;").replace(">", "&gt;") in page for page in site.values())
    for name, text in site.items():
        page = Parsed(text)
        assert not {"img", "b"} & set(page.tags) - ({"b"} if "testing" in name else set()), name
        assert page.tags.count("script") == (1 if name == "index.html" else 3), name
        assert not any(re.match("(javascript|data|vbscript):", link, re.IGNORECASE) for link in page.links), name
        assert not [attribute for _, attribute, _ in page.attributes if attribute.startswith("on")], name
        assert "<!--" not in text, name


def test_language_without_its_texts_is_one_clear_error(tmp_path):
    with pytest.raises(KitError, match="'zh'") as caught:
        pages(written(tmp_path, document()), lang="en,zh")
    assert caught.value.exit_code == 2 and ".zh.overlay.yaml" in caught.value.remedy


@pytest.mark.parametrize("is_given", [True, False], ids=["given", "beside"])
def test_overlay_named_for_a_language_brings_its_texts(tmp_path, is_given):
    target = "$.paths['/subscribe'].post.callbacks.orderPaid['{$request.body#/url}'].post"
    overlay = {"overlay": "1.0.0", "info": {"title": "zh", "version": "1"}}
    overlay["actions"] = [{"target": target, "update": {"summary": "订单已付款"}}]
    name = "texts.zh.overlay.yaml" if is_given else "contract.zh.overlay.yaml"
    file = written(tmp_path, overlay, name)
    site = pages(written(tmp_path, document()), overlay=(str(file),) if is_given else ())
    assert "订单已付款" in site["zh/callback-orderPaid.html"]
    assert "An order was paid." in site["en/callback-orderPaid.html"]
    assert "订单已付款" not in site["en/callback-orderPaid.html"]


def test_what_was_left_is_said_once_for_all_languages(tmp_path, capsys):
    overlay = {"overlay": "1.0.0", "info": {"title": "zh", "version": "1"}}
    overlay["actions"] = [{"target": "$.info", "update": {"title": "订单"}}]
    written(tmp_path, overlay, "c.zh.overlay.yaml")
    pages(written(tmp_path, document(), "c.json"))
    assert capsys.readouterr().err.count("1 of 2 callbacks is set aside") == 1


def test_pages_of_a_large_document_are_short_and_say_what_they_leave_out(tmp_path, monkeypatch):
    monkeypatch.setattr(site_pages, "_LARGE", 1)
    monkeypatch.setattr(site_pages, "MOST_FIELDS", 2)
    file = written(tmp_path, document())
    page = pages(file)["en/callback-orderPaid.html"]
    assert 'id="field-lines"' in page and "lines[].sku" not in page
    assert "2 fields inside these are not listed" in page
    assert "docs --contract contract.json --callback orderPaid" in page


def test_command_on_a_page_names_the_contract(tmp_path):
    assert "check &quot;$URL&quot; --dry-run --contract contract.json" in pages(written(tmp_path, document()))[
        "en/testing.html"
    ].replace('"', "&quot;")


def test_callback_of_a_very_long_name_has_a_file_that_every_system_takes(tmp_path):
    names = ["界" * 110 + end for end in "ab"]
    files = {address("callback", name) for name in names}
    assert len(files) == 2 and all(len(file.encode()) < 255 for file in files)


def test_callbacks_whose_names_differ_in_letter_case_alone_have_pages_of_their_own(tmp_path):
    both = document()
    callbacks = both["paths"]["/subscribe"]["post"]["callbacks"]
    callbacks["ORDERPAID"] = json.loads(json.dumps(callbacks["orderPaid"]))
    names = [name for name in pages(written(tmp_path, both)) if "callback-" in name]
    assert len({name.lower() for name in names}) == len(names) == 2
    assert "en/callback-orderPaid.html" in names


def test_command_writes_the_site_and_says_what_was_left(tmp_path):
    file = written(tmp_path, document())
    ran = invoke(docs, ["--contract", str(file), "--out", str(tmp_path / "site")])
    assert ran.exit_code == 0 and "1 of 2 callbacks is set aside" in ran.output
    assert re.search(r"\d+ pages, \d\.\d\d MB: ", ran.output)
    assert (tmp_path / "site/en/callback-orderPaid.html").exists()
    for name, _ in names(read_contract(file), foreign=True):
        assert str(tmp_path) not in (tmp_path / "site/en" / name).read_text("utf-8")
    assert sum(each.stat().st_size for each in tmp_path.rglob("*.html")) < 2_000_000


def test_option_for_another_contract_is_refused_without_one(tmp_path):
    for option in (["--callback", "x"], ["--paths"], ["--overlay", "x.yaml"], ["--strict-contract"]):
        ran = invoke(docs, ["--out", str(tmp_path / "site"), *option])
        assert isinstance(ran.exception, KitError) and option[0] in str(ran.exception)


def test_same_document_in_one_callback_is_that_callback_alone(tmp_path):
    hooks = {
        key: {"post": {"requestBody": {"content": {"application/json": {"schema": BODY}}}}} for key in ("one", "two")
    }
    file = tmp_path / "two.json"
    file.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": hooks}))
    assert "en/callback-two.html" in pages(file) and "en/callback-two.html" not in pages(file, only=("one",))
