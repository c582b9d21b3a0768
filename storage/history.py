"""What screens and analysts read of the past: pages of it, and aggregates as data frames."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Row, String, cast, func, select

from allocation.model import Side
from orders.history import ALL, OF_A_GROUP, Booking, Decision, DecisionLine, Deed, Page, Sought, Wanted
from orders.model import AuditEntry, Order, OrderState
from storage import aggregates, audit
from storage.paging import Place, cut, limited, page_of_keys, paged
from storage.rows import read_orders, read_orders_of
from storage.schema import activity, audit_log, fills, order_lines, orders, statement_figures, statement_lines, streams
from storage.unit import read

PAGE = 50
_WIDE = 10**12  # more than any stream has entries: added, numbers sort as texts do


class SqlHistory:
    """`orders.ports.History` over a migrated store. Safe to share between threads. Every method may raise
    `Unavailable`; those that take a cursor raise `Rejected` for one that cannot be read, and ValueError for a size that
    is not from 1 to 500."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def orders(self, wanted: Wanted = ALL, size: int = PAGE, cursor: str = "") -> Page[Order]:
        """The orders wanted, with their lines, newest first unless the oldest is asked for."""
        place = Place.of(cursor)

        def find(conn: Connection) -> Page[Order]:
            ids, following = _keys(conn, wanted, place, limited(size))
            return Page(read_orders_of(conn, ids), following)

        return read(self._engine, find)

    def statements(self, wanted: Wanted = ALL, size: int = PAGE, cursor: str = "") -> Page[Decision]:
        """The statements of the orders wanted, in the order of those, each order's newest first. `size` counts
        orders."""
        place = Place.of(cursor)

        def find(conn: Connection) -> Page[Decision]:
            ids, following = _keys(conn, wanted, place, limited(size))
            ordered = statement_figures.join(orders, orders.c.id == statement_figures.c.order_id)
            by_now = orders.c.filled, orders.c.state
            query = select(statement_figures, *by_now).select_from(ordered).where(orders.c.id.in_(ids))
            places = {id_: number for number, id_ in enumerate(ids)}
            rows = sorted(conn.execute(query), key=lambda row: (places[row.order_id], -row.version))
            before = [None, *(row.order_id for row in rows)]
            made = (_decision(row, row.order_id != last) for row, last in zip(rows, before, strict=False))
            return Page(tuple(made), following)

        return read(self._engine, find)

    def statement_lines(self, order_id: str) -> tuple[DecisionLine, ...]:
        """What an order's newest statement says of each account, in its order; none for an unknown order."""
        table = statement_lines
        newest = select(func.max(table.c.version)).where(table.c.order_id == order_id)
        query = select(table).where(table.c.order_id == order_id, table.c.version == newest.scalar_subquery())
        return tuple(map(_line, read(self._engine, lambda conn: conn.execute(query.order_by(table.c.place)).all())))

    def fills(self, order_id: str) -> tuple[Booking, ...]:
        """What was booked for each account of an order and when, oldest first."""
        query = select(fills).where(fills.c.order_id == order_id).order_by(fills.c.version, fills.c.account_id)
        return tuple(map(_booking, read(self._engine, lambda conn: conn.execute(query).all())))

    def orders_of(self, accounts: Collection[str], assets: Collection[str] | None = None) -> tuple[Order, ...]:
        """All orders that have a line for one of these accounts, newest first, in these bonds or in any."""
        query = select(orders).where(*_with_a_line(accounts, assets))
        newest = query.order_by(orders.c.created_at.desc(), orders.c.id.desc())
        return read(self._engine, lambda conn: read_orders(conn, newest))

    def first_fills(self, accounts: Collection[str], assets: Collection[str] | None = None) -> Mapping[str, datetime]:
        """When each of the same orders was first reported to have something booked, by order id."""
        first = func.min(order_lines.c.first_filled_at).label("first")
        mine = order_lines.join(orders, orders.c.id == order_lines.c.order_id)
        query = select(order_lines.c.order_id, first).select_from(mine).where(*_with_a_line(accounts, assets))
        query = query.group_by(order_lines.c.order_id).having(first.is_not(None))
        return {row.order_id: row.first for row in read(self._engine, lambda conn: conn.execute(query).all())}

    def activity(
        self,
        username: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        size: int = PAGE,
        cursor: str = "",
        groups: Collection[str] | None = None,
    ) -> Page[Deed]:
        """What users did, newest first; of one user, from `since` on and before `until`, about these `groups` or about
        none, where they are given."""
        at = activity.c.done_at
        bounds = (
            (username, activity.c.username.__eq__),
            (since, at.__ge__),
            (until, at.__lt__),
        )
        conditions = [compare(bound) for bound, compare in bounds if bound is not None]
        if groups is not None:
            conditions += _about(groups)
        query = select(activity, at.label("moment")).where(*conditions)
        asked = paged(query, at, activity.c.id, Place.of(cursor), limited(size) + 1)
        rows, following = cut(read(self._engine, lambda conn: conn.execute(asked).all()), size)
        return Page(tuple(Deed(row.moment, row.username, row.action, row.about, row.detail) for row in rows), following)

    def entries(self, sought: Sought, size: int = PAGE, cursor: str = "") -> Page[AuditEntry]:
        """The audit log's entries that are sought, newest first, without the registry, which only repeats them."""
        log = audit_log.c
        among = [] if sought.streams is None else [log.stream.in_(sorted(sought.streams))]
        bounds = (
            (sought.actor, log.actor.__eq__),
            (sought.action, log.action.__eq__),
            (sought.subject, log.subject.__eq__),
            (sought.reference, log.reference.__eq__),
            (sought.since, log.written_at.__ge__),
            (sought.until, log.written_at.__lt__),
        )
        conditions = [compare(bound) for bound, compare in bounds if bound is not None]
        place = log.stream.concat(":").concat(cast(log.seq + _WIDE, String))
        query = select(audit_log, log.written_at.label("moment"), place.label("id")).where(
            log.stream != audit.REGISTRY, *among, *conditions
        )
        asked = paged(query, log.written_at, place, Place.of(cursor), limited(size) + 1)
        rows, following = cut(read(self._engine, lambda conn: conn.execute(asked).all()), size)
        return Page(tuple(audit.entry_of(row) for row in rows), following)

    def streams(self) -> tuple[str, ...]:
        """The audit log's streams by name, without the registry."""
        query = select(streams.c.stream).where(streams.c.stream != audit.REGISTRY).order_by(streams.c.stream)
        return tuple(read(self._engine, lambda conn: conn.scalars(query).all()))

    def counts(self, wanted: Wanted = ALL) -> Mapping[OrderState, int]:
        """How many of the orders wanted are in each state, 0 where none is."""
        return read(self._engine, lambda conn: aggregates.counts(conn, wanted))

    def by_engine(self, wanted: Wanted = ALL) -> pd.DataFrame:
        """One row per engine: see `storage.aggregates`."""
        return read(self._engine, lambda conn: aggregates.by_engine(conn, wanted))

    def improvement(self, wanted: Wanted = ALL, *, daily: bool = False) -> pd.DataFrame:
        """One row per month (or day), engine and metric: see `storage.aggregates`."""
        return read(self._engine, lambda conn: aggregates.improvement(conn, wanted, daily=daily))

    def participation(self, wanted: Wanted = ALL) -> pd.DataFrame:
        """One row per account: see `storage.aggregates`."""
        return read(self._engine, lambda conn: aggregates.participation(conn, wanted))

    def waits(self, wanted: Wanted = ALL) -> pd.DataFrame:
        """One row per engine: see `storage.aggregates`."""
        return read(self._engine, lambda conn: aggregates.waits(conn, wanted))


def _about(groups: Collection[str]) -> list[ColumnElement[bool]]:
    """A deed is about no group but these: it names none, no order of one and no batch with an order of one."""
    others = select(orders.c.id).where(orders.c.group_ticker.not_in(sorted(groups)))
    return [
        activity.c.action.not_in(sorted(OF_A_GROUP)) | activity.c.about.in_(sorted(groups)),
        ~others.where(orders.c.id == activity.c.about).exists(),
        ~others.where(orders.c.batch == activity.c.about, orders.c.batch != "").exists(),
    ]


def _with_a_line(accounts: Collection[str], assets: Collection[str] | None) -> list[ColumnElement[bool]]:
    mine = select(order_lines.c.order_id).where(order_lines.c.account_id.in_(sorted(accounts)))
    bonds = [] if assets is None else [orders.c.asset_id.in_(sorted(assets))]
    return [orders.c.id.in_(mine), *bonds]


def _keys(conn: Connection, wanted: Wanted, after: Place | None, size: int) -> tuple[list[str], str]:
    found, following = cut(conn.execute(page_of_keys(wanted, after, size + 1)).all(), size)
    return [row.id for row in found], following


def _decision(row: Row[Any], newest: bool) -> Decision:
    return Decision(
        statement_id=row.statement_id,
        order_id=row.order_id,
        version=row.version,
        created_at=row.created_at,
        created_by=row.created_by,
        group=row.group_ticker,
        asset_id=row.asset_id,
        label=row.label,
        side=Side(row.side),
        engine=row.engine,
        ordered=int(row.ordered),
        placed=int(row.placed),
        metric=row.metric,
        dispersion_before=row.dispersion_before,
        dispersion_after=row.dispersion_after,
        improvement=row.improvement,
        sha256=row.sha256,
        filled=row.filled,
        state=OrderState(row.state),
        newest=newest,
    )


def _line(row: Row[Any]) -> DecisionLine:
    return DecisionLine(
        row.account_id, row.wish, row.asked, int(row.face), row.money, row.cap_rule, int(row.cap_face), row.reason
    )


def _booking(row: Row[Any]) -> Booking:
    return Booking(row.order_id, row.version, row.account_id, row.filled_at, row.booked, row.delta, row.average_price)
