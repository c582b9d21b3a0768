"""The first users: where there are none yet, those of a file, or those of the demo."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import structlog

from access.roster import UserStore
from access.user_file import demo_users, read_users, with_demo_passwords
from orders.errors import SettingsError, VersionConflict

_log = structlog.get_logger(__name__)


def take_over_users(store: UserStore, file: Path | None, *, demo: bool) -> None:
    """The users of the file, where one is named, or of the demo, become the first ones of a store without any. Outside
    the demo nobody gets in by a password that everybody can read: `SettingsError`."""
    there = store.every()
    first = read_users(file) if file is not None else demo_users()[0] if demo else {}
    if not there and first:
        with suppress(VersionConflict):  # of an app and a worker that start at once, one does it
            store.write(tuple(first.values()), "USERS_FILE" if file else "demo book", "take_over_users")
        there = store.every()
    elif file is not None and (new := sorted(first.keys() - there.keys())):
        _log.warning(
            "users of USERS_FILE who are not in the user store; `python -m access import` adds them", users=new
        )
    if not demo and (names := with_demo_passwords(there)):
        raise SettingsError(
            f"A password of the demo, which is published, lets somebody in as {', '.join(names)}, and this is not the "
            "demo. Give them others with `python -m access reset NAME`, and start again."
        )
    if not there:
        _log.warning("nobody can sign in yet: `python -m access add NAME --role administrator` makes the first user")
