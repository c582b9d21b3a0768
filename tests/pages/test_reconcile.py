"""The page that holds our ledger against Aladdin's orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Side
from orders.checks import Policy
from orders.errors import Unavailable
from orders.model import BrokerOrder, Order, OrderState
from orders.reconcile import Reconciling
from tests.orders.desk import ANALYST, BOOK, PM, FakeBlotter
from tests.pages.front import Front, buttons, press, told, words
from tests.pages.test_orders import confirmed

REASON = "The dealer entered it"


@pytest.fixture
def blotter(front: Front) -> FakeBlotter:
    """Aladdin's orders, which the desk of the front can see."""
    blotter = FakeBlotter(front.broker)
    front.desk.reconciling = Reconciling(
        blotter, front.desk, front.ledger, front.clock, BOOK, Policy(), front.worker.wake
    )
    return blotter


def live(front: Front) -> Order:
    """An order that is the same on both sides."""
    order = confirmed(front)
    front.work()
    return order


def entered(front: Front, **otherwise: Any) -> None:
    """Somebody enters an order in Aladdin itself."""
    made = BrokerOrder(
        "77", "", "Active", Decimal(900_000), Decimal(0), None, {}, asset_id="B", side=Side.BUY,
        asked={"A": Decimal(600_000), "B": Decimal(300_000)}, limit=Decimal(99), limit_type="Price",
        settlement=date(2026, 11, 23), trade_date=date(2026, 11, 20),
    )  # fmt: skip
    front.broker.book["77"] = replace(made, **otherwise)


def take_over(page: AppTest, reason: str = REASON) -> AppTest:
    """Open the dialog, give the reason, and click."""
    page = press(page, "Take over…")
    page.text_input(page.session_state["deciding.opened"].key("reason")).set_value(reason).run()
    return press(page, "Take it over")


def test_where_nothing_differs_the_page_says_so_and_when_it_looked(front: Front, blotter: FakeBlotter) -> None:
    live(front)
    page = front.visit("reconcile")
    assert page.success[0].value == "Nothing differs. 1 order of BIG6 is the same on both sides."
    assert "Looked 20 Nov 2026, 15:00:00 UTC, at live orders and those changed since Thu 19 Nov 2026." in words(page)


def test_where_there_is_no_order_at_all_the_page_says_that(front: Front, blotter: FakeBlotter) -> None:
    page = front.visit("reconcile")
    assert not page.success
    told = "Nothing to compare: neither side has an order of BIG6 that is live or was changed since."
    assert page.info[0].value == told


def test_orders_that_went_on_are_no_differences_and_cannot_be_taken_over(front: Front, blotter: FakeBlotter) -> None:
    live(front)
    front.broker.fill("Active", A=400_000, B=400_000)
    page = front.visit("reconcile")
    assert page.info[0].value.startswith("1 live order went on at Aladdin since the worker looked")
    assert page.success[0].value.startswith("Nothing differs. 0 orders")
    assert "Take over…" not in buttons(page)


def test_all_groups_are_compared_and_one_that_cannot_be_takes_no_other_with_it(
    front: Front, blotter: FakeBlotter
) -> None:
    live(front)
    front.gate.user = replace(PM, groups=frozenset({"BIG6", "OPNIC"}))
    front.desk.add_group(front.gate.user, "OPNIC")
    page = front.visit("reconcile").selectbox("reconcile.group").set_value("All groups").run()
    assert page.success[0].value == "Nothing differs. 1 order of BIG6 and OPNIC is the same on both sides."
    orders = blotter.live_orders

    def out(group: str) -> object:
        if group == "OPNIC":
            raise Unavailable("Aladdin does not answer.", "req-9")
        return orders(group)

    blotter.live_orders = out  # type: ignore[assignment]
    page = press(page, "Look again")
    assert "**OPNIC** was not compared:" in words(page)
    assert page.success[0].value.startswith("Nothing differs. 1 order of BIG6 is")


def test_each_difference_says_both_sides_and_what_can_be_done(front: Front, blotter: FakeBlotter) -> None:
    order = live(front)
    del front.broker.book["1"]
    entered(front)
    page = front.visit("reconcile")
    assert page.warning[0].value == "2 differences. 0 orders of BIG6 are the same on both sides."
    said = words(page)
    assert f"{order.id} (BUY 2,000,000 {order.label}) is open here; Aladdin does not show its 1." in said
    assert "Look for it in Aladdin." in said
    assert "Aladdin's order 77 (BUY 900,000 B, Active) is not in this ledger: it was entered elsewhere." in said
    assert "Take it over, and it is followed here" in said
    assert buttons(page).count("Take over…") == 1


def test_from_a_difference_to_its_order(front: Front, blotter: FakeBlotter) -> None:
    order = live(front)
    front.broker.book.clear()
    assert press(front.visit("reconcile"), "Open the order").query_params["order"] == order.id


def test_an_order_is_taken_over_with_a_reason_and_the_comparison_is_made_anew(
    front: Front, blotter: FakeBlotter
) -> None:
    entered(front)
    page = take_over(front.visit("reconcile"))
    (order,) = front.orders()
    assert page.toast[0].value == f"{order.id}: taken over. The worker looks at it next."
    assert REASON in front.ledger.statement(order.id).body
    front.work()
    assert press(page, "Look again").success[0].value.startswith("Nothing differs. 1 order of BIG6")
    assert front.ledger.order(order.id).state is OrderState.ACTIVE
    said = words(front.visit("history", statement=order.statement_id))
    assert f"{order.statement_id} · version 1" in said
    assert order.statement_sha256 in said


def test_without_a_reason_nothing_is_taken_over_and_the_dialog_stays(front: Front, blotter: FakeBlotter) -> None:
    entered(front)
    page = take_over(front.visit("reconcile"), "  ")
    assert "Say why: the reason is kept with the order." in words(page)
    assert front.orders() == ()
    take_over_again = page.text_input(page.session_state["deciding.opened"].key("reason")).set_value(REASON).run()
    press(take_over_again, "Take it over")
    assert len(front.orders()) == 1


def test_other_terms_are_taken_over_as_the_next_version(front: Front, blotter: FakeBlotter) -> None:
    order = live(front)
    front.broker.book["1"] = replace(
        front.broker.book["1"], face=Decimal(1_000_000), asked={"A": Decimal(500_000), "B": Decimal(500_000)}
    )
    take_over(front.visit("reconcile"))
    assert (front.ledger.order(order.id).face, front.ledger.statement(order.id).version) == (1_000_000, 2)


def test_a_dialog_of_this_page_does_not_follow_to_the_orders(front: Front, blotter: FakeBlotter) -> None:
    entered(front)
    page = press(front.visit("reconcile"), "Take over…")
    page.switch_page("pages/orders.py").run()
    assert "Take it over" not in buttons(page)
    assert not page.exception


def test_a_role_that_ends_while_the_dialog_is_open_takes_nothing_over(front: Front, blotter: FakeBlotter) -> None:
    entered(front)
    page = press(front.visit("reconcile"), "Take over…")
    front.gate.user = replace(ANALYST, username="pm")
    page.run()
    assert "You may not take over orders of BIG6 any more." in words(page)
    assert front.orders() == ()


def test_it_is_compared_once_and_again_when_asked_for_or_for_another_time(front: Front, blotter: FakeBlotter) -> None:
    page = front.visit("reconcile")
    entered(front)
    assert page.run().info
    assert press(page, "Look again").warning[0].value.startswith("1 difference.")
    front.broker.book.clear()
    page.segmented_control("reconcile.span").set_value("a week ago").run()
    assert page.info[0].value.startswith("Nothing to compare")
    assert "changed since Fri 13 Nov 2026" in words(page)


def test_an_outage_is_a_sentence_and_no_agreement(front: Front, blotter: FakeBlotter) -> None:
    def out(_: str) -> None:
        raise Unavailable("Aladdin does not answer.", "req-9")

    blotter.live_orders = out  # type: ignore[assignment]
    page = front.visit("reconcile")
    assert told(page.error[0].value) == "Aladdin does not answer. Reference …."
    assert not page.success


def test_whoever_may_only_look_sees_the_differences_and_who_can_take_over(front: Front, blotter: FakeBlotter) -> None:
    entered(front)
    front.gate.user = ANALYST
    page = front.visit("reconcile")
    assert "A portfolio manager or an approver can take it over." in words(page)
    assert "Take over…" not in buttons(page)


def test_only_the_user_s_own_groups_are_offered(front: Front, blotter: FakeBlotter) -> None:
    assert list(front.visit("reconcile").selectbox("reconcile.group").options) == ["All groups", "BIG6"]
    front.gate.user = replace(PM, groups=frozenset())
    assert "Your user sees no portfolio group yet." in words(front.visit("reconcile"))
