from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, generate_latest

from allocation.errors import InvalidBlock, InvalidParameter, OffLattice
from allocation.model import Choices, Side
from allocation.partial_fill import FillPolicy
from orders.canonical import digest
from orders.desk import Desk, Preview, Request
from orders.errors import InvalidSettlement, NotFound, NotPermitted, PreviewChanged, Rejected, StaleData
from orders.model import Group, OrderState
from orders.ports import Dated
from storage import SqlLedger, open_engine
from tests.allocation.desk import account, bond
from tests.orders.desk import ANALYST, BOOK, COMPLIANCE, PM, Outfit, dated, outfit, records


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    return outfit(tmp_path)


def request(face: int = 2_000_000, side: Side = Side.BUY, **also: object) -> Request:
    return Request("BIG6", "B", side, face, date(2026, 11, 23), **also)  # type: ignore[arg-type]


def preview(at: Outfit) -> Preview:
    return at.desk.preview(PM, request())


def test_a_user_sees_the_groups_of_their_entry_only(at: Outfit) -> None:
    assert at.desk.groups(PM) == ("BIG6",)
    assert at.desk.groups(ANALYST) == ("BIG6", "OPNIC")
    with pytest.raises(NotPermitted, match="not entitled to the group OPNIC"):
        at.desk.group(PM, "OPNIC")


def test_an_unknown_group_is_not_found(at: Outfit) -> None:
    with pytest.raises(NotFound, match="no portfolio group BIG7"):
        at.desk.group(ANALYST, "BIG7")


def test_a_preview_writes_nothing(at: Outfit) -> None:
    preview(at)
    assert at.ledger.orders() == ()
    assert at.ledger.audit() == () or all(entry.action != "confirm" for entry in at.ledger.audit())


def test_what_had_to_be_assumed_of_a_bond_is_a_warning_of_the_preview(at: Outfit) -> None:
    at.market.notes = ("Aladdin tells no factor of B: it is taken to be 1.",)
    assert at.market.notes[0] in preview(at).warnings


def test_the_usual_settlement_is_the_next_day_of_the_bond_market(at: Outfit) -> None:
    assert at.desk.settlement(bond()) == date(2026, 11, 23)


def test_a_holiday_is_refused_with_the_next_business_day(at: Outfit) -> None:
    with pytest.raises(InvalidSettlement, match="Thu 26 Nov 2026 is a holiday") as refused:
        at.desk.preview(PM, replace(request(), settlement=date(2026, 11, 26)))
    assert refused.value.proposed == date(2026, 11, 27)


def test_a_settlement_before_the_books_date_is_refused(at: Outfit) -> None:
    with pytest.raises(InvalidSettlement, match="before the book's date"):
        at.desk.preview(PM, replace(request(), settlement=date(2026, 11, 19)))


def test_a_face_between_lots_is_sent_back_with_the_nearest(at: Outfit) -> None:
    with pytest.raises(OffLattice) as refused:
        at.desk.preview(PM, request(2_000_500))
    assert (refused.value.below, refused.value.above) == (2_000_000, 2_001_000)


def test_a_face_below_the_minimum_piece_proposes_the_piece(at: Outfit) -> None:
    at.market.bonds["B"] = dated(bond(200_000, 1_000))
    with pytest.raises(OffLattice, match=r"below the minimum piece of 200,000.*: 200,000\."):
        at.desk.preview(PM, request(150_000))


def test_a_face_that_would_be_refused_is_not_proposed(at: Outfit) -> None:
    with pytest.raises(OffLattice, match=r"can be traded: 999,999,999,000\.") as refused:
        at.desk.preview(PM, request(999_999_999_999))
    assert (refused.value.below, refused.value.above) == (999_999_999_000, 0)


def test_an_odd_holding_may_be_sold_whole(at: Outfit) -> None:
    at.market.accounts = (account("A", held="1234567"),)
    made = at.desk.preview(PM, request(1_234_567, Side.SELL, choices=Choices(parameters={"by": "holding"})))
    assert made.proposal.lines[0].face == 1_234_567


def test_an_old_price_is_shown_and_a_very_old_one_blocks(at: Outfit) -> None:
    at.market.bonds["B"] = dated(bond(), price=date(2026, 11, 18))
    assert "2 business days old" in preview(at).warnings[0]
    at.market.bonds["B"] = dated(bond(), price=date(2026, 11, 10))
    with pytest.raises(StaleData, match="Type a price to go on"):
        preview(at)
    typed = at.desk.preview(PM, request(limit=Decimal(99)))
    assert typed.proposal.block.mark == Decimal(99)
    assert "The typed price is used instead" in typed.warnings[0]


def test_old_analytics_block_whatever_price_is_typed(at: Outfit) -> None:
    at.market.bonds["B"] = dated(bond(), measures=date(2026, 11, 10))
    with pytest.raises(StaleData, match="analytics"):
        at.desk.preview(PM, request(limit=Decimal(99)))


def test_confirming_stores_a_statement_whose_hash_is_its_bodys(at: Outfit) -> None:
    order = at.desk.confirm(PM, preview(at), "new money", "c1")
    statement = at.desk.past.statement(PM, order.id)
    assert order.state is OrderState.CONFIRMED
    assert statement.sha256 == digest(statement.body) == order.statement_sha256
    body = json.loads(statement.body)
    assert body["confirmed"]["comment"] == "new money"
    assert [line["face"] for line in body["lines"]] == [1_000_000, 1_000_000]
    assert body["accounts"][0]["exposures"]["asd"]["value"] == 5.0
    assert at.market.fresh_reads == 1


def test_the_same_confirmation_twice_is_one_order(at: Outfit) -> None:
    made = preview(at)
    assert at.desk.confirm(PM, made, "x", "c1").id == at.desk.confirm(PM, made, "x", "c1").id
    assert len(at.ledger.orders()) == 1
    assert len(at.ledger.intents()) == 1


def test_an_analyst_may_preview_but_not_confirm_and_compliance_may_neither(at: Outfit) -> None:
    made = at.desk.preview(ANALYST, request())
    with pytest.raises(NotPermitted):
        at.desk.confirm(ANALYST, made, "", "c1")
    with pytest.raises(NotPermitted):
        at.desk.preview(COMPLIANCE, request())
    assert at.ledger.orders() == ()


def test_a_preview_the_world_has_left_behind_is_refused_with_what_changed(at: Outfit) -> None:
    made = preview(at)
    at.market.accounts = (account("A", cash="100000"), account("B"))
    with pytest.raises(PreviewChanged) as moved:
        at.desk.confirm(PM, made, "", "c1")
    assert any(change.startswith("A: 1,000,000 -> 101,000") for change in moved.value.changes)
    assert at.ledger.orders() == ()


def test_cash_of_a_confirmed_order_is_not_spent_again(at: Outfit) -> None:
    before = at.desk.group(PM, "BIG6").value.accounts[0].cash
    at.desk.confirm(PM, preview(at), "", "c1")
    after = at.desk.group(PM, "BIG6").value.accounts[0].cash
    assert before is not None
    assert after == before - Decimal(985_000)


def test_a_holding_promised_to_a_sell_is_not_sold_again(at: Outfit) -> None:
    at.market.accounts = (account("A", held="1000000"),)
    sell = request(600_000, Side.SELL, choices=Choices(parameters={"by": "holding"}))
    at.desk.confirm(PM, at.desk.preview(PM, sell), "", "c1")
    again = at.desk.preview(PM, sell)
    assert again.proposal.lines[0].face == 400_000


def test_a_comment_that_is_too_long_is_refused(at: Outfit) -> None:
    with pytest.raises(NotPermitted, match="longer than 500"):
        at.desk.confirm(PM, preview(at), "x" * 501, "c1")


def test_an_order_of_another_group_is_not_found(at: Outfit) -> None:
    order = at.desk.confirm(PM, preview(at), "", "c1")
    stranger = replace(PM, groups=frozenset({"OPNIC"}))
    assert at.desk.past.orders(stranger).rows == ()
    with pytest.raises(NotFound):
        at.desk.past.order(stranger, order.id)


def test_who_holds_a_bond_is_listed_largest_first(at: Outfit) -> None:
    at.market.accounts = (account("A", held="100000"), account("B", held="300000"), account("C"))
    assert [h.account_id for h in at.desk.holders(PM, "B", "BIG6")] == ["B", "A"]


def test_undated_figures_are_shown_as_such(at: Outfit) -> None:
    at.market.bonds["B"] = bond()
    assert [warning for warning in preview(at).warnings if "no date" in warning] == [
        "The price of A bond carries no date: its age is not known.",
        "The analytics of A bond carry no date: their age is not known.",
    ]


def test_a_bond_that_matures_before_settlement_is_refused(at: Outfit) -> None:
    at.market.bonds["B"] = dated(bond(maturity=date(2026, 11, 23)))
    with pytest.raises(InvalidBlock, match="matures on 23 Nov 2026"):
        preview(at)


def test_a_price_that_moved_is_looked_at_again_even_when_the_faces_stay(at: Outfit) -> None:
    made = preview(at)
    at.market.bonds["B"] = dated(bond(price="99.5"))
    with pytest.raises(PreviewChanged) as moved:
        at.desk.confirm(PM, made, "", "c1")
    assert moved.value.changes[0].startswith("Price: 98.5")


def test_a_preview_is_noted_once_however_often_the_page_asks_for_it(at: Outfit) -> None:
    for face in (1_000_000, 1_000_000, 2_000_000, 2_000_000):
        at.desk.preview(PM, request(face))
    at.desk.preview(ANALYST, request(2_000_000))
    assert [(who, said) for who, what, _, said in at.activity.deeds if what == "previewed"] == [
        ("pm", "BUY 1,000,000 A bond by pro_rata: 1,000,000 placed"),
        ("pm", "BUY 2,000,000 A bond by pro_rata: 2,000,000 placed"),
        ("ana", "BUY 2,000,000 A bond by pro_rata: 2,000,000 placed"),
    ]


@pytest.mark.parametrize("otherwise", ["person", "split", "time", "fills"])
def test_a_confirmation_of_another_person_split_time_or_way_to_fill_is_not_the_one_that_was_made(
    at: Outfit, otherwise: str
) -> None:
    made = at.desk.confirm(PM, preview(at), "", "c1")
    assert at.desk.confirm(PM, preview(at), "", "c1") == made
    user = replace(PM, username="pm2") if otherwise == "person" else PM
    choices = Choices(locked={"A": 2_000_000, "B": 0}) if otherwise == "split" else Choices()
    later = at.clock.now() + timedelta(days=3) if otherwise == "time" else None
    seen = at.desk.preview(user, request(choices=choices))
    fills = FillPolicy.SMALLEST_FIRST if otherwise == "fills" else FillPolicy.PRO_RATA
    with pytest.raises(Rejected, match="which is another one"):
        at.desk.confirm(user, seen, "", "c1", release_at=later, fills=fills)
    assert at.ledger.orders() == (made,)


def test_a_command_that_made_another_block_is_refused(at: Outfit) -> None:
    at.desk.confirm(PM, preview(at), "", "c1")
    with pytest.raises(Rejected, match="already made order"):
        at.desk.confirm(PM, at.desk.preview(PM, request(1_000_000)), "", "c1")
    assert len(at.ledger.orders()) == 1


def test_two_processes_do_not_promise_the_same_cash(at: Outfit, tmp_path: Path) -> None:
    at.market.accounts = (account("A", cash="2000000"), account("B", cash="2000000"))
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    other = Desk(at.market, at.compliance, records(SqlLedger(engine, BOOK.id, at.clock), engine), at.clock, BOOK)
    made = at.desk.preview(PM, request(3_000_000))
    reading = at.market.group

    def overtaken(ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        """The other process confirms while this one reads."""
        at.market.group = reading  # type: ignore[method-assign]
        other.confirm(PM, other.preview(PM, request(3_000_000)), "", "theirs")
        return reading(ticker, settlement, fresh=fresh)

    at.market.group = overtaken  # type: ignore[method-assign]
    with pytest.raises(PreviewChanged):
        at.desk.confirm(PM, made, "", "ours")
    assert [order.comment for order in at.ledger.orders()] == [""]
    assert at.ledger.confirmed() == 1


def test_what_is_decided_at_a_weekend_is_traded_on_the_next_business_day(tmp_path: Path) -> None:
    at = outfit(tmp_path)
    at.clock.today_ = date(2026, 11, 21)
    made = at.desk.preview(PM, replace(request(), settlement=date(2026, 11, 24)))
    assert at.desk.confirm(PM, made, "", "c1").trade_date == date(2026, 11, 23)


def test_cash_may_be_overridden_with_a_reason_which_the_statement_keeps(at: Outfit) -> None:
    shown = at.desk.preview(PM, request(20_000_000, choices=Choices(respect_cash=False)))
    with pytest.raises(NotPermitted, match="say why"):
        at.desk.confirm(PM, shown, "", "c1", override="  ")
    why = "funded by tomorrow's inflow"
    order = at.desk.confirm(PM, shown, "", "c1", override=why, accepted=dict.fromkeys(shown.warnings, why))
    body = json.loads(at.ledger.statement(order.id).body)
    assert body["confirmed"]["override"] == "funded by tomorrow's inflow"
    assert body["choices"]["respect_cash"] is False


def test_faces_that_are_not_rounded_are_never_confirmed(at: Outfit) -> None:
    shown = at.desk.preview(PM, request(2_000_007, choices=Choices(round_to_denomination=False)))
    assert shown.proposal.placed == 2_000_007
    with pytest.raises(NotPermitted, match="cannot be confirmed"):
        at.desk.confirm(PM, shown, "", "c1", override="please")


def test_an_order_on_its_way_counts_as_held_and_moves_the_metrics(at: Outfit) -> None:
    shown = preview(at)
    at.desk.confirm(PM, shown, "", "c1")
    after = {account.id: account for account in at.desk.group(PM, "BIG6").value.accounts}
    for line in shown.proposal.lines:
        before = next(a for a in shown.proposal.accounts if a.id == line.account_id)
        assert after[line.account_id].held("B") == before.held("B") + line.face
        metric = shown.proposal.effect.metric
        assert after[line.account_id].exposures[metric].value == shown.proposal.effect.after[line.account_id]


def test_the_statement_freezes_every_choice_and_the_limits(at: Outfit) -> None:
    choices = Choices("min_dispersion", locked={"A": 500_000}, min_allocation=2_000, tolerance=0.1)
    order = at.desk.confirm(PM, at.desk.preview(PM, request(choices=choices)), "", "c1")
    body = json.loads(at.ledger.statement(order.id).body)
    assert body["choices"]["locked"] == {"A": 500_000}
    assert body["choices"]["parameters"] == {"weighting": "equal", "centre": "mean", "targets": {}}
    assert (body["choices"]["min_allocation"], body["choices"]["tolerance"]) == (2_000, 0.1)
    assert body["limits"] == {"version": 0, "rows": []}
    assert body["certificate"]["status"] == "optimal"


def test_an_engine_that_is_not_there_leaves_no_series_behind(at: Outfit) -> None:
    with pytest.raises(InvalidParameter):
        at.desk.preview(PM, request(choices=Choices("bogus")))
    assert b"bogus" not in generate_latest(REGISTRY)
