"""How far a price may move between a preview and its confirmation."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orders.checks import Policy
from orders.errors import PreviewChanged
from tests.allocation.desk import account, bond
from tests.orders.desk import PM, Outfit, dated, outfit
from tests.orders.test_desk import preview


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    return outfit(tmp_path)


def test_a_price_that_moved_a_little_interrupts_nobody_as_long_as_the_lines_stay(at: Outfit) -> None:
    made = preview(at)
    at.market.bonds["B"] = dated(bond(price="98.75"))
    order = at.desk.confirm(PM, made, "", "c1")
    assert '"trade_price":"98.75"' in at.ledger.statement(order.id).body


def test_how_far_a_price_may_move_unseen_is_a_matter_of_the_policy(tmp_path: Path) -> None:
    at = outfit(tmp_path, Policy(price_drift=Decimal(0)))
    made = preview(at)
    at.market.bonds["B"] = dated(bond(price="98.5000001"))
    with pytest.raises(PreviewChanged):
        at.desk.confirm(PM, made, "", "c1")


def test_a_line_that_follows_a_small_move_of_the_price_is_looked_at_again(at: Outfit) -> None:
    at.market.accounts = (account("A", cash="985000"), account("B"))
    made = preview(at)
    at.market.bonds["B"] = dated(bond(price="98.6"))
    with pytest.raises(PreviewChanged) as moved:
        at.desk.confirm(PM, made, "", "c1")
    assert [change.split(":")[0] for change in moved.value.changes if "accrued" not in change][-2:] == ["A", "B"]
