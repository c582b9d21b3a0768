"""What is decided about an order on its page: offered where state and role allow it, carried out once, told after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Side
from orders.desk import Request
from orders.errors import NotPermitted, Rejected, Unavailable
from orders.lifecycle import Event
from orders.model import EVERY_GROUP, Order, OrderState, Role, User
from tests.orders.desk import ANALYST, COMPLIANCE, PM
from tests.pages.front import Front, buttons, press, words

APPROVER = User("app", "Arthur", frozenset({Role.APPROVER}), frozenset({"BIG6"}))
VIEWER = User("view", "Vera", frozenset({Role.VIEWER}), frozenset({EVERY_GROUP}))
BOTH = replace(PM, roles=frozenset({Role.PORTFOLIO_MANAGER, Role.APPROVER}))
LABELS = {"Approve…", "Decline…", "Modify…", "Cancel…", "Send again…", "Not at Aladdin…", "Withdraw…"}


def confirmed(front: Front, release_at: datetime | None = None, command: str = "c1") -> Order:
    preview = front.desk.preview(PM, Request("BIG6", "B", Side.BUY, 2_000_000, date(2026, 11, 25)))
    return front.desk.confirm(PM, preview, "Invest the inflow", command, release_at=release_at)


def at_aladdin(front: Front) -> Order:
    order = confirmed(front)
    front.work()
    return now(front, order)


def not_sent(front: Front) -> Order:
    """An order that a person has to decide about: its time of release passed while nobody was at work."""
    order = confirmed(front, datetime(2026, 11, 23, 14, 30, tzinfo=UTC))
    front.clock.at, front.clock.today_ = datetime(2026, 11, 23, 20, 0, tzinfo=UTC), date(2026, 11, 23)
    front.work()
    return now(front, order)


def now(front: Front, order: Order) -> Order:
    return front.ledger.order(order.id)


def offered(page: AppTest) -> set[str]:
    return LABELS & set(buttons(page))


def dialog(front: Front, order: Order, label: str) -> AppTest:
    """The order's page with this dialog open."""
    return press(front.visit("orders", order=order.id), f"{label}…")


def decide(page: AppTest, event: Event, reason: str = "") -> AppTest:
    """Give the reason in the dialog that is open, and decide."""
    if reason:
        page.text_input(page.session_state["deciding.opened"].key("reason")).set_value(reason)
    return page.button(f"deciding.do.{event.name}").click().run()


def toasts(page: AppTest) -> list[str]:
    return [str(toast.value) for toast in page.toast]


def test_each_state_offers_what_the_table_and_the_role_allow(front: Front) -> None:
    order = confirmed(front)
    assert offered(front.visit("orders", order=order.id)) == {"Withdraw…"}
    front.work()
    assert offered(front.visit("orders", order=order.id)) == {"Modify…", "Cancel…"}
    for user in (ANALYST, COMPLIANCE, VIEWER, APPROVER):
        front.gate.user = user
        assert offered(front.visit("orders", order=order.id)) == set()


def test_an_order_is_withdrawn_with_a_reason_and_said_to_be(front: Front) -> None:
    order = confirmed(front)
    page = decide(dialog(front, order, "Withdraw"), Event.WITHDRAW, "Typed the wrong bond")
    assert now(front, order).state is OrderState.CANCELED
    assert toasts(page) == [f"{order.id}: withdrawn, and not sent."]
    assert front.ledger.events(order.id)[-1].reason == "Typed the wrong bond"
    assert "deciding.opened" not in page.session_state
    assert toasts(page.run()) == []


def test_without_a_reason_nothing_is_decided_and_the_dialog_says_so(front: Front) -> None:
    order = confirmed(front)
    page = decide(dialog(front, order, "Withdraw"), Event.WITHDRAW)
    assert now(front, order).state is OrderState.CONFIRMED
    assert "Say why: the reason is kept with the order." in words(page)
    decide(page, Event.WITHDRAW, "The wrong bond")
    assert now(front, order).state is OrderState.CANCELED


def test_a_cancellation_is_asked_of_aladdin_once_however_often_it_is_clicked(front: Front) -> None:
    order = at_aladdin(front)
    page, twin = dialog(front, order, "Cancel"), dialog(front, order, "Cancel")
    twin.session_state["deciding.opened"] = page.session_state["deciding.opened"]
    twin.run()
    for window in (page, twin):
        decide(window, Event.CANCEL, "The client changed its mind")
        assert toasts(window) == [f"{order.id}: Aladdin is asked to cancel it."]
    assert [event.event for event in front.ledger.events(order.id)].count("cancel") == 1
    assert len(front.ledger.intents()) == 1


def test_a_decision_that_came_too_late_is_told_in_the_dialog(front: Front) -> None:
    order = confirmed(front)
    page = dialog(front, order, "Withdraw")
    front.work()
    decide(page, Event.WITHDRAW, "The wrong bond")
    assert now(front, order).state is OrderState.OPEN
    assert "cannot be withdrawn" in words(page)
    assert f"This can no longer be decided: {order.id} is open." in words(page)


def test_an_order_that_was_not_sent_in_time_is_sent_again_or_withdrawn_by_a_person(front: Front) -> None:
    order = not_sent(front)
    assert order.state is OrderState.SEND_FAILED
    page = front.visit("orders", order=order.id)
    assert offered(page) == {"Send again…", "Withdraw…"}
    page = decide(press(page, "Send again…"), Event.SEND_AGAIN, "Still at this price")
    assert now(front, order).state is OrderState.CONFIRMED
    assert toasts(page) == [f"{order.id}: sent again."]


def test_an_order_nobody_finds_at_aladdin_is_said_not_to_be_there_which_sends_nothing(front: Front) -> None:
    order = confirmed(front)
    front.broker.fails = [(Unavailable("No answer.", sent=True), False)]
    front.work()
    page = front.visit("orders", order=order.id)
    assert offered(page) == {"Not at Aladdin…"}
    decide(press(page, "Not at Aladdin…"), Event.NOT_THERE, "Looked with the broker's desk")
    assert now(front, order).state is OrderState.SEND_FAILED
    assert front.broker.posted == []


def gone(front: Front) -> Order:
    """An order at Aladdin that Aladdin does not show any more."""
    order = at_aladdin(front) if front.desk.policy.approval_from is None else approved(front)
    front.broker.book.clear()
    front.work()
    return now(front, order)


def approved(front: Front) -> Order:
    order = confirmed(front)
    front.desk.orders.approve(APPROVER, order.id, order.statement_sha256, "a1")
    front.work()
    return now(front, order)


def test_an_order_that_aladdin_does_not_show_any_more_is_closed_on_its_page(front: Front) -> None:
    order = at_aladdin(front)
    assert "Close…" not in buttons(front.visit("orders", order=order.id))
    order = gone(front)
    page = press(front.visit("orders", order=order.id), "Close…")
    assert "is looked at once more: where it shows it, nothing is closed" in words(page)
    page = decide(page, Event.CLOSE, "Purged there, says support")
    assert now(front, order).state is OrderState.CANCELED
    assert toasts(page) == [f"{order.id}: closed here; Aladdin does not show it."]
    assert "Closed here, as Aladdin does not show it. pm: Purged there, says support" in words(page)


def test_an_order_that_shows_up_before_the_click_is_not_closed_and_the_dialog_says_so(front: Front) -> None:
    order = at_aladdin(front)
    kept = dict(front.broker.book)
    front.broker.book.clear()
    front.work()
    page = press(front.visit("orders", order=order.id), "Close…")
    front.broker.book.update(kept)
    page = decide(page, Event.CLOSE, "Gone")
    assert now(front, order).state is OrderState.OPEN
    assert f"so {order.id} is not closed" in words(page)


def test_a_large_order_is_closed_by_two_on_its_page(four_eyes: Front) -> None:
    order = gone(four_eyes)
    page = press(four_eyes.visit("orders", order=order.id), "Ask to close…")
    decide(page, Event.CLOSE_ASKED, "Purged there")
    assert now(four_eyes, order).state is OrderState.OPEN
    assert "Ask to close…" not in buttons(four_eyes.visit("orders", order=order.id))
    four_eyes.gate.user = APPROVER
    page = four_eyes.visit("orders", order=order.id)
    assert "pm asks to close it: somebody else must agree." in words(page)
    page = press(page, "Agree to close…")
    assert any("“Purged there”" in text.value for text in page.text)
    decide(page, Event.CLOSE_AGREED)
    assert now(four_eyes, order).state is OrderState.CANCELED


def test_a_dialog_that_is_dismissed_decides_nothing_and_another_one_begins_without_its_reason(front: Front) -> None:
    order = at_aladdin(front)
    page = dialog(front, order, "Cancel")
    first = page.session_state["deciding.opened"]
    page.text_input(first.key("reason")).set_value("A slip").run()
    press(page, "Cancel…")
    assert page.session_state["deciding.opened"] != first
    decide(page, Event.CANCEL)
    assert now(front, order).state is OrderState.OPEN


def test_a_role_taken_away_while_the_dialog_is_open_is_refused_by_the_use_case(front: Front) -> None:
    order = at_aladdin(front)
    page = dialog(front, order, "Cancel")
    front.gate.user = replace(ANALYST, username="pm")
    decide(page, Event.CANCEL, "The client changed its mind")
    assert now(front, order).state is OrderState.OPEN
    assert "As analyst you may not" in words(page)


def test_a_sign_in_that_ended_while_the_dialog_is_open_decides_nothing(front: Front) -> None:
    order = at_aladdin(front)
    page = dialog(front, order, "Cancel")
    front.gate.user = None
    decide(page, Event.CANCEL, "The client changed its mind")
    assert now(front, order).state is OrderState.OPEN
    assert page.title[0].value == "Evenlot"


@pytest.mark.parametrize("user", [ANALYST, COMPLIANCE, VIEWER, APPROVER])
def test_whoever_is_not_offered_a_decision_is_refused_by_its_use_case_too(front: Front, user: User) -> None:
    order, desk = at_aladdin(front), front.desk
    for use_case in (desk.orders.cancel, desk.orders.withdraw, desk.orders.send_again, desk.orders.not_there):
        with pytest.raises(NotPermitted):
            use_case(user, order.id, "because", f"x.{use_case.__name__}")
    with pytest.raises(NotPermitted):
        desk.modifying.request(user, order.id)


# -- a second person ---------------------------------------------------------------------------------------------------


def test_the_approver_reads_the_statement_and_approves_its_hash(four_eyes: Front) -> None:
    order = confirmed(four_eyes)
    four_eyes.gate.user = APPROVER
    page = dialog(four_eyes, order, "Approve")
    said = words(page)
    assert f"SHA-256 {order.statement_sha256}" in said
    assert "Confirmed by **Paula**" in said
    assert "Dispersion of Active spread duration **" in said
    assert list(page.dataframe[-1].value["Face"]) == [1_000_000, 1_000_000]
    decide(page, Event.APPROVE)
    assert now(four_eyes, order).state is OrderState.APPROVED
    assert toasts(page) == [f"{order.id}: approved."]
    four_eyes.work()
    assert len(four_eyes.broker.posted) == 1


def test_nobody_approves_what_they_confirmed_in_whatever_roles(four_eyes: Front) -> None:
    order = confirmed(four_eyes)
    four_eyes.gate.user = BOTH
    assert offered(four_eyes.visit("orders", order=order.id)) == {"Withdraw…"}
    with pytest.raises(NotPermitted, match="somebody else must"):
        four_eyes.desk.orders.approve(BOTH, order.id, order.statement_sha256, "x")
    four_eyes.gate.user = replace(BOTH, username="second")
    assert offered(four_eyes.visit("orders", order=order.id)) == {"Approve…", "Decline…", "Withdraw…"}


def test_another_statement_than_the_one_read_is_not_approved(four_eyes: Front) -> None:
    order = confirmed(four_eyes)
    with pytest.raises(Rejected, match="Read it again"):
        four_eyes.desk.orders.approve(APPROVER, order.id, "0" * 64, "x")


def test_an_approver_declines_with_a_reason_and_nothing_is_sent(four_eyes: Front) -> None:
    order = confirmed(four_eyes)
    four_eyes.gate.user = APPROVER
    page = decide(dialog(four_eyes, order, "Decline"), Event.DECLINE, "Too much of one issuer")
    four_eyes.work()
    assert now(four_eyes, order).state is OrderState.REJECTED
    assert four_eyes.broker.posted == []
    assert "Declined by app: Too much of one issuer" in words(page)
    assert "State: × declined" in words(page)
    assert "Ended: a second person declined it" in words(page)
    assert list(page.dataframe[0].value["State"]) == [["× declined"]]
    assert next(iter(page.dataframe[2].value["State"])) == "declined"


def test_an_approval_of_an_order_for_later_makes_it_scheduled(four_eyes: Front) -> None:
    order = confirmed(four_eyes, datetime(2026, 11, 23, 14, 30, tzinfo=UTC))
    four_eyes.gate.user = APPROVER
    page = dialog(four_eyes, order, "Approve")
    assert "To be released Mon 23 Nov 2026, 09:30 New York (14:30 UTC)." in words(page)
    decide(page, Event.APPROVE)
    assert now(four_eyes, order).state is OrderState.SCHEDULED
