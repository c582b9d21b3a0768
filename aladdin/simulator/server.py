"""The application: routes, what every call must carry and gets back, and the page about the simulator itself."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aladdin.simulator.exchange import Exchange
from aladdin.simulator.orders import Orders
from aladdin.simulator.protocol import Answer, CallRefused, bad_request, error_answer
from aladdin.simulator.reads import Reads
from aladdin.simulator.securities import Securities
from aladdin.simulator.state import Blotter
from aladdin.simulator.tokens import TOKEN_PATH, Tokens
from aladdin.simulator.world import World

STATUS_PATH = "/simulator/status"
REQUEST_ID = "VND.com.blackrock.Request-ID"
ORIGIN_TIMESTAMP = "VND.com.blackrock.Origin-Timestamp"
RESPONSE_ID = "VND.com.blackrock.Response-ID"
RESPONSE_TIMESTAMP = "VND.com.blackrock.Response-Timestamp"


def build_app(
    world: World, blotter: Blotter, exchange: Exchange, tokens: Tokens, is_ending: Callable[[], bool]
) -> Starlette:
    """The ASGI application of one world. `is_ending` tells whether the process is about to go: its status page then
    says so, and nobody starts to rely on it."""

    async def status(request: Request) -> Answer:
        if is_ending():
            raise CallRefused(503, "ENDING", "this simulator is ending: its owner is gone")
        book = world.book
        described = {
            "id": book.id,
            "kind": book.kind,
            "name": book.name,
            "as_of": book.as_of,
            "currency": book.currency,
            "groups": list(book.groups),
            "warnings": list(book.warnings),
            "limits": None if book.limits is None else [asdict(limit) for limit in book.limits],
        }
        return Answer({"book": described, "pid": os.getpid(), "orders": len(blotter.orders())})

    return Starlette(
        routes=[
            Route(STATUS_PATH, status),
            Route(TOKEN_PATH, tokens.issue, methods=["POST"]),
            *Reads(world).routes(),
            *Securities(world.catalog).routes(),
            *Orders(world, blotter, exchange).routes(),
        ],
        middleware=[Middleware(Gate, tokens=tokens)],
        exception_handlers={CallRefused: _refused, HTTPException: _http_refused, Exception: _defect},
    )


class Gate:
    """Every call under /api needs a bearer token and the two required headers; every answer names its request."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                _name(MutableHeaders(scope=message), headers.get(REQUEST_ID))
            await send(message)

        try:
            if scope["path"] != TOKEN_PATH:
                self._admit(headers)
        except CallRefused as refused:
            await error_answer(refused)(scope, receive, send_named)
        else:
            await self._app(scope, receive, send_named)

    def _admit(self, headers: Headers) -> None:
        if not self._tokens.good(headers.get("Authorization", "")):
            raise CallRefused(401, "UNAUTHENTICATED", "the bearer token is missing, unknown or has expired")
        for name, reads in ((REQUEST_ID, uuid.UUID), (ORIGIN_TIMESTAMP, _moment)):
            value = headers.get(name)
            if not value:
                raise bad_request(f"the header {name} is missing")
            try:
                reads(value)
            except ValueError as error:
                raise bad_request(f"the header {name} cannot be read: {value!r}") from error


def _moment(text: str) -> datetime:
    """RFC 3339 or HTTP-date."""
    return datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)


def _name(headers: MutableHeaders, request_id: str | None) -> None:
    if request_id:
        headers[REQUEST_ID] = request_id
    headers[RESPONSE_ID] = str(uuid.uuid4())
    headers[RESPONSE_TIMESTAMP] = format_datetime(datetime.now(UTC), usegmt=True)


async def _refused(request: Request, refused: Exception) -> Response:
    if not isinstance(refused, CallRefused):
        raise refused
    return error_answer(refused)


async def _http_refused(request: Request, refused: Exception) -> Response:
    """No such path, or not by this method: Starlette's refusals in the published shape."""
    if not isinstance(refused, HTTPException):
        raise refused
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(refused.status_code, "REFUSED")
    said = f"{request.method} {request.url.path}: {refused.detail}"
    return error_answer(CallRefused(refused.status_code, code, said))


async def _defect(request: Request, error: Exception) -> Response:
    """A defect of the simulator. Starlette raises it on after this answer, so that the log has the whole story."""
    return error_answer(CallRefused(500, "INTERNAL", f"the simulator failed: {type(error).__name__}"))
