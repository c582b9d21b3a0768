"""A clock for many threads at once: it stands still while any of them works, and moves on when all of them sleep."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Patience:
    """`run` starts the threads; within them `sleep` lets others go on, and `monotonic` tells the seconds so passed."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._now = 0.0
        self._working = 0
        self._wakings: list[float] = []

    def monotonic(self) -> float:
        with self._turn:
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._turn:
            waking = self._now + seconds
            self._wakings.append(waking)
            self._working -= 1
            self._move_on()
            self._turn.wait_for(lambda: self._now >= waking)

    def run(self, threads: int, work: Callable[[int], T]) -> list[T]:
        """What `work` gives for each of so many threads, all begun at once."""
        start = threading.Barrier(threads)
        self._working = threads

        def one(number: int) -> T:
            start.wait()
            try:
                return work(number)
            finally:
                with self._turn:
                    self._working -= 1
                    self._move_on()

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(one, range(threads)))

    def _move_on(self) -> None:
        """When everybody sleeps, it becomes the first waking time, and those due work again."""
        if self._working or not self._wakings:
            return
        self._now = max(self._now, min(self._wakings))
        due = [waking for waking in self._wakings if waking <= self._now]
        self._wakings = [waking for waking in self._wakings if waking > self._now]
        self._working = len(due)
        self._turn.notify_all()
