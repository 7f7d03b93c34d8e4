"""Result of a campaign as JSON: what the page, the Markdown and the comparison are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from callback_contract.contract_tests.load.audit import Audit
from callback_contract.mock_server.load.capacity import Search
from callback_contract.mock_server.load.master import Master
from callback_contract.mock_server.load.measures import Histogram, Moment

__all__ = ["SCHEMA_VERSION", "course_of", "limit_of", "result_of"]

SCHEMA_VERSION = 1
_SHARES = (("median_s", 0.5), ("p95_s", 0.95), ("p99_s", 0.99), ("max_s", 1.0))
_BUSY = 0.85
_KEEPS = 0.95


def result_of(
    master: Master,
    *,
    kit: str,
    contract: Mapping[str, str],
    url: str,
    options: Mapping[str, Any],
    code: int,
    states: Sequence[str] = (),
    audit: Audit | None = None,
    search: Search | None = None,
) -> dict[str, Any]:
    """Return the result of a campaign.

    Args:
        contract: Its title, version, digest and the callback that was sent.
        options: What decided the deliveries.
        states: The states of a message, earlier ones first.
    """
    measures, deal = master.measures, master.deal
    seconds = round(max(master.ended_s, 1e-3), 3)
    return {
        "schema_version": SCHEMA_VERSION,
        "kit": {"name": "callback-contract", "version": kit},
        "contract": dict(contract),
        "receiver": {"url": url},
        "run": {
            "id": master.run.id,
            "started_at": master.run.started_at.astimezone(UTC).isoformat(timespec="seconds"),
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": seconds,
            "incomplete": not deal.is_over and search is None,
        },
        "options": dict(options),
        "messages": {"planned": deal.messages, "over": deal.finished, "taken_over": deal.moved},
        "events": {"acknowledged": measures.delivered, "given_up": measures.given_up},
        "deliveries": {
            "tries": measures.tries,
            "per_second": round(measures.tries / seconds, 1),
            "retried": measures.retried,
            "repeated": measures.repeated,
            "waits": measures.waits,
            "taken_over": measures.taken_over,
        },
        "answers": dict(measures.answers.most_common()),
        "latency": {
            "all": latency_of(measures.latencies),
            "states": {
                state: latency_of(measures.states[state])
                for state in dict.fromkeys((*states, *measures.states))
                if state in measures.states
            },
        },
        "course": course_of(measures.course, measures.stretch_s),
        "workers": [
            {
                "name": row.name,
                "tries": row.tries,
                "cpu": round(row.most_cpu, 3),
                "memory_bytes": row.memory_bytes,
                "lost": row.lost,
            }
            for row in master.workers.values()
        ],
        "limit": limit_of(master),
        "audit": audit.to_dict() if audit else None,
        "capacity": capacity_of(search) if search else None,
        "exit_code": code,
    }


def latency_of(histogram: Histogram) -> dict[str, Any]:
    """Return the percentiles of latencies."""
    return {"answers": histogram.total()} | {name: round(histogram.percentile(share), 6) for name, share in _SHARES}


def course_of(course: Mapping[int, Moment], stretch_s: int) -> list[dict[str, Any]]:
    """Return what happened over time; stretches in which nothing did are there, too."""
    if not course:
        return []
    moments = ((at, course.get(at, Moment())) for at in range(min(course), max(course) + 1))
    return [
        {
            "at_s": at * stretch_s,
            "per_second": round(moment.answers.total() / stretch_s, 2),
            "answers": dict(moment.answers),
            "median_s": round(moment.latencies.percentile(0.5), 6),
            "p95_s": round(moment.latencies.percentile(0.95), 6),
        }
        for at, moment in moments
    ]


def limit_of(master: Master) -> str:
    """Return what held the rate below the one that was asked for: `senders`, `receiver`, or empty for nothing."""
    rate = master.settings.rate
    if rate is None:
        return ""
    reached = sorted(moment.answers.total() / master.measures.stretch_s for moment in master.measures.course.values())
    # The best stretches: a campaign begins and ends slowly, with the first and the last events of long lives.
    if reached and reached[-len(reached) // 4] >= _KEEPS * rate:
        return ""
    busiest = max((row.mean_cpu for row in master.workers.values()), default=0.0)
    if busiest > _BUSY:
        return "senders"
    return "receiver" if master.measures.tries >= 10 * rate else ""


def capacity_of(search: Search) -> dict[str, Any]:
    """Return what a search found."""
    return {
        "per_second": search.capacity,
        "limit": search.limit,
        "deadline_s": search.deadline_s,
        "most": search.most,
        "steps": [asdict(step) for step in search.steps],
    }
