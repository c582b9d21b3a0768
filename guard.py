"""What stands before every answer: a request under a name that is not ours is refused, and each answer carries the
headers that tell a browser what it may do with it."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import re
import socket
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

log = structlog.get_logger()

ANY = "*"
# Pages with scripts of their own in them, by package: the app's shell, and the component that writes the cookie. The
# latter may not be imported here, or it would not register with Streamlit.
_SHELLS = {
    "streamlit": "static/index.html",
    "extra_streamlit_components": "CookieManager/frontend/build/index.html",
}
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",  # not DENY: the component that writes the cookie is a frame of our own
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """Wraps the whole app, its WebSocket as well. `hosts` are the names it may be asked under, beside its own."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        # the server's own, which does not know the addresses of a socket for both kinds as those it is told to believe
        trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
        self._app: ASGIApp = cast(Any, ProxyHeadersMiddleware(cast(Any, app), trusted))  # uvicorn has types of its own
        self._hosts = frozenset(host.lower().rstrip(".") for host in hosts)
        self._headers = _HEADERS | {"Content-Security-Policy": policy()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes under a name of ours, and add the headers to what is answered."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if scope.get("client"):
            scope["client"] = (_as_itself(scope["client"][0]), scope["client"][1])
        host = Headers(scope=scope).get("host", "")
        if not self.known(host):
            log.warning("request under a name that is not ours refused", host=host[:100])
            await _refuse(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if scope["path"].startswith("/media/"):  # files that were saved: faces and names of accounts
                    headers["Cache-Control"] = "private, no-store"
            await send(message)

        await self._app(scope, receive, with_headers)

    def known(self, host: str) -> bool:
        """Whether a Host header names this app: by address, as this machine, or as the settings say. An address needs
        no setting: only a name can be made to lead elsewhere, and to pass for the site it was."""
        try:
            parts = urlsplit(f"//{host}")
            name, _ = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            return False
        if parts.netloc != host or parts.username is not None or not name:
            return False
        if ANY in self._hosts or name in self._hosts or name in _own_names() or _is_address(name):
            return True
        return any(name.endswith(one[1:]) for one in self._hosts if one.startswith("*."))


def policy() -> str:
    """What a page of ours may load and run: only what comes from here. Streamlit writes styles into its pages, and its
    components are modules that it makes on the spot."""
    scripts = " ".join(f"'sha256-{digest}'" for digest in _inline_scripts())
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "frame-ancestors 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


def _inline_scripts() -> Iterator[str]:
    for package, shell in _SHELLS.items():
        found = find_spec(package)
        assert found is not None
        assert found.origin is not None
        text = (Path(found.origin).parent / shell).read_text(encoding="utf-8")
        for script in _INLINE.findall(text):
            yield base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _own_names() -> tuple[str, ...]:
    return "localhost", socket.gethostname().lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _as_itself(address: str) -> str:
    """An IPv4 address as such, which a socket for both kinds says as ::ffff:127.0.0.1."""
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return str(mapped) if mapped else address


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: 403
        return
    told = "This is not a name of this app. Whoever runs it adds the name to ALLOWED_HOSTS.\n"
    await PlainTextResponse(told, 400)(scope, receive, send)
