from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.effect import after_trade
from allocation.model import Choices, Measures, Metric, Side
from allocation.propose import propose
from tests.allocation.desk import account, block, bond


def test_an_account_after_its_line_stands_where_the_preview_said() -> None:
    group = [account("A"), account("B", "150000000", held="500000")]
    proposal = propose(block(2_000_000, of=bond(accrued="1.5")), group, Choices())
    for before, line in zip(group, proposal.lines, strict=True):
        after = after_trade(before, proposal.block, line.face, proposal.basis)
        assert after.exposures[Metric.ASD].value == proposal.effect.after[before.id]
        assert after.held("B") == before.held("B") + line.face


def test_a_bond_bought_for_the_first_time_is_held_with_its_issuer_and_measures() -> None:
    of = bond(accrued="1.5", issuer_id="ACME", sector="Industrial")
    holding = after_trade(account("A"), block(1_000_000, of=of), 1_000_000, "dirty").holdings["B"]
    assert (holding.issuer_id, holding.sector, holding.measures) == ("ACME", "Industrial", of.measures)
    assert (holding.market_value, holding.accrued_value) == (Decimal(985_000), Decimal(15_000))


def test_a_holding_sold_out_is_gone() -> None:
    assert after_trade(account("A", held="1000000"), block(1_000_000, Side.SELL), 1_000_000, "clean").holdings == {}


def test_without_a_rate_a_measure_or_a_metric_nothing_is_made_up() -> None:
    euro = account("A", currency="EUR")
    assert after_trade(euro, block(1_000_000), 1_000_000, "clean") == euro
    no_oas = block(1_000_000, of=bond(measures=Measures(spread_duration=3.8)))
    after = after_trade(account("A"), no_oas, 1_000_000, "clean")
    assert after.exposures[Metric.OAS] == account("A").exposures[Metric.OAS]
    assert after_trade(account("A", level=None), no_oas, 1_000, "clean").exposures[Metric.ASD].value is None


@given(st.integers(1, 10**8), st.integers(0, 10**8), st.sampled_from(["0", "0.37", None]))
def test_a_buy_sold_back_leaves_the_account_as_it_was(face: int, held: int, accrued: str | None) -> None:
    of = bond(accrued=accrued)
    before = account("A", held=str(held))
    bought = after_trade(before, block(face, of=of), face, "clean")
    back = after_trade(bought, block(face, Side.SELL, of), face, "clean")
    assert back.held("B") == before.held("B")
    if held:
        assert back.holdings["B"].market_value == before.holdings["B"].market_value
    for metric in Metric:
        assert back.exposures[metric].value == pytest.approx(before.exposures[metric].value, abs=1e-9)
