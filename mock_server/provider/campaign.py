"""Campaign scheduler: sends the lives of many messages, retries failed deliveries and gives up at the limit."""

from __future__ import annotations

import heapq
import itertools
import queue
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

from callback_contract.mock_server.client.sender import OutOfBudget, Sender
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lifecycles import Mix, Step
from callback_contract.mock_server.provider.lives import Life, Lives
from callback_contract.mock_server.provider.sender_faults import RIGHT, SenderFault
from callback_contract.mock_server.wire.delivery import Delivery, Exchange
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.contract.model import Retry
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Campaign", "Tally"]

_NO_RETRY = Retry(0.0, 0)


@dataclass
class Tally:
    """The counts of a campaign so far.

    Attributes:
        delivered: Events that were acknowledged.
        given_up: Events that were not acknowledged after every try.
        tries: Sent deliveries, retries and duplicates included.
        retried: Of these, the ones after a missing or non-2xx response.
        repeated: Of these, the ones from `Mix.duplicates` and `Mix.concurrent`.
        waits: Waits for `Retry-After`.
        answers: Count of each kind of response in words, requests to wait included.
        latencies: Seconds of each try with a response.
    """

    delivered: int = 0
    given_up: int = 0
    tries: int = 0
    retried: int = 0
    repeated: int = 0
    waits: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    latencies: array[float] = field(default_factory=lambda: array("d"))

    def percentile(self, share: float) -> float:
        """Return the latency in seconds at a share of all responses; 0 without any."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass
class _Message:
    life: Life
    position: int = 0
    bodies: dict[str, Delivery] = field(default_factory=dict)
    under_way: int = 0


@dataclass(frozen=True)
class _Job:
    """One delivery that is due; `tries` counts the earlier tries."""

    message: _Message
    step: Step
    delivery: Delivery
    tries: int = 0


@dataclass
class Campaign:
    """Many messages, each with its own life.

    Attributes:
        speed: Seconds of the campaign per second of the clock; gaps and retry delays shrink by it.
        burst: The number of messages that begin at the same moment.
        per_second: Messages that begin per second of the clock; None begins all at once.
        heard: Called after each try.
        fault: What it does wrong on purpose.
    """

    composer: Composer
    sender: Sender
    run: Run
    seed: int
    messages: int
    mix: Mix = field(default_factory=Mix)
    speed: float = 60.0
    burst: int = 1
    per_second: float | None = None
    heard: Callable[[Tally], None] = lambda tally: None
    tally: Tally = field(default_factory=Tally)
    fault: SenderFault = RIGHT

    @cached_property
    def lives(self) -> Lives:
        """The lives of its messages."""
        return Lives(self.composer, self.run, self.seed, self.fault.mix(self.mix))

    def planned(self) -> int:
        """The number of deliveries to a receiver that acknowledges each at once."""
        return self.lives.planned(range(self.messages))

    def deliveries(self) -> Iterator[Delivery]:
        """Yield the deliveries to a receiver that acknowledges each at once."""
        for number in range(self.messages):
            message = self._message(number)
            for step in message.life.steps:
                yield from [self._delivery(message, step)] * step.times

    def go(self) -> Tally:
        """Send the whole campaign.

        Raises:
            KitError: The first delivery gets no response.
            KeyboardInterrupt: The user stops it; `tally` has the counts so far.
        """
        workers = ThreadPoolExecutor(self.sender.pace.at_once, thread_name_prefix="provider")
        try:
            _Run(self, workers).until_done()
        finally:
            workers.shutdown(wait=False, cancel_futures=True)
        return self.tally

    def _message(self, number: int) -> _Message:
        return _Message(self.lives.of(number))

    def _delivery(self, message: _Message, step: Step) -> Delivery:
        # Made on its first try, so that its time is true; later tries have equal bytes.
        if step.state not in message.bodies:
            elapsed = max(0.0, time.time() - self.run.started_at.timestamp())
            message.bodies[step.state] = self.lives.delivery(message.life, step.state, elapsed - step.age_s)
        return message.bodies[step.state]


class _Run:
    """One running campaign: due jobs, deliveries in flight, and results."""

    def __init__(self, campaign: Campaign, workers: ThreadPoolExecutor) -> None:
        self._campaign = campaign
        self._workers = workers
        self._due: list[tuple[float, int, _Message, _Job | None]] = []
        self._tie = itertools.count()
        self._back: queue.SimpleQueue[tuple[_Job, Exchange | Exception]] = queue.SimpleQueue()
        self._out = 0
        self._answered = False
        self._retry = campaign.composer.callback.delivery.retry or _NO_RETRY

    def until_done(self) -> None:
        begun = time.monotonic()
        waiting = iter(range(self._campaign.messages))
        following = next(waiting, None)
        while following is not None or self._due or self._out:
            now = time.monotonic()
            while following is not None and now >= begun + self._begins(following):
                self._later(now, self._campaign._message(following))
                following = next(waiting, None)
            while self._due and self._due[0][0] <= now and self._out < self._campaign.sender.pace.at_once:
                _, _, message, job = heapq.heappop(self._due)
                self._send(message, job)
            self._take_back(begun + self._begins(following) if following is not None else None)

    def _begins(self, number: int) -> float:
        rate = self._campaign.per_second
        return (number // self._campaign.burst) * self._campaign.burst / rate if rate else 0.0

    def _later(self, at: float, message: _Message, job: _Job | None = None) -> None:
        heapq.heappush(self._due, (at, next(self._tie), message, job))

    def _send(self, message: _Message, job: _Job | None) -> None:
        if job is not None:
            self._submit(job)
            return
        step = message.life.steps[message.position]
        delivery = self._campaign._delivery(message, step)
        for _ in range(step.times):
            self._submit(_Job(message, step, delivery))

    def _submit(self, job: _Job) -> None:
        self._out += 1
        job.message.under_way += job.tries == 0

        def send() -> None:
            try:
                came: Exchange | Exception = self._once(job)
            except Exception as error:
                came = error
            self._back.put((job, came))

        self._workers.submit(send)

    def _once(self, job: _Job) -> Exchange:
        campaign, callback = self._campaign, self._campaign.composer.callback
        delivery = campaign.fault.delivery(job.delivery, callback, job.tries)
        return campaign.fault.send(campaign.sender, delivery, callback, job.tries)

    def _take_back(self, next_begin: float | None) -> None:
        """Wait for a response, or until a job is due, and process the results."""
        room = self._out < self._campaign.sender.pace.at_once
        moments = [self._due[0][0]] if self._due and room else []
        moments += [next_begin] if next_begin is not None else []
        wait_s = min(moments) - time.monotonic() if moments else 0.25
        if wait_s <= 0 and not self._out:
            return
        try:
            # Only for a short time, so that an interrupt is handled.
            job, came = self._back.get(timeout=min(max(wait_s, 0.0005), 0.25))
        except queue.Empty:
            return
        self._out -= 1
        if isinstance(came, OutOfBudget):
            self._count_failed(job, str(came))
        elif isinstance(came, Exception):
            raise came
        else:
            self._count(job, came)
        self._campaign.heard(self._campaign.tally)

    def _count(self, job: _Job, exchange: Exchange) -> None:
        tally = self._campaign.tally
        tally.tries += 1
        tally.waits += len(exchange.waited)
        tally.answers.update(map(str, exchange.waited))
        tally.retried += job.tries > 0
        tally.repeated += job.step.again and job.tries == 0
        tally.answers[str(exchange.status) if exchange.answer else exchange.described()] += 1
        if exchange.answer is not None:
            tally.latencies.append(exchange.elapsed_s)
        elif not self._answered and exchange.failure in {"refused", "name", "tls", "proxy"}:
            raise KitError(
                Text("error-send.nobody-answers", answer=exchange.described()),
                where=self._campaign.sender.access.shown_url,
                remedy=Text("error-send.start-receiver"),
                exit_code=3,
            )
        self._answered = True
        fault = self._campaign.fault
        is_final = self._retry.ends_with(exchange.status) and not fault.ignores_final
        if not fault.is_failed(exchange, self._campaign.composer.callback, not exchange.acknowledged):
            tally.delivered += 1
        elif job.tries < self._retry.tries + fault.more_tries and not is_final:
            again = _Job(job.message, job.step, job.delivery, job.tries + 1)
            after_s = fault.after * self._retry.wait_s(job.tries) / self._campaign.speed
            self._later(time.monotonic() + after_s, job.message, again)
        else:
            tally.given_up += 1
        if job.tries == 0:
            self._go_on(job.message)

    def _count_failed(self, job: _Job, why: str) -> None:
        tally = self._campaign.tally
        tally.given_up += 1
        tally.answers[why] += 1
        if job.tries == 0:
            self._go_on(job.message)

    def _go_on(self, message: _Message) -> None:
        """Schedule the message's next event once the previous one has its response.

        Only requested reordering breaks the order.
        """
        message.under_way -= 1
        if message.under_way:
            return
        message.position += 1
        if message.position < len(message.life.steps):
            gap_s = message.life.steps[message.position].gap_s / self._campaign.speed
            self._later(time.monotonic() + gap_s, message)
