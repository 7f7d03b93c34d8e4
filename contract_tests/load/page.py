"""Page of a campaign's result: renders it as one file that loads nothing, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from callback_contract.contract_tests.load.drawing import Line, drawn
from callback_contract.contract_tests.load.words import answer_in_words, latency_rows, step_in_words, summary
from callback_contract.contract_tests.reporting.formats.self_contained import rendered, templates_in
from callback_contract.contract_tests.reporting.formats.words import labelled, say
from callback_contract.contract_tests.reporting.model.inert import one_line
from callback_contract.openapi.pages.design import packed
from callback_contract.openapi.text.message import Argument, Text, translated

__all__ = ["result_html"]

_ASSETS = Path(__file__).with_name("assets")


def result_html(result: Mapping[str, Any]) -> str:
    """Write the page; all markup in the result is shown as text."""
    title = Text("load.title", url=result["receiver"]["url"])
    capacity = result["capacity"] or {"steps": []}
    return rendered(
        _environment(),
        "load.html.j2",
        style=packed((_ASSETS / "load.css").read_text("utf-8")),
        title_en=one_line(title),
        title_zh=one_line(translated(title, "zh")),
        result=result,
        median=Text("send.median"),
        most=Text("send.max"),
        summary=summary(result),
        rates=_rates(result["course"]),
        latencies=_latencies(result["course"]),
        rows=latency_rows(result),
        steps=[step_in_words(step, capacity) for step in capacity["steps"]],
    )


def _rates(course: list[Mapping[str, Any]]) -> Markup:
    acknowledged, failed = [], []
    for moment in course:
        answers, per_second = moment["answers"], moment["per_second"]
        whole = sum(answers.values()) or 1
        good = sum(number for kind, number in answers.items() if kind.startswith("2")) / whole
        acknowledged.append((moment["at_s"], per_second * good))
        failed.append((moment["at_s"], per_second * (1 - good)))
    lines = [Line(_t("acknowledged-line"), "good", acknowledged)]
    lines += [Line(_t("failed-line"), "bad", failed)] if any(value for _, value in failed) else []
    return drawn(lines, labelled(Text("load.rate-title")), "")


def _latencies(course: list[Mapping[str, Any]]) -> Markup:
    there = [moment for moment in course if moment["p95_s"]]
    shares = (("calm", say(Text("send.median")), "median_s"), ("odd", say("p95"), "p95_s"))
    lines = [Line(name, tone, [(each["at_s"], 1000 * each[key]) for each in there]) for tone, name, key in shares]
    return drawn(lines, labelled(Text("load.latency-title")), " ms")


def _environment() -> Environment:
    environment = templates_in(_ASSETS, "load")
    environment.globals |= {"t": _t, "say": say, "answer": lambda kind: say(answer_in_words(kind))}
    return environment


def _t(key: str, **values: Argument) -> Markup:
    return say(Text(f"load.{key}", **values))
