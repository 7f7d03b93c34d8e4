"""App server program: imports an app and serves it in its own process, ASGI by uvicorn, WSGI by waitress.

The kit runs this file as a program. It imports nothing of the kit, so that the app's own packages may have any name.
Arguments: `MODULE:APP`, and a file to write one JSON object to: `{"port": NUMBER}` when deliveries are accepted on that
port of loopback, or `{"what": MESSAGE, "remedy": MESSAGES}` and exit code 2, each message in a text's JSON form.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

_THREADS = 32  # the kit sends up to 16 deliveries at once on this machine, and bursts
_BACKLOG = 2048
_SHAPES = {2: "wsgi", 3: "asgi"}


class Unusable(Exception):
    """There is no app to serve, and what to do about it."""

    def __init__(self, what: dict[str, Any], *remedies: dict[str, Any]) -> None:
        super().__init__(what["key"])
        self.told = {"what": what, "remedy": remedies}


def _message(key: str, **arguments: Any) -> dict[str, Any]:
    return {"key": f"error-app.{key}", "arguments": arguments}


def load(spec: str) -> Any:
    """Import the app that `module:attribute` or `module:factory()` names.

    Raises:
        Unusable: It cannot be imported, made or found.
    """
    module_name, colon, expression = spec.partition(":")
    if not colon or not module_name or not expression:
        raise Unusable(_message("names-no-app", spec=spec), _message("write-module-app"))
    if "/" in module_name or module_name.endswith(".py"):
        plain = module_name.removesuffix(".py").strip("./").replace("/", ".")
        raise Unusable(_message("is-a-file", name=module_name), _message("give-module", name=f"{plain}:{expression}"))
    names, arguments = _parsed(expression)
    try:
        found: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise _told("not-imported", module_name, error) from None
    for name in names:
        if not hasattr(found, name):
            apps = [n for n, value in vars(found).items() if shape(value) and not n.startswith("_")]
            hint = _message("has-apps", apps=apps[:5]) if apps else _message("write-app")
            raise Unusable(_message("has-no", module=module_name, name=name), hint)
        found = getattr(found, name)
    if arguments is None:
        return found
    try:
        return found(*arguments[0], **arguments[1])
    except (Exception, SystemExit) as error:
        raise _told("not-made", expression, error) from None


def _parsed(expression: str) -> tuple[list[str], tuple[list[Any], dict[str, Any]] | None]:
    """Return the names to follow, and the arguments of a factory.

    Only literals are allowed, since nothing is evaluated.
    """
    try:
        node = ast.parse(expression, mode="eval").body
        arguments = None
        if isinstance(node, ast.Call):
            keywords = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
            arguments = ([ast.literal_eval(value) for value in node.args], keywords)
            node = node.func
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            return [node.id, *names], arguments
    except (SyntaxError, ValueError):
        pass
    raise Unusable(_message("no-name", name=expression), _message("write-app-or-factory"))


def shape(app: Any) -> str:
    """Return `asgi` or `wsgi` by the app's call signature; empty for neither."""
    if inspect.isclass(app) or not callable(app):
        return ""
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None)):  # noqa: B004
        return "asgi" if _required(app) in {3, None} else ""
    return _SHAPES.get(_required(app) or 0, "")


def _required(app: Any) -> int | None:
    """Return the number of positional arguments of an app; None when it is unknown."""
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.default is p.empty and p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD} for p in parameters)


def _told(key: str, name: str, error: BaseException) -> Unusable:
    """Return an error of the app's code with the last line of that code."""
    not_theirs = {__file__, importlib.__file__}
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in not_theirs and not frame.filename.startswith("<frozen ")
    ]
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{error.filename}:{error.lineno}"
    else:
        # The app's own line explains more than that of a library below it.
        own = [
            frame for frame in frames if frame.filename.startswith(os.getcwd()) and "-packages" not in frame.filename
        ]
        told = (own or frames)[-1:]
        place = "".join(f"{frame.filename}:{frame.lineno}: {frame.line}" for frame in told)
    shown = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    remedies = []
    if place:
        remedies.append(_message("at", place=os.path.relpath(place) if place.startswith(os.getcwd()) else place))
    if isinstance(error, ModuleNotFoundError):
        remedies.append(_message("imported-from", folder=os.getcwd(), python=sys.executable))
    return Unusable(_message(key, name=name, why=shown), *remedies)


def serve(app: Any, kind: str, sock: socket.socket, ready: Any) -> None:
    """Serve until the process is stopped; call `ready` when deliveries are accepted."""
    if kind == "asgi":
        import uvicorn

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets=sockets)  # includes the lifespan's startup
                if self.started:
                    ready()

        config = uvicorn.Config(
            app,
            interface="asgi3",
            http="auto",
            lifespan="auto",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        Server(config).run(sockets=[sock])
        return

    import waitress  # type: ignore[import-untyped]  # it has no types

    server = waitress.create_server(app, sockets=[sock], threads=_THREADS, ident=None)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    ready()
    server.run()


def main(spec: str, answer_file: str) -> NoReturn:
    """Serve the app and exit."""
    sys.path[0] = os.getcwd()  # in the place of this file's folder, whose modules are none of the app's

    def say(what: dict[str, Any]) -> None:
        with open(f"{answer_file}.part", "w", encoding="ascii") as file:
            json.dump(what, file)
        os.replace(f"{answer_file}.part", answer_file)

    try:
        app = load(spec)
        kind = shape(app)
        if not kind:
            called = spec.partition(":")[2]
            hint = _message("write-call", spec=spec) if callable(app) else _message("give-app")
            raise Unusable(_message("no-app", name=called, found=_kind(app)), hint)
        server = {"asgi": "uvicorn", "wsgi": "waitress"}[kind]
        if importlib.util.find_spec(server) is None:
            told = {"python": sys.executable, "server": server}
            raise Unusable(_message("no-server", **told), _message("install-server", **told))
    except Unusable as error:
        say(error.told)
        sys.exit(2)
    with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as sock:
        port = sock.getsockname()[1]
        serve(app, kind, sock, lambda: say({"port": port}))
    sys.exit(0)


def _kind(value: Any) -> dict[str, Any]:
    if inspect.isclass(value):
        return _message("a-class")
    if inspect.isfunction(value):
        return _message("a-function")
    return _message("a-value", type=type(value).__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
