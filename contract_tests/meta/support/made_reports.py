"""Small synthetic reports, for tests that read several of them."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import jsonschema_rs

from callback_contract.contract_tests.reporting.model.history import HISTORY
from callback_contract.contract_tests.reporting.model.redaction import said

SCHEMA = json.loads(files("callback_contract.contract_tests").joinpath("schemas/report.schema.json").read_text("utf-8"))
NAMES = ("Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Tyrell", "Cyberdyne", "Soylent")
PLACES = ("Asia", "Europe", "Pay", "Labs")
END = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)
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


def write_partners(folder, base, *, partners=40, runs=10, pages=True):
    """Write folders as `fleet` leaves them, whose reports are `base` with other verdicts; yield each folder's name."""
    chance = random.Random(0)
    for number in range(partners):
        name = f"{NAMES[number % len(NAMES)]} {PLACES[number // len(NAMES) % len(PLACES)]}"
        weak = chance.sample(range(len(base["rules"])), chance.choice((0, 0, 0, 1, 2, 4, 9)))
        own = folder / name.lower().replace(" ", "-")
        for run in range(runs):
            newest = run == runs - 1
            report = _made(base, name, number, run, runs, weak, chance)
            where = own if newest else own / HISTORY / f"{report['run']['started_at'][:19].replace(':', '-')}-{run}"
            where.mkdir(parents=True, exist_ok=True)
            (where / "report.json").write_text(json.dumps(report), encoding="utf-8")
        if pages:
            (own / "report.html").write_text("<!DOCTYPE html><title>a report</title>", encoding="utf-8")
        yield own.name


def _made(base, name, number, run, runs, weak, chance):
    """The report of one run: the nearer the end, the more of the weak rules are mended, with setbacks."""
    report = copy.deepcopy(base)
    report["receiver"] = {"name": name, "url": f"https://staging-{number}.partner.example/callbacks/whatsapp"}
    started_at = END - timedelta(days=runs - 1 - run, minutes=7 * number)
    report["run"] |= {"id": f"{number:04x}{run:04x}", "started_at": started_at.isoformat()}
    broken = {at for at in weak if chance.random() < 1 - 0.6 * run / runs} | ({3} if chance.random() < 0.03 else set())
    for at in broken:
        rule = report["rules"][at]
        rule["verdict"] = "fail" if rule["level"] == "MUST" else "warn"
        if rule["verdict"] == "fail" and chance.random() < 0.2:
            rule["verdict"] = "waived"
            until = (END + timedelta(days=chance.choice((-1, 6, 20, 200)))).date().isoformat()
            rule["waiver"] = {"reason": "they mend it", "owner": "A. Lovelace", "until": until}
    bad = {"fail", "flaky", "waived", "error"}
    for profile in report["profiles"]:
        rules = [rule for rule in report["rules"] if rule["profile"] == profile["name"]]
        found = [rule["id"] for rule in rules if rule["verdict"] in bad]
        profile["broken"], profile["verdict"] = found, "not conformant" if found else "conformant"
    if number % 5 == 1:  # without read-back
        report["profiles"][1]["verdict"] = "not judged"
    report["conformant"] = all(profile["verdict"] == "conformant" for profile in report["profiles"])
    report["exit_code"] = int(any(rule["verdict"] == "fail" for rule in report["rules"]))
    if chance.random() < 0.03:
        report["run"]["incomplete"], report["exit_code"], report["conformant"] = "interrupted", 130, False
    return report
