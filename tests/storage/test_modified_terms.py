"""New terms and lines come with the next version of the statement, in one step of the order, and are read anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from orders.canonical import digest
from orders.errors import NotFound, Rejected, VersionConflict
from orders.history import Wanted
from orders.model import Kind, Order, OrderLine, OrderState
from storage import SqlLedger
from storage.history import SqlHistory
from tests.storage.samples import block, change, modification

BOOKED = Decimal("250000.5")


@pytest.fixture
def filled(ledger: SqlLedger) -> Order:
    """An order that P1 and P3 have bought some of."""
    order = ledger.confirm("c", *block())
    booked = {"P1": BOOKED, "P3": Decimal(10)}
    step = change(order, OrderState.ACTIVE, "active", filled=BOOKED + 10, booked=booked, average_price=Decimal(99))
    return ledger.advance("f", step)


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(text(statement))


def _rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text(query))]


def test_terms_lines_and_statement_move_together_and_what_is_booked_stays(ledger: SqlLedger, filled: Order) -> None:
    step, statement = modification(filled)
    after = ledger.advance("m", step, statement=statement)
    assert (after.ordered, after.face, after.limit) == (850_000, 800_000, Decimal("99.5"))
    assert after.settlement == date(2025, 9, 18)
    assert (after.statement_id, after.statement_sha256) == ("or-A.2", statement.sha256)
    assert (after.state, after.version) == (filled.state, 3)
    assert (after.filled, after.average_price) == (BOOKED + 10, Decimal(99))
    assert after.lines == (
        OrderLine("P2", 400_000),
        OrderLine("P1", 300_000, BOOKED),
        OrderLine("P5", 100_000),
        OrderLine("P3", 0, Decimal(10)),
    )
    assert ledger.order(after.id) == after
    assert ledger.statement(after.id) == statement
    assert (ledger.events(after.id)[-1].actor, ledger.events(after.id)[-1].reason) == ("paul", "the client sold")
    again = ledger.advance("g", change(after, filled=Decimal("300000"), booked={"P5": Decimal(7)}))
    assert [line.booked for line in again.lines] == [0, BOOKED, 7, 10]
    assert ledger.verify() == ()


def test_a_screen_that_modifies_twice_gets_the_first_answer(ledger: SqlLedger, filled: Order) -> None:
    step, statement = modification(filled)
    first = ledger.advance("m", step, statement=statement)
    body = statement.body.replace("0.12", "0.1200001")  # frozen anew, of figures read since
    assert ledger.advance("m", step, statement=replace(statement, body=body, sha256=digest(body))) == first
    assert ledger.statement(first.id) == statement


def test_terms_that_no_statement_has_are_refused(ledger: SqlLedger, filled: Order) -> None:
    step, statement = modification(filled)
    assert step.lines is not None
    twice = replace(step, face=800_001, lines=(*step.lines, OrderLine("P2", 1)))
    refused = {
        "no statement has its new terms": (step, None),
        "no reason is given": (replace(step, reason=" "), statement),
        "its statement is version 3, and 2 is the next": (step, replace(statement, version=3)),
        "there is a statement st-A already": (step, replace(statement, id="st-A")),
        "the statement's hash is not its text's": (step, replace(statement, sha256="0" * 64)),
        "do not name each other": (step, replace(statement, order_id="or-B")),
        "its lines add up to 800,000 and the order to 800,001": (replace(step, face=800_001), statement),
        "an account has more than one line": (twice, statement),
    }
    for words, (asked, made) in refused.items():
        with pytest.raises(Rejected, match=words):
            ledger.advance("m", asked, statement=made)
    with pytest.raises(Rejected, match="no statement has its new terms"):
        ledger.advance("m", change(filled, filled.state, "modified", cleared=frozenset({"limit"})))
    assert ledger.order(filled.id) == filled
    assert ledger.verify() == ()


def test_the_same_face_split_anew_is_told_to_who_opened_the_order_before(ledger: SqlLedger, filled: Order) -> None:
    lines = (OrderLine("P1", 600_000), OrderLine("P3", 400_000))
    step, statement = modification(filled, ordered=None, face=None, limit=None, settlement=None, lines=lines)
    after = ledger.advance("m", step, statement=statement)
    assert (after.face, after.ordered, after.limit) == (filled.face, filled.ordered, filled.limit)
    with pytest.raises(VersionConflict, match="statement") as caught:
        ledger.advance("late", change(filled, OrderState.CANCELED, "canceled"))
    assert [(d.field, d.was, d.now) for d in caught.value.changes] == [("statement", "version 1", "version 2")]


def test_what_has_no_value_any_more_is_cleared(ledger: SqlLedger, filled: Order) -> None:
    """A fill that was taken back whole has no price; an order may go on at market."""
    nothing = {"P1": Decimal(0), "P3": Decimal(0)}
    back = change(filled, filled.state, filled=Decimal(0), booked=nothing, cleared=frozenset({"average_price"}))
    taken_back = ledger.advance("b", back)
    assert taken_back.average_price is None
    step, statement = modification(taken_back, limit=None, cleared=frozenset({"limit"}))
    at_market = ledger.advance("m", step, statement=statement)
    assert at_market.limit is None
    assert ledger.order(filled.id) == at_market
    assert ledger.verify() == ()


def test_each_version_of_a_statement_is_kept_and_read_by_its_number(ledger: SqlLedger, filled: Order) -> None:
    first = ledger.statement(filled.id)
    step, second = modification(filled)
    ledger.advance("m", step, statement=second)
    assert ledger.statements(filled.id) == (second, first)
    assert (ledger.statement(filled.id, 1), ledger.statement(filled.id, 2)) == (first, second)
    with pytest.raises(NotFound, match=r"no version 3 of the statement for order or-A"):
        ledger.statement(filled.id, 3)
    assert ledger.statements("or-none") == ()


def test_a_modification_that_was_refused_is_taken_back_with_the_text_of_before(
    ledger: SqlLedger, filled: Order
) -> None:
    first = ledger.statement(filled.id)
    step, second = modification(filled, opens_intent=Kind.MODIFY)
    asked = ledger.advance("m", step, statement=second)
    lines = tuple(OrderLine(line.account_id, line.face) for line in filled.lines)
    back = change(
        asked, OrderState.OPEN, "modify refused", reason="Aladdin: too late", ordered=filled.ordered, face=filled.face,
        limit=filled.limit, settlement=filled.settlement, lines=lines, closes_intent=f"or-A:{asked.version}:modify",
    )  # fmt: skip
    third = replace(first, id="or-A.3", version=3, created_at=back.at, created_by="worker")
    after = ledger.advance("b", back, statement=third)
    terms = ("ordered", "face", "limit", "settlement", "statement_sha256")
    assert [getattr(after, name) for name in terms] == [getattr(filled, name) for name in terms]
    assert [line for line in after.lines if line.face] == list(filled.lines)
    assert ledger.statements(filled.id) == (third, second, first)
    assert ledger.verify() == ()


def test_the_engine_is_one_of_the_terms(engine: Engine, ledger: SqlLedger, filled: Order) -> None:
    anew: dict[str, Any] = {
        "ordered": None,
        "face": None,
        "limit": None,
        "settlement": None,
        "engine": "pro_rata",
        "lines": filled.lines,
    }
    step, statement = modification(filled, **anew)
    step = replace(step, engine="pro_rata")
    with pytest.raises(Rejected, match="no statement has its new terms"):
        ledger.advance("m", replace(step, lines=None))
    with pytest.raises(Rejected, match="its engine or its lines are not those of its statement"):
        ledger.advance("m", replace(step, engine="min_dispersion"), statement=statement)
    with pytest.raises(Rejected, match="no reason is given"):
        ledger.advance("m", replace(step, reason=""), statement=statement)
    after = ledger.advance("m", step, statement=statement)
    assert (after.engine, after.face) == ("pro_rata", filled.face)
    assert ledger.order(filled.id) == after
    assert _rows(engine, "SELECT engine FROM allocations ORDER BY version") == [("min_dispersion",), ("pro_rata",)]
    assert ledger.verify() == ()


def test_every_version_is_read_in_pages_and_views_and_counted_once(
    engine: Engine, ledger: SqlLedger, filled: Order
) -> None:
    step, statement = modification(filled)
    ledger.advance("m", step, statement=statement)
    history = SqlHistory(engine)
    for account in ("P1", "P3", "P5"):  # in both statements, in the first, in the second
        page = history.statements(Wanted(account_id=account), size=1)
        assert [(row.statement_id, row.version, row.placed) for row in page.rows] == [
            ("or-A.2", 2, 800_000),
            ("st-A", 1, 1_000_000),
        ]
        assert page.cursor == ""
        assert len(history.orders(Wanted(account_id=account)).rows) == 1
    assert [line.account_id for line in history.statement_lines("or-A")] == ["P2", "P1", "P5", "P4"]
    assert list(history.by_engine()["placed"]) == [800_000]
    assert dict(zip(*[history.participation()[name] for name in ("account_id", "face")], strict=True)) == {
        "P1": 300_000, "P2": 400_000, "P4": 0, "P5": 100_000,
    }  # fmt: skip
    assert _rows(engine, "SELECT kind, reason FROM order_changes ORDER BY version")[-1] == (
        "modification",
        "the client sold",
    )
    memoranda = _rows(engine, "SELECT account_id, face, statement_id FROM order_memoranda ORDER BY account_id")
    assert [(account, int(face), name) for account, face, name in memoranda] == [
        ("P1", 300_000, "or-A.2"),
        ("P2", 400_000, "or-A.2"),
        ("P3", 0, "or-A.2"),
        ("P5", 100_000, "or-A.2"),
    ]
    assert len(_rows(engine, "SELECT * FROM allocations")) == 2


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (
            "UPDATE statements SET created_at = '2020-01-01 00:00:00.000000' WHERE version = 2",
            "The statement or-A.2 of order or-A is not the one that was confirmed: created_at",
        ),
        ("UPDATE statement_lines SET face = 1 WHERE version = 2 AND account_id = 'P5'", "line 2 P5 was edited"),
        ("UPDATE order_lines SET face = 500000 WHERE account_id = 'P1'", "its line P1 was edited: face is 500,000"),
        ("UPDATE orders SET statement_id = 'st-A'", "its row was edited: statement_id is st-A"),
    ],
)
def test_an_edit_of_what_was_modified_is_named(
    engine: Engine, ledger: SqlLedger, filled: Order, tampering: str, told: str
) -> None:
    step, statement = modification(filled)
    ledger.advance("m", step, statement=statement)
    _run(engine, tampering)
    assert any(told in fault for fault in ledger.verify())
