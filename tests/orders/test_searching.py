from __future__ import annotations

from dataclasses import replace

import pytest

from orders.searching import carries
from tests.allocation.desk import bond


@pytest.mark.parametrize("typed", ["91282CLW9", "us91282clw90", "BOND-1"])
def test_a_bond_is_told_by_any_of_its_identifiers_in_either_case(typed: str) -> None:
    ours = replace(bond(), asset_id="bond-1", cusip="91282CLW9", isin="US91282CLW90", sedol="")
    assert carries(ours, typed)
    assert not carries(ours, "")
    assert not carries(ours, typed[:-1])
