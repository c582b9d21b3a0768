"""Sign-in at a provider of OpenID Connect, over `st.login`: who is there, and what its claims make of them here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st
import structlog

from access.lockout import SignIns
from access.once import anew, once
from access.roster import KNOWN_FOR, RETRY
from access.sessions import SIGNED_OUT, Sessions, Terms
from access.token import Token
from access.user_file import DemoLogin
from orders.errors import OutsideError, SettingsError
from orders.people import Role, User
from orders.ports import Activity, Clock
from watch import counts

_log = structlog.get_logger(__name__)

# What one browser session knows, in st.session_state.
_OVER = "access.over"  # the sign-in at the provider that counts no more here, or never did
_NOTICE = "access.notice"


@dataclass(frozen=True, slots=True)
class Claims:
    """How claims become a user: `username` names the claim that has the name, `rights` the one with the groups of the
    provider, each of which may stand for roles and for portfolio groups here."""

    roles: Mapping[str, frozenset[Role]]
    groups: Mapping[str, frozenset[str]]
    username: str = "preferred_username"
    rights: str = "groups"

    @classmethod
    def mapped(cls, roles: str, groups: str, username: str, rights: str) -> Claims:
        """From settings such as `desk-pm=portfolio_manager viewer,desk-us=...`; `SettingsError` for what is none."""
        said = _pairs("OIDC_ROLES", roles)
        if unknown := sorted({name for names in said.values() for name in names} - {role.value for role in Role}):
            raise SettingsError(f"OIDC_ROLES: {', '.join(unknown)} is no role; the roles are {', '.join(Role)}.")
        named = {name: frozenset(map(Role, names)) for name, names in said.items()}
        return cls(named, _pairs("OIDC_GROUPS", groups), username, rights)

    def user(self, said: Mapping[str, Any]) -> User | None:
        """The user, with a role at least; None for somebody who has nothing to do here."""
        username = said.get(self.username)
        found = said.get(self.rights)
        names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        roles = frozenset[Role]().union(*(self.roles.get(str(name), frozenset()) for name in names))
        groups = frozenset[str]().union(*(self.groups.get(str(name), frozenset()) for name in names))
        if not isinstance(username, str) or not username.strip() or not roles:
            return None
        full = said.get("name")
        return User(username.strip().lower(), full if isinstance(full, str) and full else username, roles, groups)


def _pairs(setting: str, text: str) -> dict[str, frozenset[str]]:
    pairs = [part.rpartition("=") for part in text.split(",") if part.strip()]
    if not all(name.strip() and values.split() for name, _, values in pairs):
        raise SettingsError(f"{setting}: write claim=name name, separated by commas.")
    return {name.strip(): frozenset(values.split()) for name, _, values in pairs}


class Elsewhere:
    """The gate where users sign in at a provider: one for the whole process, as `access.gate.Gate`. Roles and groups
    are those of the sign-in, which lasts as long as any; signing out here ends every session of the user here."""

    demo_logins: tuple[DemoLogin, ...] = ()
    stay_days = 0.0

    def __init__(
        self, name: str, claims: Claims, sign_ins: SignIns, clock: Clock, activity: Activity, terms: Terms
    ) -> None:
        self.elsewhere = name
        self._claims = claims
        self._sign_ins = sign_ins
        self._clock = clock
        self._activity = activity
        self._terms = terms
        self._sessions = Sessions(clock, terms)
        self._names: dict[str, str] = {}  # by username: of who came since the start, for the provider lists nobody
        self._revoked: dict[str, tuple[datetime, datetime | None]] = {}  # by username: when it was read, and what
        self._failed_at: datetime | None = None  # when the store was asked for one last, and did not answer

    def go(self) -> None:
        """Leave for the provider."""
        st.login()

    def arrive(self) -> User | None:
        """The signed-in user, as a full run begins."""
        anew()
        return self.current_user()

    def current_user(self) -> User | None:
        """The user the provider vouches for, or None; `message` then says why, if there is anything to say."""
        said = st.user.to_dict()
        if not said.get("is_logged_in"):
            return None
        token = self._token(said)
        if st.session_state.get(_OVER) == token.id:
            return None
        user = self._claims.user(said)
        if user is None:
            counts.SIGN_INS.labels("refused").inc()
            self._end(token, "sign-in failed", f"{self.elsewhere} knows you, and gives you no role at this desk.")
            return None
        old, not_before = once(lambda: self._not_before(user.username))
        if not_before is not None and token.issued_at <= not_before:
            self._end(token, "session ended", SIGNED_OUT)
        elif self._clock.now() >= token.expires_at:
            self._end(token, "session ended", f"A sign-in ends after {self._terms.hours:g} hours; sign in again.")
        elif idle := self._sessions.ended(token):
            self._end(token, "session ended", idle)
        else:
            if self._sessions.begins(token):
                counts.SIGN_INS.labels("signed in").inc()
                self._note(user.username, "signed in", f"at {self.elsewhere}")
            self._names[user.username] = user.name
            return replace(user, read_only=True) if old else user
        return None

    def people(self) -> dict[str, str]:
        """What those who have been here since the start are called, by username; the provider lists nobody else."""
        return dict(self._names)

    def touch(self) -> None:
        """Note that the user did something, unless the session has ended."""
        said = st.user.to_dict()
        if said.get("is_logged_in"):
            token = self._token(said)
            if st.session_state.get(_OVER) != token.id and self._sessions.ended(token) is None:
                self._sessions.use(token)

    def sign_out(self) -> None:
        """End this user's sessions here, and the sign-in of this browser; a store that does not answer raises."""
        said = st.user.to_dict()
        if not said.get("is_logged_in"):
            return
        token = self._token(said)
        self._sign_ins.revoke(token.username, token.issued_at)
        self._end(token, "signed out", SIGNED_OUT)
        st.logout()

    def doubt(self) -> str | None:
        """What is not known while the store does not answer."""
        said = st.user.to_dict()
        known = self._revoked.get(self._token(said).username) if said.get("is_logged_in") else None
        if self._failed_at is None or known is None:
            return None
        read_at = known[0]
        return (
            f"Whether you were signed out elsewhere could not be read since {read_at:%H:%M:%S} UTC. After "
            f"{KNOWN_FOR // timedelta(minutes=1)} minutes of that you can only look until it can."
        )

    def message(self) -> str | None:
        """The sentence for the sign-in card."""
        notice: str | None = st.session_state.get(_NOTICE)
        return notice

    def must_choose(self) -> bool:
        """There are no passwords here."""
        return False

    def news(self) -> None:
        """Nothing is said to who is signed in."""

    def mount(self) -> None:
        """The cookie is Streamlit's own."""

    def submit(self, username: str, password: str, stay: bool = False) -> None:
        """Nobody comes in by a password."""

    def change_password(self, old: str, new: str, again: str) -> str:
        """There are no passwords here."""
        return f"Your password is kept by {self.elsewhere}: change it there."

    def _token(self, said: Mapping[str, Any]) -> Token:
        """The provider's sign-in as one of ours: it began when the provider said so."""
        issued = datetime.fromtimestamp(float(said.get("iat") or 0), UTC)
        user = self._claims.user(said)
        return Token(
            id=hashlib.sha256(f"{said.get('sub')} {said.get('iat')}".encode()).hexdigest()[:32],
            username=user.username if user is not None else f"unknown:{said.get('sub')}",
            password_mark="",
            issued_at=issued,
            expires_at=issued + timedelta(hours=self._terms.hours),
        )

    def _not_before(self, username: str) -> tuple[bool, datetime | None]:
        """Since when sign-ins count, and whether that was read too long ago; the store's error where it never was."""
        now = self._clock.now()
        known, failed_at = self._revoked.get(username), self._failed_at
        if known is None or failed_at is None or now - failed_at >= RETRY:
            try:
                known = self._revoked[username] = (now, self._sign_ins.not_before(username))
                self._failed_at = None
            except (OutsideError, SettingsError):
                self._failed_at = self._clock.now()
                if known is None:
                    raise
        read_at, not_before = known
        return now - read_at > KNOWN_FOR, not_before

    def _end(self, token: Token, action: str, why: str) -> None:
        self._note(token.username, action, why)
        self._sessions.forget(token)
        for key in list(st.session_state):
            del st.session_state[key]
        st.session_state[_OVER] = token.id
        st.session_state[_NOTICE] = why

    def _note(self, username: str, action: str, detail: str) -> None:
        address = st.context.ip_address or "localhost"
        _log.info(action, username=username, address=address, detail=detail)
        self._activity.note(username, action, address, detail)
