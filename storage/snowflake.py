"""Opens the store on Snowflake: two pools of sessions, one that writes in transactions and one that reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error
from sqlalchemy import Engine, ExceptionContext, create_engine, event

from orders.errors import DeskError, SettingsError, Unavailable
from storage.engine import READER
from storage.snowflake_config import SnowflakeConfig

_REST_SECONDS = 15.0  # after a sign-in that failed
_RENEW_SECONDS = 3 * 3600  # a session that was not used for four hours is ended by Snowflake
# The session or its token is gone; the next one signs in anew.
_GONE = frozenset({390104, 390111, 390112, 390113, 390114, 390115, 390195, 250001, 250002, 250003, 250005})
_OVER_HTTP = range(290000, 290600)  # an answer that is not Snowflake's own: 290000 and the HTTP status


def open_snowflake(
    config: SnowflakeConfig, *, rest_seconds: float = _REST_SECONDS, now: Callable[[], float] = time.monotonic
) -> Engine:
    """The engine for a ledger on Snowflake. Nothing is sent before it is used; then `SettingsError` where Snowflake
    refuses the sign-in, `Unavailable` where it does not answer. After either, nobody tries again for `rest_seconds`."""
    door = _Door(config, rest_seconds, now)
    writing = _engine(partial(door.open, SnowflakeConnection, config.arguments(autocommit=False)))
    reading = _engine(partial(door.open, _ReadingSession, config.arguments(autocommit=True)))
    writing.update_execution_options(**{READER: reading})
    event.listen(writing, "engine_disposed", lambda _: reading.dispose())
    return writing


def _engine(connect: Callable[[], SnowflakeConnection]) -> Engine:
    engine = create_engine(
        "snowflake://",
        creator=connect,
        paramstyle="qmark",
        hide_parameters=True,  # an error's text ends in a log
        pool_size=8,
        max_overflow=24,
        pool_recycle=_RENEW_SECONDS,
        pool_reset_on_return=None,  # every transaction is ended where it began: no request for a rollback of none
    )
    event.listen(engine, "handle_error", _forget_dead_sessions)
    return engine


def _forget_dead_sessions(context: ExceptionContext) -> None:
    """A session whose COMMIT or ROLLBACK failed may have its transaction open still: the next one to use it would
    commit what was refused."""
    number = getattr(context.original_exception, "errno", None)
    if context.statement is None or number in _GONE or number in _OVER_HTTP:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False  # the other sessions are as good as before


class _ReadingSession(SnowflakeConnection):
    """A session in which each statement stands alone: no request is spent on ending a transaction there is not."""

    def commit(self) -> None:
        """Nothing is open."""

    def rollback(self) -> None:
        """Nothing is open."""


class _Door:
    """Signs in, and rests after a failure: a page with ten reads must not wait ten times for a host that is gone, and
    Snowflake locks a user out after some wrong passwords."""

    def __init__(self, config: SnowflakeConfig, rest_seconds: float, now: Callable[[], float]) -> None:
        self._config = config
        self._rest_seconds = rest_seconds
        self._now = now
        self._lock = threading.Lock()
        self._failed: tuple[float, DeskError] | None = None

    def open(self, session: type[SnowflakeConnection], arguments: dict[str, Any]) -> SnowflakeConnection:
        """A new session. `SettingsError`, `Unavailable`."""
        self._raise_while_resting()
        opened = None
        try:
            opened = session(**arguments)
            if not arguments["autocommit"]:
                # the driver passes over a session that did not take it, whose statements would each stand alone
                opened.cursor().execute("ALTER SESSION SET AUTOCOMMIT = FALSE")
        except Error as error:
            if opened is not None:
                with suppress(Error):
                    opened.close()
            told = sign_in_failure(error, self._config)
            with self._lock:
                self._failed = (self._now(), told)
            raise told from error
        with self._lock:
            self._failed = None
        return opened

    def _raise_while_resting(self) -> None:
        with self._lock:
            failed = self._failed
        if failed is None or self._now() - failed[0] >= self._rest_seconds:
            return
        if isinstance(failed[1], Unavailable):
            raise Unavailable(str(failed[1]), sent=False)
        raise SettingsError(str(failed[1]))


def sign_in_failure(error: Error, config: SnowflakeConfig) -> SettingsError | Unavailable:
    """What a failed sign-in means, with the setting to mend and without any secret."""
    number, said = error.errno or 0, " ".join(str(error.raw_msg or error.msg or "").split())
    credential = "SNOWFLAKE_PRIVATE_KEY_FILE" if config.private_key else "SNOWFLAKE_PASSWORD"
    if number == 390189 or "Role '" in said:
        return SettingsError(
            f"Snowflake does not let {config.user} use the role {config.role}: correct SNOWFLAKE_ROLE, or have the "
            f"role granted. It said: {said}"
        )
    if number in (390144, 394300, 394304) and config.private_key:
        return SettingsError(
            f"Snowflake does not know the key of {config.user}: have its public key set on the user (ALTER USER ... "
            f"SET RSA_PUBLIC_KEY), or correct SNOWFLAKE_USER, SNOWFLAKE_ACCOUNT or {credential}. It said: {said}"
        )
    if 390000 <= number < 400000:
        return SettingsError(
            f"Snowflake refused to sign {config.user} in: check SNOWFLAKE_USER and {credential}. It said: {said}"
        )
    if number in (403, 404, 290403, 290404) or "Verify the account name" in said:
        return SettingsError(
            f"Snowflake has no account {config.account}: correct SNOWFLAKE_ACCOUNT (as in orgname-accountname)"
            f"{' or SNOWFLAKE_HOST' if config.host else ''}. It said: {said}"
        )
    where = f"SNOWFLAKE_HOST ({config.host})" if config.host else "SNOWFLAKE_ACCOUNT"
    return Unavailable(
        f"Snowflake (account {config.account}) does not answer, so the ledger can be neither read nor written. Check "
        f"the network, and {where} if this is new. It said: {said.rstrip('.')}.",
        sent=False,
    )
