"""First contact: sends one plain valid delivery, to find out whether there is a receiver to judge."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from urllib.parse import urlsplit

from callback_contract.contract_tests.generation.contract_examples import from_examples
from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import KIT_AGENT
from callback_contract.contract_tests.model.pages import challenger, is_page
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.runner.attribution.respelling import SPELLING_RULE, taken_as
from callback_contract.contract_tests.runner.attribution.watch import watch_over
from callback_contract.contract_tests.runner.case_session import plain_case
from callback_contract.contract_tests.runner.liveness import credentials_error
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.target.readiness import Place
from callback_contract.contract_tests.target.tls_probe import OLD, handshake, is_https
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, printable
from callback_contract.mock_server.wire.identity import Identity
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents.deadline import connected, within
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, in_detail, lines
from callback_contract.openapi.text.printable import shell_word
from callback_contract.openapi.text.secret_names import masked_parameters

__all__ = ["make_first_contact"]

_RETURN_S = 5.0
_LOOK_S = 0.25


def make_first_contact(run: RunContext) -> None:
    """Sends one plain valid delivery and measures the round trip; from then on the receiver is watched.

    Raises:
        KitError: With exit code 3: no connection, no TLS session, the wrong path, refused credentials, an answer that
            never ends, or a read-back that is none. What a receiver merely does wrong is left to the rules.
    """
    for scope in run.config.scopes:
        sender = run.config.sender_of(scope.callback.name)
        access = sender.access
        number = run.state.number("first contact", scope, 1)
        case, identity = plain_case(scope), Identity(run.state.run, number)
        plain = case.delivery(identity)
        kept = tuple(header for header in plain.headers if header[0].lower() != "user-agent")
        first = replace(plain, headers=kept + KIT_AGENT)
        exchange = _contacted(run, first, scope.callback)
        if exchange.failure == "tls" and (shut := _shut_by_tls(run, access)):
            run.state.receiver_shut(sender, in_detail(access.shown_url, shut) if run.config.elsewhere else shut)
            continue
        if name := taken_as(run, (exchange,)):
            raise _signed_over_other_bytes(exchange, name)
        if not exchange.acknowledged:
            run.state.contact_refused(scope.callback.name)
        try:
            refuse_unreachable(exchange, access.shown_url, scope.callback)
        except KitError as error:
            raise _with_examples(error, scope, exchange) from None
        run.state.plain_answered(exchange)
        if run.config.read_back is not None and (message_id := case.message_id(identity)):
            run.config.read_back(message_id)  # a wrong URL or shape is told once, before anything is judged by it
    if run.config.scopes and not run.config.sender.access.proxy:
        run.state.round_trips_measured({sender: _round_trip_s(sender.access.url) for sender in run.config.senders})
    watch_over(run)


def _contacted(run: RunContext, first: Delivery, callback: Callback) -> Exchange:
    """Sends the first delivery, and again once somebody listens: a receiver may be starting, or come back."""
    process, sender = run.config.process, run.config.sender_of(first.callback)
    place, end = Place.below(sender.access.url), time.monotonic() + _RETURN_S
    exchange = run.dispatcher.send(first)
    while exchange.failure in {"refused", "reset"} and time.monotonic() < end:
        if process is not None and process.ended():
            break
        time.sleep(_LOOK_S)
        if sender.access.proxy or place.answers():  # behind a proxy nobody sees who listens
            run.state.excuse(exchange)
            exchange = run.dispatcher.send(first)
    if exchange.answer is not None and exchange.answer.status >= 500 and is_page(exchange.answer, callback):
        return run.dispatcher.send(first)  # one that fails by chance is no wrong address
    return exchange


def _with_examples(error: KitError, scope: Scope, exchange: Exchange) -> KitError:
    """The same error with what was sent from the contract's examples, where somebody has read it."""
    told = from_examples(scope) if exchange.answer is not None else None
    if told is None:
        return error
    remedy = lines([error.remedy, Text("error-receiver.from-examples", values=told.arguments["values"])])
    return KitError(error.what, where=error.where, remedy=remedy, exit_code=error.exit_code)


def refuse_unreachable(exchange: Exchange, url: str, callback: Callback) -> None:
    """Raises what stops a run before it starts."""
    if exchange.failure:
        raise _NO_CONTACT[exchange.failure if exchange.failure in _NO_CONTACT else "broken"](exchange, url)
    if exchange.answer is not None and (who := challenger(exchange.answer)):
        raise KitError(
            Text("error-receiver.challenged", url=url, answer=exchange.described(), who=who),
            remedy=Text("error-receiver.let-pass"),
            exit_code=3,
        )
    if exchange.status in {401, 403}:
        raise credentials_error(exchange)
    if exchange.status in {404, 405}:
        raise _wrong_url(exchange, url)
    if exchange.redirected and not exchange.acknowledged:
        location = exchange.answer.header("location") if exchange.answer else None
        target = printable(masked_parameters(location)[:200]) if location else Text("error-receiver.somewhere-else")
        raise KitError(
            Text("error-receiver.redirects", url=url, target=target),
            remedy=Text("error-receiver.no-redirects"),
            exit_code=3,
        )
    if exchange.answer is not None and is_page(exchange.answer, callback):
        raise _failed(exchange, url) if exchange.answer.status >= 500 else _wrong_url(exchange, url)


def _signed_over_other_bytes(exchange: Exchange, serialiser: str) -> KitError:
    return KitError(
        Text("error-receiver.signed-otherwise", answer=exchange.described(), serialiser=serialiser),
        remedy=Text("error-receiver.sign-bytes", rule=SPELLING_RULE),
        exit_code=3,
    )


def _wrong_url(exchange: Exchange, url: str) -> KitError:
    return KitError(
        Text("error-receiver.answered", url=url, answer=exchange.described()),
        remedy=Text("error-receiver.complete-receiver-url"),
        exit_code=3,
    )


def _failed(exchange: Exchange, url: str) -> KitError:
    return KitError(
        Text("error-receiver.failed-at-plain", url=url, answer=exchange.described()),
        remedy=Text("error-receiver.look-at-failure", url=shell_word(url)),
        exit_code=3,
    )


def _unreachable(exchange: Exchange, url: str) -> KitError:
    return KitError(
        Text("error-receiver.unreachable", url=url, answer=exchange.described()),
        remedy=Text("error-receiver.check-host"),
        exit_code=3,
    )


def _silent(exchange: Exchange, url: str) -> KitError:
    # Under TLS 1.3 a server that misses the client's certificate closes after the handshake, many without a word.
    by_tls = url.startswith("https:") and exchange.failure != "timeout"
    return KitError(
        Text("error-receiver.no-answer", url=url, answer=exchange.described()),
        remedy=lines([Text("error-receiver.look-into-log"), *[Text("error-receiver.with-certificate")] * by_tls]),
        exit_code=3,
    )


def _no_tls(exchange: Exchange, url: str) -> KitError:
    # What OpenSSL says of an answer that begins with the letters HTTP, or with anything else that is no TLS.
    if any(word in exchange.detail.replace(" ", "_").upper() for word in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")):
        plain = url.replace("https://", "http://", 1)
        return KitError(
            Text("error-receiver.no-tls-there", url=url),
            remedy=Text("error-receiver.write-plain", plain=plain),
            exit_code=3,
        )
    return KitError(
        Text("error-receiver.no-tls", url=url, detail=exchange.detail),
        remedy=lines([Text("error-receiver.give-authority"), Text("error-receiver.with-certificate")]),
        exit_code=3,
    )


_NO_CONTACT = {
    "refused": _unreachable,
    "name": _unreachable,
    "proxy": _unreachable,
    "timeout": _silent,
    "reset": _silent,
    "broken": _silent,
    "endless": _silent,
    "tls": _no_tls,
}


def _round_trip_s(url: str) -> float:
    """The median time to open a TCP connection, in seconds: one round trip and no work of the receiver's."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    samples = []
    for _ in range(3):
        begun = time.perf_counter()
        try:
            with within(5):
                connected(parts.hostname or "", port).close()
        except OSError:
            return 0.0
        samples.append(time.perf_counter() - begun)
    return statistics.median(samples)


def _shut_by_tls(run: RunContext, access: Access) -> Text | None:
    """Why nothing can be delivered although the rules on TLS can be judged; None where they cannot, either."""
    judged = is_https(access) and not access.proxy
    if not judged or not any(rule.chapter == "TLS" for rule in run.config.rules):
        return None
    try:
        if handshake(access, chain=not access.insecure, name=not access.insecure).version:
            return None  # it was something else
        if not handshake(access).version and not any(handshake(access, old=version).version for version in OLD):
            return None
    except NotApplicable:
        return None
    return Text("reason.shut-by-tls")
