"""JSON lines of a run: one object for each event, while it happens, without secrets and inert in a terminal."""

from __future__ import annotations

import threading
from typing import IO, Any

from callback_contract.contract_tests.model.verdicts import Finding
from callback_contract.contract_tests.reporting.model.redaction import Redaction
from callback_contract.contract_tests.reporting.model.report import bodies_of
from callback_contract.contract_tests.runner.events import (
    CaseFinished,
    DeliverySent,
    Event,
    PaceLearned,
    ReceiverStopped,
    RuleJudged,
    RuleStarted,
    RunFinished,
    RunStarted,
    WaitEnded,
    Waiting,
)
from callback_contract.openapi.text.printable import exact_json

__all__ = ["EventLines"]


class EventLines:
    """Writes events to a stream; one that cannot be written any more ends no run.

    Attributes:
        error: Why the stream could not be written; None while it can.
    """

    def __init__(self, stream: IO[bytes], redaction: Redaction) -> None:
        self._stream, self._redaction = stream, redaction
        self._lock = threading.Lock()
        self.error: OSError | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, (Waiting, WaitEnded)):
            return  # for somebody who looks on
        line = exact_json(event_to_dict(event, self._redaction)).encode() + b"\n"
        with self._lock:
            if self.error is not None:
                return
            try:
                self._stream.write(line)
                self._stream.flush()
            except OSError as error:
                self.error = error


def event_to_dict(event: Event, redaction: Redaction) -> dict[str, Any]:
    """One event as JSON; `event` says which.

    Raises:
        ValueError: It is none that is written.
    """
    match event:
        case RunStarted():
            return {
                "event": "run_started",
                "run": event.run_id,
                "urls": list(event.urls),
                "callbacks": list(event.callbacks),
                "rules": [rule.id for rule in event.rules],
                "deliveries": event.deliveries,
            }
        case RuleStarted():
            return {"event": "rule_started", "rule": event.rule.id}
        case DeliverySent():
            return _sent(event)
        case PaceLearned():
            return {"event": "pace_learned", "per_second": round(event.per_second, 3), "left": event.left}
        case CaseFinished():
            case = redaction.said(case=event.case.label)
            told = {"rule": event.rule.id, "callback": event.case.callback.name, **case}
            return {"event": "case_finished", **told, "broken": event.is_broken}
        case ReceiverStopped():
            return {"event": "receiver_stopped", "rule": event.rule.id, "url": event.url}
        case RuleJudged():
            return _judged(event, redaction)
        case RunFinished():
            return {"event": "run_finished", "incomplete": redaction.text(event.incomplete)}
    raise ValueError(f"{event} is not written")


def _sent(event: DeliverySent) -> dict[str, Any]:
    exchange = event.exchange
    came = {"failure": exchange.failure} if exchange.answer is None else {"status": exchange.status}
    told = {"event": "delivery_sent", "callback": exchange.delivery.callback, **came}
    return told | {"elapsed_s": round(exchange.elapsed_s, 6)}


def _judged(event: RuleJudged, redaction: Redaction) -> dict[str, Any]:
    result = event.result
    return {
        "event": "rule_judged",
        "rule": result.rule.id,
        "level": result.rule.level,
        "verdict": result.verdict.value,
        **redaction.said(reason=result.reason),
        "cases": result.cases,
        "deliveries": result.deliveries,
        "duration_s": round(result.duration_s, 3),
        "findings": [_finding(finding, redaction) for finding in result.findings],
    }


def _finding(finding: Finding, redaction: Redaction) -> dict[str, Any]:
    said = redaction.knowing(bodies_of(finding)).said
    return {
        "callback": finding.callback,
        **said(case=finding.case, expected=finding.expected, actual=finding.actual),
        "repeated": finding.repeated,
    }
