"""From terms, analytics and a position row to a bond: no figure is made up, and a doubtful one is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aladdin import wire
from aladdin.reading import bonds
from allocation.model import Measures
from orders.errors import Malformed
from tests.aladdin.reading.test_translate import FRIDAY, row


def terms(**changes: Any) -> wire.Security:
    given: dict[str, Any] = {
        "assetId": "BOND1",
        "cusip": "037833100",
        "ticker": "AAPL",
        "descInstmt": "APPLE INC",
        "issuerId": "I1",
        "coupon": "4.125",
        "coupFreq": 2,
        "maturity": "2030-11-15",
        "currency": "USD",
        "country": "US",
        "flag144a": "Y",
        "minTrdSize": "200000",
        "minLotSize": 1000,
        "smSecGroup": "Technology",
        "ratingSet": {"MOODYS": "Aaa", "SP": "AA+"},
        "cusipAliasSet": [{"code": "I", "identifier": "US0378331005"}, {"code": "C", "identifier": "B15KXQ8"}],
    }
    return wire.parse(wire.Security, given | changes, "terms")


def risk(**by_currency: Any) -> wire.AssetRisk:
    return wire.parse(wire.AssetRisk, {"riskByCurrency": by_currency}, "risk")


RISK = {"oad": 4.5, "spreadDur": 4.0, "oas": -12, "accruedInterest": "1.25", "riskDate": "2026-11-19"}


def test_a_bond_has_terms_measures_and_price_with_the_day_it_was_read() -> None:
    seen = bonds.Seen(row(factor="0.8", mktValue=794_000, issuerLongName="Apple"), FRIDAY)
    made = bonds.bond(terms(), risk(USD=RISK), seen)
    assert bonds.doubts(made, seen) == ()
    assert made.label == "AAPL 4.125 11/15/30"
    assert (made.cusip, made.isin, made.sedol) == ("037833100", "US0378331005", "B15KXQ8")
    assert (made.min_piece, made.increment, made.is_144a) == (200_000, 1_000, True)
    assert (made.coupon, made.coupon_frequency, made.maturity) == (Decimal("4.125"), 2, date(2030, 11, 15))
    assert (made.rating, made.country, made.sector, made.issuer) == (
        "S&P AA+, Moody's Aaa",
        "US",
        "Technology",
        "Apple",
    )
    assert (made.price, made.price_date, made.factor) == (Decimal(98), FRIDAY, Decimal("0.8"))
    assert (made.measures, made.accrued) == (Measures(4.0, 4.5, -12.0), Decimal("1.25"))
    assert made.measures_date == date(2026, 11, 19)


def test_a_bond_without_row_or_analytics_has_no_price_and_no_measures() -> None:
    made = bonds.bond(terms(), None, None)
    assert (made.price, made.price_date, made.accrued, made.measures_date) == (None, None, None, None)
    assert made.measures == Measures()


def test_a_price_its_own_row_contradicts_is_left_out_with_the_reason() -> None:
    seen = bonds.Seen(row(factor=1, price="98.5", priceAsPct=False), FRIDAY)  # a percentage, whatever the row says
    made = bonds.bond(terms(), None, seen)
    assert (made.price, made.price_date) == (None, None)
    assert bonds.doubts(made, seen) == (
        "The price of AAPL 4.125 11/15/30 is left out: in account ACC1 Aladdin values 1000000 face at 990,000 USD, but "
        "price, factor and exchange rate make it 98,500,000.",
    )


def test_a_factor_left_out_is_that_of_current_over_original_face_and_else_assumed_aloud() -> None:
    paid_down = bonds.Seen(row(curPar=250_000, mktValue=255_000), FRIDAY)
    made = bonds.bond(terms(), None, paid_down)
    assert (made.factor, made.price, bonds.doubts(made, paid_down)) == (Decimal("0.25"), Decimal(98), ())
    for untold in (None, bonds.Seen(row(), FRIDAY)):
        made = bonds.bond(terms(), None, untold)
        assert made.factor == 1
        assert [note.split(":")[0] for note in bonds.doubts(made, untold)] == [
            "Aladdin tells no factor of AAPL 4.125 11/15/30"
        ]


def test_analytics_are_those_of_the_bonds_currency_or_the_only_ones() -> None:
    other = RISK | {"oad": 9.9}
    assert bonds.bond(terms(), risk(EUR=other, USD=RISK), None).measures.duration == 4.5
    assert bonds.bond(terms(), risk(EUR=other), None).measures.duration == 9.9
    assert bonds.bond(terms(currency="GBP"), risk(EUR=other, USD=RISK), None).measures == Measures()


def test_pieces_come_from_the_row_when_the_master_has_none_and_are_never_made_up() -> None:
    seen = bonds.Seen(row(minTradeSize=2000, minTradeIncrement=1000), FRIDAY)
    made = bonds.bond(terms(minTrdSize=None, minLotSize=0), None, seen)
    assert (made.min_piece, made.increment) == (2000, 1000)
    with pytest.raises(Malformed, match=r"no smallest trade \(minTrdSize\) for APPLE INC"):
        bonds.bond(terms(minTrdSize=None), None, None)
    with pytest.raises(Malformed, match=r"0\.01 as the trade step"):
        bonds.bond(terms(minLotSize="0.01"), None, None)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"SP": "BBB+"}, "BBB+"),
        ({"fitch": "BBB", "moodys": "Baa1", "DBRS": "BBB (high)"}, "Moody's Baa1, Fitch BBB, DBRS BBB (high)"),
        ({"DBRS": "A"}, "A"),
        ("A-", "A-"),
        (None, ""),
        ({}, ""),
        ({"SP": None}, ""),
        ([1], ""),
    ],
)
def test_a_rating_is_read_whatever_its_shape(given: object, shown: str) -> None:
    assert bonds.rating(given) == shown
