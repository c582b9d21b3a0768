from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.engines.custom import Ask, Instruction
from allocation.errors import InvalidParameter
from allocation.model import Choices, Side
from allocation.proposal import Proposal
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

GROUP = [
    account("A", "100000000", "5000000"),
    account("B", "150000000", "8000000"),
    account("C", "80000000", "3000000"),
    account("D", "50000000", "1000000"),
]


def _custom(instructions: object, **also: object) -> Choices:
    return Choices("custom", {"instructions": instructions, **also})


def _face(amount: int, **also: int) -> Instruction:
    return Instruction(Ask.FACE, Decimal(amount), **also)


def _percent(amount: str, **also: int) -> Instruction:
    return Instruction(Ask.PERCENT, Decimal(amount), **also)


def _faces(proposal: Proposal) -> list[int]:
    return [line.face for line in proposal.lines]


def test_shares_money_and_face_mix_freely() -> None:
    asks = {"A": _face(2_500_000), "B": Instruction(Ask.MONEY, Decimal(1_970_000)), "C": _percent("25")}
    proposal = propose(block(8_000_000), GROUP, _custom(asks))
    assert _faces(proposal) == [2_500_000, 2_000_000, 2_000_000, 0]
    assert [line.asked for line in proposal.lines] == [2_500_000, 2_000_000, 2_000_000, None]
    assert [line.part for line in proposal.lines] == ["direct", "direct", "direct", ""]
    assert [(row.face, row.reason) for row in proposal.unallocated] == [(1_500_000, "nobody asked for it")]


def test_money_counts_accrued_interest_and_is_never_exceeded() -> None:
    asks = {"A": Instruction(Ask.MONEY, Decimal(1_000_000))}
    line = propose(block(8_000_000, of=bond(accrued="1.5")), GROUP, _custom(asks)).lines[0]
    assert line.face == 1_000_000
    assert line.money == 1_000_000
    line = propose(block(8_000_000, of=bond(accrued="1.6")), GROUP, _custom(asks)).lines[0]
    assert line.face == 999_000  # 1,000,000 would cost 1,001,000
    assert line.money <= 1_000_000


def test_weights_split_the_whole_order_and_thirds_add_up() -> None:
    proposal = propose(block(1_000_000), GROUP, _custom({"A": 1 / 3, "B": 1 / 3, "C": 1 / 3}))
    assert _faces(proposal) == [334_000, 333_000, 333_000, 0]
    assert proposal.unallocated == ()


@pytest.mark.parametrize("weights", [{"A": 0.5, "B": 0.4}, {"A": 0.5, "B": 0.500002}, {"A": 1.5}])
def test_weights_that_do_not_add_up_to_one_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(InvalidParameter, match="must add up to 1"):
        propose(block(1_000_000), GROUP, _custom(weights))


def test_weights_within_a_millionth_of_one_are_taken() -> None:
    assert propose(block(1_000_000), GROUP, _custom({"A": 0.5, "B": 0.5000009})).placed == 1_000_000


@pytest.mark.parametrize(
    ("instructions", "said"),
    [
        ({"Z": 1.0}, "Z is not an account"),
        ({"A": -0.5, "B": 1.5}, "zero or more"),
        ({"A": float("nan"), "B": 1.0}, "zero or more"),
        ({"A": "half", "B": 0.5}, "is not a number"),
        ({"A": 0.5, "B": _face(1)}, "cannot be mixed"),
        ({"A": _face(-1)}, "zero or more"),
        ({"A": _face(10, least=20, most=10)}, "max of 10 is below the min of 20"),
        ({}, "Ask for something"),
        ([], "one for each account"),
    ],
)
def test_an_instruction_that_cannot_be_read_is_refused_by_name(instructions: object, said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        propose(block(1_000_000), GROUP, _custom(instructions))


def test_the_lower_priority_number_comes_first_when_the_order_runs_out() -> None:
    asks = {"A": _face(6_000_000, priority=2), "B": _face(6_000_000), "C": _face(2_000_000, priority=3)}
    proposal = propose(block(8_000_000), GROUP, _custom(asks))
    assert _faces(proposal) == [2_000_000, 6_000_000, 0, 0]
    assert proposal.lines[0].reason == "Asked for 6,000,000; cut to what was left of the order."
    assert "more than the 8,000,000 there is" in proposal.warnings[0]


def test_accounts_of_one_priority_share_what_is_left_in_proportion() -> None:
    proposal = propose(block(3_000_000), GROUP, _custom({"A": _face(4_000_000), "B": _face(2_000_000)}))
    assert _faces(proposal) == [2_000_000, 1_000_000, 0, 0]
    for line in proposal.lines[:2]:
        assert "cut in proportion to what was asked, as there was not enough for all" in line.reason


def test_less_than_the_min_is_nothing_and_leaves_room_for_the_others() -> None:
    asks = {"A": _face(3_000_000, least=3_000_000), "B": _face(3_000_000, least=3_000_000)}
    proposal = propose(block(4_000_000), GROUP, _custom(asks))
    assert _faces(proposal) == [3_000_000, 0, 0, 0]
    assert proposal.lines[1].reason == "Nothing: its min of 3,000,000 is more than the 2,000,000 left for it."
    assert "min of 3,000,000" in proposal.unallocated[0].reason


def test_a_min_lifts_a_small_share_and_a_max_holds_a_large_one() -> None:
    asks = {"A": _percent("5", least=1_000_000), "B": _percent("95", most=2_000_000)}
    proposal = propose(block(8_000_000), GROUP, _custom(asks))
    assert _faces(proposal) == [1_000_000, 2_000_000, 0, 0]
    assert [line.asked for line in proposal.lines[:2]] == [400_000, 7_600_000]  # as typed
    assert [line.reason for line in proposal.lines[:2]] == [
        "Asked for 5% of the order, raised to its min of 1,000,000, in whole lots.",
        "Asked for 95% of the order, lowered to its max of 2,000,000, in whole lots.",
    ]


def test_more_than_there_is_after_mins_and_maxes_is_said_to_be_so() -> None:
    proposal = propose(block(1_000_000), GROUP, _custom({"A": _percent("10", least=2_000_000)}))
    assert proposal.warnings == (
        "What is asked for, within each min and max, adds up to 2,000,000, more than the 1,000,000 there is.",
    )
    assert proposal.lines[0].reason == ("Nothing: its min of 2,000,000 cannot be met: the order is for 1,000,000.")
    assert propose(block(1_000_000), GROUP, _custom({"A": _percent("200", most=9_000)})).warnings == ()


def test_what_was_asked_and_is_too_small_to_trade_is_not_called_unasked() -> None:
    pieces = bond(200_000, 1_000)
    asks = {"A": _face(100_000), "B": _face(300_150), "C": _face(150)}
    proposal = propose(block(10_000_000, of=pieces), GROUP, _custom(asks))
    assert [(row.face, row.reason) for row in proposal.unallocated] == [
        (100_000, "A: 100,000 is less than its smallest line of 200,000"),
        (150, "C: 150 is less than its smallest line of 200,000"),
        (150, "below one increment of 1,000 in each account"),
        (9_599_700, "nobody asked for it"),
    ]
    least = Choices("custom", {"instructions": {"B": _face(3_000_000)}}, min_allocation=4_000_000)
    assert propose(block(5_000_000), GROUP, least).unallocated[0].reason == (
        "B: 3,000,000 is less than its smallest line of 4,000,000"
    )


def test_a_max_that_keeps_an_account_from_more_of_the_remainder_is_not_called_a_cut() -> None:
    asks = {"A": _face(100_000, most=200_500), "B": _face(100_500)}
    proposal = propose(block(4_000_000), GROUP[:2], _custom(asks, remainder="equal"))
    assert _faces(proposal) == [200_000, 3_800_000]
    assert proposal.lines[0].reason == "Asked for 100,000, and 100,000 of the remainder, in whole lots."


def test_a_min_that_its_cash_cannot_meet_says_so() -> None:
    proposal = propose(block(8_000_000), GROUP, _custom({"D": _face(3_000_000, least=2_000_000)}))
    assert proposal.lines[3].reason.startswith("Nothing: its min of 2,000,000 cannot be met: cash of USD 1,000,000")


def test_without_partial_lines_it_is_all_or_nothing() -> None:
    asks = {"A": _face(6_000_000), "B": _face(6_000_000), "C": _face(2_500_000)}
    proposal = propose(block(8_000_000), GROUP, _custom(asks, allow_partial=False))
    assert _faces(proposal) == [0, 6_000_000, 0, 0]
    assert "asked for 6,000,000 in full, and cash of" in proposal.lines[0].reason
    assert proposal.lines[2].reason == "Nothing: asked for 2,500,000 in full, and 2,000,000 of the order were left."


def test_the_remainder_goes_to_those_without_an_instruction() -> None:
    asks = {"A": _face(2_000_000)}
    proposal = propose(block(5_000_000), GROUP, _custom(asks, remainder="equal"))
    assert _faces(proposal) == [2_000_000, 1_000_000, 1_000_000, 1_000_000]
    assert [line.part for line in proposal.lines] == ["direct", "remainder", "remainder", "remainder"]
    by_nav = propose(block(4_800_000), GROUP, _custom(asks, remainder="pro_rata"))
    assert _faces(by_nav) == [2_000_000, 1_500_000, 800_000, 500_000]


def test_where_everyone_has_an_instruction_the_remainder_tops_them_up_to_their_max() -> None:
    asks = {name: _percent("10", most=2_000_000) for name in "ABC"} | {"D": _percent("10")}
    proposal = propose(block(5_000_000), GROUP, _custom(asks, remainder="equal"))
    assert _faces(proposal) == [1_329_000, 1_328_000, 1_328_000, 1_015_000]
    assert {line.part for line in proposal.lines} == {"direct and remainder"}
    large = propose(block(8_000_000), GROUP, _custom(asks, remainder="equal"))
    assert _faces(large)[:3] == [2_000_000] * 3


def test_no_instruction_and_a_rule_is_a_plain_split() -> None:
    proposal = propose(block(4_000_000), GROUP, _custom({}, remainder="equal"))
    assert _faces(proposal) == [1_000_000] * 4


def test_an_account_locked_by_hand_cannot_be_asked_for_as_well() -> None:
    choices = Choices("custom", {"instructions": {"A": _face(1_000_000)}}, locked={"A": 2_000_000})
    with pytest.raises(InvalidParameter, match="locked by hand"):
        propose(block(4_000_000), GROUP, choices)


def test_a_sell_of_more_than_is_held_stops_at_the_holding() -> None:
    group = [account("A", held="1500500"), account("B", held="3000000")]
    proposal = propose(block(4_000_000, Side.SELL), group, _custom({"A": _face(2_000_000), "B": _face(1_000_000)}))
    assert _faces(proposal) == [1_500_500, 1_000_000]


ASKS = st.builds(
    Instruction,
    st.sampled_from(Ask),
    st.integers(0, 60).map(Decimal) | st.integers(0, 9 * 10**6).map(Decimal),
    least=st.integers(0, 10**6),
    most=st.none() | st.integers(10**6, 10**7),
    priority=st.integers(1, 3),
)


@given(
    st.dictionaries(st.sampled_from("ABCD"), ASKS, min_size=1),
    st.integers(1, 3 * 10**7),
    st.sampled_from(["none", "pro_rata", "equal"]),
    st.booleans(),
    st.sampled_from(Side),
    st.sampled_from([(1_000, 1_000), (200_000, 1_000), (3_000, 2_000), (1, 1)]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_asked_nothing_is_lost_and_min_and_max_hold(
    asks: dict[str, Instruction], face: int, remainder: str, partial: bool, side: Side, lattice: tuple[int, int]
) -> None:
    group = [account(a.id, str(a.nav), str(a.cash), held) for a, held in zip(
        GROUP, ("2500000", "1000500", "300000", "0"), strict=True
    )]  # fmt: skip
    choices = _custom(asks, remainder=remainder, allow_partial=partial)
    proposal = propose(block(face, side, bond(*lattice)), group, choices)
    assert proposal.failed == ""
    assert proposal.placed + sum(row.face for row in proposal.unallocated) == face
    for line in proposal.lines:
        ask = asks.get(line.account_id)
        if ask is not None:
            assert line.face == 0 or line.face >= ask.least
            assert ask.most is None or line.face <= ask.most
        if line.face:
            assert line.part
