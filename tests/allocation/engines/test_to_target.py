from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.errors import InvalidParameter
from allocation.model import Account, Choices, Measures, Metric, Side
from allocation.proposal import Proposal
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

GROUP = [
    account("A", "100000000", "5000000", "4000000", level=5.2),
    account("B", "150000000", "8000000", "2000000", level=4.8),
    account("C", "80000000", "3000000", "3000000", level=5.5),
    account("D", "50000000", "1000000", level=5.0),
]


def _to(level: float, **also: object) -> Choices:
    return Choices("to_target", {"aim": "level", "level": level}, **also)  # type: ignore[arg-type]


def _faces(proposal: Proposal) -> list[int]:
    return [line.face for line in proposal.lines]


def test_each_account_closes_its_gap_and_what_is_left_is_at_target() -> None:
    proposal = propose(block(20_000_000), GROUP, _to(5.05))
    # 0.25 * 150,000,000 / (0.985 * 3.8) = 10,018,701 would bring B there, its cash buys less
    assert _faces(proposal) == [0, 8_121_000, 0, 667_000]
    assert [(row.account_id, row.face) for row in proposal.unallocated] == [
        ("B", 1_897_701),
        ("", 913),
        ("", 9_313_386),
    ]
    assert [row.reason for row in proposal.unallocated[1:]] == [
        "below one increment of 1,000 in each account",
        "at or past target",
    ]
    assert proposal.effect.after["D"] == pytest.approx(5.05, abs=1e-4)
    assert proposal.effect.within("D")
    assert proposal.lines[0].reason == "Nothing: at or past its target: 5.200 years, target 5.050."


def test_an_order_that_runs_out_goes_in_proportion_to_what_each_still_needs() -> None:
    proposal = propose(block(3_000_000), GROUP, _to(5.1))
    needs = [0.0, 0.3 * 150, 0.0, 0.1 * 50]
    assert _faces(proposal) == [0, round(3_000_000 * needs[1] / sum(needs), -3), 0, 300_000]
    assert proposal.unallocated == ()


def test_a_sell_brings_those_above_down_and_leaves_the_others() -> None:
    proposal = propose(block(20_000_000, Side.SELL), GROUP, _to(5.1))
    assert _faces(proposal)[1] == _faces(proposal)[3] == 0
    assert proposal.effect.after["A"] == pytest.approx(5.1, abs=1e-4)
    assert proposal.lines[2].reason.startswith("Stopped at its holding: holds 3,000,000")


def test_the_lead_accounts_level_is_the_target_of_the_others() -> None:
    proposal = propose(block(5_000_000), GROUP, Choices("to_target", {"aim": "lead", "lead": "A"}))
    assert _faces(proposal)[0] == 0
    assert set(proposal.effect.targets.values()) == {5.2}


def test_own_targets_may_lie_on_either_side() -> None:
    own = {"A": 5.0, "B": 4.9, "C": 5.6, "D": 5.0}
    proposal = propose(block(20_000_000), GROUP, Choices("to_target", {"aim": "own", "targets": own}))
    assert [line.face > 0 for line in proposal.lines] == [False, True, True, False]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"aim": "level"}, "Type the level"),
        ({"aim": "lead"}, "Choose the lead account"),
        ({"aim": "lead", "lead": "Z"}, "Z is not an account of this group"),
        ({"aim": "own", "targets": {"A": 5.0, "B": 5.0, "C": 5.0}}, "D has no target"),
        ({"aim": "own", "targets": {"A": float("nan")}}, "is not a number"),
        ({"aim": "level", "level": "five"}, "is not a number"),
        ({"aim": "middle"}, "choose one of own, lead, level"),
    ],
)
def test_what_is_missing_or_wrong_is_named(parameters: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        propose(block(1_000_000), GROUP, Choices("to_target", parameters))


def test_a_lead_account_without_the_metric_is_refused_with_the_reason() -> None:
    group = [*GROUP, account("E", level=None)]
    choices = Choices("to_target", {"aim": "lead", "lead": "E"}, excluded=frozenset({"E"}))
    with pytest.raises(InvalidParameter, match="half of it has no figure"):
        propose(block(1_000_000), group, choices)


def test_a_need_below_the_minimum_piece_is_not_rounded_up_past_the_target() -> None:
    proposal = propose(block(5_000_000, of=bond(2_000_000, 1_000)), GROUP, _to(5.1))
    assert _faces(proposal) == [0, 5_000_000, 0, 0]


def test_a_negative_measure_turns_the_way_around() -> None:
    of = bond(measures=Measures(spread_duration=3.8, duration=4.1, oas=-20.0))
    proposal = propose(block(20_000_000, of=of), GROUP, _to(4.9, metric=Metric.OAS))
    assert [line.face > 0 for line in proposal.lines] == [True, False, True, True]


def test_a_bond_that_moves_nobody_stays_unallocated() -> None:
    of = bond(measures=Measures(spread_duration=0.0, duration=4.1, oas=95.0))
    proposal = propose(block(1_000_000, of=of), GROUP, _to(6.0))
    assert proposal.placed == 0
    assert sum(row.face for row in proposal.unallocated) == 1_000_000


@st.composite
def _groups(draw: st.DrawFn) -> list[Account]:
    rows = draw(
        st.lists(
            st.tuples(st.integers(10**6, 10**10), st.integers(0, 10**8), st.integers(0, 10**7), st.integers(-900, 900)),
            min_size=1,
            max_size=8,
        )
    )
    return [
        account(f"A{i:02}", str(nav), str(cash), str(held), 5.0 + bend / 1_000)
        for i, (nav, cash, held, bend) in enumerate(rows)
    ]


@given(
    _groups(), st.integers(1, 10**8), st.sampled_from(Side), st.sampled_from([4.5, 5.0, 5.3]),
    st.sampled_from([(1_000, 1_000), (200_000, 1_000), (1, 1)]),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_nobody_is_taken_past_the_target_and_nothing_is_lost(
    group: list[Account], face: int, side: Side, level: float, lattice: tuple[int, int]
) -> None:
    proposal = propose(block(face, side, bond(*lattice)), group, _to(level))
    assert proposal.failed == ""
    assert proposal.placed + sum(row.face for row in proposal.unallocated) == face
    for line in proposal.lines:
        before, after = (m[line.account_id] for m in (proposal.effect.before, proposal.effect.after))
        if line.face:
            assert (level - before) * side.sign > 0
            assert (level - after) * side.sign >= -1e-9


@given(_groups(), st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_permuting_the_accounts_permutes_the_answer(group: list[Account], seed: int) -> None:
    shuffled = random.Random(seed).sample(group, len(group))
    assert _faces(propose(block(5_000_000), shuffled, _to(5.2))) == _faces(propose(block(5_000_000), group, _to(5.2)))


def test_a_need_below_the_smallest_line_is_not_called_at_target() -> None:
    group = [account("A", level=4.9999), account("B", level=6.0)]
    proposal = propose(block(5_000_000, of=bond(200_000, 1_000)), group, _to(5.0))
    assert proposal.placed == 0
    assert [(row.account_id, row.face, row.reason) for row in proposal.unallocated] == [
        ("A", 2_671, "A: 2,671 is less than its smallest line of 200,000"),
        ("", 4_997_329, "at or past target"),
    ]


def test_a_sell_that_stops_before_a_stub_says_so() -> None:
    group = [account("A", held="500000", level=5.0)]
    target = 5.0 - 400_000 * 0.985 * 3.8 / 100_000_000
    proposal = propose(block(5_000_000, Side.SELL, bond(200_000, 1_000)), group, _to(target))
    assert _faces(proposal) == [300_000]
    assert proposal.unallocated[0].reason.startswith("A: may not sell ")
    assert proposal.unallocated[0].reason.endswith(", a rest must be at least 200,000 or nothing")
    assert proposal.unallocated[1].reason == "at or past target"


@pytest.mark.parametrize(
    ("group", "choices", "said"),
    [
        ([], _to(5.0), "the group has no accounts"),
        (GROUP, _to(9.0, excluded=frozenset("ABCD")), "every account is left out of Active spread duration or locked"),
        (GROUP[:1], _to(9.0, locked={"A": 0}), "every account is left out of Active spread duration or locked by hand"),
        (GROUP, _to(0.0, excluded=frozenset("AB")), "at or past target; 2 accounts left out of Active spread duration"),
    ],
)
def test_what_nobody_needs_says_why(group: list[Account], choices: Choices, said: str) -> None:
    assert propose(block(5_000_000), group, choices).unallocated[-1].reason.startswith(said)


def test_a_bond_that_moves_nobody_closes_no_gap_and_claims_no_target() -> None:
    still = bond(measures=Measures(spread_duration=0.0))
    proposal = propose(block(5_000_000, of=still), GROUP, _to(6.0))
    assert proposal.unallocated[-1].reason == "this trade moves nobody's Active spread duration"
    assert "at or past" not in proposal.lines[0].reason


def test_a_target_is_said_as_it_was_given() -> None:
    low, high = (propose(block(9_000_000), GROUP, _to(level)).lines[3].reason for level in (5.0501, 5.0504))
    assert "target 5.0501" in low
    assert "target 5.0504" in high
