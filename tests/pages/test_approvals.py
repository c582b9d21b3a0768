"""The list of what waits for a second person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orders.lifecycle import Event
from orders.model import OrderState, User
from tests.orders.desk import ANALYST, COMPLIANCE, PM
from tests.pages.front import Front, buttons, press, words
from tests.pages.test_order_decisions import APPROVER, BOTH, VIEWER, confirmed, decide, now, offered


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


def test_what_waits_is_listed_newest_first_with_who_asked_and_what_it_does(approving: Front) -> None:
    first = confirmed(approving)
    second = confirmed(approving, datetime(2026, 11, 23, 14, 30, tzinfo=UTC), "c2")
    said = words(approving.visit("approvals"))
    assert said.count("**Buy 2,000,000 A bond for BIG6**") == 2
    assert said.index(second.id) < said.index(first.id)
    assert "asked by pm, just now · 2 accounts · market · settles Wed 25 Nov 2026" in said
    assert first.statement_sha256[:12] in said
    assert "Dispersion of Active spread duration" in said
    assert "To be released Mon 23 Nov 2026, 09:30 New York (14:30 UTC)." in said


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
