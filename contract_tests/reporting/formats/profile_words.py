"""Words that say each profile of a run, in both languages, from a report alone."""

from __future__ import annotations

from typing import Any

__all__ = ["LANGUAGES", "NAMES", "judged_names", "profiles_line", "profiles_said", "unjudged_names"]

LANGUAGES = ("en", "zh")

NAMES = {
    "answers": ("answers", "响应"),
    "state": ("state", "状态"),
    "load": ("load", "负载"),
    "signatures": ("signatures", "签名"),
    "transport": ("transport", "传输"),
    "recordings": ("recordings", "录制"),
}

_ABOUT = {
    "answers": ("responses to what is right, new or broken", "对正确、新增与错误内容的响应"),
    "state": ("duplicates, late and lost statuses", "重复、迟到与丢失的状态"),
    "load": ("many deliveries at once", "大量同时投递"),
    "signatures": ("forged, altered and old signatures", "伪造、篡改与过期的签名"),
    "transport": ("TLS and its certificate", "TLS 及其证书"),
    "recordings": ("recorded deliveries", "录制的投递"),
}

_WANTS = {
    "read-back": ("add --state-url …", "请加 --state-url …"),
    "last": ("let read-back show `last`", "让回读给出 `last`"),
    "signature": ("add --signature SCHEME", "请加 --signature SCHEME"),
    "secret": ("add --auth or --signature", "请加 --auth 或 --signature"),
    "samples": ("add --samples …", "请加 --samples …"),
    "https": ("judge an https:// URL, without --proxy", "请判定 https:// 的 URL，且不用 --proxy"),
    "at-once": ("raise --at-once", "请增大 --at-once"),
    "blocked": ("mend {by} first", "请先修复 {by}"),
    "selection": ("not selected by --rules", "未被 --rules 选中"),
    "frozen": ("newer than --rules-as-of", "晚于 --rules-as-of"),
    "ended": ("the run ended early", "运行提前结束"),
    "depth": ("use --depth standard", "请用 --depth standard"),
    "contract": ("the contract gives no such facts in x-delivery", "契约的 x-delivery 没有给出所需的事实"),
}

_WORDS = {
    "conformant": ("{name}: conformant ({count})", "{name}：符合（{count}）"),
    "not conformant": ("{name}: NOT CONFORMANT ({what})", "{name}：不符合（{what}）"),
    "not judged": ("{name}: NOT JUDGED ({count}: {what})", "{name}：未判定（{count}：{what}）"),
}
_ORDER = tuple(_WORDS)
_MOST_NAMED = 3


def profiles_line(report: dict[str, Any], language: str = "en") -> str:
    """One line that says all profiles."""
    return " · ".join(profiles_said(report, language))


def profiles_said(report: dict[str, Any], language: str = "en") -> list[str]:
    """Each profile that applies with its verdict: what is conformant first, what nobody judged last."""
    place = LANGUAGES.index(language)
    profiles = sorted(report["profiles"], key=lambda profile: _ORDER.index(profile["verdict"]))
    return [_said(profile, place, is_first=number == 0) for number, profile in enumerate(profiles)]


def judged_names(report: dict[str, Any]) -> list[str]:
    """The names of the profiles that have a verdict on the receiver."""
    return [profile["name"] for profile in report["profiles"] if profile["verdict"] != "not judged"]


def unjudged_names(report: dict[str, Any]) -> list[str]:
    """The names of the profiles that nobody judged."""
    return [profile["name"] for profile in report["profiles"] if profile["verdict"] == "not judged"]


def _said(profile: dict[str, Any], place: int, *, is_first: bool) -> str:
    verdict = profile["verdict"]
    what = ""
    number = profile["judged"]
    if verdict == "not conformant":
        broken = profile["broken"]
        what = ", ".join(broken) if len(broken) <= _MOST_NAMED else _count(len(broken), place)
    if verdict == "not judged":
        number = len({rule for gap in profile["gaps"] for rule in gap["rules"]})
        about = [] if profile["judged"] else [_ABOUT[profile["name"]][place]]
        what = ("; ", "；")[place].join([*about, *(_wanted(gap, place) for gap in profile["gaps"])])
    # What a number counts is said where it first stands.
    count = str(number) if verdict == "conformant" and not is_first else _count(number, place)
    return _WORDS[verdict][place].format(name=NAMES[profile["name"]][place], count=count, what=what)


def _wanted(gap: dict[str, Any], place: int) -> str:
    by = ", ".join(gap["by"][:_MOST_NAMED]) or ("what blocks them", "阻断的原因")[place]
    return _WANTS[gap["want"]][place].format(by=by)


def _count(number: int, place: int) -> str:
    return (f"{number} rule{'' if number == 1 else 's'}", f"{number} 条规则")[place]
