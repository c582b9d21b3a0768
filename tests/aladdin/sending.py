"""A transport in front of a loopback server, for the tests of how a call travels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from aladdin.http.flight import Flights
from aladdin.http.transport import Call, Transport
from tests.aladdin.loopback import Answering, Asked, DeskClock, Loopback, Reply

READ = Call("GET", "/api/thing", "reading the thing", params={"a": "1"})
WRITE = Call("POST", "/api/order:post", "posting order EV-1", body={"x": 1})
START = datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC)
LATER = START + timedelta(hours=1)


class Desk:
    """A transport on a loopback server, with the pauses it would have made: a pause moves the clock, and nothing else
    does unless a test moves it."""

    def __init__(self, answering: Answering, tokens: Answering | None = None, **changes: object) -> None:
        self.server = Loopback(answering, tokens)
        self.pauses: list[float] = []
        self.clock = DeskClock()
        self.clock.moment = START
        self.changes = changes

    def __enter__(self) -> Desk:
        self.server.__enter__()
        self.transport = Transport(
            self.server.config(**self.changes), self.clock.now, sleep=self._pause, monotonic=self.clock.monotonic
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.transport.close()
        self.server.__exit__()

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.pass_seconds(seconds)


def scripted(*replies: Reply) -> Answering:
    """These replies in turn, the last one for ever."""
    left: Iterator[Reply] = iter(replies)
    last = replies[-1]
    return lambda _asked: next(left, last)


def first_token_is_void(asked: Asked) -> Reply:
    """Refuses the first token given out, and answers to the next."""
    return Reply(status=401) if asked.headers["Authorization"] == "Bearer token-1" else Reply({"ok": 1})


def aboard(flights: Flights, key: str) -> tuple[int, int]:
    """How many share the flight under way for `key`, and the one after it."""
    flight = flights._under_way.get(key)
    if flight is None:
        return 0, 0
    return flight.aboard, flight.following.aboard if flight.following is not None else 0
