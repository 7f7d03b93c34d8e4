"""A few thousand fuzzed requests on every run of the tests; `fuzz.py` is the script for more."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.meta.mock_server.server.expecting import may_answer
from callback_contract.contract_tests.meta.mock_server.server.fuzz import flaws, fuzz, smallest
from callback_contract.contract_tests.meta.mock_server.server.fuzzed import Drawer, Talk
from callback_contract.contract_tests.meta.mock_server.server.http_oracle import read_requests
from callback_contract.mock_server.receiver.receiver import Receiver, Response
from callback_contract.mock_server.server.fast_path import FastPathProtocol

PLAIN = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = PLAIN.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked")[:-2]


@pytest.mark.parametrize("seed", range(5))
def test_both_paths_are_alike_and_what_the_oracle_allows(seed):
    done, found = fuzz(1000, seed)
    assert found is None, (
        f"python -m callback_contract.contract_tests.meta.mock_server.server.fuzz --requests 1000 --seed {seed}"
    )
    assert done >= 1000


def test_same_seed_draws_the_same_connections():
    one, same, other = Drawer(1), Drawer(1), Drawer(2)
    drawn = [one.talk() for _ in range(5)]
    assert drawn == [same.talk() for _ in range(5)] != [other.talk() for _ in range(5)]


def test_difference_between_the_paths_is_found_and_made_small(monkeypatch):
    right = FastPathProtocol._answer
    monkeypatch.setattr(FastPathProtocol, "_answer", lambda self, head, body: right(self, head, body + b" "))
    _, (talks, kept) = fuzz(1000, 0)
    (talk,) = smallest(talks, kept=kept, seconds=10)
    assert "records differ" in flaws([talk], kept=kept)
    assert len(talk.data) < 100


def test_wrong_that_both_paths_share_is_found(monkeypatch):
    monkeypatch.setattr(Receiver, "_judged", lambda self, assessment: Response(204))
    assert "is answered" in flaws([Talk((PLAIN,))])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PLAIN + PLAIN, [(b"{}", False)] * 2),
        (PLAIN[:-1], [(b"{", True)]),
        (PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: x, Close\r\n\r\n") + PLAIN, [(b"{}", False)]),
        (PLAIN.replace(b"Content-Length: 2", b"Content-Length: 1, 2") + PLAIN, [(b"", True)]),
        (CHUNKED + b"1;a\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n", [(b"{}", False)]),
        (CHUNKED + b"1\n{\r\n", [(b"", True)]),
    ],
    ids=["two", "cut off", "last", "two lengths", "chunked", "line feed in chunks"],
)  # fmt: skip
def test_oracle_reads_requests_as_the_rfcs_say(data, expected):
    assert [(reading.body, reading.refused) for reading in read_requests(data)] == expected


@pytest.mark.parametrize(
    ("body", "status"), [(b"{}", 422), (b"\xef\xbb\xbf{}", 400), (b"[" * 251 + b"]" * 251, 400), (b"NaN", 400)]
)
def test_oracle_rejects_what_is_no_delivery(body, status):
    (reading,) = read_requests(PLAIN)
    reading.body = body
    assert may_answer(reading, status)
    assert not may_answer(reading, 200)
