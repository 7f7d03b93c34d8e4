"""`from callback_contract.mock_server import MockReceiver, Provider`: both ends in a partner's own tests."""

from __future__ import annotations

import asyncio
import contextlib
import doctest
import gc
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import flask
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.mock_server import DidNotArrive, MockReceiver, Provider
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.provider import in_process
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.asgi import asgi_app
from callback_contract.mock_server.testing import mock_receiver
from callback_contract.openapi import load_contract
from callback_contract.openapi.text.errors import KitError

pytest_plugins = ["pytester"]

CONTRACT = load_contract()
CALLBACK = CONTRACT.callbacks[0]
FACTS = CALLBACK.delivery
STATES = FACTS.order.states
FREE_MAP = next(m.pointer[1:] for m in CALLBACK.members if m.is_free_map)


def send(mock, *made):
    sender = Sender(Access(mock.url), Pace())
    try:
        return [sender.send(delivery).status for delivery in made]
    finally:
        sender.close()


def test_import_is_light():
    code = (
        "import sys, callback_contract.mock_server\n"
        "print(sorted(name for name in sys.modules if name.startswith('callback_contract.')))"
    )
    assert run_program([sys.executable, "-c", code]).stdout == "['callback_contract.mock_server']\n"


@pytest.mark.parametrize("module", [mock_receiver, in_process])
def test_examples_in_docstrings_run(module):
    failed, tried = doctest.testmod(module)
    assert tried and not failed


def test_mock_tells_what_came():
    with MockReceiver(path="/callbacks") as mock:
        assert mock.url.endswith("/callbacks")
        made = Provider().delivery(STATES[1])
        assert send(mock, made) == [200]
        (arrival,) = mock.deliveries
    assert (arrival.body, arrival.json, arrival.state) == (made.body, json.loads(made.body), STATES[1])
    assert (arrival.accepted, arrival.status, arrival.violations) == (True, 200, ())


def test_mock_keeps_the_credentials_that_a_test_looks_for():
    with MockReceiver() as mock:
        sender = Sender(Access(mock.url, headers=(("Authorization", "Bearer abc"),)), Pace())
        sender.send(Provider().delivery())
        sender.close()
        assert mock.deliveries[0].header("authorization") == "Bearer abc"


def test_mock_answers_as_told_while_it_runs():
    made = Provider().delivery()
    with MockReceiver() as mock:
        mock.answers("503x2,202")
        assert send(mock, made, made, made, made) == [503, 503, 202, 200]
        mock.answers("500x*")
        assert send(mock, made) == [500]
        mock.answers()
        assert send(mock, made) == [200]


def test_wait_for_gives_what_fits():
    provider = Provider()
    with MockReceiver() as mock:
        send(mock, *[provider.delivery(state, message=7) for state in STATES[:3]])
        (arrival,) = mock.wait_for(state=STATES[2])
        assert len(mock.wait_for(count=3, message=arrival.message)) == 3


def test_what_did_not_come_is_told_with_what_did():
    with MockReceiver() as mock:
        send(mock, Provider().delivery(STATES[0]))
        with pytest.raises(DidNotArrive) as told:
            mock.wait_for(count=2, state=STATES[1], timeout=0.05)
    lines = str(told.value).splitlines()
    assert lines[0] == f"0 of 2 deliveries with state='{STATES[1]}' came within 0.05 s"
    assert f"#1 POST / {CALLBACK.name} {STATES[0]}" in lines[2]


def test_mock_with_a_store_goes_on_where_it_stopped(tmp_path):
    provider = Provider()
    states = []
    for state in STATES[:2]:
        with MockReceiver(store=tmp_path / "store.db") as mock:
            send(mock, provider.delivery(state, message=7))
            states.append(mock._receiver.states.get(mock.deliveries[0].message).shown())
            assert len(mock.deliveries) == len(states)
    assert [(shown["state"], shown["applied"]) for shown in states] == [(STATES[0], 1), (STATES[1], 2)]


@pytest.mark.parametrize("wrong", [{"script": "20x"}, {"fault": "NONE-1"}, {"path": "x"}])
def test_wrong_argument_is_one_error(wrong):
    with pytest.raises(KitError):
        MockReceiver(**wrong)


def wsgi(seen):
    app = flask.Flask("partner")

    @app.post("/hook")
    def hook():
        seen.append((flask.request.get_json(), flask.request.args.get("tenant"), flask.request.headers["X-Key"]))
        return {}, 201

    return app


def asgi(seen):
    async def app(scope, receive, send):
        message = await receive()
        headers = dict(scope["headers"])
        seen.append((json.loads(message["body"]), scope["query_string"].decode()[7:], headers[b"x-key"].decode()))
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b"{}\n"})

    return app


def test_inspector_is_there_when_it_is_asked_for_and_only_then():
    with MockReceiver(inspector=True) as mock:
        send(mock, Provider().delivery())
        with urlopen(mock.inspector_url) as page, urlopen(f"{mock.inspector_url}api/deliveries/1") as shown:
            assert b"<html" in page.read()
            assert json.load(shown)["verdict"] == "accepted"
    with MockReceiver() as mock, pytest.raises(KitError, match="inspector=True"):
        mock.inspector_url  # noqa: B018


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_callback_is_put_before_an_application(make):
    seen = []
    provider = Provider(target="/hook?tenant=7", headers=(("X-Key", "k"),))
    answer = provider(make(seen), state=STATES[3], set={f"{FREE_MAP}.name": "李雷", "/tomorrow": 1})
    assert (answer.status, answer.acknowledged, answer.media_type, answer.body) == (
        201,
        True,
        "application/json",
        b"{}\n",
    )
    ((body, tenant, key),) = seen
    assert (body[FACTS.state[1:]], body[FREE_MAP]["name"], body["tomorrow"]) == (STATES[3], "李雷", 1)
    assert (tenant, key) == ("7", "k")


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_life_is_put_before_an_application_in_its_order(make):
    seen = []
    exchanges = Provider(target="/hook", headers=(("X-Key", "k"),)).life(make(seen))
    told = [body[FACTS.state[1:]] for body, _, _ in seen]
    assert told == sorted(told, key=STATES.index)
    assert len({body[FACTS.correlation[1:]] for body, _, _ in seen}) == 1
    assert len(exchanges) == len(told) > 2


def test_life_may_fail_and_repeat_itself():
    receiver = Receiver(CONTRACT)
    exchanges = Provider().life(asgi_app(receiver), failing=True, duplicates=1.0)
    bodies = [exchange.delivery.body for exchange in exchanges]
    assert len(bodies) == 2 * len(set(bodies))
    assert receiver.states.get(exchanges[0].delivery.ids[0]).state in FACTS.order.terminal


def test_same_delivery_twice_is_a_redelivery():
    receiver, provider = Receiver(CONTRACT), Provider()
    made = provider.delivery()
    assert [provider.put(asgi_app(receiver), made).status for _ in range(2)] == [200, 200]
    assert receiver.states.get(made.ids[0]).applied == 1


def test_provider_works_inside_a_coroutine():
    async def test():
        return Provider()(asgi_app(Receiver(CONTRACT)))

    assert asyncio.run(test()).status == 200


def test_what_the_application_raises_is_seen():
    def broken(environ, start_response):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Provider()(broken)


def living(told, *, fails=""):
    """A Starlette application that opens something at its start and needs it for each request."""

    @contextlib.asynccontextmanager
    async def lifespan(app):
        if fails == "startup":
            raise RuntimeError("no database there")
        told.append("open")
        yield {"opened": {"requests": 0}}
        told.append("closed")
        if fails == "shutdown":
            raise RuntimeError("cannot let go")

    async def hook(request):
        request.state.opened["requests"] += 1
        return JSONResponse({"requests": request.state.opened["requests"]})

    return Starlette(routes=[Route("/", hook, methods=["POST"])], lifespan=lifespan)


def test_what_an_application_opens_at_its_start_is_there_for_every_callback_until_it_is_closed():
    told = []
    app = living(told)
    with Provider() as provider:
        assert [json.loads(provider(app).body)["requests"] for _ in range(3)] == [1, 2, 3]
        assert told == ["open"]
    assert told == ["open", "closed"]


def test_application_with_a_lifespan_takes_callbacks_from_several_threads():
    started = []

    @contextlib.asynccontextmanager
    async def lifespan(app):
        started.append(app)
        yield

    async def hook(request):
        await asyncio.sleep(0.01)
        return JSONResponse({})

    app = Starlette(routes=[Route("/", hook, methods=["POST"])], lifespan=lifespan)
    with Provider() as provider, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: provider(app).status, range(8)))
    assert (answers, len(started)) == ([200] * 8, 1)


def test_lifespan_works_inside_a_coroutine_too():
    told = []

    async def test():
        with Provider() as provider:
            app = living(told)
            return [provider(app).status for _ in range(2)]

    assert asyncio.run(test()) == [200, 200]
    assert told == ["open", "closed"]


def test_application_ends_with_the_provider_that_nobody_closes():
    told = []
    provider = Provider()
    provider(living(told))
    del provider
    gc.collect()
    assert told == ["open", "closed"]


@pytest.mark.parametrize("in_a_thread", [False, True])
def test_application_that_calls_the_provider_on_itself_is_told_so_and_does_not_wait_for_ever(in_a_thread):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        yield

    def threaded(request):
        return JSONResponse({"answered": provider(app).status})

    async def looped(request):
        return threaded(request)

    hook = threaded if in_a_thread else looped
    app = Starlette(routes=[Route("/", hook, methods=["POST"])], lifespan=lifespan)
    with Provider() as provider, pytest.raises(KitError, match="puts a callback before itself"):
        provider(app)


def test_application_may_put_a_callback_before_another_one():
    inner = living([])

    async def hook(request):
        return JSONResponse({"answered": provider(inner).status})

    with Provider() as provider:
        outer = Starlette(routes=[Route("/", hook, methods=["POST"])])
        assert json.loads(provider(outer).body) == {"answered": 200}


def test_application_that_cannot_start_is_one_clear_error():
    with pytest.raises(KitError, match="did not start: RuntimeError: no database there") as raised, Provider() as made:
        made(living([], fails="startup"))
    assert isinstance(raised.value.__cause__, RuntimeError)


def test_application_that_cannot_end_is_one_clear_error():
    provider = Provider()
    provider(living([], fails="shutdown"))
    with pytest.raises(KitError, match="did not end: RuntimeError: cannot let go"):
        provider.close()


def test_value_without_a_place_is_one_error():
    with pytest.raises(KitError, match=r"nothing can be set at 'nowhere\.at\.all'"):
        Provider().delivery(set={"nowhere.at.all": 1})


def test_fixtures_are_there_when_they_are_asked_for(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest('pytest_plugins = ["callback_contract.mock_server.testing.fixtures"]')
    pytester.makepyfile(
        """
        from callback_contract.mock_server.client.sender import Access, Pace, Sender

        def test_sender(mock_receiver, callback_provider):
            sender = Sender(Access(mock_receiver.url), Pace())
            sender.send(callback_provider.delivery())
            sender.close()
            mock_receiver.wait_for(count=1)
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
