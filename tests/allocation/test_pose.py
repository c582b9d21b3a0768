"""Locks, minimum allocations and what-ifs: what is settled before an engine is asked."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.check import audit, check
from allocation.errors import InvalidBlock
from allocation.limits import Limit, LimitTable, Rule
from allocation.model import Account, Choices, Side
from allocation.proposal import Proposal
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

GROUP = [
    account("A", "100000000", "5000000", "1500500", level=5.2),
    account("B", "150000000", "8000000", "3000000", level=4.8),
    account("C", "80000000", "3000000", level=5.5),
    account("D", "50000000", "1000000", "200000", level=5.0),
]
ENGINES = [
    Choices("pro_rata", {"by": "nav"}),
    Choices("equal"),
    Choices("min_dispersion"),
    Choices("min_dispersion", {"weighting": "nav"}),
    Choices("to_target", {"aim": "level", "level": 5.1}),
    Choices("custom", {"instructions": {"B": 0.5, "C": 0.5}, "remainder": "equal"}),
]


def _faces(proposal: Proposal) -> list[int]:
    return [line.face for line in proposal.lines]


@pytest.mark.parametrize("choices", ENGINES)
def test_a_locked_line_stays_and_the_rest_is_split_over_the_others(choices: Choices) -> None:
    proposal = propose(block(8_000_000), GROUP, replace(choices, locked={"A": 3_000_000, "D": 0}))
    assert _faces(proposal)[0] == 3_000_000
    assert _faces(proposal)[3] == 0
    assert [line.part for line in proposal.lines][0::3] == ["locked", "locked"]
    assert proposal.lines[0].reason == "Locked by hand."
    assert proposal.placed + sum(row.face for row in proposal.unallocated) == 8_000_000
    assert audit(proposal) == ()


def test_locking_the_best_lines_leaves_the_best_answer_as_it_was() -> None:
    best = propose(block(8_000_000), GROUP, Choices("min_dispersion"))
    locked = {line.account_id: line.face for line in best.lines[:2]}
    again = propose(block(8_000_000), GROUP, Choices("min_dispersion", locked=locked))
    assert _faces(again) == _faces(best)
    assert again.effect == best.effect
    assert again.certificate is not None
    assert again.certificate.status == "optimal"


def test_everything_locked_leaves_the_rest_unallocated() -> None:
    locked = {"A": 1_000_000, "B": 0, "C": 0, "D": 0}
    for choices in ENGINES[:5]:
        proposal = propose(block(8_000_000), GROUP, replace(choices, locked=locked))
        assert proposal.placed == 1_000_000
        assert sum(row.face for row in proposal.unallocated) == 7_000_000


def test_a_whole_odd_holding_may_be_locked_to_be_sold() -> None:
    proposal = propose(block(2_000_500, Side.SELL), GROUP, Choices(locked={"A": 1_500_500}))
    assert _faces(proposal) == [1_500_500, 469_000, 0, 31_000]


@pytest.mark.parametrize("choices", ENGINES)
def test_no_line_of_a_buy_is_below_the_minimum_allocation(choices: Choices) -> None:
    proposal = propose(block(8_000_000), GROUP, replace(choices, min_allocation=1_500_500))
    assert all(line.face == 0 or line.face >= 1_501_000 for line in proposal.lines)
    assert _faces(proposal)[3] == 0
    assert audit(proposal) == ()


def test_a_sell_below_the_minimum_allocation_is_a_whole_holding_or_nothing() -> None:
    choices = Choices(min_allocation=500_000)
    proposal = propose(block(2_000_000, Side.SELL), GROUP, choices)
    assert _faces(proposal) == [667_000, 1_333_000, 0, 0]  # D's share of 85,000 gives way
    assert "its share of 85,000 is below its minimum allocation of 500,000" in proposal.lines[3].reason
    out = propose(block(4_700_500, Side.SELL), GROUP, choices)
    assert _faces(out) == [1_500_500, 3_000_000, 0, 200_000]


@pytest.mark.parametrize("engine", ["pro_rata", "equal", "min_dispersion"])
def test_accounts_below_their_own_minimum_give_way_one_by_one(engine: str) -> None:
    limits = LimitTable(
        1, (Limit("A", Rule.MIN_ALLOCATION, "", "2500000"), Limit("C", Rule.MIN_ALLOCATION, "", "100000"))
    )
    proposal = propose(block(6_000_000), GROUP, Choices(engine), limits)
    assert proposal.limits == limits
    assert all(line.face == 0 or line.face >= 2_500_000 for line in proposal.lines if line.account_id == "A")
    assert proposal.failed == ""
    assert audit(proposal) == ()


def test_limits_bind_and_their_reason_reaches_the_line() -> None:
    limits = LimitTable(3, (Limit("*", Rule.SECURITY, "", "2%"), Limit("C", Rule.FROZEN)))
    group = [account(name, cash="1e9") for name in "ABC"]
    proposal = propose(block(30_000_000), group, Choices("equal"), limits)
    assert [line.cap.rule for line in proposal.lines] == [
        "security concentration",
        "security concentration",
        "account frozen",
    ]
    assert _faces(proposal)[2] == 0
    assert proposal.lines[0].face == 2_030_000  # 2% of 100mm at 98.5
    assert sum(row.face for row in proposal.unallocated) == 30_000_000 - proposal.placed


def test_a_proposal_with_looser_limits_than_its_own_fails_the_gate() -> None:
    limits = LimitTable(3, (Limit("*", Rule.SECURITY, "", "2%"),))
    loose = propose(block(9_000_000), GROUP, Choices("equal"))
    assert check(loose) == ()
    assert "its cap is" in " ".join(check(replace(loose, limits=limits)))


def test_without_cash_the_order_is_the_only_limit_and_it_is_said() -> None:
    proposal = propose(block(20_000_000), GROUP, Choices("pro_rata", respect_cash=False))
    assert proposal.placed == 20_000_000
    assert proposal.choices.what_if
    assert "Cash was not respected" in proposal.warnings[0]
    assert any(line.cash_after is not None and line.cash_after < 0 for line in proposal.lines)


def test_without_rounding_every_unit_is_placed_and_it_is_said() -> None:
    proposal = propose(block(1_000_007), GROUP, Choices("equal", round_to_denomination=False))
    assert sorted(_faces(proposal)) == [250_001, 250_002, 250_002, 250_002]
    assert "cannot be confirmed" in proposal.warnings[0]
    best = propose(block(1_000_007), GROUP, Choices("min_dispersion", round_to_denomination=False))
    assert best.placed == 1_000_007
    assert audit(best) == ()


def test_an_account_in_the_group_twice_is_refused() -> None:
    with pytest.raises(InvalidBlock, match="twice"):
        propose(block(1_000_000), [GROUP[0], GROUP[0]], Choices())


def test_sells_start_pro_rata_by_holding_and_buys_by_nav() -> None:
    assert propose(block(1_000_000, Side.SELL), GROUP, Choices()).choices.parameters["by"] == "holding"
    assert propose(block(1_000_000), GROUP, Choices()).choices.parameters["by"] == "nav"


def test_an_engine_whose_result_fails_the_gate_comes_back_as_a_failure_of_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from allocation import propose as module

    right = module.assemble

    def wrong(*given: object) -> Proposal:
        proposal = right(*given)  # type: ignore[arg-type]
        return replace(
            proposal, lines=(replace(proposal.lines[0], face=proposal.lines[0].face + 1_000), *proposal.lines[1:])
        )

    monkeypatch.setattr(module, "assemble", wrong)
    with monkeypatch.context() as once:
        once.setattr(module, "assemble", lambda *g: right(*g) if g[1].left == "the engine failed" else wrong(*g))
        proposal = propose(block(4_000_000), GROUP, Choices("equal"))
    assert "do not add up" in proposal.failed
    assert proposal.placed == 0
    assert [(row.face, row.reason) for row in proposal.unallocated] == [(4_000_000, "the engine failed")]
    assert proposal.failed in proposal.tried


@st.composite
def _groups(draw: st.DrawFn) -> list[Account]:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(10**6, 10**10), st.integers(0, 10**7), st.integers(0, 3_000_500), st.integers(-900, 900)
            ),
            min_size=2,
            max_size=7,
        )
    )
    return [
        account(f"A{i}", str(nav), str(cash), str(held), 5.0 + bend / 1_000)
        for i, (nav, cash, held, bend) in enumerate(rows)
    ]


LIMITS = st.lists(
    st.tuples(
        st.sampled_from(["*", "A0", "A1"]),
        st.sampled_from(
            [(Rule.SECURITY, "1%"), (Rule.CASH_RESERVE, "0.5%"), (Rule.MIN_ALLOCATION, "700000"), (Rule.FROZEN, "yes")]
        ),
    ),
    max_size=3,
    unique_by=lambda row: (row[0], row[1][0]),
).map(lambda rows: LimitTable(1, tuple(Limit(who, rule, "", value) for who, (rule, value) in rows)))


@given(
    _groups(), LIMITS, st.integers(1, 2 * 10**7), st.sampled_from(Side), st.sampled_from(ENGINES[:5]),
    st.sampled_from([(1_000, 1_000), (200_000, 1_000), (3_000, 2_000)]), st.sampled_from([0, 500_000]), st.booleans(),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_is_chosen_the_gate_holds_and_the_auditor_agrees(
    group: list[Account],
    limits: LimitTable,
    face: int,
    side: Side,
    choices: Choices,
    lattice: tuple[int, int],
    least: int,
    rounded: bool,
) -> None:
    chosen = replace(choices, min_allocation=least, round_to_denomination=rounded)
    proposal = propose(block(face, side, bond(*lattice)), group, chosen, limits)
    assert proposal.failed == ""
    assert check(proposal) == ()
    assert audit(proposal) == ()


@given(_groups(), st.integers(1, 2 * 10**7), st.sampled_from(Side), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_permuting_the_accounts_permutes_every_engines_answer(
    group: list[Account], face: int, side: Side, seed: int
) -> None:
    shuffled = random.Random(seed).sample(group, len(group))
    for choices in ENGINES[:5]:
        assert propose(block(face, side), shuffled, choices).lines == propose(block(face, side), group, choices).lines


@given(_groups(), st.integers(1, 2 * 10**7), st.sampled_from(Side))
@settings(max_examples=100, deadline=None)
def test_minimum_dispersion_is_never_worse_than_any_engine_at_equal_fill(
    group: list[Account], face: int, side: Side
) -> None:
    best = propose(block(face, side), group, Choices("min_dispersion"))
    assert best.certificate is not None
    slack = best.certificate.gap + best.certificate.tolerance + 1e-12
    asks = {a.id: 1 / len(group) for a in group[:-1]}
    asks[group[-1].id] = 1 - sum(asks.values())
    others = [*ENGINES[:2], ENGINES[4], Choices("custom", {"instructions": asks})]
    for choices in [*others, Choices("pro_rata", {"by": "cash"}), Choices("pro_rata", {"by": "market_value"})]:
        other = propose(block(face, side), group, choices)
        assert other.placed <= best.placed
        if other.placed == best.placed:
            assert best.effect.dispersion_after <= other.effect.dispersion_after + slack


def test_fractional_nav_and_cash_stay_exact() -> None:
    group = [account("A", "100000000.37", "5000000.01"), account("B", "33333333.33", "0.99")]
    proposal = propose(block(6_000_000, of=bond(price="99.875")), group, Choices())
    assert proposal.lines[0].cash_after == Decimal("5000000.01") - proposal.lines[0].money
    assert check(proposal) == ()


def test_a_lock_of_a_whole_holding_may_be_below_the_minimum_allocation() -> None:
    sold = propose(block(2_000_000, Side.SELL), GROUP, Choices(locked={"D": 200_000}, min_allocation=500_000))
    assert sold.failed == ""
    assert _faces(sold)[3] == 200_000


def test_a_price_that_accrued_interest_takes_below_zero_is_refused() -> None:
    with pytest.raises(InvalidBlock, match=r"accrued interest of -0.02 together must be above zero") as refused:
        propose(block(1_000_000, of=bond(price="0.01", accrued="-0.02")), GROUP, Choices())
    assert refused.value.field == "limit"
    assert propose(block(1_000_000, of=bond(price="0.03", accrued="-0.02")), GROUP, Choices()).placed == 1_000_000
