"""Request samples: the program of each language sends exactly the example, whatever is in it."""

from __future__ import annotations

import json
import os
import shutil
import socket
from urllib.parse import urlsplit

import pytest

from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.mock_server import MockReceiver
from callback_contract.openapi import load_contract
from callback_contract.openapi.documenting.content.request_samples import LANGUAGES, request_samples
from callback_contract.openapi.documenting.content.wire_example import sent_body
from callback_contract.openapi.reading import read_contract

OWN = load_contract().callbacks[0]
# What ends a literal, begins an interpolation or is an escape, in one of the languages.
HARD = """ '"`\\ \\n \\u0041 #{x} ${x} $x \\(x) #" "# |} {| ?? """
HARD += """%d %s {0} «body» <?php ?> // /* 中文 é 😀 \u00a0\ufeff\u2028 """
HARD_BODY = {"text": HARD, HARD: [HARD, 1.5, None, True]}


@pytest.fixture(scope="module")
def hard(tmp_path_factory):
    """A callback whose example, method and headers are those that a careless template gets wrong."""
    document = with_schema({"type": "object"}, examples={"hard": {"value": HARD_BODY}})
    post = document["webhooks"]["thing"].pop("post")
    post["parameters"] = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string", "default": value}}
        for name, value in (("X-One", 'it\'s "1"'), ("X-Two", "$2"))
    ]
    document["webhooks"]["thing"]["put"] = post
    (callback,) = read_contract(written(tmp_path_factory.mktemp("hard"), document)).callbacks
    return callback


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A callback whose body has line ends that a literal has to keep."""
    example = {"value": {"text": HARD, "number": 1}}
    schema = {"type": "object", "properties": {"text": {"type": "string"}, "number": {"type": "integer"}}}
    document = with_schema(schema, examples={"parts": example})
    content = document["webhooks"]["thing"]["post"]["requestBody"]["content"]
    content["multipart/form-data"] = content.pop("application/json")
    (callback,) = read_contract(written(tmp_path_factory.mktemp("parts"), document)).callbacks
    return callback


def run(sample, url, folder):
    """Send a sample as its page says, and return what it printed."""
    language = sample.language
    if language.name == "HTTP":
        head, _, body = sample.text.partition("\n\n")
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=10) as connection:
            connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body.encode())
            return connection.recv(65536).decode()
    command = language.start or "sh send.sh"
    for tool in [each.split()[0] for each in command.split(" && ")]:
        if not tool.startswith("./") and shutil.which(tool) is None:
            do_without(f"no {tool}")
    (folder / (language.file or "send.sh")).write_text(sample.text, encoding="utf-8")
    environment = {**os.environ, "URL": url, "LC_ALL": "C.UTF-8", "no_proxy": "*"}
    ran = run_program(["sh", "-c", command], cwd=folder, env=environment, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
@pytest.mark.parametrize("language", [each for each in LANGUAGES if each.is_run], ids=lambda each: each.name)
@pytest.mark.parametrize("which", ["own", "hard"])
def test_sample_sends_the_example(language, which, hard, tmp_path):
    callback = hard if which == "hard" else OWN
    with MockReceiver() as mock:
        (sample,) = [each for each in request_samples(callback) if each.language is language]
        said = run(sample, f"{mock.url}callbacks", tmp_path)
        (came,) = mock.deliveries
    example = callback.delivered_examples[0].value
    assert came.method == callback.method
    assert json.loads(came.body) == example
    assert came.body == sent_body(callback, example).encode()
    headers = {name.lower(): value for name, value in came.headers}
    assert headers["content-type"] == "application/json"
    assert {name: headers[name] for name in headers if name in ("x-one", "x-two")} == (
        {"x-one": 'it\'s "1"', "x-two": "$2"} if which == "hard" else {}
    )
    assert which == "hard" or "200" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    "language", [each for each in LANGUAGES if each.is_run and each.file], ids=lambda each: each.name
)
def test_sample_sends_the_bytes_of_several_parts(language, parts, tmp_path):
    with MockReceiver() as mock:
        (sample,) = [each for each in request_samples(parts) if each.language is language]
        run(sample, f"{mock.url}callbacks", tmp_path)
        (came,) = mock.deliveries
    assert came.body == sent_body(parts, parts.delivered_examples[0].value).encode()
    assert came.header("content-type").startswith("multipart/form-data; boundary=")


def test_every_language_of_the_providers_page_has_its_program():
    names = "Shell JavaScript Java Swift Go PHP Python HTTP C C# Objective-C Ruby OCaml Dart R".split()
    assert [each.language.name for each in request_samples(OWN)] == names
    assert not any("«" in each.text for each in request_samples(OWN))


def test_callback_without_an_example_has_no_program(tmp_path):
    (callback,) = read_contract(written(tmp_path, with_schema({"type": "string", "maxLength": 3}))).callbacks
    assert list(request_samples(callback)) == [] or callback.delivered_examples
