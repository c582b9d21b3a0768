"""Answers kept on disk: diskcache with JSON instead of pickle, in a directory nobody else may read."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import structlog
from diskcache import Cache, Disk, Timeout
from diskcache.core import DBNAME

log = structlog.get_logger(__name__)

_TRIED = "tried"  # a key that is no request
RETENTION = 7 * 86_400  # seconds; how fresh an answer must be is the reader's business, see `Entry.as_of`


class _JsonDisk(Disk):  # type: ignore[misc]  # diskcache is untyped
    """Text keys, JSON values. Nothing is ever unpickled: a planted cache file must not run code (CVE-2025-69872)."""

    def put(self, key: Any) -> tuple[str, bool]:
        if not isinstance(key, str):
            raise TypeError("cache keys are text")
        return key, True

    def get(self, key: Any, raw: bool) -> str:
        if not raw or not isinstance(key, str):
            raise ValueError("a cache key is not text")
        return key

    def store(self, value: Any, read: bool, key: Any = None) -> Any:
        return super().store(json.dumps(value).encode(), read=False, key=key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode not in (1, 2):  # raw bytes in the row, or a binary file; 4 would be a pickle
            raise ValueError("a cache value is not JSON")
        return json.loads(super().fetch(mode, filename, value, read=False))


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept answer: its text, when it was read (UTC), and the business date it was read on."""

    text: str
    as_of: datetime
    on: date


class AnswerCache:
    """Answers by request. Shared by threads and processes. A cache that cannot be read is set aside and begun anew; one
    that cannot be written costs speed, never an answer."""

    def __init__(self, directory: Path, size_limit: int = 512 * 1024 * 1024) -> None:
        """`size_limit` in bytes; the oldest entries give way. `OSError` when the directory cannot be made."""
        self._directory = directory
        self._size_limit = size_limit
        self._lock = threading.Lock()
        try:
            self._cache, self._file = self._new()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._set_aside(error)
            self._cache, self._file = self._new()

    def get(self, key: str) -> Entry | None:
        """The entry kept under `key`; None when there is none that can be read."""
        try:
            value = self._attempt(lambda cache: cache.get(key))
        except ValueError as error:  # the value's own file is damaged, or was never ours
            self._drop(key, error)
            return None
        if value is None:
            return None
        try:
            return Entry(value["text"], datetime.fromisoformat(value["as_of"]), date.fromisoformat(value["on"]))
        except (KeyError, TypeError, ValueError) as error:
            self._drop(key, error)
            return None

    def put(self, key: str, entry: Entry) -> None:
        """Keep an answer, in place of the one under the same key."""
        value = {"text": entry.text, "as_of": entry.as_of.isoformat(), "on": entry.on.isoformat()}
        self._attempt(lambda cache: cache.set(key, value, expire=RETENTION))

    def keys(self, prefix: str) -> tuple[str, ...]:
        """The keys that start with `prefix`, sorted."""
        cache = self._cache
        try:
            return self._attempt(lambda cache: tuple(k for k in cache.iterkeys() if k.startswith(prefix))) or ()
        except ValueError as error:  # a key that is not ours
            self._begin_anew(cache, error)
        return ()

    def size(self) -> tuple[int, int] | None:
        """How many answers are kept, and in how many bytes; None when the cache cannot be read or written."""

        def look(cache: Cache) -> tuple[int, int]:
            cache.set(_TRIED, "", expire=RETENTION)
            cache.delete(_TRIED)
            return len(cache), cache.volume()

        found: tuple[int, int] | None = self._attempt(look)
        return found

    def close(self) -> None:
        """Close this thread's connection; other threads' close with them."""
        self._cache.close()

    def _attempt(self, step: Callable[[Cache], Any]) -> Any:
        """What `step` gives; None where the cache cannot be used, which is said in the log."""
        cache = self._cache
        try:
            return step(cache)
        except (sqlite3.OperationalError, Timeout, OSError) as error:
            if self._replaced():  # away, or another process has begun anew
                self._begin_anew(cache, error)
            else:
                log.warning("cache_unavailable", error=str(error))
        except sqlite3.DatabaseError as error:
            self._begin_anew(cache, error)
        return None

    def _new(self) -> tuple[Cache, int]:
        """The cache in our directory, and which file it is in."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        cache = Cache(str(self._directory), disk=_JsonDisk, size_limit=self._size_limit)
        return cache, self._inode()

    def _begin_anew(self, broken: Cache, error: Exception) -> None:
        """Open the cache again; what is there now is set aside, unless another process has put it there since."""
        with self._lock:
            if self._cache is not broken:
                return  # another thread was first
            broken.close()
            try:
                if not self._replaced():
                    self._set_aside(error)
                self._cache, self._file = self._new()
            except (sqlite3.Error, Timeout, OSError) as again:  # the next use tries again
                log.warning("cache_unavailable", error=str(again))

    def _inode(self) -> int:
        """Which file the cache is in now; 0 where there is none."""
        try:
            return (self._directory / str(DBNAME)).stat().st_ino
        except OSError:  # not there, or its folder is something else
            return 0

    def _replaced(self) -> bool:
        return self._inode() != self._file

    def _set_aside(self, error: Exception) -> None:
        aside = self._directory.with_name(f"{self._directory.name}.broken-{uuid.uuid4().hex[:8]}")
        self._directory.rename(aside)
        log.warning("cache_set_aside", moved_to=str(aside), error=str(error))

    def _drop(self, key: str, error: Exception) -> None:
        log.warning("cache_entry_unreadable", key=key[:200], error=str(error))
        self._attempt(lambda cache: cache.delete(key))
