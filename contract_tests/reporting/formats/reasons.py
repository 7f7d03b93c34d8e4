"""Chinese reasons: translate the kit's usual reasons of a verdict; a rare one stays English."""

from __future__ import annotations

__all__ = ["REASONS"]

REASONS = (
    (
        r"judged: (.+); not judged: (.+): name them with --callback",
        r"已判定：\1；未判定：\2，可用 --callback 指定",
    ),
    (r"all (\d+) cases broke it", r"全部 \1 个用例都违反了它"),
    (r"at least (\d+) of (\d+) cases broke it", r"\2 个用例中至少有 \1 个违反了它"),
    (r"(\d+) of (\d+) cases broke it", r"\2 个用例中有 \1 个违反了它"),
    (
        r"read-back showed none of the messages at all; is (.+) the right --state-url\?",
        r"回读从未显示任何一条消息；\1 是正确的 --state-url 吗？",
    ),
    (
        r"read-back showed none of the messages at all; does the --plugin look in the right place\?",
        "回读从未显示任何一条消息；--plugin 查找的位置正确吗？",
    ),
    (
        r"read-back showed only states that the contract does not know \((.+)\): --state-map translates them",
        r"回读显示的状态契约全都不认识（\1）：可用 --state-map 翻译",
    ),
    (r"blocked: (\S+) is broken", r"被阻断：\1 已被违反"),
    (r"blocked: (\S+) is broken \(through (\S+)\)", r"被阻断：\1 已被违反（经由 \2）"),
    (r"needs read-back: give (.+) or --plugin FILE", r"需要回读：请提供 \1 或 --plugin FILE"),
    (
        r"needs a secret to look for: none is sent or signs \((.+)\)",
        r"需要可供查找的机密：既没有发送也没有用于签名（\1）",
    ),
    (
        r"needs signed deliveries: give (.+), and its keys by environment",
        r"需要带签名的投递：请给出 \1，密钥由环境变量提供",
    ),
    (
        r"needs recorded deliveries: give --samples DIR, (\S+) or (\S+)",
        r"需要录制的投递：请给出 --samples DIR、\1 或 \2",
    ),
    (r"plain http:// on this machine harms nobody", "本机上的明文 http:// 对谁都没有危害"),
    (r"plain http:// has no TLS to judge", "明文 http:// 没有可供判定的 TLS"),
    (r"the host was not reached for a look at its TLS: (.+)", r"未能连上主机以查看其 TLS：\1"),
    (
        r"x-delivery\.(.+) (?:is|are) not given; add to x-delivery of the callback, or by --overlay: (.+)",
        r"没有给出 x-delivery.\1；请加到该回调的 x-delivery 中，或用 --overlay 给出：\2",
    ),
    (r"needs several deliveries under way together: raise --at-once", "需要多次投递同时进行：请增大 --at-once"),
    (
        r"blocked: the receiver acknowledged no valid delivery any more after (\S+)",
        r"被阻断：\1 之后，接收方不再确认任何合法投递",
    ),
    (
        r"no message can be followed: x-delivery\.(.+?) (?:is|are) not given; .*: (.+)",
        r"无法跟踪任何消息：没有给出 x-delivery.\1；请补上 \2",
    ),
    (
        r"no state is known to be older: x-delivery\.(.+?) (?:is|are) not given; .*: (.+)",
        r"不知道哪个状态更早：没有给出 x-delivery.\1；请补上 \2",
    ),
    (
        r"no delivery is known to be a redelivery: x-delivery\.(.+?) (?:is|are) not given; .*: (.+)",
        r"不知道哪次投递是重复投递：没有给出 x-delivery.\1；请补上 \2",
    ),
    (
        r"x-delivery names no correlation or no order, so a message cannot be followed",
        "x-delivery 没有给出 correlation 或 order，因此无法跟踪消息",
    ),
    (
        r"needs a read-back that shows `last`, the last callback as it is stored",
        "需要能显示 `last`（最后一次回调存储成的样子）的回读",
    ),
    (r"no two states are left that follow each other", "没有剩下前后相继的两个状态"),
    (r"every required member identifies the message", "每个必填字段都是消息的标识"),
    (r"no content could be drawn from the contract", "无法从契约抽取出任何内容"),
    (r"the OpenSSL here \((.+)\) cannot offer (.+)", r"本机的 OpenSSL（\1）无法提供 \2"),
    (r"the contract documents no answer", "契约没有写明响应"),
    (r"the contract has no closed list(?: of texts)?", "契约没有枚举"),
    (r"the contract has no free text", "契约没有自由填写的文本"),
    (r"the contract has no integer(?: that is free)?", "契约没有自由取值的整数"),
    (r"the contract has no phone number", "契约没有电话号码"),
    (r"the contract has no id beside the message's own", "除消息自己的 ID 之外，契约没有别的 ID"),
    (r"the contract has no map whose keys are the customer's own", "契约没有由客户自定键的映射"),
    (r"the contract has no map that could fill a body to that size", "契约没有能把请求体填充到这个大小的映射"),
    (r"the contract's body is not an object", "契约的请求体不是对象"),
    (r"the contract requires no member", "契约没有必填字段"),
    (r"the contract infers no format", "契约没有推断出的格式"),
    (r"the contract leaves no such case", "契约中不存在这样的用例"),
)
"""Patterns that a whole reason has to match, and its Chinese with their groups."""
