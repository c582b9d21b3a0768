"""One flight for all who want the same at the same time: who asks first fetches it, the others wait for the landing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final, TypeVar

import structlog

from orders.waiting import Board

log = structlog.get_logger(__name__)

T = TypeVar("T")

_ABANDONED: Final = object()  # lands in place of a value when the one who flew was interrupted


class _Flight:
    """A fetch under way, and the one that begins when it has landed."""

    def __init__(self) -> None:
        self.landing: Future[Any] = Future()
        self.waits = Board()  # what holds it up, for all aboard
        self.following: _Flight | None = None
        self.aboard = 0  # who asked for it


class Flights:
    """Fetches under way in this process, by key. Thread-safe. A failure reaches all who waited, and nobody after; an
    interruption is the affair of the one thread that it came to, and another fetches instead."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, _Flight] = {}

    def share(self, key: str, fetch: Callable[[], T], *, fresh: bool = False) -> T:
        """What `fetch` gives, from a flight shared with all who ask for `key` meanwhile. With `fresh`, one that began
        before we asked will not do: a flight begins when it has landed, for all who asked so in between."""
        while True:
            flight, before, ours = self._board(key, fresh)
            with flight.waits.heard():
                if ours:
                    return self._fly(key, flight, before, fetch)
                found: T = flight.landing.result()
            if found is not _ABANDONED:
                return found

    def _board(self, key: str, fresh: bool) -> tuple[_Flight, _Flight | None, bool]:
        """The flight to take, the one that it begins after, and whether it is ours to fly."""
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
        return flight, before, ours

    def _fly(self, key: str, flight: _Flight, before: _Flight | None, fetch: Callable[[], T]) -> T:
        try:
            if before is not None:
                wait([before.landing])  # how it ended is not our concern
            with flight.waits.used():
                value = fetch()
        except Exception as error:
            self._land(key, flight, before)
            flight.landing.set_exception(error)
            raise
        except BaseException:  # such as the end of a screen's run: nothing went wrong with what was asked for
            self._land(key, flight, before)
            flight.landing.set_result(_ABANDONED)
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
