"""The views people query by themselves, on each store."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from orders.model import Order, OrderLine, OrderState
from storage import SqlLedger
from storage.activity import SqlActivity
from storage.history import SqlHistory
from tests.storage.samples import SetClock, block, change, modification

VIEWS = (
    "allocations",
    "allocation_lines",
    "order_memoranda",
    "order_changes",
    "account_fills",
    "user_activity",
)


def _rows(engine: Engine, query: str) -> list[dict[str, Any]]:
    with engine.connect() as conn:
        return [dict(row._mapping) for row in conn.execute(text(query))]


@pytest.fixture
def told(ledger: SqlLedger, engine: Engine, clock: SetClock) -> None:
    """One order: sent, half filled, and then canceled for a reason."""
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order))
    booked = {"P1": Decimal("250000.5")}
    price = Decimal("99.5")
    active = change(sent, OrderState.ACTIVE, "active", filled=booked["P1"], booked=booked, average_price=price)
    filled = ledger.advance("f", active)
    ledger.advance("x", change(filled, OrderState.CANCELED, "canceled", reason="the client called it off"))
    activity = SqlActivity(engine, clock)
    activity.note("maria", "preview", "CORE")
    activity.close()


@pytest.mark.usefixtures("told")
def test_a_memorandum_has_what_the_rule_asks_account_by_account(engine: Engine, clock: SetClock) -> None:
    rows = _rows(engine, "SELECT * FROM order_memoranda ORDER BY account_id")
    assert [row["account_id"] for row in rows] == ["P1", "P2", "P3"]
    row = rows[0]
    assert (row["side"], row["asset_id"], row["face"], row["block_face"]) == ("BUY", "ABC1234X9", 500_000, 1_000_000)
    assert float(row["limit_price"]) == 99.875
    assert (row["recommended_by"], row["placed_by"], bool(row["discretionary"])) == ("maria", "maria", True)
    assert _moment(row["stated_at"]) == f"{clock.time:%Y-%m-%d %H:%M:%S.%f}"
    assert _moment(row["entered_at"]) == f"{clock.time + timedelta(seconds=5):%Y-%m-%d %H:%M:%S.%f}"
    assert (float(row["booked"]), float(row["average_price"]), row["state"]) == (250_000.5, 99.5, "canceled")


def _moment(value: object) -> str:
    return str(value).ljust(26, "0")[:26]


@pytest.mark.usefixtures("told")
def test_changes_say_what_was_canceled_and_why(engine: Engine) -> None:
    rows = _rows(engine, "SELECT * FROM order_changes ORDER BY version")
    assert [row["kind"] for row in rows] == ["entry", "step", "step", "cancellation"]
    assert (rows[-1]["reason"], rows[-1]["actor"], float(rows[-1]["filled"])) == (
        "the client called it off",
        "worker",
        250_000.5,
    )


@pytest.fixture
def split_anew(ledger: SqlLedger) -> Order:
    """An order that booked 100 for P1 and 50 for P3, and was then split anew with nothing for P3 and its terms as they
    were."""
    order = ledger.confirm("c", *block())
    sent = ledger.advance("s", change(order))
    booked = {"P1": Decimal(100), "P3": Decimal(50)}
    active = ledger.advance("f", change(sent, OrderState.ACTIVE, "active", filled=Decimal(150), booked=booked))
    lines = (OrderLine("P2", 600_000), OrderLine("P1", 400_000))
    step, statement = modification(active, ordered=None, face=None, limit=None, settlement=None, lines=lines)
    return ledger.advance("m", step, statement=statement)


@pytest.mark.usefixtures("split_anew")
def test_an_order_split_anew_within_its_terms_was_modified(engine: Engine) -> None:
    rows = _rows(engine, "SELECT * FROM order_changes ORDER BY version")
    assert [row["kind"] for row in rows] == ["entry", "step", "step", "modification"]
    assert [row["version"] for row in rows] == [1, 2, 3, 4]
    assert (rows[-1]["actor"], rows[-1]["reason"]) == ("paul", "the client sold")


@pytest.mark.usefixtures("split_anew")
def test_what_was_booked_adds_up_however_many_versions_the_statement_has(engine: Engine) -> None:
    rows = _rows(engine, "SELECT * FROM allocation_lines ORDER BY version, account_id")
    booked = [(row["version"], row["account_id"], float(row["booked"])) for row in rows if row["booked"]]
    assert booked == [(1, "P3", 50.0), (2, "P1", 100.0)]
    (total,) = _rows(engine, "SELECT SUM(booked) AS booked FROM allocation_lines")
    assert float(total["booked"]) == 150.0
    waited = [float(row["seconds_to_first_fill"]) for row in rows if row["booked"]]
    assert waited == pytest.approx([10.0, 10.0], abs=0.002)


def test_an_account_waits_for_its_first_fill_from_the_first_statement(engine: Engine, split_anew: Order) -> None:
    frame = SqlHistory(engine).participation().set_index("account_id")
    assert split_anew.statement_id == "or-A.2"
    assert frame.loc["P1"].seconds == pytest.approx(10.0, abs=0.002)


def test_what_people_asked_of_an_order_is_told_as_what_it_was(engine: Engine, ledger: SqlLedger) -> None:
    asked, anew = modification(ledger.confirm("A", *block()), state=OrderState.MODIFY_PENDING, event="modify")
    ledger.advance("A2", asked, statement=anew)
    for name, (state, event) in {
        "B": (OrderState.CANCEL_PENDING, "cancel"),
        "C": (OrderState.CANCELED, "withdraw"),
        "D": (OrderState.REJECTED, "decline"),
        "E": (OrderState.CANCELED, "close"),
        "F": (OrderState.CANCELED, "close agreed"),
    }.items():
        ledger.advance(f"{name}2", change(ledger.confirm(name, *block(name)), state, event, reason=f"why {event}"))
    rows = _rows(engine, "SELECT event, kind, reason FROM order_changes WHERE version = 2 ORDER BY order_id")
    assert [tuple(row.values()) for row in rows] == [
        ("modify", "modification", "the client sold"),
        ("cancel", "step", "why cancel"),  # a fill may still be quicker
        ("withdraw", "cancellation", "why withdraw"),
        ("decline", "cancellation", "why decline"),
        ("close", "cancellation", "why close"),
        ("close agreed", "cancellation", "why close agreed"),
    ]


def test_a_memorandum_says_when_an_order_is_released_and_its_batch(engine: Engine, ledger: SqlLedger) -> None:
    statement, order = block()
    at = order.created_at + timedelta(hours=1)
    ledger.confirm("c", statement, replace(order, state=OrderState.SCHEDULED, release_at=at, batch="b1"))
    for row in _rows(engine, "SELECT * FROM order_memoranda"):
        assert (_moment(row["release_at"]), row["batch"]) == (f"{at:%Y-%m-%d %H:%M:%S.%f}", "b1")


@pytest.mark.usefixtures("told")
def test_lines_say_what_share_of_its_wish_an_account_got_and_how_soon(engine: Engine) -> None:
    rows = _rows(engine, "SELECT * FROM allocation_lines ORDER BY account_id")
    first, fourth = rows[0], rows[3]
    assert float(first["wish"]) == 500_000.33
    assert float(first["share_of_wish"]) == pytest.approx(500_000 / 500_000.33, abs=1e-6)
    assert float(first["seconds_to_first_fill"]) == pytest.approx(10.0, abs=0.002)
    assert (fourth["face"], fourth["booked"], fourth["seconds_to_first_fill"]) == (0, None, None)


@pytest.mark.usefixtures("told")
def test_allocations_fills_and_activity_can_be_read(engine: Engine) -> None:
    (allocation,) = _rows(engine, "SELECT * FROM allocations")
    assert (allocation["engine"], allocation["unallocated"]) == ("min_dispersion", 50_000)
    assert float(allocation["improvement"]) == pytest.approx(0.6)
    (fill,) = _rows(engine, "SELECT * FROM account_fills")
    assert (fill["account_id"], float(fill["delta"]), fill["group_ticker"]) == ("P1", 250_000.5, "CORE")
    (deed,) = _rows(engine, "SELECT * FROM user_activity")
    assert (deed["username"], deed["action"], deed["about"]) == ("maria", "preview", "CORE")


@pytest.mark.parametrize("view", VIEWS)
def test_each_column_is_in_the_documentation(engine: Engine, view: str) -> None:
    with engine.connect() as conn:
        result = conn.execute(text(f"SELECT * FROM {view}"))
        columns = {description[0].lower() for description in result.cursor.description}
    page = (Path(__file__).parents[2] / "docs" / "storage.md").read_text(encoding="utf-8")
    documented = page.partition(f"### {view}\n")[2].partition("\n### ")[0]
    assert columns <= set(re.findall(r"`(\w+)`", documented))
