"""How a screen learns that what it asked for must wait: for a turn under a quota, or for a pause between attempts."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

NOTICEABLE_SECONDS = 0.5  # nobody need be told of less


@dataclass(frozen=True, slots=True)
class Waiting:
    """What holds up that which was asked for; empty, and false, when nothing does. `seconds` were left at the time it
    was said."""

    why: str = ""  # completes "Waiting ...": "for Aladdin's quota"
    seconds: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.why)

    def __str__(self) -> str:
        if not self:
            return ""
        seconds = max(1, math.ceil(self.seconds))
        return f"Waiting {self.why}, up to {seconds} second{'s' if seconds > 1 else ''}."


Callback = Callable[[Waiting], None]


class Board:
    """The waits of something that was asked for. Tells whoever listens the longest of them whenever it is another.
    Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[object, Waiting] = {}
        self._longest = Waiting()
        self._listeners: dict[object, Callback] = {}

    def note(self, ticket: object, waiting: Waiting) -> None:
        """What holds up `ticket` now; an empty one when it goes on."""
        with self._lock:
            if waiting:
                self._waits[ticket] = waiting
            else:
                self._waits.pop(ticket, None)
            longest = max(self._waits.values(), key=lambda each: each.seconds, default=Waiting())
            if longest != self._longest:
                self._longest = longest
                for listener in self._listeners.values():
                    _tell(listener, longest)

    @contextmanager
    def heard_by(self, listener: Callback) -> Iterator[None]:
        """Tell `listener` until the block is left, and then no more, whoever waits on."""
        ticket = object()
        with self._lock:
            self._listeners[ticket] = listener
            if self._longest:
                _tell(listener, self._longest)
        try:
            yield
        finally:
            with self._lock:
                del self._listeners[ticket]

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Tell whoever asked for what this block does, as if the waits were its own."""
        asker = _board.get()
        if asker is None:
            yield
            return
        try:
            with self.heard_by(lambda waiting: asker.note(self, waiting)):
                yield
        finally:
            asker.note(self, Waiting())

    @contextmanager
    def used(self) -> Iterator[None]:
        """Announce here what waits within the block."""
        token = _board.set(self)
        try:
            yield
        finally:
            _board.reset(token)


_board: ContextVar[Board | None] = ContextVar("waits", default=None)


def _tell(listener: Callback, waiting: Waiting) -> None:
    try:
        listener(waiting)
    except Exception:  # a screen that cannot be written to costs nobody an answer
        log.exception("wait_not_announced", waiting=str(waiting))


@contextmanager
def announce_waits(callback: Callback) -> Iterator[None]:
    """Call `callback` with what holds up the calls made within, just before one waits for longer than half a second,
    and with an empty `Waiting` when all go on. It may be called from another thread, never from two at once and never
    after the block; it must be quick, and ask for nothing itself. What it raises is logged."""
    board = Board()
    with board.heard_by(callback), board.used():
        yield


@contextmanager
def announced(why: str, seconds: float) -> Iterator[None]:
    """For who makes a call wait: announce it to whoever asked for the call, until the block is left."""
    board = _board.get()
    if board is None or seconds <= NOTICEABLE_SECONDS:
        yield
        return
    ticket = object()
    try:
        board.note(ticket, Waiting(why, seconds))
        yield
    finally:
        board.note(ticket, Waiting())
