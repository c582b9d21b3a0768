"""The gate: who is at the screen, and the sign-in, sign-out and expiry around it, over streamlit-authenticator."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st
import structlog

from access import passwords
from access.cookie import Cookie
from access.lockout import Lockout, SignIns
from access.once import anew, once
from access.roster import Roster
from access.sessions import AGAIN, SIGNED_OUT, Sessions, Terms, lets_in
from access.token import Signer, Token
from access.user_file import DemoLogin, usable
from allocation.errors import EvenlotError
from orders.errors import OutsideError, SettingsError
from orders.model import User
from orders.people import Entry
from orders.ports import Activity, Clock
from watch import counts, references

_log = structlog.get_logger(__name__)

# What one browser session knows, in st.session_state.
_SIGN_IN = "access.token"
_RETURNING = "access.returning"  # the token of a session that ended unused, and may be followed by another
_ONE_TIME = "access.one_time"
_NOTICE = "access.notice"  # for the sign-in form
_NEWS = "access.news"  # for whoever is signed in

_WRONG = "The username or the password is not right."
_INCOMPLETE = "Type your username and your password."
_NO_STORE = "You are not signed in: the ledger does not answer. Try again in a minute. Reference {reference}."
_NOT_CHANGED = "The password is as it was: the ledger does not answer. Try again in a minute. Reference {reference}."


class Gate:
    """One for the whole process; each call speaks for the browser session whose script is running.

    A run of the app: `arrive()`, `mount()`, and `touch()` when there is a user; the sign-in form's callback is
    `submit`. Construct it anywhere, but the library below it may not be imported before a script runs: its cookie
    component would silently not register.
    """

    def __init__(
        self,
        roster: Roster,
        sign_ins: SignIns,
        clock: Clock,
        activity: Activity,
        *,
        cookie_key: str,
        cookie_name: str = "evenlot",
        terms: Terms | None = None,
        demo_logins: tuple[DemoLogin, ...] = (),
    ) -> None:
        """`SettingsError` for a key under 32 bytes or for times that are not positive."""
        self._demo = demo_logins
        self._roster = roster
        self._sign_ins = sign_ins
        self._clock = clock
        self._activity = activity
        terms = terms or Terms()
        self.stay_days = terms.days
        self._signer = Signer(cookie_key, terms.hours, terms.days)
        self._sessions = Sessions(clock, terms)
        self._cookie = Cookie(cookie_name)
        self._lockout = Lockout(sign_ins, clock)

    elsewhere = ""  # users sign in here

    def go(self) -> None:
        """There is nowhere else to sign in."""

    @property
    def demo_logins(self) -> tuple[DemoLogin, ...]:
        """What the sign-in card may show: the demo's users, as long as they can come in by the demo's passwords."""
        with suppress(OutsideError, SettingsError):
            return usable(self._demo, self._roster.look().users) if self._demo else ()
        return self._demo

    # -- who is here -------------------------------------------------------------------------------------------------

    def arrive(self) -> User | None:
        """The signed-in user, as a full run begins. Where a session has ended without use and its user chose to stay
        signed in, this begins another, with nothing of the one before in it."""
        anew()
        user = self.current_user()
        token: Token | None = st.session_state.pop(_RETURNING, None)
        if user is not None or token is None:
            return user
        self._sessions.use(token)
        st.session_state[_SIGN_IN] = token
        ended = st.session_state.pop(_NOTICE).removesuffix(AGAIN)
        st.session_state[_NEWS] = f"{ended}. You stay signed in, so this is a new one."
        self._note(token.username, "session began", "stays signed in")
        return self.current_user()

    def current_user(self) -> User | None:
        """The signed-in user, with the roles and groups of this moment, or None. A sign-in that no longer counts is
        ended here, and `message` says why; the session's state goes with it. While the users cannot be read they are
        as they were read last, and `doubt` says so; after a few minutes of that, nobody may do more than read."""
        token: Token | None = st.session_state.get(_SIGN_IN) or self._token_of_cookie()
        if token is None:
            return None
        seen = once(self._roster.look)
        entry = self._sessions.bearer(token, seen.users, self._signer)
        if isinstance(entry, str):
            self._end(token, entry)
            return None
        if idle := self._sessions.ended(token):
            self._end(token, idle)
            if token.stays:
                st.session_state[_RETURNING] = token
            return None
        st.session_state[_SIGN_IN] = token
        st.session_state[_ONE_TIME] = entry.one_time
        return replace(entry.user, read_only=True) if seen.old else entry.user

    def doubt(self) -> str | None:
        """As of when the user's rights are, and what follows, where the users cannot be read just now."""
        seen = self._roster.last()
        return seen.doubt if seen else None

    def must_choose(self) -> bool:
        """Whether the signed-in user has a password for one use, and has to choose one of their own before all else."""
        return bool(st.session_state.get(_ONE_TIME))

    def people(self) -> dict[str, str]:
        """What the users are called, by username, as they were read last."""
        seen = self._roster.last()
        return {username: entry.user.name for username, entry in seen.users.items()} if seen else {}

    def message(self) -> str | None:
        """The sentence for the sign-in form: why the last attempt failed or the last session ended. None: nothing."""
        notice: str | None = st.session_state.get(_NOTICE)
        return notice

    def news(self) -> str | None:
        """What to tell whoever is signed in, once."""
        said: str | None = st.session_state.pop(_NEWS, None)
        return said

    def mount(self) -> None:
        """Let the browser write or drop its cookie: once in every full run, always at the same place."""
        self._cookie.mount()

    def touch(self) -> None:
        """Note that the user did something. Call it in full runs and in the callbacks of a fragment's widgets, not
        where a live fragment ticks. It does not revive an expired session."""
        token: Token | None = st.session_state.get(_SIGN_IN)
        if token is not None and self._sessions.ended(token) is None:
            self._sessions.use(token)

    # -- coming and going --------------------------------------------------------------------------------------------

    def submit(self, username: str, password: str, stay: bool = False) -> None:
        """Try to sign in; the run that follows sees the user, or `message`. For the submit button's callback, which
        reads what was typed from `st.session_state`: values bound when the form was drawn are those of before."""
        name, password = username.strip().lower(), password.strip()
        if not name or not password:
            st.session_state[_NOTICE] = _INCOMPLETE
            return
        try:
            self._decide(name, password, stay)
        except (OutsideError, SettingsError) as error:  # of the store: what is wrong there is its operator's business
            st.session_state[_NOTICE] = _away(_NO_STORE, error)

    def sign_out(self) -> None:
        """End this user's sign-ins everywhere: a copy of the cookie is worth nothing from now on. Clears the session's
        state; a store that does not answer raises its `OutsideError`, and the user is then still signed in."""
        token: Token | None = st.session_state.get(_SIGN_IN)
        if token is None:
            return
        self._sign_ins.revoke(token.username, token.issued_at)
        self._sessions.forget(token)
        self._forget(SIGNED_OUT)
        self._cookie.drop(token.id)
        self._note(token.username, "signed out")

    def change_password(self, old: str, new: str, again: str) -> str:
        """Replace the signed-in user's password; an empty text, or why it was not done. Every other session of theirs
        ends with it. A wrong old password counts as a failed sign-in does."""
        user = self.current_user()
        if user is None:  # the run that follows says why
            return ""
        old, name = old.strip(), user.username
        if new != again:
            return "The two new passwords are not the same."
        if found := passwords.faults(new, name):
            return " ".join(found)
        if new == old:
            return "The new password is the one you have."
        try:
            return self._change(name, old, new)
        except (OutsideError, SettingsError) as error:
            return _away(_NOT_CHANGED, error)
        except EvenlotError as error:  # as when somebody changed the entry meanwhile
            return str(error)

    def _change(self, name: str, old: str, new: str) -> str:
        users, address = self._roster.read().users, _address()
        entry = users.get(name)
        if entry is None:
            return ""
        if not self._lockout.attempt(name, address):
            self._note(name, "password not changed", "locked out")
            return self._lockout.sentence
        if not passwords.is_right(name, old, entry.password_hash, users.dearest):
            self._note(name, "password not changed", "the old one was wrong")
            return self._lockout.sentence if self._lockout.locked(name, address) else "The old password is not right."
        self._lockout.clear(name, address)
        changed = replace(entry, password_hash=passwords.hash_password(new, name), one_time=False)
        self._roster.store.write([changed], name, "change_password")
        self._note(name, "password changed", "every other session of theirs ended")
        token: Token = st.session_state[_SIGN_IN]
        self._admit(self._signer.issue(name, changed.password_hash, self._from_now(changed), stays=token.stays))
        st.session_state[_NEWS] = "Your password is changed. Wherever else you were signed in, you no longer are."
        return ""

    def _decide(self, name: str, password: str, stay: bool) -> None:
        users = self._roster.read().users
        entry = users.get(name)
        # An unknown name may be a password typed into the wrong field: neither the log nor the store may hold it.
        known_as = name if entry else f"unknown:{self._signer.mark(name)}"
        address = _address()
        if not self._lockout.attempt(known_as, address):
            counts.SIGN_INS.labels("locked out").inc()
            self._note(known_as, "sign-in refused", "locked out")
            st.session_state[_NOTICE] = self._lockout.sentence
            return
        right = passwords.is_right(name, password, entry.password_hash if entry else users.decoy, users.dearest)
        if entry is None or not right or not lets_in(entry, self._clock.now()):
            locked = self._lockout.locked(known_as, address)
            counts.SIGN_INS.labels("refused").inc()
            why = "disabled" if right and entry and entry.disabled else "one-time password is too old" if right else ""
            self._note(known_as, "sign-in failed", "; ".join(filter(None, (why, "locked out now" if locked else ""))))
            st.session_state[_NOTICE] = self._lockout.sentence if locked else _WRONG
            return
        self._lockout.clear(name, address)
        self._admit(self._signer.issue(name, entry.password_hash, self._from_now(entry), stays=stay))
        counts.SIGN_INS.labels("signed in").inc()
        self._note(name, "signed in", "stays signed in" if stay else "")

    def _from_now(self, entry: Entry) -> datetime:
        """Now, but past the user's last revocation, which another server's clock may have put ahead of ours."""
        now = self._clock.now()
        return now if entry.not_before is None else max(now, entry.not_before + timedelta.resolution)

    def _admit(self, token: Token) -> None:
        anew()
        st.session_state.pop(_NOTICE, None)
        st.session_state[_SIGN_IN] = token
        self._cookie.keep(token.id, self._signer.write(token), token.expires_at)
        self.touch()

    def _token_of_cookie(self) -> Token | None:
        if (text := self._cookie.text()) is None:
            return None
        token = self._signer.read(text)
        if token is None:
            self._cookie.spend()
            _log.warning("cookie refused: not one of ours", address=_address())
        return token

    def _end(self, token: Token, why: str) -> None:
        self._note(token.username, "session ended", why)
        self._forget(why)

    def _forget(self, notice: str) -> None:
        """Empty the session, so that nothing passes to whoever signs in next."""
        for key in list(st.session_state):
            del st.session_state[key]
        self._cookie.spend()
        st.session_state[_NOTICE] = notice

    def _note(self, username: str, action: str, detail: str = "") -> None:
        address = _address()
        _log.info(action, username=username, address=address, detail=detail)
        self._activity.note(username, action, address, detail)


def _address() -> str:
    return st.context.ip_address or "localhost"


def _away(sentence: str, error: EvenlotError) -> str:
    reference = references.told()
    _log.warning("the store did not take it", reference=reference, error=str(error))
    return sentence.format(reference=reference)
