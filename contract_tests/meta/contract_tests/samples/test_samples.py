"""Recordings: every form is read, and one that breaks the contract is never a finding on the receiver."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.request
import zlib
from pathlib import Path

import jsonschema_rs
import pytest

from callback_contract.contract_tests.cli.check_command import check
from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.fielded import fielded
from callback_contract.contract_tests.meta.support.foreign import written
from callback_contract.contract_tests.meta.support.judged import judged, verdicts
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.samples import har
from callback_contract.contract_tests.samples.masking import masker_of
from callback_contract.contract_tests.samples.reading import read_recordings
from callback_contract.contract_tests.samples.selection import choose
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.testing.mock_receiver import MockReceiver
from callback_contract.openapi.reading import read_contract
from callback_contract.openapi.text.errors import KitError

CONTRACT = tools()[0]
CALLBACK = CONTRACT.default_callbacks[0]
BODIES = [example.value for example in CALLBACK.delivered_examples]
SCHEMA = Path(__file__).parents[3] / "schemas" / "report.schema.json"
HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Recorded/1"}


def chosen(path, *masks, contract=CONTRACT, **more):
    judged = more.pop("judged", contract.default_callbacks)
    return choose(read_recordings(path), path.name, contract, judged, masker_of(masks, contract), **more)


def delivered(samples):
    return [sample.delivery for callback in samples.chosen for sample in samples.of(callback)]


def aside(samples):
    return {a.place: a.kind for a in samples.aside}


def lines(tmp_path, *values):
    file = tmp_path / "s.jsonl"
    file.write_text("".join((v if isinstance(v, str) else json.dumps(v)) + "\n" for v in values), encoding="utf-8")
    return file


def archive(tmp_path, *requests):
    file = tmp_path / "s.har"
    file.write_text(json.dumps({"log": {"entries": [{"request": request} for request in requests]}}))
    return file


def posted(body, **more):
    return {"method": "POST", "headers": [], "postData": {"mimeType": "application/json", "text": body, **more}}


def test_json_file_is_delivered_to_the_byte(tmp_path):
    body = json.dumps(BODIES[0], indent=3).encode() + b"\r\n"
    (tmp_path / "a.json").write_bytes(body)
    assert [delivery.body for delivery in delivered(chosen(tmp_path))] == [body]


def test_directories_below_and_other_kinds_are_read_in_the_order_of_their_names(tmp_path):
    (tmp_path / "later").mkdir()
    lines(tmp_path / "later", BODIES[0], BODIES[1])
    (tmp_path / "a.json").write_text(json.dumps(BODIES[2]))
    (tmp_path / "notes.txt").write_text("not read")
    places = [sample.place for sample in chosen(tmp_path).of(CALLBACK.name)]
    assert places == ["a.json", "later/s.jsonl line 1", "later/s.jsonl line 2"]


def test_body_of_an_envelope_is_sent_to_the_letter_when_it_is_a_text(tmp_path):
    text = json.dumps(BODIES[0], indent=1)
    assert delivered(chosen(lines(tmp_path, {"headers": {}, "body": text})))[0].body == text.encode()


def test_recorded_headers_go_out_but_those_of_the_connection_of_proxies_and_of_secrets(tmp_path):
    more = {"Host": "h", "content-length": "1", "X-Forwarded-For": "192.0.2.1", "X-Event": "a", "Bad Name": "x"}
    secret = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "k"}
    samples = chosen(lines(tmp_path, {"headers": HEADERS | more | secret, "body": BODIES[0]}))
    assert dict(delivered(samples)[0].headers) == HEADERS | {"X-Event": "a"}
    assert {name.lower() for name in secret} < samples.left


@pytest.mark.parametrize("masks", [(), ("/callee",)])
def test_recorded_signature_and_what_asks_for_another_answer_do_not_go_out(tmp_path, masks):
    old = {"X-Hub-Signature-256": "sha256=0", "webhook-signature": "v1,a", "If-None-Match": "*", "Range": "bytes=0-1"}
    samples = chosen(lines(tmp_path, {"headers": HEADERS | old, "body": BODIES[0]}), *masks)
    assert dict(delivered(samples)[0].headers) == HEADERS
    assert samples.left == {name.lower() for name in old}


def test_what_asks_for_another_answer_or_is_of_the_connection_does_not_go_out(tmp_path):
    more = {
        "Accept": "text/html",
        "Accept-Language": "de",
        "Connection": "close, X-Hop",
        "X-Hop": "1",
        "Priority": "u=1",
    }
    samples = chosen(lines(tmp_path, {"headers": HEADERS | more, "body": BODIES[0]}))
    assert dict(delivered(samples)[0].headers) == HEADERS
    assert samples.left == {"accept", "accept-language"}


def test_headers_of_extreme_length_do_not_go_out(tmp_path):
    long = {"X-Long": "a" * 5000} | {f"X-Part-{number}": "b" * 3000 for number in range(3)}
    samples = chosen(lines(tmp_path, {"headers": HEADERS | long, "body": BODIES[0]}))
    assert list(dict(delivered(samples)[0].headers)) == [*HEADERS, "X-Part-0", "X-Part-1"]
    assert samples.left == {"x-long (too long)", "x-part-2 (too long)"}


LABELS = {
    "text/plain;charset=UTF-8": "contract",
    "application/x-www-form-urlencoded": "contract",
    "application/json; charset=gbk": "either answer",
    'Application/JSON;charset="UTF-8"': None,
}


@pytest.mark.parametrize("label", LABELS)
def test_media_type_that_a_receiver_may_refuse_is_told_of_the_contract(tmp_path, label):
    samples = chosen(lines(tmp_path, BODIES[0], {"headers": {"Content-Type": label}, "body": BODIES[1]}))
    assert aside(samples) == ({"s.jsonl line 2": LABELS[label]} if LABELS[label] else {})


def test_recording_in_json_is_not_delivered_as_a_form(tmp_path):
    folder = tmp_path / "contract"
    folder.mkdir()
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    document = fielded(schema)
    content = {"application/json": {"schema": schema | {"required": ["id", "kind"]}}}
    document["webhooks"]["other"] = {"post": {"requestBody": {"content": content}, "responses": {"200": {}}}}
    theirs = read_contract(written(folder, document))
    file = lines(tmp_path, {"id": "a"}, {"id": "a", "kind": "b"})
    samples = chosen(file, contract=theirs, judged=theirs.callbacks)
    assert (list(samples.chosen), aside(samples)) == (["other"], {"s.jsonl line 1": "contract"})


@pytest.mark.parametrize("value", ["b\r\nX-C: d", "a\x01b", "a\x7f"])
def test_header_that_http_has_no_form_for_is_not_sent(tmp_path, value):
    samples = chosen(lines(tmp_path, {"headers": HEADERS | {"X-A": value}, "body": BODIES[0]}))
    assert dict(delivered(samples)[0].headers) == HEADERS


def test_header_that_the_run_gives_is_not_sent_twice(tmp_path):
    samples = chosen(lines(tmp_path, {"headers": HEADERS | {"X-A": "b"}, "body": BODIES[0]}), without={"x-a"})
    assert "X-A" not in dict(delivered(samples)[0].headers)


def test_contract_gives_the_headers_that_were_not_recorded(tmp_path):
    recorded = dict(delivered(chosen(lines(tmp_path, {"headers": {"X-A": "b"}, "body": BODIES[0]})))[0].headers)
    assert recorded == {"X-A": "b", "Content-Type": CALLBACK.media_type, "User-Agent": CALLBACK.user_agent}


def test_archive_gives_bodies_as_text_and_as_base64(tmp_path):
    first, second = (json.dumps(body) for body in BODIES[:2])
    encoded = posted(base64.b64encode(second.encode()).decode(), encoding="base64")
    bodies = [delivery.body.decode() for delivery in delivered(chosen(archive(tmp_path, posted(first), encoded)))]
    assert bodies == [first, second]


def test_archive_of_a_browser_names_only_what_could_be_a_delivery(tmp_path):
    form = posted("", params=[])
    form["postData"].pop("text")
    requests = [{"method": "GET", "headers": []}, posted(json.dumps(BODIES[0])), form, {"method": "POST"}]
    assert aside(chosen(archive(tmp_path, *requests))) == {"s.har entry 3": "unreadable", "s.har entry 4": "unreadable"}


def queried(*queries):
    return [{"method": "GET", "url": f"https://shop.example/hook?{query}#top", "headers": []} for query in queries]


@pytest.fixture
def by_query(tmp_path):
    """A contract with a callback whose members are query parameters, and with one of JSON."""
    given = [{"name": name, "in": "query", "required": True, "schema": {"type": "string"}} for name in ("id", "to")]
    receipt = {"get": {"parameters": given, "responses": {"200": {"description": ""}}}}
    schema = {"type": "object", "required": ["page"], "properties": {"page": {"type": "string"}}}
    order = {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}
    info = {"title": "t", "version": "1"}
    document = {"openapi": "3.1.0", "info": info, "webhooks": {"receipt": receipt, "order": order}}
    return read_contract(written(tmp_path, document))


def test_request_without_a_body_belongs_to_the_callback_whose_parameters_its_url_has(tmp_path, by_query):
    samples = chosen(archive(tmp_path, *queried("id=1&to=a%2Bb", "page=2")), contract=by_query)
    (delivery,) = samples.of("receipt")
    assert (delivery.delivery.by_query, delivery.delivery.body) == (True, b"id=1&to=a%2Bb")
    assert delivery.content == {"id": "1", "to": "a+b"} and not samples.of("order")
    assert aside(samples) == {"s.har entry 2": "no callback"}


def test_requests_without_a_body_are_counted_where_no_callback_comes_so(tmp_path):
    samples = chosen(archive(tmp_path, *queried("a=1", "a=2"), posted(json.dumps(BODIES[0]))))
    assert [(a.place, a.reason.startswith("2 requests without a body")) for a in samples.aside] == [("s.har", True)]


def test_store_of_the_mock_is_a_recording(tmp_path):
    store, body = tmp_path / "s.db", json.dumps(BODIES[0]).encode()
    with MockReceiver(store=store) as mock:
        urllib.request.urlopen(urllib.request.Request(mock.url, body, HEADERS)).close()
        mock.wait_for(count=1)
    (sample,) = chosen(store).of(CALLBACK.name)
    assert (sample.place, sample.delivery.body) == ("s.db delivery 1", body)
    assert HEADERS["User-Agent"] in dict(sample.delivery.headers).values()


BROKEN = {
    "{oops": "unreadable",
    '{"headers": 1, "body": {}}': "unreadable",
    '{"headers": {}, "body": "\\ud800"}': "unreadable",
    '{"headers": {}, "body": "{oops"}': "unreadable",
    "[" * 100_000: "unreadable",
    "1" * 5000: "unreadable",
    '{"id": 1, "a": "b"}': "no callback",
    "[]": "no callback",
    json.dumps({k: v for k, v in BODIES[0].items() if k != CALLBACK.delivery.state[1:]}): "contract",
    json.dumps(BODIES[0] | {CALLBACK.delivery.state[1:]: "unheard of"}): "contract",
    json.dumps(BODIES[0] | {"more": "a" * 5000}): "either answer",
    json.dumps(BODIES[0] | {"more": "a\0b"}): "either answer",
    json.dumps(BODIES[0] | {"more": 2**60}): "either answer",
    json.dumps(BODIES[0])[:-1] + ', "a": 1, "a": 2}': "either answer",
    json.dumps(BODIES[0])[:-1] + f', "a": {"[" * 64}{"]" * 64}}}': "either answer",
    json.dumps(BODIES[0] | {"more": ["a" * 4000] * 6}): "either answer",
}


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: line[:20])
def test_what_no_receiver_is_held_to_is_named_and_set_aside(tmp_path, line):
    assert aside(chosen(lines(tmp_path, BODIES[0], line))) == {"s.jsonl line 2": BROKEN[line]}


def test_breach_of_the_contract_is_told_without_the_value(tmp_path):
    pointer = CALLBACK.delivery.state
    (told,) = chosen(lines(tmp_path, BODIES[0], BODIES[0] | {pointer[1:]: "Ada Lovelace"})).aside
    assert pointer in told.reason and "Lovelace" not in told.reason


def test_recording_that_says_what_it_is_not_breaks_that_contract(tmp_path):
    other = CONTRACT.callbacks[1].name
    samples = chosen(lines(tmp_path, BODIES[0], {"headers": {}, "body": BODIES[1], "callback": other}))
    assert [(told.kind, told.callback) for told in samples.aside] == [("contract", other)]


def test_same_bytes_are_delivered_once(tmp_path):
    samples = chosen(lines(tmp_path, BODIES[0], BODIES[0], BODIES[1]))
    assert (samples.read, samples.same, samples.delivered) == (3, 1, 2)


def test_too_many_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("callback_contract.contract_tests.samples.selection.MOST_SAMPLES", 2)
    with pytest.raises(KitError, match="more than 2 deliveries"):
        chosen(lines(tmp_path, *BODIES[:3]))


def test_line_of_any_length_is_skipped_and_the_next_one_read(tmp_path):
    samples = chosen(lines(tmp_path, '"' + "a" * 5_000_000 + '"', BODIES[0]))
    assert (aside(samples), samples.delivered) == ({"s.jsonl line 1": "unreadable"}, 1)


UNUSABLE = {
    "nothing.jsonl": (b"", "is empty"),
    "binary.jsonl": (bytes(range(256)), "is not UTF-8"),
    "other.har": (b'{"log": 1}', "/log/entries"),
    "cut.har": (b'{"log": {', "in line 1"),
    "picture.png": (b"\x89PNG", "no recording that the kit knows"),
    "other.db": (b"SQLite format 3\x00", "cannot be read"),
    "broken.json": (b"{", "its body is not JSON"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_file_that_holds_no_delivery_is_one_message(tmp_path, name):
    content, said = UNUSABLE[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(KitError) as caught:
        chosen(tmp_path / name)
    assert said in str(caught.value)


def test_directory_without_recordings_is_one_message(tmp_path):
    with pytest.raises(KitError, match="holds none of"):
        chosen(tmp_path)


def test_archive_is_read_as_a_stream(tmp_path, monkeypatch):
    monkeypatch.setattr(har, "_MOST_ENTRY", 100_000)
    read = read_recordings(archive(tmp_path, *[posted("a" * 70_000)] * 9))
    assert [len(each.body) for each in read] == [70_000] * 9
    with pytest.raises(KitError, match="JSON lines"):
        list(read_recordings(archive(tmp_path, posted("a" * 200_000))))


THEIRS = {
    "openapi": "3.1.0",
    "info": {"title": "theirs", "version": "7"},
    "webhooks": {
        name: {
            "post": {
                "operationId": name,
                "parameters": [{"name": "X-Event", "in": "header", "schema": {"const": name}}],
                "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["id"]}}}},
                "responses": {"204": {}},
            }
        }
        for name in ("opened", "closed")
    },
}


@pytest.fixture
def theirs(tmp_path):
    folder = tmp_path / "contract"
    folder.mkdir()
    return read_contract(written(folder, THEIRS))


def test_header_with_a_fixed_value_tells_which_callback_a_recording_is_of(tmp_path, theirs):
    values = [{"headers": {"x-event": name}, "body": {"id": name}} for name in ("closed", "opened", "other")]
    samples = chosen(lines(tmp_path, *values), contract=theirs, judged=theirs.callbacks)
    assert {name: [s.content["id"] for s in samples.of(name)] for name in samples.chosen} == {
        "closed": ["closed"],
        "opened": ["opened"],
    }
    assert aside(samples) == {"s.jsonl line 3": "no callback"}


def test_recording_of_a_callback_that_is_not_judged_names_the_option(tmp_path, theirs):
    values = [{"headers": {"X-Event": name}, "body": {"id": name}} for name in ("opened", "closed")]
    (told,) = chosen(lines(tmp_path, *values), contract=theirs, judged=theirs.callbacks[:1]).aside
    assert told.kind == "not judged" and "--callback closed" in told.reason


def test_directory_of_a_callbacks_name_tells_it(tmp_path, theirs):
    folder = tmp_path / "s" / "closed"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text('{"id": 1}')
    assert list(chosen(tmp_path / "s", contract=theirs, judged=theirs.callbacks).chosen) == ["closed"]


def judged_with(samples_file, fault=None):
    with served(Receiver(CONTRACT, fault=FAULTS[fault] if fault else None)) as url:
        return judged(Access(url), "SMP", samples=chosen(samples_file))["SMP-01"]


def test_right_receiver_acknowledges_every_recording(tmp_path):
    result = judged_with(lines(tmp_path, *BODIES, BODIES[0] | {"extra": {"a": [1]}}))
    assert (result.verdict, result.cases, result.deliveries) == ("pass", 7, 7)


def test_every_refused_recording_is_named(tmp_path):
    result = judged_with(lines(tmp_path, *BODIES), fault="SMP-01")
    said = " ".join([*(finding.case for finding in result.findings), result.reason])
    assert all(f"s.jsonl line {number}" in said for number in range(1, 7))


def test_without_recordings_the_rule_says_what_it_needs():
    with served(Receiver(CONTRACT)) as url:
        results = judged(Access(url), "SMP")
    assert verdicts(results) == {"SMP-01": "not applicable"}
    assert "--samples" in results["SMP-01"].reason


def run(*arguments):
    return invoke(check, [str(argument) for argument in ["--rules", "SMP", "--depth", "quick", *arguments]])


def test_report_tells_what_became_of_the_recordings(tmp_path):
    done = run("--samples", lines(tmp_path, *BODIES, "{oops"), "--report-dir", tmp_path / "r")
    assert done.exit_code == 0
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert report["samples"]["delivered"] == {CALLBACK.name: 6}
    assert report["samples"]["set_aside"][0]["place"] == "s.jsonl line 7"
    assert set(report["ids_sent"]["ids"]) > {body[CALLBACK.delivery.correlation[1:]] for body in BODIES}


def test_report_with_recordings_fits_its_schema(tmp_path):
    run("--samples", lines(tmp_path, *BODIES, "{oops"), "--report-dir", tmp_path / "r")
    schema = json.loads(SCHEMA.read_text())
    jsonschema_rs.validate(schema, json.loads((tmp_path / "r" / "report.json").read_text()))


def test_finding_is_judged_again_without_the_recording(tmp_path):
    file = lines(tmp_path, BODIES[0])
    with served(Receiver(CONTRACT, fault=FAULTS["SMP-01"])) as url:
        assert run(url, "--samples", file, "--report-dir", tmp_path / "r").exit_code == 1
        file.unlink()
        again = invoke(cli, ["reproduce", str(tmp_path / "r"), "SMP-01-1"])
    assert (again.exit_code, "Still fails" in again.output) == (1, True)


def test_dry_run_counts_the_recordings(tmp_path):
    done = run("--samples", lines(tmp_path, *BODIES), "--dry-run")
    assert "SMP-01   MUST    6 " in done.output


def test_environment_and_file_name_recordings_and_masks(tmp_path, monkeypatch):
    lines(tmp_path, *BODIES)
    (tmp_path / "callback-contract.toml").write_text('[check]\nsamples = "s.jsonl"\nmask = ["format:email"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLBACK_CONTRACT_CHECK_MASK", "/callee\nformat:phone")
    told = invoke(cli, ["check", "--print-config"], auto_envvar_prefix="CALLBACK_CONTRACT").output.splitlines()
    (samples,) = [line.split() for line in told if line.startswith("samples ")]
    (mask,) = [line for line in told if line.startswith("mask ")]
    assert samples[1].endswith("s.jsonl") and "/callee, format:phone" in mask


def test_mask_without_recordings_is_wrong_use():
    with pytest.raises(KitError, match="--samples"):
        invoke(check, ["--mask", "/a"], catch_exceptions=False)


def test_recording_that_breaks_the_contract_is_told_in_every_report(tmp_path):
    del (broken := dict(BODIES[1]))[CALLBACK.delivery.state[1:]]
    done = run("--samples", lines(tmp_path, BODIES[0], broken), "--report-dir", tmp_path / "r")
    page, summary = ((tmp_path / "r" / name).read_text(encoding="utf-8") for name in ("report.html", "summary.md"))
    assert all("s.jsonl line 2" in text for text in (done.output, page, summary))
    assert done.exit_code == 0


# Which callback a recording is of


def event(required=(), *, header="", **properties):
    schema = {"type": "object", "required": list(required), "properties": properties}
    content = {"application/json": {"schema": schema}}
    head = [{"name": "X-Event", "in": "header", "required": True, "schema": {"enum": [header]}}] if header else []
    return {"post": {"parameters": head, "requestBody": {"content": content}, "responses": {"200": {}}}}


def of_events(tmp_path, body, **events):
    """The callback to which a body is delivered, or why it is set aside."""
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": events}
    contract = read_contract(written(tmp_path, document))
    file = lines(tmp_path, body, {"known": 1})
    known = {**events, "known": event(["known"], known={"const": 1})}
    contract = read_contract(written(tmp_path, {**document, "webhooks": known}))
    samples = chosen(file, contract=contract)
    return next((name for name in samples.chosen if name != "known"), None) or str(samples.aside[0].reason)


TEXT = {"type": "string"}
PING = event(hook={"type": "integer"}, header="ping")
PAID = event(["action", "order", "amount"], action={"const": "paid"}, order=TEXT, amount={"type": "integer"})


def test_recording_that_breaks_its_callback_is_not_delivered_as_one_that_takes_anything(tmp_path):
    assert '"amount" is a required' in of_events(tmp_path, {"action": "paid", "order": "1"}, ping=PING, paid=PAID)


def test_recording_belongs_to_the_callback_whose_constants_it_meets(tmp_path):
    wide = event(action=TEXT, order=TEXT, amount={"type": "integer"})
    assert of_events(tmp_path, {"action": "paid", "order": "1", "amount": 2}, wide=wide, paid=PAID) == "paid"


def test_recording_that_fits_several_callbacks_is_not_guessed(tmp_path):
    said = of_events(tmp_path, {"id": "1"}, one=event(id=TEXT, header="one"), two=event(id=TEXT, header="two"))
    assert "one" in said and "two" in said and "--callback" in said


# Lists, request bins and compressed bodies


def raw(text):
    return {
        "method": "POST",
        "headers": {},
        "raw": base64.b64encode(f"POST / HTTP/1.1\r\n\r\n{text}".encode()).decode(),
    }


TEXT_OF = [json.dumps(body) for body in BODIES[:2]]


@pytest.mark.parametrize(
    "value",
    [
        BODIES[:2],
        [{"headers": HEADERS, "body": body} for body in BODIES[:2]],
        {
            "data": [
                {"method": "POST", "headers": {"content-type": ["application/json"]}, "content": t} for t in TEXT_OF
            ]
        },
        {
            "requests": [
                {
                    "request": {
                        "method": "POST",
                        "headers": {},
                        "raw": base64.b64encode(b"POST / HTTP/1.1\r\n\r\n" + t.encode()).decode(),
                    }
                }
                for t in TEXT_OF
            ]
        },
    ],
)
def test_list_of_recordings_is_read(tmp_path, value):
    (tmp_path / "list.json").write_text(json.dumps(value))
    assert [json.loads(delivery.body) for delivery in delivered(chosen(tmp_path))] == BODIES[:2]


def test_list_is_a_body_where_the_contract_has_lists(tmp_path):
    content = {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}
    hook = {"post": {"requestBody": {"content": content}, "responses": {"200": {}}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": {"a": hook}}
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "list.json").write_text('[{"a": 1}, {"a": 2}]')
    samples = chosen(tmp_path / "s", contract=read_contract(written(tmp_path, document)))
    assert [delivery.body for delivery in delivered(samples)] == [b'[{"a": 1}, {"a": 2}]']


@pytest.mark.parametrize(("coding", "packed"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("gzip", bytes)])
def test_compressed_body_of_an_archive_is_read(tmp_path, coding, packed):
    body = json.dumps(BODIES[0]).encode()
    text = base64.b64encode(packed(body)).decode()
    request = posted(text, encoding="base64") | {"headers": [{"name": "Content-Encoding", "value": coding}]}
    assert [delivery.body for delivery in delivered(chosen(archive(tmp_path, request)))] == [body]
