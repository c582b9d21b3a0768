"""Aladdin's compliance, asked about an order that is to be changed."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from orders.desk import Preview
from orders.errors import NotPermitted, PreviewChanged, Unavailable
from orders.model import OrderState, Severity, Violation
from tests.orders.desk import ANALYST, PM
from tests.orders.watch import Watch

NEAR = Violation("R1", "A", Severity.WARNING, "Near the issuer limit")
SAID = "Aladdin's compliance, warning: Near the issuer limit (A)."


def smaller(watch: Watch, face: int = 1_000_000) -> Preview:
    """The live order with another face, looked at by compliance."""
    desk = watch.at.desk
    wanted = replace(desk.modifying.request(PM, watch.order().id), face=face)
    return desk.checked(PM, desk.preview(PM, wanted))


def test_compliance_is_asked_of_the_new_terms_in_the_place_of_the_order_aladdin_has(live: Watch) -> None:
    order, compliance = live.order(), live.at.compliance
    compliance.asked.clear()
    desk = live.at.desk
    wanted = replace(desk.modifying.request(PM, order.id), face=1_000_000, limit=Decimal("98.5"))
    desk.checked(PM, desk.preview(PM, wanted))
    ((ticket, broker_id),) = compliance.asked
    assert (ticket.reference, broker_id) == (order.id, order.broker_id)
    assert (ticket.limit, ticket.trade_date) == (Decimal("98.5"), order.trade_date)
    assert {line.account_id: line.face for line in ticket.lines} == {"A": 500_000, "B": 500_000}


def test_a_violation_of_the_new_terms_is_accepted_with_a_reason_that_their_statement_keeps(live: Watch) -> None:
    live.at.compliance.found = (NEAR,)
    made, modifying = smaller(live), live.at.desk.modifying
    assert SAID in made.warnings
    with pytest.raises(NotPermitted, match=r"Say why .* Near the issuer limit"):
        modifying.modify(PM, made, "half", "m1")
    order = modifying.modify(PM, made, "half", "m1", {SAID: "the issuer is redeemed tomorrow"})
    body = json.loads(live.at.ledger.statement(order.id).body)
    assert body["accepted"] == {SAID: "the issuer is redeemed tomorrow"}


def test_a_violation_nobody_was_shown_sends_the_modification_back(live: Watch) -> None:
    made = smaller(live)
    live.at.compliance.found = (NEAR,)
    with pytest.raises(PreviewChanged) as back:
        live.at.desk.modifying.modify(PM, made, "half", "m1")
    assert back.value.changes == (f"New: {SAID}",)
    assert live.order().state is OrderState.PART_FILLED


def test_compliance_that_cannot_be_asked_is_a_warning_to_be_accepted(live: Watch) -> None:
    live.at.compliance.failure = Unavailable("Aladdin does not answer.")
    made = smaller(live)
    (said,) = made.warnings
    assert said == "Aladdin's compliance could not be asked: Aladdin does not answer."
    order = live.at.desk.modifying.modify(PM, made, "half", "m1", {said: "it cannot wait"})
    assert order.state is OrderState.MODIFY_PENDING


def test_terms_the_order_has_already_are_not_asked_about(live: Watch) -> None:
    live.at.compliance.asked.clear()
    smaller(live, live.order().ordered)
    assert live.at.compliance.asked == []


def test_only_who_may_modify_has_compliance_asked(live: Watch) -> None:
    made = smaller(live)
    with pytest.raises(NotPermitted, match="portfolio manager can"):
        live.at.desk.checked(ANALYST, made)
