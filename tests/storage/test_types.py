"""Exact numbers and moments: what goes in comes out, or is refused in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snowflake.sqlalchemy import dialect as snowflake_dialect
from sqlalchemy import Column, Engine, MetaData, Table, create_engine, func, insert, select
from sqlalchemy.pool import StaticPool

from storage.types import Exact, Unstorable, UtcDateTime
from tests.storage.samples import NOON

amounts = Table("amounts", MetaData(), Column("face", Exact(6, "face")), Column("at", UtcDateTime))
faces = st.decimals(min_value=-9_000_000_000, max_value=9_000_000_000, places=6)


@pytest.fixture(scope="module")
def scratch() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    amounts.create(engine)
    return engine


@given(st.lists(faces, min_size=1, max_size=20))
def test_faces_come_back_equal_and_sum_exactly_in_sql(scratch: Engine, values: list[Decimal]) -> None:
    with scratch.connect() as conn:
        conn.execute(insert(amounts), [{"face": value} for value in values])
        assert conn.scalars(select(amounts.c.face)).all() == values
        assert conn.scalar(select(func.sum(amounts.c.face))) == sum(values, Decimal(0))
        conn.rollback()


def test_a_narrow_decimal_context_of_the_caller_rounds_nothing(scratch: Engine) -> None:
    value = Decimal("1234567890123.654321")
    with localcontext(prec=3), scratch.connect() as conn:
        conn.execute(insert(amounts).values(face=value))
        assert conn.scalars(select(amounts.c.face)).all() == [value]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (Decimal("1.0000001"), "face keeps 6 decimals, and 1.0000001 has more: round it first."),
        (Decimal("9223372036854.775808"), "face cannot hold 9223372036854.775808: with 6 decimals it does not fit"),
        (Decimal("NaN"), "face cannot be NaN"),
        (1.5, "face takes exact numbers only, not 1.5"),
        (True, "face takes exact numbers only, not True"),
    ],
)
def test_what_does_not_fit_is_refused_by_column_and_value(scratch: Engine, value: object, sentence: str) -> None:
    with scratch.connect() as conn, pytest.raises(Unstorable, match=sentence.replace(".", r"\.")):
        conn.execute(insert(amounts).values(face=value))


def test_trailing_zeros_past_the_scale_are_no_loss(scratch: Engine) -> None:
    with scratch.connect() as conn:
        conn.execute(insert(amounts).values(face=Decimal("1.50000000000")))
        assert conn.scalars(select(amounts.c.face)).all() == [Decimal("1.5")]


def test_an_average_in_sql_is_refused_because_it_is_a_float(scratch: Engine) -> None:
    with scratch.connect() as conn:
        conn.execute(insert(amounts).values(face=Decimal(1)))
        with pytest.raises(Unstorable, match="not an exact number"):
            conn.scalar(select(func.avg(amounts.c.face, type_=amounts.c.face.type)))


def test_snowflake_keeps_the_decimal_itself() -> None:
    column = Exact(6, "face")
    dialect = snowflake_dialect()
    assert str(column.load_dialect_impl(dialect).compile(dialect)) in ("NUMERIC(38, 6)", "DECIMAL(38, 6)")
    assert column.process_bind_param(Decimal("1.25"), dialect) == "1.250000"
    assert Exact(12, "price").process_bind_param(Decimal("1E-12"), dialect) == "0.000000000001"
    assert column.process_result_value(Decimal("1.250000"), dialect) == Decimal("1.25")


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2200, 1, 1)), st.integers(-14, 14))
def test_moments_come_back_in_utc_to_the_microsecond(scratch: Engine, naive: datetime, hours: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    with scratch.connect() as conn:
        conn.execute(insert(amounts).values(at=moment))
        (stored,) = conn.scalars(select(amounts.c.at)).all()
        assert stored == moment
        assert stored is not None
        assert stored.utcoffset() == timedelta(0)
        conn.rollback()


def test_a_time_without_a_zone_is_refused(scratch: Engine) -> None:
    with scratch.connect() as conn, pytest.raises(Unstorable, match="has no time zone"):
        conn.execute(insert(amounts).values(at=NOON.replace(tzinfo=None)))
