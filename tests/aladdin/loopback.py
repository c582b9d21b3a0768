"""A real HTTP server on a loopback port that answers as a test tells it, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from aladdin.config import AladdinConfig
from aladdin.http.oauth import TOKEN_PATH

SECRET = "s3cret-of-the-desk"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer. `hang_up` closes the connection instead."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False


Answering = Callable[[Asked], Reply]


class Loopback:
    """Serves `answering`; the token endpoint answers by itself unless `tokens` is given. Use as a context manager."""

    def __init__(self, answering: Answering, tokens: Answering | None = None) -> None:
        self.answering = answering
        self.tokens = tokens or (lambda _asked: self.grant())
        self.asked: list[Asked] = []
        self.granted = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def grant(self, expires_in: float = 3600) -> Reply:
        """A new access token."""
        with self._lock:
            self.granted += 1
            return Reply({"access_token": f"token-{self.granted}", "expires_in": expires_in})

    def calls(self, path: str = "") -> list[Asked]:
        """The requests other than for tokens whose path contains `path`."""
        return [asked for asked in self.asked if path in asked.path and asked.path != TOKEN_PATH]

    def config(self, **changes: Any) -> AladdinConfig:
        given: dict[str, Any] = {"client_id": "desk", "client_secret": SecretStr(SECRET)} | changes
        return AladdinConfig(self.url, **given)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body leave together

            def _answer(self) -> None:
                parts = urlsplit(self.path)
                given = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                asked = Asked(self.command, parts.path, query, dict(self.headers), given)
                with loopback._lock:
                    loopback.asked.append(asked)
                reply = (loopback.tokens if parts.path == TOKEN_PATH else loopback.answering)(asked)
                if reply.hang_up:
                    self.close_connection = True
                    return
                text = reply.body if isinstance(reply.body, str | bytes) else json.dumps(reply.body)
                body = text if isinstance(text, bytes) else text.encode()
                (self.send_response_only if "Date" in reply.headers else self.send_response)(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer  # noqa: N815 - the server's names

            def log_message(self, format: str, *args: Any) -> None:
                """Tests read `asked` instead."""

        return Handler


class DeskClock:
    """The clock of a book of 20 November 2026; moved by hand."""

    def __init__(self, today: date = date(2026, 11, 20)) -> None:
        self.moment = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
        self.day = today

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return self.day

    def monotonic(self) -> float:
        return (self.moment - datetime(2026, 11, 20, tzinfo=UTC)).total_seconds()

    def pass_seconds(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def until(come: Callable[[], bool]) -> None:
    """Wait for what other threads are about to bring about; give up after ten seconds."""
    pause = threading.Event()
    for _ in range(2000):
        if come():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come about")
