"""Faults of the plan as they go over the wire: late, refused, unreadable, cut off, or no answer at all."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aladdin.simulator import connection
from aladdin.simulator.faults import (
    ConnectionReset,
    ExpiredToken,
    FaultPlan,
    Latency,
    MalformedJson,
    ServerError,
    Timeout,
    TooManyRequests,
    TruncatedBody,
    When,
)
from aladdin.simulator.protocol import CallRefused, error_answer, too_many_requests
from aladdin.simulator.tokens import TOKEN_PATH, Tokens

WireFault = Timeout | ConnectionReset | ServerError | TooManyRequests | ExpiredToken | MalformedJson | TruncatedBody
POSTING = "/order:post"
_KINDS = (Timeout, ConnectionReset, ServerError, TooManyRequests, MalformedJson, TruncatedBody)


@dataclass
class Held:
    """An answer that was given but not yet sent."""

    start: Message = field(default_factory=dict)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


class Trouble:
    """Lets the faults of the plan strike the calls under /api. At most one per call, besides latency."""

    def __init__(self, app: ASGIApp, plan: FaultPlan, tokens: Tokens) -> None:
        self._app = app
        self._plan = plan
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/api/"):
            await self._app(scope, receive, send)
            return
        if (late := self._plan.take(path, Latency)) is not None:
            receive, _ = await _taken_in(receive)  # a server that is slow carries out what it has, whoever waits for it
            await asyncio.sleep(late.seconds)
        # Nobody signs in with a bearer token, so there is none to expire.
        kinds = _KINDS if path == TOKEN_PATH else (*_KINDS, ExpiredToken)
        acts = True
        if path.endswith(POSTING):
            receive, acts = await _acting(receive)
        fault: WireFault | None = self._plan.take(path, *kinds, acts=acts)
        if fault is None:
            await self._app(scope, receive, send)
        elif isinstance(fault, ExpiredToken):
            self._tokens.forget(Headers(scope=scope).get("Authorization", ""))
            await self._app(scope, receive, send)  # the gate refuses it, as it does any token it does not know
        elif _comes_before(fault):
            await _arrived(receive)
            await _instead(fault, scope, receive, send)
        else:
            held = Held()
            await self._app(scope, receive, held.take)
            await _afterwards(fault, held, scope, receive, send)


def _comes_before(fault: WireFault) -> bool:
    if isinstance(fault, TooManyRequests):
        return True
    return isinstance(fault, Timeout | ConnectionReset | ServerError) and fault.when is When.BEFORE


async def _arrived(receive: Receive) -> None:
    """Waits for the whole request. Broken off in its middle, the client would see now this, now that error."""
    while (await receive()).get("more_body"):
        continue


async def _taken_in(receive: Receive) -> tuple[Receive, tuple[Message, ...]]:
    """The whole request, now, for whoever receives it later: once the client has gone it could not be had. And what
    it came in."""
    messages = deque([await receive()])
    while messages[-1].get("more_body"):
        messages.append(await receive())
    whole = tuple(messages)

    async def again() -> Message:
        return messages.popleft() if messages else await receive()

    return again, whole


async def _acting(receive: Receive) -> tuple[Receive, bool]:
    """The whole request for whoever receives it later, and whether it places an order: a what-if only asks."""
    again, messages = await _taken_in(receive)
    try:
        said = json.loads(b"".join(message.get("body", b"") for message in messages))
        acts = not said["postOrderConfig"]["whatIf"]
    except (ValueError, KeyError, TypeError):
        acts = True  # it is refused, as an order that cannot be read
    return again, acts


async def _instead(fault: WireFault, scope: Scope, receive: Receive, send: Send) -> None:
    """What the client gets in place of the server's answer."""
    if isinstance(fault, TooManyRequests):
        refused = too_many_requests("too many requests (a fault of the plan)", fault.retry_after)
        await error_answer(refused)(scope, receive, send)
    elif isinstance(fault, ServerError):
        refused = CallRefused(fault.status, "UNAVAILABLE", "the server failed (a fault of the plan)")
        await error_answer(refused)(scope, receive, send)
    elif isinstance(fault, Timeout):
        try:
            await asyncio.wait_for(connection.gone(receive), fault.seconds)
        except TimeoutError:
            await connection.close(scope, receive)
    else:
        await connection.reset(scope, receive)


async def _afterwards(fault: WireFault, held: Held, scope: Scope, receive: Receive, send: Send) -> None:
    """What the client gets of an answer that the server has given."""
    if not isinstance(fault, MalformedJson | TruncatedBody):
        await _instead(fault, scope, receive, send)
        return
    half = held.body[: len(held.body) // 2]  # of an object or an array: never JSON
    if isinstance(fault, MalformedJson):
        MutableHeaders(scope=held.start)["Content-Length"] = str(len(half))
        await send(held.start)
        await send({"type": "http.response.body", "body": half})
    else:
        await send(held.start)
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await connection.close(scope, receive)
