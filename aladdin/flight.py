"""One flight for all who want the same at the same time: who asks first fetches it, the others wait for the landing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")


class _Flight:
    """A fetch under way, and the one that begins when it has landed."""

    def __init__(self) -> None:
        self.landing: Future[Any] = Future()
        self.following: _Flight | None = None
        self.aboard = 0  # who asked for it


class Flights:
    """Fetches under way in this process, by key. Thread-safe. A failure reaches all who waited, and nobody after."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, _Flight] = {}

    def share(self, key: str, fetch: Callable[[], T], *, fresh: bool = False) -> T:
        """What `fetch` gives, from a flight shared with all who ask for `key` meanwhile. With `fresh`, one that began
        before we asked will not do: a flight begins when it has landed, for all who asked so in between."""
        before: _Flight | None = None
        with self._lock:
            flight = self._under_way.get(key)
            ours = flight is None
            if flight is None:
                flight = self._under_way[key] = _Flight()
            elif fresh:
                before = flight
                ours = before.following is None
                flight = before.following = before.following or _Flight()
            flight.aboard += 1
        if not ours:
            found: T = flight.landing.result()
            return found
        return self._fly(key, flight, before, fetch)

    def _fly(self, key: str, flight: _Flight, before: _Flight | None, fetch: Callable[[], T]) -> T:
        try:
            if before is not None:
                wait([before.landing])  # how it ended is not our concern
            value = fetch()
        except BaseException as error:
            self._land(key, flight, before)
            flight.landing.set_exception(error)
            raise
        self._land(key, flight, before)
        flight.landing.set_result(value)
        return value

    def _land(self, key: str, flight: _Flight, before: _Flight | None) -> None:
        """Make way for the next one before anybody learns the result: who asks from now on takes off anew."""
        with self._lock:
            if flight.aboard > 1:
                log.debug("flight_shared", key=key[:200], by=flight.aboard)
            if self._under_way.get(key) is not flight:  # interrupted before it took off
                if before is not None and before.following is flight:
                    before.following = None
            elif flight.following is not None:
                self._under_way[key] = flight.following
            else:
                del self._under_way[key]
