"""Synthetic reports with arbitrary text in all places that a receiver or a user fills."""

from __future__ import annotations

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "]]>--><!--`|**@everyone** [x](javascript:alert(1)) https://evil.example #1 &amp; {{7*7}} \u202e\x1b[2J\x00\ufffe"
)


def exchange(text, number=1, rule="PAY-01", *, answered=True):
    came = {
        "answer": {
            "status": 500,
            "headers": [["X-Echo", text], ["X-Echo", "2"], ["Content-Type", "text/html"]],
            "body": text,
            "body_bytes": len(text),
        }
    }
    none = {"no_answer": {"kind": "broken", "detail": text}}
    return {
        "method": "POST",
        "url": "http://127.0.0.1:1/x?tenant=…",
        "headers": [["Content-Type", "application/json"]],
        "body_file": f"findings/{rule}-{number}-1.body",
        "body_bytes": len(text),
        "body": '{"a":"' + text + '","b":[1,true,null]}',
        "offset_s": 0.5,
        "elapsed_s": 0.012,
        **(came if answered else none),
    }


def finding(text, number=1, rule="PAY-01", **more):
    return {
        "id": f"{rule}-{number}",
        "callback": "messageStatus",
        "case": f"case {number} {text}",
        "case_index": number - 1,
        "case_number": number,
        "expected": "a complete answer below 500",
        "actual": text,
        "repeated": True,
        "tries": 2,
        "broke": 2,
        "exchanges": [exchange(text, number, rule, answered=number % 2 == 1)],
        "reproduce": f"callback-contract check http://127.0.0.1:1/x --rules {rule}",
        "curl": f"curl -sS http://127.0.0.1:1/x --data-binary '{text}'",
        **more,
    }


TIMELINE = {
    "states": ["wait", "send", "read"],
    "left_out": 0,
    "events": [
        {"offset_s": 0.0, "message": 1, "kind": "sent", "state": "read", "status": 200},
        {"offset_s": 0.1, "message": 1, "kind": "shown", "state": "read", "applied": 1, "backwards": False},
        {"offset_s": 0.2, "message": 1, "kind": "sent", "state": "send", "status": 200},
        {"offset_s": 0.3, "message": 1, "kind": "shown", "state": "send", "applied": 2, "backwards": True},
        {"offset_s": 0.4, "message": 1, "kind": "shown", "state": None, "applied": None, "backwards": False},
    ],
}


def rule(rule_id, verdict, findings=(), *, level="MUST", reason="", waiver=None):
    return {
        "id": rule_id,
        "chapter": rule_id.partition("-")[0],
        "level": level,
        "statement": f"The receiver does what {rule_id} says.",
        "why": "Because.",
        "remedy": "Do it.",
        "source": "house rule",
        "requires": [],
        "since": "1.0",
        "verdict": verdict,
        "evidence": "black-box",
        "cases": 3,
        "deliveries": 3,
        "duration_s": 0.25,
        "profile": "answers",
        "blocked_by": [],
        "lacks": [],
        "reason": reason,
        "waiver": waiver,
        "findings": list(findings),
    }


def report(*rules, text="", **more):
    return {
        "schema_version": "2.0",
        "kit": {"name": "callback-contract", "version": "1.0.0"},
        "contract": {"title": "Callbacks", "version": "1.0.0", "digest": "0" * 64, "callbacks": ["messageStatus"]},
        "receiver": {"name": f"Staging{text}", "url": "http://127.0.0.1:1/x?tenant=…"},
        "run": {
            "id": "0badcafe",
            "seed": 0,
            "depth": "standard",
            "options": {"rules": "", "strict": False, "timeout": 30.0},
            "started_at": "2026-01-01T00:00:00+00:00",
            "duration_s": 4.2,
            "round_trip_s": 0.001,
            "deliveries": 3,
            "latency": {
                "count": 3,
                "no_answer": 1,
                "median_s": 0.01,
                "p95_s": 0.02,
                "p99_s": 0.02,
                "max_s": 40.0,
                "histogram": [
                    {"up_to_s": 0.01, "count": 2},
                    {"up_to_s": 30.0, "count": 0},
                    {"up_to_s": None, "count": 1},
                ],
            },
            "burst": [
                {
                    "rule": "LOD-01",
                    "callback": "messageStatus",
                    "case": f"24 at once{text}",
                    "count": 2,
                    "deliveries": [
                        {"offset_s": 0.0, "elapsed_s": 0.01, "status": 200},
                        {"offset_s": 0.001, "elapsed_s": 0.2, "status": 0},
                    ],
                }
            ],
            "incomplete": text,
        },
        "selection": {"rules": len(rules), "of_rules": 107, "callbacks": 1, "of_callbacks": 1},
        "exit_code": 1,
        "conformant": False,
        "profiles": [],
        "chapters": {"ACK": "Acknowledgement", "PAY": "Bodies"},
        "rules": list(rules),
        "not_reached": [],
        "ids_sent": {"mark": "ca11bac4{run}", "ids": ["ca11bac4{run}01"]},
        **more,
    }


def hostile(findings=3):
    found = [finding(HOSTILE, number) for number in range(1, findings + 1)]
    found[0]["timeline"] = TIMELINE
    return report(
        rule("ACK-01", "pass"),
        rule("ACK-02", "warn", [finding(HOSTILE, 1, "ACK-02")], level="SHOULD", reason=HOSTILE),
        rule("ACK-03", "not applicable", reason=HOSTILE),
        rule("ACK-04", "error", reason=HOSTILE),
        rule("PAY-01", "fail", found, reason="all 3 cases broke it"),
        rule("PAY-02", "flaky", [finding(HOSTILE, 1, "PAY-02", repeated=False, broke=1)]),
        rule(
            "PAY-03",
            "waived",
            [finding(HOSTILE, 1, "PAY-03")],
            waiver={"reason": HOSTILE, "owner": "A. Lovelace", "until": "2027-01-01"},
        ),
        text=HOSTILE,
        notes=[
            {"about": "set aside", "callback": HOSTILE, "text": HOSTILE},
            {"about": "not judged", "callback": "other", "text": "it lacks a header"},
            *({"about": "contract", "text": HOSTILE} for _ in range(12)),
        ],
    )
