"""The gate: who is at the screen, and the sign-in, sign-out and expiry around it, over streamlit-authenticator."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import streamlit as st
import structlog

from access.lockout import Lockout, SignIns
from access.token import Signer, Token
from access.users import DemoLogin, Users
from orders.errors import OutsideError, SettingsError
from orders.model import User
from orders.ports import Activity, Clock
from watch import counts, references

_log = structlog.get_logger(__name__)

# What one browser session knows, in st.session_state.
_SIGN_IN = "access.token"
_NOTICE = "access.notice"
_COOKIE_WORK = "access.cookie_work"
_COOKIE_SPENT = "access.cookie_spent"  # st.context.cookies stays as it was when the browser connected

_LIBRARY_KEYS = ("name", "username", "email", "roles", "logout", "authentication_status")
_BCRYPT_BYTES = 72
_WRONG = "The username or the password is not right."
_INCOMPLETE = "Type your username and your password."
_SIGNED_OUT = "You are signed out."
_NO_STORE = "You are not signed in: the ledger does not answer. Try again in a minute. Reference {reference}."


@dataclass(frozen=True, slots=True)
class _CookieWork:
    """A cookie the browser is still to write, or to drop when `life` is zero."""

    key: str  # of the component, whose value becomes True once it has written
    value: str
    expires_at: datetime
    life: timedelta


class Gate:
    """One for the whole process; each call speaks for the browser session whose script is running.

    A run of the app: `current_user()`, `mount()`, and `touch()` when there is a user; the sign-in form's callback is
    `submit`. Construct it anywhere, but the library below it may not be imported before a script runs: its cookie
    component would silently not register.
    """

    def __init__(
        self,
        users: Callable[[], Users],
        sign_ins: SignIns,
        clock: Clock,
        activity: Activity,
        *,
        cookie_key: str,
        cookie_name: str = "evenlot",
        cookie_days: float = 1,
        idle_minutes: float = 30,
        lockout: Lockout | None = None,
        demo_logins: tuple[DemoLogin, ...] = (),
    ) -> None:
        """`users` gives the users as they are now (`UserFile.current`). A sign-in ends `cookie_days` after it began, or
        `idle_minutes` after the last use. `SettingsError` for a key under 32 bytes or for times that are not positive.
        """
        if idle_minutes <= 0:
            raise SettingsError(f"A session cannot expire after {idle_minutes:g} minutes without use.")
        self.demo_logins = demo_logins
        self._users = users
        self._sign_ins = sign_ins
        self._clock = clock
        self._activity = activity
        self._signer = Signer(cookie_key, cookie_days)
        self._cookie_name = cookie_name
        self._days = cookie_days
        self._idle = timedelta(minutes=idle_minutes)
        self._lockout = lockout or Lockout(sign_ins, clock)
        self._started_at = clock.now()
        self._used_at: dict[str, datetime] = {}  # by token id: the windows of one browser share their use
        self._lock = threading.Lock()

    def current_user(self) -> User | None:
        """The signed-in user, with the roles and groups of this moment, or None. A sign-in that no longer counts is
        ended here, and `message` says why; the session's state goes with it."""
        token: Token | None = st.session_state.get(_SIGN_IN) or self._token_of_cookie()
        if token is None:
            return None
        user = self._bearer(token)
        if isinstance(user, str):
            _log.info("session ended", username=token.username, reason=user)
            self._activity.note(token.username, "session ended", st.context.ip_address or "localhost", user)
            self._forget(user)
            return None
        st.session_state[_SIGN_IN] = token
        return user

    def people(self) -> dict[str, str]:
        """What the users are called, by username, as the user file has it now."""
        return {username: entry.user.name for username, entry in self._users().items()}

    def submit(self, username: str, password: str) -> None:
        """Try to sign in; the run that follows sees the user, or `message`. For the submit button's callback, which
        reads what was typed from `st.session_state`: values bound when the form was drawn are those of before."""
        name, password = username.strip().lower(), password.strip()
        if not name or not password:
            st.session_state[_NOTICE] = _INCOMPLETE
            return
        users = self._users()
        try:
            self._decide(name, password, users)
        except (OutsideError, SettingsError) as error:  # of the store: what is wrong there is its operator's business
            reference = references.told()
            _log.warning("sign-in failed: the store did not take it", reference=reference, error=str(error))
            st.session_state[_NOTICE] = _NO_STORE.format(reference=reference)

    def _decide(self, name: str, password: str, users: Users) -> None:
        entry = users.get(name)
        # An unknown name may be a password typed into the wrong field: neither the log nor the store may hold it.
        known_as = name if entry else f"unknown:{self._signer.mark(name)}"
        address = st.context.ip_address or "localhost"
        log = _log.bind(username=known_as, address=address)
        if not self._lockout.attempt(known_as, address):
            counts.SIGN_INS.labels("locked out").inc()
            log.warning("sign-in refused: locked out")
            st.session_state[_NOTICE] = self._lockout.sentence
            return
        right = _password_is_right(name, password, entry.password_hash if entry else users.decoy)
        if entry is None or not right:
            locked = self._lockout.locked(known_as, address)
            counts.SIGN_INS.labels("refused").inc()
            log.warning("sign-in failed", locked=locked)
            self._activity.note(known_as, "sign-in failed", address, "locked out now" if locked else "")
            st.session_state[_NOTICE] = self._lockout.sentence if locked else _WRONG
            return
        self._lockout.clear(name, address)
        self._admit(self._signer.issue(name, entry.password_hash, self._after_revocation(name)))
        counts.SIGN_INS.labels("signed in").inc()
        log.info("signed in")
        self._activity.note(name, "signed in", address)

    def mount(self) -> None:
        """Let the browser write or drop its cookie, if it has to. Call it in every full run, always at the same place:
        it holds that place, so that its coming and going moves no form under the hands of somebody typing. While a
        cookie is being dropped the run ends here; the next one, right after, shows the sign-in form."""
        place = st.empty()
        work: _CookieWork | None = st.session_state.get(_COOKIE_WORK)
        if work is None:
            return
        if st.session_state.get(work.key):
            del st.session_state[_COOKIE_WORK]
            return
        from extra_streamlit_components import CookieManager  # type: ignore[import-untyped]  # not before a script runs

        with place.container():
            CookieManager(key=f"{work.key}.read").set(
                self._cookie_name,
                work.value,
                key=work.key,
                expires_at=work.expires_at,
                max_age=work.life.total_seconds(),
                secure=(st.context.url or "").startswith("https:"),
            )
            if not work.life:
                # the component's answer runs the script anew, and would take what is being typed with it
                st.caption("Signing out …")
                st.stop()

    def sign_out(self) -> None:
        """End this user's sign-ins everywhere: a copy of the cookie is worth nothing from now on. Clears the session's
        state; a store that does not answer raises its `OutsideError`, and the user is then still signed in."""
        token: Token | None = st.session_state.get(_SIGN_IN)
        if token is None:
            return
        self._sign_ins.revoke(token.username)
        with self._lock:
            self._used_at.pop(token.id, None)
        self._forget(_SIGNED_OUT)
        epoch = datetime.fromtimestamp(0, UTC)
        st.session_state[_COOKIE_WORK] = _CookieWork(f"access.drop.{token.id}", "-", epoch, timedelta())
        _log.info("signed out", username=token.username)
        self._activity.note(token.username, "signed out", st.context.ip_address or "localhost")

    def message(self) -> str | None:
        """The sentence for the sign-in form: why the last attempt failed or the last session ended. None: nothing."""
        notice: str | None = st.session_state.get(_NOTICE)
        return notice

    def touch(self) -> None:
        """Note that the user did something. Call it in full runs and in the callbacks of a fragment's widgets, not
        where a live fragment ticks. It does not revive an expired session."""
        token: Token | None = st.session_state.get(_SIGN_IN)
        if token is None or self._idle_fault(token) is not None:
            return
        now = self._clock.now()
        with self._lock:
            self._used_at = {id_: at for id_, at in self._used_at.items() if now - at <= self._idle}
            self._used_at[token.id] = now

    def _after_revocation(self, username: str) -> datetime:
        """Now, but past the user's last revocation, which another server's clock may have put ahead of ours."""
        now, not_before = self._clock.now(), self._sign_ins.not_before(username)
        return now if not_before is None else max(now, not_before + timedelta.resolution)

    def _admit(self, token: Token) -> None:
        st.session_state.pop(_NOTICE, None)
        st.session_state[_SIGN_IN] = token
        st.session_state[_COOKIE_WORK] = _CookieWork(
            f"access.keep.{token.id}",
            self._signer.write(token),
            token.expires_at,
            token.expires_at - token.issued_at,
        )
        self.touch()

    def _token_of_cookie(self) -> Token | None:
        text = st.context.cookies.get(self._cookie_name)
        if text is None or _COOKIE_SPENT in st.session_state:
            return None
        token = self._signer.read(text)
        if token is None:
            st.session_state[_COOKIE_SPENT] = True
            _log.warning("cookie refused: not one of ours", address=st.context.ip_address or "localhost")
        return token

    def _bearer(self, token: Token) -> User | str:
        """The user this token stands for, or the sentence why it no longer counts."""
        entry = self._users().get(token.username)
        if entry is None:
            return "You are no longer among the users of this desk; ask whoever keeps the user file."
        if token.password_mark != self._signer.mark(entry.password_hash):
            return "Your password has changed; sign in with the new one."
        not_before = self._sign_ins.not_before(token.username)
        if not_before is not None and token.issued_at <= not_before:
            return _SIGNED_OUT
        if self._clock.now() >= token.expires_at:
            return f"A sign-in ends after {self._days * 24:g} hours; sign in again."
        return self._idle_fault(token) or entry.user

    def _idle_fault(self, token: Token) -> str | None:
        """Without a noted use, as after a restart, the idle time counts from the sign-in."""
        with self._lock:
            used_at = self._used_at.get(token.id)
        if self._clock.now() - (used_at or token.issued_at) <= self._idle:
            return None
        if used_at is None and token.issued_at < self._started_at:
            return "The server was restarted after you signed in; sign in again."
        minutes = self._idle / timedelta(minutes=1)
        return f"Your session expired after {minutes:g} minutes without use; sign in again."

    def _forget(self, notice: str) -> None:
        """Empty the session, so that nothing passes to whoever signs in next."""
        for key in list(st.session_state):
            del st.session_state[key]
        st.session_state[_COOKIE_SPENT] = True
        st.session_state[_NOTICE] = notice


def _password_is_right(name: str, password: str, password_hash: str) -> bool:
    """The library's own check, which runs bcrypt once for any name it is given a hash for."""
    if len(password.encode()) > _BCRYPT_BYTES:
        return False
    from streamlit_authenticator.controllers import AuthenticationController  # not before a script runs

    ours = [key for key in _LIBRARY_KEYS if key not in st.session_state]
    credentials = {"usernames": {name: {"name": name, "password": password_hash}}}
    right = AuthenticationController(credentials, auto_hash=False).login(name, password)
    for key in ours:  # its words are too common to leave behind: a widget keyed "name" would show the user's
        st.session_state.pop(key, None)
    return bool(right)
