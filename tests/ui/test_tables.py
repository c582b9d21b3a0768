from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pytest

from allocation.model import Choices, Side
from allocation.propose import propose
from orders.model import Event, Order, OrderLine, OrderState
from tests.allocation.desk import SETTLEMENT, account, block
from ui import formats, order_tables, tables

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def order(state: OrderState = OrderState.OPEN, filled: str = "0", **also: object) -> Order:
    return Order(
        id="EL-1",
        version=1,
        state=state,
        group="BIG6",
        asset_id="B",
        label="A bond",
        currency="USD",
        side=Side.BUY,
        ordered=2_000_000,
        face=2_000_000,
        settlement=SETTLEMENT,
        trade_date=date(2026, 11, 20),
        limit=None,
        engine="pro_rata",
        lines=(OrderLine("A", 1_500_000, Decimal(500_000)), OrderLine("B", 500_000)),
        statement_id="EL-1.1",
        statement_sha256="0" * 64,
        comment="",
        created_by="pm",
        created_at=AT,
        updated_at=AT,
        filled=Decimal(filled),
        **also,  # type: ignore[arg-type]
    )


def test_totals_leave_out_what_is_not_known() -> None:
    group = (account("A", nav="100", cash="1"), account("B", nav=None, cash="2"), account("C", nav="50", cash=None))
    assert tables.totals(group) == ({"USD": Decimal(150)}, {"USD": Decimal(3)})


def test_money_in_several_currencies_is_never_added_up() -> None:
    group = (account("A", nav="100", cash="1"), account("B", nav="15000", currency="JPY"), account("C", nav="50"))
    nav, cash = tables.totals(group)
    assert nav == {"JPY": Decimal(15_000), "USD": Decimal(150)}
    assert formats.short_moneys(cash) == "JPY 5.0mm + USD 5.0mm"
    abroad = account("B", currency="EUR", fx={"USD": Decimal("0.5")})
    made = propose(block(2_000_000), (account("A"), abroad), Choices())
    assert set(tables.money_and_cash(made)[0]) == {"EUR", "USD"}


def test_money_and_cash_are_those_of_the_whole_group() -> None:
    made = propose(block(2_000_000), (account("A"), account("B")), Choices())
    money, cash = tables.money_and_cash(made)
    assert money == {"USD": Decimal(1_970_000)}
    assert cash == {"USD": Decimal(10_000_000)}


def test_where_all_orders_wait_their_release_by_the_market_s_clock_takes_the_place_of_what_is_filled() -> None:
    later = order(OrderState.SCHEDULED, release_at=datetime(2026, 11, 23, 14, 30, tzinfo=UTC))
    table, _ = order_tables.orders((later, order(OrderState.AWAITING)))
    assert list(table["Release"]) == ["Mon 23 Nov, 09:30 New York", ""]
    assert "Filled" not in table
    for others in ((later, order()), (order(OrderState.AWAITING),), ()):
        table, _ = order_tables.orders(others)
        assert "Release" not in table
        assert "Filled" in table or not others


@pytest.mark.parametrize("states", [(OrderState.ACTIVE,), (OrderState.SCHEDULED, OrderState.AWAITING)])
def test_no_column_of_the_dashboard_is_cut_off_in_a_usual_window(states: tuple[OrderState, ...]) -> None:
    at = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    table, columns = order_tables.orders([order(state, release_at=at) for state in states])
    shown = [columns[str(name)] for name in table if columns[str(name)] is not None]
    boxes = 34  # pixels to tick a row
    assert boxes + sum(column["width"] for column in shown) <= 980


def test_what_is_paid_is_in_sight_in_a_narrow_window_before_who_confirmed_it() -> None:
    table, columns = order_tables.orders([order()])
    first = list(table)[: list(table).index("Limit") + 1]
    assert {"Filled", "Average price", "Group"} <= set(first)
    boxes = 34  # pixels to tick a row
    assert boxes + sum(columns[str(name)]["width"] for name in first) <= 740


def test_the_dashboard_has_a_row_an_order_with_its_progress() -> None:
    table, _ = order_tables.orders((order(filled="500000"), replace(order(), id="EL-2", limit=Decimal("99.5"))))
    assert list(table["Order"]) == ["EL-1", "EL-2"]
    assert list(table["Filled"]) == [25.0, 0.0]
    assert list(table["Limit"]) == ["market", "99.50"]


def test_an_orders_lines_show_what_is_booked_and_what_is_left() -> None:
    table, _ = order_tables.order_lines(order())
    assert list(table["Booked"]) == [500_000, 0]
    assert list(table["Left"]) == [1_000_000, 500_000]
    assert table.loc[0, "Filled"] == pytest.approx(100 / 3)


def test_a_history_reads_newest_first() -> None:
    history = [Event("EL-1", AT, "pm", name, OrderState.OPEN, "") for name in ("confirm", "send", "opened")]
    table, _ = order_tables.events(history)
    assert list(table["Event"]) == ["opened", "being sent", "confirmed"]


def test_no_rows_are_a_table_without_rows() -> None:
    assert order_tables.orders(())[0].empty
    assert order_tables.events(())[0].empty


def test_a_table_is_as_high_as_its_rows_until_it_scrolls() -> None:
    assert tables.height(pd.DataFrame({"Face": [1, 2]}), 620) == 102
    assert tables.height(pd.DataFrame({"Face": range(200)}), 620) == 597
