"""Simulated campaigns: a real master and real schedules on a clock of their own, whose messages travel as JSON."""

from __future__ import annotations

import json
import random
from collections import Counter

from callback_contract.mock_server.load.master import Master, Settings
from callback_contract.mock_server.load.schedule import Answered, Job, Schedule
from callback_contract.mock_server.load.shares import Share
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lifecycles import Mix
from callback_contract.mock_server.provider.lives import Lives
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi import load_contract

CALLBACK = load_contract().callbacks[0]
COMPOSER = Composer(CALLBACK)
ODD = Mix(duplicates=0.1, concurrent=0.1, reordered=0.2)
OURS = {"kit": "1.0.0", "contract": "a" * 64, "options": "b" * 64}
TICK_S = 0.05


def lives(run=None, mix=ODD, seed=0):
    return Lives(COMPOSER, run or Run("12345678", Run.fresh().started_at), seed, mix)


def answered(ok=True, **more):
    return Answered("200" if ok else "500", 200 if ok else 500, ok, 0.01, **more)


class Simulated:
    """One campaign; `sent` has how often each event went out, `bodies` the different bytes of each."""

    asks_to_wait = False

    def __init__(self, messages=60, workers=1, failing=0.0, rate=None, pilot=None, mix=ODD, most=None):
        self.now_s, self.mix, self.failing, self.chance = 0.0, mix, failing, random.Random(1)
        self.schedules, self.told, self.silent = {}, [], set()
        self.sent, self.bodies, self.acknowledged = Counter(), {}, set()
        self.at = []
        settings = Settings(messages, rate, 4.2, most)
        self.master = Master(settings, OURS, self.send, pilot, clock=lambda: self.started + self.now_s)
        self.started = self.master.run.started_at.timestamp()
        for number in range(workers):
            self.master.hello(f"w{number}", OURS)

    def send(self, kind, data, worker):
        data = json.loads(json.dumps(data))
        self.told.append((worker, kind))
        if kind == "begin":
            self.started = self.master.run.started_at.timestamp() - self.now_s
            self.schedules[worker] = Schedule(lives(self.master.run, self.mix), speed=600)
            self.schedules[worker].rate = data["rate"]
            self.schedules[worker].left = 0 if data["capped"] else None
        elif kind == "allow":
            self.schedules[worker].left += data["deliveries"]
        elif kind == "share":
            self.schedules[worker].add(Share.of(data["share"]))
        elif kind == "pace":
            self.schedules[worker].rate = data["rate"]

    def report(self, worker):
        schedule = self.schedules[worker]
        report = {
            **schedule.report(),
            "run": self.master.run.id,
            "wants": schedule.unbegun < 5,
            "memory": 1,
            "cpu": 0.5,
        }
        self.master.report(worker, json.loads(json.dumps({**report, "in_flight": schedule.in_flight})))

    def step(self):
        """What happens in one tick: each worker sends a few deliveries and reports."""
        self.now_s += TICK_S
        for name, schedule in self.schedules.items():
            if name in self.silent:
                continue
            for _ in range(20):
                job = schedule.next(self.now_s)
                if not isinstance(job, Job):
                    break
                self.deliver(schedule, job)
            self.report(name)
        self.master.look(lambda name: name in self.silent)

    def deliver(self, schedule, job):
        event = job.message.life.number, job.step.state
        self.sent[event] += 1
        self.at.append(self.now_s)
        self.bodies.setdefault(event, set()).add(schedule.delivery(job).body)
        ok = self.chance.random() >= self.failing
        self.acknowledged |= {event} if ok else set()
        waits = Answered("429", 429, False, 0.01, 0.0)
        schedule.done(job, waits if self.asks_to_wait else answered(ok), self.now_s)

    def until_over(self, most=5000):
        for _ in range(most):
            if self.master.is_over:
                return self
            self.step()
        raise AssertionError("the campaign does not end")

    def begin(self):
        self.master.begin()
        return self
