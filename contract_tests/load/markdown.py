"""Markdown of a campaign's result, for a pull request or a job's summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callback_contract.contract_tests.load.words import answer_in_words, latency_rows, step_in_words, summary
from callback_contract.contract_tests.reporting.model.inert import in_markdown
from callback_contract.openapi.text.message import ENGLISH, Text, translated

__all__ = ["result_markdown"]


def result_markdown(result: Mapping[str, Any], language: str = ENGLISH) -> str:
    """Return the result as Markdown."""

    def said(text: str) -> str:
        return in_markdown(translated(text, language))

    def row(*cells: str) -> str:
        return f"| {' | '.join(cells)} |"

    def t(key: str) -> str:
        return said(Text(f"load.{key}"))

    lines = [f"# {said(Text('load.title', url=result['receiver']['url']))}", ""]
    lines += [f"- {said(line)}" for line in summary(result)]
    heads = (t("state"), t("answers-title"), said(Text("send.median")), "p95", "p99", said(Text("send.max")))
    lines += ["", row(*heads), row("---", *["---:"] * 5)]
    for name, latency in latency_rows(result):
        times = (f"{1000 * latency[key]:.1f} ms" for key in ("median_s", "p95_s", "p99_s", "max_s"))
        lines.append(row(said(name), str(latency["answers"]), *times))
    lines += ["", row(t("answer"), t("number")), row("---", "---:")]
    lines += [row(said(answer_in_words(kind)), str(number)) for kind, number in result["answers"].items()]
    if result["capacity"]:
        lines += ["", *(f"- {said(step_in_words(step, result['capacity']))}" for step in result["capacity"]["steps"])]
    return "\n".join(lines) + "\n"
