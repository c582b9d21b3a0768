"""What traded bonds were worth, by day: plain rows that the worker writes, in no chain and under no lock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy import Column, Connection, Date, Engine, Table, insert, select, update

from orders.profit import DayMark
from storage.columns import exact, moment, text
from storage.dialects import require_fit
from storage.schema import PRICE_DECIMALS, metadata, orders
from storage.unit import read, write

# Not chained: the worker sets a day's anew until its last is known.
marks = Table(
    "marks",
    metadata,
    text("asset_id", primary_key=True),
    Column("marked_on", Date, primary_key=True),
    exact("price", PRICE_DECIMALS),
    exact("accrued", PRICE_DECIMALS, nullable=True),
    exact("factor", PRICE_DECIMALS),
    moment("marked_at"),
)


class SqlMarks:
    """`orders.records.Marks` over a migrated store. Every method may raise `Unavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def traded(self, since: date) -> tuple[str, ...]:
        """The bonds of which something was booked in an order with this trade date or a later one."""
        query = select(orders.c.asset_id).distinct().where(orders.c.trade_date >= since, orders.c.filled > 0)
        return tuple(read(self._engine, lambda conn: conn.scalars(query.order_by(orders.c.asset_id)).all()))

    def keep(self, mark: DayMark, at: datetime) -> None:
        """Keep a mark in the place of the one of the same bond and day."""
        row = asdict(mark) | {"marked_at": at}
        row["marked_on"] = row.pop("on")

        def put(conn: Connection) -> None:
            require_fit(conn, marks, [row])
            its = (marks.c.asset_id == mark.asset_id) & (marks.c.marked_on == mark.on)
            if conn.execute(update(marks).where(its).values(row)).rowcount == 0:
                conn.execute(insert(marks), [row])

        write(self._engine, put)

    def of(self, asset_ids: Collection[str]) -> tuple[DayMark, ...]:
        """What was kept of these bonds. Where no keys are kept, two workers that change hands may leave two rows of a
        day: the newest counts."""
        query = select(marks).where(marks.c.asset_id.in_(sorted(asset_ids))).order_by(marks.c.marked_at)
        rows = read(self._engine, lambda conn: conn.execute(query).all())
        found = {
            (row.asset_id, row.marked_on): DayMark(row.asset_id, row.marked_on, row.price, row.accrued, row.factor)
            for row in rows
        }
        return tuple(found.values())
