"""Small synthetic reports, for tests that read several of them."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema_rs

from callback_contract.contract_tests.reporting.model.redaction import said

SCHEMA = json.loads(files("callback_contract.contract_tests").joinpath("schemas/report.schema.json").read_text("utf-8"))
HOSTILE = "</td><script>document.title='owned'</script>|**@everyone** [x](javascript:alert(1)) \u202e\x1b[2J\x00"


def latency(median_s, p95_s, count=500):
    seconds = {"median_s": median_s, "p95_s": p95_s, "p99_s": p95_s, "max_s": p95_s}
    return {"count": count, "no_answer": 0, "histogram": [], **seconds}


def finding(rule_id, case="a case", callback="messageStatus", actual="500"):
    return {
        "id": f"{rule_id}-1",
        "callback": callback,
        **said(case=case),
        "case_index": 0,
        "case_number": 1,
        "expected": "an answer below 500",
        "actual": actual,
        "repeated": True,
        "tries": 2,
        "broke": 2,
        "exchanges": [],
        "reproduce": "callback-contract reproduce",
    }


def profile(name="answers", verdict="conformant", judged=1, broken=(), **gaps):
    told = [{"want": want.replace("_", "-"), "rules": list(rules), "by": []} for want, rules in gaps.items()]
    return {"name": name, "verdict": verdict, "judged": judged, "broken": list(broken), "gaps": told}


def rule(rule_id, verdict="pass", *cases, level="MUST", since="1.0", reason="", callback="messageStatus"):
    return {
        "id": rule_id,
        "chapter": rule_id.partition("-")[0],
        "level": level,
        "statement": f"The receiver does what {rule_id} says.",
        "why": "it matters",
        "remedy": "do it",
        "source": "RFC 9110",
        "requires": [],
        "since": since,
        "verdict": verdict,
        "evidence": "black-box",
        "cases": 1,
        "deliveries": 1,
        "duration_s": 0.1,
        "profile": "answers",
        "blocked_by": [],
        "lacks": [],
        "reason": reason,
        "waiver": None,
        "findings": [finding(rule_id, case, callback) for case in cases],
    }


def report(*rules, kit="1.0.0", name="a receiver", of_rules=None, seconds=(0.010, 0.050), **more):
    value = {
        "schema_version": SCHEMA["properties"]["schema_version"]["const"],
        "kit": {"name": "callback-contract", "version": kit},
        "contract": {"title": "callbacks", "version": "1.0.0", "digest": "0" * 64, "callbacks": ["messageStatus"]},
        "receiver": {"name": name, "url": "http://127.0.0.1:1/x"},
        "run": {
            "id": "0badcafe",
            "seed": 0,
            "depth": "quick",
            "options": {},
            "started_at": "2026-06-30T10:00:00+00:00",
            "duration_s": 1.0,
            "round_trip_s": 0.001,
            "deliveries": 10,
            "latency": latency(*seconds),
            "burst": [],
            "incomplete": "",
        },
        "selection": {"rules": len(rules), "of_rules": of_rules or len(rules), "callbacks": 1, "of_callbacks": 1},
        "exit_code": 1 if any(rule["verdict"] in {"fail", "flaky"} for rule in rules) else 0,
        "conformant": all(rule["verdict"] == "pass" for rule in rules),
        "profiles": [],
        "chapters": {},
        "rules": list(rules),
        "not_reached": [],
        "ids_sent": {"mark": "ca11bac4{run}", "ids": []},
    }
    for key, members in more.items():
        value[key] = value[key] | members if isinstance(value.get(key), dict) else members
    jsonschema_rs.validator_for(SCHEMA).validate(value)
    return value


def written(directory, value):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "report.json").write_text(json.dumps(value), encoding="utf-8")
    return directory
