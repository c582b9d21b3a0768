"""The ledger: the system of record of orders, statements and their history, on SQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Engine, select

from allocation.limits import Limit, LimitTable
from orders.errors import Unavailable
from orders.history import Wanted
from orders.lease import NO_PULSE, Pulse
from orders.model import (
    AuditEntry,
    BatchRun,
    Change,
    Draft,
    Event,
    Intent,
    Lease,
    LimitVersion,
    Order,
    OrderState,
    Statement,
)
from orders.ports import Clock
from storage import audit, batches, confirmations, drafts, followed, leases, limits, lists, stated, steps, verification
from storage.engine import is_locked
from storage.opening import Opening
from storage.paging import among, conditions, page_of_keys
from storage.rows import no_order, open_intents, order_of_json, promised, read_events, read_orders, read_orders_of
from storage.schema import commands, orders
from storage.unit import Command, UnitOfWork, Work, read, read_still, write

log = structlog.get_logger(__name__)


class SqlLedger:
    """`orders.ports.Ledger` over a migrated store. Safe to share between threads; several processes may have one each
    on the same store. Every method may raise `Unavailable`; writes may raise `Rejected`."""

    def __init__(
        self, engine: Engine, book_id: str, clock: Clock, upon_opening: Callable[[SqlLedger], object] | None = None
    ) -> None:
        """Opens the ledger: stamps an empty one with `book_id`, and lets `upon_opening` use it before anybody else
        does. Raises `WrongBook` for one stamped with another, `SettingsError` for tables of another version. Where the
        store is `Unavailable`, each use tries to open it again, and raises that for as long."""
        self._store = engine
        self._clock = clock
        self._opening = Opening(engine, book_id, clock, upon_opening and partial(upon_opening, self))
        try:
            self._opening.ensure()
        except Unavailable as error:
            log.error("ledger.unavailable", error=str(error))

    @property
    def _engine(self) -> Engine:
        self._opening.ensure()
        return self._store

    @property
    def _unit(self) -> UnitOfWork:
        self._opening.ensure()
        return self._opening.commands

    def confirmed(self) -> int:
        """How many statements were ever frozen, over all groups."""
        return read(self._engine, confirmations.confirmed)

    def confirm(
        self,
        command_id: str,
        statement: Statement,
        order: Order,
        after: int | None = None,
        limits: int | None = None,
    ) -> Order:
        """Store a statement with its figures, its order with lines, the event and, unless it awaits approval, the
        intent to send it. `Rejected` where they do not agree with each other, or when the order is there already;
        `VersionConflict` when statements were frozen since there were `after` of them, or the limits are not at version
        `limits` any more."""
        confirmations.require_agreement(statement, order)
        command = Command(
            id=command_id,
            stream=audit.group_stream(order.group),
            actor=statement.created_by,
            action="confirm",
            subject=order.id,
            content=confirmations.asked(order),
            asks=confirmations.asks(statement, order),
        )
        written = self._unit.run(
            command, lambda conn, known: confirmations.confirm(conn, known, statement, order, after, limits)
        )
        return order_of_json(written)

    def advance(
        self,
        command_id: str,
        change: Change,
        fence: int | None = None,
        statement: Statement | None = None,
        after: int | None = None,
        limits: int | None = None,
    ) -> Order:
        """Write one step of an order; whether its lifecycle allows the step was judged before. A booking for an account
        the order has no line for gets a line of face 0: Aladdin is right about fills. One that modifies the order comes
        with the next version of its statement; an account that this leaves out keeps a line of face 0. A lost lease is
        told before a repeated command is answered, or a former holder would take the new one's "sending" for its own
        and post again. `NotFound`, `LeaseLost`; `VersionConflict` as `confirm`; `Rejected` where they do not agree."""
        query = select(orders.c.group_ticker).where(orders.c.id == change.order_id)
        group = read(self._engine, lambda conn: conn.scalar(query))
        if group is None:
            raise no_order(change.order_id)
        seen = after, limits
        command = Command(
            id=command_id,
            stream=audit.group_stream(group),
            actor=change.actor,
            action=change.event,
            subject=change.order_id,
            content=steps.asked(change),
            guard=None if fence is None else partial(leases.check, fence=fence),
            asks=steps.asks(change, statement),
        )
        return order_of_json(
            self._unit.run(command, lambda conn, known: steps.advance(conn, known, change, fence, statement, seen))
        )

    def outcome(self, command_id: str) -> Order | None:
        """The order as this command left it; None when there was no such command."""
        query = select(commands.c.result).where(commands.c.command_id == command_id)
        result = read(self._engine, lambda conn: conn.scalar(query))
        return None if result is None else order_of_json(result)

    def order(self, order_id: str) -> Order:
        """One order; `NotFound` when there is none."""
        found = read(self._engine, lambda conn: read_orders(conn, select(orders).where(orders.c.id == order_id)))
        if not found:
            raise no_order(order_id)
        return found[0]

    def orders(
        self,
        groups: Collection[str] | None = None,
        states: Collection[OrderState] | None = None,
        limit: int | None = None,
        assets: Collection[str] | None = None,
        since: datetime | None = None,
    ) -> tuple[Order, ...]:
        """Orders, newest first; None means of every group, in every state, of every bond, without a limit."""
        wanted = Wanted(among(groups), among(states), among(assets), since=since)
        if limit is not None:
            newest = page_of_keys(wanted, None, limit)
            return read(self._engine, lambda conn: read_orders_of(conn, [row.id for row in conn.execute(newest)]))
        every = select(orders).where(*conditions(wanted)).order_by(orders.c.created_at.desc(), orders.c.id.desc())
        return read(self._engine, lambda conn: read_orders(conn, every))

    def promised(self) -> tuple[Order, ...]:
        """The orders of which Aladdin's figures may lack something, so that it is ours to set aside."""
        return read(self._engine, lambda conn: read_orders(conn, promised()))

    def orders_of(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        """The orders with these ids, in their order; one that is not there is left out."""
        return read(self._engine, lambda conn: read_orders_of(conn, order_ids)) if order_ids else ()

    def orders_at(self, broker_ids: Collection[str]) -> tuple[Order, ...]:
        """The orders that Aladdin knows by these ids, oldest first."""
        return read(self._engine, lambda conn: read_orders(conn, followed.known_as(broker_ids))) if broker_ids else ()

    def ended(self, since: datetime, unshared_since: datetime) -> tuple[Order, ...]:
        """The orders at Aladdin that ended `since`; `unshared_since` where more is filled than booked. Oldest first."""
        return read(self._engine, lambda conn: read_orders(conn, followed.ended(since, unshared_since)))

    def unsettled(self, asked: str, settled: str) -> tuple[Order, ...]:
        """The orders of which the newest event `asked` has no event `settled` after it, oldest first."""
        return read(self._engine, lambda conn: read_orders(conn, followed.unsettled(asked, settled)))

    def statement(self, order_id: str, version: int | None = None) -> Statement:
        """The newest statement of an order, or the one of a version; `NotFound` when there is none."""
        return read(self._engine, lambda conn: stated.one(conn, order_id, version))

    def statements(self, order_id: str) -> tuple[Statement, ...]:
        """Every version of an order's statement, newest first; none for an unknown order."""
        return read(self._engine, lambda conn: stated.every(conn, order_id))

    def statements_of(self, orders: Sequence[Order]) -> tuple[Statement, ...]:
        """The statement that each of these orders names, in one query; `NotFound` when one is not there."""
        return read(self._engine, lambda conn: stated.of(conn, orders)) if orders else ()

    def events(self, order_id: str) -> tuple[Event, ...]:
        """An order's history, oldest first."""
        return read(self._engine, lambda conn: read_events(conn, order_id))

    def intents(self) -> tuple[Intent, ...]:
        """What the outbox still holds, oldest first."""
        return read(self._engine, open_intents)

    def last_allocations(self) -> Mapping[str, datetime]:
        """When each group's newest order was confirmed, by group ticker."""
        return read(self._engine, confirmations.last_by_group)

    def save_draft(self, username: str, draft_id: str, body: str, at: datetime) -> None:
        """Keep a request, in the place of what this user saved under this id before. Not audited."""
        write(self._engine, lambda conn: drafts.save(conn, Draft(draft_id, username, at, body)))

    def drafts(self, username: str) -> tuple[Draft, ...]:
        """What this user saved, newest first."""
        return read(self._engine, lambda conn: drafts.of_user(conn, username))

    def remove_draft(self, username: str, draft_id: str) -> None:
        """Forget a draft of this user's; again changes nothing."""
        write(self._engine, lambda conn: drafts.remove(conn, username, draft_id))

    def note_batch(self, run: BatchRun) -> None:
        """Remember how far a batch of a user's is. Not audited."""
        write(self._engine, lambda conn: batches.note(conn, run))

    def batch(self, username: str, batch_id: str) -> BatchRun | None:
        """How far a batch of this user's is."""
        return read(self._engine, lambda conn: batches.of_user(conn, username, batch_id))

    def limits(self) -> LimitTable:
        """The newest version of the limits; version 0, which is empty, when there is none."""
        return read(self._engine, limits.newest)

    def limit_versions(self) -> tuple[LimitVersion, ...]:
        """Every version of the limits, newest first."""
        return read(self._engine, limits.versions)

    def set_limits(
        self, command_id: str, rows: Sequence[Limit], after: int, actor: str, at: datetime, comment: str
    ) -> LimitTable:
        """Store `rows` as the next version of the limits. `VersionConflict` when the newest is not `after`;
        `InvalidLimit` when two rows say the same thing."""
        command = Command(
            id=command_id,
            stream=audit.LIMITS,
            actor=actor,
            action="set_limits",
            subject="limits",
            content=limits.asked(rows, comment),
        )
        written = self._unit.run(command, lambda conn, _: limits.write(conn, rows, after, actor, at, comment))
        return limits.table_of_json(written)

    def groups_added(self, username: str | None = None) -> tuple[str, ...]:
        """The groups this user added, in that order; those that anybody added, each once, when no user is named."""
        return read(self._engine, lambda conn: lists.added(conn, username))

    def add_group(self, username: str, ticker: str) -> None:
        """Remember a group for this user. One that is remembered already changes nothing."""
        at = self._clock.now()
        self._change_list("add_group", username, ticker, lambda conn, _: lists.add(conn, username, ticker, at))

    def remove_group(self, username: str, ticker: str) -> None:
        """Forget a group this user added. One that is not remembered changes nothing."""
        self._change_list("remove_group", username, ticker, lambda conn, _: lists.remove(conn, username, ticker))

    def _change_list(self, action: str, username: str, ticker: str, work: Work) -> None:
        # a command of its own each time: a group may be added, removed and added again
        command = Command(uuid.uuid4().hex, audit.LISTS, username, action, ticker, content=None)
        try:
            self._unit.run(command, work)
        except lists.Unchanged:
            log.debug("list.unchanged", action=action, username=username, ticker=ticker)

    def acquire(self, name: str, holder: str, seconds: float, pulse: Pulse = NO_PULSE) -> Lease | None:
        """Take or renew a lease for `seconds` of the clock, and leave the holder's pulse with it; None while somebody
        else holds it."""
        now = self._clock.now()
        return leases.acquire(self._engine, name, holder, now, now + timedelta(seconds=seconds), pulse)

    def lease(self, name: str) -> Lease | None:
        """Who holds a lease now."""
        now = self._clock.now()
        return read(self._engine, lambda conn: leases.standing(conn, name, now))

    def release(self, lease: Lease) -> None:
        """Give a lease back. One that has passed on already is left to its new holder."""
        now = self._clock.now()
        freed = write(self._engine, lambda conn: leases.give_back(conn, lease, now))
        log.info("lease.released", name=lease.name, holder=lease.holder, fence=lease.fence, freed=freed)

    def locked(self, patience: float) -> bool:
        """Whether somebody else's write keeps ours out for longer than so many seconds."""
        return is_locked(self._engine, patience)

    def audit(self, stream: str | None = None, limit: int = 500) -> tuple[AuditEntry, ...]:
        """The newest entries, newest first. The registry, which repeats every other stream, only by its name."""
        return read(self._engine, lambda conn: audit.newest(conn, stream, limit))

    def verify(self) -> tuple[str, ...]:
        """Recompute every chain and every statement's hash; one sentence per fault found."""
        return read_still(self._engine, verification.verify, doubtful=bool)
