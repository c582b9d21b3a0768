"""The published shapes: what is tolerated, and how a wrong one is named."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aladdin import wire
from aladdin.wire_orders import ExternalOrderReference
from orders.errors import Malformed


def test_a_missing_required_field_is_named_with_its_place() -> None:
    rows = [{"portfolioTicker": "A", "assetId": "X"}, {"portfolioTicker": "B"}]
    with pytest.raises(
        Malformed, match=r"positions of group G cannot be read: \[1\]\.assetId: field required"
    ) as raised:
        wire.parse(tuple[wire.Position, ...], rows, "the positions of group G", "ref-1")
    assert raised.value.reference == "ref-1"


def test_of_many_faults_three_are_shown_and_the_rest_counted() -> None:
    with pytest.raises(Malformed, match="and 7 more"):
        wire.parse(tuple[wire.Position, ...], [{}] * 5, "positions")


def test_numbers_may_come_as_text_and_blanks_are_missing() -> None:
    row = wire.parse(
        wire.Position,
        {"portfolioTicker": "A", "assetId": 123, "posQuantity": "1000.25", "oad": "", "price": None, "maturity": " "},
        "a row",
    )
    assert row.asset_id == "123"
    assert row.pos_quantity == Decimal("1000.25")
    assert (row.oad, row.price, row.maturity) == (None, None, None)


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "abc"])
def test_a_figure_that_is_no_number_is_refused_by_name(figure: str) -> None:
    for name in ("spreadDur", "mktValue"):
        with pytest.raises(Malformed, match=name):
            wire.parse(wire.Position, {"portfolioTicker": "A", "assetId": "X", name: figure}, "a row")


def test_the_irregular_names_are_read() -> None:
    row = wire.parse(
        wire.Position, {"portfolioTicker": "A", "assetId": "X", "portfolioNAV": 5, "secDesc1": "d"}, "a row"
    )
    assert (row.portfolio_nav, row.sec_desc1) == (Decimal(5), "d")
    terms = wire.parse(wire.Security, {"currency": "USD", "flag144a": "Y", "later": {"unknown": 1}}, "terms")
    assert terms.flag144a == "Y"
    assert wire.parse(ExternalOrderReference, {"externalId1": "EV-1"}, "a reference").external_id1 == "EV-1"


def test_kept_text_reads_back_to_the_same_terms() -> None:
    terms = wire.parse(
        wire.Security,
        {
            "assetId": "X",
            "currency": "USD",
            "coupon": Decimal("4.125"),
            "maturity": "2030-11-15",
            "ratingSet": {"SP": "A"},
        },
        "terms",
    )
    kept = terms.model_dump_json(by_alias=True)
    assert wire.parse(wire.Security, wire.read_json(kept), "terms") == terms
