"""Pairs of callbacks: one is found again by its place and content, and only what differs is a change."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.openapi.cli.diff_command import diff


def operation(**members: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": sorted(members), "properties": members}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}, "responses": {"200": {"description": "taken"}}}


def document(version: str = "3.0.3", **callbacks: Any) -> dict[str, Any]:
    """A contract with a callback `event` of each of several operations."""
    return {
        "openapi": version,
        "info": {"title": "Parcels", "version": "1"},
        "paths": {
            f"/{path}": {
                "post": {
                    "responses": {"201": {"description": "made"}},
                    "callbacks": {"event": {"{$request.body#/url}": {"post": each}}},
                }
            }
            for path, each in callbacks.items()
        },
    }


@pytest.fixture
def told(tmp_path: Path) -> Any:
    def run(*documents: Any) -> list[tuple[str, str]]:
        files = []
        for name, each in zip(("old", "new"), documents, strict=True):
            (tmp_path / f"{name}.json").write_text(json.dumps(each))
            files.append(str(tmp_path / f"{name}.json"))
        result = invoke(diff, [*files, "--all", "--format", "json"])
        changes = json.loads(result.stdout)["changes"]
        return [(each["level"], each["what"]) for each in changes if not each["annotation"]]

    return run


A, B, C = operation(a={"type": "string"}), operation(b={"type": "string"}), operation(c={"type": "string"})


def test_callbacks_of_one_name_in_another_order_are_the_same(told) -> None:
    assert told(document(first=A, second=B), document(second=B, first=A)) == []


def test_callback_of_the_same_name_before_the_others_is_new(told) -> None:
    assert [what for _, what in told(document(first=A, second=B), document(third=C, first=A, second=B))] == [
        "the callback is new"
    ]


def test_callbacks_of_one_name_that_moved_are_found_by_their_content(told) -> None:
    assert told(document(first=A, second=B), document(third=B, fourth=A)) == []


def test_callback_at_its_old_place_with_the_content_of_another_has_changed(told) -> None:
    assert "breaking" in dict(told(document(first=A, second=B), document(first=B, second=A)))


def test_callback_of_one_name_that_changed_is_found_by_its_place(told) -> None:
    c = operation(a={"type": "string"}, c={"type": "string"})
    d = operation(b={"type": "string"}, d={"type": "string"})
    found = told(document(first=A, second=B), document(second=d, first=c))
    assert sorted(what for _, what in found) == ["the member 'c' is new", "the member 'd' is new"]


def test_new_callback_on_a_url_with_others_is_breaking(told) -> None:
    new = document(first=A)
    expressions = new["paths"]["/first"]["post"]["callbacks"]
    new["paths"]["/first"]["post"]["callbacks"] = {**expressions, "more": copy.deepcopy(expressions["event"])}
    assert told(document(first=A), new) == [("breaking", "the callback is new, on a URL that has others")]


@pytest.mark.parametrize("version", ["3.0.4", "3.1.0", "3.2.0"])
def test_document_in_which_only_openapi_rose_is_the_same(told, version: str) -> None:
    assert told(document(first=A, second=B), document(version, first=A, second=B)) == []


def test_own_contract_in_which_only_openapi_rose_is_the_same(told) -> None:
    post = {**A, "security": [], "responses": {"200": {"description": "taken"}, "410": {"description": "gone"}}}
    old = {"openapi": "3.1.0", "info": {"title": "Parcels", "version": "1"}, "webhooks": {"event": {"post": post}}}
    assert told(old, {**old, "openapi": "3.2.0"}) == told(old, {**old, "openapi": "3.1.1"}) == []


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_body_that_may_be_missing_is_breaking_in_a_foreign_document(told, version: str) -> None:
    optional = {**A, "requestBody": {**A["requestBody"], "required": False}}
    assert told(document(version, first=A), document(version, first=optional)) == [
        ("breaking", "the body may be missing now")
    ]
