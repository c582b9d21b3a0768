"""What a minimum-dispersion split says of its lines and of what it could not place."""

from __future__ import annotations

from dataclasses import replace

from allocation.model import Choices, Side
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

BEST = Choices("min_dispersion")


def test_a_locked_account_is_not_blamed_for_what_is_not_placed() -> None:
    group = [account("A", cash="1000000", level=4.0), account("B", cash="3000000", level=5.0)]
    for face in (0, 500_000):
        proposal = propose(block(9_000_000), group, replace(BEST, locked={"A": face}))
        assert {row.account_id for row in proposal.unallocated} == {"B"}


def test_an_account_at_its_cap_counts_as_capped_though_the_best_answer_had_no_need_of_it() -> None:
    group = [account("A", cash="1000000", level=4.0), account("B", cash="3000000", level=5.0), account("C", level=5.2)]
    lines = propose(block(5_000_000), group, BEST).lines
    assert [line.capped for line in lines] == [True, True, False]
    assert lines[1].wish < lines[1].face
    locked = propose(block(5_000_000), group, replace(BEST, locked={"B": 3_045_000})).lines
    assert [line.capped for line in locked] == [True, False, False]


def test_a_line_that_leads_away_from_the_mean_does_not_claim_to_help() -> None:
    group = [account("A", cash="2000000", level=4.0), account("B", level=5.0)]
    away = propose(block(3_000_000), group, BEST).lines[1]
    assert away.face == 970_000
    assert away.reason.endswith(
        "it moves away, but the order has to be placed, and a lot does no more harm here than elsewhere."
    )
    near = propose(block(3_000_000), [account("A", level=4.0), account("B", level=4.01)], BEST).lines
    assert all(line.reason.endswith("one lot more or less helps as much as in any other account.") for line in near)


def test_where_one_account_takes_all_a_lot_helps_more_in_it_than_in_the_others() -> None:
    lines = propose(block(3_000_000), [account("A", level=4.0), account("B", level=5.0)], BEST).lines
    assert lines[0].reason.endswith("a lot helps more here than in any other account with room for it.")
    assert lines[1].face == 0


def test_a_whole_holding_that_would_suit_and_goes_to_others_is_not_called_too_small() -> None:
    group = [account("A", held="1000000"), account("B", held="350000"), account("C", held="150000")]
    line = propose(block(300_000, Side.SELL, bond(200_000, 1_000)), group, BEST).lines[2]
    assert line.face == 0
    assert line.reason == "Nothing: the same face lowers the dispersion more in other accounts."


def test_a_holding_sold_whole_because_a_rest_would_be_too_small_was_not_stopped() -> None:
    group = [account("A", held="1000000.5"), account("B", held="350000"), account("C", held="150000")]
    line = propose(block(500_000, Side.SELL, bond(200_000, 1_000)), group, BEST).lines[1]
    assert line.face == 350_000
    assert line.reason.startswith("Sells its whole holding: from 5.000 to")


def test_a_rounding_error_of_the_continuous_optimum_is_no_wish() -> None:
    group = [account("A", "200000000", "3000000", level=4.2), account("B", "50000000", "8000000", level=5.0)]
    line = propose(block(2_000_000), group, BEST).lines[1]
    assert line.reason.startswith("Nothing: at 5.000 years it is already above the mean of 4.619")
