from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.compare import Comparison, Figures, compare
from allocation.engines.custom import Ask, Instruction
from allocation.errors import InvalidBlock, InvalidParameter, MetricUnavailable
from allocation.limits import Rule
from allocation.metrics import Dispersion, dispersion
from allocation.model import Account, Choices, Measures, Metric, Side
from allocation.pose import pose
from allocation.propose import propose
from tests.allocation.caps.table import table
from tests.allocation.desk import account, block, bond

GROUP = [
    account("A", "100000000", "5000000", level=5.2),
    account("B", "150000000", "8000000", level=4.8),
    account("C", "80000000", "3000000", level=5.5),
    account("D", "50000000", "1000000", level=5.0),
]
BEST, PRO_RATA, EQUAL = Choices("min_dispersion"), Choices(), Choices("equal")


def _figures(row: Comparison) -> Figures:
    assert row.figures is not None, row.failed
    return row.figures


def test_rows_come_in_the_order_given_and_are_what_each_engine_proposes() -> None:
    given_ = [EQUAL, BEST, PRO_RATA]
    rows = compare(block(8_000_000), GROUP, given_)
    assert [row.label for row in rows] == ["Equal", "Minimum dispersion", "Pro rata"]
    assert [row.choices for row in rows] == given_
    assert [row.proposal for row in rows] == [propose(block(8_000_000), GROUP, choices) for choices in given_]


def test_a_row_has_the_figures_of_its_proposal() -> None:
    (row,) = compare(block(8_000_000), GROUP, [BEST])
    figures, proposal = _figures(row), row.proposal
    assert proposal is not None
    assert (figures.placed, figures.fill, figures.touched, figures.smallest_line) == (8_000_000, 1.0, 2, 1_015_000)
    assert figures.cash_left == {"USD": Decimal(17_000_000) - Decimal("7880000")}
    assert figures.outside == proposal.effect.outside
    assert figures.dispersion_before[Dispersion.STDEV] == proposal.effect.dispersion_before
    assert figures.dispersion_after[Dispersion.STDEV] == proposal.effect.dispersion_after


def test_every_measure_of_dispersion_is_taken_before_and_after() -> None:
    (row,) = compare(block(8_000_000), GROUP, [PRO_RATA])
    figures, nav = _figures(row), np.array([1e8, 1.5e8, 8e7, 5e7])
    for measure in Dispersion:
        before = dispersion(np.array([5.2, 4.8, 5.5, 5.0]), measure, nav)
        assert figures.dispersion_before[measure] == pytest.approx(before, abs=1e-12)
        assert measure in figures.dispersion_after
    assert figures.dispersion_before[Dispersion.RANGE] == pytest.approx(0.7)
    assert figures.max_deviation == figures.dispersion_after[Dispersion.MAX_DEVIATION]


def test_the_excess_is_what_minimum_dispersion_would_save_at_the_same_fill() -> None:
    best, *others = compare(block(8_000_000), GROUP, [BEST, PRO_RATA, EQUAL])
    least = _figures(best).least
    assert (least.face, least.note, _figures(best).excess) == (8_000_000, "", 0.0)
    assert _figures(best).excess_at_most < 1e-9
    for row in others:
        figures = _figures(row)
        saved = figures.dispersion_after[Dispersion.STDEV] - _figures(best).dispersion_after[Dispersion.STDEV]
        assert figures.excess == saved > 0.01
        assert figures.least == least


def test_an_engine_that_places_less_is_measured_at_its_own_face() -> None:
    short = Choices("to_target", {"aim": "level", "level": 4.9})
    row, full = compare(block(8_000_000), GROUP, [short, BEST])
    least = _figures(row).least
    assert least.face == _figures(row).placed < 8_000_000 == _figures(full).least.face
    (again,) = compare(block(least.face), GROUP, [BEST])
    assert least.found == pytest.approx(_figures(again).dispersion_after[Dispersion.STDEV], abs=1e-12)


def _least_by_hand(accounts: list[Account], order_face: int, pieces: tuple[int, int], face: int, side: Side) -> float:
    """Over every legal allocation of exactly `face`."""
    problem = pose(block(order_face, side, bond(*pieces)), accounts, PRO_RATA)
    options = [[f for f in range(r.most + 1) if f == 0 or r.allows(f, problem.lattice)] for r in problem.rooms]
    grid = np.array([faces for faces in product(*options) if sum(faces) == face], dtype=np.float64)
    nav = np.array([float(a.nav or 0) for a in problem.accounts])
    levels = np.array([a.exposures[Metric.ASD].value for a in problem.accounts], dtype=np.float64)
    after = levels + side.sign * grid * problem.unit_values * 3.8 / nav
    return float(after.std(axis=1).min())


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(Side),
    st.sampled_from([(1, 1), (3, 1), (3, 2), (4, 4)]),
    st.lists(st.tuples(st.integers(40, 400), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4),
    st.integers(1, 30),
)
def test_the_least_is_that_of_every_legal_split_of_the_face(
    side: Side, pieces: tuple[int, int], given_: list[tuple[int, int, int]], face: int
) -> None:
    group = [
        account(f"A{i}", str(nav), str(cash), str(held), level=5.0 + 0.07 * ((3 * i + held) % 5))
        for i, (nav, cash, held) in enumerate(given_)
    ]
    for row in compare(block(face, side, bond(*pieces)), group, [BEST, PRO_RATA, EQUAL]):
        figures = _figures(row)
        least = _least_by_hand(group, face, pieces, figures.placed, side)
        assert figures.least.note == ""
        assert figures.least.found == pytest.approx(least, abs=1e-9)
        assert figures.least.bound <= figures.least.found
        assert figures.excess >= 0.0


def test_locked_lines_and_excluded_accounts_are_part_of_every_row() -> None:
    pair = [replace(each, locked={"C": 500_000}, excluded=frozenset({"D"})) for each in (BEST, EQUAL)]
    rows = compare(block(9_000_000), GROUP, pair)
    for row in rows:
        figures, proposal = _figures(row), row.proposal
        assert proposal is not None
        counted = [line.face for line in proposal.lines if line.account_id in ("A", "B")]
        assert figures.least.face == sum(counted)
        assert figures.dispersion_after[Dispersion.STDEV] == proposal.effect.dispersion_after
    best, equal = map(_figures, rows)
    assert best.excess <= 1e-9 < equal.excess


def test_a_bond_that_moves_nobody_leaves_nothing_to_save() -> None:
    flat = bond(measures=Measures(oas=0.0))
    (row,) = compare(block(6_000_000, of=flat), GROUP, [replace(PRO_RATA, metric=Metric.OAS)])
    assert (_figures(row).excess, _figures(row).least.note) == (0.0, "")


def test_a_group_of_which_nobody_counts_has_no_dispersion() -> None:
    nobody = replace(PRO_RATA, excluded=frozenset("ABCD"))
    (row,) = compare(block(6_000_000), GROUP, [nobody])
    assert set(_figures(row).dispersion_after.values()) == {0.0}
    assert (_figures(row).least.face, _figures(row).excess) == (0, 0.0)


def test_a_bound_that_does_not_know_an_accounts_own_minimum_says_so() -> None:
    limits = table(("B", Rule.MIN_ALLOCATION, "", "7000000"))
    (row,) = compare(block(8_000_000), GROUP, [EQUAL], limits)
    least = _figures(row).least
    assert least.note.startswith("Not proved: the bound does not count on the minimum allocation of B. The least may")
    assert least.bound <= least.found <= _figures(row).dispersion_after[Dispersion.STDEV]


def test_an_engine_that_cannot_answer_says_why_in_its_row() -> None:
    choices = [
        Choices("to_target"),
        Choices("equal", {"by": "nav"}),
        Choices("magic"),
        Choices("custom", {"instructions": {"Z": Instruction(Ask.FACE, Decimal(1))}}),
        PRO_RATA,
    ]
    *lost, found = compare(block(6_000_000), GROUP, choices)
    assert [row.failed for row in lost] == [
        "Type the level of Active spread duration the accounts are to reach.",
        "Equal has no parameter 'by'.",
        "There is no engine called 'magic'; choose one of pro_rata, equal, min_dispersion, to_target, custom.",
        "Instructions: Z is not an account of this group.",
    ]
    assert all(row.proposal is None and row.figures is None for row in lost)
    assert [row.label for row in lost] == ["To target", "Equal", "magic", "Custom"]
    assert _figures(found).placed == 6_000_000


def test_a_label_says_what_differs_from_the_defaults() -> None:
    ask = {"instructions": {"A": Instruction(Ask.FACE, Decimal(100_000))}}
    parameters: list[tuple[str, dict[str, Any]]] = [
        ("pro_rata", {"by": "nav"}),
        ("pro_rata", {"by": "cash"}),
        ("pro_rata", {"by": "cash"}),
        ("min_dispersion", {"weighting": "nav", "centre": "targets", "targets": dict.fromkeys("ABCD", 5.0)}),
        ("to_target", {"aim": "lead", "lead": "A"}),
        ("to_target", {"level": 5.1234}),
        ("custom", {**ask, "remainder": "equal", "allow_partial": False}),
    ]
    rows = compare(block(6_000_000), GROUP, [Choices(*each) for each in parameters])
    assert [row.label for row in rows] == [
        "Pro rata",
        "Pro rata (in proportion to cash)",
        "Pro rata (in proportion to cash), no. 2",
        "Minimum dispersion (accounts weigh by NAV; closest to targets of their own; target for 4 accounts)",
        "To target (each account goes to a lead account's level; lead account A)",
        "To target (level 5.1234 years)",
        "Custom (instructions for 1 account; remainder in equal parts; allow partial lines: off)",
    ]


def test_a_sell_starts_from_other_defaults() -> None:
    group = [account("A", held="500000"), account("B", held="900000", level=5.5)]
    rows = compare(block(700_000, Side.SELL), group, [PRO_RATA, Choices(parameters={"by": "nav"})])
    assert [row.label for row in rows] == ["Pro rata", "Pro rata (in proportion to NAV)"]


def test_cash_is_added_up_for_each_base_currency_and_unknown_cash_is_named() -> None:
    group = [
        account("A", cash="1000000"),
        account("B", cash="2000000.25", currency="EUR", fx={"USD": Decimal("0.5")}),
        account("C", cash=None),
    ]
    (row,) = compare(block(1_000_000), group, [EQUAL])
    figures = _figures(row)
    assert figures.cash_left == {"EUR": Decimal("2000000.25") - 246_250, "USD": Decimal(1_000_000) - 492_500}
    assert figures.cash_unknown == ("C",)


def test_a_row_that_places_nothing_has_no_smallest_line() -> None:
    (row,) = compare(block(1_000_000), [account("A", cash="0"), account("B", cash="0", level=5.2)], [PRO_RATA])
    figures = _figures(row)
    assert (figures.placed, figures.touched, figures.smallest_line, figures.least.face) == (0, 0, None, 0)
    assert math.isclose(figures.least.found, 0.1)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("metric", Metric.DURATION, "metric"),
        ("excluded", frozenset({"A"}), "accounts left out of the metric"),
        ("locked", {"A": 1_000}, "locked lines"),
        ("min_allocation", 5_000, "minimum allocation"),
        ("respect_cash", False, "respect for cash"),
        ("round_to_denomination", False, "rounding to whole lots"),
        ("tolerance", 0.07, "tolerance"),
        ("minimum_coverage", 0.5, "minimum coverage"),
    ],
)
def test_engines_are_compared_on_the_same_terms_only(name: str, value: object, words: str) -> None:
    with pytest.raises(InvalidParameter, match=rf"give all of them the same {words}\.$") as caught:
        compare(block(1_000_000), GROUP, [PRO_RATA, replace(EQUAL, **{name: value})])  # type: ignore[arg-type]
    assert caught.value.parameter == name


def test_the_metrics_own_tolerance_typed_out_is_the_same_tolerance() -> None:
    assert len(compare(block(1_000_000), GROUP, [PRO_RATA, replace(EQUAL, tolerance=0.05)])) == 2


def test_a_block_that_cannot_be_traded_has_no_rows() -> None:
    with pytest.raises(InvalidBlock):
        compare(block(0), GROUP, [PRO_RATA, EQUAL])
    with pytest.raises(MetricUnavailable):
        compare(block(1_000_000), [*GROUP, account("E", level=None)], [PRO_RATA])


def test_nothing_is_compared_with_nothing() -> None:
    assert compare(block(1_000_000), GROUP, []) == ()
