"""OpenAPI Overlay: changes only its targets, and an unsuitable one is an error."""

from __future__ import annotations

import copy

import pytest

from callback_contract.openapi import ContractError, OverlayError, load_contract
from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay, overlay_from

DOCUMENT = {
    "info": {"title": "thing", "version": "1"},
    "tags": ["a", "b", "c"],
    "paths": {"/a b": {"get": {"summary": "old", "x": {"kept": 1}}}, "/it's": {"get": {"summary": "old"}}},
}
HEAD = "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n"


def overlay(*actions):
    return overlay_from({"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": list(actions)})


def changed(*actions, document=DOCUMENT):
    before = copy.deepcopy(document)
    result = apply_overlay(document, overlay(*actions))
    assert document == before
    return result


def refused(action) -> str:
    with pytest.raises(OverlayError) as caught:
        apply_overlay(DOCUMENT, overlay({"target": "$", "update": {"x-first": 1}}, action))
    assert "action 2 of 2" in str(caught.value) and "/actions/1/" in caught.value.where and caught.value.remedy
    return str(caught.value)


def test_members_of_an_object_are_merged_into_it():
    update = {"summary": "new", "x": {"added": 2}}
    result = changed({"target": "$.paths['/a b'].get", "update": update})
    assert result["paths"]["/a b"]["get"] == {"summary": "new", "x": {"kept": 1, "added": 2}}


def test_every_selected_object_is_changed_and_nothing_else():
    result = changed({"target": "$.paths.*.get", "update": {"summary": "new"}})
    assert [item["get"]["summary"] for item in result["paths"].values()] == ["new", "new"]
    assert result["info"] == DOCUMENT["info"] and result["tags"] == DOCUMENT["tags"]


def test_update_of_a_list_becomes_its_last_item():
    assert changed({"target": "$.tags", "update": "d"})["tags"] == ["a", "b", "c", "d"]


def test_list_inside_an_update_is_appended():
    assert changed({"target": "$", "update": {"tags": ["d", "e"]}})["tags"] == ["a", "b", "c", "d", "e"]


def test_value_of_another_kind_replaces():
    assert changed({"target": "$", "update": {"info": None}})["info"] is None


def test_place_selected_twice_is_changed_once():
    assert changed({"target": "$['tags','tags']", "update": "d"})["tags"] == ["a", "b", "c", "d"]


def test_removal_of_several_items_takes_those_that_were_selected():
    assert changed({"target": "$.tags[0,1]", "remove": True})["tags"] == ["c"]


def test_removal_of_a_place_and_of_what_is_inside_it():
    assert changed({"target": "$..x", "remove": True}, document={"x": {"x": {"x": 1}}, "y": 1}) == {"y": 1}


def test_removal_wins_over_an_update_beside_it():
    assert "info" not in changed({"target": "$.info", "remove": True, "update": {"title": "new"}})


def test_action_sees_what_those_before_it_did():
    result = changed({"target": "$.info", "remove": True}, {"target": "$", "update": {"info": {"title": "new"}}})
    assert result["info"] == {"title": "new"}


def test_action_without_update_changes_nothing():
    assert changed({"target": "$.tags", "description": "only a remark"}) == DOCUMENT


def test_places_that_share_a_yaml_alias_are_changed_apart():
    shared = {"summary": "old"}
    result = changed({"target": "$.a", "update": {"summary": "new"}}, document={"a": shared, "b": shared})
    assert result == {"a": {"summary": "new"}, "b": {"summary": "old"}}


def test_target_that_selects_nothing_is_an_error():
    assert "'$.paths.gone' selects nothing" in refused({"target": "$.paths.gone", "update": {}})


@pytest.mark.parametrize("target", ["$[", "$.tags[", "$.a | $.b", "$ ", "$.tags[?", "$" + "[?(@" * 3000])
def test_target_that_is_no_jsonpath_is_an_error(target):
    assert "is not JSONPath" in refused({"target": target, "update": {}})


def test_update_of_a_text_is_an_error():
    message = refused({"target": "$.info.title", "update": "new"})
    assert "selects a text at /info/title" in message and "object around it" in message


def test_update_of_an_object_with_a_text_is_an_error():
    assert "updates the object at /info with a text" in refused({"target": "$.info", "update": "new"})


def test_removal_of_the_whole_document_is_an_error():
    assert "whole document" in refused({"target": "$", "remove": True})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("info: {title: t, version: '1'}\nactions: [{target: $}]\n", '"overlay" is a required'),
        ("overlay: 1.0.0\nactions: [{target: $}]\n", '"info" is a required'),
        ("overlay: 1.0.0\ninfo: {title: t}\nactions: [{target: $}]\n", '"version" is a required'),
        (HEAD, '"actions" is a required'),
        (HEAD + "actions: []\n", "[] has less than 1 item"),
        (HEAD + "actions: [{update: {}}]\n", '"target" is a required'),
        (HEAD + "actions: [{target: paths}]\n", "paths"),
        (HEAD + "actions: [{target: $, updaet: {}}]\n", "updaet"),
        (HEAD + "actions: [{target: $, remove: 'yes'}]\n", "boolean"),
        ("overlay: 2.0.0\n", "unknown version '2.0.0'"),
        ("- a list\n", "not an OpenAPI Overlay"),
        ("overlay: {\n", "not readable as YAML"),
        ("", "not an OpenAPI Overlay"),
    ],
)
def test_file_that_is_no_overlay_is_refused_with_its_line(tmp_path, text, said):
    file = tmp_path / "o.yaml"
    file.write_text(text)
    with pytest.raises(OverlayError, match=r"o\.yaml:\d") as caught:
        load_overlay(file)
    assert said in str(caught.value)


def test_error_names_the_line_of_the_action(tmp_path):
    file = tmp_path / "o.yaml"
    file.write_text(HEAD + "actions:\n  - target: $\n    update: {}\n  - update: {}\n    target: $.gone\n")
    with pytest.raises(OverlayError, match=r"o\.yaml:7 \(/actions/1/target\)"):
        load_contract(overlays=(file,))


def test_file_that_is_nested_too_deeply_is_one_message(tmp_path):
    file = tmp_path / "o.yaml"
    file.write_text(HEAD + "actions: " + "[" * 5000 + "]" * 5000)
    with pytest.raises(OverlayError, match="nested too deeply"):
        load_overlay(file)


@pytest.fixture
def overlaid(tmp_path):
    def load(*actions: str):
        file = tmp_path / "facts.yaml"
        file.write_text(HEAD + "actions:\n" + "".join(f"  - {action}\n" for action in actions))
        return load_contract(overlays=[file])

    return load


def test_contract_is_derived_from_the_merged_document(overlaid):
    fact = "{value: 9, provenance: house, why: tried}"
    ours, theirs = (
        load_contract(),
        overlaid(f"{{target: $.webhooks.*.post, update: {{x-delivery: {{deadline_s: {fact}}}}}}}"),
    )
    assert theirs.callbacks[0].delivery.deadline_s == 9
    assert theirs.digest != ours.digest


def test_merged_document_is_checked_and_the_overlay_is_named(overlaid):
    with pytest.raises(ContractError, match=r"'requierd'") as caught:
        overlaid("{target: $.components.schemas.*, update: {requierd: [a]}}")
    assert "facts.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("place", "update", "then", "other"),
    [
        ({}, {"y": {"a": 1}}, "$.p.y", {"y": {"a": 1}}),
        ({}, {"y": [{"a": 1}]}, "$.p.y", {"y": [{"a": 1}]}),
        ({}, {"y": [{"a": 1}]}, "$.p.y[0]", {"y": [{"a": 1}]}),
        ({"y": []}, {"y": [{"a": 1}]}, "$.p.y[0]", {"y": [{"a": 1}]}),
        ({"y": {}}, {"y": {"z": {"a": 1}}}, "$.p.y.z", {"y": {"z": {"a": 1}}}),
        ([], {"a": 1}, "$.p[0]", [{"a": 1}]),
    ],
)
def test_update_of_two_places_is_changed_at_one(place, update, then, other):
    given = overlay({"target": "$.*", "update": update}, {"target": then, "update": {"more": 1}})
    for _ in range(2):  # the overlay itself is as it was
        result = apply_overlay({"p": place, "q": place}, given)
        assert result["q"] == other != result["p"]
