"""Whether a sign-in still counts, and when its session was last used."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from access.roster import Users
from access.token import Signer, Token
from orders.errors import SettingsError
from orders.people import Entry
from orders.ports import Clock

ONE_TIME_DAYS = 3  # a password that somebody else made up lets nobody in any more after that
SIGNED_OUT = "You are signed out."
AGAIN = "; sign in again."  # how a sentence ends that says why a session did


@dataclass(frozen=True, slots=True)
class Terms:
    """How long sign-ins and sessions last."""

    hours: float = 12  # a sign-in, at most
    days: float = 7  # that of somebody who chose to stay signed in
    idle_minutes: float = 60  # a session without use

    def __post_init__(self) -> None:
        if self.idle_minutes <= 0:
            raise SettingsError(f"A session cannot expire after {self.idle_minutes:g} minutes without use.")


def lets_in(entry: Entry, now: datetime) -> bool:
    """Whether the right password lets this user in."""
    made_at = entry.changed_at if entry.one_time else None
    fresh = made_at is None or now - made_at <= timedelta(days=ONE_TIME_DAYS)
    return fresh and not entry.disabled


class Sessions:
    """Of all browsers. Uses are known to this process alone."""

    def __init__(self, clock: Clock, terms: Terms) -> None:
        self._clock = clock
        self._terms = terms
        self._idle = timedelta(minutes=terms.idle_minutes)
        self._started_at = clock.now()
        self._used_at: dict[str, datetime] = {}  # by token id: the windows of one browser share their use
        self._lock = threading.Lock()

    def use(self, token: Token) -> None:
        """Note that this session is used now."""
        now = self._clock.now()
        with self._lock:
            self._used_at = {id_: at for id_, at in self._used_at.items() if now - at <= self._idle}
            self._used_at[token.id] = now

    def begins(self, token: Token) -> bool:
        """Whether it was never used in this process yet."""
        with self._lock:
            return token.id not in self._used_at

    def forget(self, token: Token) -> None:
        """It is over."""
        with self._lock:
            self._used_at.pop(token.id, None)

    def bearer(self, token: Token, users: Users, signer: Signer) -> Entry | str:
        """The user this token stands for, or the sentence why it no longer counts."""
        entry = users.get(token.username)
        if entry is None:
            return "You are no longer among the users of this desk; ask whoever administers them."
        if entry.disabled:
            return "Your user was disabled; ask whoever administers the users."
        if token.password_mark != signer.mark(entry.password_hash):
            return "Your password has changed; sign in with the new one."
        if entry.not_before is not None and token.issued_at <= entry.not_before:
            return SIGNED_OUT
        if self._clock.now() >= token.expires_at:
            lasts = f"{self._terms.days:g} days" if token.stays else f"{self._terms.hours:g} hours"
            return f"A sign-in ends after {lasts}{AGAIN}"
        return entry

    def ended(self, token: Token) -> str | None:
        """The sentence why the session has ended, if it has been without use for too long. Without a noted use, as
        after a restart, that counts from the sign-in."""
        with self._lock:
            used_at = self._used_at.get(token.id)
        if self._clock.now() - (used_at or token.issued_at) <= self._idle:
            return None
        if used_at is None and token.issued_at < self._started_at:
            return f"The server was restarted after you signed in{AGAIN}"
        return f"Your session expired after {self._terms.idle_minutes:g} minutes without use{AGAIN}"
