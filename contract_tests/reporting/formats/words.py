"""Words of the HTML report in both of its languages."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from callback_contract.contract_tests.reporting.formats.highlighting import visible
from callback_contract.openapi.text.message import Unknown, text_of, translated

__all__ = ["LANGUAGES", "WORDS", "both", "plain", "said", "told"]

LANGUAGES = ("en", "zh")

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Callback conformance report", "回调符合性报告"),
    "skip": ("Skip to the findings", "跳到问题列表"),
    "theme": ("Light / dark", "浅色 / 深色"),
    "language": ("Language", "语言"),
    "print": ("Print", "打印"),
    "conformant": ("Conformant", "符合契约"),
    "broken": ("Not conformant", "不符合契约"),
    "nothing": ("Nothing could be judged", "无法判定"),
    "error": ("The run had an error", "运行出错"),
    "incomplete": ("Incomplete", "未完成"),
    "partial": ("Nothing failed", "没有不通过的规则"),
    "conformant_says": (
        "Every profile that applies is conformant: each MUST of it was judged and held.",
        "所有适用的方面都符合：其每条 MUST 都已判定并符合。",
    ),
    "broken_says": (
        "{musts} MUST rules are broken. The provider can lose, repeat or misorder callbacks at this receiver.",
        "违反了 {musts} 条 MUST 规则。回调在该接收方可能丢失、重复或乱序。",
    ),
    "broken_says_one": (
        "1 MUST rule is broken. The provider can lose, repeat or misorder callbacks at this receiver.",
        "违反了 1 条 MUST 规则。回调在该接收方可能丢失、重复或乱序。",
    ),
    "nothing_says": (
        "No rule could be judged; the reasons stand below.",
        "没有一条规则能够判定，原因见下文。",
    ),
    "error_says": (
        "The suite or its set-up had an error. That says nothing about the receiver.",
        "套件或环境出错，这不说明接收方有任何问题。",
    ),
    "incomplete_says": (
        "Nothing failed up to where the run ended. The rest was not judged.",
        "在运行中止之前没有不通过的规则，其余规则未判定。",
    ),
    "not_begun_says": (
        "The run ended before the first rule. That says nothing about what the receiver does.",
        "运行在第一条规则之前就已结束，这不说明接收方的行为如何。",
    ),
    "partial_says": (
        "A receiver is conformant only when every profile below is: each MUST of it judged, held and not waived.",
        "只有下列每个方面都符合（其每条 MUST 都已判定、符合且未被豁免），接收方才算符合契约。",
    ),
    "shoulds": ("{count} SHOULD rules are broken, which is a warning.", "另违反了 {count} 条 SHOULD 规则，仅作警告。"),
    "shoulds_one": ("1 SHOULD rule is broken, which is a warning.", "另违反了 1 条 SHOULD 规则，仅作警告。"),
    "strict": ("The run was strict: a broken SHOULD fails it, too.", "本次为严格模式：违反 SHOULD 也算不通过。"),
    "ended_early": ("The run ended early: {why}.", "运行提前结束：{why}。"),
    "waiver_expired": (
        "Waiver of {rule} ({owner}): expired on {until}, and waives nothing any more.",
        "{rule} 的豁免（{owner}）：已于 {until} 过期，不再生效。",
    ),
    "waiver_unknown": (
        "Waiver of {rule} ({owner}): unknown to this kit or contract.",
        "{rule} 的豁免（{owner}）：本套件或契约中没有对应的内容。",
    ),
    "waiver_not_needed": (
        "Waiver of {rule} ({owner}): not needed any more, the rule holds.",
        "{rule} 的豁免（{owner}）：规则已符合，不再需要。",
    ),
    "samples": ("{delivered} of {read} recordings were delivered.", "{read} 份录制中投递了 {delivered} 份。"),
    "samples_break": (
        "{count} broke the contract, which is not held against the receiver: {places}.",
        "{count} 份违反契约，这不算接收方的问题：{places}。",
    ),
    "frozen": ("Not judged, newer than {version}: {ids}.", "未判定（晚于 {version}）：{ids}。"),
    "selection": (
        "Judged: {judged} of {of_rules} rules ({unjudged} more not applicable or blocked), "
        "{callbacks} of the contract's {of_callbacks} callbacks.",
        "判定范围：{of_rules} 条规则中的 {judged} 条（另有 {unjudged} 条不适用或被阻断），"
        "契约 {of_callbacks} 种回调中的 {callbacks} 种。",
    ),
    "pass": ("pass", "通过"),
    "warn": ("warn", "警告"),
    "fail": ("fail", "不通过"),
    "flaky": ("flaky", "不稳定"),
    "not applicable": ("not applicable", "不适用"),
    "blocked": ("blocked", "被阻断"),
    "waived": ("waived", "已豁免"),
    "verdict_error": ("error", "出错"),
    "receiver": ("Receiver", "接收方"),
    "url": ("URL", "URL"),
    "url_of": ("URL of {callback}", "{callback} 的 URL"),
    "judged_at": ("Judged", "判定时间"),
    "took": ("Duration", "耗时"),
    "deliveries": ("Deliveries", "投递次数"),
    "contract": ("Contract", "契约"),
    "digest": ("Contract digest", "契约摘要"),
    "kit": ("Kit", "套件"),
    "run": ("Run", "运行 ID"),
    "seed_depth": ("Seed, depth", "种子，深度"),
    "options": ("Options", "选项"),
    "findings": ("Findings", "发现的问题"),
    "no_findings": ("No rule is broken.", "没有被违反的规则。"),
    "none_judged": ("No rule was judged.", "没有判定任何规则。"),
    "expand": ("Open all exchanges", "展开全部交互"),
    "collapse": ("Close all exchanges", "收起全部交互"),
    "run_note": (
        "{{run}} stands for the run's id wherever it was sent, so that two reports can be compared.",
        "报告中以 {{run}} 代替实际发送的运行 ID，便于比较两份报告。",
    ),
    "why": ("Why it matters", "为什么重要"),
    "remedy": ("What to change", "如何修改"),
    "source": ("Source", "来源"),
    "colon": (": ", "："),
    "documentation": ("In the documentation", "文档"),
    "since": ("since", "始于"),
    "waiver_says": ("Waived until {until} by {owner}: {reason}", "由 {owner} 豁免至 {until}：{reason}"),
    "case": ("Case", "用例"),
    "expected": ("Expected", "期望"),
    "actual": ("Actual", "实际"),
    "same_answer": ("The same kind of answer broke {count} more rules", "同类的响应还违反了另外 {count} 条规则"),
    "same_answer_one": ("The same kind of answer broke 1 more rule", "同类的响应还违反了另外 1 条规则"),
    "same_silence": ("The same lack of an answer broke {count} more rules", "同样的无响应还违反了另外 {count} 条规则"),
    "same_silence_one": ("The same lack of an answer broke 1 more rule", "同样的无响应还违反了另外 1 条规则"),
    "broke_of": ("broke {broke} of {tries} tries", "尝试 {tries} 次，违反 {broke} 次"),
    "exchange": ("Exchange {number} of {count}", "第 {number} / {count} 次交互"),
    "left_out_exchanges": (
        "{count} more exchanges stand in report.json.",
        "另有 {count} 次交互见 report.json。",
    ),
    "sent": ("Sent", "发送"),
    "received": ("Received", "收到"),
    "no_answer": ("no answer", "无响应"),
    "no_body": ("no body", "没有正文"),
    "headers": ("headers", "头部"),
    "bytes": ("bytes", "字节"),
    "exact": ("exact bytes beside this page:", "原始字节见同目录文件："),
    "at": ("at", "时间点"),
    "reproduce": ("Play it again", "重新执行此问题的投递"),
    "curl": ("One delivery, with a fresh id each time", "单次投递，每次使用新的 ID"),
    "curl_same": ("One delivery, the same each time", "单次投递，每次都相同"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    "timeline": ("Stored state, as read-back showed it", "回读显示的存储状态"),
    "told_event": ("told", "投递"),
    "shown_event": ("stored", "存储"),
    "backwards": ("went backwards", "状态倒退"),
    "events": ("All events", "全部事件"),
    "event": ("Event", "事件"),
    "state": ("State", "状态"),
    "result": ("Result", "结果"),
    "message": ("Message", "消息"),
    "answered": ("answered", "响应"),
    "applied": ("applied", "生效次数"),
    "not_known": ("not known", "未知"),
    "left_out_events": ("{count} events in the middle are left out.", "中间省略了 {count} 个事件。"),
    "measures": ("Speed", "速度"),
    "latency": ("Latency of answers", "响应延迟"),
    "latency_note": (
        "The network is included (round trip {round_trip}). Deliveries that are slow by the kit's own doing are not.",
        "包含网络时间（往返 {round_trip}），不包括套件有意放慢的投递。",
    ),
    "answers": ("answers", "响应数"),
    "without_answer": ("without an answer", "无响应"),
    "median": ("median", "中位数"),
    "slowest": ("slowest", "最慢"),
    "up_to": ("up to", "不超过"),
    "over": ("over", "超过"),
    "bursts": ("Deliveries that went out together", "同时发出的投递"),
    "bursts_note": (
        "Each line is one delivery, from when it was sent to its answer.",
        "每条线是一次投递，从发送到响应。",
    ),
    "all_rules": ("All rules", "全部规则"),
    "filter": ("Filter by id or text", "按规则 ID 或文字筛选"),
    "more": ("more", "更多"),
    "all": ("all", "全部"),
    "shown_count": ("rules shown", "条规则"),
    "verdict": ("Verdict", "结论"),
    "rule": ("Rule", "规则"),
    "level": ("Level", "级别"),
    "statement": ("What the receiver does", "接收方应有的行为"),
    "cases": ("Cases", "用例数"),
    "time": ("Time", "用时"),
    "finding_link": ("see the finding", "查看问题"),
    "not_judged": ("Not judged, and why", "未判定的规则及原因"),
    "all_judged": ("Every selected rule was judged.", "所有选中的规则均已判定。"),
    "not_reached": ("The run ended before these rules", "运行结束前未轮到这些规则"),
    "notes": ("Notes on the contract", "关于契约的说明"),
    "note_set_aside": ("is set aside", "已搁置"),
    "note_not_judged": ("is not judged", "未判定"),
    "cleaning": ("Cleaning up", "清理"),
    "cleaning_says": (
        "Only synthetic messages were sent. Each id starts with {mark}; {count} ids stand in report.json.",
        "只发送了合成消息。每个 ID 以 {mark} 开头，report.json 列出了全部 {count} 个 ID。",
    ),
    "footer": (
        "Made from report.json by callback-contract {version}. This page loads nothing and sends nothing.",
        "由 callback-contract {version} 根据 report.json 生成。本页不加载也不发送任何内容。",
    ),
}
"""Every word of the page: English, Chinese; without Chinese it is shown in English."""


def both(key: str, **values: Any) -> Markup:
    """A word in both languages; the page shows one of them."""
    return told(*(escape(text).format(**values) for text in _texts(key)))


def plain(key: str) -> tuple[str, str]:
    """A word in English and Chinese, for where no element can stand; twice the English one where Chinese is missing."""
    english, chinese = _texts(key)
    return english, chinese or english


def _texts(key: str) -> tuple[str, str]:
    english, *chinese = WORDS[key]
    return english, "".join(chinese)


def said(holder: Mapping[str, Any], member: str) -> Markup:
    """A sentence of a report in both languages; other people's words, and those of older reports, as they are."""
    made = holder.get("texts", {}).get(member)
    chinese = ""
    with contextlib.suppress(Unknown):  # a newer kit said it
        chinese = translated(text_of(made), "zh") if made else ""
    return told(visible(holder[member]), visible(chinese))


def told(english: str | Markup, chinese: str | Markup) -> Markup:
    """A text in both languages; once where they are equal or there is no Chinese one."""
    if not chinese or chinese == english:
        return Markup('<span lang="en">{}</span>').format(english) if not chinese else escape(english)
    return Markup('<span data-l="en" lang="en">{}</span><span data-l="zh" lang="zh">{}</span>').format(english, chinese)
