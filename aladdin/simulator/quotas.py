"""Quotas as the real server keeps them: so many requests of one operation in any sixty seconds, then 429."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable

from aladdin.simulator.protocol import too_many_requests
from aladdin.simulator.published import Operation

WINDOW = 60.0  # seconds


class Quotas:
    """Counts requests by operation. It lives in memory and in the server's one event loop."""

    def __init__(self, limit: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Each operation's published quota, or `limit` for every one of them. `clock` is in seconds."""
        self._limit = limit
        self._clock = clock
        self._asked: dict[Operation, deque[float]] = defaultdict(deque)

    def take(self, operation: Operation) -> None:
        """Counts one request; CallRefused 429 with the seconds to wait when it is one too many."""
        now, asked = self._clock(), self._asked[operation]
        while asked and asked[0] <= now - WINDOW:
            asked.popleft()
        limit = self._limit or operation.quota
        if len(asked) >= limit:
            pause = max(1, math.ceil(asked[0] + WINDOW - now))
            raise too_many_requests(f"the quota of {limit} requests a minute is used up: wait {pause} s", pause)
        asked.append(now)
