"""Our own quotas: how many calls go out in a minute, in all and of each operation, first come first served; with a
share that only orders may use."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from orders.errors import RateLimited
from orders.waiting import announced

# A minute, and what one request may take longer on its way than another: quotas are counted where they arrive.
WINDOW_SECONDS = 61.0

# One call in so many is kept for orders. They wait for seconds where reads wait for minutes: without it, reads that
# have taken every turn for the next minute would keep them out for as long as the screens are busy.
_ORDERS_SHARE = 10


@dataclass(frozen=True, slots=True)
class Queue:
    """How many calls wait for their turn now, and in how many seconds the last of them goes out."""

    calls: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        if not self.calls:
            return ""
        whose = "1 call waits" if self.calls == 1 else f"{self.calls} calls wait"
        return f"{whose} for the calls a minute that we may make: up to {max(1, round(self.seconds))} seconds."


class _Window:
    """The turns given under one quota, past ones still in the window and future ones, sorted."""

    def __init__(self, calls: int, of: str) -> None:
        self.calls = calls
        self.of = of  # completes "the 90 calls a minute ..."
        self.closed_until = -math.inf
        self._turns: list[float] = []

    def earliest(self, after: float) -> float:
        """The first moment from `after` on at which one more turn leaves no window with more than the quota."""
        at = max(after, self.closed_until)
        while (later := self._crowded_until(at)) is not None:
            at = later
        return at

    def _crowded_until(self, at: float) -> float | None:
        """Any `calls` turns in a row that share a window keep others away, from a window before the last to a window
        after the first of them: until when those do that keep `at` away longest; None when none do."""
        turns, calls = self._turns, self.calls
        after = bisect_right(turns, at)
        for start in range(min(after, len(turns) - calls), max(-1, after - calls - 1), -1):
            first, last = turns[start], turns[start + calls - 1]
            if last - first < WINDOW_SECONDS and last - WINDOW_SECONDS < at < first + WINDOW_SECONDS:
                return first + WINDOW_SECONDS
        return None

    def take(self, at: float, now: float) -> None:
        del self._turns[: bisect_right(self._turns, now - WINDOW_SECONDS)]
        insort(self._turns, at)

    def left(self, since: float) -> int:
        """How much of the quota the turns after `since` leave."""
        return max(0, self.calls - (len(self._turns) - bisect_right(self._turns, since)))

    def give_back(self, at: float) -> None:
        found = bisect_left(self._turns, at)
        if found < len(self._turns) and self._turns[found] == at:
            del self._turns[found]


class Limiter:
    """Gives each call its turn when it asks, so that who asks first goes first, and who could not go in time is told
    at once. Thread-safe. (pyrate-limiter lets go whoever wakes first and cannot say how long a wait would have been;
    limits does not wait.)"""

    def __init__(
        self,
        calls: int,
        quotas: Mapping[str, int],
        default: int,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        orders: Collection[str] = (),
    ) -> None:
        """At most `calls` a minute in all, and of each operation what `quotas` has for it, or `default`. A tenth of
        them is for the operations named in `orders` alone."""
        self._quotas = quotas
        self._default = default
        self._monotonic = monotonic
        self._sleep = sleep
        self._orders = orders
        self._lock = threading.Lock()
        self._all = _Window(calls, "that we may make")
        self._others = _Window(calls - calls // _ORDERS_SHARE if orders else calls, "that orders leave us")
        self._each: dict[str, _Window] = {}
        self._waiting: dict[object, float] = {}

    @property
    def waiting(self) -> Queue:
        """The calls that wait now."""
        with self._lock:
            if not self._waiting:
                return Queue()
            return Queue(len(self._waiting), max(0.0, max(self._waiting.values()) - self._monotonic()))

    @property
    def left(self) -> Mapping[str, int]:
        """How many more calls would go now: "in all", and of each operation that was ever asked."""
        with self._lock:
            since = self._monotonic() - WINDOW_SECONDS
            return {"in all": self._all.left(since)} | {name: own.left(since) for name, own in self._each.items()}

    def wait(self, operation: str, latest: float, doing: str, reference: str) -> None:
        """Return when it is this call's turn; a pause that is asked for meanwhile is waited out too. `RateLimited` at
        once when it would have to wait until after `latest` (monotonic seconds); `doing` completes "while ..." in its
        sentence."""
        while True:
            with self._lock:
                now = self._monotonic()
                windows = self._windows(operation)
                at = _earliest(windows, now)
                if at > max(latest, now):
                    raise _too_long(operation, windows, now, doing, reference)
                for window in windows:
                    window.take(at, now)
            if at <= now:
                return
            self._sit_out(windows, at, at - now)
            with self._lock:
                if windows[-1].closed_until <= at:
                    return
                _give_back(windows, at)

    def _sit_out(self, windows: tuple[_Window, ...], at: float, pause: float) -> None:
        """Wait for the turn at `at`, which is given back when the wait is broken off."""
        ticket = object()
        why = "for the pause that Aladdin asked for" if windows[-1].closed_until == at else "for Aladdin's quota"
        with self._lock:
            self._waiting[ticket] = at
        try:
            with announced(why, pause):
                self._sleep(pause)
        except BaseException:
            with self._lock:
                _give_back(windows, at)
            raise
        finally:
            with self._lock:
                del self._waiting[ticket]

    def hold(self, operation: str, seconds: float) -> None:
        """Give `operation` no turn for so long: the other side asked for the pause."""
        with self._lock:
            window = self._windows(operation)[-1]
            window.closed_until = max(window.closed_until, self._monotonic() + seconds)

    def _windows(self, operation: str) -> tuple[_Window, ...]:
        """The quotas an operation comes under, its own last."""
        if operation not in self._each:
            self._each[operation] = _Window(self._quotas.get(operation, self._default), f"of {operation}")
        own = self._each[operation]
        return (self._all, own) if operation in self._orders else (self._all, self._others, own)


def _earliest(windows: tuple[_Window, ...], at: float) -> float:
    """The first moment from `at` on that suits every window."""
    while (later := max(window.earliest(at) for window in windows)) > at:
        at = later
    return at


def _give_back(windows: tuple[_Window, ...], at: float) -> None:
    for window in windows:
        window.give_back(at)


def _too_long(operation: str, windows: tuple[_Window, ...], now: float, doing: str, reference: str) -> RateLimited:
    """The error for a call whose turn would come too late."""
    seconds = _earliest(windows, now) - now
    if windows[-1].closed_until - now >= seconds:
        why = f"Aladdin asked for a pause of {operation}"
    else:
        tightest = max(windows, key=lambda window: window.earliest(now))
        why = f"the {tightest.calls} calls a minute {tightest.of} are used up"
    sentence = f"Too many calls to Aladdin while {doing}: {why}. Try again in {math.ceil(seconds)} seconds."
    return RateLimited(sentence, reference, retry_after=seconds)
