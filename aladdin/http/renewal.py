"""The refresh token to sign in with next. Where each is good for once, the one in the settings dies with its first use,
so the newest is kept on disk, for the next start and for the other processes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


class RefreshToken:
    """Its text appears in no log, error or repr. Without a `path` it is kept for the life of the process only."""

    def __init__(self, first: str, path: Path | None) -> None:
        """`first` is the one in the settings; what was kept in place of another is not used."""
        self.newest = first
        self._path = path if first else None
        self._of = hashlib.sha256(first.encode()).hexdigest()

    @contextmanager
    def turn(self) -> Iterator[str]:
        """The newest one, empty where there is none. Nobody else signs in with it, here or in another process, until
        the end of the turn."""
        if self._path is None:
            yield self.newest
            return
        lock = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.newest = self._kept(self._path) or self.newest
            yield self.newest
        finally:
            os.close(lock)

    def replace(self, by: str) -> None:
        """Keep `by` for the next turn; to be called within one."""
        self.newest = by
        if self._path is None:
            return
        draft = self._path.with_name(f"{self._path.name}.new")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump({"of": self._of, "token": by}, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError as error:  # it still serves this process
            log.error("refresh_token_not_kept", path=str(self._path), error=error.strerror)

    def _kept(self, path: Path) -> str:
        try:
            kept = json.loads(path.read_text())
            return str(kept["token"]) if kept["of"] == self._of else ""
        except FileNotFoundError:
            return ""
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("refresh_token_unreadable", path=str(path), error=type(error).__name__)
            return ""
