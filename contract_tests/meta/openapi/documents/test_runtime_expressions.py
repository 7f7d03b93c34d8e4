"""Places of a delivery: one spelling for each, and no other text is one."""

from __future__ import annotations

import pytest

from callback_contract.openapi.documents.runtime_expression import canonical, header_of, is_in_body, query_of


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("/id", "/id"),
        ("$request.body#/msg_id", "/msg_id"),
        ("$request.body#/a~1b/0", "/a~1b/0"),
        ("$request.header.X-GitHub-Delivery", "$request.header.x-github-delivery"),
        ("$request.query.id", "$request.query.id"),
    ],
)
def test_place_has_one_spelling(given, place):
    assert canonical(given) == place
    assert canonical(place) == place


@pytest.mark.parametrize(
    "given", ["", "id", "$request.body", "$request.header.", "$request.header.x y", "$request.path.id", "$url", "/a~2"]
)
def test_other_text_is_no_place(given):
    with pytest.raises(ValueError, match="is no place"):
        canonical(given)


def test_place_names_its_header_or_its_parameter():
    header, query, body = "$request.header.x-id", "$request.query.id", "/id"
    assert (header_of(header), header_of(query), header_of(body)) == ("x-id", "", "")
    assert (query_of(header), query_of(query), query_of(body)) == ("", "id", "")
    assert [is_in_body(place) for place in (header, query, body)] == [False, False, True]
