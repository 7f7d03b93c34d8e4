"""Real documents of providers: read, and the mock of each is judged clean.

They come from packages (`real_documents.DOCUMENTS` lists version and digest). Set CALLBACK_CONTRACT_DOCUMENTS to a
folder to keep them there; without the network the tests are skipped with the reason, except where CI=true.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.meta.support.documents.real_documents import (
    DOCUMENTS,
    FOLDER,
    Unavailable,
    fetched,
    judged,
    measured,
)
from callback_contract.contract_tests.meta.support.foreign import refused_by_its_mock
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.openapi.reading import read_contract

pytestmark = pytest.mark.slow

MOST_MIB = 250


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else tmp_path_factory.mktemp("documents")


@pytest.fixture(params=DOCUMENTS, ids=lambda document: document.label)
def document(request):
    return request.param


@pytest.fixture
def file(document, folder):
    try:
        return fetched(document, folder)
    except Unavailable as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))


def test_every_callback_is_taken_or_set_aside_with_a_reason(document, file):
    contract = read_contract(file)
    assert len(contract.callbacks) == document.taken
    assert [name for name, _ in contract.set_aside] == [name for name, _ in document.aside]
    assert all(word in told for (_, told), (_, word) in zip(contract.set_aside, document.aside, strict=True))


def test_every_named_example_is_valid_or_reported(document, file):
    contract = read_contract(file)
    flawed = [example for callback in contract.callbacks for example in callback.examples if example.flaw]
    assert len(flawed) == document.flawed
    assert sum("breaks its own schema" in note for note in contract.notes) == document.flawed


def test_a_body_can_be_made_for_every_callback(document, file):
    unmade = []
    for callback in read_contract(file).callbacks:
        try:
            assert Scope(callback, DEPTHS["quick"], 0).plain is not None
        except NotApplicable:
            unmade.append(callback.name)
    assert tuple(unmade) == document.unmade


def test_reading_and_the_mock_take_little_memory(file):
    told = measured(file)
    assert told["mib"] < MOST_MIB and told["mock_mib"] < MOST_MIB


def test_everything_sent_as_valid_is_acknowledged_by_the_mock(document, file):
    assert refused_by_its_mock(read_contract(file, only=document.judged)) == []


def test_mock_is_judged_clean(document, file):
    came = judged(file, document.judged)
    assert came.exit_code == 0, came.text[-3000:]
    (summary,) = [line for line in came.text.splitlines() if line.startswith("http://")]
    assert not {"fail", "flaky", "error"} & set(summary.replace(",", " ").split())
