"""A correct receiver in Django: each status of a message takes effect once, and no message ever goes back.

It needs django and waitress. Callbacks come by POST to /callbacks/whatsapp, and GET on /callbacks/whatsapp/{id} shows
what is stored of a message. A project of one's own has the settings, the model, the views and the URLs below in files
of their own, and a migration. To start it, and to have it judged:

    PORT=8080 STORE=receiver.sqlite3 python django_receiver.py
    URL=http://127.0.0.1:8080/callbacks/whatsapp
    callback-contract check "$URL" --state-url "$URL/{id}"
"""

import json
import os
import re
import tempfile
from typing import Any, NoReturn

import django
import waitress
from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

MAX_BODY_BYTES = 1024 * 1024

settings.configure(
    DEBUG=False,  # otherwise errors show settings and stack traces to whoever sends them
    SECRET_KEY=os.urandom(32).hex(),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    # region: limit
    DATA_UPLOAD_MAX_MEMORY_SIZE=MAX_BODY_BYTES,  # MAX_BODY_BYTES: as 1024 * 1024
    # endregion
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("STORE") or os.path.join(tempfile.mkdtemp(), "receiver.sqlite3"),
            "OPTIONS": {"timeout": 30},  # writers wait for each other instead of failing with "database is locked"
        }
    },
    LOGGING={"version": 1, "loggers": {"django.request": {"level": "ERROR"}}},  # no line for each 4xx
)
django.setup()

STRINGS = [
    *("workflow_id", "workflow_name", "nodetask_id", "nodetask_name", "waba_task_id", "wfdetail_uuid"),
    *("status", "msg_id", "send_time", "waba_template_name", "channel_id", "callee"),
]
INTEGERS = ["timestamp", "waba_template_id"]
REQUIRED: dict[str, type] = dict.fromkeys(STRINGS, str) | dict.fromkeys(INTEGERS, int) | {"variables": dict}

# The states that each status may follow. A redelivery or a late older status finds none of them, and changes nothing.
FOLLOWS = {
    "wait": [],
    "send": ["wait"],
    "delivery": ["wait", "send"],
    "read": ["wait", "send", "delivery"],
    "replied": ["wait", "send", "delivery", "read"],
    "failed": ["wait", "send"],
}


class Message(models.Model):
    """What is known about one message."""

    id = models.CharField(primary_key=True, max_length=64)
    state = models.CharField(max_length=16)
    applied = models.PositiveIntegerField(default=1)
    last = models.TextField()  # no JSONField: the body is kept as it came, and no database has to understand it

    class Meta:
        app_label = "receiver"


@csrf_exempt  # the provider has no cookie of ours
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Stores one delivery; every repeat of it gets the same answer."""
    # region: media-type
    if request.content_type != "application/json":  # Django has dropped the parameters and lower-cased the rest
        return JsonResponse({"error": "the body has to be JSON"}, status=415)
    # endregion
    try:
        body = request.body
    except RequestDataTooBig:  # to Django a 400
        return JsonResponse({"error": "the body is too large"}, status=413)
    text, callback = decode(body)
    store(callback["msg_id"], callback["status"], text)
    return JsonResponse({})  # only now: when storing fails, Django answers 500, and the provider tries again


@require_GET
def read_back(request: HttpRequest, msg_id: str) -> HttpResponse:
    """Shows what is stored about one message, to tests: personal data, so ask for credentials or leave it out."""
    message = Message.objects.filter(pk=msg_id).first()
    if message is None:
        return JsonResponse({"error": "no such message"}, status=404)
    head = json.dumps({"id": message.id, "state": message.state, "applied": message.applied})
    # The body goes out as it came in: parsing it again could only lose digits.
    return HttpResponse(f'{head[:-1]}, "last": {message.last}}}', content_type="application/json")


def decode(body: bytes) -> tuple[str, dict[str, Any]]:
    """Reads one callback, with the checks that make every later step safe."""
    # region: parse
    # refuse_constant: a function that raises ValueError, for NaN
    try:
        text = body.decode("utf-8")  # request.body: of bytes, json.loads takes UTF-16
        callback = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):  # also bad UTF-8, integers past 4300 digits, very deep nesting
        raise BadRequest("the body cannot be read") from None
    # endregion
    # region: members
    # callback: the parsed body; REQUIRED: {"msg_id": str, …}
    if not isinstance(callback, dict):
        raise BadRequest("the body is no object")
    for name, kind in REQUIRED.items():
        if type(callback.get(name)) is not kind:  # not isinstance: to Python, true is an int
            raise BadRequest(f"{name} is missing or mistyped")
    # endregion
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", callback["msg_id"]):  # what a key and a URL carry without escapes
        raise BadRequest("msg_id is no usable id")
    return text, callback


def refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


def store(msg_id: str, status: str, text: str) -> None:
    """Lets a status take effect where it may.

    Both steps are safe against concurrent deliveries: the primary key lets one of them create the message, and the
    update finds its row only while the state is still one that the status may follow: never so for a redelivery.
    Django commits each step when it returns, so what was answered with 200 is stored.
    """
    # region: status
    # FOLLOWS: each known status with the states that it may follow
    if status not in FOLLOWS:
        return  # to the caller, which acknowledges: a value of next year
    # endregion
    # region: store
    # Message: a model, id its primary key; FOLLOWS["read"]: all before it
    first = {"state": status, "last": text}
    _, created = Message.objects.get_or_create(pk=msg_id, defaults=first)
    if not created:  # it takes effect only from a state that it may follow
        Message.objects.filter(pk=msg_id, state__in=FOLLOWS[status]).update(
            state=status, applied=models.F("applied") + 1, last=text
        )
    # endregion


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers a refused body in JSON, in place of Django's page."""
    reason = str(exception) if isinstance(exception, BadRequest) else "the request cannot be read"
    return JsonResponse({"error": reason}, status=400)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers an unknown path in JSON, in place of Django's page."""
    return JsonResponse({"error": "nothing here"}, status=404)


urlpatterns = [
    path("callbacks/whatsapp", receive),
    path("callbacks/whatsapp/<str:msg_id>", read_back),
]

if __name__ == "__main__":
    if Message._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Message)
    connection.close()
    # waitress reads more than the limit, so that a sender of too much gets to see the 413.
    waitress.serve(
        get_wsgi_application(),
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        threads=32,
        ident=None,
        max_request_body_size=16 * MAX_BODY_BYTES,
    )
