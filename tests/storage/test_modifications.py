"""A modification is told by the next version of the order's statement, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from allocation.model import Side
from orders.errors import Rejected
from orders.model import OrderLine, OrderState
from orders.statement import faithful
from storage import SqlLedger
from storage.history import SqlHistory
from tests.storage.emulated import stores
from tests.storage.samples import NOON, block, change, modification, stating


@pytest.fixture(params=stores())
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def history(engine: Engine) -> SqlHistory:
    return SqlHistory(engine)


def test_a_modified_order_is_what_its_newest_statement_froze(ledger: SqlLedger, history: SqlHistory) -> None:
    order = ledger.confirm("c", *block())
    step, statement = modification(order)
    after = ledger.advance("m", step, statement=statement)
    assert faithful(after, ledger.statement(order.id))
    given = [(line.account_id, line.face) for line in history.statement_lines(order.id) if line.face]
    assert given == [(line.account_id, line.face) for line in after.lines if line.face]
    assert ledger.verify() == ()


@pytest.mark.parametrize(
    "otherwise",
    [
        {"side": Side.SELL},
        {"asset_id": "ZZZ"},
        {"ordered": 900_000},
        {"limit": None},
        {"settlement": NOON.date()},
        {"lines": (OrderLine("P7", 5), OrderLine("P8", 1))},
    ],
    ids=lambda otherwise: next(iter(otherwise)),
)
def test_a_modification_to_what_its_statement_does_not_say_is_refused(
    ledger: SqlLedger, otherwise: dict[str, Any]
) -> None:
    order = ledger.confirm("c", *block())
    step, statement = modification(order)
    terms = {"ordered": step.ordered, "limit": step.limit, "settlement": step.settlement, "lines": step.lines}
    said = replace(order, **(terms | otherwise))
    other = stating(said, statement.id, 2, statement.created_at, statement.created_by)
    with pytest.raises(Rejected, match="its terms, its engine or its lines are not those of its statement"):
        ledger.advance("m", step, statement=other)
    assert ledger.order(order.id) == order


@pytest.mark.parametrize("made", [{"created_by": "maria"}, {"created_at": NOON - timedelta(days=9)}])
def test_a_modification_is_made_with_its_statement_at_once_by_one_person(
    ledger: SqlLedger, made: dict[str, Any]
) -> None:
    order = ledger.confirm("c", *block())
    step, statement = modification(order)
    with pytest.raises(Rejected, match="not made at once by the same person"):
        ledger.advance("m", step, statement=replace(statement, **made))
    assert ledger.order(order.id) == order


def test_an_order_allocated_anew_by_another_engine_counts_for_that_engine(
    ledger: SqlLedger, history: SqlHistory
) -> None:
    order = ledger.confirm("c", *block())
    step, statement = modification(order, engine="pro_rata")
    after = ledger.advance("m", step, statement=statement)
    assert after.engine == "pro_rata"
    assert ledger.order(order.id) == after
    assert [decision.engine for decision in history.statements().rows] == ["pro_rata", "min_dispersion"]
    assert list(history.by_engine().engine) == ["pro_rata"]
    assert list(history.improvement().engine) == ["pro_rata"]
    assert ledger.verify() == ()


def test_a_modification_repeated_after_a_fill_is_answered_as_before(ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    step, statement = modification(order)
    after = ledger.advance("m", step, statement=statement)
    ledger.advance("f", change(after, OrderState.ACTIVE, "active", booked={"P1": Decimal(100)}))
    assert step.lines is not None
    as_read_now = tuple(replace(line, booked=Decimal(100)) for line in step.lines)
    assert ledger.advance("m", replace(step, lines=as_read_now), statement=statement) == after
    with pytest.raises(Rejected, match="another content"):
        ledger.advance("m", replace(step, lines=step.lines[:1]), statement=statement)
