"""An exchange ends in its time, however little the other side says at a time, and however the connection was made."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from aladdin.http.deadline import bounded
from aladdin.http.receive import receive

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LONG_BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"
TRICKLED = b"HTTP/1.1 200 OK\r\nX-Slow: "


@contextmanager
def trickling(begin: bytes, after: int) -> Iterator[str]:
    """A server that answers each connection properly so many times, and after that without an end."""
    stop = threading.Event()

    def serve(peer: socket.socket) -> None:
        with peer:
            for _ in range(after):
                peer.recv(65_536)
                peer.sendall(ANSWER)
            peer.recv(65_536)
            peer.sendall(begin)
            try:
                while not stop.wait(0.02):
                    peer.sendall(b"a")
            except OSError:  # it hung up, as it should
                return

    def accept(listener: socket.socket) -> None:
        try:
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        except OSError:
            return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)


def exchange(http: httpx.Client, seconds: float = 10.0) -> httpx.Response:
    return receive(http, http.build_request("GET", "/"), 1000, seconds, time.monotonic)


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("begin", [TRICKLED, b"", LONG_BODY])
def test_what_trickles_in_is_given_up_after_its_time_on_a_new_connection_and_on_one_in_use(
    begin: bytes, after: int
) -> None:
    with trickling(begin, after) as url, bounded(httpx.Client(base_url=url, timeout=5, trust_env=False)) as http:
        for _ in range(after):
            assert exchange(http).text == "{}"
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            exchange(http, 0.3)
        assert 0.2 < time.monotonic() - began < 3


def test_it_holds_through_a_proxy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with trickling(TRICKLED, 0) as url:
        monkeypatch.setenv("http_proxy", url)
        with (
            bounded(httpx.Client(base_url="http://aladdin.example", timeout=5)) as http,
            pytest.raises(httpx.ReadTimeout),
        ):
            exchange(http, 0.3)


def test_nothing_leaves_after_its_time() -> None:
    with trickling(b"", 1) as url, bounded(httpx.Client(base_url=url, timeout=5, trust_env=False)) as http:
        with pytest.raises(httpx.ConnectTimeout):
            exchange(http, -1)
        exchange(http)
        with pytest.raises(httpx.WriteTimeout):
            exchange(http, -1)


def test_who_sets_no_end_is_bounded_by_the_timeouts_alone() -> None:
    with trickling(b"", 1) as url, bounded(httpx.Client(base_url=url, timeout=5, trust_env=False)) as http:
        assert http.get("/").text == "{}"
