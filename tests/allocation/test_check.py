from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.model import Choices, Holding, Side
from allocation.propose import propose
from tests.allocation.desk import account, block


@pytest.mark.parametrize("engine", ["pro_rata", "equal", "min_dispersion"])
def test_a_short_position_keeps_nobody_else_from_selling(engine: str) -> None:
    short = Holding("B", Decimal(-500_000), Decimal(-492_500), Decimal(0))
    group = [replace(account("A"), holdings={"B": short}), account("B", held="700000"), account("C", held="900000")]
    proposal = propose(block(600_000, Side.SELL), group, Choices(engine))
    assert proposal.failed == ""
    assert (proposal.placed, proposal.lines[0].face) == (600_000, 0)
