"""What becomes of a modification."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orders.attempts import RETRIES
from orders.dispatch import GRACE
from orders.errors import (
    DeskError,
    Malformed,
    NotPermitted,
    RateLimited,
    Rejected,
    Unavailable,
)
from orders.lifecycle import Event
from orders.model import BrokerOrder, OrderState
from tests.orders.watch import Watch

LOST = Unavailable("No answer in time.", sent=True)
UNREACHED = Unavailable("Aladdin cannot be reached.", sent=False)
REFUSED = Rejected("Aladdin refused: not now.")


def test_a_modification_reaches_aladdin_once_and_the_order_goes_on_with_the_new_terms(live: Watch) -> None:
    live.ask_to_modify(1_200_000, Decimal("98.5"), engine="equal")
    order = live.round()
    assert (order.state, order.face, order.limit) == (OrderState.PART_FILLED, 1_200_000, Decimal("98.5"))
    assert live.since(Event.MODIFY) == ["modify sent", "modified", "part filled"]
    assert [what for what, _ in live.broker.asked] == ["modify"]
    assert live.at.ledger.intents() == ()
    live.round()
    live.agrees()
    assert [line.booked for line in live.order().lines] == [200_000, 100_000]


def test_a_limit_that_is_added_is_sent_although_aladdin_shows_none(live: Watch) -> None:
    live.ask_to_modify(2_000_000, Decimal("98.5"))
    live.round()
    assert live.broker.book["1"].limit == Decimal("98.5")
    live.agrees()


def test_a_refused_modification_leaves_the_terms_of_before_as_a_version_of_their_own(live: Watch) -> None:
    before = live.order()
    live.ask_to_modify(1_200_000, Decimal("98.5"), engine="equal")
    live.broker.fails = [(REFUSED, False)]
    order = live.round()
    assert order.message == "Nothing was modified. Aladdin refused: not now."
    terms = ("ordered", "face", "limit", "settlement", "engine", "lines", "filled", "state")
    assert {name: getattr(order, name) for name in terms} == {name: getattr(before, name) for name in terms}
    newest = live.at.ledger.statement(order.id)
    assert (newest.version, order.statement_id, newest.created_by) == (3, f"{order.id}.3", "worker")
    assert newest.body != live.at.ledger.statement(order.id, 1).body
    live.agrees()
    assert live.rounds(60).message == order.message  # until something moves
    live.ask_to_modify(1_200_000)
    live.round()
    live.agrees()
    assert live.at.ledger.statement(order.id).version == 4


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize("failure", [LOST, Malformed("Cannot be read.")])
def test_a_modification_whose_answer_was_lost_is_looked_at_and_only_made_again_where_it_did_not_happen(
    live: Watch, failure: DeskError, acted: bool
) -> None:
    live.ask_to_modify(1_200_000)
    live.broker.fails = [(failure, acted)]
    order = live.round()
    assert (order.state, order.message) == (OrderState.MODIFY_PENDING, str(failure))
    order = live.rounds(60, step=5)
    assert (order.state, order.message) == (OrderState.PART_FILLED, "")
    assert len(live.broker.asked) == 2 - acted
    live.agrees()


@pytest.mark.parametrize("failure", [UNREACHED, RateLimited("Too many."), NotPermitted("Not allowed.")])
def test_a_modification_that_never_left_is_tried_again_and_given_up_with_its_price(
    live: Watch, failure: DeskError
) -> None:
    before = live.faces()
    live.ask_to_modify(1_200_000)
    live.broker.fails = [(failure, False)] * 50
    live.rounds(100, step=5)
    assert live.order().state is OrderState.MODIFY_PENDING
    assert live.worker.pulse.held_up == 1
    live.broker.fill("Active", A=200_000, B=200_000)
    assert live.rounds(15, step=5).filled == 400_000  # it is followed meanwhile
    assert live.order().message == str(failure)
    order = live.rounds(1800)
    assert (order.state, live.faces()) == (OrderState.PART_FILLED, before)
    assert order.message == (
        f"Nothing was modified. It did not come through in 5 attempts. The last attempt: {failure}"
    )
    assert len(live.broker.asked) == len(RETRIES) + 1
    live.agrees()
    assert live.worker.pulse.held_up == 0


def test_a_modification_asked_for_long_ago_is_not_made_at_another_price(live: Watch) -> None:
    live.ask_to_modify(1_200_000)
    live.at.clock.pass_(3600)
    assert "within 25 minutes: its price may be another now" in live.round().message
    assert live.broker.asked == []
    live.agrees()


def test_an_outage_keeps_a_modification_and_fills_neither_its_history_nor_its_message(live: Watch) -> None:
    live.ask_to_modify(1_200_000)
    live.broker.orders = silent  # type: ignore[method-assign]
    version = live.order().version
    live.rounds(600)
    assert live.order().version == version
    del live.broker.orders
    live.rounds(60)
    live.agrees()
    assert live.order().face == 1_200_000


def silent(broker_ids: object) -> tuple[BrokerOrder, ...]:
    raise Unavailable("Aladdin does not answer.")


@pytest.mark.parametrize("status", ["Booked", "Canceled", "Expired"])
def test_an_order_that_is_over_before_its_modification_has_the_terms_of_before(live: Watch, status: str) -> None:
    before = live.faces()
    live.ask_to_modify(1_200_000)
    live.shown(status=status)
    order = live.round()
    assert (order.state.value, live.faces()) == (status.lower(), before)
    assert f"The new terms came too late: it was {status.lower()} there by then, 300,000 is filled." in order.message
    assert (live.broker.asked, live.at.ledger.intents()) == ([], ())
    live.agrees()


@pytest.mark.parametrize(
    ("booked", "why"),
    [
        ({"A": 900_000, "B": 100_000}, "A has 900,000 already, and was to have 600,000."),
        ({"A": 700_000, "B": 700_000}, "A has 700,000 already, and was to have 600,000; B has 700,000 already"),
    ],
)
def test_a_fill_beyond_the_new_terms_keeps_the_terms_of_before(live: Watch, booked: Any, why: str) -> None:
    live.ask_to_modify(1_200_000)
    live.broker.fill("Active", **booked)
    order = live.round()
    assert f"A fill was quicker than the modification: {why}" in order.message
    assert (order.face, live.broker.asked) == (2_000_000, [])
    live.agrees()


def test_a_fill_beyond_the_new_face_counts_before_it_is_booked_to_accounts(live: Watch) -> None:
    live.ask_to_modify(1_200_000)
    live.shown(filled=Decimal(1_500_000), booked={})
    assert "1,500,000 is filled already, and its face was to be 1,200,000." in live.round().message
    assert live.broker.asked == []


def test_a_modification_that_may_be_under_way_is_not_taken_back(live: Watch) -> None:
    """It is lost, and happens late: had the terms of before come back at once, they would be others than Aladdin's."""
    live.ask_to_modify(1_200_000)
    live.broker.fails = [(LOST, False)]
    live.round()
    live.broker.fill("Active", A=700_000, B=100_000)
    assert live.rounds(GRACE.total_seconds() / 2).state is OrderState.MODIFY_PENDING
    modified = {"A": Decimal(600_000), "B": Decimal(600_000)}
    live.shown(face=Decimal(1_200_000), asked=modified)
    assert live.rounds(30).face == 1_200_000
    live.agrees()


def test_a_second_request_that_is_refused_says_nothing_of_the_first(live: Watch) -> None:
    live.ask_to_modify(1_200_000)
    live.broker.fails = [(LOST, False), (REFUSED, False)]
    order = live.rounds(60, step=5)
    assert (order.state, live.history()[-1]) == (OrderState.MODIFY_PENDING, "repeat refused")
    order = live.rounds(GRACE.total_seconds())
    assert (order.state, order.face) == (OrderState.PART_FILLED, 2_000_000)
    assert "Aladdin refused: not now." in order.message
    assert len(live.broker.asked) == 2
    live.agrees()


def test_an_accepted_modification_with_another_outcome_is_looked_at_until_it_is_settled(live: Watch) -> None:
    live.ask_to_modify(1_200_000)
    changed = live.broker.modify

    def late(*given: Any) -> BrokerOrder:
        before = live.broker.book["1"]
        changed(*given)
        return before

    live.broker.modify = late  # type: ignore[method-assign,assignment]
    order = live.round()
    assert order.state is OrderState.MODIFY_PENDING
    assert order.message.startswith("Aladdin took the modification. At Aladdin it is not what was confirmed: its face")
    assert live.rounds(15, step=5).state is OrderState.PART_FILLED
    assert len(live.broker.asked) == 1
    live.agrees()


def test_a_modified_order_that_no_longer_is_its_statement_is_not_sent(live: Watch, tmp_path: Path) -> None:
    live.ask_to_modify(1_200_000)
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        ledger.execute("UPDATE order_lines SET face = 2 * face WHERE account_id = 'A'")
    order = live.round()
    assert "no longer what its statement froze, so nothing was asked" in order.message
    assert (live.broker.asked, live.faces()) == ([], {"A": 1_000_000, "B": 1_000_000})
