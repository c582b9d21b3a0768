"""The past, a page at a time and added up, on each store."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from orders.canonical import digest
from orders.errors import Rejected
from orders.history import ALL, DecisionLine, Sought, Wanted
from orders.model import AuditEntry, Order, OrderLine, OrderState, Statement
from orders.ports import History
from storage import SqlLedger
from storage.history import SqlHistory
from tests.storage.emulated import Filling, some_on_snowflake
from tests.storage.samples import NOON, block, change

ACTIVE, CONFIRMED = OrderState.ACTIVE, OrderState.CONFIRMED


@pytest.fixture
def history(engine: Engine) -> SqlHistory:
    return SqlHistory(engine)


def _block(number: int) -> tuple[Statement, Order]:
    """Orders in two groups, of three bonds, by two people, two at each minute; every fifth is for other accounts."""
    created_at = NOON + timedelta(minutes=number // 2)
    by, batch = ("maria", "paul")[number % 4 == 0], ("", "b1", "b1", "b2")[number % 4]
    terms = {"asset_id": f"B{number % 3}", "created_by": by, "batch": batch}
    statement, order = block(f"{number:02}", ("CORE", "PLUS")[number % 2], created_at, **terms)
    if number % 5 == 0:
        body = statement.body.replace("P1", "Q1").replace("P2", "Q2").replace("P3", "Q3")
        statement = replace(statement, body=body, sha256=digest(body))
        lines = tuple(OrderLine(line.account_id.replace("P", "Q"), line.face) for line in order.lines)
        order = replace(order, statement_sha256=statement.sha256, lines=lines)
    return statement, order


def _twelve_orders(ledger: SqlLedger) -> list[Order]:
    orders = []
    for number in range(12):
        order = ledger.confirm(f"c{number}", *_block(number))
        if number % 3 == 0:
            first = order.lines[0].account_id
            filled = Decimal("150000.000001")
            step = change(order, ACTIVE, "active", filled=filled, booked={first: filled}, average_price=Decimal(99))
            order = ledger.advance(f"f{number}", step)
        orders.append(order)
    return sorted(orders, key=lambda order: (order.created_at, order.id), reverse=True)


@pytest.fixture
def past(filled: Filling) -> list[Order]:
    """Twelve orders, newest first; every third is active and half filled."""
    return filled(_twelve_orders)


def _meets(order: Order, wanted: Wanted) -> bool:
    return (
        (wanted.groups is None or order.group in wanted.groups)
        and (wanted.states is None or order.state in wanted.states)
        and (wanted.assets is None or order.asset_id in wanted.assets)
        and (wanted.account_id is None or wanted.account_id in {"P4", *(line.account_id for line in order.lines)})
        and (wanted.username is None or order.created_by == wanted.username)
        and (wanted.batch is None or order.batch == wanted.batch)
        and (wanted.engine is None or order.engine == wanted.engine)
        and (wanted.since is None or order.created_at >= wanted.since)
        and (wanted.until is None or order.created_at < wanted.until)
    )


def _turned(history: SqlHistory, wanted: Wanted, size: int) -> list[Order]:
    """Every page, one after the other."""
    rows: list[Order] = []
    cursor = ""
    while True:
        page = history.orders(wanted, size, cursor)
        rows.extend(page.rows)
        assert len(page.rows) == size or not page.cursor
        if not page.cursor:
            return rows
        cursor = page.cursor


def test_it_is_the_history_the_use_cases_ask_for(history: SqlHistory) -> None:
    asked_for: History = history
    assert asked_for.orders().rows == ()
    assert asked_for.orders().cursor == ""


def test_the_audit_log_is_read_a_page_at_a_time_by_whatever_is_sought(history: SqlHistory, past: list[Order]) -> None:
    whole = history.entries(Sought(), 500).rows
    assert [entry.at for entry in whole] == sorted((entry.at for entry in whole), reverse=True)
    assert {entry.stream for entry in whole} == {"group:CORE", "group:PLUS"} <= set(history.streams())
    turned: list[AuditEntry] = []
    cursor = ""
    while True:
        page = history.entries(Sought(), 3, cursor)
        turned.extend(page.rows)
        if not (cursor := page.cursor):
            break
    assert turned == list(whole)
    one = past[-1]
    assert [entry.action for entry in history.entries(Sought(subject=one.id)).rows][-1] == "confirm"
    for sought, meets in (
        (Sought(streams=frozenset({"group:CORE"})), lambda e: e.stream == "group:CORE"),
        (Sought(actor="paul", action="confirm"), lambda e: (e.actor, e.action) == ("paul", "confirm")),
        (Sought(since=whole[4].at, until=whole[1].at), lambda e: whole[4].at <= e.at < whole[1].at),
        (Sought(streams=frozenset()), lambda e: False),
    ):
        assert list(history.entries(sought, 500).rows) == [entry for entry in whole if meets(entry)]


_moments = st.none() | st.integers(-1, 7).map(lambda minutes: NOON + timedelta(minutes=minutes))
_wanted = st.builds(
    Wanted,
    groups=st.none() | st.frozensets(st.sampled_from(["CORE", "PLUS", "NONE"])),
    states=st.none() | st.frozensets(st.sampled_from([ACTIVE, CONFIRMED, OrderState.BOOKED])),
    assets=st.none() | st.frozensets(st.sampled_from(["B0", "B1", "B9"])),
    account_id=st.none() | st.sampled_from(["P1", "Q1", "P4", "X"]),
    username=st.none() | st.sampled_from(["maria", "paul"]),
    since=_moments,
    until=_moments,
    batch=st.none() | st.sampled_from(["", "b1", "b2", "b9"]),
    engine=st.none() | st.sampled_from(["min_dispersion", "equal"]),
    oldest_first=st.booleans(),
)


@pytest.mark.parametrize(("store", "examples"), some_on_snowflake(40), indirect=["store"])
def test_pages_together_are_what_is_wanted_in_order_of_time(
    history: SqlHistory, past: list[Order], examples: int
) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(wanted=_wanted, size=st.integers(1, 5))
    def are_what_is_wanted(wanted: Wanted, size: int) -> None:
        found = [order for order in past if _meets(order, wanted)][:: -1 if wanted.oldest_first else 1]
        assert _turned(history, wanted, size) == found
        assert +Counter(history.counts(wanted)) == Counter(order.state for order in found)

    are_what_is_wanted()


def test_all_orders_with_a_line_for_some_accounts_are_read_at_once_and_when_each_was_first_filled(
    history: SqlHistory, past: list[Order]
) -> None:
    theirs = [order for order in past if any(line.account_id in ("Q1", "Q2") for line in order.lines)]
    assert list(history.orders_of(["Q1", "Q2"])) == theirs
    assert list(history.orders_of(["Q1", "P1"])) == past
    assert list(history.orders_of(["Q1", "P1"], ["B0"])) == [order for order in past if order.asset_id == "B0"]
    assert history.orders_of(["X"]) == history.orders_of([]) == ()
    assert set(history.first_fills(["Q1", "Q2"])) == {order.id for order in theirs if order.filled}
    assert history.first_fills(["Q1"], ["B9"]) == {}


def test_orders_that_come_in_meanwhile_move_no_row(history: SqlHistory, ledger: SqlLedger, past: list[Order]) -> None:
    first = history.orders(size=5)
    ledger.confirm("late", *block("zz", created_at=NOON + timedelta(hours=1)))
    ledger.confirm("tie", *block("00a", created_at=first.rows[-1].created_at))
    second = history.orders(size=5, cursor=first.cursor)
    there_before = [order.id for order in past]
    seen = [order.id for order in (*first.rows, *second.rows) if order.id in there_before]
    assert seen == there_before[: len(seen)]
    assert len(seen) >= 9


def test_statements_are_found_by_what_their_orders_are(history: SqlHistory, past: list[Order]) -> None:
    page = history.statements(Wanted(groups=frozenset({"CORE"}), account_id="P1"), 3)
    wanted = [order for order in past if order.group == "CORE" and order.lines[0].account_id == "P3"]
    assert [decision.order_id for decision in page.rows] == [order.id for order in wanted[:3]]
    decision, order = page.rows[0], wanted[0]
    assert (decision.group, decision.asset_id, decision.side) == (order.group, order.asset_id, order.side)
    assert (decision.engine, decision.ordered, decision.placed) == (order.engine, order.ordered, order.face)
    assert (decision.metric, decision.dispersion_before, decision.dispersion_after) == ("asd", 0.3, 0.12)
    assert decision.improvement == pytest.approx(0.6)
    assert decision.sha256 == order.statement_sha256
    assert {d.order_id: d.filled for d in history.statements().rows} == {order.id: order.filled for order in past}
    assert page.cursor


@pytest.mark.parametrize(("account", "finds"), [("P4", 12), ("P3", 9), ("P9", 1)], ids=["nothing", "some", "booked"])
def test_an_account_finds_the_same_orders_whatever_is_read_of_them(
    history: SqlHistory, ledger: SqlLedger, past: list[Order], account: str, finds: int
) -> None:
    """Those that gave it nothing, and those where only Aladdin booked for it, as well."""
    ledger.advance("stranger", change(past[1], ACTIVE, "active", booked={"P9": Decimal(7)}))
    wanted = Wanted(account_id=account)
    found = [order.id for order in history.orders(wanted).rows]
    assert len(found) == finds
    assert [decision.order_id for decision in history.statements(wanted).rows] == found
    assert history.by_engine(wanted).allocations.sum() == finds
    assert history.improvement(wanted).allocations.sum() == finds


def test_a_statement_line_has_what_was_wished_given_and_why(history: SqlHistory, past: list[Order]) -> None:
    lines = history.statement_lines(past[0].id)
    assert [line.account_id for line in lines] == ["P3", "P1", "P2", "P4"]
    reason = "P3 gets what its cash buys."
    wish = Decimal("300000.33")
    assert lines[0] == DecisionLine("P3", wish, None, 300_000, wish, "cash", 300_000, reason)
    assert history.statement_lines("or-none") == ()


def test_each_fill_is_a_row_with_all_and_what_is_new(history: SqlHistory, ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    first = ledger.advance(
        "f", change(order, ACTIVE, "active", booked={"P1": Decimal(5)}, average_price=Decimal("99.5"))
    )
    again = ledger.advance("g", change(first, ACTIVE, "filled", booked={"P1": Decimal(5)}, filled=Decimal(9)))
    ledger.advance("h", change(again, ACTIVE, "filled", booked={"P1": Decimal(2), "P9": Decimal("0.5")}))
    assert [
        (row.version, row.account_id, row.booked, row.delta, row.average_price) for row in history.fills("or-A")
    ] == [
        (2, "P1", Decimal(5), Decimal(5), Decimal("99.5")),
        (4, "P1", Decimal(2), Decimal(-3), Decimal("99.5")),
        (4, "P9", Decimal("0.5"), Decimal("0.5"), Decimal("99.5")),
    ]
    assert history.fills("or-A")[0].at == first.updated_at


@pytest.mark.parametrize("cursor", ["x", "eA==", "MjAyNSB4", "é"])
def test_a_cursor_that_is_none_is_refused_in_words(history: SqlHistory, cursor: str) -> None:
    with pytest.raises(Rejected, match="start again from the first page"):
        history.orders(cursor=cursor)


@pytest.mark.parametrize("size", [0, 501])
def test_a_page_has_a_size(history: SqlHistory, size: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 500 rows"):
        history.orders(size=size)


def test_every_state_has_a_count_though_none_is_in_it(history: SqlHistory, past: list[Order]) -> None:
    assert history.counts() == {**dict.fromkeys(OrderState, 0), ACTIVE: 4, CONFIRMED: 8}
    assert history.counts(Wanted(states=frozenset({ACTIVE}), batch="b1"))[ACTIVE] == 2
    assert history.counts(Wanted(groups=frozenset())) == dict.fromkeys(OrderState, 0)


def test_engines_add_up(history: SqlHistory, past: list[Order]) -> None:
    frame = history.by_engine()
    assert frame.to_dict("records") == [
        {
            "engine": "min_dispersion",
            "allocations": 12,
            "ordered": 12 * 1_050_000,
            "placed": 12_000_000,
            "filled": Decimal("600000.000004"),
            "measured": 12,
            "improvement": pytest.approx(0.6),
        }
    ]
    assert [str(kind) for kind in frame.dtypes[["allocations", "placed", "improvement"]]] == ["int64"] * 2 + ["float64"]
    assert list(history.by_engine(Wanted(groups=frozenset({"PLUS"}), states=frozenset({ACTIVE}))).allocations) == [2]


def test_a_sum_of_faces_is_exact_beyond_what_64_bits_hold_in_millionths(
    engine: Engine, history: SqlHistory, past: list[Order]
) -> None:
    many = "9000000000000.000001"
    stored = many.replace(".", "") if engine.dialect.name == "sqlite" else many
    with engine.begin() as conn:
        conn.execute(text(f"UPDATE orders SET filled = {stored}"))
    assert list(history.by_engine().filled) == [Decimal(many) * 12]


def test_improvement_through_time_is_by_month_or_day(history: SqlHistory, ledger: SqlLedger, past: list[Order]) -> None:
    ledger.confirm("later", *block("later", created_at=NOON + timedelta(days=20)))
    monthly = history.improvement()
    assert list(monthly.period) == ["2025-09", "2025-10"]
    assert list(monthly.allocations) == [12, 1]
    assert list(monthly.before) == pytest.approx([0.3, 0.3])
    assert list(monthly.improvement) == pytest.approx([0.6, 0.6])
    assert list(history.improvement(Wanted(since=NOON), daily=True).period) == ["2025-09-15", "2025-10-05"]


def test_an_order_in_whose_dispersion_nobody_counts_lowers_no_mean(
    engine: Engine, history: SqlHistory, past: list[Order]
) -> None:
    with engine.begin() as conn:
        conn.execute(
            text(
                "UPDATE statement_figures SET dispersion_before = 0, dispersion_after = 0, improvement = NULL "
                f"WHERE order_id = '{past[0].id}'"
            )
        )
    (monthly,) = history.improvement().itertuples()
    assert (monthly.allocations, monthly.before, monthly.improvement) == pytest.approx((12, 0.3, 0.6))


def test_participation_says_how_each_account_fared(history: SqlHistory, past: list[Order]) -> None:
    frame = history.participation().set_index("account_id")
    assert list(frame.index) == ["P1", "P2", "P3", "P4", "Q1", "Q2", "Q3"]
    third = frame.loc["P3"]
    assert (third.considered, third.given, third.face) == (9, 9, 9 * 300_000)
    assert third.wish == Decimal("300000.33") * 9
    assert third.share == pytest.approx(300_000 / 300_000.33)
    assert (third.booked, third.filled) == (Decimal("150000.000001") * 3, 3)
    assert third.seconds == pytest.approx(5.0, abs=0.002)
    fourth = frame.loc["P4"]
    assert (fourth.considered, fourth.given, fourth.face, fourth.booked) == (12, 0, 0, 0)
    assert fourth.share == 0
    assert fourth.isna().seconds
    assert list(history.participation(Wanted(account_id="Q2")).considered) == [3]


def test_the_time_to_the_first_fill_is_counted_by_engine(
    history: SqlHistory, ledger: SqlLedger, past: list[Order]
) -> None:
    late = next(order for order in past if order.state is CONFIRMED)
    step = change(late, ACTIVE, "active", booked={late.lines[0].account_id: Decimal(9)})
    ledger.advance("late", replace(step, at=late.created_at + timedelta(hours=3)))
    frame = history.waits()
    assert list(frame.engine) == ["min_dispersion"]
    counted = frame.iloc[0]
    assert (counted.orders, counted.minute, counted.two_hours, counted.day, counted.longer) == (5, 4, 0, 1, 0)
    assert (counted.shortest, counted.longest) == pytest.approx((5.0, 3 * 3600), abs=0.01)
    assert counted.seconds == pytest.approx((4 * 5 + 3 * 3600) / 5, abs=0.01)
    assert counted["median"] == pytest.approx(5.0, abs=0.01), "one that waited long moves it by nothing"
    assert history.waits(Wanted(engine="equal")).empty


def test_frames_of_nothing_have_their_columns(history: SqlHistory) -> None:
    for frame in (history.by_engine(), history.improvement(ALL), history.participation(), history.waits()):
        assert len(frame) == 0
        assert "int64" in {str(kind) for kind in frame.dtypes}
