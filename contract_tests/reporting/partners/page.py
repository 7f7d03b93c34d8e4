"""Partner overview page: renders many receivers' reports as one self-contained page without scripts."""

from __future__ import annotations

from collections.abc import Sequence

from callback_contract.contract_tests.reporting.model.inert import in_html
from callback_contract.contract_tests.reporting.partners.output import HEAD, cells, headline, told_broken, warnings
from callback_contract.contract_tests.reporting.partners.overview import BrokenRule, Partner, Partners
from callback_contract.openapi.documents.templates import source_hash
from callback_contract.openapi.pages.design import shared_style

__all__ = ["partners_html"]

_TONES = {"conformant": "good", "gate passes": "calm", "fails": "bad", "incomplete": "warn", "not judged": "warn"}
_NUMBERS = range(2, 9)  # columns of counts
_STYLE = f"""{shared_style()}
body {{ margin: 0 auto; padding: 1.5rem 1.25rem; max-width: 100rem; }}
h1 {{ font-size: 1.8rem; margin: 0 0 .3rem; }} h2 {{ font-size: var(--text-xl); margin: 2.2rem 0 .7rem; }}
.lead {{ font-size: var(--text-l); color: var(--quiet); margin: 0 0 1.2rem; }}
.scroll.card {{ padding: 0; }}
thead th {{ white-space: nowrap; }}
tbody tr:last-child > * {{ border-bottom: 0; }}
tbody th {{ color: var(--ink); min-width: 12rem; overflow-wrap: anywhere; }}
.url, .who {{ color: var(--quiet); font-size: var(--text-s); font-weight: 400; overflow-wrap: anywhere; }}
.bar {{ display: inline-block; height: .6rem; background: var(--bad); border-radius: .2rem; margin-right: .5rem; }}
@media print {{ body {{ padding: 0; max-width: none; font-size: 11px; }} }}
"""


def partners_html(partners: Partners) -> str:
    """Writes the page."""
    rows = "\n".join(_row(partner, partners) for partner in partners.receivers)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {source_hash(_STYLE)}; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>Receivers of callbacks: {in_html(headline(partners))}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Receivers of callbacks</h1>
<p class="lead">{in_html(headline(partners))}</p>
{"".join(f"<p>{in_html(told)}</p>" for told in warnings(partners))}
{_table("Receivers, the worst first", (*HEAD, "broken rules"), rows, _NUMBERS)}
{_rules(partners.rules)}
</main>
</body>
</html>
"""


def _table(label: str, head: Sequence[str], rows: str, numbers: range = range(0)) -> str:
    kinds = [' class="number"' if column in numbers else "" for column in range(len(head))]
    titles = "".join(f'<th scope="col"{kind}>{in_html(title)}</th>' for kind, title in zip(kinds, head, strict=True))
    return (
        f'<div class="scroll card" role="region" tabindex="0" aria-label="{in_html(label)}">\n<table>\n'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _row(partner: Partner, partners: Partners) -> str:
    _, outcome, *rest = cells(partner, partners)
    told = f'<th scope="row"><bdi>{in_html(partner.name)}</bdi><div class="url">{in_html(partner.url)}</div></th>'
    told += f'<td class="{_TONES[outcome]}"><span class="badge">{outcome}</span></td>'
    for column, cell in enumerate(rest, 2):
        kind = (' class="number quiet"' if cell == "0" else ' class="number"') if column in _NUMBERS else ""
        told += f"<td{kind}>{in_html(cell)}</td>"
    return f"<tr>{told}<td>{in_html(told_broken(partner))}</td></tr>"


def _rules(rules: Sequence[BrokenRule]) -> str:
    if not rules:
        return "<p>No receiver breaks a rule.</p>"
    rows = "\n".join(_rule_row(rule, rules[0].broken) for rule in rules)
    head = ("rule", "level", "broken by", "what it says", "receivers")
    told = _table("Rules, the most broken first", head, rows)
    return f"<h2>Which rules break most</h2>\n{told}"


def _rule_row(rule: BrokenRule, most: int) -> str:
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in rule.counts.items() if count)
    width = max(1, round(100 * rule.broken / most))
    bar = f'<svg class="bar" width="{width}" height="10" aria-hidden="true"></svg>'
    who = ", ".join(in_html(name) for name in rule.receivers)
    return (
        f'<tr><th scope="row">{in_html(rule.rule)}</th><td>{in_html(rule.level)}</td>'
        f"<td>{bar}{rule.broken} of {rule.judged} ({verdicts})</td>"
        f'<td>{in_html(rule.statement)}</td><td class="who">{who}</td></tr>'
    )
