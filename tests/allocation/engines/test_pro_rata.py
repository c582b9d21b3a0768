from __future__ import annotations

import pytest

from allocation.errors import InvalidParameter
from allocation.model import Choices, Side
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

GROUP = [account(name, cash="5000000") for name in ("A", "B", "C")]


def _by_order(sizes: dict[str, int]) -> Choices:
    return Choices("pro_rata", {"by": "order_size", "order_sizes": sizes})


def test_a_block_made_of_the_accounts_own_orders_gives_each_its_own() -> None:
    proposal = propose(block(4_000_000), GROUP, _by_order({"A": 1_000_000, "C": 3_000_000}))
    assert [line.face for line in proposal.lines] == [1_000_000, 0, 3_000_000]
    assert [line.asked for line in proposal.lines] == [1_000_000, None, 3_000_000]
    assert proposal.lines[1].reason == "Nothing: no order of its own."


def test_a_part_of_it_is_shared_in_proportion_to_the_orders() -> None:
    proposal = propose(block(2_000_000), GROUP, _by_order({"A": 1_000_000, "C": 3_000_000}))
    assert [line.face for line in proposal.lines] == [500_000, 0, 1_500_000]


def test_nobody_gets_more_than_its_own_order() -> None:
    proposal = propose(block(6_000_000), GROUP, _by_order({"A": 1_000_000, "C": 3_000_500}))
    assert [line.face for line in proposal.lines] == [1_000_000, 0, 3_000_000]
    assert proposal.unallocated[-1].reason == "the accounts' own orders ask for no more"


def test_what_a_capped_account_cannot_take_goes_to_the_other_orders() -> None:
    group = [account("A", cash="985000"), account("B"), account("C")]
    proposal = propose(block(4_000_000), group, _by_order({"A": 3_000_000, "B": 3_000_000, "C": 3_000_000}))
    assert [line.face for line in proposal.lines] == [1_000_000, 1_500_000, 1_500_000]


def test_an_order_to_sell_a_whole_odd_holding_is_met() -> None:
    group = [account("A", held="1000500"), account("B", held="5000000")]
    sizes = {"A": 1_000_500, "B": 1_000_000}
    proposal = propose(block(2_000_500, Side.SELL), group, _by_order(sizes))
    assert [line.face for line in proposal.lines] == [1_000_500, 1_000_000]


def test_orders_below_the_minimum_piece_are_not_lifted_to_it() -> None:
    sizes = {"A": 100_000, "B": 3_000_000}
    proposal = propose(block(3_100_000, of=bond(200_000, 1_000)), GROUP, _by_order(sizes))
    assert [line.face for line in proposal.lines] == [0, 3_000_000, 0]
    assert [(row.face, row.reason) for row in proposal.unallocated] == [
        (100_000, "A: 100,000 is less than its smallest line of 200,000")
    ]


@pytest.mark.parametrize("sizes", [{}, {"A": 0}])
def test_without_orders_there_is_nothing_to_share_by(sizes: dict[str, int]) -> None:
    with pytest.raises(InvalidParameter, match="needs the size of each account's own order"):
        propose(block(1_000_000), GROUP, _by_order(sizes))


def test_an_order_of_a_stranger_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="Z is not an account"):
        propose(block(1_000_000), GROUP, _by_order({"Z": 1_000}))
