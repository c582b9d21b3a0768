"""The ledger: the system of record of orders, statements and their history, on SQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, Engine, func, insert, or_, select

from allocation.limits import Limit, LimitTable
from orders.canonical import canonical, digest
from orders.errors import NotFound, Rejected, VersionConflict, WrongBook
from orders.model import AuditEntry, Change, Event, Intent, Lease, LimitVersion, Order, OrderState, Statement
from orders.ports import Clock
from storage import audit, leases, limits, lists, steps, verification
from storage.rows import line_rows, order_of_json, order_row, read_orders
from storage.schema import intents, order_events, order_lines, orders, stamp, statements
from storage.unit import Command, Outcome, UnitOfWork, lock_registry, read, write

log = structlog.get_logger(__name__)


class SqlLedger:
    """`orders.ports.Ledger` over a migrated store. Safe to share between threads; several processes may have one each
    on the same store. Every method may raise `Unavailable`; writes may raise `Rejected`."""

    def __init__(self, engine: Engine, book_id: str, clock: Clock) -> None:
        """Stamps an empty ledger with `book_id`; raises `WrongBook` for one stamped with another."""
        self._engine = engine
        self._clock = clock
        self._unit = UnitOfWork(engine, clock)
        stamped = read(engine, lambda conn: conn.scalar(select(stamp.c.book_id))) or self._stamp(book_id)
        if stamped != book_id:
            raise WrongBook(
                f"This ledger belongs to the book {stamped}, and {book_id} was asked for. Set DATA_DIR to another "
                f"directory for {book_id}, or open {stamped}."
            )

    def _stamp(self, book_id: str) -> str:
        def work(conn: Connection) -> Outcome:
            conn.execute(insert(stamp).values(book_id=book_id, created_at=self._clock.now()))
            return Outcome(result=book_id, body={"book": book_id})

        return self._unit.run(Command("stamp", audit.REGISTRY, "ledger", "stamp", "ledger", content=None), work)

    def confirmed(self) -> int:
        """How many orders were ever confirmed, over all groups."""
        return read(self._engine, _confirmed)

    def confirm(
        self,
        command_id: str,
        statement: Statement,
        order: Order,
        after: int | None = None,
        limits: int | None = None,
    ) -> Order:
        """Store a statement, its order with lines, the event and the intent to send it. `Rejected` where the three do
        not agree with each other, or when the order is there already; `VersionConflict` when orders were confirmed
        since there were `after` of them, or the limits are not at version `limits` any more."""
        _require_agreement(statement, order)
        command = Command(
            id=command_id,
            stream=audit.group_stream(order.group),
            actor=statement.created_by,
            action="confirm",
            subject=order.id,
            content=_asked(order),
        )

        def work(conn: Connection) -> Outcome:
            _refuse_outdated(conn, after, limits)
            return _confirm(conn, statement, order)

        return order_of_json(self._unit.run(command, work))

    def advance(self, command_id: str, change: Change, fence: int | None = None) -> Order:
        """Write one step of an order; whether its lifecycle allows the step was judged before. A booking for an account
        the order has no line for gets a line of face 0: Aladdin is right about fills. A lost lease is told before a
        repeated command is answered, or a former holder would take the new one's "sending" for its own and post
        again. `NotFound`, `VersionConflict`, `LeaseLost`."""
        group = read(
            self._engine, lambda conn: conn.scalar(select(orders.c.group_ticker).where(orders.c.id == change.order_id))
        )
        if group is None:
            raise _no_order(change.order_id)
        command = Command(
            id=command_id,
            stream=audit.group_stream(group),
            actor=change.actor,
            action=change.event,
            subject=change.order_id,
            content=steps.asked(change),
            guard=None if fence is None else partial(leases.check, fence=fence),
        )
        return order_of_json(self._unit.run(command, lambda conn: steps.advance(conn, change, fence)))

    def order(self, order_id: str) -> Order:
        """One order; `NotFound` when there is none."""
        found = read(self._engine, lambda conn: read_orders(conn, select(orders).where(orders.c.id == order_id)))
        if not found:
            raise _no_order(order_id)
        return found[0]

    def orders(
        self,
        groups: Collection[str] | None = None,
        states: Collection[OrderState] | None = None,
        limit: int | None = None,
    ) -> tuple[Order, ...]:
        """Orders, newest first; None means of every group, in every state, without a limit."""
        wanted = select(orders).order_by(orders.c.created_at.desc(), orders.c.id.desc()).limit(limit)
        if groups is not None:
            wanted = wanted.where(orders.c.group_ticker.in_(sorted(groups)))
        if states is not None:
            wanted = wanted.where(orders.c.state.in_([state.value for state in states]))
        return read(self._engine, lambda conn: read_orders(conn, wanted))

    def statement(self, order_id: str) -> Statement:
        """The newest statement of an order; `NotFound` when there is none."""
        query = select(statements).where(statements.c.order_id == order_id).order_by(statements.c.version.desc())
        row = read(self._engine, lambda conn: conn.execute(query.limit(1)).first())
        if row is None:
            raise NotFound(f"The ledger has no statement for order {order_id}.")
        return Statement(**row._mapping)

    def events(self, order_id: str) -> tuple[Event, ...]:
        """An order's history, oldest first."""
        query = select(order_events).where(order_events.c.order_id == order_id).order_by(order_events.c.version)
        return tuple(
            Event(row.order_id, row.happened_at, row.actor, row.event, OrderState(row.state), row.detail)
            for row in read(self._engine, lambda conn: conn.execute(query).all())
        )

    def intents(self) -> tuple[Intent, ...]:
        """What the outbox still holds, oldest first."""
        query = select(intents).where(intents.c.done.is_(False)).order_by(intents.c.created_at, intents.c.id)
        return tuple(
            Intent(row.id, row.order_id, row.kind, row.created_at)
            for row in read(self._engine, lambda conn: conn.execute(query).all())
        )

    def last_allocations(self) -> Mapping[str, datetime]:
        """When each group's newest order was confirmed, by group ticker."""
        newest = func.max(orders.c.created_at).label("newest")
        query = select(orders.c.group_ticker, newest).group_by(orders.c.group_ticker)
        return {row.group_ticker: row.newest for row in read(self._engine, lambda conn: conn.execute(query).all())}

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
        written = self._unit.run(command, lambda conn: limits.write(conn, rows, after, actor, at, comment))
        return limits.table_of_json(written)

    def groups_added(self, username: str | None = None) -> tuple[str, ...]:
        """The groups this user added, in that order; those that anybody added, each once, when no user is named."""
        return read(self._engine, lambda conn: lists.added(conn, username))

    def add_group(self, username: str, ticker: str) -> None:
        """Remember a group for this user. One that is remembered already changes nothing."""
        at = self._clock.now()
        self._change_list("add_group", username, ticker, lambda conn: lists.add(conn, username, ticker, at))

    def remove_group(self, username: str, ticker: str) -> None:
        """Forget a group this user added. One that is not remembered changes nothing."""
        self._change_list("remove_group", username, ticker, lambda conn: lists.remove(conn, username, ticker))

    def _change_list(self, action: str, username: str, ticker: str, work: Callable[[Connection], Outcome]) -> None:
        # a command of its own each time: a group may be added, removed and added again
        command = Command(uuid.uuid4().hex, audit.LISTS, username, action, ticker, content=None)
        try:
            self._unit.run(command, work)
        except lists.Unchanged:
            log.debug("list.unchanged", action=action, username=username, ticker=ticker)

    def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take or renew a lease for `seconds` of the clock; None while somebody else holds it."""
        now = self._clock.now()
        until = now + timedelta(seconds=seconds)
        return write(self._engine, lambda conn: leases.take(conn, name, holder, now, until))

    def lease(self, name: str) -> Lease | None:
        """Who holds a lease now."""
        now = self._clock.now()
        return read(self._engine, lambda conn: leases.standing(conn, name, now))

    def release(self, lease: Lease) -> None:
        """Give a lease back. One that has passed on already is left to its new holder."""
        now = self._clock.now()
        freed = write(self._engine, lambda conn: leases.give_back(conn, lease, now))
        log.info("lease.released", name=lease.name, holder=lease.holder, fence=lease.fence, freed=freed)

    def audit(self, stream: str | None = None, limit: int = 500) -> tuple[AuditEntry, ...]:
        """The newest entries, newest first. The registry, which repeats every other stream, only by its name."""
        return read(self._engine, lambda conn: audit.newest(conn, stream, limit))

    def verify(self) -> tuple[str, ...]:
        """Recompute every chain and every statement's hash; one sentence per fault found."""
        return read(self._engine, verification.verify)


def _confirmed(conn: Connection) -> int:
    return conn.scalar(select(func.count()).select_from(orders)) or 0


def _refuse_outdated(conn: Connection, after: int | None, limits_version: int | None) -> None:
    if after is None and limits_version is None:
        return
    lock_registry(conn)  # groups share accounts: confirmations of all of them take turns, and so do limits
    if after is not None and _confirmed(conn) != after:
        raise VersionConflict("Another allocation was confirmed since the figures were read; read them again.")
    if limits_version is not None and limits.newest_version(conn) != limits_version:
        raise VersionConflict("The limits were changed since the allocation was made; look at it again.")


def _confirm(conn: Connection, statement: Statement, order: Order) -> Outcome:
    taken = or_(statements.c.id == statement.id, statements.c.order_id == order.id)  # no order is without a statement
    if conn.scalar(select(func.count()).select_from(statements).where(taken)):
        raise Rejected(f"Order {order.id} is in the ledger already, under another command.", code="order_exists")
    conn.execute(
        insert(statements).values({name: getattr(statement, name) for name in statements.columns.keys()})  # noqa: SIM118
    )
    conn.execute(insert(orders).values(order_row(order)))
    conn.execute(insert(order_lines), line_rows(order.id, order.lines))
    conn.execute(
        insert(order_events).values(
            order_id=order.id,
            version=order.version,
            happened_at=order.created_at,
            actor=statement.created_by,
            event="confirm",
            state=order.state.value,
            detail="",
        )
    )
    conn.execute(
        insert(intents).values(
            id=f"{order.id}:send", order_id=order.id, kind="send", created_at=order.created_at, done=False
        )
    )
    frozen = {"id": statement.id, "version": statement.version, "sha256": statement.sha256}
    return Outcome(canonical(order), body={"order": order, "statement": frozen})


def _require_agreement(statement: Statement, order: Order) -> None:
    placed = sum(line.face for line in order.lines)
    accounts = {line.account_id for line in order.lines}
    faults = {
        "statement_hash": digest(statement.body) != statement.sha256 and "the statement's hash is not its text's",
        "statement_order": (order.statement_id, order.statement_sha256, order.id)
        != (statement.id, statement.sha256, statement.order_id)
        and "the order and the statement do not name each other",
        "lines_sum": placed != order.face and f"its lines add up to {placed:,} and the order to {order.face:,}",
        "lines_missing": not order.lines and "it has no lines",
        "lines_twice": len(accounts) != len(order.lines) and "an account has more than one line",
    }
    for code, fault in faults.items():
        if fault:
            raise Rejected(f"Order {order.id} was not confirmed: {fault}. Preview it again.", code=code)


def _asked(order: Order) -> dict[str, object]:
    """What a confirmation asks for. Ids, hashes and times are made anew when a screen sends the same command twice."""
    terms = order_row(order)
    for made in ("id", "version", "statement_id", "statement_sha256", "created_at", "updated_at"):
        del terms[made]
    return {**terms, "lines": order.lines}


def _no_order(order_id: str) -> NotFound:
    return NotFound(f"The ledger has no order {order_id}.")
