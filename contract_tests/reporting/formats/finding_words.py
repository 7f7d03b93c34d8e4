"""Chinese findings: translate case, expectation and actual result; rare texts stay English."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callback_contract.contract_tests.reporting.formats.case_words import CASES, TERMS

__all__ = ["ACTUAL", "EXPECTED", "chinese_actual", "chinese_case", "chinese_expected"]

_Templates = Sequence[tuple[str, str]]
_MOST_LEVELS = 4
_LONGEST = 1000  # characters of a text that a template fits; what is longer was quoted, and stays as it is
_LATIN = re.compile("[0-9A-Za-z]")

EXPECTED: _Templates = (
    (r"415 Unsupported Media Type", "415 Unsupported Media Type"),
    (r"a 405 with Allow", "405，并带有 Allow"),
    (r"a complete answer below 500", "低于 500 的完整响应"),
    (r"a complete answer below 500, or 501", "低于 500 的完整响应，或 501"),
    (r"a rejection \(4xx\)", "拒绝（4xx）"),
    (r"an acknowledgement \(2xx\)", "确认（2xx）"),
    (r"an acknowledgement \(2xx\), as before", "与之前一样的确认（2xx）"),
    (r"an acknowledgement \(2xx\) of the redelivery", "对重复投递的确认（2xx）"),
    (r"an acknowledgement \(2xx\) of the valid delivery that follows", "对其后合法投递的确认（2xx）"),
    (r"an acknowledgement \(2xx\) of (.+)", r"对 \1 的确认（2xx）"),
    (r"(.+) acknowledgements \(2xx\)", r"\1 个确认（2xx）"),
    (r"the same answer as alone", "与单独投递时相同的响应"),
    (r"an answer without the right signature", "不含正确签名的响应"),
    (r"an answer without what proves who sends", "不含发送方凭证的响应"),
    (r"an https URL", "https URL"),
    (r"no HTML answer that repeats received markup", "响应不以 HTML 回显收到的标记"),
    (r"no HTML page", "不是 HTML 页面"),
    (r"no acknowledgement \(2xx\)", "不确认（2xx）"),
    (r"no redirect \(3xx\)", "不重定向（3xx）"),
    (r"no framework version", "不显示框架版本"),
    (r"no stack trace", "不显示堆栈"),
    (r"no session by (.+)", r"不建立 \1 会话"),
    (r"a session by TLS 1\.2 or 1\.3", "TLS 1.2 或 1.3 会话"),
    (r"a certificate for the host", "与主机名相符的证书"),
    (r"a certificate that is valid now", "当前有效的证书"),
    (r"a chain to a trusted authority", "通向受信任机构的证书链"),
    (r"14 days left at least", "证书至少还有 14 天有效"),
    (
        r"a median of (.+) s at most, 1 % slower than (.+) s at most(.*)",
        r"中位数不超过 $1 秒，慢于 $2 秒的不超过 1 %\3",
    ),
    (r", both (.+) times as long on this busy machine", r"，机器繁忙，两者都放宽到 $1 倍"),
    (r"an answer within (.+) s", r"\1 秒内响应"),
    (r"all (.+) acknowledged messages stored", r"已确认的 \1 条消息全部存储"),
    (r"message (.+) in the state (.+)", r"消息 \1 处于状态 \2"),
    (r"message (.+) of (.+) in the state (.+)", r"\2 条消息中的第 \1 条处于状态 \3"),
    (r"applied 1", "生效 1 次"),
    (r"applied (.+) as before", r"与之前一样生效 \1 次"),
    (r"the state (.+) after a forged (.+)", r"收到伪造的 \2 之后状态仍为 \1"),
    (r"the state (.+)", r"状态 \1"),
    (r"the documented body", "文档写明的响应正文"),
    (r"the documented status (.+)", r"文档写明的状态码 \1"),
    (r"the (integers|map|phone numbers|texts) as (?:they were|it was) sent", r"\1与发送时一致"),
    (r"(.+) after a refused (.+)", r"被拒绝的 \2 之后：\1"),
    (r"(.+) as before", r"与之前一样：\1"),
)
"""Patterns that a whole text has to match, and its Chinese."""

ACTUAL: _Templates = (
    (r"(\d{3}[^,]*), (\d+) bytes", r"\1，\2 字节"),
    (r"(\d{3}[^,]*), (.+), (\d+) bytes", r"\1，\2，\3 字节"),
    (r"state (.+), applied (.+)", r"状态 \1，生效 \2 次"),
    (r"not known", "未知"),
    (r"the message is not known", "该消息未知"),
    (r"nothing was sent", "没有发送任何内容"),
    (r"the answer tells it", "响应中含有它"),
    (r"plain http, and not on this machine", "明文 http，且不在本机"),
    (r"a median of (.+) s, (.+) slower, the slowest (.+) s", r"中位数 \1 秒，\2 更慢，最慢 \3 秒"),
    (r"it repeats (.+)", r"响应回显了 \1"),
    (r"a session by (.+)", r"建立了 \1 会话"),
    (r"([\d.X-]+) days", r"\1 天"),
    (r"(.+) are not known", r"\1 条未知"),
    (r"(.+) others, (.+)", r"另有 \1 个：\2"),
    (r"([\d.X]+) s, (.+)", r"\1 秒，\2"),
    (r"no complete answer in time(?:: (.+))?", r"没有及时给出完整响应 \1"),
    (r"the connection was closed without an answer(?:: (.+))?", r"连接关闭而没有响应 \1"),
    (r"the connection was refused(?:: (.+))?", r"连接被拒绝 \1"),
    (r"the answer is not HTTP(?:: (.+))?", r"响应不是 HTTP \1"),
    (r"the answer is too big or never ends(?:: (.+))?", r"响应过大或永不结束 \1"),
    (r"no TLS session could be formed(?:: (.+))?", r"无法建立 TLS 会话 \1"),
    (r"the host name does not resolve(?:: (.+))?", r"主机名无法解析 \1"),
    (r"the proxy did not pass the delivery on(?:: (.+))?", r"代理没有转发投递 \1"),
)

_WORDS = {"integers": "整数", "map": "映射", "phone numbers": "电话号码", "texts": "文本"}


def chinese_case(text: str, phrases: _Templates = ()) -> str:
    """A case in Chinese; empty where no template fits, neither of a rule's own phrases nor of all."""
    return _chinese(text, (*phrases, *CASES), 0)


def chinese_expected(text: str, phrases: _Templates = ()) -> str:
    """What was expected; empty where no template fits."""
    return _chinese(text, (*phrases, *EXPECTED), 0)


def chinese_actual(text: str, phrases: _Templates = ()) -> str:
    """What came instead; empty where no template fits."""
    return _chinese(text, (*phrases, *ACTUAL), 0)


def _chinese(text: str, templates: _Templates, level: int) -> str:
    if (term := TERMS.get(text) or _WORDS.get(text)) is not None:
        return term
    if level > _MOST_LEVELS or len(text) > _LONGEST:
        return ""
    for pattern, chinese in templates:
        if found := re.fullmatch(pattern, text, re.DOTALL):

            def group(sign: re.Match[str], found: re.Match[str] = found) -> str:
                text = found[int(sign[2])] or ""
                text = text if sign[1] == "$" else _chinese(text, templates, level + 1) or text
                before, after = sign.string[: sign.start()][-1:], sign.string[sign.end() :][:1]
                lead = " " if _is_han(before) and _LATIN.match(text[:1]) else ""
                return lead + text + (" " if _is_han(after) and _LATIN.match(text[-1:]) else "")

            return re.sub(r"([\\$])(\d)", group, chinese).strip()
    return ""


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"  # a pattern of so many takes milliseconds to compile
