"""Pictures of the HTML report: compute the coordinates that the template draws as SVG.

Places across are percentages, so that a picture fits a phone and its words keep their size.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

__all__ = ["ROW", "burst_picture", "by_size", "latency_picture", "seconds", "timeline_pictures"]

ROW = 26
"""Height of a state's row in a time line, in pixels."""

_LANE = 7
_MOST_CHARTS = 3


def by_size(bursts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The biggest bursts first: they tell most."""
    return sorted(bursts, key=lambda burst: -int(burst["count"]))


def seconds(value: float | None) -> str:
    """A duration in the unit that a person would say it in."""
    if value is None:
        return "–"
    if value < 0.0995:
        return f"{value * 1000:.1f} ms" if value < 0.00995 else f"{value * 1000:.0f} ms"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < 9.995 else f"{value:.0f} s"


def latency_picture(latency: dict[str, Any]) -> list[dict[str, Any]]:
    """One bar per bucket, from the first that holds an answer to the last."""
    buckets = latency["histogram"]
    filled = [index for index, bucket in enumerate(buckets) if bucket["count"]]
    if not filled:
        return []
    most = max(bucket["count"] for bucket in buckets)
    return [
        {
            "open": bucket["up_to_s"] is None,
            "edge": _edge(buckets[index - 1]["up_to_s"] if bucket["up_to_s"] is None else bucket["up_to_s"]),
            "count": bucket["count"],
            "width": round(100 * bucket["count"] / most, 2),
        }
        for index, bucket in enumerate(buckets)
        if filled[0] <= index <= filled[-1]
    ]


def _edge(value: float) -> str:
    return f"{value:g} s" if value >= 1 else f"{value * 1000:g} ms"


def burst_picture(burst: dict[str, Any]) -> dict[str, Any]:
    """One lane per delivery, in the order of sending."""
    lanes = sorted(burst["deliveries"], key=lambda delivery: delivery["offset_s"])
    end_s = max((lane["offset_s"] + lane["elapsed_s"] for lane in lanes), default=0.0)
    scale = 100 / end_s if end_s else 0.0
    return {
        "height": _LANE * len(lanes),
        "end": seconds(end_s),
        "slowest": seconds(max((lane["elapsed_s"] for lane in lanes), default=0.0)),
        "refused": sum(not 200 <= lane["status"] <= 299 for lane in lanes),
        "lanes": [
            {
                "x": round(lane["offset_s"] * scale, 2),
                "width": round(max(0.4, lane["elapsed_s"] * scale), 2),
                "y": _LANE * index + 1,
                "kind": "good" if 200 <= lane["status"] <= 299 else "bad",
                "says": f"{seconds(lane['offset_s'])} + {seconds(lane['elapsed_s'])}, {lane['status'] or '–'}",
            }
            for index, lane in enumerate(lanes)
        ],
    }


def timeline_pictures(timeline: dict[str, Any]) -> list[dict[str, Any]]:
    """One chart per message that read-back showed: states upwards, events from left to right."""
    shown = dict.fromkeys(event["message"] for event in timeline["events"] if event["kind"] == "shown")
    charts = []
    for message in shown:
        events = [event for event in timeline["events"] if event["message"] == message]
        if len(events) > 2:  # one told and one shown are no story
            charts.append(_chart(message, events, timeline["states"]))
    return charts[:_MOST_CHARTS]


def _chart(message: int, events: list[dict[str, Any]], states: list[str]) -> dict[str, Any]:
    told = {event["state"] for event in events if event["state"]}
    rows = [state for state in reversed(states) if state in told]
    rows += sorted(told - set(rows))
    has_unknown = any(event["state"] is None for event in events)
    if has_unknown:
        rows.append("")
    points = [
        {
            "x": round(100 * (index + 0.5) / len(events), 2),
            "y": ROW * rows.index(event["state"] or "") + ROW // 2,
            "kind": event["kind"],
            "backwards": event.get("backwards", False),
        }
        for index, event in enumerate(events)
    ]
    shown = [point for point in points if point["kind"] == "shown"]
    return {
        "message": message,
        "rows": rows,
        "height": ROW * len(rows),
        "points": points,
        "backwards": any(point["backwards"] for point in points),
        "lines": [
            {"from": one, "to": other, "down": other["backwards"] and other["y"] > one["y"]}
            for one, other in pairwise(shown)
        ],
    }
