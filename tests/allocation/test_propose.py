from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.check import check
from allocation.errors import (
    InvalidBlock,
    InvalidParameter,
    MetricUnavailable,
    MissingMeasure,
    MissingPrice,
)
from allocation.model import Choices, Measures, Metric, Side
from allocation.propose import propose
from tests.allocation.desk import account, block, bond

GROUP = [account("C", nav="50000000", level=1.0), account("A", level=2.0), account("B", nav="150000000", level=4.0)]


def test_every_account_gets_a_line_in_the_order_of_its_id() -> None:
    proposal = propose(block(6_000_000), GROUP, Choices())
    assert [line.account_id for line in proposal.lines] == ["A", "B", "C"]
    assert [line.face for line in proposal.lines] == [2_000_000, 3_000_000, 1_000_000]
    assert proposal.unallocated == ()


def test_equal_gives_every_account_the_same_face() -> None:
    assert [line.face for line in propose(block(6_000_000), GROUP, Choices("equal")).lines] == [2_000_000] * 3


def test_money_and_cash_after_are_exact_and_include_accrued() -> None:
    proposal = propose(block(1_000_000, of=bond(accrued="1.234567")), [account("A")], Choices())
    line = proposal.lines[0]
    assert line.money == Decimal("997345.67000")
    assert line.cash_after == Decimal("5000000") - Decimal("997345.67")


def test_cash_caps_a_buy_and_the_reason_carries_the_numbers() -> None:
    proposal = propose(block(20_000_000), [account("A", cash="1000000"), account("B", cash="500000")], Choices())
    assert [line.face for line in proposal.lines] == [1_015_000, 507_000]
    assert {line.cap.rule for line in proposal.lines} == {"cash"}
    assert sum(row.face for row in proposal.unallocated) == 20_000_000 - 1_522_000
    assert "cash of USD 1,000,000 buys 1,015,228 at 98.5" in proposal.unallocated[0].reason


def test_a_limit_above_the_mark_reserves_more_money() -> None:
    proposal = propose(block(20_000_000, limit="100"), [account("A", cash="1000000")], Choices())
    assert proposal.lines[0].face == 1_000_000
    assert proposal.lines[0].cash_after == 0


def test_a_limit_below_the_mark_still_reserves_the_mark() -> None:
    assert propose(block(20_000_000, limit="90"), [account("A", cash="1000000")], Choices()).lines[0].face == 1_015_000


def test_a_market_buffer_reserves_more_than_the_mark() -> None:
    buffered = replace(block(20_000_000), market_buffer=Decimal("0.01"))
    assert propose(buffered, [account("A", cash="1000000")], Choices()).lines[0].face == 1_005_000


def test_nothing_is_bought_with_negative_or_unknown_cash() -> None:
    proposal = propose(block(1_000_000), [account("A", cash="-5"), account("B", cash=None), account("C")], Choices())
    assert [line.face for line in proposal.lines] == [0, 0, 1_000_000]
    assert "cash on 23 Nov 2026 is not known" in proposal.lines[1].reason


def test_an_account_without_an_exchange_rate_buys_nothing_and_says_why() -> None:
    proposal = propose(block(1_000_000), [account("A", currency="EUR"), account("B")], Choices())
    assert [line.face for line in proposal.lines] == [0, 1_000_000]
    assert "no exchange rate from USD to EUR" in proposal.lines[0].reason


def test_money_is_in_the_accounts_base_currency() -> None:
    rates = {"USD": Decimal("0.9")}
    proposal = propose(block(1_000_000), [account("A", currency="EUR", fx=rates)], Choices())
    assert proposal.lines[0].money == Decimal("886500")


def test_a_sell_stops_at_what_is_held() -> None:
    group = [account("A", held="300000"), account("B", held="700000"), account("C")]
    proposal = propose(block(2_000_000, Side.SELL), group, Choices(parameters={"by": "holding"}))
    assert [line.face for line in proposal.lines] == [300_000, 700_000, 0]
    assert proposal.lines[2].reason == "Nothing: no holding of this bond to share by."
    assert sum(row.face for row in proposal.unallocated) == 1_000_000


def test_what_is_below_one_increment_is_left_over_first() -> None:
    proposal = propose(block(1_000_500), [account("A")], Choices())
    assert [(row.face, row.reason) for row in proposal.unallocated] == [(500, "below one increment of 1,000")]


def test_an_order_below_the_minimum_piece_is_left_over_whole() -> None:
    proposal = propose(block(150_000, of=bond(200_000, 1_000)), [account("A")], Choices())
    assert proposal.placed == 0
    assert [row.face for row in proposal.unallocated] == [150_000]


def test_the_dispersion_is_over_all_accounts_not_only_those_that_received() -> None:
    proposal = propose(block(1_000, of=bond()), GROUP, Choices())
    assert len(proposal.effect.after) == 3


def test_improvement_is_not_applicable_without_dispersion_before() -> None:
    group = [account("A"), account("B")]
    assert propose(block(1_000_000), group, Choices()).effect.improvement is None


def test_accounts_without_the_metric_must_be_left_out_by_an_explicit_choice() -> None:
    group = [account("A", level=1.0), account("B", level=None)]
    with pytest.raises(MetricUnavailable) as refused:
        propose(block(2_000_000), group, Choices())
    assert refused.value.reasons == {"B": "half of it has no figure"}
    proposal = propose(block(2_000_000), group, Choices(excluded=frozenset({"B"})))
    assert proposal.effect.excluded == {"B": "half of it has no figure"}
    assert list(proposal.effect.after) == ["A"]
    assert proposal.lines[1].face == 1_000_000


def test_a_bond_without_a_price_needs_one_typed() -> None:
    with pytest.raises(MissingPrice, match="Type a price"):
        propose(block(1_000_000, of=bond(price=None)), [account("A")], Choices())
    typed = propose(block(1_000_000, of=bond(price=None), limit="99"), [account("A")], Choices())
    assert typed.lines[0].money == Decimal("990000")


def test_a_bond_without_the_metrics_figure_names_the_metrics_that_work() -> None:
    bare = bond(measures=Measures(duration=4.0))
    with pytest.raises(MissingMeasure, match=r"no OAS.*Choose another metric: Duration"):
        propose(block(1_000_000, of=bare), [account("A")], Choices(metric=Metric.OAS))


@pytest.mark.parametrize("engine", ["pro_rata", "equal", "custom", "min_dispersion", "to_target"])
def test_a_bond_without_a_figure_is_split_where_nobody_is_to_count(engine: str) -> None:
    bare, everybody = bond(measures=Measures()), frozenset(account.id for account in GROUP)
    given: dict[str, dict[str, object]] = {"to_target": {"level": 5.0}, "custom": {"remainder": "equal"}}
    choices = Choices(engine, given.get(engine, {}), excluded=everybody)
    proposal = propose(block(3_000_000, of=bare), GROUP, choices)
    assert (check(proposal), proposal.failed) == ((), "")
    assert proposal.effect.excluded == dict.fromkeys(sorted(everybody), "A bond has no spread duration")
    assert not proposal.effect.after
    assert (proposal.placed > 0) == (engine != "to_target")
    with pytest.raises(MissingMeasure, match="None of its figures is known today") as refused:
        propose(block(3_000_000, of=bare), GROUP, replace(choices, excluded=frozenset({"A"})))
    assert refused.value.reasons.keys() == everybody


def test_money_is_clean_with_a_warning_when_accrued_is_not_known() -> None:
    proposal = propose(block(1_000_000, of=bond(accrued=None)), [account("A")], Choices(metric=Metric.DURATION))
    assert proposal.basis == "clean"
    assert "Accrued interest" in proposal.warnings[0]


@pytest.mark.parametrize("face", [0, -1_000])
def test_a_face_not_above_zero_is_refused(face: int) -> None:
    with pytest.raises(InvalidBlock):
        propose(block(face), [account("A")], Choices())


def test_an_unknown_engine_or_parameter_lists_the_known_ones() -> None:
    with pytest.raises(InvalidParameter, match="choose one of pro_rata, equal, min_dispersion"):
        propose(block(1_000), [account("A")], Choices("fastest"))
    with pytest.raises(InvalidParameter, match="nav, market_value, holding, cash"):
        propose(block(1_000), [account("A")], Choices(parameters={"by": "luck"}))
    with pytest.raises(InvalidParameter, match="no parameter"):
        propose(block(1_000), [account("A")], Choices("equal", {"by": "nav"}))


def test_an_empty_group_places_nothing_and_says_so() -> None:
    proposal = propose(block(1_000_000), [], Choices())
    assert proposal.placed == 0
    assert sum(row.face for row in proposal.unallocated) == 1_000_000


def test_an_account_without_nav_gets_no_pro_rata_share() -> None:
    group = [account("A", nav=None, level=None), account("B")]
    proposal = propose(block(1_000_000), group, Choices(excluded=frozenset({"A"})))
    assert proposal.lines[0].reason == "Nothing: no NAV to share by."


def test_the_gate_refuses_a_lost_unit_and_a_broken_cap() -> None:
    proposal = propose(block(1_000_000), [account("A"), account("B")], Choices())
    first, second = proposal.lines
    assert check(proposal) == ()
    faults = check(replace(proposal, lines=(replace(first, face=first.face - 1_000), second)))
    assert "do not add up" in " ".join(faults)
    assert "dispersion" in " ".join(faults)
    assert "not a legal face" in " ".join(check(replace(proposal, lines=(replace(first, face=10**9), second))))
    # nor may a proposal loosen its own caps
    loose = replace(first, cap=replace(first.cap, face=first.cap.face + 1_000))
    assert "its cap is" in " ".join(check(replace(proposal, lines=(loose, second))))


NAVS = st.lists(st.integers(1, 10**11), min_size=2, max_size=12)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, int]], tuple[int, int], Side, str]:
    accounts = draw(
        st.lists(
            st.tuples(st.integers(1, 10**10), st.integers(-(10**6), 10**8), st.integers(0, 10**7)),
            min_size=1,
            max_size=10,
        )
    )
    lattice = draw(st.sampled_from([(1_000, 1_000), (2_000, 1_000), (200_000, 1_000), (100, 1_000), (1, 1)]))
    return (
        draw(st.integers(1, 10**8)),
        accounts,
        lattice,
        draw(st.sampled_from(Side)),
        draw(st.sampled_from(["pro_rata", "equal", "min_dispersion"])),
    )


@given(_cases())
@settings(max_examples=250, deadline=None)
def test_whatever_is_asked_nothing_is_lost_and_no_cap_is_broken(
    case: tuple[int, list[tuple[int, int, int]], tuple[int, int], Side, str],
) -> None:
    face, rows, (piece, step), side, engine = case
    group = [account(f"A{i:02}", str(nav), str(cash), str(held)) for i, (nav, cash, held) in enumerate(rows)]
    proposal = propose(block(face, side, bond(piece, step, accrued="0.7")), group, Choices(engine))
    assert proposal.placed + sum(row.face for row in proposal.unallocated) == face
    for line in proposal.lines:
        assert 0 <= line.face <= line.cap.face
        assert line.reason
        if side is Side.BUY and line.face:
            assert line.cash_after is not None
            assert line.cash_after >= 0
            assert line.face >= piece


@given(NAVS, st.integers(1, 2_000))
@settings(max_examples=150, deadline=None)
def test_nav_pro_rata_with_slack_caps_leaves_a_contribution_metrics_dispersion_as_it_was(
    navs: list[int], lots: int
) -> None:
    group = [account(f"A{i:02}", str(nav), "1e15", level=float(i % 5)) for i, nav in enumerate(navs)]
    effect = propose(block(lots * 1_000), group, Choices(metric=Metric.DURATION)).effect
    one_lot = max(1_000 * 0.985 * 4.1 / nav for nav in navs)
    assert abs(effect.dispersion_after - effect.dispersion_before) <= one_lot + 1e-9


@given(NAVS, st.integers(1, 2_000))
@settings(max_examples=100, deadline=None)
def test_scaling_all_money_by_a_thousand_scales_every_face(navs: list[int], lots: int) -> None:
    small = [account(f"A{i:02}", str(nav), str(nav // 20)) for i, nav in enumerate(navs)]
    large = [account(f"A{i:02}", str(nav * 1_000), str(nav // 20 * 1_000)) for i, nav in enumerate(navs)]
    faces = [line.face for line in propose(block(lots * 1_000), small, Choices()).lines]
    scaled = propose(block(lots * 1_000_000, of=bond(1_000_000, 1_000_000)), large, Choices())
    assert [line.face for line in scaled.lines] == [face * 1_000 for face in faces]


@given(NAVS, st.integers(1, 5_000))
@settings(max_examples=100, deadline=None)
def test_selling_back_a_buy_restores_every_metric(navs: list[int], lots: int) -> None:
    group = [account(f"A{i:02}", str(nav), "1e15", level=float(i % 3)) for i, nav in enumerate(navs)]
    bought = propose(block(lots * 1_000), group, Choices())
    after = [
        account(a.id, str(a.nav), "1e15", str(line.face), level=bought.effect.after[a.id])
        for a, line in zip(bought.accounts, bought.lines, strict=True)
    ]
    sold = propose(block(lots * 1_000, Side.SELL), after, Choices(parameters={"by": "holding"}))
    assert [line.face for line in sold.lines] == [line.face for line in bought.lines]
    for i, a in enumerate(sold.accounts):
        assert sold.effect.after[a.id] == pytest.approx(float(i % 3), abs=1e-9)


def test_thirds_of_a_sell_leave_no_unit_without_its_own_reason() -> None:
    group = [account(name, held="1000000") for name in ("A", "B", "C")]
    proposal = propose(block(100_000_000, Side.SELL), group, Choices("equal"))
    assert {row.account_id for row in proposal.unallocated} == {"A", "B", "C"}
    assert sum(row.face for row in proposal.unallocated) == 97_000_000


def test_only_an_account_kept_from_its_share_counts_as_capped() -> None:
    group = [account("A", held="300000"), account("B")]
    lines = propose(block(2_000_000, Side.SELL), group, Choices(parameters={"by": "holding"})).lines
    assert [line.capped for line in lines] == [True, False]


def test_a_line_raised_to_the_smallest_one_says_so() -> None:
    group = [account("A", "90000000", "800000"), account("B", "10000000")]
    lines = propose(block(1_000_000, of=bond(200_000, 1_000)), group, Choices()).lines
    assert lines[1].reason == "10.00% of the group's NAV, a face of 100,000; raised to 200,000, the smallest line."


def test_a_line_raised_by_what_another_cannot_take_names_that_account() -> None:
    group = [account("A"), account("B", cash="0"), account("C")]
    lines = propose(block(3_000_000), group, Choices("equal")).lines
    assert lines[0].reason == "One of 3 equal shares, a face of 1,000,000; raised to 1,500,000 as B takes nothing."
    group[1] = account("B", cash="500000")
    more = [*group, account("D", cash="0"), account("E", cash="0"), account("F", cash="0")]
    lines = propose(block(6_000_000), more, Choices("equal")).lines
    assert lines[0].reason.endswith("as D, E and 2 others take less.")


def test_a_share_beside_a_locked_line_is_of_what_is_left_so_that_it_can_be_reckoned() -> None:
    group = [account("A"), account("B"), account("C", cash="100000")]
    lines = propose(block(3_000_000), group, Choices(locked={"B": 1_000_000})).lines
    assert lines[0].reason.startswith("50.00% of the 2,000,000 beside the locked lines, by NAV, a face of 1,000,000;")


def test_what_costs_no_money_and_breaks_no_rule_is_a_note_and_no_warning() -> None:
    flat = block(1_000_000, of=bond(measures=Measures(0.0, 4.0, 100.0)))
    proposal = propose(flat, [account("A", level=4.0), account("B", level=6.0)], Choices())
    assert proposal.warnings == ()
    assert proposal.notes == ("A bond has a spread duration of 0: Active spread duration moves for nobody.",)


def test_a_block_that_drives_the_accounts_apart_is_noted() -> None:
    group = [account("A", level=4.0, held="1000000"), account("B", level=6.0)]
    apart = propose(block(1_000_000, Side.SELL), group, Choices())
    assert apart.warnings == ()
    assert apart.notes == ("The dispersion of Active spread duration gets 1.9% wider: 1.0000 → 1.0187 years.",)


def test_a_share_in_the_hole_of_a_sell_says_why_it_is_more_or_less() -> None:
    group = [account("A", held="1000000.5"), account("B", held="350000"), account("C", held="150000")]
    lines = propose(block(1_150_000, Side.SELL, bond(200_000, 1_000)), group, Choices()).lines
    assert [line.face for line in lines] == [650_000, 350_000, 150_000]
    assert lines[1].reason == (
        "23.33% of the group's holding of this bond, a face of 268,333; "
        "raised to its whole holding, as a rest must be at least 200,000 or nothing."
    )
    lines = propose(block(450_000, Side.SELL, bond(200_000, 1_000)), group, Choices("equal")).lines
    assert lines[2].reason == "Stopped at its holding: holds 150,000."


def test_the_smallest_line_of_a_sell_may_be_a_whole_holding() -> None:
    group = [account("A", held="1000000"), account("C", held="150000")]
    line = propose(block(300_000, Side.SELL, bond(200_000, 1_000)), group, Choices()).lines[1]
    assert line.reason == "Nothing: its share of 39,130 rounds to none; the smallest line is 150,000."
