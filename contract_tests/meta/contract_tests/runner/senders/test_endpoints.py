"""The endpoints of check-sender over the wire: what each answers, and what is recorded of a delivery."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from callback_contract.contract_tests.kill_matrix.senders import quick_contract
from callback_contract.contract_tests.model.tries import Schedule
from callback_contract.contract_tests.runner.senders.endpoints import FURTHER, Endpoints
from callback_contract.contract_tests.runner.senders.listeners import listening
from callback_contract.contract_tests.runner.senders.running import listen
from callback_contract.contract_tests.runner.senders.scenarios import BY_MESSAGE, ENDPOINTS, FLAWS, is_complete, takes_s
from callback_contract.contract_tests.runner.senders.triggers import CallTrigger, CommandTrigger, UrlTrigger
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.contract.model import Retry
from callback_contract.openapi.text.errors import KitError

CONTRACT = quick_contract()
CALLBACK = CONTRACT.callbacks[0]
SCHEDULE = Schedule.of(CALLBACK, speed=240.0, grace_s=0.2)  # 0.1 s between two tries
COMPOSER, RUN = Composer(CALLBACK), Run.fresh()


@pytest.fixture
def served():
    with listening(made()) as open_:
        yield open_


def made(**options):
    schedule = replace(SCHEDULE, deadline_s=0.1, endless_s=0.2)
    return Endpoints(CONTRACT, CONTRACT.callbacks, schedule, **options)


def event(number=1):
    return COMPOSER.delivery(CALLBACK.delivered_examples[0].value, Identity(RUN, number))


def post(url, delivery, context=None):
    """The status that a delivery gets; 0 for none."""
    parts = urlsplit(url)
    by = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}[parts.scheme]
    connection = by(parts.hostname, parts.port, timeout=5, **({"context": context} if context else {}))
    try:
        connection.request("POST", parts.path, delivery.body, dict(delivery.headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


ONE_AFTER_THE_OTHER = {
    "ok": [200, 200],
    "accepted": [202],
    "no-content": [204],
    "error": [500, 200],
    "down": [500, 500, 500],
    "busy": [503, 200],
    "busy-date": [503, 200],
    "limited": [429, 200],
    "rejected": [400, 400],
    "missing": [404, 404],
    "gone": [410],
    "redirect": [302, 200],
    "silent": [0, 200],
    "reset": [0, 200],
    "cut": [0, 200],
    "endless": [0, 200],
    "slow": [200],
}


@pytest.mark.parametrize("name", ONE_AFTER_THE_OTHER)
def test_endpoint_answers_in_turn(served, name):
    wanted = ONE_AFTER_THE_OTHER[name]
    if name == "silent":
        served.endpoints.schedule = replace(SCHEDULE, deadline_s=-0.45)  # it is silent for 0.1 s
    assert [post(served.urls[name], event()) for _ in wanted] == wanted
    (found,) = served.endpoints.recorded().at(name)
    assert [one.status for one in found.tries] == wanted


def test_retry_after_is_whole_seconds_or_a_date(served):
    post(served.urls["busy"], event())
    post(served.urls["busy-date"], event(2))
    recorded = served.endpoints.recorded()
    asked = [recorded.at(name)[0].first.answer.header("retry-after") for name in ("busy", "busy-date")]
    assert asked[0] == "2" and asked[1].endswith("GMT")


def test_delivery_is_recorded_with_its_identity(served):
    delivery = event(7)
    post(served.urls["ok"], delivery)
    (one,) = served.endpoints.recorded().tries
    value = json.loads(delivery.body)
    assert one.message == value[CALLBACK.delivery.correlation[1:]] and one.state == value[CALLBACK.delivery.state[1:]]
    assert one.delivery.body == delivery.body and not one.violations and one.callback == CALLBACK.name


def test_what_breaks_the_contract_is_recorded_and_answered_as_the_endpoint_does(served):
    assert post(served.urls["ok"], replace(event(), body=b"{}")) == 200
    (one,) = served.endpoints.recorded().tries
    assert one.violations and one.is_parsable


def test_malformed_http_is_recorded_with_its_reason(served):
    parts = urlsplit(served.base)
    with socket.create_connection((parts.hostname, parts.port), 5) as raw:
        raw.sendall(b"POST /ok HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        raw.recv(1000)
    (one,) = served.endpoints.recorded().tries
    assert "Host" in one.flaw and not one.is_played


def test_sender_that_hangs_up_ends_its_try(served):
    parts = urlsplit(served.urls["dead"])
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=0.05)
    connection.request("POST", parts.path, event().body)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    with served.endpoints.changed:
        served.endpoints.changed.wait_for(lambda: bool(served.endpoints._closed), 5)  # which wakes it
    (one,) = served.endpoints.recorded().tries
    assert one.elapsed_s < served.endpoints.schedule.hold_s


def test_each_message_at_the_one_url_gets_another_endpoint_and_its_retry_the_same():
    endpoints = made(only=("error", "gone"))
    with listening(endpoints) as open_:
        statuses = [post(open_.base + "/callbacks", event(number)) for number in (1, 2, 1, 3)]
    assert statuses == [500, 410, 200, 200]
    assert {name: len(seen.tries) for name, seen in endpoints.recorded().seen.items()} == {
        "error": 2,
        "gone": 1,
        FURTHER: 1,
    }


def test_message_can_be_given_each_endpoint_that_needs_no_url():
    assert set(BY_MESSAGE) == set(ENDPOINTS) - {"dead", "cut", "burst", "stream"}


def test_flawed_tls_counts_who_refuses_it_and_records_who_does_not():
    with listening(made(only=("ok",)), tls=True, flaws=tuple(FLAWS)) as open_:
        right = ssl.create_default_context(cafile=str(open_.ca))
        wrong = ssl._create_unverified_context()
        assert post(open_.urls["ok"], event(), right) == 200
        assert [post(open_.urls[name], event(), right) for name in FLAWS] == [0] * len(FLAWS)
        assert all(seen.connections == 1 and not seen.tries for seen in settled(open_, 1).values())
        assert [post(open_.urls[name], event(), wrong) for name in FLAWS] == [200, 200, 200, 0]
        assert [len(seen.tries) for seen in settled(open_, 2).values()] == [1, 1, 1, 0]


def settled(open_, connections):
    """The handshakes, once the threads of the flawed endpoints have counted them."""
    for _ in range(500):
        if all(seen.connections >= connections for seen in open_.handshakes.values()):
            break
        threading.Event().wait(0.01)
    return open_.handshakes


# When enough has come


def test_endpoint_is_complete_with_the_retry_or_when_none_can_come_any_more(served):
    endpoints, nothing = served.endpoints, served.endpoints._seen("error", ())
    assert not is_complete("error", nothing, SCHEDULE, 0.0)
    post(served.urls["error"], event())
    (one,) = endpoints.recorded().at("error")
    seen = endpoints.recorded().seen["error"]
    assert not is_complete("error", seen, SCHEDULE, one.first.at_s + SCHEDULE.patience_s - 0.01)
    assert is_complete("error", seen, SCHEDULE, one.first.at_s + SCHEDULE.patience_s)
    post(served.urls["error"], event())
    assert is_complete("error", endpoints.recorded().seen["error"], SCHEDULE, one.first.at_s)


def test_time_of_a_run_is_that_of_the_schedule():
    schedule = Schedule(Retry(100, 4, schedule_s=(1, 10)), 100, deadline_s=5, grace_s=2, waits_s=(1, 10))
    patience_s = 2 * 100 + 2
    assert takes_s(schedule) == takes_s(schedule, ["down"]) == 1 + 10 + 100 + 100 + patience_s
    assert takes_s(schedule, ["error"]) == 1
    assert takes_s(schedule, ["silent"]) == 2 * 5 + 1 + 1
    assert takes_s(schedule, ["busy"]) == schedule.retry_after_s
    assert takes_s(schedule, ["slow"]) == 0.7 * 5 + patience_s
    assert takes_s(schedule, ["dead"]) == 0


def test_run_ends_when_all_endpoints_are_complete():
    with listening(made(only=("error", "gone"), is_alone=True)) as open_:
        trigger = CallTrigger(lambda values: [post(values["url"], event(len(values["name"]))) for _ in range(2)])
        listen(open_, trigger, each=True, wait_s=30)
        assert open_.endpoints.count("error") == open_.endpoints.count("gone") == 2


def test_trigger_is_pulled_again_while_messages_are_wanting():
    numbers = iter(range(10))
    with listening(made(only=("error", "gone"))) as open_:
        listen(open_, CallTrigger(lambda values: post(values["url"], event(next(numbers)))), wait_s=0.1)
        assert not [name for name in ("error", "gone") if not open_.came(name)]


def test_trigger_that_fails_is_one_sentence():
    with listening(made(only=("error",))) as open_, pytest.raises(KitError) as caught:
        listen(open_, CommandTrigger("echo no such queue >&2; exit 7"), each=True, wait_s=30)
    assert caught.value.exit_code == 3
    assert "it ended with 7: no such queue" in str(caught.value)


def test_url_that_cannot_be_reached_is_named_by_its_option():
    with listening(made(only=("error",))) as open_, pytest.raises(KitError) as caught:
        listen(open_, UrlTrigger("http://127.0.0.1:1/"), each=True, wait_s=30)
    assert (caught.value.exit_code, caught.value.where) == (3, "--trigger-url")


def test_trigger_that_brings_nothing_is_one_sentence():
    with listening(made(only=("error",))) as open_, pytest.raises(KitError) as caught:
        listen(open_, CallTrigger(lambda values: None), each=True, wait_s=0.1)
    assert caught.value.exit_code == 3


def test_trigger_that_failed_after_a_delivery_is_no_matter(served):
    def deliver_and_fail(values):
        post(values["url"], event())
        raise OSError("given up")

    with listening(made(only=("gone",))) as open_:
        listen(open_, CallTrigger(deliver_and_fail), each=True, wait_s=0.1)
        assert open_.endpoints.count("gone") == 1


def test_command_gets_its_values_as_words_of_the_shell(tmp_path):
    values = {"url": "http://127.0.0.1:1/ok", "urls": "http://a/1 http://b/2", "name": "o'k; touch x"}
    started = CommandTrigger(f"printf '%s\\n' {{name}} {{urls}} > {tmp_path}/out").start(values)
    while not started.ended():
        threading.Event().wait(0.01)
    started.stop()
    assert (tmp_path / "out").read_text() == "o'k; touch x\nhttp://a/1\nhttp://b/2\n"


def test_url_trigger_posts_the_values_it_is_given(served):
    started = UrlTrigger(served.urls["accepted"]).start({"url": "http://a/1", "urls": "http://a/1 http://b/2"})
    while not started.ended():
        threading.Event().wait(0.01)
    (one,) = served.endpoints.recorded().tries
    assert started.failure() is None
    assert json.loads(one.delivery.body) == {"url": "http://a/1", "urls": ["http://a/1", "http://b/2"]}
