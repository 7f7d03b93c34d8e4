"""Mock with an inspector on a free port, for the tests of both."""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.inspector.app import Inspector
from callback_contract.mock_server.inspector.resend import Forwarding
from callback_contract.mock_server.receiver.guard import Guard
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.receiver.scripted_responses import Scripted
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import DeliverySigner
from callback_contract.mock_server.store.reader import Reader
from callback_contract.mock_server.store.recorder import Recorder
from callback_contract.openapi.contract.loading import CONTRACT_FILE, load_contract

GOOD = {
    "workflow_id": "4cb9db206ac0",
    "workflow_name": "0970_0415_1",
    "nodetask_id": "8fb437c7c413",
    "nodetask_name": "WABA Template1_232fe6",
    "waba_task_id": "602ff2fc65e5",
    "wfdetail_uuid": "4a786086d05a",
    "timestamp": 1744687206,
    "status": "wait",
    "msg_id": "ca11bac401",
    "send_time": "2025-04-15T03:20:00Z",
    "waba_template_name": "send_card_for_sales_0331",
    "waba_template_id": 288,
    "channel_id": "12025550123",
    "callee": "+12025550100",
    "variables": {"name": "will Smith"},
}
contract = functools.cache(lambda: load_contract(CONTRACT_FILE))


def body(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False).encode()


@dataclass
class Answered:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def asked(url: str, path: str, method: str = "GET", content: bytes = b"", headers=()) -> Answered:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode())
        if method == "POST":
            connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        stops = names.get("content-type") == "text/event-stream"
        return Answered(response.status, names, b"" if stops else response.read())
    finally:
        connection.close()


@dataclass
class Inspecting:
    url: str
    receiver: Receiver
    reader: Reader

    @property
    def page(self) -> str:
        return self.url + "/callback-contract/"

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname, parts.port

    def post(self, content: bytes, *headers: tuple[str, str], path: str = "/") -> Answered:
        return asked(self.url, path, "POST", content, [("Content-Type", "application/json"), *headers])

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answered:
        return asked(self.url, f"/callback-contract/api/{path}", method, b"", headers.items())

    def get(self, path: str) -> Any:
        answer = self.ask(path)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def script(self, steps: str) -> None:
        self.receiver.script = Scripted(contract(), steps)


@contextlib.contextmanager
def inspecting(
    guard: Guard = Guard(loopback=True),  # noqa: B008  # frozen
    forward_to: str | None = None,
    signer: DeliverySigner | None = None,
    docs: Mapping[str, Path] | None = None,
    **access: Any,
):
    with Recorder(contract()) as recorder:
        receiver = Receiver(contract(), on_exchange=recorder.observe)
        with served(receiver) as url:
            forwarding = Forwarding(Access(forward_to, **access), signer) if forward_to else None
            receiver.pages = Inspector(receiver, recorder.reader, url, guard, forwarding, docs)
            yield Inspecting(url, receiver, recorder.reader)
