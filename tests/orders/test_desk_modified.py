"""A confirmation that is repeated once its order was modified."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from allocation.model import Side
from orders.confirmation import order_of
from orders.desk import Preview, Request
from orders.errors import Rejected
from orders.model import Change, Order, Statement
from orders.statement import freeze
from tests.orders.desk import BOOK, PM, Outfit, outfit


def _preview(at: Outfit, face: int) -> Preview:
    return at.desk.preview(PM, Request("BIG6", "B", Side.BUY, face, date(2026, 11, 23)))


def _modification(at: Outfit, order: Order, made: Preview) -> tuple[Change, Statement]:
    """A modification of the order to what a preview says."""
    now, proposal = at.clock.now(), made.proposal
    statement = freeze(
        proposal, statement_id=f"{order.id}.2", order_id=order.id, group=order.group, book=BOOK, read_at=made.read_at,
        confirmed_at=now, confirmed_by="pm", comment="", version=2,
    )  # fmt: skip
    lines = order_of(proposal, statement, order.group, "", order.trade_date).lines
    step = Change(
        order.id, order.version, order.state, "modified", "pm", now, reason="half is sold already",
        ordered=proposal.block.face, face=proposal.placed, lines=lines,
    )  # fmt: skip
    return step, statement


def test_the_same_confirmation_is_answered_and_another_one_is_refused(tmp_path: Path) -> None:
    at = outfit(tmp_path)
    made = _preview(at, 2_000_000)
    order = at.desk.confirm(PM, made, "", "click")
    smaller = _preview(at, 1_000_000)
    step, statement = _modification(at, order, smaller)
    modified = at.ledger.advance("modify", step, statement=statement)
    assert modified.ordered == 1_000_000
    assert at.desk.confirm(PM, made, "", "click") == modified
    with pytest.raises(Rejected, match="which is another one"):
        at.desk.confirm(PM, smaller, "", "click")
    assert at.ledger.orders() == (modified,)
