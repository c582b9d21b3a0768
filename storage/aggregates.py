"""What the past adds up to, computed by the store. Sums are exact: faces without decimals are int64, those with
decimals `Decimal`; shares, means and seconds are floats."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)

from orders.history import WAITS, Wanted
from orders.model import OrderState
from storage.dialects import day_of, month_of, seconds_between, total_face
from storage.paging import conditions
from storage.schema import order_lines, orders, statement_figures, statement_lines

_figures = statement_figures.c


def counts(conn: Connection, wanted: Wanted) -> Mapping[OrderState, int]:
    """The orders wanted by state: every state, 0 where none is in it."""
    query = select(orders.c.state, func.count()).where(*conditions(wanted)).group_by(orders.c.state)
    found = dict(conn.execute(query).tuples().all())
    return {state: found.get(state.value, 0) for state in OrderState}


def by_engine(conn: Connection, wanted: Wanted) -> pd.DataFrame:
    """The orders wanted by the engine that allocated them, most used first: engine; allocations, a count; ordered and
    placed, face; filled, face with decimals; improvement, the mean of (before - after) / before over the allocations
    that have one, which `measured` counts."""
    query = (
        select(
            orders.c.engine,
            func.count().label("allocations"),
            _sum(orders.c.ordered, "ordered"),
            _sum(orders.c.face, "placed"),
            total_face(orders.c.filled).label("filled"),
            func.count(_figures.improvement).label("measured"),
            func.avg(_figures.improvement).label("improvement"),
        )
        .select_from(_decided())
        .where(*conditions(wanted))
        .group_by(orders.c.engine)
        .order_by(func.count().desc(), orders.c.engine)
    )
    return _frame(conn, query, whole=("allocations", "ordered", "placed", "measured"), real=("improvement",))


def improvement(conn: Connection, wanted: Wanted, *, daily: bool) -> pd.DataFrame:
    """The dispersion of the orders wanted through time, oldest first: period (2026-11, or 2026-11-20), engine, metric
    by its key; allocations, a count; before and after, mean dispersions in the metric's unit over the allocations that
    have any; improvement, the mean of (before - after) / before over those that have one."""
    period = (day_of if daily else month_of)(orders.c.created_at)
    keys = (period, orders.c.engine, _figures.metric)
    spread = or_(_figures.dispersion_before != 0, _figures.dispersion_after != 0)  # nobody may have counted
    query = (
        select(
            period.label("period"),
            orders.c.engine,
            _figures.metric,
            func.count().label("allocations"),
            func.avg(case((spread, _figures.dispersion_before))).label("before"),
            func.avg(case((spread, _figures.dispersion_after))).label("after"),
            func.avg(_figures.improvement).label("improvement"),
        )
        .select_from(_decided())
        .where(*conditions(wanted))
        .group_by(*keys)
        .order_by(*keys)
    )
    return _frame(conn, query, whole=("allocations",), real=("before", "after", "improvement"))


def participation(conn: Connection, wanted: Wanted) -> pd.DataFrame:
    """How the accounts that statements name took part in the orders wanted, by account: account_id; considered and
    given, counts of the statements that name it and of those that give it something; wish, face with decimals, and
    face, given; share, face over wish, null without a wish; booked, face with decimals; seconds, the mean time from
    the first statement to the first fill over the lines that have one, which `filled` counts."""
    decided = _decided().join(
        statement_lines,
        and_(statement_lines.c.order_id == _figures.order_id, statement_lines.c.version == _figures.version),
    )
    lined = decided.outerjoin(
        order_lines,
        and_(order_lines.c.order_id == orders.c.id, order_lines.c.account_id == statement_lines.c.account_id),
    )
    # an empty text added: grouped by the plain column, SQLite would run through the index of accounts, order by order
    account = statement_lines.c.account_id.concat(literal_column("''"))
    waited = seconds_between(orders.c.created_at, order_lines.c.first_filled_at)
    query = (
        select(
            account.label("account_id"),
            func.count().label("considered"),
            func.sum(case((statement_lines.c.face > 0, 1), else_=0)).label("given"),
            func.sum(statement_lines.c.wish).label("wish"),
            _sum(statement_lines.c.face, "face"),
            total_face(order_lines.c.booked).label("booked"),
            func.count(order_lines.c.first_filled_at).label("filled"),
            func.avg(waited).label("seconds"),
        )
        .select_from(lined)
        .where(*conditions(wanted))
        .group_by(account)
        .order_by(account)
    )
    if wanted.account_id is not None:
        query = query.where(statement_lines.c.account_id == wanted.account_id)
    frame = _frame(conn, query, whole=("considered", "given", "face", "filled"), real=("seconds",))
    shares = [float(face / wish) if wish else None for face, wish in zip(frame["face"], frame["wish"], strict=True)]
    frame.insert(5, "share", pd.Series(shares, dtype="float64", index=frame.index))
    return frame


def waits(conn: Connection, wanted: Wanted) -> pd.DataFrame:
    """How long it took from the first statement to the first fill of the orders wanted that have one, by engine:
    orders, a count; shortest, median, seconds (their mean) and longest, in seconds; and how many took at most a
    minute, then as long as each of `WAITS` and longer than the one before, then longer than all."""
    first = func.min(order_lines.c.first_filled_at)
    mine = order_lines.join(orders, orders.c.id == order_lines.c.order_id)
    firsts = select(order_lines.c.order_id, first.label("first")).select_from(mine).where(*conditions(wanted))
    filled = firsts.group_by(order_lines.c.order_id).having(first.is_not(None)).subquery()
    each = (
        select(orders.c.engine, seconds_between(orders.c.created_at, filled.c.first).label("waited"))
        .select_from(filled.join(orders, orders.c.id == filled.c.order_id))
        .subquery()
    )
    place = func.row_number().over(partition_by=each.c.engine, order_by=each.c.waited)
    ranked = select(each, place.label("place"), func.count().over(partition_by=each.c.engine).label("size")).subquery()
    waited = ranked.c.waited
    middle = and_(2 * ranked.c.place >= ranked.c.size, 2 * ranked.c.place <= ranked.c.size + 2)  # one, or two
    bounds = [0, *WAITS.values()]
    bands = [
        func.sum(case((and_(waited <= most, waited > least if least else true()), 1), else_=0)).label(name)
        for name, least, most in zip(WAITS, bounds, bounds[1:], strict=False)
    ]
    query = (
        select(
            ranked.c.engine,
            func.count().label("orders"),
            func.min(waited).label("shortest"),
            func.avg(case((middle, waited))).label("median"),
            func.avg(waited).label("seconds"),
            func.max(waited).label("longest"),
            *bands,
            func.sum(case((waited > bounds[-1], 1), else_=0)).label("longer"),
        )
        .group_by(ranked.c.engine)
        .order_by(func.count().desc(), ranked.c.engine)
    )
    return _frame(conn, query, whole=("orders", *WAITS, "longer"), real=("shortest", "median", "seconds", "longest"))


def _decided() -> Any:
    """Each order with the statement it stands on."""
    return orders.join(statement_figures, _figures.statement_id == orders.c.statement_id)


def _sum(column: ColumnElement[Any], name: str) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger).label(name)


def _frame(conn: Connection, query: Select[Any], whole: tuple[str, ...], real: tuple[str, ...]) -> pd.DataFrame:
    """The rows as a frame whose types do not depend on the store, or on whether there are rows."""
    result = conn.execute(query)
    frame = pd.DataFrame(result.all(), columns=pd.Index(list(result.keys())), dtype=object)
    kinds = dict.fromkeys(whole, "int64") | dict.fromkeys(real, "float64")
    exact = ("wish", "booked", "filled")
    for name in exact:
        if name in frame and name not in kinds:
            known = [Decimal(0) if value is None else value for value in frame[name]]
            frame[name] = pd.Series(known, dtype=object, index=frame.index)
    return frame.astype(kinds)
