"""Report of a run: builds the content of `report.json`, and the files with bytes beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from callback_contract.contract_tests.generation.notes import Note, some_places
from callback_contract.contract_tests.model.verdicts import Finding, RuleResult
from callback_contract.contract_tests.policy.acceptance import waivers_to_dict
from callback_contract.contract_tests.receivers.regions import code_for, framework_of
from callback_contract.contract_tests.reporting.model.documentation_links import docs_of
from callback_contract.contract_tests.reporting.model.measures import bursts, latency, timeline, unshown
from callback_contract.contract_tests.reporting.model.profiles import is_conformant, profile_to_dict, profiles_of
from callback_contract.contract_tests.reporting.model.redaction import Redaction
from callback_contract.contract_tests.reporting.model.reproduction import (
    contract_words,
    header_words,
    reach_words,
    reproduce_command,
    run_words,
    sender_words,
)
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.target.read_back import HttpReadBack
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.wire.curl import curl
from callback_contract.mock_server.wire.delivery import PLAIN, Delivery, Exchange
from callback_contract.mock_server.wire.identity import MARK
from callback_contract.openapi.documenting.published import Site
from callback_contract.openapi.text.message import Text, both_of, joined
from callback_contract.openapi.text.printable import shell_word, shell_words
from callback_contract.openapi.text.secret_names import masked_header
from callback_contract.openapi.text.secret_spellings import LOOKED_AT

__all__ = ["SCHEMA_VERSION", "Report", "bodies_of", "build_report", "redaction_of"]

SCHEMA_VERSION = "2.0"
_SHOWN_BODY = 2000
_LOOKED_FOR_FRAMEWORK = 20  # answers
_VOLATILE = {"date", "age", "expires", "last-modified", "etag", "set-cookie", "x-request-id", "x-runtime"}


@dataclass(frozen=True)
class Report:
    """A report as JSON, and the bytes of its findings by file name."""

    value: dict[str, Any]
    bodies: Mapping[str, bytes]


def build_report(
    run: RunContext,
    *,
    kit_version: str,
    receiver_name: str,
    options: Mapping[str, Any],
    started_at: datetime,
    duration_s: float,
    incomplete: str,
    code: int,
    is_written: bool = False,
    redact: tuple[str, ...] = (),
    site: Site | None = None,
) -> Report:
    """Collects everything that a run found out; secrets and the run's id are replaced.

    Args:
        incomplete: Why the run ended early, empty when it did not.
        is_written: Whether it is going to be a file that `reproduce` can read.
        redact: JSON pointers into bodies; what stands there is shown nowhere.
        site: Where the documentation is published.
    """
    access = run.config.sender.access
    redaction = redaction_of(run, redact)
    bodies: dict[str, bytes] = {}
    profiles = profiles_of(run)
    value: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "kit": {"name": "callback-contract", "version": kit_version},
        "contract": {
            "title": run.config.contract.title,
            "version": run.config.contract.version,
            "digest": run.config.contract.digest,
            "callbacks": [callback.name for callback in run.config.callbacks],
        },
        "receiver": {"name": receiver_name, "url": access.shown_url, **_framework(run), **_own_urls(run)},
        "run": {
            "id": run.state.run.id,
            "seed": run.config.seed,
            "depth": run.config.depth.name,
            "options": dict(options),
            "started_at": started_at.isoformat(timespec="seconds"),
            "duration_s": round(duration_s, 3),
            "round_trip_s": round(run.state.round_trip_s(run.config.sender), 6),
            "deliveries": len(run.state.exchanges),
            "latency": latency(run.state.exchanges),
            "burst": bursts(run.state.results.values(), run.state.begun_s),
            **redaction.said(incomplete=incomplete),
        },
        "selection": {
            "rules": len(run.config.rules),
            "of_rules": len(run.config.catalogue.rules),
            "callbacks": len(run.config.callbacks),
            "of_callbacks": len(run.config.contract.callbacks),
        },
        "notes": [_note(note, redaction) for note in (*run.config.notes, *_withheld(run), *_unshown(run))],
        "exit_code": code,
        "conformant": is_conformant(profiles) and not incomplete,
        "profiles": [profile_to_dict(profile) for profile in profiles],
        "chapters": dict(run.config.catalogue.chapters),
        "rules": [_rule(run, result, redaction, bodies) for result in _in_catalogue_order(run)],
        "not_reached": [rule.id for rule in run.config.rules if rule.id not in run.state.results],
        "waivers": waivers_to_dict(run.config.policy.states(run.config, run.state.results), redaction.text),
        "frozen": {
            "rules_as_of": run.config.policy.freezing.words,
            "left_out": [
                {"id": rule.id, "level": rule.level, "since": rule.since} for rule in run.config.policy.left_out
            ],
        },
        "ids_sent": {
            "mark": MARK + "{run}",
            "ids": []
            if _ids_are_redacted(run, redact)
            else sorted(redaction.text(sent) for sent in run.state.ids_sent),
        },
    }
    if run.config.catalogue.side == "sender":
        value["side"] = "sender"
    if run.config.samples is not None:
        value["samples"] = run.config.samples.told()
    if site is not None:
        value["docs"] = docs_of(site, run.config.contract, value["rules"])
    # An app that this run served is gone with it: only `check` starts it again.
    playable = is_written and not access.app and run.config.catalogue.side == "receiver"
    for finding in (finding for rule in value["rules"] for finding in rule["findings"]):
        if playable:
            access = run.config.sender_of(finding["callback"]).access
            finding["reproduce"] = reproduce_command(finding["id"], access, options)
        else:
            is_sender = run.config.catalogue.side == "sender"
            finding["reproduce"] += contract_words(options) + (sender_words if is_sender else run_words)(options)
    return Report(value, bodies)


def redaction_of(run: RunContext, pointers: tuple[str, ...] = ()) -> Redaction:
    """Knows every secret of a run: the receiver's, the read-back's, and what stands at the pointers."""
    state = run.config.read_back.access.secrets if isinstance(run.config.read_back, HttpReadBack) else ()
    secrets = (secret for sender in run.config.senders for secret in sender.secrets)
    return Redaction.of((*secrets, *state), run.state.run, pointers)


def _withheld(run: RunContext) -> Iterator[Note]:
    return (Note("not judged", reason, name) for name, reason in run.config.withheld.items())


def _unshown(run: RunContext) -> Iterator[Note]:
    for callback, members in unshown(run).items():
        yield Note("not shown", Text("note.not-shown", callback=callback, members=some_places(members)))


def _note(note: Note, redaction: Redaction) -> dict[str, Any]:
    value = {"about": note.about, **redaction.said(text=note.text)}
    return value | {"callback": redaction.text(note.callback)} if note.callback else value


def _framework(run: RunContext) -> dict[str, str]:
    return {"framework": name} if (name := _framework_name(run)) else {}


def _framework_name(run: RunContext) -> str:
    """The receiver's framework: as given, or as the headers of its first answers say."""
    answers = (exchange.answer for exchange in run.state.exchanges[:_LOOKED_FOR_FRAMEWORK] if exchange.answer)
    heads = ({name.lower(): value for name, value in answer.headers} for answer in answers)
    return run.config.framework or next(filter(None, map(framework_of, heads)), "")


def _own_urls(run: RunContext) -> dict[str, Any]:
    """Where each callback goes; nothing where all go to one URL."""
    if not run.config.elsewhere:
        return {}
    return {"urls": {each.name: run.config.sender_of(each.name).access.shown_url for each in run.config.callbacks}}


def _ids_are_redacted(run: RunContext, pointers: tuple[str, ...]) -> bool:
    return any(callback.delivery.correlation in pointers for callback in run.config.callbacks)


def _in_catalogue_order(run: RunContext) -> list[RuleResult]:
    """What was said of each rule, whichever was judged first."""
    places = {rule.id: place for place, rule in enumerate(run.config.catalogue.rules)}
    return sorted(run.state.results.values(), key=lambda result: places.get(result.rule.id, len(places)))


def _rule(run: RunContext, result: RuleResult, redaction: Redaction, bodies: dict[str, bytes]) -> dict[str, Any]:
    rule, seen = result.rule, _seen(result)
    advice = {"hint": hint} if (hint := _hint(run, result, redaction)) else {}
    code = {"code": code} if result.findings and (code := _code(run, rule.id)) else {}
    return {
        "id": rule.id,
        "chapter": rule.chapter,
        "level": rule.level,
        "profile": rule.profile,
        "harm": rule.harm,
        "statement": rule.statement,
        "why": rule.why,
        "remedy": rule.remedy_when(seen),
        **({"seen": seen} if result.findings and seen else {}),
        **code,
        "source": rule.source,
        "requires": list(rule.requires),
        "since": rule.since,
        "verdict": result.verdict.value,
        "evidence": rule.evidence,
        "cases": result.cases,
        "deliveries": result.deliveries,
        "duration_s": round(result.duration_s, 3),
        "blocked_by": sorted({block.by for block in result.blocked_for.values()} - {""}),
        "lacks": sorted(means.value for means in result.lacks),
        **redaction.said(reason=result.reason, **advice),
        "waiver": _waiver(run, result, redaction),
        "findings": [
            _finding(run, f"{rule.id}-{number}", finding, redaction, bodies)
            for number, finding in enumerate(result.findings, 1)
        ],
    }


def _seen(result: RuleResult) -> str:
    """What the receiver did in the first finding, one of `SEEN` or nothing of them."""
    finding = next(iter(result.findings), None)
    if finding is None or not finding.exchanges or result.rule.side == "sender":
        return ""
    if result.rule.remedy_always and finding.broke == finding.tries:
        return "always"
    exchanges = finding.exchanges
    exchange = next((each for each in exchanges if not each.acknowledged), exchanges[-1])
    if exchange.answer is None:
        return "silent"
    return {4: "refused", 5: "crashed"}.get(exchange.answer.status // 100, "")


def _hint(run: RunContext, result: RuleResult, redaction: Redaction) -> str:
    """What the contract says of identity where a status was told twice, and of order where several were told."""
    found = next((finding for finding in result.findings if finding.looks), None)
    if found is None:
        return ""
    facts = run.config.contract.callback(found.callback).delivery
    events = timeline(run, found, redaction)["events"]
    told = [(event["message"], event["state"]) for event in events if event["kind"] == "sent"]
    said = []
    if facts.idempotency and len(set(told)) < len(told):
        said.append(Text("terminal.identified-by", members=both_of(facts.idempotency)))
    if facts.order and len(set(told)) > len({message for message, _ in told}):
        lives = facts.order.lives
        whole = [life for life in lives if not any(set(life) < set(other) for other in lives)]
        said.append(Text("terminal.in-order", lives=joined(" → ".join(life) for life in whole)))
    return joined(said)


def _code(run: RunContext, rule_id: str) -> str:
    """The lines to change, in the receiver's framework as far as it is known."""
    return code_for(rule_id, name) if (name := _framework_name(run)) else ""


def _waiver(run: RunContext, result: RuleResult, redaction: Redaction) -> dict[str, str] | None:
    waiver = run.config.policy.waiver_of(result)
    return None if waiver is None else {key: redaction.text(text) for key, text in waiver.items()}


def _finding(
    run: RunContext, name: str, finding: Finding, redaction: Redaction, bodies: dict[str, bytes]
) -> dict[str, Any]:
    access = run.config.sender_of(finding.callback).access
    redaction = redaction.knowing(bodies_of(finding))
    value: dict[str, Any] = {
        "id": name,
        "callback": finding.callback,
        **redaction.said(case=finding.case, expected=finding.expected, actual=finding.actual),
        "case_index": finding.case_index,
        "case_number": finding.case_number,
        "repeated": finding.repeated,
        "tries": finding.tries,
        "broke": finding.broke,
        "exchanges": [
            _exchange(exchange, f"{name}-{step}", redaction, bodies, access.shown_url, run.state.begun_s)
            for step, exchange in enumerate(finding.exchanges, 1)
        ],
        "reproduce": _command(run, name.rpartition("-")[0], finding.callback),
    }
    if finding.looks:
        value["timeline"] = timeline(run, finding, redaction)
    # A curl cannot sign: `reproduce` says the command that can.
    if finding.curl_suffices and finding.exchanges and run.config.scheme is None:
        secret_names = tuple(header for header, _ in access.secret_headers)
        # The run's id stays: `curl` puts a fresh one there, and not where somebody wrote what stands for it here.
        delivery = redacted(finding.exchanges[-1].delivery, replace(redaction, run_id="{run}"))
        command = curl(delivery, _url_word(access), extra_headers=secret_names, run=run.state.run.id)
        if command:
            value["curl"] = command
    return value


def bodies_of(finding: Finding) -> Iterator[bytes]:
    """All that was sent and came back."""
    for exchange in finding.exchanges:
        yield exchange.delivery.body
        if exchange.answer is not None:
            yield exchange.answer.body


def _command(run: RunContext, rule_id: str, callback: str) -> str:
    """The command that judges one rule again as this run did, at the callback's own URL, with what the rule needs."""
    words = ["--rules", rule_id]
    if run.config.catalogue.side == "sender":
        return f"callback-contract check-sender {shell_words(words)}"
    words += ["--seed", str(run.config.seed)] if run.config.seed else []
    words += ["--depth", run.config.depth.name] if run.config.depth.name != "standard" else []
    if run.config.elsewhere:
        words += ["--callback", callback]
    elif run.config.callbacks != run.config.contract.default_callbacks:
        words += [word for callback in run.config.callbacks for word in ("--callback", callback.name)]
    access, state_headers = run.config.sender_of(callback).access, ""
    words += ["--insecure"] if access.insecure else []
    if run.config.samples is not None:
        words += ["--samples", run.config.samples.source]
        words += [
            word for mask in run.config.samples.masks for word in ("--mask", mask)
        ]  # nobody sends in the clear by it
    if run.config.scheme is not None:
        words += ["--signature", getattr(run.config.sender.signer, "named", "") or run.config.scheme.name]
    if run.config.catalogue[rule_id].evidence == "read-back":
        read_back, state_headers = _read_back_words(run, access)
        words += read_back
    return f"callback-contract check {_target_words(access)} {shell_words(words)}{reach_words(access)}{state_headers}"


def _read_back_words(run: RunContext, access: Access) -> tuple[list[str], str]:
    """The options by which it is seen what was stored, and the headers that go with them."""
    read_back = run.config.read_back
    if isinstance(read_back, HttpReadBack):
        state_url = unquote(read_back.access.shown_url)
        if access.app and read_back.access.url.startswith(_origin(access.url)):
            state_url = state_url.removeprefix(_origin(access.url))
        return ["--state-url", state_url], header_words(read_back.access, "--state-header")
    plugin = getattr(read_back, "plugin", None)
    return ["--plugin", plugin] if plugin else [], ""


def _target_words(access: Access) -> str:
    """What follows `check` to judge the same receiver again."""
    path = access.shown_url.removeprefix(access.app)
    return shell_words(["--app", access.app, path]) if access.app else _url_word(access)


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _url_word(access: Access) -> str:
    """The URL as a word of a command; one that holds secrets is the reader's to fill in."""
    return shell_word(access.url) if access.shown_url == access.url else '"$URL"'


def redacted(delivery: Delivery, redaction: Redaction) -> Delivery:
    """A delivery with `{run}` in the place of the run's id."""
    headers = tuple((name, redaction.text(value)) for name, value in delivery.headers)
    query = tuple((name, redaction.text(value)) for name, value in delivery.query)
    return replace(delivery, body=redaction.sent(delivery.body), headers=headers, query=query)


def _exchange(
    exchange: Exchange, name: str, redaction: Redaction, bodies: dict[str, bytes], url: str, begun_s: float
) -> dict[str, Any]:
    delivery = redacted(exchange.delivery, redaction)
    bodies[f"{name}.body"] = delivery.content
    value: dict[str, Any] = {
        "method": delivery.method,
        "url": delivery.target_from(_origin(url) + delivery.target if delivery.target else url),
        "headers": [list(header) for header in delivery.headers],
        "body_file": f"findings/{name}.body",
        "body_bytes": len(exchange.delivery.content),
        "body": _shown(delivery.content),
        "offset_s": round(max(0.0, exchange.begun_s - begun_s), 6),
        "elapsed_s": round(exchange.elapsed_s, 6),
    }
    if delivery.framing != PLAIN:
        value["framing"] = asdict(delivery.framing)
    if exchange.answer is None:
        value["no_answer"] = {"kind": exchange.failure, "detail": redaction.text(exchange.detail)}
    else:
        answer = exchange.answer
        value["answer"] = {
            "status": answer.status,
            "headers": [
                [redaction.text(key), masked_header(key, redaction.text(text))]
                for key, text in answer.headers
                if key.lower() not in _VOLATILE
            ],
            "body": _shown(redaction.received(answer.body[:LOOKED_AT]), len(answer.body)),
            "body_bytes": len(answer.body),
        }
    return value


def _shown(body: bytes, of_bytes: int = 0) -> str:
    """A body, or a longer one's beginning, as text; what is no text is shown as its escapes, what is long is cut."""
    text = body.decode("utf-8", "backslashreplace")
    whole = max(len(body), of_bytes)
    is_whole = len(text) <= _SHOWN_BODY and of_bytes <= LOOKED_AT
    return text if is_whole else f"{text[:_SHOWN_BODY]}… ({whole} bytes)"
