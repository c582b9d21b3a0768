"""Lockout: after a few failed attempts a name is refused at that address for a while, whatever browser asks and however
often the server restarts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from orders.ports import Clock


class SignIns(Protocol):
    """What the store remembers of sign-ins. Times are UTC, kept to the microsecond."""

    def record_failure(self, username: str, address: str) -> None:
        """Note one failed attempt, now."""
        ...

    def failures(self, username: str, address: str, since: datetime) -> int:
        """How many attempts have failed since then."""
        ...

    def failing(self, since: datetime, limit: int) -> Mapping[str, Sequence[str]]:
        """The names with so many failed attempts since then, and the addresses of those."""
        ...

    def clear(self, username: str, address: str) -> None:
        """Forget the failures of this name at this address."""
        ...

    def revoke(self, username: str, issued_at: datetime | None = None) -> None:
        """From now on, refuse whatever was issued to this user before, or at `issued_at` by a clock ahead of ours."""
        ...

    def not_before(self, username: str) -> datetime | None:
        """When this user was last revoked; None if never."""
        ...


class Lockout:
    """Counts attempts per name and address in the store. `limit` failures within `window` lock both until the window
    has passed; trying while locked does not prolong it."""

    def __init__(
        self, sign_ins: SignIns, clock: Clock, *, limit: int = 5, window: timedelta = timedelta(minutes=15)
    ) -> None:
        """Raises `ValueError` for a limit below one or a window that is not positive."""
        if limit < 1 or window <= timedelta():
            raise ValueError("a lockout needs a limit of at least one attempt and a window longer than nothing")
        self._sign_ins = sign_ins
        self._clock = clock
        self._limit = limit
        self._window = window

    def attempt(self, username: str, address: str) -> bool:
        """Count an attempt as failed before its password is looked at, so that attempts made at once cannot pass the
        limit together. False: locked, do not look at the password. After the right one, `clear`."""
        if self.locked(username, address):
            return False
        self._sign_ins.record_failure(username, address)
        return self._failures(username, address) <= self._limit

    def locked(self, username: str, address: str) -> bool:
        """Whether this name is refused at this address now."""
        return self._failures(username, address) >= self._limit

    def locked_out(self) -> Mapping[str, Sequence[str]]:
        """Every name that is refused now, and the addresses where."""
        return self._sign_ins.failing(self._clock.now() - self._window, self._limit)

    def clear(self, username: str, address: str) -> None:
        """Start from nothing again, after the right password."""
        self._sign_ins.clear(username, address)

    @property
    def sentence(self) -> str:
        """What to tell somebody locked out."""
        minutes = self._window / timedelta(minutes=1)
        return f"Too many failed attempts. Wait {minutes:g} minutes, then try again."

    def _failures(self, username: str, address: str) -> int:
        return self._sign_ins.failures(username, address, self._clock.now() - self._window)
