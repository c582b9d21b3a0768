"""SQL that the two stores spell differently: rows of several tables in as few statements as the store allows, sums,
months and moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Float,
    String,
    Table,
    bindparam,
    cast,
    insert,
    literal,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

from orders.errors import Rejected
from storage.schema import FACE_DECIMALS

Rows = Sequence[Mapping[str, Any]]
LONGEST = 16_777_216  # bytes that Snowflake keeps in one text


def at_most(rows: int) -> BindParameter[int]:
    """A number for LIMIT, which is written out: Snowflake documents a constant there, and no bound value."""
    return literal(rows, literal_execute=True)


def insert_all(conn: Connection, writes: Sequence[tuple[Table, Rows]]) -> None:
    """Insert the rows of each table. Tables with one row come first, in their order: on Snowflake, where each statement
    is a request, all of them together. Then those with more, one statement each."""
    for table, rows in writes:
        require_fit(conn, table, rows)
    single = [(table, rows[0]) for table, rows in writes if len(rows) == 1]
    if conn.dialect.name == "snowflake" and len(single) > 1:
        conn.execute(_InsertAll(single)).close()
    else:
        for table, row in single:  # as a parameter: a row among the statement's values is compiled anew each time
            conn.execute(insert(table), [row])
    for table, rows in writes:
        if len(rows) > 1:
            conn.execute(insert(table), rows)


def require_fit(conn: Connection, table: Table, rows: Rows) -> None:
    """`Rejected` where a text is longer than Snowflake keeps; a file keeps any."""
    texts = ((name, value) for row in rows for name, value in row.items() if isinstance(value, str))
    for name, text in texts if conn.dialect.name == "snowflake" else ():
        if 4 * len(text) > LONGEST and (size := len(text.encode())) > LONGEST:
            raise Rejected(
                f"The {name} of a row of {table.name} would have {size / 1e6:.1f} MB, and Snowflake keeps "
                f"{LONGEST / 1e6:.1f} MB in one text, so nothing was written. Do it in smaller parts: a group of fewer "
                "accounts, or fewer rows at once.",
                code="too_long",
            )


class _InsertAll(Executable, ClauseElement):
    """Snowflake's INSERT ALL: one row of values, spread over several tables."""

    inherit_cache = False

    def __init__(self, rows: Sequence[tuple[Table, Mapping[str, Any]]]) -> None:
        self.targets = [(table, {name: f"t{i}_{name}" for name in row}) for i, (table, row) in enumerate(rows)]
        self.source = select(
            *(
                # a value in a select has no column to take its type from: a number travels as text, a null as nothing
                cast(bindparam(None, row[name], type_=table.c[name].type, unique=True), table.c[name].type).label(alias)
                for (table, row), (_, aliases) in zip(rows, self.targets, strict=True)
                for name, alias in aliases.items()
            )
        )


@compiles(_InsertAll, "snowflake")
def _insert_all(element: _InsertAll, compiler: SQLCompiler, **options: Any) -> str:
    into = (
        f"INTO {compiler.preparer.format_table(table)} ({', '.join(aliases)}) VALUES ({', '.join(aliases.values())})"
        for table, aliases in element.targets
    )
    return f"INSERT ALL {' '.join(into)} {compiler.process(element.source, **options)}"


class _Face(TypeDecorator[Decimal]):
    """A sum of faces: text on SQLite, a number on Snowflake."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class total_face(GenericFunction[Decimal]):  # noqa: N801
    """The sum of a column of faces with decimals, none of them negative. SQLite's own would overflow at 9.2e12."""

    type = _Face()
    inherit_cache = True


class seconds_between(GenericFunction[float]):  # noqa: N801
    """Seconds from one moment to another, to a millisecond; null where one is missing."""

    type = Float()
    inherit_cache = True


class month_of(GenericFunction[str]):  # noqa: N801
    """The month of a moment, in UTC, as 2026-11."""

    type = String()
    inherit_cache = True


class day_of(GenericFunction[str]):  # noqa: N801
    """The day of a moment, in UTC, as 2026-11-20."""

    type = String()
    inherit_cache = True


def _arguments(element: GenericFunction[Any], compiler: SQLCompiler, **options: Any) -> list[str]:
    clauses: list[ColumnElement[Any]] = list(element.clauses)
    return [compiler.process(clause, **options) for clause in clauses]


@compiles(total_face, "sqlite")
def _total_on_sqlite(element: total_face, compiler: SQLCompiler, **options: Any) -> str:
    (face,) = _arguments(element, compiler, **options)
    unit = 10**FACE_DECIMALS
    rest = f"SUM({face} % {unit})"
    return f"printf('%d.%0{FACE_DECIMALS}d', SUM({face} / {unit}) + {rest} / {unit}, {rest} % {unit})"


@compiles(total_face, "snowflake")
def _total_on_snowflake(element: total_face, compiler: SQLCompiler, **options: Any) -> str:
    return f"SUM({', '.join(_arguments(element, compiler, **options))})"


@compiles(seconds_between, "sqlite")
def _seconds_on_sqlite(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, **options)
    return f"ROUND((julianday({end}) - julianday({start})) * 86400, 3)"


@compiles(seconds_between, "snowflake")
def _seconds_on_snowflake(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, **options)
    return f"(DATEDIFF('millisecond', {start}, {end}) / 1000.0)"


@compiles(month_of, "sqlite")
def _month_on_sqlite(element: month_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"strftime('%Y-%m', {_arguments(element, compiler, **options)[0]})"


@compiles(day_of, "sqlite")
def _day_on_sqlite(element: day_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"strftime('%Y-%m-%d', {_arguments(element, compiler, **options)[0]})"


# Snowflake's own formats can be changed for a session: the parts are put together here
@compiles(month_of, "snowflake")
def _month_on_snowflake(element: month_of | day_of, compiler: SQLCompiler, **options: Any) -> str:
    moment = _arguments(element, compiler, **options)[0]
    return f"(CAST(YEAR({moment}) AS VARCHAR) || {_two_digits(f'MONTH({moment})')})"


@compiles(day_of, "snowflake")
def _day_on_snowflake(element: day_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"({_month_on_snowflake(element, compiler, **options)} || {_two_digits(_day(element, compiler, **options))})"


def _day(element: day_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"DAY({_arguments(element, compiler, **options)[0]})"


def _two_digits(number: str) -> str:
    return f"'-' || LPAD(CAST({number} AS VARCHAR), 2, '0')"
