"""What a person may make of an order alone, and what not, whatever the screen offered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from allocation.limits import Limit, Rule
from allocation.model import Side
from orders.checks import Policy
from orders.errors import NotPermitted, PreviewChanged
from orders.model import Group, Order, OrderState, Role, User
from orders.ports import Dated
from tests.allocation.desk import account
from tests.orders.changes import at_aladdin, at_desk, counts, modify, seen
from tests.orders.desk import PM, outfit
from tests.orders.test_desk import request
from tests.orders.watch import Watch

APPROVER = User("app", "Ap", frozenset({Role.APPROVER}), frozenset({"*"}))


def approved(directory: Path, policy: Policy | None = None, limit: Decimal | None = Decimal("98")) -> Watch:
    """An order of 2,000,000 at Aladdin that a second person approved."""
    watch = at_desk(directory, policy or Policy(approval_from=2_000_000))
    desk = watch.at.desk
    order = desk.confirm(PM, desk.preview(PM, request(limit=limit)), "", "c1")
    desk.orders.approve(APPROVER, order.id, order.statement_sha256, "a1")
    watch.round()
    watch.broker.fill("Active")
    watch.round()
    return watch


@pytest.mark.parametrize(
    "terms",
    [
        {"face": 1_999_000, "locked": {"A": 1_999_000, "B": 0}},
        {"face": 1_000_000, "limit": Decimal("99.5")},
        {"face": 1_000_000, "limit": None},
        {"locked": {"A": 900_000, "B": 1_100_000}},
    ],
    ids=["another split", "a worse limit", "at market", "the same face otherwise"],
)
def test_what_a_second_person_approved_is_not_changed_alone(tmp_path: Path, terms: Any) -> None:
    watch = approved(tmp_path)
    with pytest.raises(NotPermitted, match=r"A second person approved this order.*confirm another one"):
        modify(watch, **terms)
    assert watch.order().state is OrderState.ACTIVE


def test_what_a_second_person_approved_may_get_less_at_a_better_limit(tmp_path: Path) -> None:
    watch = approved(tmp_path)
    assert modify(watch, face=1_000_000, limit=Decimal("97.5")).face == 1_000_000
    watch.round()
    with pytest.raises(NotPermitted, match="A second person approved this order"):
        modify(watch, "m2", face=1_500_000)  # below the size by now, and less than was approved


def test_an_order_approved_under_another_setting_was_approved(tmp_path: Path) -> None:
    watch = approved(tmp_path, Policy(approval_from=0))
    watch.at = outfit(tmp_path)  # without it, after a restart
    with pytest.raises(NotPermitted, match="A second person approved this order"):
        modify(watch, face=3_000_000)


@pytest.mark.parametrize("face", [1_999_000, 2_500_000])
def test_an_order_of_a_second_persons_size_before_or_after_is_not_changed_alone(tmp_path: Path, face: int) -> None:
    watch = at_aladdin(tmp_path)
    watch.at = outfit(tmp_path, Policy(approval_from=2_000_000))
    with pytest.raises(NotPermitted, match="An order of 2,000,000 or more needs a second person"):
        modify(watch, face=face, locked={"A": face, "B": 0})


def test_a_small_order_is_raised_alone_to_less_than_a_second_persons_size(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    watch.at = outfit(tmp_path, Policy(approval_from=3_000_000))
    with pytest.raises(NotPermitted, match=r"^3,000,000 would need a second person.*raise it to less than that"):
        modify(watch, face=3_000_000)
    assert modify(watch, face=2_900_000).face == 2_900_000


def confirmed_and_sent(watch: Watch, *faces: int) -> list[Order]:
    """Orders of these faces at Aladdin, each confirmed by one person alone."""
    desk = watch.at.desk
    for number, face in enumerate(faces):
        order = desk.confirm(PM, desk.preview(PM, request(face)), "", f"c{number}")
        assert order.state is OrderState.CONFIRMED
        watch.round()
        watch.broker.fill("Active")
        watch.round()
    return list(reversed(watch.at.ledger.orders()))


def larger(watch: Watch, order: Order, face: int, command_id: str) -> Order:
    modifying = watch.at.desk.modifying
    preview = watch.at.desk.preview(PM, replace(modifying.request(PM, order.id), face=face))
    return modifying.modify(PM, preview, "more", command_id, dict.fromkeys(preview.warnings, "agreed"))


def test_a_block_is_not_made_large_alone_by_making_its_parts_larger(tmp_path: Path) -> None:
    watch = at_desk(tmp_path, Policy(approval_from=2_000_000))
    first, second = confirmed_and_sent(watch, 900_000, 1_000_000)
    with pytest.raises(NotPermitted, match=r"within a day.*comes to 2,900,000, and 2,000,000 or more.*only make it"):
        larger(watch, first, 1_900_000, "m1")
    assert larger(watch, first, 990_000, "m2").face == 990_000
    assert larger(watch, second, 500_000, "m3").face == 500_000  # less is always allowed


def test_what_was_confirmed_long_ago_and_made_larger_today_counts_by_what_was_added(tmp_path: Path) -> None:
    watch = at_desk(tmp_path, Policy(approval_from=2_000_000))
    first, second = confirmed_and_sent(watch, 900_000, 1_000_000)
    watch.at.clock.pass_(86_401)
    assert larger(watch, first, 1_900_000, "m1").face == 1_900_000
    watch.round()
    with pytest.raises(NotPermitted, match=r"comes to 2,900,000"):
        larger(watch, second, 1_900_000, "m2")
    seen = watch.at.desk.preview(PM, request(1_000_000))
    assert "comes to 2,000,000" in watch.at.desk.second_person(PM, seen)
    assert not watch.at.desk.second_person(PM, watch.at.desk.preview(PM, request(999_000)))


def test_a_modification_that_nobody_knows_the_end_of_counts_with_the_larger_face(tmp_path: Path) -> None:
    watch = at_desk(tmp_path, Policy(approval_from=2_000_000))
    (order,) = confirmed_and_sent(watch, 1_900_000)
    assert larger(watch, order, 100_000, "m1").state is OrderState.MODIFY_PENDING
    seen = watch.at.desk.preview(PM, request(1_000_000))
    assert "comes to 2,900,000" in watch.at.desk.second_person(PM, seen)
    watch.round()
    assert not watch.at.desk.second_person(PM, seen)


def test_a_reason_why_a_modification_goes_on_is_as_short_as_one_of_a_confirmation(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    preview = seen(watch, limit=Decimal(103))
    with pytest.raises(NotPermitted, match="A reason is longer than 500 characters"):
        watch.at.desk.modifying.modify(PM, preview, "more", "m1", dict.fromkeys(preview.warnings, "x" * 501))
    assert watch.at.ledger.statement(watch.order().id).version == 1


def test_faces_that_are_not_rounded_never_reach_aladdin(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    with pytest.raises(NotPermitted, match="cannot be confirmed"):
        modify(watch, face=3_333_333, round_to_denomination=False)
    watch.round()
    assert watch.broker.book["1"].face == 2_000_000


def test_cash_is_overridden_with_a_reason_which_the_new_statement_keeps(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    preview = seen(watch, face=20_000_000, respect_cash=False)
    others = {warning: "agreed" for warning in preview.warnings if not warning.startswith("Cash")}
    with pytest.raises(NotPermitted, match="Cash was not respected: say why"):
        watch.at.desk.modifying.modify(PM, preview, "more", "m1", others)
    agreed = dict.fromkeys(preview.warnings, "funded by tomorrow's inflow")
    order = watch.at.desk.modifying.modify(PM, preview, "more", "m1", agreed)
    assert order.face == 20_000_000
    assert (
        json.loads(watch.at.ledger.statement(order.id).body)["confirmed"]["override"] == "funded by tomorrow's inflow"
    )


@pytest.mark.parametrize(
    "otherwise",
    [{"group": "OPNIC"}, {"settlement": date(2026, 11, 24)}, {"asset_id": "C"}, {"side": Side.SELL}],
    ids=lambda otherwise: next(iter(otherwise)),
)
def test_an_order_stays_of_its_group_bond_side_and_settlement(tmp_path: Path, otherwise: Any) -> None:
    watch = at_aladdin(tmp_path)
    both, reading = replace(PM, groups=frozenset({"BIG6", "OPNIC"})), watch.at.market.group
    watch.at.market.bonds["C"] = replace(watch.at.market.bonds["B"], asset_id="C")

    def by_name(ticker: str, settlement: date, *, fresh: bool = False) -> Dated[Group]:
        read = reading(ticker, settlement, fresh=fresh)
        others = (account("X", held="5000000"), account("A", held="5000000"))
        return replace(read, value=Group(ticker, others)) if otherwise.keys() & {"group", "side"} else read

    watch.at.market.group = by_name  # type: ignore[method-assign]
    preview = seen(watch, both, face=1_000_000, **otherwise)
    with pytest.raises(NotPermitted, match="Only the face, the limit and the lines"):
        watch.at.desk.modifying.modify(both, preview, "why", "m1", dict.fromkeys(preview.warnings, "agreed"))
    assert watch.order().group == "BIG6"
    assert watch.order().state is OrderState.ACTIVE


def test_two_processes_do_not_promise_the_same_cash_to_an_order_and_to_a_modification(tmp_path: Path) -> None:
    """The other one confirms between the last look at the figures and the write."""
    watch = at_aladdin(tmp_path)
    counts(watch)
    other = outfit(tmp_path)
    other.market.accounts = watch.at.market.accounts
    preview, advance = seen(watch, face=9_000_000), watch.at.ledger.advance

    def overtaken(*given: Any) -> Order:
        del watch.at.ledger.advance
        theirs = other.desk.preview(PM, request(7_000_000))
        other.desk.confirm(PM, theirs, "", "c9", accepted=dict.fromkeys(theirs.warnings, "agreed"))
        return advance(*given)

    watch.at.ledger.advance = overtaken  # type: ignore[method-assign,assignment]
    with pytest.raises(PreviewChanged):
        watch.at.desk.modifying.modify(PM, preview, "more", "m1", dict.fromkeys(preview.warnings, "agreed"))
    order = watch.at.ledger.order(preview.request.instead_of)
    assert (order.state, order.face) == (OrderState.ACTIVE, 2_000_000)


def test_a_modification_in_another_process_makes_a_confirmation_look_again(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    counts(watch)
    other = outfit(tmp_path)
    other.market.accounts = watch.at.market.accounts
    theirs, confirm = other.desk.preview(PM, request(7_000_000)), other.ledger.confirm

    def overtaken(*given: Any) -> Order:
        del other.ledger.confirm
        modify(watch, face=9_000_000)
        return confirm(*given)

    other.ledger.confirm = overtaken  # type: ignore[method-assign,assignment]
    with pytest.raises(PreviewChanged):
        other.desk.confirm(PM, theirs, "", "c9", accepted=dict.fromkeys(theirs.warnings, "agreed"))
    assert [order.face for order in watch.at.ledger.orders()] == [9_000_000]


def test_limits_that_are_tightened_meanwhile_hold_for_a_modification(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    preview, advance = seen(watch, face=9_000_000), watch.at.ledger.advance

    def overtaken(*given: Any) -> Order:
        del watch.at.ledger.advance
        rows = (Limit("*", Rule.CASH_RESERVE, "", "4%"),)
        watch.at.ledger.set_limits("l1", rows, 0, "connie", watch.at.clock.now(), "tighter")
        return advance(*given)

    watch.at.ledger.advance = overtaken  # type: ignore[method-assign,assignment]
    with pytest.raises(PreviewChanged, match="moved") as caught:
        watch.at.desk.modifying.modify(PM, preview, "more", "m1", dict.fromkeys(preview.warnings, "agreed"))
    assert any("Limits" in change for change in caught.value.changes)
    assert watch.order().face == 2_000_000


def test_a_step_of_the_worker_in_between_does_not_turn_a_modification_away(tmp_path: Path) -> None:
    watch = at_aladdin(tmp_path)
    preview, advance = seen(watch, face=4_000_000), watch.at.ledger.advance

    def overtaken(*given: Any) -> Order:
        del watch.at.ledger.advance
        watch.broker.fill("Active", A=200_000, B=100_000)
        watch.round()
        return advance(*given)

    watch.at.ledger.advance = overtaken  # type: ignore[method-assign,assignment]
    order = watch.at.desk.modifying.modify(PM, preview, "more", "m1", dict.fromkeys(preview.warnings, "agreed"))
    assert (order.state, order.face, order.filled) == (OrderState.MODIFY_PENDING, 4_000_000, Decimal(300_000))
