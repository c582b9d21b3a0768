"""HTTP/1.1 as uvicorn speaks it, with the connection itself within the application's reach: to break it on purpose."""

from __future__ import annotations

import asyncio
import socket
import struct

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "evenlot.transport"
_AT_ONCE = struct.pack("ii", 1, 0)  # linger for 0 seconds: closing drops what is unsent and sends RST


class BreakableConnection(H11Protocol):
    """A connection that `close` and `reset` can end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def reaching(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = reaching


async def close(scope: Scope, receive: Receive) -> None:
    """Ends the connection after what was sent so far, whether the answer is complete or not."""
    scope[_TRANSPORT].close()
    await gone(receive)


async def reset(scope: Scope, receive: Receive) -> None:
    """Ends the connection at once, as a crashed machine or a firewall does."""
    transport: asyncio.Transport = scope[_TRANSPORT]
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Waits until the other side is gone."""
    while (await receive())["type"] != "http.disconnect":
        continue
