"""Length of what a terminal shows: a run with one mistake, whole, at the width of an ordinary window."""

from __future__ import annotations

import io

import pytest

from callback_contract.contract_tests.meta.support.sample_reports import exchange, finding, report, rule
from callback_contract.contract_tests.model.profiles import applicable, judged_profiles, standing_of
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.receivers import JUDGED
from callback_contract.contract_tests.receivers.regions import FRAMEWORKS, code_for, region_by_rule
from callback_contract.contract_tests.reporting.model.profiles import profile_to_dict
from callback_contract.contract_tests.reporting.model.redaction import said
from callback_contract.contract_tests.reporting.model.report import Report
from callback_contract.contract_tests.reporting.terminal.console import Terminal
from callback_contract.contract_tests.reporting.terminal.findings import show_findings
from callback_contract.contract_tests.reporting.terminal.terminal import ChapterLines, show_report
from callback_contract.contract_tests.runner.events import RuleJudged, RunFinished, RunStarted
from callback_contract.openapi.rules.catalogue import SEEN, load_catalogue
from callback_contract.openapi.text.message import Text, both_of, joined

MOST_LINES = 40
WIDTH = 100
ANNOUNCED = 3  # lines before the first delivery
URL = "http://127.0.0.1:8080/callbacks/whatsapp"
CATALOGUE = load_catalogue()
JUDGEABLE = [rule for rule in CATALOGUE.rules if not rule.untestable and rule.profile in {"answers", "state", "load"}]
LIFE = ("replied", "read", "delivery", "send", "wait")
STORY = {
    "states": list(LIFE),
    "left_out": 0,
    "events": [
        {"offset_s": 0.0, "message": 1, **each}
        for times, state in enumerate(LIFE, 1)
        for each in (
            {"kind": "sent", "state": state, "status": 200},
            {"kind": "shown", "state": state, "applied": times, "backwards": times > 1},
        )
    ],
}
OF_ORDER = Text("terminal.in-order", lives=joined([" → ".join(LIFE), "wait → send → failed"]))
OF_IDENTITY = Text("terminal.identified-by", members=both_of(["/msg_id", "/status"]))


def mistake(row, framework, seen, *, reads_back):
    """The report of a run in which one rule failed, as long as its texts make it."""
    one = finding("oops", 1, row.id) | {"actual": "500 Internal Server Error, application/json, 20 bytes"}
    one["reproduce"] = f"callback-contract check {URL} --rules {row.id}"
    one |= said(case="/workflow_id missing")
    more = said(reason=Text("reason.at-least-broke", broken=3, cases=16))
    if row.evidence == "read-back":
        right = exchange("{}")
        right["answer"] = right["answer"] | {"status": 200}
        one |= {"timeline": STORY, "exchanges": [right] * len(LIFE), "expected": "the state 'replied'"}
        one |= {"case": f"the order {', '.join(LIFE)}", "actual": "state 'wait', applied 5"}
        one["reproduce"] += JUDGED.partition(URL)[2]
        hint = OF_ORDER if row.chapter == "ORD" else OF_IDENTITY
        more |= said(reason=Text("reason.at-least-broke", broken=3, cases=5), hint=hint)
    broken = rule(row.id, "fail", [one], level=row.level) | more | {"seen": seen, "profile": row.profile}
    value = report(broken, receiver={"name": "messageStatus", "url": URL, "framework": framework})
    if code := code_for(row.id, framework):
        broken["code"] = code
    lacks = set() if reads_back else {"read-back"}
    standings = (
        standing_of(each, verdict_on(each, row, reads_back), lacks=lacks if each.evidence == "read-back" else ())
        for each in JUDGEABLE
    )
    profiles = judged_profiles(standings, applicable(signed=False, by_tls=False, recorded=False), quick=False)
    return value | {"profiles": [profile_to_dict(each) for each in profiles]}


def verdict_on(each, broken, reads_back):
    if each is broken:
        return Verdict.FAIL
    return Verdict.PASS if reads_back or each.evidence != "read-back" else Verdict.NOT_APPLICABLE


def lines_of(print_on):
    out = io.StringIO()
    print_on(Terminal(file=out, width=WIDTH, force_terminal=True, no_color=True, color_system=None))
    return out.getvalue().splitlines()


def finding_lines(value):
    return lines_of(lambda out: show_findings(out, value, CATALOGUE, None, at_length=False))


def lines_around(*, reads_back):
    """The lines of a run with one mistake but for the finding and what is said before the first delivery."""
    row = CATALOGUE["IDM-03" if reads_back else "PAY-17"]
    value = mistake(row, "fastapi", "", reads_back=reads_back)

    def printed(out):
        chapters = ChapterLines(out, CATALOGUE, is_whole=True)
        chapters(RunStarted("0badcafe", (URL,), ("messageStatus",), tuple(JUDGEABLE), 582))
        for each in JUDGEABLE:
            chapters(RuleJudged(RuleResult(each, verdict_on(each, row, reads_back), "")))
        chapters(RunFinished(""))
        show_report(out, Report(value, {}), CATALOGUE)

    return len(lines_of(printed)) - len(finding_lines(value))


@pytest.mark.parametrize("reads_back", [True, False])
def test_run_with_one_mistake_takes_forty_lines_in_any_framework(reads_back):
    room = MOST_LINES - ANNOUNCED - lines_around(reads_back=reads_back)
    long = {}
    for row in JUDGEABLE:
        if (row.evidence == "read-back") != reads_back:
            continue
        seen = max(("", *SEEN), key=lambda each: len(row.remedy_when(each)))
        for framework in FRAMEWORKS if row.id in region_by_rule() else ["spring"]:
            lines = finding_lines(mistake(row, framework, seen, reads_back=reads_back))
            if len(lines) > room:
                long[row.id, framework] = len(lines) - room
    assert long == {}
