"""Settings become a desk here, and nowhere else: the only place that knows every room."""

from __future__ import annotations

import os
import re
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from pydantic import SecretStr
from sqlalchemy import Engine

from access import Administration, Claims, Elsewhere, Gate, Roster, Terms, demo_users, require_long, take_over_users
from aladdin.client import Aladdin
from aladdin.reading.cache import AnswerCache
from aladdin.simulator.process import BookStatus, Running
from allocation.errors import EvenlotError
from allocation.limits import Limit, Rule
from data_folder import cookie_key_in, require_writable
from health import Health
from logs import lines_about, log_as_json
from masks import Masks
from orders.auditing import log_lines
from orders.checks import Policy
from orders.desk import Desk
from orders.dispatch import Dispatch
from orders.errors import SettingsError, WrongBook
from orders.limits import take_over
from orders.marking import Marking
from orders.model import Book
from orders.ports import Clock, Records
from orders.rechecking import Rechecking
from orders.refusals import Noting, listen
from settings import Settings, World, read_settings
from storage import (
    Memory,
    SqlActivity,
    SqlHistory,
    SqlLedger,
    SqlMarks,
    SqlPeople,
    SqlSignIns,
    migrate,
    open_store,
    require_whole,
)
from ui.session import Office
from watch import references
from which_aladdin import book_and_config, give_trouble, simulated_aladdin

log = structlog.get_logger()

Closes = TypeVar("Closes", Aladdin, Memory, SqlActivity)


@dataclass(frozen=True, slots=True)
class BookClock:
    """The wall clock, with a business date that is pinned to a book's unless Aladdin is live."""

    pinned: date | None

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return self.pinned or datetime.now().astimezone().date()


@dataclass(frozen=True, slots=True)
class House:
    """Everything that was opened, and how to close it."""

    office: Office
    health: Health
    dispatch: Dispatch
    book: Book
    embedded_worker: bool
    metrics_token: SecretStr  # empty: only this machine may ask
    worker_port: int | None  # where a worker that runs apart answers
    greet: Callable[[], object]  # one small read of Aladdin, which signs in: wrong credentials show before a user comes
    close: Callable[[], None]


def open_house(settings: Settings | None = None) -> House:
    """Open the ledger, Aladdin (simulated where nothing is configured) and the desk over them.

    Raises `SettingsError`, `WrongBook` or an `OutsideError` with a sentence for whoever started it.
    """
    settings = settings or read_settings()
    world = settings.world
    data = settings.data
    require_writable(data)
    key = _cookie_key(settings, world, data)  # an installation's own: replicas have the same marks for an account
    log_as_json(settings.log_level, Masks((*settings.secrets, key), key if settings.log_mask_accounts else ""))
    simulated = simulated_aladdin(settings, world, data)
    opening = references.under(references.current() or references.new())  # it may write to the ledger
    with opening, ExitStack() as opened:  # closes, newest first, what was opened before something failed
        if simulated is not None:
            opened.callback(simulated.stop)
        house = _furnish(settings, world, data, simulated, opened)
        log.info("house opened", book=house.book.id, world=world.value, data=str(data))
        return house


def _furnish(settings: Settings, world: World, data: Path, simulated: Running | None, opened: ExitStack) -> House:
    book, config = book_and_config(settings, data, simulated)
    clock = BookClock(book.as_of if simulated else None)
    engine = _opened_store(settings, data, opened)
    people = SqlPeople(engine, clock)

    def upon_opening(ready: SqlLedger) -> None:
        _take_over_limits(ready, simulated.book if simulated else None, clock)
        if settings.oidc is None:
            take_over_users(people, settings.users_file, demo=world is World.DEMO)

    ledger = SqlLedger(engine, book.id, clock, upon_opening)
    cache = AnswerCache(data / "cache" / _file_name(book.id))
    activity = _closing(SqlActivity(engine, clock), opened)
    records = Records(ledger, SqlHistory(engine), activity, SqlMarks(engine))
    aladdin = _closing(Aladdin(config, cache, clock, book.name), opened)
    policy = _policy(settings)
    dispatch = _worker(ledger, aladdin, records, clock, policy)
    desk = Desk(aladdin, aladdin, records, clock, book, policy, dispatch.wake, aladdin)
    sign_ins = SqlSignIns(engine, clock)
    gate = _gate(settings, world, data, people, sign_ins, clock, activity)
    opened.callback(listen(Noting(activity, clock)))
    health = Health(
        aladdin, bool(simulated), ledger, records.history, cache, data, clock, dispatch.holder, bool(settings.snowflake)
    )
    memory = _closing(Memory(data / f"memory-{_file_name(book.id)}.db", clock), opened)
    office = Office(
        desk,
        gate,
        book,
        health.pulses,
        memory,
        health.dependencies,
        partial(log_lines, lines_about),
        trouble=partial(give_trouble, data) if world is World.DEMO else None,
        people=Administration(people, sign_ins, clock, activity) if settings.oidc is None else None,
    )
    process = settings.worker_embedded, settings.metrics_token, settings.worker_port
    greet = partial(aladdin.tree, book.groups[0], fresh=True)
    return House(office, health, dispatch, book, *process, greet, opened.pop_all().close)


def _closing(opening: Closes, opened: ExitStack) -> Closes:
    """What was opened just now, to be closed with the rest."""
    opened.callback(opening.close)
    return opening


def _opened_store(settings: Settings, data: Path, opened: ExitStack) -> Engine:
    engine = open_store(data, settings.snowflake)
    opened.callback(engine.dispose)
    if settings.snowflake is None:  # an administrator migrates on Snowflake: the app's role may not
        require_whole(engine)
        migrate(engine)
    return engine


def _policy(settings: Settings) -> Policy:
    return Policy(
        settings.amber_after_days,
        settings.block_after_days,
        settings.minimum_coverage,
        settings.market_buffer,
        approval_from=settings.approval_from,
        price_drift=settings.price_drift,
    )


def _worker(ledger: SqlLedger, aladdin: Aladdin, records: Records, clock: Clock, policy: Policy) -> Dispatch:
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    recheck = Rechecking(aladdin, aladdin, clock, policy).objection
    return Dispatch(ledger, aladdin, clock, holder, aladdin, Marking(aladdin, records.marks, clock), recheck)


def _file_name(book_id: str) -> str:
    return re.sub(r"[^\w.-]+", "_", book_id)


def _take_over_limits(ledger: SqlLedger, book: BookStatus | None, clock: Clock) -> None:
    """The limits a book brings along, where it says anything of them, become the newest version once."""
    if book is None or book.limits is None:
        return
    rows = [Limit(row.account, Rule.of(row.rule), row.of, row.value) for row in book.limits]
    take_over(ledger, rows, "limits.csv" if book.kind == "csv" else "demo book", clock.now())


def _gate(
    settings: Settings,
    world: World,
    data: Path,
    people: SqlPeople,
    sign_ins: SqlSignIns,
    clock: Clock,
    activity: SqlActivity,
) -> Gate | Elsewhere:
    terms = Terms(settings.session_hours, settings.cookie_days, settings.idle_minutes)
    if settings.oidc is not None:
        claims = Claims.mapped(
            settings.oidc_roles, settings.oidc_groups, settings.oidc_username_claim, settings.oidc_groups_claim
        )
        return Elsewhere(settings.oidc_name, claims, sign_ins, clock, activity, terms)
    return Gate(
        Roster(people, clock),
        sign_ins,
        clock,
        activity,
        cookie_key=_cookie_key(settings, world, data),
        terms=terms,
        demo_logins=demo_users()[1] if world is World.DEMO and settings.users_file is None else (),
    )


def _cookie_key(settings: Settings, world: World, data: Path) -> str:
    """The key that signs cookies, those of a sign-in elsewhere as well: the setting, or in a simulated world one of its
    own, kept with its data."""
    if key := settings.cookie_key.get_secret_value():
        return require_long(key)
    if world is World.ALADDIN:
        raise SettingsError("COOKIE_KEY is missing: set 32 random bytes or more.")
    return cookie_key_in(data)


_lock = threading.Lock()
_house: list[House | EvenlotError] = []


def house() -> House:
    """The house of this process, opened once. Faulty settings raise the same error each time; a fault that may pass is
    tried again at the next call."""
    with _lock:
        if not _house:
            try:
                _house.append(open_house())
            except (SettingsError, WrongBook) as error:
                log.error("house could not be opened", error=str(error))
                _house.append(error)  # stays so until somebody mends it and starts anew; anything else may pass
    found = _house[0]
    if isinstance(found, EvenlotError):
        raise found
    return found


def open_houses() -> tuple[House, ...]:
    """The house of this process, if it has been opened."""
    return tuple(found for found in list(_house) if isinstance(found, House))


def leave_house() -> None:
    """Close what `house` opened."""
    with _lock:
        for found in open_houses():
            found.close()
        _house.clear()
