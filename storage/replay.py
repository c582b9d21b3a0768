"""Every order as the audit log tells it, beside the rows that are there. Streams: one order is in memory at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Boolean, Column, ColumnElement, Connection, Integer, Row, RowMapping, Table, select, type_coerce

from orders.canonical import digest
from orders.errors import Rejected
from orders.model import Change, Order, Statement
from storage.conflicts import said
from storage.rows import (
    confirmation_intents,
    confirmation_row,
    figures,
    fill_rows,
    line_rows,
    order_of,
    order_row,
    step_intents,
    step_row,
)
from storage.schema import (
    audit_log,
    fills,
    intents,
    order_events,
    order_lines,
    orders,
    statement_figures,
    statement_lines,
    statements,
)
from storage.steps import stepped

Rows = list[dict[str, Any]]
Gaps = Mapping[str, Sequence[tuple[int, int]]]  # by stream: the first and last number of each run of lost entries
_change: TypeAdapter[Change] = TypeAdapter(Change)
log = structlog.get_logger(__name__)

# What an order consists of: its tables, the columns that tell one row from another, what a row of each is called.
_PARTS: dict[Table, tuple[tuple[str, ...], str]] = {
    orders: ((), "row"),
    order_lines: (("account_id",), "line"),
    order_events: (("version",), "event"),
    fills: (("version", "account_id"), "fill"),
    intents: (("id",), "intent"),
    statement_figures: (("version",), "statement's figures"),
    statement_lines: (("version", "account_id"), "statement's line"),
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What the audit log tells of one order up to `version`: all of it, unless its next step is missing, which was
    recorded after the entry `last`. `unvouched` says what became of a statement nothing vouches for."""

    rows: dict[Table, Rows]
    version: int
    statement_version: int
    stream: str
    last: int
    following: int | None  # the number of its entry behind the missing step
    unvouched: str


def faults(conn: Connection, gaps: Gaps, order_id: str | None = None) -> Iterator[str]:
    """A sentence for each row of an order that is not what the audit log says; of all orders, or of one. A step that
    was lost in one of the log's `gaps` is named once, and nothing behind it is compared."""
    for order, found in _by_order(conn, (audit_log, statements, *_PARTS), order_id):
        told = list(_order_faults(order, found, gaps))
        if told and order_id is None:
            # where a store shows each query its own moment, the order may have moved on between two of them
            told = list(faults(conn, gaps, order))
        yield from told


def records(conn: Connection) -> Iterator[dict[Table, Rows]]:
    """The rows of each order as the audit log and the statements tell them, by table. One they do not tell whole is
    left out, and logged: `faults` names it whenever the ledger is verified."""
    for order, found in _by_order(conn, (audit_log, statements), None):
        try:
            told = _told(order, found.get(audit_log, ()), found.get(statements, ()))
            if told.following is not None:
                raise Rejected(_lost_step(order, told, {}))
            yield told.rows
        except Rejected as error:
            log.warning("order.untold", order=order, error=str(error))


def _by_order(
    conn: Connection, tables: Iterable[Table], order_id: str | None
) -> Iterator[tuple[str, dict[Table, list[Row[Any]]]]]:
    """The rows of all these tables, order by order."""
    streams = [_stream(conn, place, table, order_id) for place, table in enumerate(tables)]
    for order, parts in groupby(merge(*streams, key=itemgetter(0, 1)), key=itemgetter(0)):
        yield order, {table: rows for _, _, table, rows in parts}


def _stream(
    conn: Connection, place: int, table: Table, order_id: str | None
) -> Iterator[tuple[str, int, Table, list[Row[Any]]]]:
    column = _order_column(table)
    key, *_ = _PARTS.get(table, (("stream", "seq") if table is audit_log else ("version",),))
    # a migration from before there were references reads the log as well, and this reads them in its bodies
    columns = (_as_kept(one) for one in table.columns if one is not audit_log.c.reference)
    query = select(*columns).order_by(column, *(table.c[name] for name in key))
    if table is audit_log:
        query = query.where(audit_log.c.stream.startswith("group:"))
    if order_id is not None:
        query = query.where(column == order_id)
    rows = conn.execute(query.execution_options(yield_per=1000))
    for order, its in groupby(rows, key=lambda row: str(row._mapping[column])):
        yield order, place, table, list(its)


def _as_kept(column: Column[Any]) -> ColumnElement[Any]:
    """A truth value as the store has it: SQLite takes any number for one, and only 1 is found where SQL asks for 1."""
    return type_coerce(column, Integer).label(column.name) if isinstance(column.type, Boolean) else column


def _order_column(table: Table) -> Column[Any]:
    return table.c["id" if table is orders else "subject" if table is audit_log else "order_id"]


def _order_faults(order_id: str, found: Mapping[Table, list[Row[Any]]], gaps: Gaps) -> Iterator[str]:
    row = next(iter(found.get(orders, ())), None)
    if audit_log not in found:
        yield _unknown(order_id, f"group:{row.group_ticker}" if row is not None else "", gaps)
        return
    try:
        told = _told(order_id, found[audit_log], found.get(statements, ()))
    except Rejected as error:
        yield str(error)
        return
    if told.unvouched:
        yield f"Order {order_id}: a statement it was made with {told.unvouched}, so nothing vouches for its figures."
    behind = any(last > told.last for _, last in gaps.get(told.stream, ()))
    cut = told.following is not None or (row is not None and row.version > told.version and behind)
    if cut:
        yield _lost_step(order_id, told, gaps)
    for table, rows in told.rows.items():
        here = found.get(table, [])
        if cut and table in (orders, order_lines, intents):
            continue  # as the lost step left them
        if cut:
            newest = told.version if table in (order_events, fills) else told.statement_version
            here = [known for known in here if known.version <= newest]
        yield from _row_faults(order_id, table, rows, here)


def _lost_step(order_id: str, told: _Told, gaps: Gaps) -> str:
    lost = [
        (first, last)
        for first, last in gaps.get(told.stream, ())
        if last > told.last and (told.following is None or first < told.following)
    ]
    why = f"its steps do not follow one another in the audit log after entry {told.last} of {told.stream}"
    if lost:
        why = f"a step of it is missing from the audit log ({_entries(told.stream, lost)})"
    return f"Order {order_id}: {why}, so its rows are not compared from there on."


def _unknown(order_id: str, stream: str, gaps: Gaps) -> str:
    if lost := gaps.get(stream, ()):
        return (
            f"Order {order_id}: its confirmation is missing from the audit log ({_entries(stream, lost)}), so its rows "
            "are not compared."
        )
    return f"Order {order_id} is not in the audit log: it was added."


def _entries(stream: str, lost: Sequence[tuple[int, int]]) -> str:
    first, last = lost[0][0], lost[-1][1]
    return f"entry {first} of {stream}" if first == last else f"among entries {first} to {last} of {stream}"


def _row_faults(order_id: str, table: Table, told: Rows, found: list[Row[Any]]) -> Iterator[str]:
    key, name = _PARTS[table]

    def here(which: tuple[object, ...]) -> str:
        return f"Order {order_id}: its {' '.join(map(str, (name, *which)))}"

    there: dict[tuple[object, ...], RowMapping] = {}
    for actual_row in found:
        which = tuple(actual_row._mapping[column] for column in key)
        if which in there:
            yield f"{here(which)} is there more than once."
        there[which] = actual_row._mapping
    for row in told:
        which = tuple(row[column] for column in key)
        actual = there.pop(which, None)
        if actual is None:
            yield f"{here(which)} was removed."
            continue
        for column, expected in row.items():
            if not _same(expected, actual[column]):
                value = actual[column]
                there_is = said(bool(value) if isinstance(expected, bool) and value in (0, 1) else value)
                recorded = said(expected)
                yield f"{here(which)} was edited: {column} is {there_is}, and the audit log says {recorded}."
    for which in there:
        yield f"{here(which)} was added: the audit log has none."


def _in_figures(
    stated: Iterable[tuple[Order, Mapping[str, Any]]], frozen: Sequence[Row[Any]]
) -> tuple[dict[Table, Rows], str]:
    """The columns made of an order's statements; none where nothing vouches for the text of one, and what became of
    it."""
    # by id too: one that takes a modification back may have the text of the one before it
    here = {(row.id, row.sha256): Statement(**row._mapping) for row in frozen if text_digest(row.body) == row.sha256}
    found: dict[Table, Rows] = {statement_figures: [], statement_lines: []}
    for order, its in stated:
        if (its["id"], its["sha256"]) not in here:
            edited = any(row.id == its["id"] for row in frozen)
            return {}, "was edited (see above)" if edited else "is not here"
        row, lines = figures(here[its["id"], its["sha256"]], order)
        found[statement_figures].append(row)
        found[statement_lines].extend(lines)
    return found, ""


def text_digest(value: object) -> str:
    """The hash of a text from the store; of no text, as an edit may have left there, none."""
    return digest(value) if isinstance(value, str) else ""


def _same(expected: object, actual: object) -> bool:
    if isinstance(expected, float) and isinstance(actual, float):
        return math.isclose(expected, actual, rel_tol=1e-12, abs_tol=1e-12)  # stores print floats in their own way
    return expected == actual


def _told(order_id: str, entries: Sequence[Row[Any]], frozen: Sequence[Row[Any]]) -> _Told:
    """The rows of one order, from its entries in the audit log and its statements, up to a step that is missing."""
    rows: dict[Table, Rows] = {table: [] for table in (order_events, fills, intents)}
    stated: list[tuple[Order, Mapping[str, Any]]] = []  # what the log has of each statement, with the order it made
    order, last, following = None, 0, None
    try:
        for entry in entries:
            body = json.loads(entry.body)
            content, reference = body["content"], body.get("reference", "")
            if "order" in content:
                order = order_of(content["order"])
                rows[order_events].append(confirmation_row(order, entry.actor))
                rows[intents].extend(confirmation_intents(order, reference))
                stated.append((order, content["statement"]))
            elif "change" in content and order is not None:
                change = _change.validate_python(content["change"])
                if change.version != order.version:  # every step says which version it was made on
                    following = entry.seq
                    break
                before, order = order, stepped(order, change, content.get("statement"))
                if "statement" in content:
                    stated.append((order, content["statement"]))
                _step(rows, before, order, change, reference)
            last = entry.seq
    except (ValueError, KeyError, TypeError) as error:
        raise Rejected(f"Order {order_id} cannot be followed through the audit log: {error!r}.") from error
    if order is None:
        raise Rejected(f"The confirmation of order {order_id} is not in the audit log: it was removed.")
    figured, unvouched = _in_figures(stated, frozen)
    rows |= figured
    rows[orders] = [order_row(order)]
    first = {row["account_id"]: row["filled_at"] for row in reversed(rows[fills])}
    rows[order_lines] = [{**row, "first_filled_at": first.get(row["account_id"])} for row in line_rows(order)]
    return _Told(rows, order.version, len(stated), entries[0].stream, last, following, unvouched)


def _step(rows: dict[Table, Rows], before: Order, order: Order, change: Change, reference: str) -> None:
    rows[order_events].append(step_row(order, change))
    rows[fills].extend(fill_rows(before, order, change.at))
    for intent in rows[intents]:
        intent["done"] = intent["done"] or intent["id"] == change.closes_intent
    rows[intents].extend(step_intents(order, change, reference))
