"""FastAPI receiver with one mistake, which ``MISTAKE`` names; without it, a correct one.

Start it with ``PORT=8080 MISTAKE=extra_forbid python fastapi_mistakes.py``; it needs fastapi and uvicorn.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

MISTAKE = os.environ.get("MISTAKE", "")

Status = Literal["wait", "send", "delivery", "read", "replied", "failed"]
SomeStatus = Status if MISTAKE == "literal_status" else str
Variables = dict[str, str] if MISTAKE == "text_variables" else dict[str, Any]


class MessageStatus(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid" if MISTAKE == "extra_forbid" else "ignore")

    workflow_id: str
    workflow_name: str
    nodetask_id: str
    nodetask_name: str
    waba_task_id: str
    wfdetail_uuid: str
    timestamp: int
    status: SomeStatus
    msg_id: str
    send_time: str
    waba_template_name: str
    waba_template_id: int
    channel_id: str
    callee: str
    variables: Variables


class Taken(BaseModel):
    """The answer; a typed copy of the status is the mistake."""

    status: Status | None = None


app = FastAPI(debug=MISTAKE == "debug_page")
seen: dict[tuple[str, str], MessageStatus] = {}


@app.middleware("http")
async def guard(request: Request, call_next):
    if MISTAKE == "content_length" and int(request.headers["content-length"] or 0) > 2_000_000:
        return JSONResponse({"error": "too large"}, 413)
    if MISTAKE == "agent_version" and request.method == "POST":
        request.state.agent = request.headers["user-agent"].partition("/")[0]
    return await call_next(request)


if MISTAKE == "model_parameter":

    @app.post("/callbacks/whatsapp")
    async def receive(event: MessageStatus):
        remember(event)
        return {}

else:

    @app.post("/callbacks/whatsapp", response_model=Taken, response_model_exclude_none=True)
    async def receive(request: Request):
        body = await request.body()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return JSONResponse({"error": "application/json, please"}, 415)
        if MISTAKE in {"debug_page", "uncaught"}:
            event = MessageStatus.model_validate(json.loads(body))
        else:
            try:
                event = MessageStatus.model_validate(json.loads(body.decode(), parse_constant=no_constants))
            except (ValidationError, ValueError, RecursionError):
                return JSONResponse({"error": "not a message status"}, 422)
        remember(event)
        return {"status": event.status} if MISTAKE == "typed_answer" else {}


def no_constants(name):
    raise ValueError(name)


def remember(event):
    if MISTAKE == "naive_time":
        try:
            sent_at = TypeAdapter(datetime).validate_python(event.send_time)
        except ValidationError:
            sent_at = datetime.now(UTC)
        if sent_at > datetime.now(UTC):  # a time without a zone cannot be compared with one that has it
            return
    if MISTAKE == "milliseconds_guess" and len(str(event.timestamp)) != 10:
        datetime.fromtimestamp(event.timestamp / 1000, UTC)
    seen.setdefault((event.msg_id, event.status), event)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
