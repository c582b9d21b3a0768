"""Decisions about an order in a real browser: a second person's, and a dialog that outlives the page's ticks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import behind, steps
from tests.browser.conftest import Somebody
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]

SEVERAL_TICKS = 5_000  # milliseconds


def confirmed(page: Page, face: str, button: str = "Confirm and send") -> str:
    """The id of an order for BIG6 that was confirmed in this window."""
    steps.to_allocate(page, "BIG6", "T 4 12/15/27")
    steps.face(page, face)
    steps.previewed(page)
    steps.open_confirmation(page)
    return steps.confirm(page, button)


def test_a_large_order_is_approved_by_somebody_else_and_canceled_with_a_reason_each_once(
    shared: AppServer, somebody: Somebody
) -> None:
    page = somebody()
    order = confirmed(page, "410mm", "Confirm and ask for approval")
    steps.state(page, "awaiting approval")
    expect(page.get_by_role("button", name="Approve…")).to_have_count(0)

    second = somebody("approver")
    steps.go_to(second, "Approvals")
    second.get_by_role("button", name="Approve…").click()
    dialog = second.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("SHA-256 [0-9a-f]{64}"))).to_be_visible()
    dialog.get_by_role("button", name="Approve this statement").dblclick()
    expect(second.get_by_text(f"{order}: approved.")).to_be_visible()
    expect(second.get_by_text("Nothing waits for approval.")).to_be_visible()
    assert behind.history(shared, order).count("approve") == 1
    ((approver,),) = behind.rows(
        shared, "SELECT actor FROM order_events WHERE order_id = ? AND event = 'approve'", order
    )
    assert approver == "approver"
    assert behind.placed(shared, order) == behind.faces(shared, order)

    page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Reason (required)").fill("The client changed its mind")
    page.wait_for_timeout(SEVERAL_TICKS)
    expect(dialog.get_by_role("textbox", name="Reason (required)")).to_have_value("The client changed its mind")
    dialog.get_by_role("button", name="Cancel the order").dblclick()
    expect(page.get_by_text(f"{order}: Aladdin is asked to cancel it.")).to_be_visible()
    expect(dialog).to_have_count(0)
    steps.state(page, "canceled")
    assert behind.history(shared, order).count("cancel") == 1
    found = behind.at_aladdin(shared, order)
    assert found is not None
    assert (found.status, str(found.filled)) == ("Canceled", "0")


def test_an_order_is_modified_with_a_reason_and_aladdin_has_the_new_terms(
    shared: AppServer, somebody: Somebody
) -> None:
    page = somebody()
    order = confirmed(page, "3mm")
    assert sum(behind.placed(shared, order).values()) == 3_000_000
    steps.state(page, re.compile("open|active"))
    dialog = steps.decide(page, "Modify")
    face = dialog.get_by_role("textbox", name="Face", exact=True)
    face.fill("4mm")
    face.press("Enter")
    expect(dialog.get_by_text("Face 3,000,000 → 4,000,000")).to_be_visible()
    steps.settle(page)
    steps.accept_warnings(page)
    steps.give_reason(page, "The client added a million")
    dialog.get_by_role("button", name="Modify").dblclick()
    steps.said(page, f"{order}: the new terms are on their way to Aladdin.")

    faces = behind.faces(shared, order)
    assert sum(faces.values()) == 4_000_000
    assert behind.placed(shared, order, anew=faces) == faces
    assert behind.history(shared, order).count("modify") == 1
    reasons = behind.rows(shared, "SELECT reason FROM order_events WHERE order_id = ? AND event = 'modify'", order)
    assert reasons == [("The client added a million",)]


def test_a_dialog_that_is_dismissed_is_gone_and_the_order_as_it_was(shared: AppServer, somebody: Somebody) -> None:
    page = somebody()
    order = confirmed(page, "3mm")
    page.get_by_role("button", name="Cancel…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_timeout(SEVERAL_TICKS)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "cancel" not in behind.history(shared, order)
