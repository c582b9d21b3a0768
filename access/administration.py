"""What an administrator does with the users: each change is in the audit log and in the users' activity, and works at
the next run of any session."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from access import passwords
from access.lockout import Lockout, SignIns
from access.roster import UserStore
from orders.entitlement import require
from orders.errors import NotFound, NotPermitted, SettingsError, VersionConflict
from orders.people import EVERY_GROUP, Entry, Permission, Role, User
from orders.ports import Activity, Clock

LONGEST = 64  # signs of a username
_USERNAME = re.compile(rf"[a-z0-9][a-z0-9._@-]{{0,{LONGEST - 1}}}")


class Administration:
    """The use cases. Nobody is ever deleted, so that no name of the past comes to mean somebody else."""

    def __init__(self, store: UserStore, sign_ins: SignIns, clock: Clock, activity: Activity) -> None:
        self._store = store
        self._sign_ins = sign_ins
        self._lockout = Lockout(sign_ins, clock)
        self._activity = activity

    def everybody(self, user: User) -> tuple[Entry, ...]:
        """Every user by name, without the hash of the password."""
        require(user, Permission.ADMINISTER)
        return tuple(replace(entry, password_hash="") for entry in self._store.every().values())

    def add(self, user: User, username: str, name: str, roles: Collection[Role], groups: Collection[str]) -> str:
        """A new user; returns the password that lets them in once, to choose their own."""
        require(user, Permission.ADMINISTER)
        username = username.strip().lower()
        if not _USERNAME.fullmatch(username):
            raise SettingsError(
                f"A username has 1 to {LONGEST} letters, digits and . _ - @, and begins with a letter or a digit."
            )
        if username in self._store.every():
            raise VersionConflict(f"There is a user {username} already.")
        password = passwords.made_up()
        entry = _described(Entry(User(username, "", frozenset(), frozenset()), ""), name, roles, groups)
        entry = replace(entry, password_hash=passwords.hash_password(password), one_time=True)
        self._store.write([entry], user.username, "add_user")
        self._activity.note(user.username, "user added", username, said(entry))
        return password

    def change(
        self, user: User, username: str, version: int, name: str, roles: Collection[Role], groups: Collection[str]
    ) -> None:
        """Change what was read at `version`: `VersionConflict` where it is not that any more."""
        require(user, Permission.ADMINISTER)
        before = self._entry(username)
        if before.version != version:
            raise VersionConflict(f"Somebody else changed {username} meanwhile. Look again, then change what is left.")
        self._put(user, before, _described(before, name, roles, groups))

    def disable(self, user: User, username: str, disabled: bool = True) -> None:
        """Whoever is disabled is out at once, and cannot sign in until enabled again."""
        require(user, Permission.ADMINISTER)
        before = self._entry(username)
        self._put(user, before, replace(before, disabled=disabled))
        if disabled:
            self._sign_ins.revoke(username)  # or the sessions of before would go on once the user is enabled again

    def _put(self, user: User, before: Entry, after: Entry) -> None:
        if after == before:
            return
        if before.user.username == user.username and _rights(after) != _rights(before):
            raise NotPermitted("Nobody changes their own roles and groups: another administrator has to.")
        self._store.write([after], user.username, "change_user")
        self._activity.note(user.username, "user changed", after.user.username, f"{said(before)} -> {said(after)}")

    def reset_password(self, user: User, username: str) -> str:
        """A new password that lets this user in once, to choose their own. Their sessions end."""
        require(user, Permission.ADMINISTER)
        if username == user.username:
            raise NotPermitted("Your own password you change yourself, under Account.")
        password = passwords.made_up()
        changed = replace(self._entry(username), password_hash=passwords.hash_password(password), one_time=True)
        self._store.write([changed], user.username, "reset_password")
        self._activity.note(user.username, "password reset", username, "their sessions ended")
        return password

    def end_sessions(self, user: User, username: str) -> None:
        """Sign this user out wherever they are."""
        require(user, Permission.ADMINISTER)
        self._sign_ins.revoke(self._entry(username).user.username)
        self._activity.note(user.username, "sessions ended", username)

    def locked_out(self, user: User) -> Mapping[str, Sequence[str]]:
        """Who is refused now for failed attempts, and the addresses where."""
        require(user, Permission.ADMINISTER)
        return self._lockout.locked_out()

    def unlock(self, user: User, username: str) -> None:
        """Let this user try again at once, wherever they were refused for failed attempts."""
        require(user, Permission.ADMINISTER)
        for address in self._lockout.locked_out().get(self._entry(username).user.username, ()):
            self._lockout.clear(username, address)
            self._activity.note(user.username, "user unlocked", username, f"at {address}")

    def _entry(self, username: str) -> Entry:
        found = self._store.every().get(username)
        if found is None:
            raise NotFound(f"There is no user {username}.")
        return found


def said(entry: Entry) -> str:
    """An entry in a line: roles, groups, whether it is disabled."""
    roles = ", ".join(sorted(role.label for role in entry.user.roles)) or "no role"
    groups = "every group" if EVERY_GROUP in entry.user.groups else ", ".join(sorted(entry.user.groups)) or "no group"
    return f"{roles}; {groups}{'; disabled' if entry.disabled else ''}"


def _described(entry: Entry, name: str, roles: Collection[Role], groups: Collection[str]) -> Entry:
    """The entry with these; `SettingsError` for what cannot be an entry."""
    name, groups = " ".join(name.split()), frozenset(ticker.strip() for ticker in groups)
    if not name:
        raise SettingsError("Type the user's name, as it is to be shown.")
    if not roles:
        raise SettingsError("Choose a role at least.")
    if not all(groups):
        raise SettingsError("A group has a ticker.")
    user = User(
        entry.user.username, name, frozenset(roles), frozenset({EVERY_GROUP}) if EVERY_GROUP in groups else groups
    )
    return replace(entry, user=user)


def _rights(entry: Entry) -> tuple[object, ...]:
    return entry.user.roles, entry.user.groups, entry.disabled
