"""The list of what waits for a second person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from orders.lifecycle import Event
from orders.model import OrderState, User
from tests.orders.desk import ANALYST, COMPLIANCE, PM
from tests.pages.front import Front, buttons, press, words
from tests.pages.test_order_decisions import APPROVER, BOTH, VIEWER, confirmed, decide, now, offered
from ui import approving as approval
from ui import session


@pytest.fixture
def approving(four_eyes: Front) -> Front:
    four_eyes.gate.user = APPROVER
    return four_eyes


def test_with_nothing_to_decide_the_page_says_when_there_will_be(approving: Front) -> None:
    page = approving.visit("approvals")
    assert page.info[0].value.startswith("Nothing waits for approval. An order of 2,000,000 or more comes here")


def test_where_no_size_needs_approval_the_page_says_which_setting_does_it(front: Front) -> None:
    front.gate.user = APPROVER
    assert "APPROVAL_FROM_FACE" in front.visit("approvals").info[0].value


def test_what_waits_is_listed_oldest_first_with_who_confirmed_it_since_when_and_what_it_does(approving: Front) -> None:
    first = confirmed(approving)
    second = confirmed(approving, datetime(2026, 11, 23, 14, 30, tzinfo=UTC), "c2")
    approving.clock.pass_(7_200)
    said = words(approving.visit("approvals"))
    assert said.count("**Buy 2,000,000 A bond for BIG6**") == 2
    assert said.index(first.id) < said.index(second.id)
    assert said.count("Confirmed by **Paula**, waiting for 2 h") == 2
    assert "2 accounts · market · settles Wed 25 Nov 2026 · lapses after Fri 20 Nov 2026" in said
    assert first.statement_sha256[:12] in said
    assert "Dispersion of Active spread duration **" in said
    assert "To be released Mon 23 Nov 2026, 09:30 New York (14:30 UTC)." in said


def test_what_a_user_is_called_is_shown_as_the_text_it_is(approving: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "person", lambda username: f"[{username}](http://elsewhere.example)")
    order = confirmed(approving)
    for page in (approving.visit("approvals"), approving.visit("orders", order=order.id)):
        assert "elsewhere" in words(page)
        assert "[paula](" not in words(page)


def test_what_lapses_today_is_told_from_what_has_time(approving: Front) -> None:
    confirmed(approving, datetime(2026, 11, 23, 14, 30, tzinfo=UTC))
    page = approving.visit("approvals")
    assert "**1 order** waits for approval." in words(page)
    assert not page.warning
    confirmed(approving, None, "c2")
    page = approving.visit("approvals")
    assert "**2 orders** wait for approval, the oldest for 0 s." in words(page)
    assert page.warning[0].value == "1 of these lapses today unless approved before the day ends."
    assert words(page).count("lapses today]") == 1
    approving.clock.at = datetime(2026, 11, 23, 14, tzinfo=UTC)
    approving.clock.today_ = date(2026, 11, 23)
    assert approving.visit("approvals").warning[0].value.startswith("2 of these lapse today")


def test_what_waits_beyond_a_page_is_a_page_away_and_its_effect_with_it(
    approving: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval, "PAGE", 1)
    first, second = confirmed(approving), confirmed(approving, None, "c2")
    page = approving.visit("approvals")
    said = words(page)
    assert "**2 orders** wait for approval" in said
    assert "1 of those on this page lapses today" in said
    assert first.id in said
    assert second.id not in said
    page.button("approvals.newer").click().run()
    assert second.id in words(page)
    assert first.id not in words(page)
    assert words(page).count("Dispersion of Active spread duration") == 1
    page = decide(press(page, "Approve…"), Event.APPROVE)
    assert first.id in words(page)  # the page is empty now, and gives way to the one before


def test_whoever_comes_back_to_the_approvals_sees_the_oldest(approving: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval, "PAGE", 1)
    first = confirmed(approving)
    confirmed(approving, None, "c2")
    page = approving.visit("approvals")
    page.button("approvals.newer").click().run()
    page.switch_page("pages/orders.py").run()
    page.switch_page("pages/approvals.py").run()
    assert first.id in words(page)


def test_an_order_is_approved_from_the_list_and_leaves_it(approving: Front) -> None:
    order = confirmed(approving)
    page = press(approving.visit("approvals"), "Approve…")
    assert "Partial fills: **pro rata**." in words(page)
    page = decide(page, Event.APPROVE)
    assert now(approving, order).state is OrderState.APPROVED
    assert page.title[0].value == "Approvals"
    assert page.info[0].value.startswith("Nothing waits for approval.")
    assert page.toast[0].value == f"{order.id}: approved."


def test_an_order_is_declined_from_the_list(approving: Front) -> None:
    order = confirmed(approving)
    decide(press(approving.visit("approvals"), "Decline…"), Event.DECLINE, "Not today")
    assert now(approving, order).state is OrderState.REJECTED


def test_one_s_own_order_is_listed_without_the_buttons(approving: Front) -> None:
    confirmed(approving)
    approving.gate.user = BOTH
    page = approving.visit("approvals")
    assert "You confirmed it, so somebody else must decide." in words(page)
    assert offered(page) == {"Withdraw…"}


def test_orders_of_groups_the_approver_does_not_see_are_not_listed(approving: Front) -> None:
    order = confirmed(approving)
    approving.gate.user = replace(APPROVER, groups=frozenset({"OPNIC"}))
    page = approving.visit("approvals")
    assert order.id not in words(page)
    assert offered(page) == set()


def test_from_the_list_to_the_order(approving: Front) -> None:
    order = confirmed(approving)
    page = press(approving.visit("approvals"), "Open the order")
    assert page.query_params["order"] == order.id
    assert "Open the order" not in buttons(page)


@pytest.mark.parametrize("user", [PM, ANALYST, COMPLIANCE, VIEWER])
def test_whoever_may_not_approve_is_told_who_can(four_eyes: Front, user: User) -> None:
    order = confirmed(four_eyes)
    four_eyes.gate.user = user
    page = four_eyes.visit("approvals")
    assert page.title[0].value == "Not permitted"
    assert "An approver can." in words(page)
    assert order.id not in words(page)
