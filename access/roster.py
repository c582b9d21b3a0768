"""Who may come in, as the user store has them now and, while it cannot be read, as it last had them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import bcrypt
import structlog

from access.passwords import HASH_COST, cost_of
from orders.errors import OutsideError, SettingsError
from orders.people import Entry
from orders.ports import Clock

_log = structlog.get_logger(__name__)

KNOWN_FOR = timedelta(minutes=5)  # what was read last counts in full
RETRY = timedelta(seconds=5)  # a store that is away may take long to say so: it is not asked with every click


class UserStore(Protocol):
    """Where the users are kept. Every method may raise an `OutsideError`."""

    def every(self) -> Mapping[str, Entry]:
        """All users by username."""
        ...

    def write(self, entries: Sequence[Entry], actor: str, action: str) -> None:
        """Store these users, each in the place of the one it was made from, with an audit entry. `VersionConflict`
        where somebody else changed one since; `NotPermitted` where nobody would be left to administer users."""
        ...


class Users(Mapping[str, Entry]):
    """Entries by username, in lower case; immutable."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = dict(entries)
        cost = max((cost_of(entry.password_hash) for entry in self._entries.values()), default=HASH_COST)
        self.dearest = cost
        self.decoy = bcrypt.gensalt(cost).decode() + "." * 31
        """A well-formed hash of no known password: checking against it takes an unknown name as long as a known one."""

    def __getitem__(self, username: str) -> Entry:
        return self._entries[username]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class Seen:
    """The users as they were read at `at`. `away`: the store has not answered since; `old`: for so long that what it
    had cannot be relied upon."""

    users: Users
    at: datetime
    away: bool = False
    old: bool = False

    @property
    def doubt(self) -> str | None:
        """What follows for somebody's rights, in words; None where nothing does."""
        if not self.away:
            return None
        since = f"The users could not be read since {self.at:%H:%M:%S} UTC, and your rights are shown as of then."
        if self.old:
            return f"{since} Until they can be read again you can look, and change nothing."
        minutes = KNOWN_FOR // timedelta(minutes=1)
        return f"{since} If that lasts for {minutes} minutes, you can only look until it is over."


class Roster:
    """The users of the store, read anew at each look, so that every change works at once."""

    def __init__(self, store: UserStore, clock: Clock, known_for: timedelta = KNOWN_FOR) -> None:
        self.store = store
        self._clock = clock
        self._known_for = known_for
        self._last: Seen | None = None
        self._failed_at: datetime | None = None
        self._lock = threading.Lock()

    def look(self) -> Seen:
        """The users now or, while the store is away, those read last; the store's error where none ever was."""
        with self._lock:
            last, failed_at = self._last, self._failed_at
        now = self._clock.now()
        if last is not None and failed_at is not None and now - failed_at < RETRY:
            return self._as_of(last, now)
        try:
            return self.read()
        except (OutsideError, SettingsError) as error:
            with self._lock:
                last, self._failed_at = self._last, self._clock.now()
            if last is None:
                raise
            _log.warning("the users cannot be read", error=str(error), known_since=last.at.isoformat())
            return self._as_of(last, self._clock.now())

    def last(self) -> Seen | None:
        """What the last look saw, without asking the store; None before the first one that saw something."""
        with self._lock:
            last, failed_at = self._last, self._failed_at
        return last if last is None or failed_at is None else self._as_of(last, self._clock.now())

    def read(self) -> Seen:
        """The users as the store has them, or its error: what was known before does not count here."""
        at = self._clock.now()
        entries = self.store.every()
        with self._lock:
            if self._last is None or self._last.users != entries:
                self._last = Seen(Users(entries), at)
            else:
                self._last = Seen(self._last.users, at)  # another decoy would be another salt, for nothing
            self._failed_at = None
            return self._last

    def _as_of(self, last: Seen, now: datetime) -> Seen:
        return Seen(last.users, last.at, away=True, old=now - last.at > self._known_for)
