"""Pages for people in the place of a receiver's answer: HTML that nobody documents, and the challenge of an edge."""

from __future__ import annotations

from callback_contract.mock_server.wire.delivery import Response
from callback_contract.openapi.contract.model import Callback

__all__ = ["challenger", "is_page"]

# A header with a value that begins so, or a text of the page (the first page of it is searched).
_HEADERS = (
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("x-amzn-waf-action", "challenge", "AWS WAF"),
    ("x-amzn-waf-action", "captcha", "AWS WAF"),
    ("x-vercel-mitigated", "challenge", "Vercel"),
    ("x-vercel-challenge-token", "", "Vercel"),
)
_TEXTS = (
    (b"_cf_chl_opt", "Cloudflare"),
    (b"_Incapsula_Resource", "Imperva"),
    (b"captcha-delivery.com", "DataDome"),
    (b"awsWafCookieDomainList", "AWS WAF"),
    (b"ddos-guard.net", "DDoS-Guard"),
)
_LOOKED_AT = 64 * 1024


def is_page(answer: Response, callback: Callback) -> bool:
    """Return whether an answer is a page for people: HTML that the contract does not document."""
    documented = callback.answer
    return answer.is_html and not (documented is not None and documented.documents_media_type(answer.media_type))


def challenger(answer: Response) -> str:
    """Return who stands before a receiver and asks the sender to prove that it is a person; empty for nobody."""
    for name, start, who in _HEADERS:
        value = answer.header(name)
        if value is not None and value.strip().lower().startswith(start):
            return who
    start_of_body = answer.body[:_LOOKED_AT] if answer.is_html else b""
    return next((who for text, who in _TEXTS if text in start_of_body), "")
