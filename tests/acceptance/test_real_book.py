"""A real book of 43 funds, from its CSV files to booked orders, through the simulated Aladdin."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.errors import MetricUnavailable, OffLattice
from allocation.metrics import offered_first
from allocation.model import Bond, Choices, Metric, Side
from bootstrap import House
from orders.desk import Request
from orders.dispatch import LEASE, LEASE_SECONDS
from orders.errors import NotFound
from orders.lifecycle import FINAL
from orders.model import Order, OrderState
from tests.house import PM, forget_settings, house_on
from ui import tables

BOOK = Path(__file__).parents[3] / "shared" / "data" / "absl-2025-09-15"
GROUP = "ABSL-ALL"
FRACTIONAL = "INE134E08LT3"  # one fund holds 83,333,333.33 of it
pytestmark = pytest.mark.skipif(not BOOK.exists(), reason="the real book is not on this machine")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("real-book")
    with pytest.MonkeyPatch.context() as monkeypatch:
        forget_settings(monkeypatch, data)
        with house_on(data, demo=False, book_dir=BOOK, demo_fill_seconds=0.4) as opened:
            yield opened


def bonds_by_increment(house: House) -> dict[int, Bond]:
    """For each increment of the book a bond that is held, has every figure needed and some life left, by a search in
    words."""
    found: dict[int, Bond] = {}
    for words in ("government", "power finance", "nabard", "hdfc", "sidbi", "bank"):
        for bond in house.office.desk.find(PM, words).value:
            lives = bond.maturity is not None and bond.maturity > date(2026, 1, 1)
            if lives and bond.price is not None and bond.measures.spread_duration is not None:
                found.setdefault(bond.increment, bond)
    return found


def block(house: House, bond: Bond, engine: str, side: Side = Side.BUY) -> Request:
    """A block of 400 increments, or of the worth of 200 million where an increment is small."""
    face = max(400 * bond.increment, 200_000_000)
    choices = Choices(engine, metric=Metric.SPREAD_DURATION, excluded=without_metric(house))
    return Request(GROUP, bond.asset_id, side, face, house.office.desk.settlement(bond), choices=choices)


def without_metric(house: House, metric: Metric = Metric.SPREAD_DURATION) -> frozenset[str]:
    """The funds with too many holdings without the figure."""
    accounts = house.office.desk.group(PM, GROUP).value.accounts
    return frozenset(a.id for a in accounts if a.exposures[metric].value is None)


def work_until_final(house: House, orders: list[Order]) -> list[Order]:
    """Rounds of the worker until each order has ended."""
    ledger = house.dispatch._ledger
    for _ in range(300):
        lease = ledger.acquire(LEASE, house.dispatch.holder, LEASE_SECONDS)
        assert lease is not None
        house.dispatch.work(lease)
        now = [ledger.order(order.id) for order in orders]
        if all(order.state in FINAL for order in now):
            return now
        time.sleep(0.1)
    raise AssertionError(f"still open: {[order.state for order in now]}")


def test_the_book_is_read_whole(house: House) -> None:
    desk = house.office.desk
    assert (house.book.kind, house.book.as_of, house.book.currency) == ("csv", date(2025, 9, 15), "INR")
    assert desk.today() == date(2025, 9, 15)
    assert len(desk.group(PM, GROUP).value.accounts) == 43
    parts = [desk.group(PM, group).value.accounts for group in desk.groups(PM) if group != GROUP]
    assert sum(map(len, parts)) == 43


def test_without_benchmarks_no_fund_has_an_active_spread_duration_and_says_why(house: House) -> None:
    accounts = house.office.desk.group(PM, GROUP).value.accounts
    assert all(a.exposures[Metric.ASD].value is None and a.exposures[Metric.ASD].reason for a in accounts)
    assert offered_first(accounts) is Metric.SPREAD_DURATION
    request = block(house, next(iter(bonds_by_increment(house).values())), "pro_rata")
    with pytest.raises(MetricUnavailable) as refused:
        house.office.desk.preview(PM, replace(request, choices=Choices("pro_rata", metric=Metric.ASD)))
    assert len(refused.value.reasons) == 43


def test_a_bond_is_found_by_isin_and_by_words(house: House) -> None:
    desk = house.office.desk
    (bond,) = desk.find(PM, "IN0020240126").value
    assert bond.label == "Government of India (07/10/2034)"
    assert bond.asset_id in {found.asset_id for found in desk.find(PM, "government india 2034").value}
    assert desk.holders(PM, bond.asset_id, GROUP)


def test_a_mistyped_isin_is_told_apart_from_an_unknown_one(house: House) -> None:
    with pytest.raises(NotFound, match="check digit"):
        house.office.desk.find(PM, "IN0020240127")


@pytest.mark.parametrize("engine", ["pro_rata", "equal"])
@pytest.mark.parametrize("increment", [100, 100_000, 500_000, 1_000_000])
def test_every_increment_is_kept_and_every_unit_is_accounted_for(house: House, engine: str, increment: int) -> None:
    bond = bonds_by_increment(house)[increment]
    proposal = house.office.desk.preview(PM, block(house, bond, engine)).proposal
    assert proposal.placed > 0
    assert proposal.placed + sum(row.face for row in proposal.unallocated) == proposal.block.face
    assert all(line.face % increment == 0 for line in proposal.lines)
    assert all(line.face == 0 or line.face >= bond.min_piece for line in proposal.lines)
    assert all(line.face <= line.cap.face for line in proposal.lines)
    assert all(line.cash_after is not None and line.cash_after >= 0 for line in proposal.lines if line.face)
    assert set(proposal.effect.excluded) == without_metric(house)
    assert len(proposal.effect.before) == 43 - len(proposal.effect.excluded)


def test_a_fractional_holding_is_never_sold_beyond_what_is_held(house: House) -> None:
    desk = house.office.desk
    holders = desk.holders(PM, FRACTIONAL, GROUP)
    held = {holder.account_id: holder.face for holder in holders}
    assert any(face != int(face) for face in held.values())
    whole = sum(int(face) for face in held.values())
    choices = Choices("pro_rata", {"by": "holding"}, Metric.DURATION, without_metric(house, Metric.DURATION))
    bond = desk.bond(PM, FRACTIONAL).value
    request = Request(GROUP, FRACTIONAL, Side.SELL, whole, desk.settlement(bond), choices=choices)
    with pytest.raises(OffLattice) as refused:
        desk.preview(PM, request)
    proposal = desk.preview(PM, replace(request, face=refused.value.below)).proposal
    assert proposal.placed + sum(row.face for row in proposal.unallocated) == refused.value.below
    assert all(line.face <= held.get(line.account_id, 0) for line in proposal.lines)
    assert proposal.placed > 0


@pytest.mark.soak
def test_the_whole_job_from_preview_to_booked(house: House) -> None:
    desk, ledger = house.office.desk, house.dispatch._ledger
    engines = ("pro_rata", "equal", "pro_rata", "equal")
    cash = _cash(house)
    orders: list[Order] = []
    money = Decimal(0)
    for engine, (increment, bond) in zip(engines, sorted(bonds_by_increment(house).items()), strict=True):
        preview = desk.preview(PM, block(house, bond, engine))
        comment, accepted = f"in steps of {increment:,}", dict.fromkeys(preview.warnings, "as meant")
        orders.append(desk.confirm(PM, preview, comment, f"command-{increment}", accepted=accepted))
        money += tables.money_and_cash(preview.proposal)[0]["INR"]
        assert _cash(house) == cash - money, "what is confirmed cannot be spent again"
    booked = work_until_final(house, orders)
    for before, after in zip(orders, booked, strict=True):
        assert after.state is OrderState.BOOKED
        assert after.filled == after.face == sum(line.booked for line in after.lines)
        assert {line.account_id: line.booked for line in after.lines} == {
            line.account_id: line.face for line in before.lines
        }
        assert json.loads(desk.past.statement(PM, after.id).body)["book"]["id"] == house.book.id
    assert _cash(house) == pytest.approx(cash - money, rel=Decimal("0.001"))
    assert ledger.intents() == ()
    assert ledger.verify() == ()


def _cash(house: House) -> Decimal:
    """What the group may spend, read anew."""
    return tables.totals(house.office.desk.group(PM, GROUP, fresh=True).value.accounts)[1]["INR"]
