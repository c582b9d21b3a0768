"""SQL that the two stores spell differently."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Float, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

from storage.schema import FACE_DECIMALS


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
