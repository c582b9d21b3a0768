"""The door: who may come in, with which headers, for which operations, how often; every answer names its request."""

from __future__ import annotations

import hmac
import uuid
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aladdin.simulator.protocol import CallRefused, bad_request, error_answer
from aladdin.simulator.published import operation_of
from aladdin.simulator.quotas import Quotas
from aladdin.simulator.tokens import TOKEN_PATH, Tokens

REQUEST_ID = "VND.com.blackrock.Request-ID"
ORIGIN_TIMESTAMP = "VND.com.blackrock.Origin-Timestamp"
RESPONSE_ID = "VND.com.blackrock.Response-ID"
RESPONSE_TIMESTAMP = "VND.com.blackrock.Response-Timestamp"
API_KEY = "VND.com.blackrock.API-Key"
CLIENT_KEY = "X-API-Key"


class Naming:
    """Every answer under /api repeats the request's id and has an id and a time of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        request_id = Headers(scope=scope).get(REQUEST_ID)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if request_id:
                    headers[REQUEST_ID] = request_id
                headers[RESPONSE_ID] = str(uuid.uuid4())
                headers[RESPONSE_TIMESTAMP] = format_datetime(datetime.now(UTC), usegmt=True)
            await send(message)

        await self._app(scope, receive, send_named)


class Gate:
    """Every call under /api but the one for a token needs a sign-in, the two required headers, and, where quotas are
    kept, room in the quota of its operation."""

    def __init__(self, app: ASGIApp, tokens: Tokens, quotas: Quotas | None) -> None:
        self._app = app
        self._tokens = tokens
        self._quotas = quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith("/api/") and path != TOKEN_PATH:
            try:
                self._admit(Headers(scope=scope), scope["method"], path)
            except CallRefused as refused:
                await error_answer(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _admit(self, headers: Headers, method: str, path: str) -> None:
        scopes = self._identify(headers)
        for name, reads in ((REQUEST_ID, uuid.UUID), (ORIGIN_TIMESTAMP, _moment)):
            value = headers.get(name)
            if not value:
                raise bad_request(f"the header {name} is missing")
            try:
                reads(value)
            except ValueError as error:
                raise bad_request(f"the header {name} cannot be read: {value!r}") from error
        operation = operation_of(method, path)
        if operation is None:
            return  # there is nothing there: the routes say so
        if scopes is not None and not operation.covers(scopes):
            raise CallRefused(403, "PERMISSION_DENIED", f"the access token lacks the scope {operation.scope}")
        if self._quotas is not None:
            self._quotas.take(operation)

    def _identify(self, headers: Headers) -> frozenset[str] | None:
        """The scopes of whoever calls; None for one who may do everything."""
        credentials = self._tokens.credentials
        if credentials.api_key and not _same(headers.get(API_KEY, ""), credentials.api_key):
            raise _unknown(f"the header {API_KEY} is missing or wrong")
        key = headers.get(CLIENT_KEY, "")
        if credentials.client_key and key:
            if not _same(key, credentials.client_key):
                raise _unknown(f"the header {CLIENT_KEY} is wrong")
            return None
        authorization = headers.get("Authorization", "")
        if authorization.partition(" ")[0].lower() == "basic" and credentials.username:
            if credentials.are_basic(authorization, credentials.username, credentials.password):
                return None
            raise _unknown("the user or the password is wrong")
        granted = self._tokens.granted(authorization)
        if granted is None:
            raise _unknown("the bearer token is missing, unknown or has expired")
        return granted.scopes


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _unknown(message: str) -> CallRefused:
    return CallRefused(401, "UNAUTHENTICATED", message)


def _moment(text: str) -> datetime:
    """RFC 3339 or HTTP-date."""
    return datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
