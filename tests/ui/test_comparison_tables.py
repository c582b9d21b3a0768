from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from allocation.compare import Comparison, compare
from allocation.metrics import Dispersion
from allocation.model import Account, Choices, Metric
from allocation.partial_fill import partial_fill
from allocation.proposal import Proposal
from allocation.size_curve import size_curve
from tests.allocation.desk import account, block, bond
from ui import comparison_tables

GROUP = (account("A", level=4.0), account("B", nav="400000000", level=6.0), account("C", cash="100000", level=5.5))
ENGINES = (Choices(), Choices("equal"), Choices("min_dispersion"))


def _rows(
    *choices: Choices, group: Sequence[Account] = GROUP, face: int = 3_000_000, **also: Any
) -> tuple[Comparison, ...]:
    return compare(block(face, **also), group, choices or ENGINES)


def _proposal(row: Comparison) -> Proposal:
    assert row.proposal is not None
    return row.proposal


# -- the verdict ------------------------------------------------------------------------------------------------------


def test_the_engine_that_leaves_the_least_is_named_with_its_proof_and_by_how_much() -> None:
    said = comparison_tables.verdict(_rows())
    assert said.startswith("**Minimum dispersion** leaves the least dispersion: **0.8498 → ")
    assert ", proved to be the least at this face. The next, Equal, leaves 0." in said


def test_an_engine_that_leaves_less_by_placing_less_is_told_beside_the_best() -> None:
    to_target = Choices("to_target", {"aim": "level", "level": 4.1})
    said = comparison_tables.verdict(_rows(ENGINES[0], to_target))
    assert said.startswith("**Pro rata** leaves the least dispersion")
    assert "To target (level 4.100 years) leaves 0." in said
    assert " years, but places " in said


def test_the_proof_is_of_the_accounts_that_count_where_others_are_left_out() -> None:
    group = (*GROUP, account("D", level=None))
    said = comparison_tables.verdict(_rows(Choices("min_dispersion", excluded=frozenset("D")), group=group))
    assert "proved to be the least for what goes to the accounts that count." in said


def test_engines_that_leave_the_same_are_said_to() -> None:
    alike = (account("A", level=4.0), account("B", level=4.0))
    assert "Equal leaves just as little." in comparison_tables.verdict(_rows(*ENGINES[:2], group=alike))


def test_one_engine_alone_is_not_set_against_any() -> None:
    assert "The next" not in comparison_tables.verdict(_rows(ENGINES[0]))


# -- what each comes to -----------------------------------------------------------------------------------------------


def test_a_row_says_what_an_engine_comes_to() -> None:
    rows = _rows(*ENGINES, Choices("custom"))
    table, columns = comparison_tables.compared(rows)
    assert list(table["Engine"]) == ["Pro rata", "Equal", "Minimum dispersion"]
    assert set(table.columns) <= set(columns)
    best, figures = table.iloc[2], rows[2].figures
    assert figures is not None
    assert best["Placed"] == 3_000_000
    assert best["After"] == round(_proposal(rows[2]).effect.dispersion_after, 4)
    assert best["Above"] == "0.0000"
    assert best["Touched"] == f"{figures.touched} of 3"
    assert best["Smallest"] == figures.smallest_line
    assert best["Cash"].startswith("USD ")
    assert float(table["Above"][0]) > 0


def test_where_the_least_is_not_proved_the_distance_is_at_most() -> None:
    (row,) = _rows(ENGINES[0])
    assert row.figures is not None
    least = replace(row.figures.least, bound=row.figures.least.found - 0.01, note="Not proved.")
    open_ = replace(row, figures=replace(row.figures, least=least))
    assert comparison_tables.compared([open_])[0]["Above"][0].startswith("at most 0.")
    assert "proved" not in comparison_tables.verdict([open_])


def test_every_measure_is_there_before_and_after() -> None:
    rows = _rows()
    table, columns = comparison_tables.measured(rows)
    assert list(table["Engine"]) == ["Before", "Pro rata", "Equal", "Minimum dispersion"]
    assert list(table.columns) == ["Engine", *(measure.key for measure in Dispersion)]
    assert set(table.columns) <= set(columns)
    assert table["range"][0] == 2.0


def test_a_measure_that_cannot_be_had_is_missing_and_not_zero() -> None:
    abroad = (GROUP[0], account("J", nav="15000000000", level=6.0, currency="JPY", cash="0"))
    table, _ = comparison_tables.measured(_rows(group=abroad, face=1_000_000))
    assert table["stdev_nav"].isna().all()


# -- who gets how much ------------------------------------------------------------------------------------------------


def test_the_heat_table_has_every_face_and_is_darkest_for_the_most() -> None:
    rows = _rows()
    shaded, columns = comparison_tables.heat(rows)
    table = shaded.data  # type: ignore[attr-defined]
    assert list(table.columns) == ["Account", "Name", "Today", *(row.label for row in rows)]
    assert set(table.columns) <= set(columns)
    assert list(table["Equal"]) == [line.face for line in _proposal(rows[1]).lines]
    shades = [comparison_tables._shade(face, 1_000) for face in (0, 1, 200, 201, 1_000)]
    assert shades[0] == ""
    assert shades[1] == shades[2] != shades[3]
    assert shades[4].endswith("0.55)")


def test_the_shades_of_a_table_without_a_face_are_none() -> None:
    poor = tuple(account(name, cash="0") for name in "AB")
    shaded, _ = comparison_tables.heat(_rows(group=poor))
    assert "rgba" not in shaded.to_html()


# -- sizes and parts --------------------------------------------------------------------------------------------------


def test_every_engine_is_told_at_one_size() -> None:
    curves = size_curve(block(3_000_000), GROUP, [*ENGINES, Choices("custom")], points=5)
    size = curves[0].faces[1]
    table, columns = comparison_tables.at_size(curves, size, 1.0, Metric.ASD)
    assert list(table["Engine"]) == ["Pro rata", "Equal", "Minimum dispersion"]
    assert list(table["Placed"] + table["Not placed"]) == [size] * 3
    assert table["Change"][0].endswith("narrower")
    assert set(table.columns) <= set(columns)


def test_the_parts_of_a_fill_add_up_and_have_remarks_only_where_there_are_any() -> None:
    made = partial_fill(_proposal(_rows()[0]), Fraction(1, 2))
    table, columns = comparison_tables.part_filled(made)
    assert table["Would get"].sum() == 1_500_000
    assert list(table["Would get"] + table["Left"]) == list(table["Line"])
    assert "Note" not in table
    assert set(table.columns) <= set(columns)


def test_a_part_below_the_minimum_piece_says_so() -> None:
    (row,) = _rows(ENGINES[0], face=600_000, of=bond(200_000, 1_000))
    table, _ = comparison_tables.part_filled(partial_fill(_proposal(row), Fraction(1, 10)))
    assert "below the minimum piece" in list(table["Note"])


@pytest.mark.parametrize("cash", ["0", "5000000"])
def test_money_left_is_short(cash: str) -> None:
    group = tuple(account(name, cash=cash) for name in "AB")
    table, _ = comparison_tables.compared(_rows(ENGINES[0], group=group, face=1_000_000))
    left = 2 * Decimal(cash) - (Decimal(985_000) if cash != "0" else 0)
    assert table["Cash"][0] == ("USD 9.0mm" if left else "USD 0")
