from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import orders.comparing
from allocation.errors import MetricUnavailable, OffLattice
from allocation.model import Choices, Side
from allocation.partial_fill import FillPolicy
from orders.comparing import Compared, Entry
from orders.desk import Request
from orders.errors import InvalidSettlement, NotPermitted
from tests.allocation.desk import account
from tests.orders.desk import ANALYST, APPROVER, COMPLIANCE, PM, Outfit, outfit

ENTRIES = (Entry("pro_rata", {}), Entry("equal", {}), Entry("min_dispersion", {}))
REQUEST = Request("BIG6", "B", Side.BUY, 3_000_000, date(2026, 11, 23))


@pytest.fixture
def at(tmp_path: Path) -> Outfit:
    outfitted = outfit(tmp_path)
    outfitted.market.accounts = (
        account("A", nav="300000000", level=4.0),
        account("B", level=5.0),
        account("C", level=6.0, cash="98500"),
    )
    return outfitted


def _counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """The calls of a function of the allocation, as the desk makes them."""
    calls: list[Any] = []
    real = getattr(orders.comparing, name)

    def counted(*args: Any) -> Any:
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(orders.comparing, name, counted)
    return calls


def _compare(at: Outfit, request: Request = REQUEST) -> Compared:
    return at.desk.comparing.engines(PM, request, ENTRIES)


def test_a_row_is_what_the_preview_of_that_engine_shows(at: Outfit) -> None:
    compared = _compare(at)
    assert [row.choices.engine for row in compared.rows] == [entry.engine for entry in ENTRIES]
    for row in compared.rows:
        assert row.proposal == at.desk.preview(PM, replace(REQUEST, choices=row.choices)).proposal


def test_every_engine_has_the_rules_of_the_request(at: Outfit) -> None:
    choices = Choices("to_target", locked={"A": 1_000_000}, min_allocation=500_000, tolerance=0.1)
    compared = _compare(at, replace(REQUEST, choices=choices))
    for row in compared.answered:
        assert row.proposal is not None
        assert row.proposal.lines[0].face == 1_000_000
        assert (row.choices.min_allocation, row.choices.tolerance) == (500_000, 0.1)


def test_an_engine_without_an_answer_keeps_its_row_and_is_not_among_the_answered(at: Outfit) -> None:
    entries = (*ENTRIES, Entry("to_target", {}))
    compared = at.desk.comparing.engines(PM, REQUEST, entries)
    assert "Type the level" in compared.rows[-1].failed
    assert compared.answered == compared.rows[:-1]


def test_nothing_is_worked_out_twice_until_something_moves(at: Outfit, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _counted(monkeypatch, "compare")
    first = _compare(at)
    assert _compare(at).rows is first.rows
    other_engine = replace(REQUEST, choices=Choices("equal", {}))
    assert _compare(at, other_engine).rows is first.rows, "which engine the wizard has in hand does not matter"
    assert len(calls) == 1
    assert _compare(at, replace(REQUEST, face=4_000_000)).rows != first.rows
    at.market.accounts = (*at.market.accounts[:2], account("C", level=6.0))
    assert _compare(at).rows != first.rows
    assert len(calls) == 3


def test_sizes_are_worked_out_once_and_pass_the_face_typed(at: Outfit, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _counted(monkeypatch, "size_curve")
    curves = at.desk.comparing.sizes(PM, REQUEST, ENTRIES)
    assert at.desk.comparing.sizes(PM, REQUEST, ENTRIES) is curves
    assert len(calls) == 1
    for curve, row in zip(curves, _compare(at).rows, strict=True):
        point = curve.at(3_000_000)
        assert point is not None
        assert row.proposal is not None
        assert (curve.label, point.placed) == (row.label, row.proposal.placed)
        assert point.dispersion == pytest.approx(row.proposal.effect.dispersion_after, abs=1e-12)


def test_what_one_user_has_worked_out_is_not_in_the_way_of_another(at: Outfit) -> None:
    first = _compare(at)
    at.desk.comparing.engines(ANALYST, replace(REQUEST, face=4_000_000), ENTRIES)
    assert _compare(at).rows is first.rows


def test_a_part_of_a_proposal_is_shared_out_by_the_policy(at: Outfit) -> None:
    proposal = _compare(at).rows[0].proposal
    assert proposal is not None
    half = at.desk.comparing.partly(PM, "BIG6", proposal, Fraction(1, 2))
    assert half.filled == 1_500_000 == sum(line.expected for line in half.lines)
    small = at.desk.comparing.partly(PM, "BIG6", proposal, Fraction(1, 2), FillPolicy.SMALLEST_FIRST)
    assert next(line for line in small.lines if line.account_id == "C").left == 0


@pytest.mark.parametrize("user", [APPROVER, COMPLIANCE])
def test_who_may_not_preview_may_not_compare(at: Outfit, user: Any) -> None:
    proposal = _compare(at).rows[0].proposal
    assert proposal is not None
    for ask in (
        lambda: at.desk.comparing.engines(user, REQUEST, ENTRIES),
        lambda: at.desk.comparing.sizes(user, REQUEST, ENTRIES),
        lambda: at.desk.comparing.partly(user, "BIG6", proposal, Fraction(1, 2)),
    ):
        with pytest.raises(NotPermitted, match="may not"):
            ask()


def test_a_group_that_the_user_does_not_see_is_refused_even_where_it_was_worked_out(at: Outfit) -> None:
    elsewhere = replace(REQUEST, group="OPNIC")
    at.desk.comparing.engines(ANALYST, elsewhere, ENTRIES)
    with pytest.raises(NotPermitted, match="OPNIC"):
        _compare(at, elsewhere)


def test_a_block_that_no_preview_would_take_is_refused_in_the_same_words(at: Outfit) -> None:
    with pytest.raises(OffLattice, match="nearest faces"):
        _compare(at, replace(REQUEST, face=3_000_500))
    with pytest.raises(InvalidSettlement):
        _compare(at, replace(REQUEST, settlement=date(2026, 11, 22)))
    at.market.accounts = (*at.market.accounts, account("D", level=None))
    with pytest.raises(MetricUnavailable, match="D"):
        _compare(at)


def test_that_engines_were_compared_is_noted_once(at: Outfit) -> None:
    for _ in range(3):
        _compare(at)
    noted = [deed for deed in at.activity.deeds if deed[1] == "compared"]
    assert [(who, group) for who, _, group, _ in noted] == [("pm", "BIG6")]
    assert noted[0][3].startswith("BUY 3,000,000 ")
    assert noted[0][3].endswith("by pro_rata, equal, min_dispersion")
