"""Blocks that are more than a face and a method, each to its end in the ledger and at Aladdin: a locked line, a sell, a
rule switched off with a reason, and figures that are missing."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from allocation.model import Side
from books import demo_book
from tests.browser import behind, steps
from tests.browser.conftest import Somebody
from tests.browser.server import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.soak]
GROUP, BOND = "BIG6", "FFCB 3.5 05/15/36"
HELD = "22099SAB0"  # by several of the group
HALF_KNOWN = "61699UAA9"  # it has durations, and neither a price nor an OAS
UNKNOWN = "41599GAA3"  # it has a price, and no figure


def test_the_dispersion_is_least_around_a_line_that_is_locked(somebody: Somebody, shared: AppServer) -> None:
    page = somebody()
    steps.to_allocate(page, GROUP, BOND)
    steps.face(page, "25mm")
    steps.method(page, "min_dispersion")
    steps.said(page, re.compile("optimal|Proved"))
    steps.lock(page, "STONER", "1.5mm")
    steps.previewed(page)
    assert steps.metric(page, "Placed") == "100.0%"
    steps.open_confirmation(page)
    order = steps.confirm(page)

    body, faces = behind.frozen(shared, order), behind.faces(shared, order)
    assert (body["choices"]["engine"], body["choices"]["locked"]) == ("min_dispersion", {"STONER": 1_500_000})
    assert (faces["STONER"], sum(faces.values())) == (1_500_000, 25_000_000)
    assert body["certificate"]["status"] == "optimal"
    assert behind.placed(shared, order) == faces


def test_a_sell_takes_from_those_who_hold_it(somebody: Somebody, shared: AppServer) -> None:
    page = somebody()
    steps.to_allocate(page, GROUP, HELD)
    steps.side(page, "Sell")
    steps.face(page, "10mm")
    steps.heading(page, re.compile("^Sell 10,000,000 "))
    steps.previewed(page)
    expect(page.get_by_text(re.compile(r"^Brings USD "))).to_be_visible()
    steps.open_confirmation(page)
    order = steps.confirm(page)

    held = {p.account: p.face for p in demo_book().positions if p.asset_id == HELD}
    faces = behind.faces(shared, order)
    assert sum(faces.values()) == 10_000_000
    assert all(0 < face <= held[account] for account, face in faces.items())
    assert behind.placed(shared, order) == faces
    found = behind.at_aladdin(shared, order)
    assert found is not None
    assert found.side is Side.SELL


def test_cash_is_not_respected_once_somebody_says_why(somebody: Somebody, shared: AppServer) -> None:
    page = somebody()
    steps.to_allocate(page, GROUP, BOND)
    steps.face(page, "100mm")
    steps.previewed(page)
    steps.rule(page, "Respect cash")
    steps.said(page, "Overdrawn: QUINER")
    before, why = behind.orders(shared), "The inflow is booked tomorrow"
    dialog = steps.open_confirmation(page, "It settles after the inflow")
    dialog.get_by_role("button", name=re.compile("^Confirm and send")).click()
    expect(dialog.get_by_text("Nothing was sent: say why cash is not respected")).to_be_visible()
    assert behind.orders(shared) == before
    reason = dialog.get_by_role("textbox", name="Why cash is not respected (required)")
    reason.fill(why)
    reason.press("Tab")
    steps.settle(page)
    order = steps.confirm(page)

    body = behind.frozen(shared, order)
    assert body["confirmed"]["override"] == why
    assert why in body["accepted"].values()
    assert body["choices"]["respect_cash"] is False
    assert behind.faces(shared, order)["QUINER"] > 1_000_000, "more than its cash buys"
    assert behind.placed(shared, order) == behind.faces(shared, order)


def test_what_is_not_known_of_a_bond_is_said_and_what_is_known_does(somebody: Somebody, shared: AppServer) -> None:
    page = somebody()
    steps.to_allocate(page, GROUP, UNKNOWN)
    steps.face(page, "5mm")
    steps.said(page, "so Active spread duration cannot be shown")
    expect(page.get_by_role("button", name="Confirm…")).to_be_disabled()

    steps.go_to(page, "Groups")
    steps.to_allocate(page, GROUP, HALF_KNOWN)
    steps.face(page, "5mm")
    steps.said(page, "has no price: no account holds it at a usable one. Type a price to go on.")
    steps.limit(page, "99")
    steps.previewed(page)
    steps.judged_by(page, "OAS")
    steps.said(page, "has no OAS")
    expect(page.get_by_role("button", name="Confirm…")).to_be_disabled()
    steps.judged_by(page, "ASD")
    steps.previewed(page)
    steps.open_confirmation(page)
    order = steps.confirm(page)

    faces = behind.faces(shared, order)
    assert sum(faces.values()) == 5_000_000
    assert behind.placed(shared, order) == faces
    found = behind.at_aladdin(shared, order)
    assert found is not None
    assert found.limit == Decimal(99)
