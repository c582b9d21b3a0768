"""An end to each exchange as a whole: httpx bounds each wait for the other side, but not how many of them there are, so
that headers which trickle in would keep a caller for ever."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

_HELD = threading.local()  # `latest`: when, by `monotonic`, the exchange of this thread has to end


@contextmanager
def ends_by(latest: float, monotonic: Callable[[], float]) -> Iterator[None]:
    """What this thread exchanges within, over a client that is `bounded`, ends by then with a timeout of httpx."""
    _HELD.left = lambda: latest - monotonic()
    try:
        yield
    finally:
        del _HELD.left


def bounded(http: httpx.Client) -> httpx.Client:
    """The same client, proxies included, held to `ends_by`. httpx has no setting for what its connections are made
    of, which httpcore has, so it is put where httpx keeps it."""
    for transport in (http._transport, *http._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = _Backend(transport._pool._network_backend)
    return http


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    """The seconds that one wait of at most `timeout` may take; `late` when there are none left."""
    left: Callable[[], float] | None = getattr(_HELD, "left", None)
    if left is None:
        return timeout
    seconds = left()
    if seconds <= 0:
        raise late("the exchange takes too long")
    return seconds if timeout is None else min(timeout, seconds)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))
