"""Profit and loss in tables and files."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from allocation.model import Side
from orders.positions import Earned, Report, Trade
from orders.profit import Deal, Profit
from ui import profit_tables, saving

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
DEAL = Deal("O-1", "A", "B", Side.SELL, Decimal(1000), Decimal("98.123456789012"), Decimal("0.5"), AT.date(), AT)


def trade(
    waited: timedelta = timedelta(seconds=65), first_day: Decimal | None = None, *, restated: bool = False
) -> Trade:
    return Trade(DEAL, "BIG6", "=A bond", "USD", waited, restated, first_day, "No mark of 20 Nov 2026 is known.")


def report(*unrealised: tuple[str, Decimal | None]) -> Report:
    rows = (
        Earned(Profit(f"A{n}", "B", realised=Decimal("-12.345678901234567890"), unrealised=value), "=A bond", currency)
        for n, (currency, value) in enumerate(unrealised)
    )
    return Report(tuple(rows), (trade(),), AT)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_sums_are_by_currency_and_say_over_how_many_they_are() -> None:
    found = profit_tables.unrealised(report(("USD", Decimal(5)), ("EUR", Decimal(-7)), ("USD", None)))
    assert (found.sentence, found.over) == ("-EUR 7 and +USD 5", " over 2 of 3")
    assert profit_tables.unrealised(report(("USD", None))).sentence == "–"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (3_661, "1 h 01 min"), (93_600, "1 d 2 h")],
)
def test_the_time_to_the_first_fill_reads_in_the_two_largest_units(seconds: int, said: str) -> None:
    assert profit_tables.waited(trade(timedelta(seconds=seconds))) == said
    assert profit_tables.waited(trade(timedelta(seconds=seconds), restated=True)) == f"{said} *"


def test_a_file_has_every_digit_and_a_loss_is_a_number() -> None:
    (row,) = read(saving.as_csv(profit_tables.earned_rows(report(("USD", None)))))
    assert row["realised"] == "-12.345678901234567890"
    assert row["unrealised"] == ""
    assert row["bond"] == "'=A bond"


def test_a_file_of_trades_says_what_is_not_known() -> None:
    (row,) = read(saving.as_csv(profit_tables.trade_rows(report(("USD", None)))))
    assert (row["price"], row["first_day"], row["not_known"]) == (
        "98.123456789012", "", "No mark of 20 Nov 2026 is known.",
    )  # fmt: skip
    assert (row["seconds_to_first_fill"], row["traded"]) == ("65", date(2026, 11, 20).isoformat())
