"""Slow receivers for tests: responses in parallel, in a queue, or by few workers."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.receiver.receiver import Fault, Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Response

WORK_S = 0.06
MOST = 48


@contextlib.contextmanager
def run_before(fault=None, *rules, at_once=None, depth="quick"):
    """Open a run on a mock with slow, parallel responses."""

    def answer(request, assessment, receiver, right):
        reply = fault.answer(request, assessment, receiver, right) if fault else right()
        return replace(reply, delay_s=max(reply.delay_s, WORK_S))

    contract = tools()[0]
    with (
        served(Receiver(contract, fault=Fault(answer))) as url,
        run_at(
            url, *rules, at_once=at_once, depth=depth, read_back=own_read_back(url, contract), patience_s=1.0
        ) as run,
    ):
        for _ in range(16):  # parallelism is known from here on, however busy this machine is
            quick = Exchange(Delivery("", "POST", (), b""), Response(200, "", (), b"{}"), "", "", WORK_S)
            run.dispatcher.concurrency.note(quick, others=15)
        yield run


@contextlib.contextmanager
def run_at(url, *rules, at_once=None, depth="quick", **more):
    """Return a run as `check` opens it on this machine, optionally with --at-once."""
    contract, catalogue, _ = tools()
    chosen = catalogue.select(rules) if rules else catalogue.rules
    sender = Sender(Access(url), Pace() if at_once is None else Pace(at_once=at_once))
    most = MOST if at_once is None else at_once
    run = run_of(
        contract, catalogue, chosen, contract.default_callbacks, sender, DEPTHS[depth], most_at_once=most, **more
    )
    try:
        yield run
    finally:
        run.close()


@contextlib.contextmanager
def workers(count):
    """Serve a receiver that acknowledges everything, `count` deliveries at a time."""
    free = threading.Semaphore(count)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            with free:
                time.sleep(WORK_S)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args):
            pass

    with http_server(Handler) as url:
        yield f"{url}/"
