"""Reads that do not need each other, side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


class ReadPool:
    """A few threads for reads; `close` it at the end. A read that runs in it must not wait for another that does."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="aladdin")

    def start(self, read: Callable[[], T]) -> Future[T]:
        """Run a read in the pool, under the caller's logging context."""
        return self._threads.submit(copy_context().run, read)

    def close(self) -> None:
        """Let the reads under way end, and begin no other."""
        self._threads.shutdown(wait=True, cancel_futures=True)
